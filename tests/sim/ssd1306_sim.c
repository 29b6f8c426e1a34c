// SPDX-License-Identifier: MIT
/*
 * ssd1306_sim.c — the commands of the SSD1306
 *
 * Arguments are cut to the bits that the chip has; one that does not fit, or
 * that the datasheet (1.1, section 10) calls invalid, is a violation. What
 * changes the picture in a way that the glass does not show (scrolling, fade,
 * zoom) is a warning.
 */
#include "ssd1306_sim.h"

#define MUX_MIN 15 /* A8: 0..14 are invalid */

static uint8_t masked(struct oled_sim *sim, uint8_t opcode, uint8_t argument,
		      uint8_t mask)
{
	if (argument & ~mask)
		oled_sim_object(sim, "Command 0x%02x: argument 0x%02x is beyond 0x%02x",
				opcode, argument, mask);
	return argument & mask;
}

static void column_low(struct oled_sim *sim, uint8_t opcode, const uint8_t *arguments)
{
	(void)arguments;
	oled_sim_set_column_low(sim, opcode & 0x0f);
}

static void column_high(struct oled_sim *sim, uint8_t opcode, const uint8_t *arguments)
{
	(void)arguments;
	oled_sim_set_column_high(sim, masked(sim, 0x10, opcode & 0x0f, 0x07));
}

static void addressing_mode(struct oled_sim *sim, uint8_t opcode,
			    const uint8_t *arguments)
{
	uint8_t mode = masked(sim, opcode, arguments[0], 0x03);

	if (mode > OLED_MODE_PAGE)
		oled_sim_object(sim, "Addressing mode 3 is invalid");
	else
		oled_sim_registers(sim)->mode = mode;
}

static void check_window(struct oled_sim *sim, const char *what, const uint8_t window[2])
{
	if (window[0] > window[1])
		oled_sim_object(sim, "The %s window ends (%u) before it starts (%u)",
				what, window[1], window[0]);
	if (oled_sim_registers(sim)->mode == OLED_MODE_PAGE)
		oled_sim_warn(sim, "The %s window has no effect in page addressing mode",
			      what);
}

static void column_window(struct oled_sim *sim, uint8_t opcode, const uint8_t *arguments)
{
	struct oled_state *s = oled_sim_registers(sim);

	for (size_t i = 0; i < 2; i++)
		s->window_columns[i] = masked(sim, opcode, arguments[i], 0x7f);
	check_window(sim, "column", s->window_columns);
	s->column = s->window_columns[0];
}

static void page_window(struct oled_sim *sim, uint8_t opcode, const uint8_t *arguments)
{
	struct oled_state *s = oled_sim_registers(sim);

	for (size_t i = 0; i < 2; i++)
		s->window_pages[i] = masked(sim, opcode, arguments[i], 0x07);
	check_window(sim, "page", s->window_pages);
	s->page = s->window_pages[0];
}

static void effect_not_shown(struct oled_sim *sim, uint8_t opcode,
			     const uint8_t *arguments)
{
	if (arguments[0] != 0)
		oled_sim_warn(sim, "Command 0x%02x 0x%02x: this effect is not shown",
			      opcode, arguments[0]);
}

static void accept(struct oled_sim *sim, uint8_t opcode, const uint8_t *arguments)
{
	(void)sim;
	(void)opcode;
	(void)arguments;
}

static void scroll(struct oled_sim *sim, uint8_t opcode, const uint8_t *arguments)
{
	struct oled_state *s = oled_sim_registers(sim);

	(void)arguments;
	s->scrolling = opcode == 0x2f;
	if (s->scrolling)
		oled_sim_warn(sim, "The panel scrolls: this effect is not shown");
}

static void start_line(struct oled_sim *sim, uint8_t opcode, const uint8_t *arguments)
{
	(void)arguments;
	oled_sim_registers(sim)->start_line = opcode & 0x3f;
}

static void contrast(struct oled_sim *sim, uint8_t opcode, const uint8_t *arguments)
{
	(void)opcode;
	oled_sim_registers(sim)->contrast = arguments[0];
}

static void charge_pump(struct oled_sim *sim, uint8_t opcode, const uint8_t *arguments)
{
	struct oled_state *s = oled_sim_registers(sim);
	bool on = arguments[0] & 0x04;

	if (arguments[0] != 0x10 && arguments[0] != 0x14)
		oled_sim_object(sim,
				"Command 0x%02x: argument 0x%02x is neither 10 nor 14",
				opcode, arguments[0]);
	if (s->on && on != s->pump_on)
		oled_sim_object(sim,
				"The charge pump is switched while the display is on");
	s->pump_on = on;
}

static void segment_remap(struct oled_sim *sim, uint8_t opcode, const uint8_t *arguments)
{
	struct oled_state *s = oled_sim_registers(sim);
	bool remap = opcode & 1;

	(void)arguments;
	if (remap != s->segment_remap && oled_sim_is_written(sim))
		oled_sim_warn(
			sim,
			"The segments are remapped: what is in the RAM stays as it is");
	s->segment_remap = remap;
}

static void all_on(struct oled_sim *sim, uint8_t opcode, const uint8_t *arguments)
{
	(void)arguments;
	oled_sim_registers(sim)->all_on = opcode & 1;
}

static void inverse(struct oled_sim *sim, uint8_t opcode, const uint8_t *arguments)
{
	(void)arguments;
	oled_sim_registers(sim)->inverse = opcode & 1;
}

static void multiplex(struct oled_sim *sim, uint8_t opcode, const uint8_t *arguments)
{
	uint8_t mux = masked(sim, opcode, arguments[0], 0x3f);

	if (mux < MUX_MIN)
		oled_sim_object(sim, "Multiplex ratio %u is below 16", mux + 1U);
	oled_sim_registers(sim)->mux = mux;
}

static void display_on(struct oled_sim *sim, uint8_t opcode, const uint8_t *arguments)
{
	bool on = opcode & 1;

	(void)arguments;
	if (on && !oled_sim_registers(sim)->pump_on)
		oled_sim_object(
			sim,
			"Switched on with the charge pump off: the panel stays dark");
	oled_sim_switch(sim, on);
}

static void page_start(struct oled_sim *sim, uint8_t opcode, const uint8_t *arguments)
{
	(void)arguments;
	oled_sim_set_page(sim, opcode & 0x07);
}

static void com_direction(struct oled_sim *sim, uint8_t opcode, const uint8_t *arguments)
{
	(void)arguments;
	oled_sim_registers(sim)->com_reverse = opcode & 0x08;
}

static void display_offset(struct oled_sim *sim, uint8_t opcode, const uint8_t *arguments)
{
	oled_sim_registers(sim)->offset = masked(sim, opcode, arguments[0], 0x3f);
}

static void precharge(struct oled_sim *sim, uint8_t opcode, const uint8_t *arguments)
{
	if ((arguments[0] & 0x0f) == 0 || (arguments[0] & 0xf0) == 0)
		oled_sim_object(sim, "Command 0x%02x: a phase of 0 in 0x%02x is invalid",
				opcode, arguments[0]);
}

static void com_pins(struct oled_sim *sim, uint8_t opcode, const uint8_t *arguments)
{
	if ((arguments[0] & ~0x30) != 0x02)
		oled_sim_object(
			sim, "Command 0x%02x: argument 0x%02x is none of 02, 12, 22, 32",
			opcode, arguments[0]);
	oled_sim_registers(sim)->com_pins = arguments[0] & 0x30;
}

static void vcomh(struct oled_sim *sim, uint8_t opcode, const uint8_t *arguments)
{
	uint8_t v = arguments[0];

	if (v != 0x00 && v != 0x20 && v != 0x30)
		oled_sim_warn(sim, "Command 0x%02x: level 0x%02x is not documented",
			      opcode, v);
}

static const struct oled_command commands[] = {
	{ 0x00, 0x0f, 0, column_low },
	{ 0x10, 0x1f, 0, column_high },
	{ 0x20, 0x20, 1, addressing_mode },
	{ 0x21, 0x21, 2, column_window },
	{ 0x22, 0x22, 2, page_window },
	{ 0x23, 0x23, 1, effect_not_shown }, /* fade and blink */
	{ 0x26, 0x27, 6, accept },	     /* horizontal scroll set-up */
	{ 0x29, 0x2a, 5, accept },	     /* vertical and horizontal */
	{ 0x2e, 0x2f, 0, scroll },
	{ 0x40, 0x7f, 0, start_line },
	{ 0x81, 0x81, 1, contrast },
	{ 0x8d, 0x8d, 1, charge_pump },
	{ 0xa0, 0xa1, 0, segment_remap },
	{ 0xa3, 0xa3, 2, accept }, /* vertical scroll area */
	{ 0xa4, 0xa5, 0, all_on },
	{ 0xa6, 0xa7, 0, inverse },
	{ 0xa8, 0xa8, 1, multiplex },
	{ 0xae, 0xaf, 0, display_on },
	{ 0xb0, 0xb7, 0, page_start },
	{ 0xc0, 0xc0, 0, com_direction },
	{ 0xc8, 0xc8, 0, com_direction },
	{ 0xd3, 0xd3, 1, display_offset },
	{ 0xd5, 0xd5, 1, accept },	     /* oscillator */
	{ 0xd6, 0xd6, 1, effect_not_shown }, /* zoom */
	{ 0xd9, 0xd9, 1, precharge },
	{ 0xda, 0xda, 1, com_pins },
	{ 0xdb, 0xdb, 1, vcomh },
	{ 0xe3, 0xe3, 0, accept }, /* NOP */
};

const struct oled_controller ssd1306_controller = {
	.name = "ssd1306",
	.columns = SSD1306_COLUMNS,
	.status_id = 6,
	.reset = {
		.mode = OLED_MODE_PAGE,
		.window_columns = { 0, SSD1306_COLUMNS - 1 },
		.window_pages = { 0, OLED_PAGES - 1 },
		.com_pins = 0x10,
		.mux = 63,
		.contrast = 0x7f,
	},
	.commands = commands,
	.n_commands = ARRAY_SIZE(commands),
};
