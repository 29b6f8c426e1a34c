// SPDX-License-Identifier: MIT
/* canvas.c — a picture of one bit a pixel, in the layout of the panel */
#include "mqttnode/canvas.h"

#include <assert.h>
#include <string.h>

void canvas_init(struct canvas *c, uint8_t width, uint8_t height)
{
	assert(width > 0 && width <= CANVAS_SIDE_MAX);
	assert(height > 0 && height <= CANVAS_SIDE_MAX && height % 8 == 0);
	assert(width * height / 8 <= CANVAS_BYTES_MAX);
	*c = (struct canvas){ .width = width, .height = height };
}

static bool inside(const struct canvas *c, int x, int y)
{
	return x >= 0 && x < c->width && y >= 0 && y < c->height;
}

void canvas_set_pixel(struct canvas *c, int x, int y, bool lit)
{
	uint8_t bit = (uint8_t)(1u << (y & 7));
	uint8_t *byte;

	if (!inside(c, x, y))
		return;
	byte = &c->data[y / 8 * c->width + x];
	*byte = (uint8_t)(lit ? *byte | bit : *byte & ~bit);
}

bool canvas_get_pixel(const struct canvas *c, int x, int y)
{
	return inside(c, x, y) && c->data[y / 8 * c->width + x] & 1u << (y & 7);
}

void canvas_draw_columns(struct canvas *c, int x, int y, const uint8_t *columns,
			 int width)
{
	int pages = c->height / 8, page, shift;

	if (y <= -8 || y >= c->height)
		return;
	/* A column of 8 rows lies in one page or across two: page and page + 1. */
	page = y < 0 ? -1 : y / 8;
	shift = y - page * 8;
	for (int i = 0; i < width; i++) {
		unsigned int bits = (unsigned int)columns[i] << shift;
		int64_t column = (int64_t)x + i;

		if (column < 0 || column >= c->width)
			continue;
		if (page >= 0)
			c->data[page * c->width + column] |= (uint8_t)bits;
		if (page + 1 < pages)
			c->data[(page + 1) * c->width + column] |= (uint8_t)(bits >> 8);
	}
}

void canvas_draw_line(struct canvas *c, int x, int y, int width)
{
	for (int i = 0; i < width; i++)
		canvas_set_pixel(c, x + i, y, true);
}

void canvas_turn_right(struct canvas *ret, const struct canvas *c)
{
	canvas_init(ret, c->height, c->width);
	for (int y = 0; y < c->height; y++)
		for (int x = 0; x < c->width; x++)
			if (canvas_get_pixel(c, x, y))
				canvas_set_pixel(ret, c->height - 1 - y, x, true);
}

static bool column_is_dark(const struct canvas *c, int x)
{
	for (int page = 0; page < c->height / 8; page++)
		if (c->data[page * c->width + x] != 0)
			return false;
	return true;
}

static bool row_is_dark(const struct canvas *c, int y)
{
	for (int x = 0; x < c->width; x++)
		if (canvas_get_pixel(c, x, y))
			return false;
	return true;
}

struct canvas_margins canvas_margins(const struct canvas *c)
{
	struct canvas_margins m = { 0 };

	while (m.left < c->width && column_is_dark(c, m.left))
		m.left++;
	if (m.left == c->width) /* all dark */
		return (struct canvas_margins){ c->width, c->width, c->height,
						c->height };
	while (column_is_dark(c, c->width - 1 - m.right))
		m.right++;
	while (row_is_dark(c, m.top))
		m.top++;
	while (row_is_dark(c, c->height - 1 - m.bottom))
		m.bottom++;
	return m;
}

void canvas_shift(struct canvas *ret, const struct canvas *c, int dx, int dy)
{
	canvas_init(ret, c->width, c->height);
	for (int y = 0; y < c->height; y++)
		for (int x = 0; x < c->width; x++)
			if (canvas_get_pixel(c, x, y))
				canvas_set_pixel(ret, x + dx, y + dy, true);
}
