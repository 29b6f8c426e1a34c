/* SPDX-License-Identifier: MIT */
/*
 * oled_rig.h — the panel driver on a strict simulated module
 *
 * In front of the simulated bus stands i2cdev_transfer() of the rig, which can
 * act as an adapter with limits or a panel with quirks.
 */
#ifndef MQTTNODE_TESTS_OLED_RIG_H
#define MQTTNODE_TESTS_OLED_RIG_H

#include "module_settings.h"
#include "mqttnode/oled.h"
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
	struct i2c_bus *bus;
	struct oled *oled;
	struct sim_i2c_stats before; /* of the last look at the costs */
};

/* Zero: none. */
struct oled_rig_quirks {
	size_t messages_max, len_max;  /* beyond: EOPNOTSUPP */
	bool no_reads;		       /* the panel does not acknowledge them */
	uint8_t status;		       /* it answers them with this */
	unsigned int fail_call;	       /* the n-th call from now fails with EIO */
	const struct oled_state *dark; /* a panel that must be off while data is sent */
};
extern struct oled_rig_quirks quirks;

/* A driver with @settings on @module. Ends with oled_rig_free(). */
struct rig *oled_rig_new(const char *module, const struct oled_settings *settings);
void oled_rig_free(struct rig *rig); /* fails if there was a violation */

/* Set-up and tear-down of a cmocka test: the usual module, nothing sent yet. */
int set_up(void **state);
int tear_down(void **state);

/* What the calls since the last look cost: calls and wire bytes. */
void assert_cost(struct rig *rig, uint64_t calls, uint64_t wire_bytes);
void skip_cost(struct rig *rig);

/* What a person sees of the module is exactly @expected. */
void assert_seen(struct rig *rig, const struct canvas *expected);

/* Pictures of the panel's size. */
struct canvas blank(const struct rig *rig);
struct canvas noise(const struct rig *rig);
struct canvas text(const struct rig *rig, const char *s, int x, int y);

#endif
