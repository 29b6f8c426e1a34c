// SPDX-License-Identifier: MIT
/* test_sim_spi.c — the simulated SPI bus behind spidev.h */
#include "sim/sim_spi.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "mqttnode/bytes.h"
#include "mqttnode/spidev.h"

#include "spi_bench.h"
#include "unit.h"

/* ---- opening ---- */

static void opens_what_is_attached(void **state)
{
	struct bench *b = *state;
	struct sim_spi *second = NULL;
	struct spi_bus *bus = NULL;

	assert_int_equal(spidev_open(&bus, "/dev/spidev9.9", 1000000), -ENOENT);
	assert_int_equal(spidev_open(&bus, NODE, 1000000), -EWOULDBLOCK); /* locked */
	assert_int_equal(sim_spi_attach(&second, b->chip, NODE), -EEXIST);
	b->bus = spidev_close(b->bus);
	assert_int_equal(spidev_open(&b->bus, NODE, 0), -EINVAL);
	assert_int_equal(spidev_open(&b->bus, NODE, 1000),
			 -EINVAL); /* below the divider */
	assert_int_equal(spidev_open(&b->bus, NODE, 1000000), 0);
	assert_int_equal(sim_spi_stats(b->device)->opens, 2);
	assert_null(spidev_close(NULL));
	assert_null(sim_spi_detach(NULL));
}

static void several_chips_have_their_own_nodes(void **state)
{
	struct bench *b = *state;
	_cleanup_(w5500_sim_freep) struct w5500_sim *chip = NULL;
	struct bench other = { .time = b->time };

	assert_int_equal(w5500_sim_new(&chip, b->time, NULL), 0);
	assert_int_equal(sim_spi_attach(&other.device, chip, "/dev/spidev0.1"), 0);
	assert_int_equal(spidev_open(&other.bus, "/dev/spidev0.1", 31250000), 0);
	assert_int_equal(bench_write_rtr(b, 0x1111), 0);
	assert_int_equal(bench_write_rtr(&other, 0x2222), 0);
	assert_int_equal(bench_read_rtr(b), 0x1111);
	assert_int_equal(bench_read_rtr(&other), 0x2222);
	other.bus = spidev_close(other.bus);
	other.device = sim_spi_detach(other.device);
	assert_int_equal(spidev_open(&other.bus, "/dev/spidev0.1", 31250000), -ENOENT);
}

static void opening_can_fail(void **state)
{
	static const uint32_t errors[] = { ENOENT, EACCES, EWOULDBLOCK };
	struct bench *b = *state;

	b->bus = spidev_close(b->bus);
	for (unsigned int i = 0; i < ARRAY_SIZE(errors); i++) {
		char text[200];

		sim_spi_faults(b->device)->open_errno = errors[i];
		assert_int_equal(spidev_open(&b->bus, NODE, 1000000), -(int)errors[i]);
		assert_int_not_equal(
			spidev_explain(NODE, (int)errors[i], text, sizeof(text)),
			CAUSE_NONE);
		assert_non_null(strstr(text, NODE));
	}
	sim_spi_faults(b->device)->open_errno = 0;
	assert_int_equal(spidev_open(&b->bus, NODE, 1000000), 0);
}

static void explains_every_error(void **state)
{
	char text[200], small[8];

	(void)state;
	for (int error = 1; error < 200; error++) {
		(void)spidev_explain(NODE, error, text, sizeof(text));
		assert_memory_equal(text, NODE ": ", sizeof(NODE ": ") - 1);
	}
	(void)spidev_explain(NODE, EIO, small, sizeof(small));
	assert_string_equal(small, "/dev/sp");
}

/* ---- messages ---- */

static void transfers_share_a_select_unless_cs_changes(void **state)
{
	static const uint8_t header[3] = { 0x00, 0x39, 0x00 };
	struct bench *b = *state;
	uint8_t version = 0, echo[3] = { 0 };
	struct spi_transfer t[] = {
		{ .tx = header, .len = 3 },
		{ .rx = &version, .len = 1, .cs_change = true },
		{ .tx = header, .rx = echo, .len = 3 },
	};

	assert_int_equal(spidev_message(b->bus, t, 3), 0);
	assert_int_equal(version, 0x04);
	assert_memory_equal(echo, "\x01\x02\x03", 3);
	assert_int_equal(w5500_sim_stats(b->chip)->chip_selects, 2);
	assert_int_equal(sim_spi_stats(b->device)->messages, 1);
	assert_int_equal(sim_spi_stats(b->device)->transfers, 3);
	assert_int_equal(sim_spi_stats(b->device)->cs_changes, 1);
	assert_int_equal(bench_violations(b), 0);
}

static void zeroes_are_clocked_without_tx(void **state)
{
	struct bench *b = *state;
	uint8_t rx[5];
	struct spi_transfer t = { .rx = rx, .len = 5 };

	assert_int_equal(bench_write_rtr(b, 0xbeef), 0);
	assert_int_equal(spidev_message(b->bus, &t, 1),
			 0); /* a read at 0x0000 of block 0 */
	assert_memory_equal(rx, "\x01\x02\x03\x00\x00", 5);
}

static void speed_is_rounded_down_and_capped(void **state)
{
	static const struct {
		uint32_t asked, hz;
	} cases[] = {
		{ 33400000, 31250000 },
		{ 31250000, 31250000 },
		{ 31249999, 25000000 },
		{ 80000000, 31250000 },
		{ 30000000, 25000000 },
		{ 16700000, 15625000 },
		{ 4000000, 3906250 },
		{ 1, 0 },
		{ 0, 0 },
	};
	struct bench *b = *state;

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(sim_spi_effective_hz(b->device, cases[i].asked),
				 cases[i].hz);
	sim_spi_options(b->device)->core_hz = 200000000; /* a Pi 5 */
	sim_spi_options(b->device)->max_hz = 100000000;
	assert_int_equal(sim_spi_effective_hz(b->device, 33400000), 33333333);
	assert_int_equal(sim_spi_effective_hz(b->device, 33000000), 25000000);
	assert_int_equal(sim_spi_effective_hz(b->device, 400000000), 100000000);
	assert_int_equal(spidev_set_speed(b->bus, 0), -EINVAL);
}

/* ---- the cost model ---- */

static void a_call_costs_15_us_and_8_bits_a_byte(void **state)
{
	struct bench *b = *state;
	uint8_t rx[4];
	uint64_t start = bench_now(b);

	assert_int_equal(bench_read_version(b, rx), 0);
	assert_int_equal(bench_now(b), start + 15000 + 4 * 256);
	assert_int_equal(sim_spi_stats(b->device)->bus_ns, 15000 + 4 * 256);
	assert_int_equal(spidev_set_speed(b->bus, 4000000), 0);
	start = bench_now(b);
	assert_int_equal(bench_read_version(b, rx), 0);
	assert_int_equal(bench_now(b), start + 15000 + 4 * 2048);
}

static void a_cs_change_costs_10_us(void **state)
{
	static const uint8_t header[3] = { 0x00, 0x39, 0x00 };
	struct bench *b = *state;
	struct spi_transfer t[] = {
		{ .tx = header, .len = 3, .cs_change = true },
		{ .tx = header, .len = 3, .cs_change = true },
		{ .tx = header, .len = 3 },
	};
	uint64_t start = bench_now(b);

	assert_int_equal(spidev_message(b->bus, t, 3), 0);
	assert_int_equal(bench_now(b), start + 15000 + 2 * 10000 + 9 * 256);
	sim_spi_options(b->device)->call_ns = 50000;
	sim_spi_options(b->device)->cs_change_ns = 0;
	start = bench_now(b);
	assert_int_equal(spidev_message(b->bus, t, 3), 0);
	assert_int_equal(bench_now(b), start + 50000 + 9 * 256);
}

static void frames_arrive_in_the_middle_of_a_message(void **state)
{
	static const uint8_t open[] = { 0x00, 0x00, 0x0c, 0x04, 0x01 };
	static const uint8_t window[3] = { 0x00, 0x26, 0x08 };
	struct bench *b = *state;
	uint8_t frame[60] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, before[2], after[2];
	uint8_t filler[40] = { 0x00, 0x00, 0x10 };
	struct spi_transfer t[] = {
		{ .tx = window, .len = 3 },
		{ .rx = before, .len = 2, .cs_change = true },
		{ .tx = filler, .len = 40, .cs_change = true },
		{ .tx = window, .len = 3 },
		{ .rx = after, .len = 2 },
	};

	t[0] = (struct spi_transfer){ .tx = open, .len = sizeof(open) };
	assert_int_equal(spidev_message(b->bus, t, 1), 0);
	t[0] = (struct spi_transfer){ .tx = window, .len = 3 };
	/* Its last bit comes 5.76 us after its first; the message begins 15 us from now.
	 */
	assert_int_equal(w5500_sim_deliver(b->chip, frame, 60, bench_now(b) + 15000), 0);
	assert_int_equal(spidev_message(b->bus, t, 5), 0);
	assert_int_equal(get_be16(before), 0);
	assert_int_equal(get_be16(after), 62);
	assert_int_equal(bench_violations(b), 0);
}

/* ---- limits ---- */

static void each_direction_has_its_limit(void **state)
{
	struct bench *b = *state;
	uint8_t tx[4096] = { 0x00, 0x00, 0x10 }, rx[4096];
	struct spi_transfer t[] = { { .tx = tx, .len = 3968 },
				    { .rx = rx, .len = 4096 } };
	struct spi_limits limits = spidev_limits(b->bus);

	assert_int_equal(limits.bufsiz, 4096);
	assert_int_equal(limits.alignment, 128);
	assert_int_equal(spidev_message(b->bus, t, 2), 0);
	t[0] = (struct spi_transfer){ .tx = tx,
				      .rx = rx,
				      .len = 4096 }; /* counts on both sides */
	assert_int_equal(spidev_message(b->bus, t, 1), 0);
	assert_int_equal(bench_violations(b), 0);
	t[1].len = 1;
	assert_int_equal(spidev_message(b->bus, t, 2), -EMSGSIZE);
	bench_assert_caught(b, "sends more than bufsiz in one direction",
			    "bufsiz is 4096");
	assert_int_equal(sim_spi_stats(b->device)->refused, 1);
	assert_int_equal(sim_spi_stats(b->device)->messages, 2);
}

static void every_transfer_is_rounded_up(void **state)
{
	struct bench *b = *state;
	uint8_t tx[3] = { 0x00, 0x39, 0x00 };
	struct spi_transfer t[33];

	for (unsigned int i = 0; i < 33; i++)
		t[i] = (struct spi_transfer){ .tx = tx, .len = 3, .cs_change = i < 32 };
	t[31].cs_change = false;
	assert_int_equal(spidev_message(b->bus, t, 32), 0); /* 32 * 128 = 4096 */
	t[31].cs_change = true;
	assert_int_equal(spidev_message(b->bus, t, 33), -EMSGSIZE);
	bench_assert_caught(b, "forgets that each transfer is rounded up",
			    "4224 bytes out and 0 in");
	sim_spi_options(b->device)->alignment = 1;
	assert_int_equal(spidev_message(b->bus, t, 33), 0);
	assert_int_equal(bench_violations(b), 0);
	sim_spi_options(b->device)->bufsiz = 98;
	assert_int_equal(spidev_message(b->bus, t, 33), -EMSGSIZE);
	assert_int_equal(spidev_limits(b->bus).bufsiz, 98);
}

static void a_message_has_1_to_511_transfers(void **state)
{
	static struct spi_transfer t[512];
	struct bench *b = *state;
	uint8_t tx[1] = { 0 };

	for (unsigned int i = 0; i < 512; i++)
		t[i] = (struct spi_transfer){ .tx = tx, .len = 1 };
	sim_spi_options(b->device)->alignment = 1;
	assert_int_equal(spidev_message(b->bus, t, 511), 0);
	assert_int_equal(bench_violations(b), 0);
	assert_int_equal(spidev_message(b->bus, t, 512), -EINVAL);
	bench_assert_caught(b, "sends 512 transfers in one message",
			    "message of 512 transfers");
	assert_int_equal(spidev_message(b->bus, t, 0), -EINVAL);
	bench_assert_caught(b, "sends a message without a transfer",
			    "message of 0 transfers");
}

static void cs_change_on_the_last_transfer_leaves_scsn_low(void **state)
{
	static const uint8_t header[3] = { 0x00, 0x39, 0x00 };
	struct bench *b = *state;
	struct spi_transfer t = { .tx = header, .len = 3, .cs_change = true };
	uint8_t rx[4];

	assert_int_equal(spidev_message(b->bus, &t, 1), 0);
	bench_assert_caught(b, "sets cs_change on the last transfer",
			    "cs_change on the last");
	/* The next message goes on where this one stopped. */
	assert_int_equal(bench_read_version(b, rx), 0);
	assert_int_equal(rx[0], 0x04);
	assert_int_equal(w5500_sim_stats(b->chip)->chip_selects, 1);
	assert_int_equal(bench_read_version(b, rx), 0);
	assert_int_equal(rx[3], 0x04);
	assert_int_equal(w5500_sim_stats(b->chip)->chip_selects, 2);
}

/* ---- real time, threads, names ---- */

static void in_real_time_a_call_takes_its_time(void **state)
{
	struct bench *b = bench_new(true);
	uint64_t start, modelled;
	uint8_t tx[4000] = { 0x00, 0x00, 0x10 };
	struct spi_transfer t = { .tx = tx, .len = sizeof(tx) };

	(void)state;
	start = clock_now_ns(&clock_system);
	assert_int_equal(spidev_message(b->bus, &t, 1), 0);
	modelled = sim_spi_stats(b->device)->bus_ns;
	assert_int_equal(modelled, 15000 + 4000 * 256);
	assert_true(clock_now_ns(&clock_system) - start >= modelled);
	bench_free(b);
}

static atomic_bool stop;

/* A wire that never rests; returns NULL, or the bench if a frame could not be delivered.
 */
static void *deliver_all_the_time(void *arg)
{
	static const uint8_t frame[60] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	struct bench *b = arg;
	int r = 0;

	while (!stop && r == 0) {
		board_lock(b->time);
		if (w5500_sim_pending(b->chip) < 10)
			r = w5500_sim_deliver(b->chip, frame, 60, 0);
		board_unlock(b->time);
	}
	return r == 0 ? NULL : b;
}

static void bus_and_wire_may_be_different_threads(void **state)
{
	struct bench *b = bench_new(true);
	pthread_t thread;
	uint64_t arrived;
	void *result;
	uint8_t rx[4];

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, deliver_all_the_time, b), 0);
	do {
		assert_int_equal(bench_read_version(b, rx), 0);
		assert_int_equal(rx[3], 0x04);
		board_lock(b->time);
		arrived = w5500_sim_stats(b->chip)->rx_dropped_closed;
		board_unlock(b->time);
	} while (arrived < 100);
	stop = true;
	assert_int_equal(pthread_join(thread, &result), 0);
	assert_null(result);
	bench_free(b);
}

static void set_again(void *ctx, const char *name, uint64_t value)
{
	assert_int_equal(sim_spi_set(ctx, name, value), 0);
}

static void count(void *ctx, const char *name, uint64_t value)
{
	(void)name;
	(void)value;
	++*(unsigned int *)ctx;
}

static void settings_and_counters_have_names(void **state)
{
	struct bench *b = *state;
	unsigned int n = 0;

	sim_spi_each_setting(b->device, set_again, b->device);
	assert_int_equal(sim_spi_set(b->device, "fail_next", 3), 0);
	assert_int_equal(sim_spi_faults(b->device)->fail_next, 3);
	assert_int_equal(sim_spi_set(b->device, "call_ns", 5000), 0);
	assert_int_equal(sim_spi_options(b->device)->call_ns, 5000);
	assert_int_equal(sim_spi_set(b->device, "no_such_thing", 0), -ENOENT);
	sim_spi_each_counter(b->device, count, &n);
	assert_int_equal(n, sizeof(struct sim_spi_stats) / sizeof(uint64_t));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, bench_setup, bench_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(opens_what_is_attached),
		TEST(several_chips_have_their_own_nodes),
		TEST(opening_can_fail),
		cmocka_unit_test(explains_every_error),
		TEST(transfers_share_a_select_unless_cs_changes),
		TEST(zeroes_are_clocked_without_tx),
		TEST(speed_is_rounded_down_and_capped),
		TEST(a_call_costs_15_us_and_8_bits_a_byte),
		TEST(a_cs_change_costs_10_us),
		TEST(frames_arrive_in_the_middle_of_a_message),
		TEST(each_direction_has_its_limit),
		TEST(every_transfer_is_rounded_up),
		TEST(a_message_has_1_to_511_transfers),
		TEST(cs_change_on_the_last_transfer_leaves_scsn_low),
		cmocka_unit_test(in_real_time_a_call_takes_its_time),
		cmocka_unit_test(bus_and_wire_may_be_different_threads),
		TEST(settings_and_counters_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
