/* SPDX-License-Identifier: MIT */
/*
 * oled_sim.h — a small I2C display controller: framing, decoder, RAM
 *
 * What SSD1306 and its relatives have in common: control bytes, a command
 * decoder that keeps its state across STOP, a RAM of pages and its pointers. A
 * controller is a table of commands (ssd1306_sim.c and its like). What a person sees of
 * the RAM is the matter of oled_glass.h; addresses, acknowledge and faults of the bus are
 * that of sim_i2c.h.
 *
 * Objections go to a report (sim_report.h). Those that follow from a fault which
 * the driver cannot know of are mere warnings: after a loss of power until it
 * starts its initialisation over with AE, after a broken message until the
 * command that was cut has its arguments. One thread at a time. Source: SSD1306
 * datasheet 1.1, sections 8.1.5 (I2C), 8.7 (RAM), 9 and 10 (commands).
 */
#ifndef MQTTNODE_TESTS_SIM_OLED_SIM_H
#define MQTTNODE_TESTS_SIM_OLED_SIM_H

#include "mqttnode/cleanup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim_report.h"

#define OLED_PAGES	   8
#define OLED_COLUMNS_MAX   132
#define OLED_ARGUMENTS_MAX 6

enum oled_mode {
	OLED_MODE_HORIZONTAL,
	OLED_MODE_VERTICAL,
	OLED_MODE_PAGE,
};

/* All registers and the RAM; ram[page][column], bit 0 on top. */
struct oled_state {
	uint8_t ram[OLED_PAGES][OLED_COLUMNS_MAX];
	enum oled_mode mode;
	uint8_t page, column;	   /* the pointer */
	uint8_t column_start;	   /* page mode: where the column goes after the last */
	uint8_t window_columns[2]; /* start, end; horizontal and vertical mode */
	uint8_t window_pages[2];
	bool on, all_on, inverse, pump_on, scrolling;
	bool segment_remap;		 /* A1 */
	bool com_reverse;		 /* C8 */
	uint8_t com_pins;		 /* argument of DA */
	uint8_t start_line, offset, mux; /* mux: rows - 1 */
	uint8_t contrast;
};

struct oled_sim;

/* A range of opcodes with the same meaning. */
struct oled_command {
	uint8_t first, last;
	uint8_t n_arguments;
	void (*execute)(struct oled_sim *sim, uint8_t opcode, const uint8_t *arguments);
};

struct oled_controller {
	const char *name;	 /* the part's name in the report */
	uint8_t columns;	 /* of the RAM */
	bool column_stays;	 /* page mode: at the last column the counter stops */
	uint8_t status_id;	 /* low nibble of the status byte */
	struct oled_state reset; /* registers after power-up; its RAM is not used */
	const struct oled_command *commands;
	size_t n_commands;
};

/* Behaviour on which the sources disagree; a driver must work with any. */
struct oled_options {
	bool wrap_to_zero;  /* page mode, after the last column: to 0 */
	bool remap_at_once; /* A0 and A1 turn what is in the RAM too */
	uint8_t status_id; /* low nibble of the status byte; 0: the controller's usual one
			    */
};

/*
 * A controller just powered up, with noise made of @seed in its RAM. @controller and
 * @report must outlive it. Returns 0 or -errno.
 */
int oled_sim_new(struct oled_sim **ret, const struct oled_controller *controller,
		 uint32_t seed, struct sim_report *report);
struct oled_sim *oled_sim_free(struct oled_sim *sim);

/* Power goes and comes back: registers as after reset, RAM noise, decoder idle. */
void oled_sim_lose_power(struct oled_sim *sim);
uint64_t oled_sim_power_losses(const struct oled_sim *sim); /* how often that happened */

struct oled_options *oled_sim_options(struct oled_sim *sim);
const struct oled_state *oled_sim_state(const struct oled_sim *sim);

/* A START or repeated START with this controller's address was acknowledged. */
void oled_sim_start(struct oled_sim *sim);
/* A byte written after it. Always acknowledged. */
void oled_sim_write(struct oled_sim *sim, uint8_t byte);
/* The status byte: bit 6 is set while the display is off. */
uint8_t oled_sim_read_status(const struct oled_sim *sim);
/* STOP or repeated START. @complete is false if the bus broke off the message. */
void oled_sim_end(struct oled_sim *sim, bool complete);

/* For the command tables. */
struct oled_state *oled_sim_registers(struct oled_sim *sim);
void oled_sim_object(struct oled_sim *sim, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void oled_sim_warn(struct oled_sim *sim, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void oled_sim_set_page(struct oled_sim *sim, uint8_t page);
void oled_sim_set_column_low(struct oled_sim *sim, uint8_t nibble);
void oled_sim_set_column_high(struct oled_sim *sim, uint8_t nibble);
void oled_sim_switch(struct oled_sim *sim, bool on);
void oled_sim_remap(struct oled_sim *sim, bool remap);

DEFINE_CLEANUP(struct oled_sim, oled_sim_free);

#endif
