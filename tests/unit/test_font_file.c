// SPDX-License-Identifier: MIT
/* test_font_file.c — glyphs from a font file, whatever it holds */
#include "mqttnode/font_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "temp_dir.h"
#include "unit.h"

#define NARROW "00000000000000000000000000000000"

#define PATH "font.hex"

static char error[200];

/* Writes a file of @len bytes and opens it as a font; returns what came of it. */
static int open_bytes(struct font_file **ret, const char *bytes, size_t len)
{
	(void)unlink(PATH);
	temp_file_bytes(PATH, bytes, len);
	*ret = NULL;
	return font_file_open(ret, PATH, error, sizeof(error));
}

static int open_text(struct font_file **ret, const char *text)
{
	return open_bytes(ret, text, strlen(text));
}

static void reads_narrow_and_wide_glyphs(void **state)
{
	struct font_glyph glyph;
	struct font_file *f;

	(void)state;
	assert_int_equal(open_text(&f, "0041:" NARROW "\n"
				       "00E9:80400000000000000100000000000000FF\n"),
			 -EINVAL); /* a digit too many... */
	assert_int_equal(
		open_text(&f,
			  "0041:" NARROW "\n"
			  "00e9:8040000000000000010000000000000f\r\n"
			  "6E29:8000000000000000000000000000000000000000000000000000000"
			  "000000001\n"
			  "1F600:" NARROW),
		0);
	assert_true(font_file_glyph(f, 0x41, &glyph));
	assert_int_equal(glyph.width, 8);
	assert_int_equal(glyph.height, 16);
	assert_true(font_file_glyph(f, 0xe9, &glyph));
	assert_int_equal(glyph.columns[0][0], 0x01);
	assert_int_equal(glyph.columns[0][1], 0x02);
	assert_int_equal(glyph.columns[1][7], 0x81);
	assert_int_equal(glyph.columns[1][3], 0x00);
	assert_true(font_file_glyph(f, 0x6e29, &glyph));
	assert_int_equal(glyph.width, 16);
	assert_int_equal(glyph.columns[0][0], 0x01);
	assert_int_equal(glyph.columns[1][15], 0x80);
	assert_true(font_file_glyph(f, 0x1f600, &glyph));
	assert_false(font_file_glyph(f, 0x42, &glyph));
	assert_false(font_file_glyph(f, 0, &glyph));
	assert_false(font_file_glyph(f, UINT32_MAX, &glyph));
	/* the same again, from memory, and two of the same place in it */
	assert_true(font_file_glyph(f, 0x41, &glyph));
	assert_false(font_file_glyph(f, 0x42, &glyph));
	assert_false(font_file_glyph(f, 0x41 + 256, &glyph));
	assert_true(font_file_glyph(f, 0x41, &glyph));
	assert_false(font_file_glyph(NULL, 0x41, &glyph));
	assert_null(font_file_close(f));
	assert_null(font_file_close(NULL));
}

static void check_refused(const char *text, size_t len, const char *reason)
{
	struct font_file *f;

	assert_int_equal(open_bytes(&f, text, len), -EINVAL);
	assert_null(f);
	assert_non_null(strstr(error, reason));
}

#define REFUSED(text, reason) check_refused(text, sizeof(text) - 1, reason)

static void refuses_what_is_no_font(void **state)
{
	(void)state;
	REFUSED("", "not a file of 1 byte");
	REFUSED("\n", "not in the .hex format");
	REFUSED("hello", "not in the .hex format");
	REFUSED("STARTFONT 2.1\nFONT -misc-fixed\n", "not in the .hex format");
	REFUSED("\0\0\0\0\0\0\0\0", "not in the .hex format");
	REFUSED("0041\n", "not in the .hex format");
	REFUSED("041:" NARROW "\n", "not in the .hex format");
	REFUSED("0000041:" NARROW "\n", "not in the .hex format");
	REFUSED("0041:0000\n", "not in the .hex format");
	REFUSED("0041:" NARROW NARROW NARROW "\n", "not in the .hex format");
	REFUSED("0041:G000000000000000000000000000000\n", "not in the .hex format");
	REFUSED("0041:" NARROW "\n0042:0000", "cut off at byte 38");
	REFUSED("0041:" NARROW "\n0042:" NARROW "\n\n", "cut off at byte 76");
	REFUSED("0042:" NARROW "\n0041:" NARROW "\n",
		"not sorted: U+0041 comes after U+0042");
}

static void says_why_it_cannot_be_opened(void **state)
{
	struct font_file *f = NULL;

	(void)state;
	assert_int_equal(font_file_open(&f, "/nonexistent/font", error, sizeof(error)),
			 -ENOENT);
	assert_string_equal(error, "No such file or directory");
	assert_int_equal(font_file_open(&f, "/tmp", error, sizeof(error)), -EINVAL);
	assert_non_null(strstr(error, "not a file"));
	(void)unlink(PATH);
	assert_int_equal(mkfifo(PATH, 0600), 0); /* nobody writes to it */
	assert_int_equal(font_file_open(&f, PATH, error, sizeof(error)), -EINVAL);
	assert_int_equal(unlink(PATH), 0);
}

/* A font of LINES characters from FIRST on. */
enum { FIRST = 0x4e00, LINES = 400, LINE = 38 };

static void write_lines(char *text)
{
	for (int i = 0; i < LINES; i++)
		sprintf(text + i * LINE, "%04X:" NARROW "\n", FIRST + i);
}

/* As an editor does it, or a failed copy: under our hands, in place. */
static void a_file_that_is_cut_off_has_fewer_glyphs(void **state)
{
	char *text = malloc(LINES * LINE + 1);
	struct font_glyph glyph;
	struct font_file *f;

	(void)state;
	assert_non_null(text);
	write_lines(text);
	assert_int_equal(open_bytes(&f, text, LINES * LINE), 0);
	assert_true(font_file_glyph(f, FIRST + LINES - 1, &glyph));
	assert_int_equal(truncate(PATH, LINES / 2 * LINE), 0);
	assert_true(font_file_glyph(f, FIRST + LINES - 1, &glyph)); /* kept */
	assert_true(font_file_glyph(f, FIRST, &glyph));
	assert_false(font_file_glyph(f, FIRST + LINES * 3 / 4, &glyph));
	assert_int_equal(truncate(PATH, 0), 0);
	assert_true(font_file_glyph(f, FIRST, &glyph));
	assert_false(font_file_glyph(f, FIRST + LINES / 4, &glyph));
	assert_null(font_file_close(f));
	free(text);
}

/* Only the beginning, the end and some lines are looked at when it is opened. */
static void survives_damage_anywhere(void **state)
{
	char *text = malloc(LINES * LINE + 1);
	struct font_glyph glyph;

	(void)state;
	assert_non_null(text);
	srand(1);
	for (int round = 0; round < 300; round++) {
		struct font_file *f;

		write_lines(text);
		for (int i = rand() % 30; i > 0; i--)
			text[rand() % (LINES * LINE)] =
				(char)(rand() % 3 ? rand() : "\n:0F"[rand() % 4]);
		if (open_bytes(&f, text, LINES * LINE) < 0)
			continue;
		for (uint32_t c = FIRST - 1; c < FIRST + LINES + 1; c++)
			(void)font_file_glyph(f, c, &glyph);
		font_file_close(f);
	}
	free(text);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_narrow_and_wide_glyphs),
		cmocka_unit_test(refuses_what_is_no_font),
		cmocka_unit_test(says_why_it_cannot_be_opened),
		cmocka_unit_test(a_file_that_is_cut_off_has_fewer_glyphs),
		cmocka_unit_test(survives_damage_anywhere),
	};

	return cmocka_run_group_tests_name("font_file", tests, temp_dir_enter,
					   temp_dir_leave);
}
