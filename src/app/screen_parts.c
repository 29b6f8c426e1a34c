// SPDX-License-Identifier: MIT
/* screen_parts.c — what the pages of the display are made of */
#include "screen_parts.h"

#include <string.h>

#include "mqttnode/layout.h"
#include "mqttnode/text.h"

/* Of a longer topic more than this is never shown. */
#define TAIL_BYTES 256

static bool is_inside_char(char byte)
{
	return ((unsigned char)byte & 0xc0) == 0x80;
}

size_t screen_next_char(const char *text, size_t len, size_t at)
{
	while (at < len && is_inside_char(text[at]))
		at++;
	return at;
}

size_t screen_previous_char(const char *text, size_t at)
{
	for (size_t i = at; i + 4 > at && i > 0; i--)
		if (!is_inside_char(text[i]))
			return i;
	return at; /* this is no UTF-8 */
}

static struct layout *lay_out(const struct canvas *c, struct font_file *font,
			      enum font_face face, const char *text, size_t len)
{
	const struct layout_style style = {
		.face = face,
		.file = font,
		.width = c->width,
	};
	struct layout *layout = NULL;

	(void)layout_new(&layout, &style, text, len);
	return layout;
}

static bool fits(const struct layout *l, int height)
{
	return layout_height(l, 0, layout_lines(l)) <= height;
}

bool screen_fits(const struct canvas *c, struct font_file *font, int y, const char *text,
		 size_t len)
{
	_cleanup_(layout_freep) struct layout *l = lay_out(c, font, FONT_BOLD, text, len);

	return l && fits(l, c->height - y);
}

bool screen_draw_body(struct canvas *c, struct font_file *font, int y, const char *text,
		      size_t len, size_t first)
{
	_cleanup_(layout_freep) struct layout *bold = NULL, *small = NULL;
	const struct layout *l;
	size_t drawn;

	bold = lay_out(c, font, FONT_BOLD, text, len);
	if (!bold)
		return false; /* no memory: the rest of the page is still right */
	if (!fits(bold, c->height - y))
		small = lay_out(c, font, FONT_SMALL, text, len);
	l = small && !layout_has_tall_lines(small) ? small : bold;
	/* a text may have become shorter since it was scrolled */
	if (first >= layout_lines(l) && first > 0)
		first = layout_lines(l) > 0 ? layout_lines(l) - 1 : 0;
	drawn = layout_draw(l, c, 0, y, c->height - y, first, true);
	return first + drawn < layout_lines(l);
}

/* The text from @at on, "…" before it if that is not its begin. */
static struct layout *lay_out_tail(const struct canvas *c, struct font_file *font,
				   const char *text, size_t at)
{
	char tail[TAIL_BYTES + sizeof("…")];

	text_format(tail, sizeof(tail), "%s%s", at > 0 ? "…" : "", text + at);
	return lay_out(c, font, FONT_SMALL, tail, strlen(tail));
}

int screen_draw_tail(struct canvas *c, struct font_file *font, int y, size_t lines,
		     const char *text)
{
	size_t len = strlen(text), low = len > TAIL_BYTES ? len - TAIL_BYTES : 0;
	_cleanup_(layout_freep) struct layout *l = NULL;
	size_t high = len;

	/* The first place from which on it fits: all of it, or somewhere in between. */
	for (size_t at = low; low < high; at = low + (high - low) / 2) {
		l = layout_free(l);
		l = lay_out_tail(c, font, text, screen_next_char(text, len, at));
		if (l && layout_lines(l) <= lines)
			high = at;
		else
			low = at + 1;
	}
	layout_free(l);
	l = lay_out_tail(c, font, text, screen_next_char(text, len, high));
	if (!l)
		return y;
	lines = layout_draw(l, c, 0, y, c->height - y, 0, true);
	return y + layout_height(l, 0, lines);
}

int screen_draw_one_line(struct canvas *c, struct font_file *font, enum font_face face,
			 int y, const char *text)
{
	_cleanup_(layout_freep) struct layout *l =
		lay_out(c, font, face, text, strlen(text));

	if (!l || layout_lines(l) == 0)
		return y + ROW;
	/* as many rows as the first line has, so that it alone is drawn */
	(void)layout_draw(l, c, 0, y, layout_height(l, 0, 1), 0, true);
	return y + layout_height(l, 0, 1);
}
