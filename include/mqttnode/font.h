/* SPDX-License-Identifier: MIT */
/*
 * font.h — the built-in 8x8 font and text drawn with it
 *
 * Text is UTF-8. Characters that the font lacks and bytes that are not UTF-8
 * are drawn as a hollow box, control characters as a space, never silently left
 * out. The font has ASCII, the degree sign and the ellipsis. Any thread.
 */
#ifndef MQTTNODE_FONT_H
#define MQTTNODE_FONT_H

#include "mqttnode/canvas.h"

#include <stddef.h>
#include <stdint.h>

#define FONT_WIDTH  8
#define FONT_HEIGHT 8

/* The columns of a character; the hollow box if the font has no such glyph. */
const uint8_t *font_glyph(uint32_t code_point);

/* Draws @len bytes of UTF-8 from (@x, @y), clipped, without wrapping. Returns the x after
 * it. */
int font_draw_text(struct canvas *c, int x, int y, const char *text, size_t len);

/* How many characters @len bytes of UTF-8 are, a byte that is no character counted as
 * one. */
size_t font_count(const char *text, size_t len);

/* How many of @len bytes of UTF-8 the first @count characters are. */
size_t font_prefix(const char *text, size_t len, size_t count);

/*
 * Draws text into the rows from @y on, @rows lines of the canvas's width,
 * broken at spaces where possible and at newlines; "…" marks what did not fit.
 * Returns the number of lines used.
 */
int font_draw_wrapped(struct canvas *c, int y, int rows, const char *text, size_t len);

#endif
