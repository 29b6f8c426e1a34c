/* SPDX-License-Identifier: MIT */
/*
 * display_rig.h — the display on a simulated module that is pulled and plugged
 *
 * In virtual time the test makes the turns itself; in real time the thread does.
 * The rig stands in for log_event(), for time() and in front of the bus.
 */
#ifndef MQTTNODE_TESTS_DISPLAY_RIG_H
#define MQTTNODE_TESTS_DISPLAY_RIG_H

#include "module_settings.h"
#include "mqttnode/display.h"
#include "sim/oled_module.h"
#include "sim/sim_i2c.h"
#include "unit.h"

struct rig {
	struct board_time *time;
	struct sim_report report;
	struct sim_i2c *adapter;
	const struct oled_module *module;
	struct oled_sim *panel;
	struct oled_settings settings;
	struct display *display;
	uint64_t next_ns; /* when the display wants its next turn */
	struct sim_i2c_stats before;
};

/* What was logged since the start of the test: "event: sentence" lines. */
struct display_rig_journal {
	char text[4096];
	unsigned int lines;
};
extern struct display_rig_journal journal;

/* What stands between the driver and the bus; zero: nothing. */
struct display_rig_quirks {
	int error;     /* every call fails with it */
	bool no_reads; /* reads get no acknowledge */
};
extern struct display_rig_quirks quirks;

extern time_t wall_clock; /* what time() says */

/* A display in virtual time, or in real time; released by tear_down(). */
struct rig *rig_new(const char *module, const struct oled_settings *settings,
		    bool real_time);

/* Set-up and tear-down of a cmocka test: the usual module, nothing that spares it. */
int set_up(void **state);
int set_up_real(void **state);
int tear_down(void **state); /* fails if there was a violation */

struct canvas text(const struct rig *rig, const char *s);
void post(struct rig *rig, const char *s);
void turn(struct rig *rig);

/* Turns at the times that the display asks for, as its thread would, for @seconds. */
void live(struct rig *rig, unsigned int seconds);

/* What a person sees now; false if that is nothing. */
bool look(struct rig *rig, struct oled_picture *ret);
/* Whether a person sees @s where it was drawn, and nothing else. */
bool sees(struct rig *rig, const char *s);
bool sees_picture(struct rig *rig, const struct canvas *expected);

void assert_cost(struct rig *rig, uint64_t calls, uint64_t wire_bytes);
void skip_cost(struct rig *rig);
struct display_status status(struct rig *rig);

#endif
