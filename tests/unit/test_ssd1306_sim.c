// SPDX-License-Identifier: MIT
/*
 * test_ssd1306_sim.c — the simulated panel keeps the rules of the chip
 *
 * One test for each rule; test_ssd1306_mutations.c shows what they catch.
 */
#include "sim/ssd1306_sim.h"

#include "module_rig.h"

/* ---- power-up ---- */

static void starts_with_the_reset_values(void **state)
{
	struct rig *rig = *state;
	const struct oled_state *s = oled_sim_state(rig->sim);

	assert_int_equal(s->mode, OLED_MODE_PAGE);
	assert_int_equal(s->page, 0);
	assert_int_equal(s->column, 0);
	assert_int_equal(s->window_columns[0], 0);
	assert_int_equal(s->window_columns[1], 127);
	assert_int_equal(s->window_pages[0], 0);
	assert_int_equal(s->window_pages[1], 7);
	assert_int_equal(s->start_line, 0);
	assert_int_equal(s->contrast, 0x7f);
	assert_int_equal(s->mux, 0x3f);
	assert_int_equal(s->offset, 0);
	assert_int_equal(s->com_pins, 0x10);
	assert_false(s->on || s->all_on || s->inverse || s->pump_on || s->scrolling);
	assert_false(s->segment_remap || s->com_reverse);
}

static void starts_with_noise_of_its_seed_in_the_ram(void **state)
{
	struct rig *rig = *state;
	struct oled_state first = *oled_sim_state(rig->sim);
	unsigned int histogram[2] = { 0, 0 };
	struct oled_sim *other;

	for (size_t page = 0; page < OLED_PAGES; page++)
		for (size_t c = 0; c < SSD1306_COLUMNS; c++)
			histogram[first.ram[page][c] & 1]++;
	assert_in_range(histogram[0], 400, 624);

	assert_int_equal(oled_sim_new(&other, &ssd1306_controller, 1, &rig->report), 0);
	assert_memory_equal(oled_sim_state(other)->ram, first.ram, sizeof(first.ram));
	other = oled_sim_free(other);
	assert_int_equal(oled_sim_new(&other, &ssd1306_controller, 2, &rig->report), 0);
	assert_memory_not_equal(oled_sim_state(other)->ram, first.ram, sizeof(first.ram));
	other = oled_sim_free(other);
}

static void loses_everything_with_its_power_but_goes_on_listening(void **state)
{
	struct rig *rig = *state;
	picture p;

	make_picture(p);
	bring_up(rig);
	send_picture(rig, p);
	oled_sim_lose_power(rig->sim);
	assert_false(oled_sim_state(rig->sim)->on);
	assert_false(oled_sim_state(rig->sim)->pump_on);
	assert_int_equal(oled_sim_state(rig->sim)->contrast, 0x7f);
	assert_int_equal(oled_sim_read_status(rig->sim) & 0x40, 0x40);

	/* A driver that does not know repaints and switches on: dark, but not its fault.
	 */
	send_run(rig, 3, 5, p[3], 8);
	send(rig, 0x00, 0xaf);
	assert_clean(rig);
	assert_true(rig->report.n_warnings > 0);
	assert_int_not_equal(count_wrong(rig, p), 0);

	/* From the AE of its initialisation on it is judged again. */
	send(rig, 0x00, 0xae, 0x8d, 0x14, 0xaf);
	assert_violation(rig, "Switched on while");
	bring_up(rig);
	send_picture(rig, p);
	assert_clean(rig);
	assert_int_equal(count_wrong(rig, p), 0);
}

/* ---- framing ---- */

static void takes_all_that_follows_a_control_byte_without_co(void **state)
{
	struct rig *rig = *state;

	send(rig, 0x00, 0x81, 0x12, 0x45);
	assert_int_equal(oled_sim_state(rig->sim)->contrast, 0x12);
	assert_int_equal(oled_sim_state(rig->sim)->start_line, 5);
	send(rig, 0x00, 0xb2, 0x03, 0x10);
	send(rig, 0x40, 0x80, 0x00, 0xaf);
	assert_int_equal(oled_sim_state(rig->sim)->ram[2][3], 0x80);
	assert_int_equal(oled_sim_state(rig->sim)->ram[2][4], 0x00);
	assert_int_equal(oled_sim_state(rig->sim)->ram[2][5], 0xaf);
	assert_false(oled_sim_state(rig->sim)->on);
	assert_clean(rig);
}

static void takes_one_byte_after_a_control_byte_with_co(void **state)
{
	struct rig *rig = *state;

	send(rig, 0x80, 0xb2, 0x80, 0x08, 0x80, 0x11, 0xc0, 0x55, 0xc0, 0x66, 0x40, 0x77,
	     0x80);
	assert_int_equal(oled_sim_state(rig->sim)->ram[2][0x18], 0x55);
	assert_int_equal(oled_sim_state(rig->sim)->ram[2][0x19], 0x66);
	assert_int_equal(oled_sim_state(rig->sim)->ram[2][0x1a], 0x77);
	assert_int_equal(oled_sim_state(rig->sim)->ram[2][0x1b], 0x80);
	assert_clean(rig);
}

static void expects_a_control_byte_after_every_start(void **state)
{
	struct rig *rig = *state;

	/* Repeated START: a start without an end before it. */
	oled_sim_start(rig->sim);
	oled_sim_write(rig->sim, 0x00);
	oled_sim_write(rig->sim, 0xa5);
	oled_sim_start(rig->sim);
	oled_sim_write(rig->sim, 0x80);
	oled_sim_write(rig->sim, 0xa7);
	oled_sim_end(rig->sim, true);
	assert_true(oled_sim_state(rig->sim)->all_on);
	assert_true(oled_sim_state(rig->sim)->inverse);
	assert_clean(rig);
}

static void objects_to_control_bytes_with_other_bits(void **state)
{
	struct rig *rig = *state;

	for (unsigned int bit = 0; bit < 6; bit++) {
		send(rig, (uint8_t)(1U << bit), 0xe3);
		assert_violation(rig, "bits 5 to 0 must be zero");
	}
	send(rig, 0x80, 0xe3, 0x00, 0xe3);
	assert_clean(rig);
}

static void objects_to_messages_that_end_after_a_control_byte(void **state)
{
	struct rig *rig = *state;
	static const uint8_t controls[] = { 0x00, 0x40, 0x80, 0xc0 };

	for (size_t i = 0; i < sizeof(controls); i++) {
		send_bytes(rig, &controls[i], 1);
		assert_violation(rig, "ends after control byte");
	}
	send(rig, 0x80, 0xe3, 0x00);
	assert_violation(rig, "ends after control byte 0x00");

	/* Not if the bus broke it off, and not if nothing but the address was sent. */
	oled_sim_start(rig->sim);
	oled_sim_write(rig->sim, 0x40);
	oled_sim_end(rig->sim, false);
	oled_sim_start(rig->sim);
	oled_sim_end(rig->sim, true);
	assert_clean(rig);
}

static void tells_in_its_status_whether_it_is_on(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(oled_sim_read_status(rig->sim), 0x46);
	bring_up(rig);
	assert_int_equal(oled_sim_read_status(rig->sim), 0x06);
	oled_sim_options(rig->sim)->status_id = 3;
	assert_int_equal(oled_sim_read_status(rig->sim), 0x03);
	send(rig, 0x00, 0xae);
	assert_int_equal(oled_sim_read_status(rig->sim), 0x43);
	assert_clean(rig);
}

/* ---- decoder ---- */

static void keeps_a_command_without_its_arguments_across_stop(void **state)
{
	struct rig *rig = *state;

	send(rig, 0x80, 0x20);
	send(rig, 0x80, 0x00);
	send(rig, 0x80, 0x21);
	send(rig, 0x80, 0x20);
	send(rig, 0x80, 0x5f);
	assert_int_equal(oled_sim_state(rig->sim)->mode, OLED_MODE_HORIZONTAL);
	assert_int_equal(oled_sim_state(rig->sim)->window_columns[0], 0x20);
	assert_int_equal(oled_sim_state(rig->sim)->window_columns[1], 0x5f);
	assert_int_equal(oled_sim_state(rig->sim)->column, 0x20);
	/* 0x5f was an argument, not a start line. */
	assert_int_equal(oled_sim_state(rig->sim)->start_line, 0);
	assert_clean(rig);
}

static void objects_to_data_while_arguments_are_missing(void **state)
{
	struct rig *rig = *state;

	send(rig, 0x00, 0xb0, 0x00, 0x10, 0x81);
	send(rig, 0x40, 0x55);
	assert_violation(rig, "Data while command 0x81 waits for 1 more argument");
	send(rig, 0x00, 0x33);
	assert_int_equal(oled_sim_state(rig->sim)->contrast, 0x33);
}

static void does_not_blame_the_driver_for_arguments_that_the_bus_cut_off(void **state)
{
	struct rig *rig = *state;

	oled_sim_start(rig->sim);
	oled_sim_write(rig->sim, 0x00);
	oled_sim_write(rig->sim, 0xda);
	oled_sim_end(rig->sim, false);
	bring_up(rig); /* its AE is taken as the argument of DA */
	assert_clean(rig);
	assert_int_equal(rig->report.n_warnings, 1);
	send(rig, 0x00, 0xda, 0xae);
	assert_violation(rig, "none of 02, 12, 22, 32");
}

static void cuts_arguments_to_the_bits_it_has_and_objects(void **state)
{
	static const struct bad_argument cases[] = {
		{ 0x20, 0x06, "0x20: argument 0x06" },
		{ 0xa8, 0x7f, "0xa8: argument 0x7f" },
		{ 0xd3, 0x41, "0xd3: argument 0x41" },
		{ 0xa8, 0x0e, "ratio 15 is below 16" },
		{ 0x20, 0x03, "mode 3 is invalid" },
		{ 0xda, 0x10, "none of 02, 12, 22, 32" },
		{ 0x8d, 0x04, "neither 10 nor 14" },
		{ 0xd9, 0x20, "a phase of 0" },
		{ 0xd9, 0x02, "a phase of 0" },
	};
	struct rig *rig = *state;

	assert_objects(rig, cases, ARRAY_SIZE(cases));
	assert_int_equal(oled_sim_state(rig->sim)->mode, OLED_MODE_PAGE); /* 6 & 3 */
	assert_int_equal(oled_sim_state(rig->sim)->offset, 1);
	send(rig, 0x00, 0x20, 0x00, 0x21, 0x85, 0x7f);
	assert_violation(rig, "0x21: argument 0x85");
	assert_int_equal(oled_sim_state(rig->sim)->window_columns[0], 5);
	send(rig, 0x00, 0x22, 0x09, 0x07);
	assert_violation(rig, "0x22: argument 0x09");
	assert_int_equal(oled_sim_state(rig->sim)->page, 1);
	send(rig, 0x00, 0x21, 0x05, 0x04);
	assert_violation(rig, "ends (4) before it starts (5)");
}

static void takes_an_unknown_command_as_one_byte_and_objects(void **state)
{
	struct rig *rig = *state;

	send(rig, 0x00, 0xad, 0xa5);
	assert_violation(rig, "Unknown command 0xad");
	assert_true(
		oled_sim_state(rig->sim)->all_on); /* the next byte is a command again */
}

static void knows_the_length_of_every_command(void **state)
{
	static const struct command_length commands[] = {
		{ 0x00, 0 }, { 0x0f, 0 }, { 0x10, 0 }, { 0x17, 0 }, { 0x20, 1 },
		{ 0x21, 2 }, { 0x22, 2 }, { 0x23, 1 }, { 0x26, 6 }, { 0x27, 6 },
		{ 0x29, 5 }, { 0x2a, 5 }, { 0x2e, 0 }, { 0x2f, 0 }, { 0x40, 0 },
		{ 0x7f, 0 }, { 0x81, 1 }, { 0x8d, 1 }, { 0xa0, 0 }, { 0xa1, 0 },
		{ 0xa3, 2 }, { 0xa4, 0 }, { 0xa5, 0 }, { 0xa6, 0 }, { 0xa7, 0 },
		{ 0xa8, 1 }, { 0xae, 0 }, { 0xb0, 0 }, { 0xb7, 0 }, { 0xc0, 0 },
		{ 0xc8, 0 }, { 0xd3, 1 }, { 0xd5, 1 }, { 0xd6, 1 }, { 0xd9, 1 },
		{ 0xda, 1 }, { 0xdb, 1 }, { 0xe3, 0 },
	};

	assert_lengths(*state, commands, ARRAY_SIZE(commands));
}

/* ---- pointers ---- */

static void stays_in_the_page_and_objects_to_data_past_its_end(void **state)
{
	struct rig *rig = *state;
	const struct oled_state *s = oled_sim_state(rig->sim);

	send(rig, 0x00, 0xb1, 0x0e, 0x17); /* column 126 */
	send(rig, 0x40, 1, 2);
	assert_clean(rig);
	assert_int_equal(s->ram[1][126], 1);
	assert_int_equal(s->ram[1][127], 2);
	assert_int_equal(s->column, 126); /* the start column */

	send(rig, 0x00, 0xb1, 0x0e, 0x17);
	send(rig, 0x40, 3, 4, 5);
	assert_violation(rig, "Data past column 127");
	assert_int_equal(s->ram[1][126], 5);
	assert_int_equal(s->page, 1);

	oled_sim_options(rig->sim)->wrap_to_zero = true;
	send(rig, 0x00, 0xb1, 0x0e, 0x17);
	send(rig, 0x40, 6, 7, 8);
	assert_violation(rig, "Data past column 127");
	assert_int_equal(s->ram[1][0], 8);
}

static void objects_to_data_at_a_pointer_that_was_not_set(void **state)
{
	struct rig *rig = *state;
	static const uint8_t partial[][3] = {
		{ 0x00, 0x10, 0xe3 },
		{ 0xb0, 0x10, 0xe3 },
		{ 0xb0, 0x00, 0xe3 },
	};

	send(rig, 0x40, 1);
	assert_violation(rig, "the pointer cannot be trusted");
	send(rig, 0x00, 0xb0, 0x00, 0x10);
	send(rig, 0x40, 1, 2, 3);
	assert_clean(rig);
	send(rig, 0x40, 4);
	assert_violation(rig, "the pointer cannot be trusted");
	for (size_t i = 0; i < ARRAY_SIZE(partial); i++) {
		send(rig, 0x00, partial[i][0], partial[i][1], partial[i][2]);
		send(rig, 0x40, 5);
		assert_violation(rig, "the pointer cannot be trusted");
	}
}

static void walks_through_a_window_by_columns(void **state)
{
	struct rig *rig = *state;
	const struct oled_state *s = oled_sim_state(rig->sim);

	send(rig, 0x00, 0x20, 0x00, 0x21, 10, 12, 0x22, 2, 3);
	send(rig, 0x40, 1, 2, 3, 4, 5, 6, 7);
	assert_int_equal(s->ram[2][10], 7); /* after the last, the first again */
	assert_int_equal(s->ram[2][11], 2);
	assert_int_equal(s->ram[2][12], 3);
	assert_int_equal(s->ram[3][10], 4);
	assert_int_equal(s->ram[3][12], 6);
	assert_int_equal(s->column, 11);
	assert_int_equal(s->page, 2);
	assert_clean(rig);
}

static void walks_through_a_window_by_pages(void **state)
{
	struct rig *rig = *state;
	const struct oled_state *s = oled_sim_state(rig->sim);

	send(rig, 0x00, 0x20, 0x01, 0x21, 10, 12, 0x22, 2, 3);
	send(rig, 0x40, 1, 2, 3, 4, 5, 6, 7);
	assert_int_equal(s->ram[2][10], 7);
	assert_int_equal(s->ram[3][10], 2);
	assert_int_equal(s->ram[2][11], 3);
	assert_int_equal(s->ram[3][12], 6);
	assert_int_equal(s->column, 10);
	assert_int_equal(s->page, 3);
	assert_clean(rig);
}

static void takes_page_and_column_in_other_modes_with_a_warning(void **state)
{
	struct rig *rig = *state;

	send(rig, 0x00, 0x20, 0x00, 0xb3, 0x05, 0x11);
	assert_int_equal(oled_sim_state(rig->sim)->page, 3);
	assert_int_equal(oled_sim_state(rig->sim)->column, 0x15);
	assert_int_equal(rig->report.n_warnings, 3);
	send(rig, 0x00, 0x20, 0x02, 0x21, 0, 127);
	assert_int_equal(rig->report.n_warnings, 4);
	assert_clean(rig);
}

static void remaps_columns_when_they_are_written_and_never_later(void **state)
{
	struct rig *rig = *state;
	const struct oled_state *s = oled_sim_state(rig->sim);

	send(rig, 0x00, 0xa1, 0xb0, 0x03, 0x10);
	send(rig, 0x40, 0x81, 0x42);
	assert_int_equal(s->ram[0][124], 0x81);
	assert_int_equal(s->ram[0][123], 0x42);
	send(rig, 0x00, 0xa0);
	assert_int_equal(s->ram[0][124], 0x81);
	assert_int_equal(rig->report.n_warnings,
			 1); /* what was written stays where it is */
	send(rig, 0x00, 0xb0, 0x03, 0x10);
	send(rig, 0x40, 0x18);
	assert_int_equal(s->ram[0][3], 0x18);
	assert_clean(rig);
}

/* 128 columns exist: beyond them is nothing, wherever the address points. */
static void wraps_addresses_inside_the_ram(void **state)
{
	struct rig *rig = *state;

	send(rig, 0x00, 0xb7, 0x02, 0x18);
	assert_violation(rig, "argument 0x08 is beyond 0x07");
	send(rig, 0x40, 0x5a);
	assert_int_equal(oled_sim_state(rig->sim)->ram[7][2], 0x5a);
	/* A window that runs over the edge goes on at the other side. */
	send(rig, 0x00, 0x20, 0x00, 0x21, 127, 0, 0x22, 7, 0);
	rig->report.n_violations = 0;
	send(rig, 0x40, 1, 2, 3, 4);
	assert_int_equal(oled_sim_state(rig->sim)->ram[7][127], 1);
	assert_int_equal(oled_sim_state(rig->sim)->ram[7][0], 2);
	assert_int_equal(oled_sim_state(rig->sim)->ram[0][127], 3);
	assert_int_equal(oled_sim_state(rig->sim)->ram[0][0], 4);
}

static void objects_to_light_without_its_charge_pump(void **state)
{
	struct rig *rig = *state;

	bring_up(rig);
	send(rig, 0x00, 0xae, 0x8d, 0x10, 0xaf);
	assert_violation(rig, "the panel stays dark");
	send(rig, 0x00, 0x8d, 0x14);
	assert_violation(rig, "switched while the display is on");
	send(rig, 0x00, 0x8d, 0x14,
	     0xaf); /* as before: an initialisation repeated is welcome */
	assert_clean(rig);
}

static void warns_of_effects_that_it_does_not_show(void **state)
{
	struct rig *rig = *state;

	send(rig, 0x00, 0x23, 0x00, 0xd6, 0x00, 0x2e, 0xdb, 0x30);
	assert_int_equal(rig->report.n_warnings, 0);
	send(rig, 0x00, 0x23, 0x2f, 0xd6, 0x01, 0x2f, 0xdb, 0x40);
	assert_int_equal(rig->report.n_warnings, 4);
	assert_clean(rig);
	send(rig, 0x00, 0xb0, 0x00, 0x10);
	send(rig, 0x40, 0x00);
	assert_violation(rig, "while the panel scrolls");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
	static const struct CMUnitTest tests[] = {
		TEST(starts_with_the_reset_values),
		TEST(starts_with_noise_of_its_seed_in_the_ram),
		TEST(loses_everything_with_its_power_but_goes_on_listening),
		TEST(takes_all_that_follows_a_control_byte_without_co),
		TEST(takes_one_byte_after_a_control_byte_with_co),
		TEST(expects_a_control_byte_after_every_start),
		TEST(objects_to_control_bytes_with_other_bits),
		TEST(objects_to_messages_that_end_after_a_control_byte),
		TEST(tells_in_its_status_whether_it_is_on),
		TEST(keeps_a_command_without_its_arguments_across_stop),
		TEST(objects_to_data_while_arguments_are_missing),
		TEST(does_not_blame_the_driver_for_arguments_that_the_bus_cut_off),
		TEST(cuts_arguments_to_the_bits_it_has_and_objects),
		TEST(takes_an_unknown_command_as_one_byte_and_objects),
		TEST(knows_the_length_of_every_command),
		TEST(stays_in_the_page_and_objects_to_data_past_its_end),
		TEST(objects_to_data_at_a_pointer_that_was_not_set),
		TEST(walks_through_a_window_by_columns),
		TEST(walks_through_a_window_by_pages),
		TEST(takes_page_and_column_in_other_modes_with_a_warning),
		TEST(remaps_columns_when_they_are_written_and_never_later),
		TEST(wraps_addresses_inside_the_ram),
		TEST(objects_to_light_without_its_charge_pump),
		TEST(warns_of_effects_that_it_does_not_show),
	};

	return cmocka_run_group_tests_name("ssd1306_sim", tests, NULL, NULL);
}
