// SPDX-License-Identifier: MIT
/*
 * test_w5500_cost.c — what frames cost on the bus: calls, chip selects, bytes
 *
 * In the virtual time of the simulated board a run is the same each time, so
 * the counts are asserted exactly: a change of the driver that changes them has
 * to be looked at. The limits beside them are those of the design, for each
 * row of its table.
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

/* ---- single frames, from idle to idle ---- */

static void one_frame_in_takes_two_messages(void **state)
{
	static const struct {
		size_t len;
		unsigned int selects, overhead, limit;
	} cases[] = {
		{ 60, 6, 98, 100 },  { 110, 6, 48, 100 }, { 111, 7, 51, 100 },
		{ 576, 7, 51, 100 }, { 1514, 7, 51, 90 },
	};
	struct chip_rig *rig = *state;

	chip_rig_run(rig);
	chip_rig_settle(rig);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		for (int again = 0; again < 3; again++) {
			struct cost before = cost_of(rig), cost;

			chip_rig_arrive(rig, cases[i].len);
			chip_rig_settle(rig);
			cost = cost_since(rig, &before);
			print_cost("RX one", cases[i].len, &cost, 1);
			assert_true(cases[i].overhead <= cases[i].limit);
			assert_cost(&cost, 2, cases[i].selects,
				    cases[i].len + cases[i].overhead);
		}
	}
	chip_rig_assert_all_arrived(rig);
	packet_rig_assert_clean(&rig->board);
}

static void one_frame_out_takes_two_messages_at_most(void **state)
{
	static const struct {
		size_t len;
		unsigned int calls, selects, overhead;
	} cases[] = {
		{ 60, 1, 5, 31 },
		{ 576, 2, 5, 42 },
		{ 1514, 2, 5, 42 },
	};
	struct chip_rig *rig = *state;

	chip_rig_run(rig);
	chip_rig_settle(rig);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct cost before = cost_of(rig), cost;

		chip_rig_send(rig, cases[i].len);
		chip_rig_settle(rig);
		cost = cost_since(rig, &before);
		print_cost("TX one", cases[i].len, &cost, 1);
		assert_true(cases[i].calls <= 2 && cases[i].overhead <= 42);
		assert_cost(&cost, cases[i].calls, cases[i].selects,
			    cases[i].len + cases[i].overhead);
	}
	chip_rig_assert_all_arrived(rig);
	packet_rig_assert_clean(&rig->board);
}

/* ---- backlogs ---- */

/* Of the design, per frame; the rate is that of virtual time at 31.25 MHz. */
struct limits {
	double calls, overhead, frames_per_s;
};

#define FRAMES_PER_S(share, len) ((share)*31.25e6 / 8 / (len))

static void assert_limits(const struct chip_rig *rig, const struct cost *c, size_t len,
			  uint32_t n, uint64_t ns, const struct limits *limits)
{
	assert_true((double)c->calls <= limits->calls * n);
	assert_true((double)c->bytes <= ((double)len + limits->overhead) * n);
	assert_true(n * 1e9 / (double)ns >= limits->frames_per_s);
	assert_int_equal(rig->received.bad + rig->received.repeated, 0);
	assert_int_equal(rig->board.sent.bad + rig->board.sent.repeated, 0);
}

/* A wire that never pauses: what does not fit is dropped by the chip. */
static size_t endless(void *ctx, uint8_t *frame)
{
	struct chip_rig *rig = ctx;

	frame_make(frame, rig->rx_next++, rig->tx_len, true);
	return rig->tx_len;
}

static void backlog_in(struct chip_rig *rig, size_t len, uint32_t bufsiz,
		       const struct limits *limits, uint64_t calls, uint64_t selects,
		       uint64_t bytes)
{
	struct cost before, cost;
	uint32_t frames;
	uint64_t begin;

	sim_spi_options(rig->board.spi)->bufsiz = bufsiz;
	rig->received.any_length = true;
	chip_rig_run(rig);
	rig->tx_len = len;
	w5500_sim_set_source(rig->board.chip, endless, rig);
	while (rig->received.good < 200)
		chip_rig_turn(rig, 0);
	before = cost_of(rig);
	begin = packet_rig_now(&rig->board);
	frames = rig->received.good;
	while (rig->received.good - frames < 5000)
		chip_rig_turn(rig, 0);
	cost = cost_since(rig, &before);
	frames = rig->received.good - frames;
	print_cost("RX backlog", len, &cost, frames);
	assert_limits(rig, &cost, len, frames, packet_rig_now(&rig->board) - begin,
		      limits);
	assert_cost(&cost, calls, selects, bytes);
	packet_rig_assert_clean(&rig->board);
	w5500_sim_set_source(rig->board.chip, NULL, NULL);
}

static void a_backlog_in_shares_messages(void **state)
{
	static const struct limits limits = { 0.39, 15, FRAMES_PER_S(0.935, 1514) };

	backlog_in(*state, 1514, 4096, &limits, 1911, 7594, 7634995);
}

static void a_backlog_in_shares_larger_messages(void **state)
{
	static const struct limits limits = { 0.21, 10, FRAMES_PER_S(0.96, 1514) };

	backlog_in(*state, 1514, 16384, &limits, 1044, 4149, 7623040);
}

static void a_backlog_in_needs_no_more_than_the_ring(void **state)
{
	static const struct limits limits = { 0.21, 10, FRAMES_PER_S(0.96, 1514) };

	backlog_in(*state, 1514, 65536, &limits, 1044, 4149, 7623040);
}

static void a_backlog_of_small_frames_in_shares_messages(void **state)
{
	static const struct limits limits = { 0.017, 3, 58500 };

	backlog_in(*state, 60, 4096, &limits, 79, 296, 315825);
}

static void backlog_out(struct chip_rig *rig, size_t len, const struct limits *limits,
			uint64_t calls, uint64_t selects, uint64_t bytes)
{
	const uint32_t frames = 2000;
	struct cost before, cost;
	uint64_t begin;

	rig->board.sent.any_length = true;
	chip_rig_run(rig);
	chip_rig_settle(rig);
	before = cost_of(rig);
	begin = packet_rig_now(&rig->board);
	rig->tx_len = len;
	chip_rig_traffic(rig, 0, frames, NSEC_PER_SEC);
	cost = cost_since(rig, &before);
	print_cost("TX backlog", len, &cost, frames);
	/* Begin and end of the backlog: a window more for the first and the last. */
	assert_true(cost.calls <= frames + 2 && cost.bytes <= (len + 27) * frames + 200);
	assert_true(frames * 1e9 / (double)(packet_rig_now(&rig->board) - begin) >=
		    limits->frames_per_s);
	assert_cost(&cost, calls, selects, bytes);
	chip_rig_assert_all_arrived(rig);
	packet_rig_assert_clean(&rig->board);
}

static void a_backlog_out_takes_one_message_a_frame(void **state)
{
	static const struct limits limits = { .frames_per_s = FRAMES_PER_S(0.88, 1514) };

	backlog_out(*state, 1514, &limits, 2001, 8002, 3082019);
}

static void a_backlog_of_small_frames_out_takes_one_message_a_frame(void **state)
{
	static const struct limits limits = { .frames_per_s = 14500 };

	backlog_out(*state, 60, &limits, 2000, 8001, 174004);
}

/* ---- batches that follow the load ---- */

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
		TEST(one_frame_in_takes_two_messages),
		TEST(one_frame_out_takes_two_messages_at_most),
		TEST(a_backlog_in_shares_messages),
		TEST(a_backlog_in_shares_larger_messages),
		TEST(a_backlog_in_needs_no_more_than_the_ring),
		TEST(a_backlog_of_small_frames_in_shares_messages),
		TEST(a_backlog_out_takes_one_message_a_frame),
		TEST(a_backlog_of_small_frames_out_takes_one_message_a_frame),
		TEST(batches_follow_the_load),
		TEST(batches_follow_the_limits_of_the_bus),
	};

	return cmocka_run_group_tests_name("w5500_cost", tests, NULL, NULL);
}
