/* SPDX-License-Identifier: MIT */
/*
 * packet_cases.h — the cases that the packet path is measured in
 *
 * The benchmark prints all of them, the test of the bars looks some of them up:
 * DIRECTION_SIZE_LOAD_BUFSIZ_PLAN, such as rx_1514_backlog_4096_plain.
 *
 *	direction  rx, tx, or both: mix1to1, mix10to1 (received to sent)
 *	load       backlog: the sender never pauses; single: one frame, from idle to
 *		   idle; singlepoll: the same without the INT line
 *	plan       how the accesses of a turn are put into a bus message
 *
 * and idle_int, idle_poll: link up and nothing to do, with the INT line or without.
 */
#ifndef MQTTNODE_TESTS_FIGURES_PACKET_CASES_H
#define MQTTNODE_TESTS_FIGURES_PACKET_CASES_H

#include "packet_bench.h"

enum packet_load {
	PACKET_LOAD_BACKLOG,
	PACKET_LOAD_SINGLE,
	PACKET_LOAD_IDLE,
};

struct packet_case {
	char name[48];
	enum packet_load load;
	unsigned int rx, tx; /* of so many frames in each direction */
	size_t size;
	uint32_t bufsiz;
	bool interrupt;
	bool chained;
};

/* The models; the first is the one that all comparisons use. */
extern const struct packet_model packet_models[];
extern const size_t n_packet_models;

/* The SPI clock of all cases. */
#define PACKET_BUS_HZ 31250000

/* Case @i. Returns whether there is one. */
bool packet_case_get(size_t i, struct packet_case *ret);

/* The case called @name. Returns whether there is one. */
bool packet_case_find(const char *name, struct packet_case *ret);

/* What it costs: per frame, or per second if it is idle. */
struct packet_figures {
	double calls, transfers, selects, bytes, bus_us;
	double tap_calls, wakeups;
	double frames_per_s; /* 0 if idle */
	double share;	     /* of what the bus could carry if it carried only frames */
	uint64_t frames;     /* that were measured */
};

/* Runs the case on the board that @model describes. */
struct packet_figures packet_case_run(const struct packet_case *c,
				      const struct packet_model *model);

#endif
