// SPDX-License-Identifier: MIT
/*
 * sh1106_sim.c — the commands of the SH1106 (datasheet 2.3)
 *
 * Page addressing only. What an SSD1306 has beyond that (20, 21, 22, 23, 26 to
 * 2F, 8D, A3, D6) is unknown here and taken as one byte: the bytes behind it are
 * then commands, often of another meaning. A driver must never send one.
 */
#include "sh1106_sim.h"

#include "oled_sim_commands.h"

/* Which column that makes is only known with the low nibble: judged with the data. */
static void column_high(struct oled_sim *sim, uint8_t opcode, const uint8_t *arguments)
{
	(void)arguments;
	oled_sim_set_column_high(sim, opcode & 0x0f);
}

static void dc_dc(struct oled_sim *sim, uint8_t opcode, const uint8_t *arguments)
{
	if (arguments[0] != 0x8a && arguments[0] != 0x8b)
		oled_sim_object(sim,
				"Command 0x%02x: argument 0x%02x is neither 8A nor 8B",
				opcode, arguments[0]);
	oled_sim_switch_pump(sim, arguments[0] & 1);
}

static void multiplex(struct oled_sim *sim, uint8_t opcode, const uint8_t *arguments)
{
	oled_sim_registers(sim)->mux =
		oled_command_masked(sim, opcode, arguments[0], 0x3f);
}

static void com_pins(struct oled_sim *sim, uint8_t opcode, const uint8_t *arguments)
{
	if ((arguments[0] & ~0x10) != 0x02)
		oled_sim_object(sim,
				"Command 0x%02x: argument 0x%02x is neither 02 nor 12",
				opcode, arguments[0]);
	oled_sim_registers(sim)->com_pins = arguments[0] & 0x10;
}

static void read_modify_write(struct oled_sim *sim, uint8_t opcode,
			      const uint8_t *arguments)
{
	(void)arguments;
	oled_sim_warn(sim, "Command 0x%02x: the RAM cannot be read over I2C", opcode);
}

static const struct oled_command commands[] = {
	{ 0x00, 0x0f, 0, oled_command_column_low },
	{ 0x10, 0x1f, 0, column_high },
	{ 0x30, 0x33, 0, oled_command_accept }, /* pump voltage */
	{ 0x40, 0x7f, 0, oled_command_start_line },
	{ 0x81, 0x81, 1, oled_command_contrast },
	{ 0xa0, 0xa1, 0, oled_command_segment_remap },
	{ 0xa4, 0xa5, 0, oled_command_all_on },
	{ 0xa6, 0xa7, 0, oled_command_inverse },
	{ 0xa8, 0xa8, 1, multiplex },
	{ 0xad, 0xad, 1, dc_dc },
	{ 0xae, 0xaf, 0, oled_command_display_on },
	{ 0xb0, 0xb7, 0, oled_command_page_start },
	{ 0xc0, 0xcf, 0, oled_command_com_direction }, /* bit 3 alone counts */
	{ 0xd3, 0xd3, 1, oled_command_display_offset },
	{ 0xd5, 0xd5, 1, oled_command_accept }, /* oscillator */
	{ 0xd9, 0xd9, 1, oled_command_precharge },
	{ 0xda, 0xda, 1, com_pins },
	{ 0xdb, 0xdb, 1, oled_command_accept }, /* VCOM, any level */
	{ 0xe0, 0xe0, 0, read_modify_write },
	{ 0xe3, 0xe3, 0, oled_command_accept }, /* NOP */
	{ 0xee, 0xee, 0, read_modify_write },
};

const struct oled_controller sh1106_controller = {
	.name = "sh1106",
	.columns = SH1106_COLUMNS,
	.column_stays = true,
	.status_id = 8,
	.reset = {
		.mode = OLED_MODE_PAGE,
		.com_pins = 0x10,
		.mux = 63,
		.contrast = 0x80,
		.pump_on = true, /* AD 8B */
	},
	.commands = commands,
	.n_commands = ARRAY_SIZE(commands),
};
