// SPDX-License-Identifier: MIT
/* test_display_picture.c — places of a picture on the panel, and quarter turns */
#include "../../src/app/display_picture.h"

#include <stdlib.h>
#include <string.h>

#include "mqttnode/display.h"
#include "mqttnode/font.h"
#include "unit.h"

static const struct oled_settings upright = { .width = 128, .height = 64 };
static const struct oled_settings on_its_side = { .width = 128,
						  .height = 64,
						  .rotate = 90 };

static unsigned int count_lit(const struct canvas *c)
{
	unsigned int n = 0;

	for (int y = 0; y < c->height; y++)
		for (int x = 0; x < c->width; x++)
			n += canvas_get_pixel(c, x, y);
	return n;
}

static struct canvas text(int x, int y, const char *s)
{
	struct canvas c;

	display_canvas(&upright, &c);
	font_draw_text(&c, FONT_BOLD, x, y, s);
	return c;
}

static void a_person_sees_the_panel_as_it_is_turned(void **state)
{
	static const struct {
		uint8_t panel_height;
		uint16_t rotate;
		uint8_t width, height;
	} cases[] = {
		{ 64, 0, 128, 64 },   { 64, 90, 64, 128 }, { 64, 180, 128, 64 },
		{ 64, 270, 64, 128 }, { 32, 0, 128, 32 },  { 32, 270, 32, 128 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct oled_settings settings = { .width = 128,
						  .height = cases[i].panel_height,
						  .rotate = cases[i].rotate };
		struct canvas c, panel;

		display_canvas(&settings, &c);
		assert_int_equal(c.width, cases[i].width);
		assert_int_equal(c.height, cases[i].height);
		assert_int_equal(count_lit(&c), 0);
		display_compose(&settings, &c, 0, &panel);
		assert_int_equal(panel.width, 128);
		assert_int_equal(panel.height, cases[i].panel_height);
	}
}

static void a_quarter_turn_is_clockwise(void **state)
{
	struct canvas c, panel;

	(void)state;
	display_canvas(&on_its_side, &c);
	canvas_set_pixel(&c, 0, 0, true);   /* top left of 64 x 128 */
	canvas_set_pixel(&c, 63, 0, true);  /* top right */
	canvas_set_pixel(&c, 5, 127, true); /* near the bottom left */
	display_compose(&on_its_side, &c, 0, &panel);
	assert_true(canvas_get_pixel(&panel, 127, 0));
	assert_true(canvas_get_pixel(&panel, 127, 63));
	assert_true(canvas_get_pixel(&panel, 0, 5));
	assert_int_equal(count_lit(&panel), 3);
}

static void place_0_is_where_it_was_drawn(void **state)
{
	struct canvas c = text(3, 20, "here"), shown;

	(void)state;
	display_compose(&upright, &c, 0, &shown);
	assert_memory_equal(&shown, &c, sizeof(c));
}

static void nothing_is_lost_in_any_place(void **state)
{
	(void)state;
	srand(1);
	for (int i = 0; i < 100; i++) {
		int x = rand() % 40, y = rand() % 57;
		struct canvas c = text(x, y, &"0123456789Agjp"[rand() % 10]), shown;
		unsigned int lit = count_lit(&c);

		for (unsigned int step = 0; step < 70; step++) {
			display_compose(&upright, &c, step, &shown);
			assert_int_equal(count_lit(&shown), lit);
		}
	}
}

static void moves_by_16_columns_then_a_row(void **state)
{
	struct canvas c = text(0, 0, "x"), shown, expected;

	(void)state;
	for (unsigned int step = 0; step < 64; step++) {
		display_compose(&upright, &c, step, &shown);
		expected = text((int)step % 16, (int)step / 16 % 2, "x");
		assert_memory_equal(&shown, &expected, sizeof(c));
	}
}

static void moves_to_the_side_that_is_free(void **state)
{
	struct canvas c, shown, expected;

	(void)state;
	display_canvas(&upright, &c);
	for (int y = 0; y < 64; y++)
		canvas_set_pixel(&c, 127, y, true);
	for (unsigned int step = 0; step < 32; step++) {
		display_compose(&upright, &c, step, &shown);
		display_canvas(&upright, &expected);
		for (int y = 0; y < 64; y++)
			canvas_set_pixel(&expected,
					 step % 16 == 0 ? 127 : 111 + (int)(step % 16), y,
					 true);
		assert_memory_equal(&shown, &expected, sizeof(c));
	}
}

static void a_picture_without_margins_and_a_dark_one_stay(void **state)
{
	struct canvas c, shown;

	(void)state;
	display_canvas(&upright, &c);
	for (unsigned int step = 0; step < 40; step++) {
		display_compose(&upright, &c, step, &shown);
		assert_memory_equal(&shown, &c, sizeof(c));
	}
	memset(c.data, 0xff, sizeof(c.data));
	for (unsigned int step = 0; step < 40; step++) {
		display_compose(&upright, &c, step, &shown);
		assert_memory_equal(&shown, &c, sizeof(c));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_person_sees_the_panel_as_it_is_turned),
		cmocka_unit_test(a_quarter_turn_is_clockwise),
		cmocka_unit_test(place_0_is_where_it_was_drawn),
		cmocka_unit_test(nothing_is_lost_in_any_place),
		cmocka_unit_test(moves_by_16_columns_then_a_row),
		cmocka_unit_test(moves_to_the_side_that_is_free),
		cmocka_unit_test(a_picture_without_margins_and_a_dark_one_stay),
	};

	return cmocka_run_group_tests_name("display_picture", tests, NULL, NULL);
}
