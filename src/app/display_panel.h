/* SPDX-License-Identifier: MIT */
/*
 * display_panel.h — one panel, which may come and go
 *
 * For display.c alone, and its thread: every call may block on the bus.
 */
#ifndef MQTTNODE_APP_DISPLAY_PANEL_H
#define MQTTNODE_APP_DISPLAY_PANEL_H

#include <stdbool.h>
#include <stdint.h>

#include "mqttnode/canvas.h"
#include "mqttnode/clock.h"
#include "mqttnode/display.h"
#include "mqttnode/i2cdev.h"
#include "mqttnode/log.h"
#include "mqttnode/oled.h"
#include "mqttnode/settings.h"

/* What the panel is to be like. */
struct panel_wanted {
	struct canvas picture; /* of the panel's size */
	uint8_t contrast;
	bool dark;
};

struct panel {
	const struct oled_settings *settings; /* borrowed */
	const struct clock *clock;	      /* borrowed */
	struct i2c_bus *bus;		      /* NULL: not open */
	struct oled *oled;		      /* on that bus */
	const struct panel_wanted *wanted;    /* during a turn */
	bool up;
	bool dark;	      /* asleep because that is wanted */
	bool seen;	      /* was up before */
	bool elsewhere;	 /* somebody answers at the other usual address */
	bool complained;      /* said that it is absent */
	uint64_t absent_ns;   /* since when */
	uint64_t look_ns;     /* when to look after it */
	uint64_t reassert_ns; /* when to send everything again */
	struct log_limit log_limit;
	struct display_status status;
};

/* Begins a panel that was not looked for yet. The pointers must outlive it. */
void panel_init(struct panel *p, const struct oled_settings *settings,
		const struct clock *clock);

/*
 * One turn: brings about what is wanted, and once a second looks after the panel
 * or for it. Returns the clock time of the next look.
 */
uint64_t panel_turn(struct panel *p, const struct panel_wanted *wanted);

/* Leaves the panel, if it is up, dark and off. */
void panel_leave(struct panel *p);

/* Closes the bus; sends nothing. */
void panel_close(struct panel *p);

#endif
