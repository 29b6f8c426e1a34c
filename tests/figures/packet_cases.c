// SPDX-License-Identifier: MIT
/* packet_cases.c — the cases that the packet path is measured in */
#include "packet_cases.h"

#include <stdio.h>
#include <string.h>

#include "mqttnode/cleanup.h"
#include "mqttnode/clock.h"

/* Frames that pass before the counting, and so many bytes of frames that are counted. */
#define WARM_UP_FRAMES 300
#define MEASURED_BYTES 1500000
#define SINGLES	       20
#define IDLE_S	       20

const struct packet_model packet_models[] = {
	{ "15us", 15000, 10000 },
	{ "5us", 5000, 10000 },
	{ "50us", 50000, 10000 },
	{ "15us_no_toggle", 15000, 0 },
};
const size_t n_packet_models = ARRAY_SIZE(packet_models);

static const struct {
	const char *name;
	unsigned int rx, tx;
} directions[] = {
	{ "rx", 1, 0 },
	{ "tx", 0, 1 },
	{ "mix1to1", 1, 1 },
	{ "mix10to1", 10, 1 },
};

static const struct {
	const char *name;
	enum packet_load load;
	bool interrupt;
} loads[] = {
	{ "backlog", PACKET_LOAD_BACKLOG, true },
	{ "single", PACKET_LOAD_SINGLE, true },
	{ "singlepoll", PACKET_LOAD_SINGLE, false },
};

static const size_t sizes[] = { 60, 128, 576, 1514 };
static const uint32_t bufsizes[] = { 4096, 16384, 65536 };
static const char *const plans[] = { "plain", "chained" };

/* All combinations; a single frame goes one way. */
static bool combination(size_t i, struct packet_case *ret)
{
	for (size_t d = 0; d < ARRAY_SIZE(directions); d++)
		for (size_t l = 0; l < ARRAY_SIZE(loads); l++) {
			size_t n = ARRAY_SIZE(sizes) * ARRAY_SIZE(bufsizes) *
				   ARRAY_SIZE(plans);

			if (loads[l].load == PACKET_LOAD_SINGLE && directions[d].rx &&
			    directions[d].tx)
				continue;
			if (i >= n) {
				i -= n;
				continue;
			}
			*ret = (struct packet_case){
				.load = loads[l].load,
				.rx = directions[d].rx,
				.tx = directions[d].tx,
				.size = sizes[i % ARRAY_SIZE(sizes)],
				.bufsiz = bufsizes[i / ARRAY_SIZE(sizes) %
						   ARRAY_SIZE(bufsizes)],
				.interrupt = loads[l].interrupt,
				.chained = i / ARRAY_SIZE(sizes) /
						   ARRAY_SIZE(bufsizes) ==
					   1,
			};
			(void)snprintf(
				ret->name, sizeof(ret->name), "%s_%zu_%s_%u_%s",
				directions[d].name, ret->size, loads[l].name, ret->bufsiz,
				plans[i / ARRAY_SIZE(sizes) / ARRAY_SIZE(bufsizes)]);
			return true;
		}
	return false;
}

bool packet_case_get(size_t i, struct packet_case *ret)
{
	if (i >= 2)
		return combination(i - 2, ret);
	*ret = (struct packet_case){
		.load = PACKET_LOAD_IDLE,
		.size = sizes[0],
		.bufsiz = bufsizes[0],
		.interrupt = i == 0,
	};
	(void)snprintf(ret->name, sizeof(ret->name), "idle_%s", i == 0 ? "int" : "poll");
	return true;
}

bool packet_case_find(const char *name, struct packet_case *ret)
{
	for (size_t i = 0; packet_case_get(i, ret); i++)
		if (strcmp(name, ret->name) == 0)
			return true;
	return false;
}

/* Per @n frames or seconds. The health tick is none of a frame's doing. */
static struct packet_figures figures(const struct packet_cost *cost, uint64_t n,
				     bool with_health)
{
	struct bus_cost less = with_health ? (struct bus_cost){ 0 } : cost->health;
	double per = (double)n;

	return (struct packet_figures){
		.calls = (double)(cost->bus.calls - less.calls) / per,
		.transfers = (double)(cost->bus.transfers - less.transfers) / per,
		.selects = (double)(cost->bus.selects - less.selects) / per,
		.bytes = (double)(cost->bus.bytes - less.bytes) / per,
		.bus_us = (double)(cost->bus.ns - less.ns) / 1e3 / per,
		.tap_calls = (double)cost->tap_calls / per,
		.wakeups = (double)cost->wakeups / per,
		.frames = cost->rx_frames + cost->tx_frames,
	};
}

static struct packet_cost run_backlog(struct packet_bench *b, const struct packet_case *c)
{
	struct packet_cost before, after;

	packet_bench_backlog(b, c->size, c->rx, c->tx);
	packet_bench_frames(b, WARM_UP_FRAMES);
	packet_bench_measure(b, true);
	before = packet_bench_cost(b);
	packet_bench_frames(b, MEASURED_BYTES / c->size);
	after = packet_bench_cost(b);
	return packet_cost_since(&before, &after);
}

/* Frames far from each other and from the health ticks. */
static struct packet_cost run_single(struct packet_bench *b, const struct packet_case *c)
{
	struct packet_cost sum = { 0 };

	for (unsigned int i = 0; i < SINGLES + 1; i++) {
		struct packet_cost before, after, one;

		packet_bench_to_tick(b);
		packet_bench_measure(b, i > 0);
		before = packet_bench_cost(b);
		if (c->rx)
			packet_bench_arrive(b, c->size, 1);
		else
			packet_bench_send(b, c->size, 1);
		packet_bench_frames(b, 1);
		packet_bench_for(b, NSEC_PER_MSEC / 2);
		after = packet_bench_cost(b);
		packet_bench_measure(b, false);
		if (i == 0) /* the first of a connection is not like the others */
			continue;
		one = packet_cost_since(&before, &after);
		packet_cost_add(&sum, &one);
	}
	sum.elapsed_ns = sum.bus.ns; /* what is in between does not count */
	return sum;
}

struct packet_figures packet_case_run(const struct packet_case *c,
				      const struct packet_model *model)
{
	struct packet_setup setup = {
		.model = *model,
		.bufsiz = c->bufsiz,
		.interrupt = c->interrupt,
		.chained = c->chained,
	};
	struct packet_bench *b = packet_bench_new(&setup);
	struct packet_cost before, cost = { 0 };
	struct packet_figures f;

	switch (c->load) {
	case PACKET_LOAD_BACKLOG:
		cost = run_backlog(b, c);
		break;
	case PACKET_LOAD_SINGLE:
		cost = run_single(b, c);
		break;
	case PACKET_LOAD_IDLE:
		packet_bench_to_tick(b);
		before = packet_bench_cost(b);
		packet_bench_for(b, IDLE_S * NSEC_PER_SEC);
		cost = packet_bench_cost(b);
		cost = packet_cost_since(&before, &cost);
		break;
	}
	b = packet_bench_free(b);

	if (c->load == PACKET_LOAD_IDLE)
		return figures(&cost, IDLE_S, true);
	f = figures(&cost, cost.rx_frames + cost.tx_frames, false);
	f.frames_per_s = (double)f.frames * 1e9 / (double)cost.elapsed_ns;
	f.share = f.frames_per_s * (double)c->size * 8 / PACKET_BUS_HZ;
	return f;
}
