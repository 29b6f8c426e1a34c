/* SPDX-License-Identifier: MIT */
/*
 * packet_bench.h — the pump at work on the simulated board, and what that costs
 *
 * Pump and driver as shipped, turn by turn as their thread makes them, in virtual
 * board time: each run gives the same numbers on every machine. The TAP is in
 * memory, so that what is counted are the calls and not what is behind them.
 *
 * One bench at a time. A mistake, or a violation of the chip, ends the program.
 * Link with PACKET_BENCH_LINK_ARGS of meson.build: they lead the TAP here.
 */
#ifndef MQTTNODE_TESTS_FIGURES_PACKET_BENCH_H
#define MQTTNODE_TESTS_FIGURES_PACKET_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a bus call costs beside its bytes. */
struct packet_model {
	const char *name;
	uint64_t call_ns;   /* of one call */
	uint64_t toggle_ns; /* of one chip select toggle inside a message */
};

struct packet_setup {
	struct packet_model model;
	uint32_t bufsiz;
	bool interrupt; /* INT is wired */
	bool chained;	/* the chained plan */
};

/* What went over the bus. */
struct bus_cost {
	uint64_t calls, transfers, selects, bytes;
	uint64_t ns; /* modelled time of the calls */
};

/* Counted from some point on. */
struct packet_cost {
	uint64_t rx_frames, tx_frames; /* that arrived where they should */
	struct bus_cost bus;
	struct bus_cost health; /* of that, the health tick: 4 a second, whatever happens
				 */
	uint64_t elapsed_ns;	/* board time */
	uint64_t tap_calls;	/* system calls on the TAP */
	uint64_t wakeups;	/* times that the thread slept */
};

struct packet_bench;

/* A pump on a board, its chip running with link. */
struct packet_bench *packet_bench_new(const struct packet_setup *setup);
struct packet_bench *packet_bench_free(struct packet_bench *b);

/* @n frames of @size to us, or from the TAP, that wait to be carried. */
void packet_bench_arrive(struct packet_bench *b, size_t size, unsigned int n);
void packet_bench_send(struct packet_bench *b, size_t size, unsigned int n);

/*
 * Both sides have frames of @size without end, as far as this allows: of every
 * @rx + @tx frames, @rx go to us (0: none).
 */
void packet_bench_backlog(struct packet_bench *b, size_t size, unsigned int rx,
			  unsigned int tx);

/* Works until so many more frames have arrived where they should; or for @ns. */
void packet_bench_frames(struct packet_bench *b, uint64_t n);
void packet_bench_for(struct packet_bench *b, uint64_t ns);

/* Works until just after the next health tick: the following 200 ms know no other. */
void packet_bench_to_tick(struct packet_bench *b);

/* Everything since the beginning; since @from; and added up. */
struct packet_cost packet_bench_cost(const struct packet_bench *b);
struct packet_cost packet_cost_since(const struct packet_cost *from,
				     const struct packet_cost *to);
void packet_cost_add(struct packet_cost *sum, const struct packet_cost *cost);

/*
 * Whether the turns count for a profiler: callgrind is told to collect in
 * packet_bench_measured_turn(), through which they then go.
 */
void packet_bench_measure(struct packet_bench *b, bool on);

#endif
