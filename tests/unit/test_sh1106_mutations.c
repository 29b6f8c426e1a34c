// SPDX-License-Identifier: MIT
/*
 * test_sh1106_mutations.c — wrong drivers that the simulated SH1106 must catch
 *
 * By a violation with the right sentence, or by a picture that is not the one
 * sent. A strict model is only proven strict by what it rejects.
 */
#include "sim/sh1106_sim.h"

#include <string.h>

#include "module_mutations.h"

static void show_at(struct rig *rig, unsigned int column)
{
	picture p;

	make_picture(p);
	for (unsigned int page = 0; page < OLED_PAGES; page++)
		send_run(rig, page, column, p[page], OLED_WIDTH_MAX);
}

/* A driver that takes it for an SSD1306. */
static void ssd1306_registers(struct rig *rig)
{
	send(rig, 0x00, 0xae, 0xd5, 0x80, 0xa8, 0x3f, 0xd3, 0x00, 0x40, 0x8d, 0x14, 0x20,
	     0x02, 0xa1, 0xc8, 0xda, 0x12, 0x81, 0xcf, 0xd9, 0xf1, 0xdb, 0x30, 0x2e, 0xa4,
	     0xa6);
}

static void charge_pump_of_an_ssd1306(struct rig *rig)
{
	ssd1306_registers(rig);
}

static void addressing_mode_of_an_ssd1306(struct rig *rig)
{
	ssd1306_registers(rig);
}

static void stops_a_scroll_it_does_not_have(struct rig *rig)
{
	ssd1306_registers(rig);
}

static void no_column_offset(struct rig *rig)
{
	bring_up(rig);
	show_at(rig, 0);
}

static void column_offset_of_4(struct rig *rig)
{
	bring_up(rig);
	show_at(rig, 4);
}

static void column_offset_of_5(struct rig *rig)
{
	bring_up(rig);
	show_at(rig, 5);
}

static void clears_128_columns_only(struct rig *rig)
{
	static const uint8_t dark[128];

	send_registers(rig);
	for (unsigned int page = 0; page < OLED_PAGES; page++)
		send_run(rig, page, 0, dark, sizeof(dark));
	send(rig, 0x00, 0xaf);
}

/* One stripe of 8 rows: everything lands in one page. */
static void horizontal_mode_data(struct rig *rig)
{
	uint8_t data[1025] = { 0x40 };

	bring_up(rig);
	send(rig, 0x00, 0xb0, 0x02, 0x10);
	send_bytes(rig, data, sizeof(data));
}

static void horizontal_window(struct rig *rig)
{
	bring_up(rig);
	send(rig, 0x00, 0x21, 0x00, 0x7f, 0x22, 0x00, 0x07);
}

/* What MicroPython's driver of 2024 sends, one transaction a byte. */
static void micropython_init_and_window(struct rig *rig)
{
	static const uint8_t bytes[] = {
		0xae, 0x20, 0x00, 0x40, 0xa1, 0xa8, 0x3f, 0xc8, 0xd3, 0x00, 0xda,
		0x12, 0xd5, 0x80, 0xd9, 0xf1, 0xdb, 0x30, 0x81, 0xff, 0xa4, 0xa6,
		0xad, 0x30, 0x8d, 0x14, 0xaf, 0x21, 0x00, 0x7f, 0x22, 0x00, 0x07,
	};
	const struct oled_state *s = oled_sim_state(rig->sim);

	for (size_t i = 0; i < sizeof(bytes); i++)
		send(rig, 0x80, bytes[i]);
	/* As known from the real one. */
	assert_false(s->pump_on);
	assert_int_equal(s->start_line, 63);
	assert_int_equal(s->column, 0x47);
}

static void no_page_or_column_before_data(struct rig *rig)
{
	bring_up(rig);
	send(rig, 0x40, 0x55);
}

static void past_the_last_column(struct rig *rig)
{
	static const uint8_t dark[133];
	uint8_t message[134] = { 0x40 };

	bring_up(rig);
	memcpy(message + 1, dark, sizeof(dark));
	send(rig, 0x00, 0xb0, 0x00, 0x10);
	send_bytes(rig, message, sizeof(message));
}

static void pump_left_off(struct rig *rig)
{
	init_with(rig, 0xad, 0x8a, true);
}

static const struct mutation mutations[] = {
	MUTATION(charge_pump_of_an_ssd1306, "Unknown command 0x8d"),
	MUTATION(addressing_mode_of_an_ssd1306, "Unknown command 0x20"),
	MUTATION(stops_a_scroll_it_does_not_have, "Unknown command 0x2e"),
	MUTATION(no_column_offset, NULL),
	MUTATION(column_offset_of_4, NULL),
	MUTATION(column_offset_of_5, "Data past column 131"),
	MUTATION(clears_128_columns_only, "32 bytes of the RAM were never written"),
	MUTATION(horizontal_mode_data, "Data past column 131"),
	MUTATION(horizontal_window, "Unknown command 0x21"),
	MUTATION(horizontal_window, "Unknown command 0x22"),
	MUTATION(micropython_init_and_window, "neither 8A nor 8B"),
	MUTATION(micropython_init_and_window, "the panel stays dark"),
	MUTATION(no_page_or_column_before_data, "the pointer cannot be trusted"),
	MUTATION(past_the_last_column, "Data past column 131"),
	MUTATION(pump_left_off, "the panel stays dark"),
};

static void catches_every_mutation(void **state)
{
	(void)state;
	assert_common_mutations_caught(rig_setup_sh1106);
	assert_caught(rig_setup_sh1106, mutations, ARRAY_SIZE(mutations));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(catches_every_mutation),
	};

	return cmocka_run_group_tests_name("sh1106_mutations", tests, NULL, NULL);
}
