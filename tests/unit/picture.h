/* SPDX-License-Identifier: MIT */
/*
 * picture.h — pictures as text, for comparison with ones reviewed by eye
 *
 * A line of text is a row, '#' a lit and '.' a dark pixel. The reviewed pictures
 * are in tests/unit/golden.
 */
#ifndef MQTTNODE_TESTS_PICTURE_H
#define MQTTNODE_TESTS_PICTURE_H

#include "mqttnode/canvas.h"

/* All rows, each ended by a newline. */
#define PICTURE_SIZE (CANVAS_BYTES_MAX * 8 + CANVAS_SIDE_MAX + 1)

char *picture_text(const struct canvas *c, char buf[PICTURE_SIZE]);

/*
 * Fails, with both pictures in the output, unless @c equals the rows @expected
 * or the file golden/@name.txt.
 */
void assert_picture(const struct canvas *c, const char *expected);
void assert_golden(const struct canvas *c, const char *name);

#endif
