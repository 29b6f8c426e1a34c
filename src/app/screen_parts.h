/* SPDX-License-Identifier: MIT */
/* screen_parts.h — what the pages of the display are made of; private to them */
#ifndef MQTTNODE_APP_SCREEN_PARTS_H
#define MQTTNODE_APP_SCREEN_PARTS_H

#include "mqttnode/canvas.h"
#include "mqttnode/font_file.h"

#include <stdbool.h>
#include <stddef.h>

#define ROW FONT_HEIGHT

/* Whether a text fits in bold into the rows from @y on. */
bool screen_fits(const struct canvas *c, struct font_file *font, int y, const char *text,
		 size_t len);

/*
 * Draws the lines of a text from @first on into all rows from @y on: bold if it
 * fits or has characters that only the font file has, else small. "…" marks that
 * lines are left. Returns whether they are.
 */
bool screen_draw_body(struct canvas *c, struct font_file *font, int y, const char *text,
		      size_t len, size_t first);

/*
 * Draws a text in small into at most @lines lines from @y on; of a longer one the
 * end, after "…". Returns the y below it.
 */
int screen_draw_tail(struct canvas *c, struct font_file *font, int y, size_t lines,
		     const char *text);

/* Draws one line of text, cut at the right edge by "…". Returns the y below it. */
int screen_draw_one_line(struct canvas *c, struct font_file *font, enum font_face face,
			 int y, const char *text);

/* The first byte of a character at or after @at, or before it. */
size_t screen_next_char(const char *text, size_t len, size_t at);
size_t screen_previous_char(const char *text, size_t at);

#endif
