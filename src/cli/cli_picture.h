/* SPDX-License-Identifier: MIT */
/* cli_picture.h — a picture of the display for a terminal or a file */
#ifndef MQTTNODE_CLI_PICTURE_H
#define MQTTNODE_CLI_PICTURE_H

#include "mqttnode/canvas.h"

#include <stdbool.h>
#include <stddef.h>

/* Pixels in a character: upper and lower half, or quarters for narrow terminals. */
struct cli_blocks {
	int across, down;
};
extern const struct cli_blocks cli_half_blocks;
extern const struct cli_blocks cli_quarter_blocks;

/* A line of characters and its end. */
#define CLI_PICTURE_LINE (CANVAS_SIDE_MAX * 3 + 1)

/*
 * Line @line of @c as UTF-8, lit pixels as ink. Returns @buf, or NULL below the
 * last line.
 */
char *cli_picture_line(const struct canvas *c, const struct cli_blocks *blocks, int line,
		       char buf[CLI_PICTURE_LINE]);

/*
 * Writes @c as a PNG file, four dots a pixel; "-" is standard output. Returns 0,
 * or -EIO with a sentence in @error.
 */
int cli_picture_png(const struct canvas *c, const char *path, char *error, size_t size);

#endif
