// SPDX-License-Identifier: MIT
/* cli_picture.c — a picture of the display as characters of a terminal */
#include "cli_picture.h"

#include <string.h>

const struct cli_blocks cli_half_blocks = { 1, 2 };
const struct cli_blocks cli_quarter_blocks = { 2, 2 };

/*
 * Bit 0 the upper left quarter, bit 1 the upper right, bits 2 and 3 below them;
 * Unicode "Block Elements".
 */
static const char *const characters[] = {
	" ", "▘", "▝", "▀", "▖", "▌", "▞", "▛", "▗", "▚", "▐", "▜", "▄", "▙", "▟", "█",
};

char *cli_picture_line(const struct canvas *c, const struct cli_blocks *blocks, int line,
		       char buf[CLI_PICTURE_LINE])
{
	int y = line * blocks->down;
	char *end = buf;

	if (y >= c->height)
		return NULL;
	for (int x = 0; x < c->width; x += blocks->across) {
		int right = x + blocks->across - 1;
		int quarters = canvas_get_pixel(c, x, y) |
			       canvas_get_pixel(c, right, y) << 1 |
			       canvas_get_pixel(c, x, y + 1) << 2 |
			       canvas_get_pixel(c, right, y + 1) << 3;

		end = stpcpy(end, characters[quarters]);
	}
	return buf;
}
