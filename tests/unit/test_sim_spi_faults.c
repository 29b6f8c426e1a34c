// SPDX-License-Identifier: MIT
/* test_sim_spi_faults.c — the faults of the simulated SPI bus */
#include <errno.h>
#include <string.h>

#include "mqttnode/spidev.h"
#include "sim/sim_spi.h"

#include "spi_bench.h"
#include "unit.h"

static void the_nth_message_fails(void **state)
{
	struct bench *b = *state;
	uint8_t rx[4];

	sim_spi_faults(b->device)->fail_after = 2;
	sim_spi_faults(b->device)->fail_next = 2;
	assert_int_equal(bench_read_version(b, rx), 0);
	assert_int_equal(bench_read_version(b, rx), 0);
	assert_int_equal(bench_read_version(b, rx), -EIO);
	sim_spi_faults(b->device)->fail_errno = ETIMEDOUT;
	assert_int_equal(bench_read_version(b, rx), -ETIMEDOUT);
	assert_int_equal(bench_read_version(b, rx), 0);
	assert_int_equal(sim_spi_stats(b->device)->failed, 2);
	assert_int_equal(sim_spi_faults(b->device)->fail_next, 0);
	assert_int_equal(bench_violations(b), 0);
}

static void messages_fail_for_a_time(void **state)
{
	struct bench *b = *state;
	uint8_t rx[4];

	sim_spi_faults(b->device)->fail_until_ns = bench_now(b) + NSEC_PER_SEC;
	while (bench_now(b) <
	       sim_spi_faults(b->device)->fail_until_ns - 100 * NSEC_PER_USEC) {
		assert_int_equal(bench_read_version(b, rx), -EIO);
		clock_sleep_ns(board_time_clock(b->time), 10 * NSEC_PER_MSEC);
	}
	clock_sleep_ns(board_time_clock(b->time), NSEC_PER_MSEC);
	assert_int_equal(bench_read_version(b, rx), 0);
}

static void messages_fail_at_random(void **state)
{
	struct bench *b = *state;
	uint8_t rx[4];
	unsigned int failed = 0;

	sim_spi_faults(b->device)->fail_one_in = 10;
	for (int i = 0; i < 2000; i++)
		failed += bench_read_version(b, rx) < 0;
	assert_in_range(failed, 120, 280);
}

static void a_failing_message_is_cut_anywhere(void **state)
{
	bool none = false, half = false, all = false;
	struct bench *b = *state;

	for (int i = 0; i < 200; i++) {
		uint16_t rtr;

		assert_int_equal(bench_write_rtr(b, 0x1111), 0);
		sim_spi_faults(b->device)->fail_next = 1;
		assert_int_equal(bench_write_rtr(b, 0x2222), -EIO);
		rtr = bench_read_rtr(b);
		none |= rtr == 0x1111;
		half |= rtr == 0x2211;
		all |= rtr == 0x2222;
	}
	assert_true(none && half && all);
	sim_spi_faults(b->device)->fail_before = true;
	for (int i = 0; i < 200; i++) {
		assert_int_equal(bench_write_rtr(b, 0x1111), 0);
		sim_spi_faults(b->device)->fail_next = 1;
		assert_int_equal(bench_write_rtr(b, 0x2222), -EIO);
		assert_int_equal(bench_read_rtr(b), 0x1111);
	}
}

static void a_failing_message_reads_nothing(void **state)
{
	struct bench *b = *state;

	sim_spi_faults(b->device)->fail_one_in = 1;
	for (int i = 0; i < 50; i++) {
		uint8_t rx[4] = { 0x77, 0x77, 0x77, 0x77 };

		assert_int_equal(bench_read_version(b, rx), -EIO);
		assert_memory_equal(rx, "\x77\x77\x77\x77", 4);
	}
}

static void a_device_that_went_away_must_be_opened_again(void **state)
{
	struct bench *b = *state;
	uint8_t rx[4];

	sim_spi_unbind(b->device);
	sim_spi_faults(b->device)->open_errno = ENOENT;
	assert_int_equal(bench_read_version(b, rx), -ESHUTDOWN);
	assert_int_equal(spidev_set_speed(b->bus, 1000000), -ESHUTDOWN);
	b->bus = spidev_close(b->bus);
	assert_int_equal(spidev_open(&b->bus, NODE, 31250000), -ENOENT);
	sim_spi_faults(b->device)->open_errno = 0;
	assert_int_equal(spidev_open(&b->bus, NODE, 31250000), 0);
	assert_int_equal(bench_read_version(b, rx), 0);
	assert_int_equal(rx[3], 0x04);
}

static void the_old_handle_of_a_device_stays_dead(void **state)
{
	struct bench *b = *state;
	struct bench again = *b;
	uint8_t rx[4];

	sim_spi_unbind(b->device);
	assert_int_equal(spidev_open(&again.bus, NODE, 31250000), 0);
	assert_int_equal(bench_read_version(b, rx), -ESHUTDOWN);
	b->bus = spidev_close(b->bus);
	assert_int_equal(bench_read_version(&again, rx), 0);
	assert_int_equal(spidev_open(&b->bus, NODE, 31250000), -EWOULDBLOCK);
	again.bus = spidev_close(again.bus);
}

static void miso_can_be_dead(void **state)
{
	struct bench *b = *state;
	uint8_t rx[4];

	sim_spi_faults(b->device)->miso = SIM_SPI_MISO_ALL_00;
	assert_int_equal(bench_read_version(b, rx), 0);
	assert_memory_equal(rx, "\0\0\0\0", 4);
	sim_spi_faults(b->device)->miso = SIM_SPI_MISO_ALL_FF;
	sim_spi_faults(b->device)->miso_next = 2;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(bench_read_version(b, rx), 0);
		assert_memory_equal(rx, "\xff\xff\xff\xff", 4);
	}
	assert_int_equal(bench_read_version(b, rx), 0);
	assert_memory_equal(rx, "\x01\x02\x03\x04", 4);
}

static unsigned int wrong_versions(struct bench *b)
{
	unsigned int wrong = 0;
	uint8_t rx[4];

	for (int i = 0; i < 1000; i++) {
		assert_int_equal(bench_read_version(b, rx), 0);
		wrong += memcmp(rx, "\x01\x02\x03\x04", 4) != 0;
	}
	return wrong;
}

static void flipped_bits_can_be_kept_apart(void **state)
{
	struct bench *b = *state;

	sim_spi_faults(b->device)->miso_bit_errors = 1000000000; /* every byte */
	sim_spi_faults(b->device)->bit_errors_apart = 7;	 /* a read is 4 bytes */
	assert_int_equal(wrong_versions(b), 500);
	assert_int_equal(sim_spi_stats(b->device)->bit_errors, 500);
	assert_int_equal(bench_violations(b), 0);
}

static void bits_flip_at_a_rate(void **state)
{
	struct bench *b = *state;

	assert_int_equal(wrong_versions(b), 0);
	sim_spi_faults(b->device)->miso_bit_errors =
		1000000; /* 1 in 1000: 32 in 1000 reads */
	assert_in_range(wrong_versions(b), 10, 70);
	assert_in_range(sim_spi_stats(b->device)->bit_errors, 10, 70);
	sim_spi_faults(b->device)->miso_bit_errors = 0;
	sim_spi_faults(b->device)->mosi_bit_errors =
		1000000; /* in the header only it matters */
	assert_in_range(wrong_versions(b), 5, 60);
	assert_int_equal(bench_violations(b),
			 0); /* reads of reserved offsets are excused */
	assert_true(w5500_sim_stats(b->chip)->excused > 0);
}

static void faults_of_wires_can_depend_on_the_clock(void **state)
{
	struct bench *b = *state;

	sim_spi_faults(b->device)->bit_slip = 1;
	sim_spi_faults(b->device)->errors_above_hz = 16000000;
	assert_int_equal(wrong_versions(b), 1000);
	assert_int_equal(spidev_set_speed(b->bus, 16700000), 0); /* 15.625 MHz */
	assert_int_equal(wrong_versions(b), 0);
	sim_spi_faults(b->device)->errors_above_hz = 0;
	assert_int_equal(wrong_versions(b), 1000);
}

/* What is read is that of the moment before. */
static void calls_return_late(void **state)
{
	struct bench *b = *state;
	unsigned int late = 0;
	uint8_t rx[4];

	sim_spi_faults(b->device)->late_ns = 30 * NSEC_PER_MSEC;
	sim_spi_faults(b->device)->late_one_in = 10;
	for (int i = 0; i < 1000; i++) {
		uint64_t begin = bench_now(b);

		assert_int_equal(bench_read_version(b, rx), 0);
		assert_int_equal(rx[3], 0x04);
		late += bench_now(b) - begin >= 30 * NSEC_PER_MSEC;
	}
	assert_in_range(late, 60, 140);
	assert_true(sim_spi_stats(b->device)->bus_ns < NSEC_PER_SEC);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, bench_setup, bench_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_nth_message_fails),
		TEST(messages_fail_for_a_time),
		TEST(messages_fail_at_random),
		TEST(a_failing_message_is_cut_anywhere),
		TEST(a_failing_message_reads_nothing),
		TEST(a_device_that_went_away_must_be_opened_again),
		TEST(the_old_handle_of_a_device_stays_dead),
		TEST(miso_can_be_dead),
		TEST(flipped_bits_can_be_kept_apart),
		TEST(bits_flip_at_a_rate),
		TEST(faults_of_wires_can_depend_on_the_clock),
		TEST(calls_return_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
