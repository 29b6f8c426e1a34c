// SPDX-License-Identifier: MIT
/* test_layout.c — text from outside, made into lines of the screen */
#include "mqttnode/layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "picture.h"
#include "unit.h"

static struct canvas canvas;
static struct font_file *file;

static int open_file(void **state)
{
	char error[160];

	(void)state;
	return font_file_open(&file, GOLDEN_DIR "/glyphs.hex", error, sizeof(error));
}

static int close_file(void **state)
{
	(void)state;
	file = font_file_close(file);
	return 0;
}

static struct layout *lay_out(const char *text, size_t len, int width,
			      struct font_file *font)
{
	const struct layout_style style = { .face = FONT_BOLD,
					    .file = font,
					    .width = width };
	/* In memory of its own size, so that reading too far is noticed. */
	char *copy = malloc(len ? len : 1);
	struct layout *l = NULL;

	assert_non_null(copy);
	memcpy(copy, text, len);
	assert_int_equal(layout_new(&l, &style, copy, len), 0);
	free(copy);
	return l;
}

static char read_cell(const uint8_t *columns)
{
	struct font_glyph glyph;

	for (uint32_t c = ' '; c <= '~'; c++)
		if (font_glyph(FONT_BOLD, c, &glyph) &&
		    memcmp(columns, glyph.columns[0], FONT_WIDTH) == 0)
			return (char)c;
	(void)font_glyph(FONT_BOLD, 0x2026, &glyph);
	return memcmp(columns, glyph.columns[0], FONT_WIDTH) == 0 ? '~' : '?';
}

/*
 * Draws a text of @len bytes into @rows lines of eight characters and gives back
 * what can be read there, lines joined by '|', '~' for "…", '?' for what is not
 * ASCII.
 */
static const char *read_back(const char *text, size_t len, int rows)
{
	static char result[200];
	_cleanup_(layout_freep) struct layout *l = lay_out(text, len, 64, NULL);
	size_t used;
	char *out = result;

	canvas_init(&canvas, 64, 64);
	used = layout_draw(l, &canvas, 0, 8, rows * 8, 0, true);
	assert_true(used <= layout_lines(l));
	for (size_t row = 0; row < 8; row++) {
		char line[9] = "";

		for (size_t i = 0; i < 8; i++)
			line[i] = read_cell(&canvas.data[row * 64 + i * 8]);
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

#define READ(text, rows) read_back(text, sizeof(text) - 1, rows)

static void breaks_lines_at_spaces(void **state)
{
	(void)state;
	assert_string_equal(READ("one two three", 4), "one two|three");
	assert_string_equal(READ("exactly8 chars", 4), "exactly8|chars");
	assert_string_equal(READ("exactly8", 4), "exactly8");
	assert_string_equal(READ("a b c d e f g", 4), "a b c d|e f g");
	assert_string_equal(READ("one two    three", 4), "one two|three");
	assert_string_equal(READ("one two ", 4), "one two");
	assert_string_equal(READ("one\ttwo\xc2\xa0x", 4), "one two|x");
}

static void breaks_long_words_anywhere(void **state)
{
	(void)state;
	assert_string_equal(READ("/boot/firmware/x", 4), "/boot/fi|rmware/x");
	assert_string_equal(READ("in /boot/firmware", 4), "in|/boot/fi|rmware");
	assert_string_equal(READ("  indented-word", 4), "  indent|ed-word");
}

static void breaks_lines_at_newlines(void **state)
{
	(void)state;
	assert_string_equal(READ("one\ntwo\n\nfour", 4), "one|two||four");
	assert_string_equal(READ("one\r\ntwo\rthree", 4), "one|two|three");
	assert_string_equal(READ("one\xe2\x80\xa8two\xe2\x80\xa9x", 4), "one|two|x");
	assert_string_equal(READ("exactly8\ntwo", 4), "exactly8|two");
	assert_string_equal(READ("\n\n x", 4), "|| x");
	assert_string_equal(READ("one\n\n\n\n\n\n", 2), "one");
}

static void marks_what_does_not_fit(void **state)
{
	(void)state;
	assert_string_equal(READ("one two three four", 2), "one two|three~");
	assert_string_equal(READ("exactly8exactly8", 2), "exactly8|exactly8");
	assert_string_equal(READ("exactly8exactly8x", 2), "exactly8|exactly~");
	assert_string_equal(READ("one\ntwo\nthree", 2), "one|two~");
	assert_string_equal(READ("", 2), "");
	assert_string_equal(READ(" \n ", 2), "");
}

static void shows_what_is_no_text_as_numbers(void **state)
{
	(void)state;
	assert_string_equal(READ("a\033[2J", 4), "a\\x1b[2J");
	assert_string_equal(READ("\0\x7f\x07", 4), "\\x00\\x7f|\\x07");
	assert_string_equal(READ("\xff\xc3(", 4), "\\xff\\xc3|(");
	assert_string_equal(READ("\xc2\x9b"
				 "3m",
				 4),
			    "\\xc2\\x9b|3m");
	assert_string_equal(READ("\xed\xa0\x80", 4), "\\xed\\xa0|\\x80");
	assert_string_equal(READ("a\\b", 4), "a\\b");
}

static void what_is_not_drawn_takes_no_room(void **state)
{
	(void)state;
	/* soft hyphen, zero width space, override, byte order mark, variation */
	assert_string_equal(READ("a\u00adb\u200bc\u202ed\ufeffe\ufe0ff", 2), "abcdef");
	/* an accent that no letter has, without a font file */
	assert_string_equal(READ("x\u0301y", 2), "xy");
	assert_string_equal(READ("\u0301", 2), "");
}

static void puts_accents_on_their_letters(void **state)
{
	static const char *const apart = "nai\u0308ve fac\u0327ade A\u030a \u0418\u0306";
	static const char *const together = "naïve façade Å Й";
	_cleanup_(layout_freep) struct layout *a = NULL, *b = NULL;
	struct canvas one;

	(void)state;
	canvas_init(&canvas, 128, 64);
	one = canvas;
	a = lay_out(apart, strlen(apart), 128, NULL);
	b = lay_out(together, strlen(together), 128, NULL);
	layout_draw(a, &one, 0, 0, 64, 0, true);
	layout_draw(b, &canvas, 0, 0, 64, 0, true);
	assert_memory_equal(&one, &canvas, sizeof(one));
}

static void a_sequence_of_emoji_parts_is_one_box(void **state)
{
	(void)state;
	assert_string_equal(READ("\U0001f600", 1), "?");
	assert_string_equal(READ("\U0001f468\u200d\U0001f469\u200d\U0001f467!", 1), "?!");
	assert_string_equal(READ("\U0001f44d\U0001f3fd!", 1), "?!");
	assert_string_equal(READ("\u2764\ufe0f!", 1), "?!");
	assert_string_equal(READ("\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7", 1), "??");
}

static void puts_right_to_left_text_in_its_order(void **state)
{
	struct font_glyph glyph;

	(void)state;
	READ("שלום 42", 1);
	/* right-aligned; 42 stands left, then a space, then the letters from the last on
	 */
	assert_int_equal(read_cell(&canvas.data[64 + 8]), '4');
	assert_int_equal(read_cell(&canvas.data[64 + 16]), '2');
	assert_true(font_glyph(FONT_BOLD, 0x05dd, &glyph)); /* final mem */
	assert_memory_equal(&canvas.data[64 + 32], glyph.columns[0], 8);
	assert_true(font_glyph(FONT_BOLD, 0x05e9, &glyph)); /* shin */
	assert_memory_equal(&canvas.data[64 + 56], glyph.columns[0], 8);

	/* a line that is cut is cut at its end, which is at the left */
	READ("שלום\nשלום", 1);
	assert_int_equal(read_cell(&canvas.data[64 + 24]), '~');
	assert_memory_equal(&canvas.data[64 + 56], glyph.columns[0], 8);

	/* brackets look the other way, words of Latin letters keep their order */
	READ("ש (ab) ש", 1);
	assert_int_equal(read_cell(&canvas.data[64 + 16]), '(');
	assert_int_equal(read_cell(&canvas.data[64 + 24]), 'a');
	assert_int_equal(read_cell(&canvas.data[64 + 40]), ')');
}

static void characters_of_the_file_make_a_line_tall(void **state)
{
	static const char text[] = "one\n温度 25°C\nthree";
	_cleanup_(layout_freep) struct layout *l = NULL, *without = NULL;

	(void)state;
	l = lay_out(text, strlen(text), 128, file);
	without = lay_out(text, strlen(text), 128, NULL);
	assert_true(layout_has_tall_lines(l));
	assert_false(layout_has_tall_lines(without));
	assert_int_equal(layout_lines(l), 3);
	assert_int_equal(layout_height(l, 0, 3), 32);
	assert_int_equal(layout_height(l, 1, 99), 24);
	assert_int_equal(layout_height(without, 0, 3), 24);
	assert_int_equal(layout_fit(l, 0, 31), 2);
	assert_int_equal(layout_fit(l, 0, 23), 1);
	assert_int_equal(layout_fit(l, 1, 8), 1); /* never none */
	assert_int_equal(layout_fit(l, 3, 64), 0);
	canvas_init(&canvas, 128, 64);
	assert_int_equal(layout_draw(l, &canvas, 0, 0, 64, 0, true), 3);
	assert_golden(&canvas, "layout_tall");
}

static void breaks_chinese_anywhere_but_before_a_comma(void **state)
{
	static const char text[] = "温度温度，湿度25%";
	_cleanup_(layout_freep) struct layout *l = lay_out(text, strlen(text), 64, file);

	(void)state;
	assert_int_equal(layout_lines(l), 3);
	canvas_init(&canvas, 64, 64);
	layout_draw(l, &canvas, 0, 0, 64, 0, true);
	assert_golden(&canvas, "layout_chinese");
}

static void survives_a_width_of_one_character(void **state)
{
	static const char text[] = "温a度 bc";
	_cleanup_(layout_freep) struct layout *l = lay_out(text, strlen(text), 8, file);

	(void)state;
	assert_int_equal(layout_lines(l), 5);
	canvas_init(&canvas, 32, 64);
	assert_int_equal(layout_draw(l, &canvas, 0, 0, 64, 1, true), 4);
	assert_int_equal(layout_draw(l, &canvas, 0, 0, 64, 9, true), 0);
}

static void takes_the_beginning_of_a_very_long_text(void **state)
{
	size_t size = 3 * LAYOUT_BYTES_MAX;
	char *text = malloc(size);
	_cleanup_(layout_freep) struct layout *l = NULL;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', size);
	l = lay_out(text, size, 128, NULL);
	assert_int_equal(layout_lines(l), LAYOUT_BYTES_MAX / 16);
	l = layout_free(l);
	memset(text, 0xff, size);
	l = lay_out(text, size, 128, NULL);
	assert_int_equal(layout_lines(l), LAYOUT_BYTES_MAX * 4 / 16);
	free(text);
	assert_null(layout_free(NULL));
}

static void survives_any_bytes(void **state)
{
	static const char *const pieces[] = {
		"\u05d0", "\u0627",	"\u0644", "\u064b",	"\u200d", "\u202e",
		"\u2067", "\U0001f468", "\u0301", "\u0e31",	"温",	  "\n",
		" ",	  "(",		"\xff",	  "\U0001f1e9",
	};
	char text[400];

	(void)state;
	srand(1);
	for (int round = 0; round < 3000; round++) {
		_cleanup_(layout_freep) struct layout *l = NULL;
		size_t len = 0;

		while (len < sizeof(text) - 8 && rand() % 100) {
			const char *piece = pieces[(size_t)rand() % ARRAY_SIZE(pieces)];

			if (rand() % 2)
				text[len++] = (char)rand();
			else
				len += (size_t)(stpcpy(text + len, piece) - (text + len));
		}
		l = lay_out(text, len, 8 + rand() % 120, rand() % 2 ? file : NULL);
		canvas_init(&canvas, 128, 64);
		for (size_t first = 0; first < layout_lines(l); first++)
			assert_true(layout_draw(l, &canvas, rand() % 9, 0, rand() % 64,
						first, rand() % 2) >= 1);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(breaks_lines_at_spaces),
		cmocka_unit_test(breaks_long_words_anywhere),
		cmocka_unit_test(breaks_lines_at_newlines),
		cmocka_unit_test(marks_what_does_not_fit),
		cmocka_unit_test(shows_what_is_no_text_as_numbers),
		cmocka_unit_test(what_is_not_drawn_takes_no_room),
		cmocka_unit_test(puts_accents_on_their_letters),
		cmocka_unit_test(a_sequence_of_emoji_parts_is_one_box),
		cmocka_unit_test(puts_right_to_left_text_in_its_order),
		cmocka_unit_test(characters_of_the_file_make_a_line_tall),
		cmocka_unit_test(breaks_chinese_anywhere_but_before_a_comma),
		cmocka_unit_test(survives_a_width_of_one_character),
		cmocka_unit_test(takes_the_beginning_of_a_very_long_text),
		cmocka_unit_test(survives_any_bytes),
	};

	return cmocka_run_group_tests_name("layout", tests, open_file, close_file);
}
