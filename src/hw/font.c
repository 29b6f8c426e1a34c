// SPDX-License-Identifier: MIT
/* font.c — the built-in 8x8 font and text drawn with it */
#include "mqttnode/font.h"

#include <stdbool.h>
#include <string.h>

#include "font_data.h"
#include "mqttnode/text.h"

#define DEGREE	    0x00b0
#define ELLIPSIS    0x2026
#define REPLACEMENT 0xfffd /* not in the font: a hollow box */

const uint8_t *font_glyph(uint32_t code_point)
{
	static const uint8_t degree[] = {
		0x00, 0x00, 0x06, 0x09, 0x09, 0x06, 0x00, 0x00
	};
	static const uint8_t ellipsis[] = {
		0x60, 0x60, 0x00, 0x60, 0x60, 0x00, 0x60, 0x60
	};
	static const uint8_t box[] = { 0x00, 0x7f, 0x41, 0x41, 0x41, 0x41, 0x7f, 0x00 };

	if (code_point >= FONT_FIRST && code_point <= FONT_LAST)
		return font_data[code_point - FONT_FIRST];
	if (code_point == DEGREE)
		return degree;
	if (code_point == ELLIPSIS)
		return ellipsis;
	return box;
}

/* Decodes the first of @len > 0 bytes; what is not UTF-8 is one replacement character. */
static size_t next_char(const char *text, size_t len, uint32_t *ret)
{
	int n = text_utf8_decode(text, len, ret);

	if (n < 0) {
		*ret = REPLACEMENT;
		return 1;
	}
	return (size_t)n;
}

int font_draw_text(struct canvas *c, int x, int y, const char *text, size_t len)
{
	uint32_t code_point;

	/* Nothing beyond the right edge is visible: text may be long. */
	for (size_t at = 0; at < len && x < c->width; x += FONT_WIDTH) {
		at += next_char(text + at, len - at, &code_point);
		if (text_is_control(code_point))
			code_point = ' ';
		canvas_draw_columns(c, x, y, font_glyph(code_point), FONT_WIDTH);
	}
	return x;
}

size_t font_count(const char *text, size_t len)
{
	uint32_t code_point;
	size_t count = 0;

	for (size_t at = 0; at < len; count++)
		at += next_char(text + at, len - at, &code_point);
	return count;
}

size_t font_prefix(const char *text, size_t len, size_t count)
{
	uint32_t code_point;
	size_t at = 0;

	while (at < len && count-- > 0)
		at += next_char(text + at, len - at, &code_point);
	return at;
}

struct line {
	size_t shown; /* bytes to draw */
	size_t used;  /* bytes to go on after: the break is not drawn */
};

static size_t skip_spaces(const char *text, size_t len, size_t at)
{
	while (at < len && text[at] == ' ')
		at++;
	return at;
}

/* The first line of @text, at most @columns characters, broken behind a word if there is
 * one. */
static struct line first_line(const char *text, size_t len, size_t columns)
{
	struct line line = { 0 };
	size_t at = 0, count = 0;
	bool in_word = false;
	uint32_t c;

	while (at < len) {
		size_t n = next_char(text + at, len - at, &c);

		if (c == '\n')
			return (struct line){ .shown = at, .used = at + n };
		if (c == ' ' && in_word)
			line = (struct line){ .shown = at,
					      .used = skip_spaces(text, len, at) };
		if (count == columns)
			return line.used > 0 ? line
					     : (struct line){ .shown = at, .used = at };
		in_word = c != ' ';
		at += n;
		count++;
	}
	return (struct line){ .shown = len, .used = len };
}

static bool is_blank(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] != ' ' && text[i] != '\n')
			return false;
	return true;
}

int font_draw_wrapped(struct canvas *c, int y, int rows, const char *text, size_t len)
{
	size_t columns = c->width / FONT_WIDTH;
	int used = 0;

	while (used < rows && !is_blank(text, len)) {
		struct line line = first_line(text, len, columns);
		bool cut =
			used == rows - 1 && !is_blank(text + line.used, len - line.used);
		int x;

		if (cut) {
			const char *newline = memchr(text, '\n', len);

			line.shown = font_prefix(text,
						 newline ? (size_t)(newline - text) : len,
						 columns - 1);
		}
		x = font_draw_text(c, 0, y + used * FONT_HEIGHT, text, line.shown);
		if (cut)
			font_draw_text(c, x, y + used * FONT_HEIGHT, "…", strlen("…"));
		text += line.used;
		len -= line.used;
		used++;
	}
	return used;
}
