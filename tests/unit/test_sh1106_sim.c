// SPDX-License-Identifier: MIT
/*
 * test_sh1106_sim.c — the simulated SH1106 keeps the rules of the chip
 *
 * What it shares with an SSD1306 (framing, decoder) is tested there; here is
 * where it differs. test_sh1106_mutations.c shows what that catches.
 */
#include "sim/sh1106_sim.h"

#include "module_rig.h"

static void starts_with_the_reset_values(void **state)
{
	struct rig *rig = *state;
	const struct oled_state *s = oled_sim_state(rig->sim);

	assert_int_equal(s->mode, OLED_MODE_PAGE);
	assert_int_equal(s->page, 0);
	assert_int_equal(s->column, 0);
	assert_int_equal(s->start_line, 0);
	assert_int_equal(s->contrast, 0x80);
	assert_int_equal(s->mux, 0x3f);
	assert_int_equal(s->offset, 0);
	assert_int_equal(s->com_pins, 0x10);
	assert_true(s->pump_on);
	assert_false(s->on || s->all_on || s->inverse || s->segment_remap ||
		     s->com_reverse);
}

static void shows_128_of_its_132_columns(void **state)
{
	struct rig *rig = *state;
	picture p;

	make_picture(p);
	bring_up(rig);
	send_picture(rig, p);
	assert_int_equal(count_wrong(rig, p), 0);

	/* Beside the glass. */
	send_run(rig, 0, 0, (const uint8_t[]){ 0xff, 0xff }, 2);
	send_run(rig, 0, 130, (const uint8_t[]){ 0xff, 0xff }, 2);
	assert_int_equal(count_wrong(rig, p), 0);
	assert_clean(rig);
	assert_int_equal(rig->report.n_warnings, 0);
}

static void tells_in_its_status_what_it_is(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(oled_sim_read_status(rig->sim), 0x48);
	bring_up(rig);
	assert_int_equal(oled_sim_read_status(rig->sim), 0x08);
	assert_clean(rig);
}

static void knows_the_length_of_every_command(void **state)
{
	static const struct command_length commands[] = {
		{ 0x00, 0 }, { 0x0f, 0 }, { 0x10, 0 }, { 0x1f, 0 }, { 0x30, 0 },
		{ 0x33, 0 }, { 0x40, 0 }, { 0x7f, 0 }, { 0x81, 1 }, { 0xa0, 0 },
		{ 0xa1, 0 }, { 0xa4, 0 }, { 0xa5, 0 }, { 0xa6, 0 }, { 0xa7, 0 },
		{ 0xa8, 1 }, { 0xad, 1 }, { 0xae, 0 }, { 0xb0, 0 }, { 0xb7, 0 },
		{ 0xc0, 0 }, { 0xc8, 0 }, { 0xd3, 1 }, { 0xd5, 1 }, { 0xd9, 1 },
		{ 0xda, 1 }, { 0xdb, 1 }, { 0xe0, 0 }, { 0xe3, 0 }, { 0xee, 0 },
	};

	assert_lengths(*state, commands, ARRAY_SIZE(commands));
}

/* Commands of an SSD1306 are one byte each here, and what follows is a command again. */
static void misreads_what_is_meant_for_an_ssd1306(void **state)
{
	struct rig *rig = *state;
	const struct oled_state *s = oled_sim_state(rig->sim);

	send(rig, 0x00, 0x0f, 0x20, 0x00);
	assert_violation(rig, "Unknown command 0x20");
	assert_int_equal(s->column, 0);

	send(rig, 0x00, 0x21, 0x00, 0x7f);
	assert_violation(rig, "Unknown command 0x21");
	assert_int_equal(s->start_line, 63);

	send(rig, 0x00, 0x22, 0x00, 0x07);
	assert_violation(rig, "Unknown command 0x22");
	assert_int_equal(s->column, 7);

	send(rig, 0x00, 0x8d, 0x14);
	assert_violation(rig, "Unknown command 0x8d");
	assert_int_equal(s->column, 0x47);

	send(rig, 0x00, 0xad, 0x30);
	assert_violation(rig, "neither 8A nor 8B");
	assert_false(s->pump_on);

	for (unsigned int opcode = 0x20; opcode < 0x30; opcode++) {
		send(rig, 0x00, (uint8_t)opcode);
		assert_violation(rig, "Unknown command");
	}
	send(rig, 0x00, 0xa3);
	assert_violation(rig, "Unknown command 0xa3");
	send(rig, 0x00, 0xd6);
	assert_violation(rig, "Unknown command 0xd6");
}

static void objects_to_data_beyond_its_last_column(void **state)
{
	struct rig *rig = *state;
	const struct oled_state *s = oled_sim_state(rig->sim);

	send(rig, 0x00, 0xb1, 0x02, 0x18); /* column 130 */
	send(rig, 0x40, 1, 2);
	assert_clean(rig);
	assert_int_equal(s->ram[1][130], 1);
	assert_int_equal(s->ram[1][131], 2);

	send(rig, 0x00, 0xb1, 0x02, 0x18);
	send(rig, 0x40, 3, 4, 5);
	assert_violation(rig, "Data past column 131");
	assert_int_equal(s->ram[1][131], 5); /* the counter stopped */

	oled_sim_options(rig->sim)->wrap_to_zero = true;
	send(rig, 0x00, 0xb1, 0x02, 0x18);
	send(rig, 0x40, 6, 7, 8);
	assert_violation(rig, "Data past column 131");
	assert_int_equal(s->ram[1][0], 8);

	send(rig, 0x00, 0xb1, 0x04, 0x18);
	send(rig, 0x40, 9);
	assert_violation(rig, "Data at column 132");
}

/* Sources disagree on what A0 and A1 do to what is in the RAM. */
static void remaps_when_written_or_at_once(void **state)
{
	struct rig *rig = *state;
	const struct oled_state *s = oled_sim_state(rig->sim);

	send(rig, 0x00, 0xa1, 0xb0, 0x03, 0x10);
	send(rig, 0x40, 0x81);
	assert_int_equal(s->ram[0][128], 0x81);
	send(rig, 0x00, 0xa0);
	assert_int_equal(s->ram[0][128], 0x81);
	assert_int_equal(rig->report.n_warnings, 1);

	oled_sim_options(rig->sim)->remap_at_once = true;
	send(rig, 0x00, 0xa1);
	assert_int_equal(s->ram[0][3], 0x81);
	send(rig, 0x00, 0xa1); /* no change */
	assert_int_equal(s->ram[0][3], 0x81);
	assert_int_equal(rig->report.n_warnings, 1);
	assert_clean(rig);
}

static void objects_to_arguments_it_cannot_take(void **state)
{
	static const struct bad_argument cases[] = {
		{ 0xa8, 0x7f, "0xa8: argument 0x7f" },
		{ 0xd3, 0x41, "0xd3: argument 0x41" },
		{ 0xda, 0x22, "neither 02 nor 12" },
		{ 0xda, 0x00, "neither 02 nor 12" },
		{ 0xd9, 0x20, "a phase of 0" },
		{ 0xad, 0x14, "neither 8A nor 8B" },
	};
	struct rig *rig = *state;

	assert_objects(rig, cases, ARRAY_SIZE(cases));
	send(rig, 0x00, 0xe0, 0xee);
	assert_int_equal(rig->report.n_warnings, 2);
}

static void objects_to_noise_beside_the_glass(void **state)
{
	static const uint8_t dark[128];
	struct rig *rig = *state;

	send_registers(rig);
	for (unsigned int page = 0; page < OLED_PAGES; page++)
		send_run(rig, page, 2, dark, sizeof(dark));
	send(rig, 0x00, 0xaf);
	assert_violation(rig, "32 bytes of the RAM were never written");
}

static void objects_to_its_pump_being_switched_while_it_is_on(void **state)
{
	struct rig *rig = *state;

	bring_up(rig);
	send(rig, 0x00, 0xad, 0x8a);
	assert_violation(rig, "switched while the display is on");
	send(rig, 0x00, 0xae, 0xaf);
	assert_violation(rig, "the panel stays dark");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup_sh1106, rig_teardown)
	static const struct CMUnitTest tests[] = {
		TEST(starts_with_the_reset_values),
		TEST(shows_128_of_its_132_columns),
		TEST(tells_in_its_status_what_it_is),
		TEST(knows_the_length_of_every_command),
		TEST(misreads_what_is_meant_for_an_ssd1306),
		TEST(objects_to_data_beyond_its_last_column),
		TEST(remaps_when_written_or_at_once),
		TEST(objects_to_arguments_it_cannot_take),
		TEST(objects_to_noise_beside_the_glass),
		TEST(objects_to_its_pump_being_switched_while_it_is_on),
	};

	return cmocka_run_group_tests_name("sh1106_sim", tests, NULL, NULL);
}
