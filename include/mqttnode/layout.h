/* SPDX-License-Identifier: MIT */
/*
 * layout.h — text from outside, made into lines of the screen
 *
 * Text is UTF-8 in any language. It is broken at spaces where possible, between
 * Chinese characters anywhere, and at newlines. A line is 8 rows high, or 16 if
 * it holds characters that only the font file has. Right-to-left text is put in
 * its order, Arabic letters are joined, accents are put on their letters, a
 * sequence of emoji parts counts as one character. What no font has is a hollow
 * box; bytes that are no UTF-8 and control characters are shown as \xHH, a tab
 * is a space. Main thread.
 */
#ifndef MQTTNODE_LAYOUT_H
#define MQTTNODE_LAYOUT_H

#include "mqttnode/canvas.h"
#include "mqttnode/cleanup.h"
#include "mqttnode/font.h"
#include "mqttnode/font_file.h"

#include <stdbool.h>
#include <stddef.h>

/* Of a longer text the beginning is taken. */
#define LAYOUT_BYTES_MAX 16384

struct layout_style {
	enum font_face face;
	struct font_file *file; /* NULL: only what is built in */
	int width;		/* of a line, in pixels; at least 8 */
};

struct layout;

/*
 * Lays out @len bytes of @text. The font file must outlive the layout. 0 or
 * -ENOMEM; release with layout_free(), which accepts NULL.
 */
int layout_new(struct layout **ret, const struct layout_style *style, const char *text,
	       size_t len);
struct layout *layout_free(struct layout *l);

/* How many lines there are: none if all of the text is blank. */
size_t layout_lines(const struct layout *l);

/* Whether there are lines of 16 rows. */
bool layout_has_tall_lines(const struct layout *l);

/* How high @n lines from the line @first on are, in rows. */
int layout_height(const struct layout *l, size_t first, size_t n);

/* How many lines from @first on fit into @height rows; at least one if there is one. */
size_t layout_fit(const struct layout *l, size_t first, int height);

/*
 * Draws the lines from @first on into the @height rows from (@x, @y) on, as many
 * as layout_fit() says. If @cut and lines remain, "…" ends the last one drawn.
 * Returns the number of lines drawn.
 */
size_t layout_draw(const struct layout *l, struct canvas *c, int x, int y, int height,
		   size_t first, bool cut);

DEFINE_CLEANUP(struct layout, layout_free);

#endif
