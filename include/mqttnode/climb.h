/* SPDX-License-Identifier: MIT */
/*
 * climb.h — a node that climbs the ladder once: what it may do, and when it is over
 *
 * For "mqttnode doctor" without a daemon. Pure functions.
 */
#ifndef MQTTNODE_CLIMB_H
#define MQTTNODE_CLIMB_H

#include "mqttnode/display.h"
#include "mqttnode/ladder.h"
#include "mqttnode/settings.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * The settings of a node that only looks: as @settings, but it publishes nothing
 * but its status word, acts on no message, tells nobody who it is, and takes no
 * messages out of a session that is kept for the daemon (it has a client id of
 * its own then, but the topics of the daemon).
 */
struct climb_settings {
	struct settings settings; /* shallow: borrows from the original */
	struct subscription_settings *subscribe;
	char client_id[80];
	char base_topic[80];
};

/* 0 or -ENOMEM; @settings must outlive @ret, which is released with
 * climb_settings_clear(). */
int climb_settings_make(struct climb_settings *ret, const struct settings *settings);
void climb_settings_clear(struct climb_settings *c);

/*
 * Whether there is nothing more to be waited for at @now_ns (CLOCK_MONOTONIC): the
 * top is reached and has settled, or a rung has failed for as long as it may take
 * to mend by itself, or the time is up. @display: NULL if there is none.
 */
bool climb_is_over(const struct ladder_view *view, const struct display_status *display,
		   uint64_t started_ns, uint64_t now_ns);

#endif
