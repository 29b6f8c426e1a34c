// SPDX-License-Identifier: MIT
/*
 * ssd1309_sim.c — the commands of the SSD1309 (datasheet 1.1, section 10)
 *
 * As the SSD1306, but it has no charge pump, and levels and set-up of its own.
 */
#include "ssd1309_sim.h"

#include "oled_sim_commands.h"

static void vcomh(struct oled_sim *sim, uint8_t opcode, const uint8_t *arguments)
{
	uint8_t v = arguments[0];

	if (v != 0x00 && v != 0x34 && v != 0x3c)
		oled_sim_warn(sim, "Command 0x%02x: level 0x%02x is not documented",
			      opcode, v);
}

static void gpio(struct oled_sim *sim, uint8_t opcode, const uint8_t *arguments)
{
	(void)oled_command_masked(sim, opcode, arguments[0], 0x03);
}

/* 16 locks all other commands; nobody here has a use for that. */
static void command_lock(struct oled_sim *sim, uint8_t opcode, const uint8_t *arguments)
{
	if (arguments[0] != 0x12)
		oled_sim_object(sim, "Command 0x%02x: argument 0x%02x is not 12", opcode,
				arguments[0]);
}

static const struct oled_command commands[] = {
	{ 0x00, 0x0f, 0, oled_command_column_low },
	{ 0x10, 0x1f, 0, oled_command_column_high },
	{ 0x20, 0x20, 1, oled_command_addressing_mode },
	{ 0x21, 0x21, 2, oled_command_column_window },
	{ 0x22, 0x22, 2, oled_command_page_window },
	{ 0x26, 0x27, 6, oled_command_accept }, /* horizontal scroll set-up */
	{ 0x29, 0x2a, 5, oled_command_accept }, /* vertical and horizontal */
	{ 0x2e, 0x2f, 0, oled_command_scroll },
	{ 0x40, 0x7f, 0, oled_command_start_line },
	{ 0x81, 0x81, 1, oled_command_contrast },
	{ 0xa0, 0xa1, 0, oled_command_segment_remap },
	{ 0xa3, 0xa3, 2, oled_command_accept }, /* vertical scroll area */
	{ 0xa4, 0xa5, 0, oled_command_all_on },
	{ 0xa6, 0xa7, 0, oled_command_inverse },
	{ 0xa8, 0xa8, 1, oled_command_multiplex },
	{ 0xae, 0xaf, 0, oled_command_display_on },
	{ 0xb0, 0xb7, 0, oled_command_page_start },
	{ 0xc0, 0xc0, 0, oled_command_com_direction },
	{ 0xc8, 0xc8, 0, oled_command_com_direction },
	{ 0xd3, 0xd3, 1, oled_command_display_offset },
	{ 0xd5, 0xd5, 1, oled_command_accept }, /* oscillator */
	{ 0xd9, 0xd9, 1, oled_command_precharge },
	{ 0xda, 0xda, 1, oled_command_com_pins },
	{ 0xdb, 0xdb, 1, vcomh },
	{ 0xdc, 0xdc, 1, gpio },
	{ 0xe3, 0xe3, 0, oled_command_accept }, /* NOP */
	{ 0xfd, 0xfd, 1, command_lock },
};

const struct oled_controller ssd1309_controller = {
	.name = "ssd1309",
	.columns = SSD1309_COLUMNS,
	.status_id = 6,
	.reset = {
		.mode = OLED_MODE_PAGE,
		.window_columns = { 0, SSD1309_COLUMNS - 1 },
		.window_pages = { 0, OLED_PAGES - 1 },
		.com_pins = 0x10,
		.mux = 63,
		.contrast = 0x7f,
		.pump_on = true, /* the module brings its voltage along */
	},
	.commands = commands,
	.n_commands = ARRAY_SIZE(commands),
};
