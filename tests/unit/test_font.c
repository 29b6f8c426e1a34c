// SPDX-License-Identifier: MIT
/* test_font.c — the built-in fonts */
#include "mqttnode/font.h"

#include <string.h>

#include "mqttnode/text.h"
#include "picture.h"
#include "unit.h"

static struct canvas canvas;

static int set_up(void **state)
{
	(void)state;
	canvas_init(&canvas, 128, 64);
	return 0;
}

static void draws_bold_as_reviewed(void **state)
{
	static const char *const lines[] = {
		"ABCDEFGHIJKLMNOP", "QRSTUVWXYZ 01234",	 "56789 abcdefghij",
		"klmnopqrstuvwxyz", "!\"#$%&'()*+,-./:", ";<=>?@[\\]^_`{|}~",
		"21.5 °C hidden…",  "192.168.100.200",
	};

	(void)state;
	for (int i = 0; i < 8; i++)
		assert_int_equal(font_draw_text(&canvas, FONT_BOLD, 0, i * 8, lines[i]),
				 i == 6 || i == 7 ? 15 * 8 : 16 * 8);
	assert_golden(&canvas, "font");
}

static void draws_other_scripts_in_bold_as_reviewed(void **state)
{
	static const char *const lines[] = {
		"ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏ", "ÐÑÒÓÔÕÖ×ØÙÚÛÜÝÞß", "àáâãäåæçèéêëìíîï",
		"ðñòóôõö÷øùúûüýþÿ", "¡¢£¤¥¦§¨©ª«¬®±²³", "ΑΒΓΔΩαβγδω ŁłŠšŽ",
		"Жизнь ДФЮЯ ѐёђѓє", "┌─┬┐€→←↑↓½¾שלום",
	};

	(void)state;
	for (int i = 0; i < 8; i++)
		font_draw_text(&canvas, FONT_BOLD, 0, i * 8, lines[i]);
	assert_golden(&canvas, "font_more");
}

static void draws_small_as_reviewed(void **state)
{
	static const char *const lines[] = {
		"ABCDEFGHIJKLMNOPQRSTUVWXY",  "Zabcdefghijklmnopqrstuvwx",
		"yz0123456789!\"#$%&'()*+,-", "./:;<=>?@[\\]^_`{|}~°…€→←↑↓",
		"ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙ",  "àáâãäåæçèéêëìíîïðñòóôõöøù",
		"ΑΒΓΔΕΖΗΘ αβγδεζηθ Привет",   "שלום ½¾ ±²³ ┌┬┐ 温 ▁▂▃▄▅▆",
	};

	(void)state;
	for (int i = 0; i < 8; i++)
		font_draw_text(&canvas, FONT_SMALL, 0, i * 8, lines[i]);
	assert_golden(&canvas, "font_small");
}

static void draws_large_as_reviewed(void **state)
{
	(void)state;
	assert_int_equal(font_draw_large(&canvas, 0, 0, 3, "-21.5"), 5 * 24);
	assert_int_equal(font_draw_large(&canvas, 0, 26, 2, "08:47 °C"), 8 * 16);
	assert_int_equal(font_draw_large(&canvas, 4, 44, 2, "0123456789"), 4 + 8 * 16);
	assert_golden(&canvas, "font_large");
}

static void glyphs_differ_and_fit(void **state)
{
	(void)state;
	for (int face = FONT_BOLD; face <= FONT_SMALL; face++) {
		for (uint32_t a = ' '; a <= '~'; a++) {
			for (uint32_t b = a + 1; b <= '~'; b++) {
				struct font_glyph one, two;

				assert_true(font_glyph((enum font_face)face, a, &one));
				assert_true(font_glyph((enum font_face)face, b, &two));
				assert_memory_not_equal(&one, &two, sizeof(one));
			}
		}
	}
}

static void has_what_european_languages_need(void **state)
{
	static const char text[] =
		"ÆØÅæøåÄÖÜäöüßÇçÑñÀÈÌÒÙàèìòùÁÉÍÓÚÝáéíóúýÂÊÎÔÛâêîôûĄĆĘŁŃŚŹŻąćęłńśźżČĎĚŇŘŠŤŮŽčďěňřšťů"
		"žŐŰőűĞİŞğışȘȚșțΆΈΉΌΎΏάέήίόύώЄІЇҐєіїґ€£¥§µ°±×÷½¼¾²³«»„“”‘’‚–—…•←↑→↓";
	struct font_glyph glyph;
	uint32_t c;

	(void)state;
	for (size_t at = 0; at < strlen(text);) {
		int n = text_utf8_decode(text + at, strlen(text) - at, &c);

		assert_true(n > 0);
		if (!font_glyph(FONT_BOLD, c, &glyph) ||
		    !font_glyph(FONT_SMALL, c, &glyph))
			fail_msg("U+%04X is missing", (unsigned int)c);
		at += (size_t)n;
	}
}

static void what_is_missing_is_a_hollow_box(void **state)
{
	static const uint32_t missing[] = { 0x00,      0x1f,	0x7f,	 0x80,
					    0x9f,      0x6e29,	0xfffd,	 0xffff,
					    0x10000,   0x10020, 0x1f600, 0x10ffff,
					    UINT32_MAX };
	struct font_glyph box, glyph;

	(void)state;
	for (int face = FONT_BOLD; face <= FONT_SMALL; face++) {
		assert_false(font_glyph((enum font_face)face, 0x6e29, &box));
		assert_int_equal(box.width, font_width((enum font_face)face));
		assert_int_equal(box.height, FONT_HEIGHT);
		assert_int_equal(box.columns[0][box.width - 2], 0x7f);
		for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++) {
			assert_false(
				font_glyph((enum font_face)face, missing[i], &glyph));
			assert_memory_equal(&glyph, &box, sizeof(box));
		}
	}
}

static void a_byte_that_is_no_utf8_is_one_box(void **state)
{
	struct font_glyph box;

	(void)state;
	(void)font_glyph(FONT_BOLD, 0xfffd, &box);
	assert_int_equal(font_draw_text(&canvas, FONT_BOLD, 0, 0, "\xff\xc3("), 3 * 8);
	assert_memory_equal(&canvas.data[0], box.columns[0], 8);
	assert_memory_equal(&canvas.data[8], box.columns[0], 8);
	assert_int_equal(font_text_width(FONT_BOLD, "\xff\xc3("), 3 * 8);
	assert_int_equal(font_text_width(FONT_SMALL, "°C"), 2 * 5);
}

static void stops_at_the_right_edge(void **state)
{
	char text[10001] = "";

	(void)state;
	memset(text, 'W', sizeof(text) - 1);
	assert_int_equal(font_draw_text(&canvas, FONT_BOLD, 4, 60, text), 132);
	assert_true(canvas_get_pixel(&canvas, 4 + 1, 60)); /* a leg of the first one */
	for (int y = 0; y < 60; y++)
		assert_false(canvas_get_pixel(&canvas, 5, y));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(draws_bold_as_reviewed, set_up),
		cmocka_unit_test_setup(draws_other_scripts_in_bold_as_reviewed, set_up),
		cmocka_unit_test_setup(draws_small_as_reviewed, set_up),
		cmocka_unit_test_setup(draws_large_as_reviewed, set_up),
		cmocka_unit_test_setup(glyphs_differ_and_fit, set_up),
		cmocka_unit_test_setup(has_what_european_languages_need, set_up),
		cmocka_unit_test_setup(what_is_missing_is_a_hollow_box, set_up),
		cmocka_unit_test_setup(a_byte_that_is_no_utf8_is_one_box, set_up),
		cmocka_unit_test_setup(stops_at_the_right_edge, set_up),
	};

	return cmocka_run_group_tests_name("font", tests, NULL, NULL);
}
