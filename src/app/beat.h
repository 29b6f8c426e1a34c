/* SPDX-License-Identifier: MIT */
/*
 * beat.h — when something that is due at an interval is due
 *
 * Beats lie on a grid that begins with the first one, so being late never makes
 * the next one later. A beat that is missed is skipped. Times are nanoseconds
 * of any clock that does not go back.
 */
#ifndef MQTTNODE_BEAT_H
#define MQTTNODE_BEAT_H

#include <stdbool.h>
#include <stdint.h>

struct beat {
	bool started;
	uint64_t due_ns; /* of the next one */
};

/* Begins the grid at @now; nothing if it has begun. */
void beat_start(struct beat *b, uint64_t now);

/*
 * Whether a beat is due at @now. If so, the next one is set, and the number of
 * beats that were skipped is added to *@missed. @interval is not 0.
 */
bool beat_take(struct beat *b, uint64_t interval, uint64_t now, uint64_t *missed);

/* When the next one is due; UINT64_MAX before the grid has begun. */
uint64_t beat_next_ns(const struct beat *b);

#endif
