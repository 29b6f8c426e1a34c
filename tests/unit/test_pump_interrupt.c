// SPDX-License-Identifier: MIT
/* test_pump_interrupt.c — the INT line: used, lost, distrusted, trusted again; polling */
#include "mqttnode/pump.h"

#include <errno.h>
#include <string.h>

#include "pump_rig.h"

static char no_line[] = "";

static uint64_t messages(const struct pump_rig *rig)
{
	return sim_spi_stats(rig->board.spi)->messages;
}

static void set_fault(struct pump_rig *rig, const char *name, uint64_t value)
{
	assert_int_equal(sim_gpio_set(rig->gpio, name, value), 0);
}

static bool wire_is_quiet(struct pump_rig *rig)
{
	return rig->received.next == rig->wire_end;
}

/* A frame comes from the wire: how long it takes to the TAP. */
static uint64_t latency(struct pump_rig *rig)
{
	uint64_t begin = pump_rig_now(rig);

	pump_rig_traffic(rig, 1, 0);
	while (!wire_is_quiet(rig)) {
		assert_true(pump_rig_now(rig) - begin < SEC);
		pump_rig_for(rig, 5 * US);
	}
	return pump_rig_now(rig) - begin;
}

/* One frame after the other, each after a pause, until the pump polls; their number. */
static unsigned int frames_until_polling(struct pump_rig *rig, uint64_t pause_ns)
{
	unsigned int n = 0;

	while (!is_polling(rig)) {
		assert_true(n++ < 20);
		assert_true(latency(rig) <= 260 * MS);
		pump_rig_for(rig, pause_ns);
	}
	return n;
}

/* Frames now and then, until the line is used again. */
static void frames_until_interrupt(struct pump_rig *rig)
{
	for (unsigned int n = 0; !uses_interrupt(rig); n++) {
		assert_true(n < 40);
		assert_true(latency(rig) <= 20 * MS);
		pump_rig_for(rig, 100 * MS);
	}
}

static void assert_interrupt_is_quick(struct pump_rig *rig)
{
	for (int i = 0; i < 10; i++) {
		assert_true(latency(rig) < 2 * MS);
		pump_rig_for(rig, 70 * MS);
	}
	assert_true(uses_interrupt(rig));
}

/* ---- a good line ---- */

static void a_frame_wakes_the_pump_and_takes_two_messages(void **state)
{
	struct pump_rig *rig = *state;

	pump_rig_up(rig);
	for (int i = 0; i < 20; i++) {
		uint64_t calls;

		pump_rig_for(rig, 300 * MS - pump_rig_now(rig) % (250 * MS));
		calls = messages(rig);
		assert_true(latency(rig) < 700 * US);
		pump_rig_for(rig, 3 * MS);
		assert_in_range(messages(rig) - calls, 2, 3); /* 3: with a health tick */
	}
	assert_int_equal(pump_rig_counters(rig).interrupt_missed, 0);
	assert_clean(rig);
}

static void traffic_of_any_density_does_not_discredit_the_line(void **state)
{
	struct pump_rig *rig = *state;
	uint32_t n = 0;

	pump_rig_up(rig);
	for (uint64_t pause = 20 * MS; pause > 20 * US; pause = pause * 3 / 4)
		for (int i = 0; i < 100; i++) {
			pump_rig_deliver_numbered(rig);
			pump_rig_for(rig, pause / 2 + scramble(n++) % pause);
		}
	(void)pump_rig_wait(rig, wire_is_quiet, 100 * MS);
	pump_rig_traffic(rig, 3000, 3000);
	(void)pump_rig_wait(rig, all_arrived, 10 * SEC);
	assert_all_arrived(rig);
	assert_true(uses_interrupt(rig));
	/* A frame may come while the tick is on its way to look. */
	assert_in_range(pump_rig_counters(rig).interrupt_missed, 0, 2);
	assert_clean(rig);
}

/* Whatever the chip does with Sn_IR when RECV leaves frames in the ring (quirk Q2). */
static void a_latch_that_is_raised_again_is_no_fault(void **state)
{
	struct pump_rig *rig = *state;

	w5500_sim_options(rig->board.chip)->recv_raises_ir = true;
	pump_rig_up(rig);
	pump_rig_traffic(rig, 2000, 500);
	(void)pump_rig_wait(rig, all_arrived, 10 * SEC);
	assert_all_arrived(rig);
	assert_interrupt_is_quick(rig);
	assert_clean(rig);
}

/* ---- a bad one ---- */

static void one_lost_edge_is_made_up_for_by_the_tick(void **state)
{
	struct pump_rig *rig = *state;

	pump_rig_up(rig);
	pump_rig_for(rig, 20 * MS);
	w5500_sim_faults(rig->board.chip)->intn_edges_lost = 1;
	assert_in_range(latency(rig), 100 * MS, 251 * MS);
	pump_rig_for(rig, MS);
	assert_int_equal(pump_rig_counters(rig).interrupt_missed, 1);
	assert_interrupt_is_quick(rig);
	assert_hint(rig, "");
	assert_clean(rig);
}

static void a_line_that_is_no_good_is_replaced_by_polling(void **state)
{
	static const char *const faults[] = { "int_deaf", "int_stuck_high",
					      "int_unwired" };
	static const uint64_t pauses[] = { 3 * MS, 100 * MS, 900 * MS, 5 * SEC };
	struct pump_rig *rig = *state;

	pump_rig_up(rig);
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++)
		for (size_t j = 0; j < ARRAY_SIZE(pauses); j++) {
			uint64_t missed = pump_rig_counters(rig).interrupt_missed;

			set_fault(rig, faults[i], 1);
			assert_in_range(frames_until_polling(rig, pauses[j]), 3, 4);
			assert_in_range(pump_rig_counters(rig).interrupt_missed - missed,
					3, 4);
			assert_hint(rig, "GPIO25");
			assert_hint(rig, "polling");
			pump_rig_for(rig, SEC);
			assert_true(latency(rig) <= 11 * MS);
			assert_true(is_polling(rig));

			set_fault(rig, faults[i], 0);
			frames_until_interrupt(rig);
			assert_hint(rig, "");
			assert_interrupt_is_quick(rig);
		}
	assert_int_equal(pump_rig_counters(rig).recover_probe, 0);
	assert_clean(rig);
}

static void a_line_that_is_stuck_low_is_given_up_at_once(void **state)
{
	struct pump_rig *rig = *state;
	uint64_t calls;

	pump_rig_up(rig);
	pump_rig_for(rig, 5 * MS);
	calls = messages(rig);
	set_fault(rig, "int_stuck_low", 1);
	(void)pump_rig_wait(rig, is_polling, 10 * MS);
	assert_true(messages(rig) - calls <= 10);
	pump_rig_for(rig, 2 * SEC);
	calls = messages(rig);
	pump_rig_for(rig, SEC);
	assert_in_range(messages(rig) - calls, 100, 106); /* every 10 ms, and ticks */
	assert_works(rig);
	assert_true(is_polling(rig));

	set_fault(rig, "int_stuck_low", 0);
	frames_until_interrupt(rig);
	assert_interrupt_is_quick(rig);
	assert_clean(rig);
}

static void an_intn_that_the_chip_holds_is_given_up_too(void **state)
{
	struct pump_rig *rig = *state;

	pump_rig_up(rig);
	assert_int_equal(w5500_sim_set(rig->board.chip, "intn_stuck_high", 1), 0);
	(void)frames_until_polling(rig, 300 * MS);
	assert_int_equal(w5500_sim_set(rig->board.chip, "intn_stuck_high", 0), 0);
	frames_until_interrupt(rig);
	assert_int_equal(w5500_sim_set(rig->board.chip, "intn_stuck_low", 1), 0);
	(void)pump_rig_wait(rig, is_polling, 20 * MS);
	assert_works(rig);
	assert_int_equal(w5500_sim_set(rig->board.chip, "intn_stuck_low", 0), 0);
	frames_until_interrupt(rig);
	assert_interrupt_is_quick(rig);
	assert_clean(rig);
}

static void a_line_that_was_never_any_good_is_found_out(void **state)
{
	static const char *const faults[] = { "int_deaf", "int_stuck_high",
					      "int_stuck_low", "int_unwired" };

	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		struct pump_rig *rig = *state;

		set_fault(rig, faults[i], 1);
		pump_rig_up(rig);
		(void)frames_until_polling(rig, 300 * MS);
		assert_works(rig);
		assert_clean(rig);
		assert_int_equal(pump_rig_teardown(state), 0);
		assert_int_equal(pump_rig_setup(state), 0);
	}
}

/* What is known of the line outlives the bus: it is not believed just for that. */
static void a_new_start_does_not_make_a_bad_line_good(void **state)
{
	struct pump_rig *rig = *state;

	pump_rig_up(rig);
	set_fault(rig, "int_unwired", 1);
	(void)frames_until_polling(rig, 100 * MS);
	sim_spi_unbind(rig->board.spi);
	pump_rig_for(rig, SEC);
	assert_true(is_up(rig));
	assert_true(is_polling(rig));
	assert_works(rig);
}

/* ---- a line that is not to be had ---- */

static void a_line_that_cannot_be_requested_is_asked_for_again(void **state)
{
	static const uint32_t errors[] = { ENOENT, EBUSY, EACCES, ENXIO };
	struct pump_rig *rig = *state;

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		rig = *state;
		set_fault(rig, "int_open_errno", errors[i]);
		pump_rig_up(rig);
		assert_true(is_polling(rig));
		assert_hint(rig, "GPIO25");
		pump_rig_for(rig, SEC);
		assert_true(latency(rig) <= 11 * MS);
		set_fault(rig, "int_open_errno", 0);
		(void)pump_rig_wait(rig, uses_interrupt, 6 * SEC);
		assert_hint(rig, "");
		assert_interrupt_is_quick(rig);
		assert_clean(rig);
		assert_int_equal(pump_rig_teardown(state), 0);
		assert_int_equal(pump_rig_setup(state), 0);
	}
}

static void a_reset_line_that_cannot_be_requested_is_a_hint(void **state)
{
	struct pump_rig *rig = *state;

	set_fault(rig, "reset_open_errno", EBUSY);
	pump_rig_up(rig);
	assert_hint(rig, "GPIO24");
	assert_int_equal(sim_gpio_stats(rig->gpio)->reset_pulses, 0);
	assert_works(rig);
	set_fault(rig, "reset_open_errno", 0);
	pump_rig_for(rig, 6 * SEC);
	assert_hint(rig, "");
	assert_true(is_up(rig));
	assert_works(rig);
	assert_clean(rig);
}

/* ---- polling ---- */

static void polling_is_fast_after_traffic_and_slow_later(void **state)
{
	struct pump_rig *rig = *state;
	uint64_t calls;

	rig->settings.interrupt = no_line;
	pump_rig_up(rig);
	assert_true(is_polling(rig));
	assert_hint(rig, "");
	pump_rig_for(rig, SEC);

	/* Nothing to do: every 10 ms, and four ticks. */
	calls = messages(rig);
	pump_rig_for(rig, SEC);
	assert_in_range(messages(rig) - calls, 100, 106);

	/* A frame: every ms for 100 ms. */
	assert_true(latency(rig) <= 11 * MS);
	pump_rig_for(rig, 2 * MS);
	calls = messages(rig);
	pump_rig_for(rig, 90 * MS);
	assert_in_range(messages(rig) - calls, 80, 92);
	for (int i = 0; i < 20; i++) {
		assert_true(latency(rig) <= 2 * MS);
		pump_rig_for(rig, 20 * MS);
	}
	pump_rig_for(rig, 100 * MS);
	calls = messages(rig);
	pump_rig_for(rig, SEC);
	assert_in_range(messages(rig) - calls, 100, 106);
	assert_clean(rig);
}

static void polling_carries_all_frames(void **state)
{
	struct pump_rig *rig = *state;

	rig->settings.interrupt = no_line;
	pump_rig_up(rig);
	pump_rig_traffic(rig, 3000, 3000);
	(void)pump_rig_wait(rig, all_arrived, 20 * SEC);
	assert_all_arrived(rig);
	assert_int_equal(pump_rig_counters(rig).interrupt_missed, 0);
	assert_clean(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, pump_rig_setup, pump_rig_teardown)
		TEST(a_frame_wakes_the_pump_and_takes_two_messages),
		TEST(traffic_of_any_density_does_not_discredit_the_line),
		TEST(a_latch_that_is_raised_again_is_no_fault),
		TEST(one_lost_edge_is_made_up_for_by_the_tick),
		TEST(a_line_that_is_no_good_is_replaced_by_polling),
		TEST(a_line_that_is_stuck_low_is_given_up_at_once),
		TEST(an_intn_that_the_chip_holds_is_given_up_too),
		TEST(a_line_that_was_never_any_good_is_found_out),
		TEST(a_new_start_does_not_make_a_bad_line_good),
		TEST(a_line_that_cannot_be_requested_is_asked_for_again),
		TEST(a_reset_line_that_cannot_be_requested_is_a_hint),
		TEST(polling_is_fast_after_traffic_and_slow_later),
		TEST(polling_carries_all_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
