// SPDX-License-Identifier: MIT
/* test_oled_glass.c — what a person sees of the RAM on the simulated glass */
#include "sim/oled_glass.h"

#include <string.h>

#include "module_rig.h"

static bool pixel(struct rig *rig, unsigned int x, unsigned int y)
{
	struct oled_picture seen;

	oled_glass_picture(&oled_glass_128x64, oled_sim_state(rig->sim), &seen);
	return seen.pixels[y][x];
}

static void shows_a_picture_upright_with_a1_and_c8(void **state)
{
	struct rig *rig = *state;
	picture p;

	make_picture(p);
	bring_up(rig);
	send_picture(rig, p);
	assert_int_equal(count_wrong(rig, p), 0);
	assert_clean(rig);
	assert_int_equal(rig->report.n_warnings, 0);
}

static void is_dark_while_off_or_without_its_charge_pump(void **state)
{
	struct rig *rig = *state;
	picture lit;
	struct oled_picture seen;

	memset(lit, 0xff, sizeof(lit));
	bring_up(rig);
	send_picture(rig, lit);
	assert_int_equal(count_wrong(rig, lit), 0);
	send(rig, 0x00, 0xae);
	assert_int_equal(count_wrong(rig, lit), 8192);
	oled_glass_picture(&oled_glass_128x64, oled_sim_state(rig->sim), &seen);
	assert_false(seen.lit);
	send(rig, 0x00, 0x8d, 0x10, 0xaf);
	assert_int_equal(count_wrong(rig, lit), 8192);
	send(rig, 0x00, 0x8d, 0x14);
	assert_int_equal(count_wrong(rig, lit), 0);
}

/* One pixel in the RAM at (@x, @y), nothing else. */
static void light_one(struct rig *rig, unsigned int x, unsigned int y)
{
	picture p = { { 0 } };

	p[y / 8][x] = (uint8_t)(1U << (y % 8));
	send_picture(rig, p);
}

static void maps_rows_by_direction_offset_and_start_line(void **state)
{
	struct rig *rig = *state;

	bring_up(rig);
	light_one(rig, 20, 10);
	assert_true(pixel(rig, 20, 10));
	send(rig, 0x00, 0xc0);
	assert_true(pixel(rig, 20, 53)); /* upside down, at once */
	send(rig, 0x00, 0xc8, 0x44);
	assert_true(pixel(rig, 20, 6)); /* row 4 is on top */
	send(rig, 0x00, 0x4b);
	assert_true(pixel(rig, 20, 63)); /* row 11 on top: row 10 is the last */
	send(rig, 0x00, 0x40, 0xd3, 0x03);
	assert_true(pixel(rig, 20, 7));
	assert_clean(rig);
}

static void leaves_rows_beyond_the_multiplex_ratio_dark(void **state)
{
	struct rig *rig = *state;
	struct oled_picture seen;

	bring_up(rig);
	send(rig, 0x00, 0xa8, 0x1f, 0xda, 0x02, 0xa5);
	/* 32 rows of a glass wired for another order: every second line of 64. */
	oled_glass_picture(&oled_glass_128x64, oled_sim_state(rig->sim), &seen);
	for (unsigned int y = 0; y < 64; y++)
		assert_int_equal(seen.pixels[y][0], (63 - y) % 2 == 0);
	oled_glass_picture(&oled_glass_128x32, oled_sim_state(rig->sim), &seen);
	assert_int_equal(seen.height, 32);
	for (unsigned int y = 0; y < 32; y++)
		assert_true(seen.pixels[y][127]);
	send(rig, 0x00, 0xda, 0x12);
	/* The classic fault on 128 x 32: half height, every second line missing. */
	oled_glass_picture(&oled_glass_128x32, oled_sim_state(rig->sim), &seen);
	for (unsigned int y = 0; y < 32; y++)
		assert_int_equal(seen.pixels[y][0], y >= 16);
	assert_clean(rig);
}

static void scrambles_rows_if_the_com_pins_do_not_suit_the_glass(void **state)
{
	struct rig *rig = *state;
	static const struct {
		uint8_t com_pins;
		unsigned int y[4]; /* where RAM rows 63 (COM 0), 62, 61, 60 appear */
	} cases[] = {
		{ 0x12, { 63, 62, 61, 60 } },
		{ 0x02, { 63, 61, 59, 57 } },
		{ 0x22, { 62, 60, 58, 56 } },
		{ 0x32, { 62, 63, 60, 61 } },
	};

	bring_up(rig);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		send(rig, 0x00, 0xda, cases[i].com_pins);
		for (unsigned int k = 0; k < 4; k++) {
			light_one(rig, 77, 63 - k);
			assert_true(pixel(rig, 77, cases[i].y[k]));
		}
	}
	assert_clean(rig);
}

static void inverts_and_lights_all_without_touching_the_ram(void **state)
{
	struct rig *rig = *state;
	picture dark = { { 0 } };

	bring_up(rig);
	send(rig, 0x00, 0xa5);
	assert_int_equal(count_wrong(rig, dark), 8192);
	send(rig, 0x00, 0xa7);
	assert_int_equal(count_wrong(rig, dark), 0);
	send(rig, 0x00, 0xa4);
	assert_int_equal(count_wrong(rig, dark), 8192);
	send(rig, 0x00, 0xa6);
	assert_int_equal(count_wrong(rig, dark), 0);
	assert_clean(rig);
}

static void writes_its_picture_as_text_and_as_pbm(void **state)
{
	struct rig *rig = *state;
	static char pbm[OLED_PBM_SIZE];
	struct oled_picture seen;
	char row[OLED_WIDTH_MAX + 1];
	unsigned int lines = 0;

	bring_up(rig);
	light_one(rig, 1, 2);
	oled_glass_picture(&oled_glass_128x64, oled_sim_state(rig->sim), &seen);
	assert_true(seen.lit);
	assert_int_equal(seen.contrast, 0xcf);
	assert_string_equal(
		oled_picture_row(&seen, 0, row),
		"................................................................"
		"................................................................");
	assert_memory_equal(oled_picture_row(&seen, 2, row), ".#..", 4);
	assert_int_equal(strlen(row), 128);

	oled_picture_pbm(&seen, pbm);
	assert_memory_equal(pbm, "P1\n128 64\n0000", 14);
	for (const char *p = pbm, *end; (end = strchr(p, '\n')); p = end + 1) {
		assert_true(end - p <= 70);
		lines++;
	}
	assert_int_equal(lines, 2 + 128);
	assert_int_equal(strchr(pbm + 10, '1') - (pbm + 10), 2 * 2 * 65 + 1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
	static const struct CMUnitTest tests[] = {
		TEST(shows_a_picture_upright_with_a1_and_c8),
		TEST(is_dark_while_off_or_without_its_charge_pump),
		TEST(maps_rows_by_direction_offset_and_start_line),
		TEST(leaves_rows_beyond_the_multiplex_ratio_dark),
		TEST(scrambles_rows_if_the_com_pins_do_not_suit_the_glass),
		TEST(inverts_and_lights_all_without_touching_the_ram),
		TEST(writes_its_picture_as_text_and_as_pbm),
	};

	return cmocka_run_group_tests_name("oled_glass", tests, NULL, NULL);
}
