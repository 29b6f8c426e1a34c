// SPDX-License-Identifier: MIT
/*
 * test_w5500_cost.c — how the size of batches follows load and bus
 *
 * In the virtual time of the simulated board a run is the same each time, so
 * the counts are asserted exactly: a change of the driver that changes them has
 * to be looked at. What single frames and backlogs cost is in test_packet_cost.c.
 */
#include "mqttnode/w5500.h"

#include "chip_rig.h"
#include "unit.h"

/* What passed on the bus. */
struct cost {
	uint64_t calls, selects, bytes, bus_ns;
};

static struct cost cost_of(const struct chip_rig *rig)
{
	return (struct cost){
		.calls = sim_spi_stats(rig->board.spi)->messages,
		.selects = w5500_sim_stats(rig->board.chip)->chip_selects,
		.bytes = w5500_sim_stats(rig->board.chip)->bytes,
		.bus_ns = sim_spi_stats(rig->board.spi)->bus_ns,
	};
}

static struct cost cost_since(const struct chip_rig *rig, const struct cost *before)
{
	struct cost now = cost_of(rig);

	return (struct cost){
		.calls = now.calls - before->calls,
		.selects = now.selects - before->selects,
		.bytes = now.bytes - before->bytes,
		.bus_ns = now.bus_ns - before->bus_ns,
	};
}

static void print_cost(const char *what, size_t len, const struct cost *c, double n)
{
	print_message(
		"# %s %zu: %llu calls, %llu selects, %llu bytes: a frame %.4f, %.3f, "
		"L+%.2f, %.2f us\n",
		what, len, (unsigned long long)c->calls, (unsigned long long)c->selects,
		(unsigned long long)c->bytes, (double)c->calls / n,
		(double)c->selects / n, (double)c->bytes / n - (double)len,
		(double)c->bus_ns / 1e3 / n);
}

static void assert_cost(const struct cost *c, uint64_t calls, uint64_t selects,
			uint64_t bytes)
{
	assert_int_equal(c->calls, calls);
	assert_int_equal(c->selects, selects);
	assert_int_equal(c->bytes, bytes);
}

/* Frames of 60 bytes, @per_burst at a time; every burst is over before the next. */
static struct cost bursts_in(struct chip_rig *rig, unsigned int per_burst)
{
	struct cost before;

	for (int i = 0; i < 20; i++) {
		if (i == 10)
			before = cost_of(rig);
		for (unsigned int j = 0; j < per_burst; j++)
			chip_rig_arrive(rig, 60);
		chip_rig_settle(rig);
	}
	return cost_since(rig, &before);
}

static void batches_follow_the_load(void **state)
{
	static const struct {
		unsigned int per_burst, calls, selects, bytes; /* of ten bursts */
	} cases[] = {
		{ 1, 20, 60, 1580 },	{ 2, 20, 70, 1730 },	{ 4, 30, 100, 3210 },
		{ 8, 30, 100, 5690 },	{ 16, 30, 100, 10650 }, { 32, 30, 100, 20570 },
		{ 64, 30, 100, 40410 },
	};
	struct chip_rig *rig = *state;

	chip_rig_run(rig);
	chip_rig_settle(rig);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct cost cost = bursts_in(rig, cases[i].per_burst);

		print_cost("bursts in", 60, &cost, 10 * cases[i].per_burst);
		assert_cost(&cost, cases[i].calls, cases[i].selects, cases[i].bytes);
	}
	chip_rig_assert_all_arrived(rig);
	packet_rig_assert_clean(&rig->board);
}

/* What a message may carry decides, with what the alignment makes of it. */
static void batches_follow_the_limits_of_the_bus(void **state)
{
	static const struct {
		uint32_t bufsiz, alignment;
		unsigned int calls; /* for 100 frames of 1514 bytes */
	} cases[] = {
		{ 1024, 128, 180 }, { 2048, 1, 90 },   { 4096, 1, 60 },
		{ 4096, 128, 60 },  { 8192, 128, 40 }, { 16384, 64, 40 },
		{ 65536, 128, 40 },
	};
	struct chip_rig *rig = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct cost before, cost;

		sim_spi_options(rig->board.spi)->bufsiz = cases[i].bufsiz;
		sim_spi_options(rig->board.spi)->alignment = cases[i].alignment;
		chip_rig_run(rig);
		chip_rig_settle(rig);
		before = cost_of(rig);
		for (int j = 0; j < 10; j++) {
			for (int k = 0; k < 10; k++)
				chip_rig_arrive(rig, 1514);
			chip_rig_settle(rig);
		}
		cost = cost_since(rig, &before);
		print_cost("lots of ten in", 1514, &cost, 100);
		assert_int_equal(cost.calls, cases[i].calls);
	}
	chip_rig_assert_all_arrived(rig);
	packet_rig_assert_clean(&rig->board);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, chip_rig_setup, chip_rig_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(batches_follow_the_load),
		TEST(batches_follow_the_limits_of_the_bus),
	};

	return cmocka_run_group_tests_name("w5500_cost", tests, NULL, NULL);
}
