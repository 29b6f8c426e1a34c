/* SPDX-License-Identifier: MIT */
/*
 * display.h — the display thread: the latest picture, whatever the bus does
 *
 * A mailbox of one picture: a new one replaces one that was not shown yet. The
 * thread opens the bus, finds the panel, repaints after it came back, and says
 * once that it is gone and once that it is back. It never holds up anybody.
 *
 * display_turn() does one turn and returns when the next one is due;
 * display_start() puts a thread of a dozen lines around it. Unit tests call it
 * themselves with a virtual clock.
 */
#ifndef MQTTNODE_DISPLAY_H
#define MQTTNODE_DISPLAY_H

#include "mqttnode/canvas.h"
#include "mqttnode/cause.h"
#include "mqttnode/cleanup.h"
#include "mqttnode/clock.h"
#include "mqttnode/settings.h"

#include <stdbool.h>
#include <stdint.h>

struct display_status {
	bool present;
	bool dark; /* switched off because nothing happened for long */
	enum cause_id cause_id;
	char cause[160]; /* a sentence if not present, else "" */
	enum cause_id hint_id;
	char hint[160];	     /* advice while present, else "" */
	uint64_t frames;     /* pictures sent, in whole or in part */
	uint64_t bus_errors; /* calls that failed, but for the search for an absent panel
			      */
	uint64_t losses;     /* times that the panel went away or lost its registers */
};

struct display;

/* A dark canvas of the size that a person sees, for display_post(). Any thread. */
void display_canvas(const struct oled_settings *settings, struct canvas *ret);

/*
 * A display as in @settings, which like @clock must outlive it. Opens nothing
 * yet. 0 or -errno; release with display_free().
 */
int display_new(struct display **ret, const struct oled_settings *settings,
		const struct clock *clock);

/*
 * Releases a display whose thread was not started or was joined. One with a
 * thread stuck on the bus is leaked on purpose. Accepts NULL, returns NULL.
 */
struct display *display_free(struct display *d);

/* Starts the thread "display". 0 or -errno. Main. */
int display_start(struct display *d);

/* Posts a picture made from display_canvas(); never blocks. Main. */
void display_post(struct display *d, const struct canvas *picture);

/*
 * Something happened that a person may want to see: lights a panel that went dark
 * for lack of events. A picture that is merely posted does not. Never blocks. Main.
 */
void display_wake(struct display *d);

/*
 * One turn: shows what was posted and looks after the panel, at most once a
 * second. Blocks on the bus only. Returns the clock time of the next turn. The
 * display's thread, or a test.
 */
uint64_t display_turn(struct display *d);

/* Asks the thread to clear the panel and end; returns at once. Main. */
void display_stop(struct display *d);

/* Becomes readable when the thread has ended. */
int display_event_fd(const struct display *d);

/* Whether the thread has ended and was joined, waiting for it at most @limit_ms. Main. */
bool display_joined(struct display *d, unsigned int limit_ms);

/* The picture posted last; dark before the first. Any thread. */
void display_get_picture(struct display *d, struct canvas *ret);

/* Any thread. */
void display_get_status(struct display *d, struct display_status *ret);

DEFINE_CLEANUP(struct display, display_free);

#endif
