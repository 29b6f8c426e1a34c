/* SPDX-License-Identifier: MIT */
/*
 * board_wire.h — the cable of the simulated board, and the thread that keeps its time
 *
 * One end is the chip; the other is a descriptor, as a rule a TAP. Frames from
 * there arrive at the chip at the speed of the wire: while many are under way
 * no more are read, so that they wait where those of a real sender do. Frames
 * from the chip are queued with the board lock held and written without it.
 *
 * The thread "board-wire" moves frames and runs the events of the board when
 * nobody uses the bus.
 */
#ifndef MQTTNODE_TESTS_SIM_BOARD_WIRE_H
#define MQTTNODE_TESTS_SIM_BOARD_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "mqttnode/cleanup.h"
#include "w5500_sim.h"

/* Frames in one direction, as the far end sees them. */
struct board_wire_counters {
	uint64_t frames, bytes; /* that came through */
	uint64_t dropped;	/* no link; or the far end did not take them */
	uint64_t arp, ipv4, ipv6, other;
};

struct board_wire;

/*
 * A wire from @chip (borrowed) to @fd, which it owns from here on, also on
 * failure; -1: the far end is silent. Starts the thread. 0 or -errno.
 */
int board_wire_new(struct board_wire **ret, struct w5500_sim *chip, int fd);

/* Ends the thread. Accepts NULL, returns NULL. Without the board lock. */
struct board_wire *board_wire_free(struct board_wire *wire);

/* With the board lock held. */
const struct board_wire_counters *board_wire_to_node(const struct board_wire *wire);
const struct board_wire_counters *board_wire_from_node(const struct board_wire *wire);

/*
 * Another sender on the wire broadcasts frames of @len (60 to 1514) bytes without
 * any pause but those in which the others send; 0: no longer. In none of the
 * counters here. With the board lock held.
 */
void board_wire_flood(struct board_wire *wire, size_t len);

/* Calls @each for every counter of one direction. */
void board_wire_each(const struct board_wire_counters *counters,
		     void (*each)(void *ctx, const char *name, uint64_t value),
		     void *ctx);

DEFINE_CLEANUP(struct board_wire, board_wire_free);

#endif
