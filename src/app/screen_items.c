// SPDX-License-Identifier: MIT
/* screen_items.c — the pages of the configuration */
#include "mqttnode/screen.h"

#include "mqttnode/cleanup.h"
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

/* Each of these returns the y below what it drew. */

static int draw_text(struct canvas *c, struct font_file *font, int y,
		     const struct item_view *item)
{
	char line[sizeof(item->text) + 80];

	if (is_narrow(c) && item->label[0])
		y = screen_draw_one_line(c, font, FONT_SMALL, y, item->label);
	return screen_draw_one_line(c, font, FONT_BOLD, y,
				    is_narrow(c) ? item->text
						 : joined(item, line, sizeof(line)));
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
	return y + BAR_HEIGHT;
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
		return screen_draw_one_line(c, font, FONT_SMALL, y, item->text);
	(void)font_draw_large(c, (c->width - width * scale) / 2, y, scale, item->text);
	y += scale * ROW;
	/* the rest of the room is too much of a distance on a panel that stands */
	return y + ROW - GAP < bottom ? y + ROW - GAP : bottom;
}

static int draw_item(struct canvas *c, struct font_file *font, int y, int digits_height,
		     const struct item_view *item)
{
	switch (item->kind) {
	case ITEM_TEXT:
		return draw_text(c, font, y, item);
	case ITEM_BAR:
		return draw_bar(c, font, y, item);
	case ITEM_DIGITS:
		break;
	}
	return draw_digits(c, font, y, digits_height, item);
}

/* The rows that each item of digits gets when those of others from @y on have theirs. */
static int share_rows(const struct canvas *c, struct font_file *font, int y, int gap,
		      const struct item_view *items, size_t n)
{
	struct canvas scratch;
	int rest = c->height - y, digits = 0;

	canvas_init(&scratch, c->width, c->height);
	for (size_t i = 0; i < n; i++) {
		if (items[i].kind == ITEM_DIGITS)
			digits++;
		else
			rest -= draw_item(&scratch, font, 0, 0, &items[i]) + gap;
	}
	rest -= digits * gap;
	return digits > 0 && rest > digits * ROW ? rest / digits : ROW;
}

/* Draws items with @gap rows between them. Returns how many found room as a whole. */
static size_t draw_all(struct canvas *c, struct font_file *font, int gap,
		       const char *title, const struct item_view *items, size_t n)
{
	int y = 0, rows;
	size_t done = 0;

	if (title[0])
		y = screen_draw_one_line(c, font, FONT_SMALL, 0, title);
	if (title[0] && gap > 0) {
		canvas_draw_line(c, 0, y + 1, c->width);
		y += 2 + gap;
	}
	rows = share_rows(c, font, y, gap, items, n);
	while (done < n) {
		struct canvas with = *c;

		y = draw_item(&with, font, y, rows, &items[done]);
		if (y > c->height)
			break;
		*c = with;
		y += gap;
		done++;
	}
	return done;
}

void screen_draw_items(struct canvas *c, struct font_file *font, const char *title,
		       const struct item_view *items, size_t n)
{
	/* From what looks best to what shows most. */
	const struct {
		int gap;
		const char *title;
	} ways[] = { { GAP, title }, { 0, title }, { 0, "" } };
	const struct canvas blank = *c;
	size_t enough = n;

	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		*c = blank;
		if (draw_all(c, font, ways[i].gap, ways[i].title, items, n) >= enough)
			return;
		/* the title gives way only if nothing else would be there */
		if (i == 0)
			enough = n > 0;
	}
}
