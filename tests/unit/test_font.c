// SPDX-License-Identifier: MIT
/* test_font.c — text in the built-in font */
#include "mqttnode/font.h"

#include <stdio.h>
#include <string.h>

#include "picture.h"
#include "unit.h"

static struct canvas canvas;

static int set_up(void **state)
{
	(void)state;
	canvas_init(&canvas, 128, 64);
	return 0;
}

static void draws_text_as_reviewed(void **state)
{
	static const char *const lines[] = {
		"ABCDEFGHIJKLMNOP", "QRSTUVWXYZ 01234",	 "56789 abcdefghij",
		"klmnopqrstuvwxyz", "!\"#$%&'()*+,-./:", ";<=>?@[\\]^_`{|}~",
		"21.5 °C hidden…",  "192.168.100.200",
	};

	(void)state;
	for (int i = 0; i < 8; i++)
		assert_int_equal(
			font_draw_text(&canvas, 0, i * 8, lines[i], strlen(lines[i])),
			i == 6 || i == 7 ? 15 * 8 : 16 * 8);
	assert_golden(&canvas, "font");
}

static void glyphs_differ_and_fit(void **state)
{
	(void)state;
	for (uint32_t a = '!'; a <= '~'; a++)
		for (uint32_t b = a + 1; b <= '~'; b++)
			assert_memory_not_equal(font_glyph(a), font_glyph(b), FONT_WIDTH);
	for (uint32_t c = '!'; c <= '~'; c++)
		assert_memory_not_equal(font_glyph(c), font_glyph(' '), FONT_WIDTH);
}

static void what_is_missing_is_a_hollow_box(void **state)
{
	static const uint32_t missing[] = {
		0x7f, 0xe9, 0x6e29, 0xfffd, 0x1f600, 0x10ffff
	};
	static const char text[] = "\xff\xc3(\xe6\xb8\xa9";

	(void)state;
	for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++)
		assert_ptr_equal(font_glyph(missing[i]), font_glyph(0x6e29));
	/* A bad byte each, then "(", then one character of three bytes. */
	assert_int_equal(font_draw_text(&canvas, 0, 0, text, strlen(text)), 4 * 8);
	assert_memory_equal(&canvas.data[0], font_glyph(0xfffd), 8);
	assert_memory_equal(&canvas.data[8], font_glyph(0xfffd), 8);
	assert_memory_equal(&canvas.data[16], font_glyph('('), 8);
	assert_memory_equal(&canvas.data[24], font_glyph(0x6e29), 8);
	assert_int_equal(font_count(text, strlen(text)), 4);
	assert_int_equal(font_count("", 0), 0);
	assert_int_equal(font_prefix(text, strlen(text), 3), 3);
	assert_int_equal(font_prefix(text, strlen(text), 4), 6);
	assert_int_equal(font_prefix(text, strlen(text), 5), 6);
	assert_int_equal(font_prefix(text, strlen(text), 0), 0);
}

static void control_characters_are_spaces(void **state)
{
	static const char text[] = { 'a', '\0', '\033', '\n', 'b' };

	(void)state;
	assert_int_equal(font_draw_text(&canvas, 0, 0, text, sizeof(text)), 5 * 8);
	for (int x = 8; x < 32; x++)
		assert_int_equal(canvas.data[x], 0);
	assert_memory_equal(&canvas.data[32], font_glyph('b'), 8);
}

static void stops_at_the_right_edge(void **state)
{
	char text[10000];

	(void)state;
	memset(text, 'W', sizeof(text));
	assert_int_equal(font_draw_text(&canvas, 4, 60, text, sizeof(text)), 132);
	assert_true(canvas_get_pixel(&canvas, 4 + 1, 60)); /* a leg of the first one */
	for (int y = 0; y < 60; y++)
		assert_false(canvas_get_pixel(&canvas, 5, y));
}

/* Draws @text into @rows lines and gives back what can be read there, lines joined by
 * '|'. */
static const char *wrapped(const char *text, int rows)
{
	static char result[200];
	char *out = result;
	int used;

	canvas_init(&canvas, 64, 64);
	used = font_draw_wrapped(&canvas, 8, rows, text, strlen(text));
	assert_in_range(used, 0, rows);
	for (int row = 0; row < 8; row++) {
		char line[9] = "";

		for (int i = 0; i < 8; i++) {
			const uint8_t *cell = &canvas.data[row * 64 + i * 8];
			char c = '?';

			for (char k = ' '; k <= '~'; k++)
				if (memcmp(cell, font_glyph((uint32_t)k), 8) == 0)
					c = k;
			if (memcmp(cell, font_glyph(0x2026), 8) == 0)
				c = '~';
			line[i] = c;
		}
		if (row < 1 || row > used) {
			assert_string_equal(line, "        ");
			continue;
		}
		for (int i = 7; i >= 0 && line[i] == ' '; i--)
			line[i] = '\0';
		out += sprintf(out, "%s%s", row > 1 ? "|" : "", line);
	}
	*out = '\0';
	return result;
}

static void breaks_lines_at_spaces(void **state)
{
	(void)state;
	assert_string_equal(wrapped("one two three", 4), "one two|three");
	assert_string_equal(wrapped("exactly8 chars", 4), "exactly8|chars");
	assert_string_equal(wrapped("exactly8", 4), "exactly8");
	assert_string_equal(wrapped("a b c d e f g", 4), "a b c d|e f g");
	assert_string_equal(wrapped("one two    three", 4), "one two|three");
	assert_string_equal(wrapped("one two ", 4), "one two");
}

static void breaks_long_words_anywhere(void **state)
{
	(void)state;
	assert_string_equal(wrapped("/boot/firmware/x", 4), "/boot/fi|rmware/x");
	assert_string_equal(wrapped("in /boot/firmware", 4), "in|/boot/fi|rmware");
	assert_string_equal(wrapped("  indented-word", 4), "  indent|ed-word");
}

static void breaks_lines_at_newlines(void **state)
{
	(void)state;
	assert_string_equal(wrapped("one\ntwo\n\nfour", 4), "one|two||four");
	assert_string_equal(wrapped("exactly8\ntwo", 4), "exactly8|two");
	assert_string_equal(wrapped("\n\n x", 4), "|| x");
	assert_string_equal(wrapped("one\n\n\n\n\n\n", 2), "one");
}

static void marks_what_does_not_fit(void **state)
{
	(void)state;
	assert_string_equal(wrapped("one two three four", 2), "one two|three f~");
	assert_string_equal(wrapped("exactly8exactly8", 2), "exactly8|exactly8");
	assert_string_equal(wrapped("exactly8exactly8x", 2), "exactly8|exactly~");
	assert_string_equal(wrapped("one\ntwo\nthree", 2), "one|two~");
	assert_string_equal(wrapped("one", 0), "");
	assert_string_equal(wrapped("", 2), "");
	assert_string_equal(wrapped(" \n ", 2), "");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(draws_text_as_reviewed, set_up),
		cmocka_unit_test_setup(glyphs_differ_and_fit, set_up),
		cmocka_unit_test_setup(what_is_missing_is_a_hollow_box, set_up),
		cmocka_unit_test_setup(control_characters_are_spaces, set_up),
		cmocka_unit_test_setup(stops_at_the_right_edge, set_up),
		cmocka_unit_test_setup(breaks_lines_at_spaces, set_up),
		cmocka_unit_test_setup(breaks_long_words_anywhere, set_up),
		cmocka_unit_test_setup(breaks_lines_at_newlines, set_up),
		cmocka_unit_test_setup(marks_what_does_not_fit, set_up),
	};

	return cmocka_run_group_tests_name("font", tests, NULL, NULL);
}
