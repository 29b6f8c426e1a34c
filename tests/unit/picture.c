// SPDX-License-Identifier: MIT
/* picture.c — pictures as text, for comparison with ones reviewed by eye */
#include "picture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mqttnode/fd.h"
#include "mqttnode/text.h"
#include "unit.h"

char *picture_text(const struct canvas *c, char buf[PICTURE_SIZE])
{
	char *p = buf;

	for (int y = 0; y < c->height; y++) {
		for (int x = 0; x < c->width; x++)
			*p++ = canvas_get_pixel(c, x, y) ? '#' : '.';
		*p++ = '\n';
	}
	*p = '\0';
	return buf;
}

void assert_picture(const struct canvas *c, const char *expected)
{
	char text[PICTURE_SIZE];

	if (strcmp(picture_text(c, text), expected) == 0)
		return;
	fprintf(stderr, "expected:\n%s\ndrawn:\n%s\n", expected, text);
	fail_msg("the picture is not as expected");
}

/* Puts what was drawn in the place of what was reviewed: see tests/pictures. */
static void write_golden(const struct canvas *c, const char *path)
{
	char text[PICTURE_SIZE];
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(picture_text(c, text), file) >= 0);
	assert_int_equal(fclose(file), 0);
}

void assert_golden(const struct canvas *c, const char *name)
{
	char path[256], expected[PICTURE_SIZE + 1];
	int n;

	text_format(path, sizeof(path), "%s/%s.txt", GOLDEN_DIR, name);
	if (getenv("WRITE_GOLDEN"))
		write_golden(c, path);
	n = fd_read_file(path, expected, sizeof(expected));
	if (n < 0)
		expected[0] = '\0';
	if (n < 0)
		fprintf(stderr, "cannot read %s\n", path);
	assert_picture(c, expected);
}
