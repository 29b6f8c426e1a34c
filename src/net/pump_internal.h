/* SPDX-License-Identifier: MIT */
/* pump_internal.h — what the files of the pump share */
#ifndef MQTTNODE_PUMP_INTERNAL_H
#define MQTTNODE_PUMP_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "mqttnode/gpio.h"
#include "mqttnode/pump.h"
#include "mqttnode/spidev.h"
#include "mqttnode/w5500.h"

/* The pause before a probe is this at first, and twice as long after each. */
#define PUMP_PAUSE_FIRST_NS (10 * NSEC_PER_MSEC)

enum pump_phase {
	PUMP_PHASE_CLOSED,     /* no bus; opened at due_ns */
	PUMP_PHASE_RESET_LOW,  /* RSTn is low until due_ns */
	PUMP_PHASE_RESET_HIGH, /* the PLL locks until due_ns */
	PUMP_PHASE_STARTING,   /* w5500_start_step(), next at due_ns */
	PUMP_PHASE_RUNNING,
};

/* Steps of the recovery ladder, each stronger than the one before. */
enum pump_recovery {
	PUMP_RECOVERY_NONE,
	PUMP_RECOVERY_RESYNC,
	PUMP_RECOVERY_REOPEN,
	PUMP_RECOVERY_SOFT_RESET,
	PUMP_RECOVERY_HARD_RESET,
	PUMP_RECOVERY_PROBE,
};

/* What is remembered of a step: how often it was taken of late. */
struct pump_step {
	unsigned int times;
	uint64_t last_ns; /* taken, or called for when it was not enough any more */
};

/* What is known of the interrupt line. */
struct pump_interrupt {
	struct gpio_line *line; /* NULL: not configured, or not to be had */
	bool believed;		/* false: polling */
	bool stuck_low;		/* not believed because it does not go high */
	bool edge_seen;		/* since the last health tick */
	unsigned int fruitless; /* low in a row without work for us */
	unsigned int missed;	/* ticks that found what no edge had announced */
	unsigned int agreed;	/* ticks with an edge on which chip and line agreed */
};

struct pump {
	const struct ethernet_settings *settings; /* borrowed, outlives us */
	const struct clock *clock;		  /* borrowed, outlives us */
	uint8_t mac[6];

	/* The pump's thread alone. */
	struct w5500 *chip;
	struct spi_bus *bus;
	struct gpio_line *reset;
	struct pump_interrupt interrupt;
	int tap_fd;

	enum pump_phase phase;
	uint64_t due_ns;	 /* of the phase; while running: of a retry on the bus */
	enum pump_recovery step; /* the last one taken */
	struct pump_step steps[PUMP_RECOVERY_PROBE + 1];
	enum w5500_start start; /* where the present start began */
	uint64_t pause_ns;	/* before the next probe */
	bool pulse_reset;	/* the next probe begins with a pulse on RSTn */
	bool ever_ran;
	bool probe_failed; /* the present cause is that of a failed probe */
	uint64_t running_since_ns;
	uint64_t left_running_ns;
	unsigned int bus_failures; /* in a row */
	uint64_t garbled_seen;	   /* of the driver's count, at the beginning of ... */
	uint64_t garbled_since_ns;
	uint64_t clean_garbled; /* the same count, when it was last seen to change, at ...
				 */
	uint64_t clean_since_ns;
	uint64_t clock_patience_ns; /* clean for so long, a lowered clock is reconsidered
				     */
	uint64_t health_due_ns;
	uint64_t lines_due_ns; /* next try to get the lines that are missing */
	uint64_t last_traffic_ns;
	uint64_t poll_due_ns; /* without INT */
	char line_hint[160];  /* a line that could not be had, and why */
	enum cause_id line_hint_id;
	struct pump_status now;	  /* being made up */
	struct pump_counters own; /* those that the driver does not count */

	/* Between threads. */
	pthread_mutex_t lock; /* protects the next four */
	struct pump_status status;
	struct pump_counters counters;
	int new_tap_fd;
	bool new_tap; /* take new_tap_fd (or nothing, if -1) */
	atomic_bool tap_lost;
	atomic_uint_fast64_t heartbeat;
	atomic_bool stopping;
	int wake_fd;  /* for the pump's thread */
	int event_fd; /* for main */
	pthread_t thread;
	bool thread_runs;
};

/* pump_recovery.c: from no bus to a running chip, and back there after trouble */

/* One step of opening or starting; at most one bus message. */
void pump_advance(struct pump *p);

/* The chip is in trouble: begins a step of recovery, a stronger one if it recurs. */
void pump_recover(struct pump *p, enum pump_recovery step, enum cause_id id,
		  const char *cause);

/*
 * A message failed with @error: whether to try again, which is due at due_ns then.
 * If not, the bus has to be opened anew.
 */
bool pump_retry_bus(struct pump *p, int error);

/* What made @step necessary has an explanation: it does not count as recurring. */
void pump_forget_step(struct pump *p, enum pump_recovery step);

/* Lowers the clock if too many answers of late were garbled. */
void pump_watch_clock(struct pump *p);

/* The health tick found all well. */
void pump_still_running(struct pump *p);

/* Closes bus and lines. */
void pump_close_bus(struct pump *p);

/* pump_interrupt.c: the INT line as a level, and whether it can be believed */

/* Whether the line is there and can be believed. */
bool pump_interrupt_usable(const struct pump *p);

/* ... and is low. */
bool pump_interrupt_low(const struct pump *p);

/* Forgets edges and says whether the line asks for service now. */
bool pump_interrupt_asks(struct pump *p);

/* The wait for the line's descriptor reported an edge, or an error. */
void pump_interrupt_event(struct pump *p, const struct pollfd *fd);

/* An exchange on account of the line brought nothing, or any exchange brought work. */
void pump_interrupt_result(struct pump *p, bool work);

/* Compares the line with what the chip said on the health tick; @idle: nothing was
 * known to be waiting before it. */
void pump_interrupt_check(struct pump *p, const struct w5500_health *health, bool idle);

/* pump.c */

/* Records the state of the link, sets the carrier and forgets frames if it is down. */
void pump_set_link(struct pump *p, bool up, uint16_t mbit, bool full_duplex);

/* pump_thread.c */

/* Makes up the status and lets others see it and the counters. */
void pump_publish(struct pump *p);

#endif
