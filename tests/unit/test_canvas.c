// SPDX-License-Identifier: MIT
/* test_canvas.c — pixels in the layout of the panel */
#include "mqttnode/canvas.h"

#include <limits.h>
#include <string.h>

#include "picture.h"
#include "unit.h"

static struct canvas canvas;

static int set_up(void **state)
{
	(void)state;
	memset(&canvas, 0xff, sizeof(canvas));
	canvas_init(&canvas, 128, 64);
	return 0;
}

static unsigned int lit_pixels(void)
{
	unsigned int n = 0;

	for (int y = 0; y < canvas.height; y++)
		for (int x = 0; x < canvas.width; x++)
			n += canvas_get_pixel(&canvas, x, y);
	return n;
}

static void begins_dark(void **state)
{
	(void)state;
	assert_int_equal(canvas.width, 128);
	assert_int_equal(canvas.height, 64);
	assert_int_equal(lit_pixels(), 0);
}

static void a_byte_is_a_column_of_a_page_with_bit_0_on_top(void **state)
{
	(void)state;
	canvas_set_pixel(&canvas, 5, 0, true);
	assert_int_equal(canvas.data[5], 0x01);
	canvas_set_pixel(&canvas, 5, 7, true);
	assert_int_equal(canvas.data[5], 0x81);
	canvas_set_pixel(&canvas, 127, 63, true);
	assert_int_equal(canvas.data[1023], 0x80);
	canvas_set_pixel(&canvas, 5, 0, false);
	assert_int_equal(canvas.data[5], 0x80);
	assert_true(canvas_get_pixel(&canvas, 5, 7));
	assert_false(canvas_get_pixel(&canvas, 5, 0));
}

static void may_stand_on_its_side(void **state)
{
	(void)state;
	canvas_init(&canvas, 64, 128);
	canvas_set_pixel(&canvas, 63, 127, true);
	assert_int_equal(canvas.data[1023], 0x80);
	canvas_set_pixel(&canvas, 64, 0, true);
	canvas_set_pixel(&canvas, 0, 128, true);
	assert_int_equal(lit_pixels(), 1);
}

static void pixels_outside_are_dark_and_stay_so(void **state)
{
	static const int outside[][2] = {
		{ -1, 0 },   { 0, -1 },	     { 128, 0 },     { 0, 64 },
		{ 128, 63 }, { INT_MIN, 3 }, { 3, INT_MAX }, { INT_MAX, INT_MIN },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
		canvas_set_pixel(&canvas, outside[i][0], outside[i][1], true);
		assert_false(canvas_get_pixel(&canvas, outside[i][0], outside[i][1]));
	}
	assert_int_equal(lit_pixels(), 0);
}

/* A glyph at every place, compared with what single pixels give. */
static void draws_a_glyph_anywhere_and_clips_it(void **state)
{
	static const uint8_t glyph[3] = { 0xff, 0x81, 0x5a };
	struct canvas expected;

	(void)state;
	for (int y = -9; y <= 65; y++)
		for (int x = -4; x <= 129; x++) {
			canvas_init(&canvas, 128, 64);
			canvas_init(&expected, 128, 64);
			canvas_draw_columns(&canvas, x, y, glyph, 3);
			for (int column = 0; column < 3; column++)
				for (int row = 0; row < 8; row++)
					if (glyph[column] & 1u << row)
						canvas_set_pixel(&expected, x + column,
								 y + row, true);
			assert_memory_equal(&canvas, &expected, sizeof(canvas));
		}
}

static void draws_nothing_far_away(void **state)
{
	static const int far[] = { INT_MIN, INT_MIN + 1, INT_MAX - 1, INT_MAX };
	static const uint8_t glyph[3] = { 0xff, 0xff, 0xff };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		canvas_draw_columns(&canvas, far[i], 0, glyph, 3);
		canvas_draw_columns(&canvas, 0, far[i], glyph, 3);
		canvas_draw_line(&canvas, 0, far[i], 10);
	}
	assert_int_equal(lit_pixels(), 0);
}

static void keeps_what_was_drawn_before(void **state)
{
	static const uint8_t a[1] = { 0x0f }, b[1] = { 0xf0 };

	(void)state;
	canvas_draw_columns(&canvas, 0, 0, a, 1);
	canvas_draw_columns(&canvas, 0, 0, b, 1);
	assert_int_equal(canvas.data[0], 0xff);
}

static void draws_a_line(void **state)
{
	(void)state;
	canvas_init(&canvas, 8, 8);
	canvas_draw_line(&canvas, 5, 1, 5);
	canvas_draw_line(&canvas, -2, 3, 4);
	assert_picture(&canvas, "........\n"
				".....###\n"
				"........\n"
				"##......\n"
				"........\n"
				"........\n"
				"........\n"
				"........\n");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(begins_dark, set_up),
		cmocka_unit_test_setup(a_byte_is_a_column_of_a_page_with_bit_0_on_top,
				       set_up),
		cmocka_unit_test_setup(may_stand_on_its_side, set_up),
		cmocka_unit_test_setup(pixels_outside_are_dark_and_stay_so, set_up),
		cmocka_unit_test_setup(draws_a_glyph_anywhere_and_clips_it, set_up),
		cmocka_unit_test_setup(draws_nothing_far_away, set_up),
		cmocka_unit_test_setup(keeps_what_was_drawn_before, set_up),
		cmocka_unit_test_setup(draws_a_line, set_up),
	};

	return cmocka_run_group_tests_name("canvas", tests, NULL, NULL);
}
