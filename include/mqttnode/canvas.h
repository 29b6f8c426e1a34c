/* SPDX-License-Identifier: MIT */
/*
 * canvas.h — a picture of one bit a pixel, in the layout of the panel
 *
 * Pages of 8 rows; a byte is one column of a page, bit 0 on top (SSD1306
 * datasheet 8.7). Drawing clips at the edges. One thread at a time per canvas.
 */
#ifndef MQTTNODE_CANVAS_H
#define MQTTNODE_CANVAS_H

#include <stdbool.h>
#include <stdint.h>

/* A panel of 128 x 64, upright or on its side. */
#define CANVAS_SIDE_MAX	 128
#define CANVAS_BYTES_MAX (128 * 64 / 8)

struct canvas {
	uint8_t width;
	uint8_t height;			/* a multiple of 8 */
	uint8_t data[CANVAS_BYTES_MAX]; /* data[page * width + x] */
};

/* All dark. At most CANVAS_SIDE_MAX each way and CANVAS_BYTES_MAX together. */
void canvas_init(struct canvas *c, uint8_t width, uint8_t height);

/* Pixels outside are dark and stay so. */
void canvas_set_pixel(struct canvas *c, int x, int y, bool lit);
bool canvas_get_pixel(const struct canvas *c, int x, int y);

/*
 * Draws a glyph of @width columns and 8 rows, one byte a column, bit 0 on top.
 * Lights pixels only: what is dark in the glyph stays as it was.
 */
void canvas_draw_columns(struct canvas *c, int x, int y, const uint8_t *columns,
			 int width);

/* Draws a line of @width pixels from (@x, @y) to the right. */
void canvas_draw_line(struct canvas *c, int x, int y, int width);

/* How many columns and rows at the edges are dark; of a dark picture all. */
struct canvas_margins {
	int left, right, top, bottom;
};
struct canvas_margins canvas_margins(const struct canvas *c);

/* @c moved to the right and down; what leaves the canvas is lost. Not in place. */
void canvas_shift(struct canvas *ret, const struct canvas *c, int dx, int dy);

/* @c turned clockwise by a quarter: width and height change places. Not in place. */
void canvas_turn_right(struct canvas *ret, const struct canvas *c);

#endif
