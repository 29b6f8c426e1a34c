/* SPDX-License-Identifier: MIT */
/*
 * display.h — the display thread: the latest picture, whatever the bus does
 *
 * A mailbox of one picture: a new one replaces one that was not shown yet. The
 * thread opens the bus, finds the panel, repaints after it came back, and
 * keeps quiet about one that is absent. It never holds up anybody.
 */
#ifndef MQTTNODE_DISPLAY_H
#define MQTTNODE_DISPLAY_H

#include "mqttnode/canvas.h"
#include "mqttnode/cleanup.h"
#include "mqttnode/settings.h"

#include <stdbool.h>
#include <stdint.h>

struct display_status {
	bool present;
	char cause[160];   /* a sentence if not present */
	uint64_t frames, bus_errors, losses;
};

struct display;

/* @settings must outlive it. 0 or -errno; release with display_free(). */
int display_new(struct display **ret, const struct oled_settings *settings);

/* The thread must have ended; a thread stuck on the bus leaks it on purpose. Accepts NULL. */
struct display *display_free(struct display *d);

/* Starts the thread "display". 0 or -errno. Main. */
int display_start(struct display *d);

/* Posts a picture; never blocks. Main. */
void display_post(struct display *d, const struct canvas *picture);

/* Asks the thread to clear the panel and end; returns at once. Main. */
void display_stop(struct display *d);

/* Whether the thread has ended and was joined, waiting for it at most @limit_ms. Main. */
bool display_joined(struct display *d, unsigned int limit_ms);

/* Any thread. */
void display_get_status(struct display *d, struct display_status *ret);

DEFINE_CLEANUP(struct display, display_free);

#endif
