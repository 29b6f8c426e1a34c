/* SPDX-License-Identifier: MIT */
/*
 * reload.h — what another configuration means for a daemon that runs
 *
 * Compares two configurations key by key and says which parts of the daemon are
 * to be made anew. Makes nothing itself. Main thread.
 */
#ifndef MQTTNODE_RELOAD_H
#define MQTTNODE_RELOAD_H

#include "mqttnode/settings.h"

#include <stdbool.h>
#include <stddef.h>

enum reload_part {
	RELOAD_LOG_LEVEL = 1 << 0,
	RELOAD_PUBLICATIONS = 1 << 1,  /* publications.h */
	RELOAD_ACTIONS = 1 << 2,       /* actions.h */
	RELOAD_SUBSCRIPTIONS = 1 << 3, /* and what else a session goes on with */
	RELOAD_CONNECTION = 1 << 4,    /* the session is left and begun anew */
	RELOAD_SELF = 1 << 5,	       /* what the node tells about itself */
	RELOAD_SCREEN = 1 << 6,	       /* display.h and pages.h */
	RELOAD_RESTART = 1 << 7,       /* nothing of it while the daemon runs */
};

/* The part that a key belongs to, enum reload_part or'ed: "mqtt.publish[0].topic". */
unsigned int reload_parts_of_key(const char *path);

/*
 * What is to be made anew when @to takes the place of @from, the configuration now
 * in effect. Keys that need a restart are compared with @start, the one that
 * the daemon was started with, and each of them is told to @on_restart.
 */
unsigned int reload_plan(const struct settings *start, const struct settings *from,
			 const struct settings *to,
			 void (*on_restart)(void *ctx, const char *path), void *ctx);

/* The parts of a plan in words, for the log: "publications, broker". Returns @buf. */
char *reload_describe(unsigned int plan, char *buf, size_t size);

#endif
