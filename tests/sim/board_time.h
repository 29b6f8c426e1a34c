/* SPDX-License-Identifier: MIT */
/*
 * board_time.h — the time of the simulated board, its events and its lock
 *
 * What happens on the board by itself (the end of a transmission, the arrival
 * of a frame, the PHY finding its partner) is an event at a board time. Events
 * run in the order of their times, also in the middle of a bus message, as its
 * bytes are clocked. There are two kinds of board time:
 *
 *  - virtual: starts at 1 s and stands still but for the modelled cost of bus
 *    calls, for sleeping on board_time_clock(), and for board_time_advance().
 *    The same test gives the same result on every machine.
 *  - real: follows CLOCK_MONOTONIC. A bus call runs its bytes at their modelled
 *    times, slightly ahead of the machine's clock, and returns when that has
 *    caught up. The board's thread calls board_time_catch_up() when
 *    board_time_next_ns() has come.
 *
 * The board lock. Everything on one board (chips, bus, wire, pins) is protected
 * by one mutex that lives here. Functions that take it themselves say so; all
 * others, here and in w5500_sim.h, are called with the lock held, or in a
 * program where only one thread knows the board, as unit tests are. Callbacks
 * and events run with the lock held: they never take it, never sleep and do
 * not call what takes it.
 */
#ifndef MQTTNODE_TESTS_SIM_BOARD_TIME_H
#define MQTTNODE_TESTS_SIM_BOARD_TIME_H

#include <stdbool.h>
#include <stdint.h>

#include "mqttnode/cleanup.h"
#include "mqttnode/clock.h"

#define BOARD_TIME_NEVER UINT64_MAX

struct board_time;

/* Something that will happen. Embedded in its owner; zero it before its first use. */
struct board_event {
	void (*on_due)(struct board_event *event);
	uint64_t when_ns;
	bool pending;
	struct board_event *next; /* of board_time.c */
};

/* Time for one board; 0 or -ENOMEM. Release with board_time_free(), after all that uses
 * it. */
int board_time_new_virtual(struct board_time **ret);
int board_time_new_real(struct board_time **ret);
struct board_time *board_time_free(struct board_time *t);

bool board_time_is_real(const struct board_time *t);

/*
 * The clock for the driver and the pump: virtual, or the machine's. Its
 * functions take the board lock. Owned by @t.
 */
const struct clock *board_time_clock(struct board_time *t);

/* The board lock. Not recursive: taking it twice is caught by an assertion. */
void board_lock(struct board_time *t);
void board_unlock(struct board_time *t);

/* Board time in ns; inside an event the time of the event. */
uint64_t board_time_now_ns(const struct board_time *t);

/*
 * Puts @event (its on_due set) at @when_ns, or as soon as possible if that has
 * passed; one that is pending is moved. Events of the same time run in the
 * order they were scheduled.
 */
void board_time_schedule(struct board_time *t, struct board_event *event,
			 uint64_t when_ns);

/* Takes an event away; nothing happens if it is not pending. */
void board_time_cancel(struct board_time *t, struct board_event *event);

/* When the next event is due, or BOARD_TIME_NEVER. */
uint64_t board_time_next_ns(const struct board_time *t);

/* Moves board time to @until_ns (never back) and runs what is due on the way. */
void board_time_advance(struct board_time *t, uint64_t until_ns);

/*
 * Virtual time: moves to the next event and runs all of that time, or to
 * @limit_ns if that comes first. Returns whether an event ran. For tests that
 * wait for descriptors: while (nothing is readable && board_time_step(...)).
 */
bool board_time_step(struct board_time *t, uint64_t limit_ns);

/*
 * Real time: advances to the machine's clock. Virtual time: nothing, and so
 * does any call from within an event. Functions that act on the board from
 * outside call it first, so callers need not.
 */
void board_time_catch_up(struct board_time *t);

/*
 * Real time: @on_earlier is called (lock held) when the next event comes
 * earlier than it was before, so that a thread waiting for it can be woken.
 */
void board_time_set_waker(struct board_time *t,
			  void (*on_earlier)(void *ctx, uint64_t when_ns), void *ctx);

/*
 * Real time: waits, without the lock, until the machine's clock has reached
 * @until_ns, and counts that in board_time_waits(): these waits stand for the
 * bus and are not wake-ups of the program under test. Virtual time: nothing.
 * Takes the lock.
 */
void board_time_wait_real(struct board_time *t, uint64_t until_ns);
uint64_t board_time_waits(const struct board_time *t);

DEFINE_CLEANUP(struct board_time, board_time_free);

#endif
