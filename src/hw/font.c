// SPDX-License-Identifier: MIT
/* font.c — the built-in fonts */
#include "mqttnode/font.h"

#include <string.h>

#include "font_data.h"
#include "mqttnode/text.h"

#define DEGREE	    0x00b0
#define ELLIPSIS    0x2026
#define REPLACEMENT 0xfffd /* in neither face */

int font_width(enum font_face face)
{
	return face == FONT_SMALL ? FONT_SMALL_WIDTH : FONT_WIDTH;
}

/* The glyphs that bold has of its own, or NULL. */
static const uint8_t *bold_columns(uint32_t c)
{
	static const uint8_t degree[] = {
		0x00, 0x00, 0x06, 0x09, 0x09, 0x06, 0x00, 0x00
	};
	static const uint8_t ellipsis[] = {
		0x60, 0x60, 0x00, 0x60, 0x60, 0x00, 0x60, 0x60
	};

	if (c >= FONT_FIRST && c <= FONT_LAST)
		return font_data[c - FONT_FIRST];
	if (c == DEGREE)
		return degree;
	return c == ELLIPSIS ? ellipsis : NULL;
}

/*
 * A small glyph in the cell of a bold one: most columns twice, which makes it as
 * wide and its upright strokes as thick. The last column is mostly empty: then the
 * free column is put to the left, where bold has it.
 */
static void stretch(uint8_t to[FONT_WIDTH], const uint8_t small[FONT_SMALL_WIDTH])
{
	static const uint8_t from[FONT_WIDTH] = { 0, 0, 1, 1, 2, 3, 3, 4 };
	int shift = small[FONT_SMALL_WIDTH - 1] == 0;

	for (int x = 0; x < FONT_WIDTH - shift; x++)
		to[x + shift] = small[from[x]];
}

bool font_glyph(enum font_face face, uint32_t c, struct font_glyph *ret)
{
	static const uint8_t box[] = { 0x00, 0x7f, 0x41, 0x41, 0x41, 0x41, 0x7f, 0x00 };
	const uint8_t *small = font_small_columns(c), *bold = bold_columns(c);
	bool found = true;

	*ret = (struct font_glyph){ .width = (uint8_t)font_width(face),
				    .height = FONT_HEIGHT };
	if (face == FONT_BOLD && bold) {
		memcpy(ret->columns[0], bold, FONT_WIDTH);
	} else if (face == FONT_BOLD && small) {
		stretch(ret->columns[0], small);
	} else if (face == FONT_SMALL && small) {
		memcpy(ret->columns[0], small, FONT_SMALL_WIDTH);
	} else {
		/* The small box is the right part of the other one. */
		memcpy(ret->columns[0], box + FONT_WIDTH - ret->width, ret->width);
		ret->columns[0][0] = face == FONT_SMALL ? 0x7f : 0;
		found = false;
	}
	return found;
}

void font_draw_glyph(struct canvas *c, int x, int y, const struct font_glyph *glyph)
{
	for (int half = 0; half < glyph->height / FONT_HEIGHT; half++)
		canvas_draw_columns(c, x, y + half * FONT_HEIGHT, glyph->columns[half],
				    glyph->width);
}

/* Decodes the character at *@text and moves on; 0 at the end. */
static uint32_t next_char(const char **text)
{
	uint32_t c;
	int n = text_utf8_decode(*text, strlen(*text), &c);

	*text += n < 0 ? 1 : n;
	return n < 0 ? REPLACEMENT : c;
}

int font_draw_text(struct canvas *c, enum font_face face, int x, int y, const char *text)
{
	struct font_glyph glyph;

	while (*text && x < c->width) {
		(void)font_glyph(face, next_char(&text), &glyph);
		font_draw_glyph(c, x, y, &glyph);
		x += glyph.width;
	}
	return x;
}

int font_text_width(enum font_face face, const char *text)
{
	int width = 0;

	while (*text) {
		(void)next_char(&text);
		width += font_width(face);
	}
	return width;
}

int font_draw_large(struct canvas *c, int x, int y, int scale, const char *text)
{
	struct font_glyph glyph;

	for (; *text && x < c->width; x += FONT_WIDTH * scale) {
		(void)font_glyph(FONT_BOLD, next_char(&text), &glyph);
		for (int i = 0; i < FONT_WIDTH * scale; i++)
			for (int j = 0; j < FONT_HEIGHT * scale; j++)
				if (glyph.columns[0][i / scale] & 1u << j / scale)
					canvas_set_pixel(c, x + i, y + j, true);
	}
	return x;
}
