// SPDX-License-Identifier: MIT
/* oled_sim_commands.c — commands that several display controllers have in common */
#include "oled_sim_commands.h"

#define MUX_MIN 15 /* SSD1306 and SSD1309, A8: 0..14 are invalid */

uint8_t oled_command_masked(struct oled_sim *sim, uint8_t opcode, uint8_t argument,
			    uint8_t mask)
{
	if (argument & ~mask)
		oled_sim_object(sim, "Command 0x%02x: argument 0x%02x is beyond 0x%02x",
				opcode, argument, mask);
	return argument & mask;
}

void oled_command_column_low(struct oled_sim *sim, uint8_t opcode,
			     const uint8_t *arguments)
{
	(void)arguments;
	oled_sim_set_column_low(sim, opcode & 0x0f);
}

void oled_command_column_high(struct oled_sim *sim, uint8_t opcode,
			      const uint8_t *arguments)
{
	(void)arguments;
	oled_sim_set_column_high(sim,
				 oled_command_masked(sim, 0x10, opcode & 0x0f, 0x07));
}

void oled_command_start_line(struct oled_sim *sim, uint8_t opcode,
			     const uint8_t *arguments)
{
	(void)arguments;
	oled_sim_registers(sim)->start_line = opcode & 0x3f;
}

void oled_command_contrast(struct oled_sim *sim, uint8_t opcode, const uint8_t *arguments)
{
	(void)opcode;
	oled_sim_registers(sim)->contrast = arguments[0];
}

void oled_command_segment_remap(struct oled_sim *sim, uint8_t opcode,
				const uint8_t *arguments)
{
	(void)arguments;
	oled_sim_remap(sim, opcode & 1);
}

void oled_command_all_on(struct oled_sim *sim, uint8_t opcode, const uint8_t *arguments)
{
	(void)arguments;
	oled_sim_registers(sim)->all_on = opcode & 1;
}

void oled_command_inverse(struct oled_sim *sim, uint8_t opcode, const uint8_t *arguments)
{
	(void)arguments;
	oled_sim_registers(sim)->inverse = opcode & 1;
}

void oled_command_display_on(struct oled_sim *sim, uint8_t opcode,
			     const uint8_t *arguments)
{
	bool on = opcode & 1;

	(void)arguments;
	if (on && !oled_sim_registers(sim)->pump_on)
		oled_sim_object(
			sim,
			"Switched on with the charge pump off: the panel stays dark");
	oled_sim_switch(sim, on);
}

void oled_command_page_start(struct oled_sim *sim, uint8_t opcode,
			     const uint8_t *arguments)
{
	(void)arguments;
	oled_sim_set_page(sim, opcode & 0x07);
}

void oled_command_com_direction(struct oled_sim *sim, uint8_t opcode,
				const uint8_t *arguments)
{
	(void)arguments;
	oled_sim_registers(sim)->com_reverse = opcode & 0x08;
}

void oled_command_display_offset(struct oled_sim *sim, uint8_t opcode,
				 const uint8_t *arguments)
{
	oled_sim_registers(sim)->offset =
		oled_command_masked(sim, opcode, arguments[0], 0x3f);
}

void oled_command_precharge(struct oled_sim *sim, uint8_t opcode,
			    const uint8_t *arguments)
{
	if ((arguments[0] & 0x0f) == 0 || (arguments[0] & 0xf0) == 0)
		oled_sim_object(sim, "Command 0x%02x: a phase of 0 in 0x%02x is invalid",
				opcode, arguments[0]);
}

void oled_command_accept(struct oled_sim *sim, uint8_t opcode, const uint8_t *arguments)
{
	(void)sim;
	(void)opcode;
	(void)arguments;
}

void oled_command_addressing_mode(struct oled_sim *sim, uint8_t opcode,
				  const uint8_t *arguments)
{
	uint8_t mode = oled_command_masked(sim, opcode, arguments[0], 0x03);

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

void oled_command_column_window(struct oled_sim *sim, uint8_t opcode,
				const uint8_t *arguments)
{
	struct oled_state *s = oled_sim_registers(sim);

	for (size_t i = 0; i < 2; i++)
		s->window_columns[i] =
			oled_command_masked(sim, opcode, arguments[i], 0x7f);
	check_window(sim, "column", s->window_columns);
	s->column = s->window_columns[0];
}

void oled_command_page_window(struct oled_sim *sim, uint8_t opcode,
			      const uint8_t *arguments)
{
	struct oled_state *s = oled_sim_registers(sim);

	for (size_t i = 0; i < 2; i++)
		s->window_pages[i] = oled_command_masked(sim, opcode, arguments[i], 0x07);
	check_window(sim, "page", s->window_pages);
	s->page = s->window_pages[0];
}

void oled_command_effect_not_shown(struct oled_sim *sim, uint8_t opcode,
				   const uint8_t *arguments)
{
	if (arguments[0] != 0)
		oled_sim_warn(sim, "Command 0x%02x 0x%02x: this effect is not shown",
			      opcode, arguments[0]);
}

void oled_command_scroll(struct oled_sim *sim, uint8_t opcode, const uint8_t *arguments)
{
	struct oled_state *s = oled_sim_registers(sim);

	(void)arguments;
	s->scrolling = opcode == 0x2f;
	if (s->scrolling)
		oled_sim_warn(sim, "The panel scrolls: this effect is not shown");
}

void oled_command_multiplex(struct oled_sim *sim, uint8_t opcode,
			    const uint8_t *arguments)
{
	uint8_t mux = oled_command_masked(sim, opcode, arguments[0], 0x3f);

	if (mux < MUX_MIN)
		oled_sim_object(sim, "Multiplex ratio %u is below 16", mux + 1U);
	oled_sim_registers(sim)->mux = mux;
}

void oled_command_com_pins(struct oled_sim *sim, uint8_t opcode, const uint8_t *arguments)
{
	if ((arguments[0] & ~0x30) != 0x02)
		oled_sim_object(
			sim, "Command 0x%02x: argument 0x%02x is none of 02, 12, 22, 32",
			opcode, arguments[0]);
	oled_sim_registers(sim)->com_pins = arguments[0] & 0x30;
}

void oled_sim_switch_pump(struct oled_sim *sim, bool on)
{
	struct oled_state *s = oled_sim_registers(sim);

	if (s->on && on != s->pump_on)
		oled_sim_object(sim,
				"The charge pump is switched while the display is on");
	s->pump_on = on;
}
