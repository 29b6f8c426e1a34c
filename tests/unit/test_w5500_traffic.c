// SPDX-License-Identifier: MIT
/*
 * test_w5500_traffic.c — frames in, frames out; what that costs is in test_packet_cost.c
 *
 * No frame may be lost, repeated, changed or overtaken, and the simulated chip may
 * not report a violation.
 */
#include "mqttnode/w5500.h"

#include <errno.h>
#include <string.h>

#include "chip_rig.h"
#include "mqttnode/w5500_regs.h"
#include "short.h"
#include "unit.h"

#define RING 16384

/* ---- rings ---- */

/* Those that split a header or a pointer, and all the others or some of them. */
static unsigned int next_offset(unsigned int before_end)
{
	return before_end + (is_short() && before_end >= 8 ? 13 : 1);
}

static void records_wrap_at_every_offset(void **state)
{
	struct chip_rig *rig = *state;
	unsigned int at = 0; /* where in the ring the next record begins */

	chip_rig_run(rig);
	for (unsigned int before_end = 1; before_end <= 1516;
	     before_end = next_offset(before_end)) {
		unsigned int target = RING - before_end;

		while (at != target) {
			unsigned int left = (target + RING - at) % RING;
			size_t len;

			/* Never so that what remains is too small for a record. */
			if (left < 62)
				left += RING;
			len = left <= 1516 ? left : left < 1516 + 62 ? 62 : 1516;
			chip_rig_arrive(rig, len - 2);
			chip_rig_settle(rig);
			at = (unsigned int)(at + len) % RING;
		}
		chip_rig_arrive(rig, 1514);
		chip_rig_settle(rig);
		at = (at + 1516) % RING;
	}
	chip_rig_assert_all_arrived(rig);
	chip_rig_assert_no_trouble(rig);
	packet_rig_assert_clean(&rig->board);
}

static void sent_frames_wrap_at_every_offset(void **state)
{
	struct chip_rig *rig = *state;
	unsigned int at = 0;

	chip_rig_run(rig);
	for (unsigned int before_end = 1; before_end <= 1514;
	     before_end = next_offset(before_end)) {
		unsigned int target = RING - before_end;

		while (at != target) {
			unsigned int left = (target + RING - at) % RING;
			size_t len;

			if (left < 60)
				left += RING;
			len = left <= 1514 ? left : left < 1514 + 60 ? 60 : 1514;
			chip_rig_send(rig, len);
			chip_rig_settle(rig);
			at = (unsigned int)(at + len) % RING;
		}
		chip_rig_send(rig, 1514);
		chip_rig_settle(rig);
		at = (at + 1514) % RING;
	}
	chip_rig_assert_all_arrived(rig);
	chip_rig_assert_no_trouble(rig);
	packet_rig_assert_clean(&rig->board);
}

static void carries_both_ways_with_each_limit(void **state)
{
	struct chip_rig *rig = *state;
	static const struct {
		uint32_t bufsiz, alignment;
	} limits[] = { { 512, 128 }, { 1024, 64 },  { 1500, 1 },  { 2048, 32 },
		       { 4096, 1 },  { 4096, 128 }, { 8192, 64 }, { 65536, 128 } };

	chip_rig_run(rig);
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		sim_spi_options(rig->board.spi)->bufsiz = limits[i].bufsiz;
		sim_spi_options(rig->board.spi)->alignment = limits[i].alignment;
		chip_rig_traffic(rig, 1500, 1500, 10 * NSEC_PER_SEC);
	}
	chip_rig_assert_all_arrived(rig);
	chip_rig_assert_no_trouble(rig);
	assert_int_equal(w5500_counters(rig->chip)->tx_frames, rig->tx_next);
	packet_rig_assert_clean(&rig->board);
}

static void carries_both_ways_with_each_option_of_the_chip(void **state)
{
	struct chip_rig *rig = *state;
	struct w5500_sim_options *o = w5500_sim_options(rig->board.chip);
	struct w5500_sim_options normal = *o;

	chip_rig_run(rig);
	for (unsigned int i = 0; i < 10; i++) {
		*o = normal;
		o->write_miso_random = i == 0;
		o->tear = i == 1 ? W5500_SIM_TEAR_RX | W5500_SIM_TEAR_TX : 0;
		o->accept =
			i == 2 ? W5500_SIM_ACCEPT_AT_ONCE : W5500_SIM_ACCEPT_AT_DESELECT;
		o->command_busy_selects = i == 3 ? 1 : 0;
		o->no_padding = i == 4;
		o->tx_fsr_at_send = i == 5;
		o->recv_raises_ir = i == 6;
		o->rsr_follows_rx_rd = i == 7;
		o->reserved_reads_random = i == 8;
		o->rsr_grows = i == 9;
		/* Slow commands leave the ring less free. */
		rig->rx_outstanding = i == 3 ? 4 : 8;
		chip_rig_traffic(rig, 2000, 2000, 10 * NSEC_PER_SEC);
		chip_rig_assert_all_arrived(rig);
		chip_rig_assert_no_trouble(rig);
	}
	packet_rig_assert_clean(&rig->board);
}

static void waits_for_commands_that_take_their_time(void **state)
{
	struct chip_rig *rig = *state;

	chip_rig_run(rig);
	rig->rx_outstanding = 6; /* slow commands leave the ring less free */
	for (unsigned int i = 1; i < 20; i++) {
		w5500_sim_options(rig->board.chip)->command_busy_ns = i * 33 * US;
		/* One direction at a time: RECV and SEND may share a message. */
		chip_rig_traffic(rig, 100, 0, NSEC_PER_SEC);
		chip_rig_traffic(rig, 0, 100, NSEC_PER_SEC);
	}
	chip_rig_assert_all_arrived(rig);
	chip_rig_assert_no_trouble(rig);
	packet_rig_assert_clean(&rig->board);
}

static uint64_t bytes_beside_frames(const struct chip_rig *rig)
{
	const struct w5500_sim_stats *stats = w5500_sim_stats(rig->board.chip);

	return stats->bytes - stats->rx_bytes - stats->tx_bytes;
}

/* Carries frames both ways; bytes on the bus beside those of each of them. */
static double overhead(struct chip_rig *rig, uint32_t n)
{
	uint64_t before = bytes_beside_frames(rig);

	chip_rig_traffic(rig, n, n, 10 * NSEC_PER_SEC);
	chip_rig_assert_all_arrived(rig);
	return (double)(bytes_beside_frames(rig) - before) / n / 2;
}

/* One command a message, and Sn_CR in each of them, costs more: not longer than there is
 * a reason to. */
static void a_chip_that_was_slow_once_is_believed_again(void **state)
{
	struct chip_rig *rig = *state;
	double normal, after;

	chip_rig_run(rig);
	rig->rx_outstanding = 4;
	normal = overhead(rig, 500);
	for (unsigned int i = 0; i < 2; i++) {
		w5500_sim_options(rig->board.chip)->command_busy_ns = 500 * US;
		/* Not together with a SEND, which would be ignored. */
		chip_rig_traffic(rig, 20, 0, NSEC_PER_SEC);
		w5500_sim_options(rig->board.chip)->command_busy_ns = 0;
		after = overhead(rig, 100);
		print_message("# beside a frame: %.1f bytes, after a slow command %.1f\n",
			      normal, after);
		assert_true(after > normal * 1.1);
		/* It takes twice as long to be believed the second time. */
		(void)overhead(rig, 300U << i);
		assert_true(overhead(rig, 100) > normal * 1.1);
		(void)overhead(rig, 1000U << i);
		assert_true(overhead(rig, 500) < normal * 1.05);
	}
	chip_rig_assert_no_trouble(rig);
	packet_rig_assert_clean(&rig->board);
}

/* A flood that fills the ring for long is one event. */
static void a_full_ring_is_counted_once(void **state)
{
	struct chip_rig *rig = *state;
	const struct w5500_counters *counters;

	sim_spi_options(rig->board.spi)->bufsiz = 1024;
	chip_rig_run(rig);
	counters = w5500_counters(rig->chip);
	chip_rig_traffic(rig, 500, 500, NSEC_PER_SEC);
	assert_int_equal(counters->rx_overflow, 0);
	for (unsigned int i = 1; i <= 3; i++) {
		rig->rx_outstanding = 100;
		chip_rig_traffic(rig, 1000, 0, 10 * NSEC_PER_SEC);
		assert_int_equal(counters->rx_overflow, i);
		rig->rx_outstanding = 4;
		chip_rig_traffic(rig, 10, 0, NSEC_PER_SEC);
		assert_int_equal(counters->rx_overflow, i);
	}
	assert_true(w5500_sim_stats(rig->board.chip)->rx_dropped_full > 0);
	chip_rig_assert_no_trouble(rig);
	packet_rig_assert_clean(&rig->board);
}

static void carries_over_a_slow_link(void **state)
{
	struct chip_rig *rig = *state;

	w5500_sim_set_partner(rig->board.chip, 10, false);
	chip_rig_run(rig);
	chip_rig_traffic(rig, 500, 500, 10 * NSEC_PER_SEC);
	chip_rig_assert_all_arrived(rig);
	chip_rig_assert_no_trouble(rig);
	packet_rig_assert_clean(&rig->board);
}

#define chip_test(f) cmocka_unit_test_setup_teardown(f, chip_rig_setup, chip_rig_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		chip_test(records_wrap_at_every_offset),
		chip_test(sent_frames_wrap_at_every_offset),
		chip_test(carries_both_ways_with_each_limit),
		chip_test(carries_both_ways_with_each_option_of_the_chip),
		chip_test(waits_for_commands_that_take_their_time),
		chip_test(a_chip_that_was_slow_once_is_believed_again),
		chip_test(a_full_ring_is_counted_once),
		chip_test(carries_over_a_slow_link),
	};

	return cmocka_run_group_tests_name("w5500_traffic", tests, NULL, NULL);
}
