/* SPDX-License-Identifier: MIT */
/*
 * font.h — the built-in fonts
 *
 * Two faces of 8 rows that need no file: bold, 8 columns a character, and small,
 * 5 columns. Both have ASCII, Latin, Greek, Cyrillic, Hebrew letters, and signs
 * such as arrows, fractions and lines; what bold does not have of its own it
 * borrows from small, stretched. A font file (font_file.h) has the rest. How
 * text becomes lines is the business of layout.h. Any thread.
 */
#ifndef MQTTNODE_FONT_H
#define MQTTNODE_FONT_H

#include "mqttnode/canvas.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FONT_WIDTH	 8
#define FONT_SMALL_WIDTH 5
#define FONT_HEIGHT	 8

/* Of a font file: as wide and as high as a Chinese character. */
#define FONT_TALL_WIDTH	 16
#define FONT_TALL_HEIGHT 16

enum font_face {
	FONT_BOLD,
	FONT_SMALL,
};

/* One byte a column, bit 0 on top; the second half is below the first. */
struct font_glyph {
	uint8_t width;	/* FONT_SMALL_WIDTH, FONT_WIDTH or FONT_TALL_WIDTH */
	uint8_t height; /* FONT_HEIGHT or FONT_TALL_HEIGHT */
	uint8_t columns[2][FONT_TALL_WIDTH];
};

/* How wide the characters of a face are. */
int font_width(enum font_face face);

/* Whether a face has a character; if so, @ret is its glyph, else the hollow box. */
bool font_glyph(enum font_face face, uint32_t c, struct font_glyph *ret);

/* Draws a glyph with its upper left corner at (@x, @y), clipped. */
void font_draw_glyph(struct canvas *c, int x, int y, const struct font_glyph *glyph);

/*
 * Draws a text of our own, UTF-8, from left to right, clipped: no lines, no
 * order of writing. Returns the x after it.
 */
int font_draw_text(struct canvas *c, enum font_face face, int x, int y, const char *text);

/* How wide font_draw_text() draws it. */
int font_text_width(enum font_face face, const char *text);

/*
 * Draws digits, "+-.,:%° " and letters @scale times as large as the bold face.
 * Returns the x after it.
 */
int font_draw_large(struct canvas *c, int x, int y, int scale, const char *text);

#endif
