// SPDX-License-Identifier: MIT
/* screen_items.c — the pages of the configuration */
#include "mqttnode/screen.h"

#include <string.h>

#include "mqttnode/text.h"
#include "screen_parts.h"

#define SCALE_MAX  4
#define BAR_HEIGHT 7
#define GAP	   2

/* "Label: text", or the one of them that is there. */
static char *joined(const struct item_view *item, char *buf, size_t size)
{
	return text_format(buf, size, "%s%s%s", item->label,
			   item->label[0] && item->text[0] ? ": " : "", item->text);
}

static bool is_narrow(const struct canvas *c)
{
	return c->width < 128;
}

static int draw_text(struct canvas *c, struct font_file *font, int y,
		     const struct item_view *item)
{
	char line[sizeof(item->text) + 80];

	if (is_narrow(c) && item->label[0])
		y = screen_draw_one_line(c, font, FONT_SMALL, y, item->label);
	return screen_draw_one_line(c, font, FONT_BOLD, y,
				    is_narrow(c) ? item->text
						 : joined(item, line, sizeof(line))) +
	       GAP;
}

static int draw_bar(struct canvas *c, struct font_file *font, int y,
		    const struct item_view *item)
{
	char line[sizeof(item->text) + 80];
	int filled = item->known ? (int)(item->portion * (c->width - 4) + 0.5) : 0;

	if (is_narrow(c) && item->label[0])
		y = screen_draw_one_line(c, font, FONT_SMALL, y, item->label);
	y = screen_draw_one_line(c, font, FONT_SMALL, y,
				 is_narrow(c) ? item->text
					      : joined(item, line, sizeof(line)));
	canvas_draw_line(c, 0, y, c->width);
	canvas_draw_line(c, 0, y + BAR_HEIGHT - 1, c->width);
	for (int i = 1; i < BAR_HEIGHT - 1; i++) {
		canvas_set_pixel(c, 0, y + i, true);
		canvas_set_pixel(c, c->width - 1, y + i, true);
		if (i > 1 && i < BAR_HEIGHT - 2)
			canvas_draw_line(c, 2, y + i, filled);
	}
	return y + BAR_HEIGHT + GAP;
}

/* Digits as large as fits into the width and @height rows, if there is room for them. */
static int draw_digits(struct canvas *c, struct font_file *font, int y, int height,
		       const struct item_view *item)
{
	int width = font_text_width(FONT_BOLD, item->text), bottom = y + height;
	int scale = SCALE_MAX;

	if (item->label[0] && height < 3 * ROW)
		return draw_text(c, font, y, item);
	if (item->label[0])
		y = screen_draw_one_line(c, font, FONT_SMALL, y, item->label) + 1;
	while (scale > 1 && (width * scale > c->width || y + ROW * scale > bottom))
		scale--;
	/* what does not fit even so is cut where that can be seen */
	if (width > c->width)
		return screen_draw_one_line(c, font, FONT_SMALL, y, item->text) + GAP;
	(void)font_draw_large(c, (c->width - width * scale) / 2, y, scale, item->text);
	y += scale * ROW;
	/* the rest of the room is too much for a gap on a panel that stands */
	return y + ROW < bottom ? y + ROW : bottom;
}

/* How high an item is that is not digits. */
static int item_height(const struct canvas *c, const struct item_view *item)
{
	int labels = is_narrow(c) && item->label[0] ? ROW : 0;

	return labels + ROW + GAP + (item->kind == ITEM_BAR ? BAR_HEIGHT : 0);
}

void screen_draw_items(struct canvas *c, struct font_file *font, const char *title,
		       const struct item_view *items, size_t n)
{
	int y = 0, rest, digits = 0;

	if (title[0]) {
		y = screen_draw_one_line(c, font, FONT_SMALL, 0, title);
		canvas_draw_line(c, 0, y + 1, c->width);
		y += 2 + GAP;
	}
	rest = c->height - y;
	for (size_t i = 0; i < n; i++) {
		digits += items[i].kind == ITEM_DIGITS;
		rest -= items[i].kind == ITEM_DIGITS ? 0 : item_height(c, &items[i]);
	}
	for (size_t i = 0; i < n && y < c->height; i++) {
		switch (items[i].kind) {
		case ITEM_TEXT:
			y = draw_text(c, font, y, &items[i]);
			break;
		case ITEM_BAR:
			y = draw_bar(c, font, y, &items[i]);
			break;
		case ITEM_DIGITS:
			y = draw_digits(c, font, y,
					rest > digits * ROW ? rest / digits : ROW + GAP,
					&items[i]);
			break;
		}
	}
}
