// SPDX-License-Identifier: MIT
/*
 * test_w5500_faults.c — every way to disturb frames on their way
 *
 * Nothing may be repeated or overtaken; what may be lost says each test.
 */
#include "mqttnode/w5500.h"

#include <errno.h>
#include <string.h>

#include "chip_rig.h"
#include "mqttnode/w5500_regs.h"
#include "unit.h"

static void impossible_lengths_cost_at_most_a_ring(void **state)
{
	struct chip_rig *rig = *state;
	static const uint32_t lengths[] = { 0, 1, 2, 3, 61, 1521, 5000, 52991, 65535 };

	chip_rig_run(rig);
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		struct w5500_sim_faults *f = w5500_sim_faults(rig->board.chip);
		uint32_t good = rig->received.good;

		f->bad_rx_headers = 1;
		f->bad_rx_length = lengths[i];
		chip_rig_arrive(rig, 200);
		chip_rig_settle(rig);
		assert_int_equal(rig->received.good, good);
		assert_int_equal(rig->troubles[W5500_TROUBLE_RX_LOST], i + 1);
		chip_rig_arrive(rig, 300);
		chip_rig_arrive(rig, 60);
		chip_rig_settle(rig);
		assert_int_equal(rig->received.good, good + 2);
	}
	assert_int_equal(rig->received.bad, 0);
	/* Each was read twice before it was believed. */
	assert_int_equal(w5500_counters(rig->chip)->rx_header_bad,
			 2 * ARRAY_SIZE(lengths));
	assert_int_equal(w5500_counters(rig->chip)->rx_lost, ARRAY_SIZE(lengths));
}

static void a_length_beyond_the_fill_level_is_noticed(void **state)
{
	struct chip_rig *rig = *state;

	chip_rig_run(rig);
	w5500_sim_faults(rig->board.chip)->bad_rx_headers = 1;
	w5500_sim_faults(rig->board.chip)->bad_rx_length = 1500;
	chip_rig_arrive(rig, 200);
	chip_rig_settle(rig);
	assert_int_equal(rig->troubles[W5500_TROUBLE_RX_LOST], 1);
	assert_int_equal(rig->received.good, 0);
}

/* Traffic in which message number @after fails; returns how many messages it took. */
static void traffic_with_failure(struct chip_rig *rig, unsigned int after, bool before)
{
	struct sim_spi_faults *f = sim_spi_faults(rig->board.spi);

	f->fail_next = 1;
	f->fail_after = after;
	f->fail_before = before;
	chip_rig_traffic(rig, 6, 6, NSEC_PER_SEC);
	f->fail_next = 0;
}

static void a_bus_error_at_any_message_loses_nothing_or_says_so(void **state)
{
	struct chip_rig *rig = *state;

	chip_rig_run(rig);
	for (unsigned int after = 0; after < 14; after++)
		traffic_with_failure(rig, after, true);
	/* A message that did nothing at all is simply repeated. */
	chip_rig_assert_all_arrived(rig);
	chip_rig_assert_no_trouble(rig);
	assert_true(rig->bus_failures > 6);

	for (unsigned int round = 0; round < 40; round++)
		for (unsigned int after = 0; after < 14; after++)
			traffic_with_failure(rig, after, false);
	assert_int_equal(rig->board.sent.bad, 0);
	assert_int_equal(rig->board.sent.repeated, 0);
	assert_int_equal(rig->received.bad, 0);
	assert_int_equal(rig->received.repeated, 0);
	/* One that was cut between TX_WR and SEND is known by its never ending. */
	assert_int_equal(rig->troubles[W5500_TROUBLE_TX_STUCK], 0);
	assert_int_equal(rig->board.sent.missing, 0);
	assert_int_equal(rig->troubles[W5500_TROUBLE_RX_LOST], 0);
	assert_int_equal(rig->troubles[W5500_TROUBLE_REGISTERS_LOST], 0);
	assert_true(rig->received.missing <= w5500_counters(rig->chip)->rx_lost * 8);
	print_message("# %u failures, %u frames in and %u out lost\n", rig->bus_failures,
		      rig->received.missing, rig->board.sent.missing);
}

/* Frames come in all the time: the SEND is not to be right behind a RECV. */
static void a_send_that_was_cut_is_repeated_under_load(void **state)
{
	struct chip_rig *rig = *state;

	rig->config.interrupt = false; /* no clearing of the latch between them */
	chip_rig_run(rig);
	for (unsigned int i = 0; i < 600; i++) {
		chip_rig_send(rig, W5500_FRAME_MIN);
		sim_spi_faults(rig->board.spi)->fail_next = 1;
		chip_rig_turn(rig, 0);
		do {
			chip_rig_arrive(rig, W5500_FRAME_MIN);
			chip_rig_turn(rig, W5500_HINT_EXPECT);
		} while (rig->board.sent.next != rig->tx_next);
	}
	chip_rig_settle(rig);
	assert_true(w5500_counters(rig->chip)->tx_repeated > 0);
	chip_rig_assert_no_trouble(rig);
	chip_rig_assert_all_arrived(rig);
	packet_rig_assert_clean(&rig->board);
}

static void a_lost_write_is_noticed(void **state)
{
	struct chip_rig *rig = *state;
	struct w5500_sim_faults *f = w5500_sim_faults(rig->board.chip);
	static const uint32_t registers[] = { W5500_SN_RX_RD(0), W5500_SN_RX_RD(0) + 1,
					      W5500_SN_TX_WR(0), W5500_SN_TX_WR(0) + 1,
					      W5500_SN_CR(0) };

	chip_rig_run(rig);
	chip_rig_traffic(rig, 50, 50, NSEC_PER_SEC);
	for (unsigned int round = 0; round < 50; round++) {
		for (size_t i = 0; i < ARRAY_SIZE(registers); i++) {
			f->lose_writes = 1;
			f->lose_writes_block = W5500_REG_BLOCK(registers[i]);
			f->lose_writes_offset = W5500_REG_OFFSET(registers[i]);
			chip_rig_traffic(rig, 3 + round % 3, 3 + round % 2, NSEC_PER_SEC);
			assert_int_equal(rig->received.bad, 0);
			assert_int_equal(rig->received.repeated, 0);
			assert_int_equal(rig->board.sent.repeated, 0);
		}
	}
	/* Half of TX_WR lost: what the chip sends then is beyond us, but it is not
	 * silent. */
	assert_true(rig->board.sent.bad <= 100);
	assert_int_equal(rig->troubles[W5500_TROUBLE_REGISTERS_LOST], 0);
	print_message("# lost in %u, out %u\n", rig->received.missing,
		      rig->board.sent.missing);
	/* At most a ring for each RX_RD or RECV that was lost, a frame for each TX_WR or
	 * SEND. */
	assert_true(rig->received.missing <= 8 * w5500_counters(rig->chip)->rx_lost);
	assert_true(rig->board.sent.missing <= 150);
}

static void a_send_that_never_ends_is_given_up(void **state)
{
	struct chip_rig *rig = *state;

	chip_rig_run(rig);
	w5500_sim_faults(rig->board.chip)->send_stuck = 1;
	chip_rig_traffic(rig, 5, 5, NSEC_PER_SEC);
	assert_int_equal(rig->troubles[W5500_TROUBLE_TX_STUCK], 1);
	assert_int_equal(rig->board.sent.good, 4);
	assert_int_equal(rig->board.sent.missing, 1);
	assert_int_equal(w5500_counters(rig->chip)->tx_lost, 1);
	assert_int_equal(w5500_counters(rig->chip)->tx_frames, 4);
	/* SEND_OK is not needed. */
	w5500_sim_faults(rig->board.chip)->send_ok_lost = 3;
	chip_rig_traffic(rig, 0, 5, NSEC_PER_SEC);
	assert_int_equal(rig->board.sent.good, 9);
	packet_rig_assert_clean(&rig->board);
}

static void a_command_that_is_never_taken_is_noticed(void **state)
{
	struct chip_rig *rig = *state;

	chip_rig_run(rig);
	chip_rig_arrive(rig, 60);
	w5500_sim_faults(rig->board.chip)->cr_stuck = true;
	for (int i = 0; i < 2000 && w5500_trouble(rig->chip) == W5500_TROUBLE_NONE; i++) {
		size_t len;

		board_time_advance(rig->board.time,
				   packet_rig_now(&rig->board) + 100 * US);
		assert_int_equal(w5500_exchange(rig->chip, 0), 0);
		while (w5500_rx_next(rig->chip, &len))
			;
	}
	assert_int_equal(w5500_trouble(rig->chip), W5500_TROUBLE_COMMAND_STUCK);
	assert_int_equal(chip_rig_start(rig, W5500_START_REOPEN), -ETIME);
	w5500_sim_faults(rig->board.chip)->cr_stuck = false;
	assert_int_equal(chip_rig_start(rig, W5500_START_RESET), 1);
	packet_rig_assert_clean(&rig->board);
}

static void a_link_that_goes_takes_its_frames_along(void **state)
{
	struct chip_rig *rig = *state;
	struct w5500_health health;

	chip_rig_run(rig);
	rig->board.sent.any_length = true;
	chip_rig_send(rig, 1514);
	chip_rig_turn(rig, 0);
	chip_rig_send(rig, 60);
	w5500_sim_set_cable(rig->board.chip, false);
	assert_int_equal(w5500_check(rig->chip, &health), 1);
	assert_false(health.link_up);
	assert_int_equal(w5500_tx_drop(rig->chip), 2);
	assert_int_equal(w5500_tx_drop(rig->chip), 0);
	assert_false(w5500_tx_late(rig->chip));
	assert_int_equal(w5500_due_ns(rig->chip), UINT64_MAX);
	w5500_sim_set_cable(rig->board.chip, true);
	board_time_advance(rig->board.time, packet_rig_now(&rig->board) + MS);
	assert_int_equal(w5500_check(rig->chip, &health), 1);
	assert_true(health.link_up);
	/* The SEND was interrupted; the next one needs an open socket of its own. */
	assert_int_equal(w5500_trouble(rig->chip), W5500_TROUBLE_TX_STUCK);
	assert_int_equal(chip_rig_start(rig, W5500_START_REOPEN), 1);
	chip_rig_send(rig, 1000);
	chip_rig_settle(rig);
	assert_int_equal(rig->board.sent.good, 1);
	assert_int_equal(w5500_counters(rig->chip)->tx_lost, 0);
	packet_rig_assert_clean(&rig->board);
}

static void a_chip_reset_anywhere_is_survived(void **state)
{
	struct chip_rig *rig = *state;

	chip_rig_run(rig);
	for (unsigned int after = 0; after < 200; after++) {
		rig->rx_end = rig->rx_next + 3;
		chip_rig_traffic(rig, 2, 2, NSEC_PER_SEC);
		chip_rig_arrive(rig, 600);
		chip_rig_send(rig, 700);
		rig->received.any_length = rig->board.sent.any_length = true;
		for (unsigned int i = 0; i < after % 4; i++)
			chip_rig_turn(rig, W5500_HINT_LATCHED);
		w5500_sim_self_reset(rig->board.chip);
		chip_rig_settle(rig);
		if (rig->troubles[W5500_TROUBLE_REGISTERS_LOST] <= after) {
			/* Nothing was on its way: the health check is what notices. */
			struct w5500_health health;

			(void)w5500_check(rig->chip, &health);
			(void)w5500_check(rig->chip, &health);
			assert_int_equal(w5500_trouble(rig->chip),
					 W5500_TROUBLE_REGISTERS_LOST);
			rig->troubles[W5500_TROUBLE_REGISTERS_LOST]++;
			assert_int_equal(chip_rig_start(rig, W5500_START_RESET), 1);
		}
		rig->received.next = rig->rx_next;
	}
	assert_int_equal(rig->received.bad, 0);
	assert_int_equal(rig->board.sent.bad, 0);
}

/* ---- doubt ---- */

/* Answers of the next @n messages are lost; what they write is not. */
static void lose_answers(struct chip_rig *rig, uint32_t n)
{
	sim_spi_faults(rig->board.spi)->miso = SIM_SPI_MISO_ALL_FF;
	sim_spi_faults(rig->board.spi)->miso_next = n;
}

static void a_chip_that_falls_silent_is_reported(void **state)
{
	struct chip_rig *rig = *state;
	size_t len;

	chip_rig_run(rig);
	lose_answers(rig, 3);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(w5500_trouble(rig->chip), W5500_TROUBLE_NONE);
		assert_int_equal(w5500_exchange(rig->chip, 0), 0);
		assert_null(w5500_rx_next(rig->chip, &len));
	}
	assert_int_equal(w5500_trouble(rig->chip), W5500_TROUBLE_SILENT);
	assert_int_equal(w5500_due_ns(rig->chip), UINT64_MAX);
}

static void a_frame_committed_unread_is_counted_as_lost(void **state)
{
	struct chip_rig *rig = *state;

	chip_rig_run(rig);
	chip_rig_arrive(rig, 1514);
	chip_rig_turn(rig, W5500_HINT_LATCHED);
	/* The next message reads the rest and commits it. */
	lose_answers(rig, 1);
	chip_rig_settle(rig);
	assert_int_equal(rig->received.good, 0);
	assert_int_equal(w5500_counters(rig->chip)->rx_lost, 1);
	chip_rig_arrive(rig, 1514);
	chip_rig_settle(rig);
	assert_int_equal(rig->received.good, 1);
	assert_int_equal(rig->received.missing, 1);
	chip_rig_assert_no_trouble(rig);
}

static void a_frame_dropped_while_in_doubt_is_not_sent_later(void **state)
{
	struct chip_rig *rig = *state;

	chip_rig_run(rig);
	chip_rig_settle(rig);
	for (int sent = 0; sent < 2; sent++) {
		if (sent)
			lose_answers(rig, 1);
		else
			sim_spi_faults(rig->board.spi)->fail_next = 1;
		sim_spi_faults(rig->board.spi)->fail_before = true;
		chip_rig_send(rig, 100);
		chip_rig_turn(rig, 0);
		assert_int_equal(w5500_tx_drop(rig->chip), 1);
		chip_rig_settle(rig);
		assert_false(w5500_tx_busy(rig->chip));
		assert_int_equal(rig->board.sent.good, sent);
		assert_int_equal(w5500_counters(rig->chip)->tx_frames, 0);
	}
	chip_rig_send(rig, 100);
	assert_int_equal(w5500_tx_drop(rig->chip), 1);
	chip_rig_send(rig, 100);
	chip_rig_settle(rig);
	assert_int_equal(w5500_counters(rig->chip)->tx_frames, 1);
	chip_rig_assert_no_trouble(rig);
	packet_rig_assert_clean(&rig->board);
}

static void a_check_that_disagrees_is_followed_by_a_verification(void **state)
{
	struct chip_rig *rig = *state;
	uint8_t frame[W5500_SIM_FRAME_BUFFER];
	struct w5500_health health;

	chip_rig_run(rig);
	chip_rig_settle(rig);
	/* A frame comes in while the counters are read. */
	w5500_sim_options(rig->board.chip)->tear = W5500_SIM_TEAR_RX;
	rig->received.any_length = true;
	frame_make(frame, rig->rx_next++, 1514, true);
	assert_int_equal(w5500_sim_deliver(rig->board.chip, frame, 1514, 0), 0);
	assert_int_equal(w5500_check(rig->chip, &health), 1);
	assert_false(health.rx_waiting);
	assert_int_equal(w5500_due_ns(rig->chip), 0);
	chip_rig_settle(rig);
	chip_rig_assert_all_arrived(rig);
	/* One that came before is news of the check itself. */
	chip_rig_arrive(rig, 60);
	assert_int_equal(w5500_check(rig->chip, &health), 1);
	assert_true(health.rx_waiting);
	assert_true(health.recv_latched);
	chip_rig_settle(rig);
	chip_rig_assert_all_arrived(rig);
	chip_rig_assert_no_trouble(rig);
	packet_rig_assert_clean(&rig->board);
}

static void resynchronisation_repeats_what_is_lost(void **state)
{
	struct chip_rig *rig = *state;
	struct w5500_sim_faults *f = w5500_sim_faults(rig->board.chip);
	static const uint32_t registers[] = { W5500_SN_RX_RD(0), W5500_SN_RX_RD(0) + 1,
					      W5500_SN_CR(0) };

	chip_rig_run(rig);
	for (size_t i = 0; i < ARRAY_SIZE(registers); i++) {
		chip_rig_arrive(rig, 1000);
		f->lose_writes = 1;
		f->lose_writes_block = W5500_REG_BLOCK(registers[i]);
		f->lose_writes_offset = W5500_REG_OFFSET(registers[i]);
		assert_int_equal(chip_rig_start(rig, W5500_START_RESYNC), 1);
		assert_int_equal(f->lose_writes, 0);
		chip_rig_arrive(rig, 600);
		chip_rig_settle(rig);
		assert_int_equal(rig->received.good, i + 1);
	}
	chip_rig_assert_no_trouble(rig);
}

static void short_frames_are_padded_with_zeros(void **state)
{
	struct chip_rig *rig = *state;
	uint8_t *buffer;

	chip_rig_run(rig);
	w5500_sim_options(rig->board.chip)->no_padding = true;
	for (size_t len = 14; len <= 60; len++) {
		/* Twice, so that an old frame would shine through. */
		for (int i = 0; i < 2; i++) {
			buffer = w5500_tx_buffer(rig->chip);
			assert_non_null(buffer);
			memset(buffer, 0xee, i ? len : 200);
			w5500_tx_put(rig->chip, i ? len : 200);
			chip_rig_settle(rig);
		}
		assert_int_equal(rig->board.last_len, 60);
		for (size_t i = 0; i < 60; i++)
			assert_int_equal(rig->board.last[i], i < len ? 0xee : 0);
	}
	packet_rig_assert_clean(&rig->board);
}

/* ---- for a long time ---- */

/* All frames came through, but for those the chip itself had no room for. */
static void assert_lost_only_by_the_chip(struct chip_rig *rig)
{
	assert_int_equal(rig->received.bad, 0);
	assert_int_equal(rig->received.repeated, 0);
	assert_int_equal(rig->received.missing,
			 w5500_sim_stats(rig->board.chip)->rx_dropped_full);
	assert_int_equal(rig->board.sent.good, rig->tx_next);
	chip_rig_assert_no_trouble(rig);
	packet_rig_assert_clean(&rig->board);
}

static void slow_commands_never_meet_in_both_directions(void **state)
{
	struct chip_rig *rig = *state;

	chip_rig_run(rig);
	for (unsigned int i = 0; i < 8; i++) {
		w5500_sim_options(rig->board.chip)->command_busy_ns = i * 30 * US;
		w5500_sim_options(rig->board.chip)->command_busy_selects = i % 4;
		chip_rig_traffic(rig, 500, 500, 10 * NSEC_PER_SEC);
	}
	assert_lost_only_by_the_chip(rig);
}

static void bit_errors_of_the_answers_do_not_stop_traffic(void **state)
{
	struct chip_rig *rig = *state;

	chip_rig_run(rig);
	/* One in 100 000: MACRAW carries no checksum, so they reach some payloads. */
	sim_spi_faults(rig->board.spi)->miso_bit_errors = 10000;
	chip_rig_traffic(rig, 5000, 5000, 100 * NSEC_PER_SEC);
	assert_true(rig->received.bad > 100 && rig->received.bad < 500);
	assert_int_equal(rig->received.repeated, 0);
	assert_true(rig->received.missing <= rig->received.bad + 16);
	assert_int_equal(rig->board.sent.good, rig->tx_next);
	assert_int_equal(rig->board.sent.bad, 0);
}

static void bus_errors_do_not_stop_traffic(void **state)
{
	struct chip_rig *rig = *state;
	unsigned int reopened;

	chip_rig_run(rig);
	sim_spi_faults(rig->board.spi)->fail_one_in = 50;
	chip_rig_traffic(rig, 5000, 5000, 100 * NSEC_PER_SEC);
	reopened = rig->troubles[W5500_TROUBLE_TX_STUCK];
	assert_true(rig->bus_failures > 100 && reopened < 10);
	assert_int_equal(rig->received.bad + rig->received.repeated, 0);
	assert_int_equal(rig->board.sent.bad + rig->board.sent.repeated, 0);
	assert_true(rig->received.missing <= 8 * w5500_counters(rig->chip)->rx_lost);
	assert_int_equal(rig->board.sent.missing, reopened);
}

static void a_length_that_was_misread_is_read_again(void **state)
{
	struct chip_rig *rig = *state;
	uint64_t seen = 0;

	chip_rig_run(rig);
	/* Short frames and many errors: lengths are hit often. */
	rig->received.any_length = true;
	for (unsigned int i = 0; i < 4000; i++) {
		sim_spi_faults(rig->board.spi)->miso_bit_errors = i % 2 ? 200000 : 0;
		chip_rig_arrive(rig, 60);
		chip_rig_settle(rig);
		if (w5500_counters(rig->chip)->rx_header_bad > seen) {
			seen = w5500_counters(rig->chip)->rx_header_bad;
			sim_spi_faults(rig->board.spi)->miso_bit_errors = 0;
			chip_rig_settle(rig);
		}
	}
	assert_true(seen > 0);
	assert_int_equal(rig->received.repeated, 0);
	assert_true(rig->received.good > 3800);
}

#define chip_test(f) cmocka_unit_test_setup_teardown(f, chip_rig_setup, chip_rig_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		chip_test(impossible_lengths_cost_at_most_a_ring),
		chip_test(a_length_beyond_the_fill_level_is_noticed),
		chip_test(a_bus_error_at_any_message_loses_nothing_or_says_so),
		chip_test(a_send_that_was_cut_is_repeated_under_load),
		chip_test(a_lost_write_is_noticed),
		chip_test(a_send_that_never_ends_is_given_up),
		chip_test(a_command_that_is_never_taken_is_noticed),
		chip_test(a_link_that_goes_takes_its_frames_along),
		chip_test(a_chip_reset_anywhere_is_survived),
		chip_test(slow_commands_never_meet_in_both_directions),
		chip_test(bit_errors_of_the_answers_do_not_stop_traffic),
		chip_test(bus_errors_do_not_stop_traffic),
		chip_test(a_length_that_was_misread_is_read_again),
		chip_test(a_chip_that_falls_silent_is_reported),
		chip_test(a_frame_committed_unread_is_counted_as_lost),
		chip_test(a_frame_dropped_while_in_doubt_is_not_sent_later),
		chip_test(a_check_that_disagrees_is_followed_by_a_verification),
		chip_test(resynchronisation_repeats_what_is_lost),
		chip_test(short_frames_are_padded_with_zeros),
	};

	return cmocka_run_group_tests_name("w5500_faults", tests, NULL, NULL);
}
