// SPDX-License-Identifier: MIT
/*
 * test_pump_fairness.c — how long a frame waits for others
 *
 * In virtual time: what is measured is bus and wire, nothing else. Interrupt wired.
 */
#include "mqttnode/pump.h"

#include <string.h>

#include "pump_rig.h"

/* A wire that never pauses; what does not fit in the ring is dropped by the chip. */
static size_t endless(void *ctx, uint8_t *frame)
{
	struct pump_rig *rig = ctx;
	size_t len = frame_length(rig->wire_next);

	frame_make(frame, rig->wire_next++, len, true);
	return len;
}

static void neither_direction_starves_the_other(void **state)
{
	struct pump_rig *rig = *state;
	uint32_t good;

	pump_rig_up(rig);
	pump_rig_traffic(rig, 0, 1000000);
	pump_rig_for(rig, SEC);
	good = rig->board.sent.good;
	assert_true(good > 1000);
	w5500_sim_set_source(rig->board.chip, endless, rig);
	pump_rig_for(rig, SEC);
	/* Each message carries a burst in and a frame out, of 4096 bytes at most each. */
	assert_true(rig->received.good > 5000);
	assert_true(rig->board.sent.good - good > 500);
	assert_int_equal(rig->received.bad + rig->received.repeated, 0);
	assert_int_equal(rig->board.sent.bad + rig->board.sent.repeated, 0);
	w5500_sim_set_source(rig->board.chip, NULL, NULL);
	assert_clean(rig);
}

/* The time from a frame on the wire to its arrival at the TAP, and back out. */
static void a_round_trip_under_load_takes_less_than_5_ms(void **state)
{
	struct pump_rig *rig = *state;
	uint64_t worst = 0;

	pump_rig_up(rig);
	/* The TAP to wire direction is saturated; frames of the wire come one by one. */
	rig->tap_outstanding = 4;
	pump_rig_traffic(rig, 0, 1000000);
	pump_rig_for(rig, 50 * MS);
	for (int i = 0; i < 200; i++) {
		uint64_t begin = pump_rig_now(rig), took;
		uint32_t answer, expected = rig->received.good + 1;

		pump_rig_traffic(rig, 1, 0);
		while (rig->received.good < expected)
			pump_rig_for(rig, 10 * US);
		/* The answer goes behind all that waits. */
		answer = rig->tap_next;
		while (rig->board.sent.next <= answer)
			pump_rig_for(rig, 10 * US);
		took = pump_rig_now(rig) - begin;
		worst = took > worst ? took : worst;
		pump_rig_for(rig, (uint64_t)scramble((uint32_t)i) % (3 * MS));
	}
	print_message("# worst round trip: %llu us\n", (unsigned long long)(worst / US));
	assert_true(worst < 5 * MS);
	assert_clean(rig);
}

static void a_ping_passes_a_flood_from_the_wire(void **state)
{
	struct pump_rig *rig = *state;
	uint64_t worst = 0;

	pump_rig_up(rig);
	w5500_sim_set_source(rig->board.chip, endless, rig);
	pump_rig_for(rig, 50 * MS);
	for (int i = 0; i < 200; i++) {
		uint64_t begin = pump_rig_now(rig), took;

		pump_rig_traffic(rig, 0, 1);
		while (rig->board.sent.next != rig->tap_end)
			pump_rig_for(rig, 10 * US);
		took = pump_rig_now(rig) - begin;
		worst = took > worst ? took : worst;
	}
	print_message("# worst way out: %llu us\n", (unsigned long long)(worst / US));
	assert_true(worst < 5 * MS);
	w5500_sim_set_source(rig->board.chip, NULL, NULL);
	assert_clean(rig);
}

/* ---- waiting is counted in messages ---- */

static uint64_t messages(const struct pump_rig *rig)
{
	return sim_spi_stats(rig->board.spi)->messages;
}

/* From the moment that a frame is in the ring until it is at the TAP: messages that
 * ended, the one under way when it came and the one that brought it included. */
static uint64_t messages_until_delivered(struct pump_rig *rig, size_t len)
{
	uint8_t frame[W5500_SIM_FRAME_BUFFER];
	uint32_t before = rig->received.good;
	uint64_t stored = w5500_sim_stats(rig->board.chip)->rx_frames + 1, begun;

	rig->received.any_length = true;
	frame_make(frame, rig->wire_next, len, true);
	pump_rig_deliver(rig, frame, len);
	rig->wire_end = ++rig->wire_next;
	while (w5500_sim_stats(rig->board.chip)->rx_frames < stored)
		pump_rig_for(rig, 1);
	begun = messages(rig);
	while (rig->received.good == before)
		pump_rig_for(rig, 1);
	return messages(rig) - begun;
}

static void a_frame_in_waits_for_one_message_under_full_load_out(void **state)
{
	struct pump_rig *rig = *state;

	pump_rig_up(rig);
	pump_rig_traffic(rig, 0, 1000000);
	pump_rig_for(rig, 50 * MS);
	for (uint32_t i = 0; i < 500; i++) {
		uint64_t waited = messages_until_delivered(rig, 60);

		assert_true(waited <= 2);
		/* What is beyond the bytes that are read ahead comes with the next. */
		waited = messages_until_delivered(rig, 1514);
		assert_true(waited <= 3);
		pump_rig_for(rig, (uint64_t)scramble(i) % (3 * MS));
	}
	assert_int_equal(rig->received.bad + rig->received.repeated, 0);
	assert_clean(rig);
}

/* ---- nobody waits for a timer ---- */

static void a_frame_in_never_waits_for_a_timer(void **state)
{
	struct pump_rig *rig = *state;
	uint64_t worst = 0;

	pump_rig_up(rig);
	for (uint32_t i = 0; i < 500; i++) {
		uint64_t begin = pump_rig_now(rig), took;
		uint32_t before = rig->received.good;

		pump_rig_deliver_numbered(rig);
		while (rig->received.good == before)
			pump_rig_for(rig, US);
		took = pump_rig_now(rig) - begin;
		worst = took > worst ? took : worst;
		pump_rig_for(rig, (uint64_t)scramble(i) % (20 * MS));
	}
	/* 123 us on the wire, the health tick, two messages with 1514 bytes. */
	print_message("# worst way in: %llu us\n", (unsigned long long)(worst / US));
	assert_true(worst < 700 * US);
	assert_clean(rig);
}

static void a_frame_out_never_waits_for_a_timer(void **state)
{
	struct pump_rig *rig = *state;
	uint64_t worst = 0;

	pump_rig_up(rig);
	for (uint32_t i = 0; i < 500; i++) {
		uint64_t begin = pump_rig_now(rig), took;

		/* The second waits for the end of the first on the wire, not longer. */
		pump_rig_traffic(rig, 0, 2);
		while (rig->board.sent.next != rig->tap_end)
			pump_rig_for(rig, US);
		took = pump_rig_now(rig) - begin;
		worst = took > worst ? took : worst;
		pump_rig_for(rig, (uint64_t)scramble(i) % (20 * MS));
	}
	print_message("# worst way out of two: %llu us\n",
		      (unsigned long long)(worst / US));
	assert_true(worst < 1300 * US);
	assert_clean(rig);
}

static void a_line_that_is_stuck_low_is_found_out_while_frames_go_out(void **state)
{
	struct pump_rig *rig = *state;

	pump_rig_up(rig);
	pump_rig_traffic(rig, 0, 1000000);
	pump_rig_for(rig, 50 * MS);
	sim_gpio_faults(rig->gpio)->int_stuck_low = true;
	pump_rig_for(rig, 50 * MS);
	assert_true(is_polling(rig));
	assert_clean(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, pump_rig_setup, pump_rig_teardown)
		TEST(neither_direction_starves_the_other),
		TEST(a_round_trip_under_load_takes_less_than_5_ms),
		TEST(a_ping_passes_a_flood_from_the_wire),
		TEST(a_frame_in_waits_for_one_message_under_full_load_out),
		TEST(a_frame_in_never_waits_for_a_timer),
		TEST(a_frame_out_never_waits_for_a_timer),
		TEST(a_line_that_is_stuck_low_is_found_out_while_frames_go_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
