/* SPDX-License-Identifier: MIT */
/*
 * pump.h — frames between chip and TAP, and the health of the chip
 *
 * The pump owns the chip, the SPI bus, the INT and RST lines and, once given,
 * the TAP descriptor. pump_turn() does one turn: at most one bus message that
 * carries all that is known to be needed, and what the TAP needs; it returns
 * what it waits for. pump_start() puts a thread of a dozen lines around it.
 * Unit tests and the benchmark call pump_turn() themselves with a virtual
 * clock and a socket pair instead of a TAP.
 *
 * Nothing here waits for the network or for another thread. The theory of
 * operation is in src/net/pump.c.
 */
#ifndef MQTTNODE_PUMP_H
#define MQTTNODE_PUMP_H

#include "mqttnode/cause.h"
#include "mqttnode/clock.h"
#include "mqttnode/settings.h"

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pump;

enum chip_state {
	CHIP_STATE_ABSENT,     /* the bus cannot be opened, or nothing answers */
	CHIP_STATE_STARTING,   /* being identified, reset and configured */
	CHIP_STATE_RUNNING,
	CHIP_STATE_RECOVERING, /* answered before; the recovery ladder is at work */
};

/* Every event and every drop has a counter; names are the keys of the status JSON. */
struct pump_counters {
	uint64_t rx_frames, rx_bytes;	 /* chip to TAP, delivered */
	uint64_t tx_frames, tx_bytes;	 /* TAP to chip, SEND completed */
	uint64_t rx_dropped_filter;	 /* not for us (software filter, quirk Q13) */
	uint64_t rx_dropped_tap;	 /* the TAP did not take it */
	uint64_t rx_overflow_suspected;	 /* ring so full that the chip may have dropped */
	uint64_t rx_ring_lost;		 /* times that the ring, or part of it, was given up */
	uint64_t rx_header_bad;		 /* impossible record length: synchronisation lost */
	uint64_t rx_window_bad;		 /* status window not consistent, read again */
	uint64_t tx_dropped_link;	 /* no link */
	uint64_t tx_dropped_chip;	 /* lost with a chip reset or a SEND that never ended */
	uint64_t tx_dropped_size;	 /* below 14 or above 1514 bytes */
	uint64_t tx_send_repeated;	 /* SEND given again: its message had been cut before it */
	uint64_t bus_messages, bus_errors;
	uint64_t bus_garbled;		 /* answers that show bit errors on the wires */
	uint64_t clock_lowered;		 /* halved at run time on their account */
	uint64_t clock_retried;		 /* the configured clock was tried again after long */
	uint64_t tap_lost;		 /* the TAP was deleted or closed under us */
	uint64_t link_changes;
	uint64_t recover_resync, recover_reopen, recover_soft_reset, recover_hard_reset,
		recover_probe;
	uint64_t chip_lost;		 /* registers found at reset values behind our back */
	uint64_t interrupt_missed;	 /* work found by the health tick that INT did not report */
};

struct pump_status {
	enum chip_state chip;
	enum cause_id cause_id;
	char cause[160];	  /* a sentence if chip is not RUNNING, else "" */
	enum cause_id hint_id;
	char hint[160];		  /* advice while running (clock lowered, INT dead), else "" */
	uint32_t spi_bufsiz;	  /* bytes that a bus message carries each way; 0: no bus yet */
	uint32_t spi_speed_hz;	  /* asked for now; lower than configured after a fallback */
	bool interrupt_works;	  /* false: polling */
	bool link_up;
	uint16_t link_mbit;	  /* 10 or 100, valid with link_up */
	bool full_duplex;	  /* valid with link_up */
	uint64_t changed_ns;	  /* clock time of the last change of chip or link */
};

/*
 * A pump for @settings with the interface address @mac. Opens nothing yet:
 * buses and lines are opened by the first turns and whenever they went away.
 * @settings and @clock must outlive it. Returns 0 or -errno; release with
 * pump_free().
 */
int pump_new(struct pump **ret, const struct ethernet_settings *settings,
	     const uint8_t mac[6], const struct clock *clock);

/* Releases a pump that is not running; closes chip, lines and TAP. Accepts NULL. */
struct pump *pump_free(struct pump *p);

/*
 * Gives the pump a TAP (or any datagram) descriptor, which it then owns, in
 * place of the one it had; -1 takes it away. The pump sets the carrier of a
 * TAP to the link of the PHY. Any thread.
 */
void pump_set_tap(struct pump *p, int fd);

/* What a turn waits for: descriptors to poll and the clock time to return by at the latest. */
struct pump_wait {
	struct pollfd fds[3];
	unsigned int n_fds;
	uint64_t deadline_ns;
};

/*
 * One turn. @wait begins zeroed; afterwards it says what to wait for, and is
 * given to the next turn with the revents that poll() found. Never blocks but
 * on the bus. The pump's thread, or a test.
 */
void pump_turn(struct pump *p, struct pump_wait *wait);

/*
 * Starts and ends the thread "pump". A priority that it cannot get is a warning.
 * Stopping closes the socket of the chip in bounded time. Main.
 */
int pump_start(struct pump *p);
void pump_stop(struct pump *p);

/*
 * Readable when the status changed or the TAP was lost; clear it with
 * fd_event_clear(). Owned by the pump. Main.
 */
int pump_event_fd(const struct pump *p);

/* Copies of status and counters, and a number that grows with every turn. Any thread. */
void pump_get_status(struct pump *p, struct pump_status *ret);
void pump_get_counters(struct pump *p, struct pump_counters *ret);
uint64_t pump_heartbeat(const struct pump *p);

/* Whether the TAP descriptor reported that its device is gone. Reset by pump_set_tap(). Any thread. */
bool pump_tap_lost(struct pump *p);

DEFINE_CLEANUP(struct pump, pump_free);

#endif
