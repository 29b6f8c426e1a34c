// SPDX-License-Identifier: MIT
/*
 * test_ssd1306_mutations.c — wrong drivers that the simulated panel must catch
 *
 * By a violation with the right sentence, or by a picture that is not the one
 * sent. A strict model is only proven strict by what it rejects.
 */
#include "sim/ssd1306_sim.h"

#include <string.h>

#include "module_mutations.h"

static void clears_all_but_one_column(struct rig *rig)
{
	uint8_t dark[SSD1306_COLUMNS] = { 0 };

	send_registers(rig);
	for (unsigned int page = 0; page < OLED_PAGES; page++)
		send_run(rig, page, 0, dark, SSD1306_COLUMNS - 1);
	send(rig, 0x00, 0xaf);
}

/* What MicroPython's driver of 2024 sends, one transaction a byte. */
static void micropython_init_and_window(struct rig *rig)
{
	static const uint8_t bytes[] = {
		0xae, 0x20, 0x00, 0x40, 0xa1, 0xa8, 0x3f, 0xc8, 0xd3, 0x00, 0xda,
		0x12, 0xd5, 0x80, 0xd9, 0xf1, 0xdb, 0x30, 0x81, 0xff, 0xa4, 0xa6,
		0xad, 0x30, 0x8d, 0x14, 0xaf, 0x21, 0x00, 0x7f, 0x22, 0x00, 0x07,
	};
	uint8_t data[1025] = { 0x40 };

	for (size_t i = 0; i < sizeof(bytes); i++)
		send(rig, 0x80, bytes[i]);
	send_bytes(rig, data, sizeof(data));
}

static void no_page_or_column_before_data(struct rig *rig)
{
	uint8_t data[1025] = { 0x40 };

	bring_up(rig);
	send_bytes(rig, data, sizeof(data));
}

static void column_only_once_for_all_pages(struct rig *rig)
{
	uint8_t data[129] = { 0x40 };

	bring_up(rig);
	send(rig, 0x00, 0x00, 0x10);
	for (unsigned int page = 0; page < OLED_PAGES; page++) {
		send(rig, 0x00, (uint8_t)(0xb0 | page));
		send_bytes(rig, data, sizeof(data));
	}
}

static void data_while_arguments_are_pending(struct rig *rig)
{
	bring_up(rig);
	send(rig, 0x00, 0xb0, 0x00, 0x10, 0x81); /* the contrast itself is forgotten */
	send(rig, 0x40, 0x00);
}

static void data_control_byte_after_co_0(struct rig *rig)
{
	bring_up(rig);
	send(rig, 0x00, 0xb0, 0x00, 0x10, 0x40, 0x3e, 0x51, 0x49, 0x45, 0x3e);
}

static void commands_sent_as_data(struct rig *rig)
{
	bring_up(rig);
	send(rig, 0x40, 0xb0, 0x00, 0x10);
}

static void reserved_bits_in_the_control_byte(struct rig *rig)
{
	bring_up(rig);
	send(rig, 0x01, 0xe3); /* meant as a register address */
}

static void control_byte_alone(struct rig *rig)
{
	bring_up(rig);
	send(rig, 0x00, 0xb0, 0x00, 0x10);
	send(rig, 0x40); /* the data were to follow in a second message */
}

static void past_the_last_column(struct rig *rig)
{
	uint8_t data[130] = { 0x40 };

	bring_up(rig);
	send(rig, 0x00, 0xb0, 0x00, 0x10);
	send_bytes(rig, data, sizeof(data));
}

static void sh1106_column_offset(struct rig *rig)
{
	uint8_t dark[1] = { 0 };

	bring_up(rig);
	send_run(rig, 0, 126 + 2, dark, 1);
}

static void sh1106_initialisation(struct rig *rig)
{
	send(rig, 0x00, 0xae, 0xd5, 0x50, 0xad, 0x8b, 0x32);
}

static void horizontal_window_in_page_mode(struct rig *rig)
{
	uint8_t data[1025] = { 0x40 };

	bring_up(rig);
	send(rig, 0x00, 0x21, 0, 127, 0x22, 0, 7);
	send_bytes(rig, data, sizeof(data));
}

static void no_charge_pump(struct rig *rig)
{
	init_with(rig, 0x8d, 0x10, true);
}

static void charge_pump_after_switching_on(struct rig *rig)
{
	init_with(rig, 0x8d, 0x10, true);
	rig->report.n_violations = 0;
	send(rig, 0x00, 0x8d, 0x14);
}

static void scroll_left_running(struct rig *rig)
{
	init_with(rig, 0x2e, 0x2f, false);
}

static void vertical_mode_for_horizontal_data(struct rig *rig)
{
	uint8_t data[1025] = { 0x40 };
	picture p;

	make_picture(p);
	bring_up(rig);
	memcpy(data + 1, p, sizeof(p));
	send(rig, 0x00, 0x20, 0x01, 0x21, 0, 127, 0x22, 0, 7);
	send_bytes(rig, data, sizeof(data));
}

static void bits_of_a_column_reversed(struct rig *rig)
{
	picture p;

	make_picture(p);
	for (size_t page = 0; page < OLED_PAGES; page++)
		for (size_t c = 0; c < SSD1306_COLUMNS; c++) {
			uint8_t reversed = 0;

			for (int bit = 0; bit < 8; bit++)
				reversed |=
					(uint8_t)((p[page][c] >> bit & 1) << (7 - bit));
			p[page][c] = reversed;
		}
	bring_up(rig);
	send_picture(rig, p);
}

static const struct mutation mutations[] = {
	MUTATION(clears_all_but_one_column, "8 bytes of the RAM were never written"),
	MUTATION(micropython_init_and_window, "Unknown command 0xad"),
	MUTATION(micropython_init_and_window, "noise is visible"),
	MUTATION(no_page_or_column_before_data, "the pointer cannot be trusted"),
	MUTATION(column_only_once_for_all_pages, "the pointer cannot be trusted"),
	MUTATION(data_while_arguments_are_pending, "waits for 1 more argument"),
	MUTATION(data_control_byte_after_co_0, "Unknown command 0x3e"),
	MUTATION(commands_sent_as_data, "the pointer cannot be trusted"),
	MUTATION(reserved_bits_in_the_control_byte, "bits 5 to 0 must be zero"),
	MUTATION(control_byte_alone, "ends after control byte 0x40"),
	MUTATION(past_the_last_column, "Data past column 127"),
	MUTATION(sh1106_column_offset, "argument 0x08 is beyond 0x07"),
	MUTATION(sh1106_initialisation, "Unknown command 0xad"),
	MUTATION(horizontal_window_in_page_mode, "Data past column 127"),
	MUTATION(no_charge_pump, "the panel stays dark"),
	MUTATION(charge_pump_after_switching_on, "switched while the display is on"),
	MUTATION(scroll_left_running, "while the panel scrolls"),
	MUTATION(vertical_mode_for_horizontal_data, NULL),
	MUTATION(bits_of_a_column_reversed, NULL),
};

static void catches_every_mutation(void **state)
{
	(void)state;
	assert_common_mutations_caught(rig_setup);
	assert_caught(rig_setup, mutations, ARRAY_SIZE(mutations));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(catches_every_mutation),
	};

	return cmocka_run_group_tests_name("ssd1306_mutations", tests, NULL, NULL);
}
