// SPDX-License-Identifier: MIT
/* oled_sim.c — a small I2C display controller: framing, decoder, RAM */
#include "oled_sim.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What the next byte on the bus is. */
enum frame_state {
	FRAME_CONTROL,	   /* a control byte */
	FRAME_ONE_COMMAND, /* Co = 1: one byte, then a control byte again */
	FRAME_ONE_DATA,
	FRAME_ALL_COMMANDS, /* Co = 0: this until the message ends */
	FRAME_ALL_DATA,
};

#define CONTROL_CO   0x80
#define CONTROL_DATA 0x40
#define CONTROL_ZERO 0x3f

struct oled_sim {
	const struct oled_controller *controller; /* borrowed */
	struct sim_report *report;		  /* borrowed */
	struct oled_options options;
	struct oled_state state;
	uint32_t random;
	uint64_t power_losses;

	enum frame_state frame;
	uint8_t control;
	bool after_control; /* nothing has followed the control byte yet */
	bool in_data;	    /* data bytes of this message were seen */

	/* The command decoder; STOP does not touch it. */
	const struct oled_command *pending;
	uint8_t opcode;
	uint8_t arguments[OLED_ARGUMENTS_MAX];
	uint8_t n_arguments;

	/* What was set since the last data: nobody should trust the pointer longer. */
	bool page_set, low_set, high_set;
	bool past_end; /* page mode: the column went past the last one */

	/* What the driver cannot know of, and is not blamed for. */
	bool lost_power; /* until it starts over with AE */
	bool cut_short;	 /* a command lacks the arguments of a broken message: until a
			    START  finds none missing */
	uint16_t n_written;
	bool written[OLED_PAGES][OLED_COLUMNS_MAX]; /* since power-up */
};

/* xorshift32: the same noise for the same seed, on every machine. */
static uint8_t random_byte(struct oled_sim *sim)
{
	sim->random ^= sim->random << 13;
	sim->random ^= sim->random >> 17;
	sim->random ^= sim->random << 5;
	return (uint8_t)(sim->random >> 11);
}

static void power_up(struct oled_sim *sim)
{
	sim->state = sim->controller->reset;
	for (size_t page = 0; page < OLED_PAGES; page++)
		for (size_t column = 0; column < sim->controller->columns; column++)
			sim->state.ram[page][column] = random_byte(sim);
	memset(sim->written, 0, sizeof(sim->written));
	sim->n_written = 0;
	sim->pending = NULL;
	sim->page_set = sim->low_set = sim->high_set = sim->past_end = false;
	oled_sim_start(sim);
}

int oled_sim_new(struct oled_sim **ret, const struct oled_controller *controller,
		 uint32_t seed, struct sim_report *report)
{
	struct oled_sim *sim = calloc(1, sizeof(*sim));

	if (!sim)
		return -ENOMEM;
	sim->controller = controller;
	sim->report = report;
	sim->random = seed ? seed : 1;
	power_up(sim);
	*ret = sim;
	return 0;
}

struct oled_sim *oled_sim_free(struct oled_sim *sim)
{
	free(sim);
	return NULL;
}

void oled_sim_lose_power(struct oled_sim *sim)
{
	power_up(sim);
	sim->lost_power = true;
	sim->cut_short = false;
	sim->power_losses++;
}

uint64_t oled_sim_power_losses(const struct oled_sim *sim)
{
	return sim->power_losses;
}

struct oled_options *oled_sim_options(struct oled_sim *sim)
{
	return &sim->options;
}

const struct oled_state *oled_sim_state(const struct oled_sim *sim)
{
	return &sim->state;
}

struct oled_state *oled_sim_registers(struct oled_sim *sim)
{
	return &sim->state;
}

void oled_sim_object(struct oled_sim *sim, const char *format, ...)
{
	char text[SIM_REPORT_TEXT];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (sim->lost_power || sim->cut_short)
		sim_warning(sim->report, sim->controller->name, "After a fault: %s",
			    text);
	else
		sim_violation(sim->report, sim->controller->name, "%s", text);
}

void oled_sim_warn(struct oled_sim *sim, const char *format, ...)
{
	char text[SIM_REPORT_TEXT];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	sim_warning(sim->report, sim->controller->name, "%s", text);
}

static void warn_unless_page_mode(struct oled_sim *sim, const char *what)
{
	if (sim->state.mode != OLED_MODE_PAGE)
		oled_sim_warn(sim, "%s is set outside page addressing mode", what);
}

void oled_sim_set_page(struct oled_sim *sim, uint8_t page)
{
	warn_unless_page_mode(sim, "The page (B0..B7)");
	sim->state.page = page & (OLED_PAGES - 1);
	sim->page_set = true;
}

static void set_column(struct oled_sim *sim, uint8_t mask, uint8_t bits)
{
	struct oled_state *s = &sim->state;

	warn_unless_page_mode(sim, "A column nibble (00..1F)");
	s->column_start = (uint8_t)((s->column_start & ~mask) | bits);
	s->column = (uint8_t)((s->column & ~mask) | bits);
	sim->past_end = false;
}

void oled_sim_set_column_low(struct oled_sim *sim, uint8_t nibble)
{
	set_column(sim, 0x0f, nibble);
	sim->low_set = true;
}

void oled_sim_set_column_high(struct oled_sim *sim, uint8_t nibble)
{
	set_column(sim, 0xf0, (uint8_t)(nibble << 4));
	sim->high_set = true;
}

/* Bytes of a page that were never written. */
static int count_noise(const struct oled_sim *sim, size_t page)
{
	int n = 0;

	for (size_t column = 0; column < sim->controller->columns; column++)
		n += !sim->written[page][column];
	return n;
}

/* Whether a row of the page is among those that the display shows. */
static bool page_is_shown(const struct oled_sim *sim, size_t page)
{
	const struct oled_state *s = &sim->state;

	for (size_t row = 0; row <= s->mux; row++)
		if ((row + s->start_line) / 8 % OLED_PAGES == page)
			return true;
	return false;
}

void oled_sim_switch(struct oled_sim *sim, bool on)
{
	int noise = 0;

	for (size_t page = 0; page < OLED_PAGES; page++)
		if (page_is_shown(sim, page))
			noise += count_noise(sim, page);
	if (!on)
		sim->lost_power = false;
	else if (!sim->state.on && noise > 0)
		oled_sim_object(
			sim,
			"Switched on while %d bytes of the RAM were never written: "
			"noise is visible",
			noise);
	sim->state.on = on;
}

/* Turns what is in the RAM. */
static void mirror(struct oled_sim *sim)
{
	size_t last = sim->controller->columns - 1U;

	for (size_t page = 0; page < OLED_PAGES; page++)
		for (size_t a = 0, b = last; a < b; a++, b--) {
			uint8_t *ram = sim->state.ram[page], byte = ram[a];
			bool *written = sim->written[page], was = written[a];

			ram[a] = ram[b];
			ram[b] = byte;
			written[a] = written[b];
			written[b] = was;
		}
}

void oled_sim_remap(struct oled_sim *sim, bool remap)
{
	if (remap == sim->state.segment_remap)
		return;
	sim->state.segment_remap = remap;
	if (sim->options.remap_at_once)
		mirror(sim);
	else if (sim->n_written > 0)
		oled_sim_warn(
			sim,
			"The segments are remapped: what is in the RAM stays as it is");
}

static const struct oled_command *find_command(const struct oled_sim *sim, uint8_t opcode)
{
	for (size_t i = 0; i < sim->controller->n_commands; i++) {
		const struct oled_command *c = &sim->controller->commands[i];

		if (opcode >= c->first && opcode <= c->last)
			return c;
	}
	return NULL;
}

static void decode_command(struct oled_sim *sim, uint8_t byte)
{
	if (sim->pending) {
		sim->arguments[sim->n_arguments++] = byte;
	} else {
		sim->pending = find_command(sim, byte);
		sim->opcode = byte;
		sim->n_arguments = 0;
		if (!sim->pending)
			oled_sim_object(sim, "Unknown command 0x%02x", byte);
	}
	if (sim->pending && sim->n_arguments == sim->pending->n_arguments) {
		const struct oled_command *command = sim->pending;

		sim->pending = NULL;
		command->execute(sim, sim->opcode, sim->arguments);
	}
}

/* What follows @at inside a window, or in a RAM of @size. */
static uint8_t next_in(const uint8_t window[2], uint8_t at, uint8_t size)
{
	if (at == window[1])
		return window[0];
	return (uint8_t)((at + 1) % size);
}

/* The pointer moves on after a byte of data. */
static void advance(struct oled_sim *sim)
{
	uint8_t columns = sim->controller->columns;
	struct oled_state *s = &sim->state;
	bool last;

	switch (s->mode) {
	case OLED_MODE_PAGE:
		if (s->column < columns - 1) {
			s->column++;
		} else {
			if (sim->options.wrap_to_zero)
				s->column = 0;
			else if (!sim->controller->column_stays)
				s->column = s->column_start;
			sim->past_end = true;
		}
		break;
	case OLED_MODE_HORIZONTAL:
		last = s->column == s->window_columns[1];
		s->column = next_in(s->window_columns, s->column, columns);
		if (last)
			s->page = next_in(s->window_pages, s->page, OLED_PAGES);
		break;
	case OLED_MODE_VERTICAL:
		last = s->page == s->window_pages[1];
		s->page = next_in(s->window_pages, s->page, OLED_PAGES);
		if (last)
			s->column = next_in(s->window_columns, s->column, columns);
		break;
	}
}

static void check_data(struct oled_sim *sim)
{
	const struct oled_state *s = &sim->state;

	if (sim->pending)
		oled_sim_object(
			sim, "Data while command 0x%02x waits for %u more argument(s)",
			sim->opcode,
			(unsigned int)(sim->pending->n_arguments - sim->n_arguments));
	if (s->scrolling)
		oled_sim_object(sim,
				"Data while the panel scrolls: the RAM is corrupted");
	if (s->mode != OLED_MODE_PAGE)
		return;
	if (!sim->in_data && !(sim->page_set && sim->low_set && sim->high_set))
		oled_sim_object(sim,
				"Data without setting page and both column nibbles since "
				"the last data: the pointer cannot be trusted");
	if (sim->past_end)
		oled_sim_object(
			sim,
			"Data past column %d in page mode: chips differ in where it goes",
			sim->controller->columns - 1);
	else if (s->column >= sim->controller->columns)
		oled_sim_object(sim, "Data at column %d: the last one is %d", s->column,
				sim->controller->columns - 1);
}

static void write_data(struct oled_sim *sim, uint8_t byte)
{
	struct oled_state *s = &sim->state;
	size_t column;

	check_data(sim);
	if (!sim->in_data)
		sim->page_set = sim->low_set = sim->high_set = false;
	sim->in_data = true;
	sim->past_end = false;

	/* Addresses wrap inside the RAM; the remapping takes place here and never again.
	 */
	column = s->column % sim->controller->columns;
	if (s->segment_remap)
		column = sim->controller->columns - 1U - column;
	s->ram[s->page][column] = byte;
	if (!sim->written[s->page][column]) {
		sim->written[s->page][column] = true;
		sim->n_written++;
	}
	advance(sim);
}

void oled_sim_start(struct oled_sim *sim)
{
	sim->frame = FRAME_CONTROL;
	sim->after_control = false;
	sim->in_data = false;
	if (!sim->pending)
		sim->cut_short = false;
}

void oled_sim_write(struct oled_sim *sim, uint8_t byte)
{
	sim->after_control = sim->frame == FRAME_CONTROL;
	switch (sim->frame) {
	case FRAME_CONTROL:
		sim->control = byte;
		if (byte & CONTROL_ZERO)
			sim_violation(sim->report, sim->controller->name,
				      "Control byte 0x%02x: bits 5 to 0 must be zero",
				      byte);
		if (byte & CONTROL_CO)
			sim->frame =
				byte & CONTROL_DATA ? FRAME_ONE_DATA : FRAME_ONE_COMMAND;
		else
			sim->frame =
				byte & CONTROL_DATA ? FRAME_ALL_DATA : FRAME_ALL_COMMANDS;
		break;
	case FRAME_ONE_COMMAND:
		sim->frame = FRAME_CONTROL;
		decode_command(sim, byte);
		break;
	case FRAME_ONE_DATA:
		sim->frame = FRAME_CONTROL;
		write_data(sim, byte);
		break;
	case FRAME_ALL_COMMANDS:
		decode_command(sim, byte);
		break;
	case FRAME_ALL_DATA:
		write_data(sim, byte);
		break;
	}
}

void oled_sim_end(struct oled_sim *sim, bool complete)
{
	if (sim->after_control && complete)
		sim_violation(sim->report, sim->controller->name,
			      "The message ends after control byte 0x%02x", sim->control);
	sim->after_control = false;
	if (!complete && sim->pending)
		sim->cut_short = true;
}

uint8_t oled_sim_read_status(const struct oled_sim *sim)
{
	uint8_t id = sim->options.status_id ? sim->options.status_id
					    : sim->controller->status_id;

	return (uint8_t)((sim->state.on ? 0 : 0x40) | id);
}
