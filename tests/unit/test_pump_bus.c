// SPDX-License-Identifier: MIT
/*
 * test_pump_bus.c — a bus that fails, now and then, for a time, or that is not there
 *
 * The chip is not to blame, and need not be reset for it.
 */
#include "mqttnode/pump.h"

#include <errno.h>

#include "mqttnode/fd.h"
#include "pump_rig.h"

static struct sim_spi_faults *bus_faults(struct pump_rig *rig)
{
	return sim_spi_faults(rig->board.spi);
}

/*
 * Message number @after fails, before it does anything or cut somewhere. Nothing is
 * lost: what was cut between Sn_TX_WR and SEND is sent later.
 */
static bool one_bus_error(struct pump_rig *rig, uint32_t after, bool before)
{
	struct pump_counters counters;
	uint64_t changed;

	pump_rig_up(rig);
	pump_rig_for(rig, 5 * MS);
	changed = pump_rig_status(rig).changed_ns;
	bus_faults(rig)->fail_before = before;
	bus_faults(rig)->fail_after = after;
	bus_faults(rig)->fail_next = 1;
	pump_rig_traffic(rig, 12, 12);
	(void)pump_rig_wait(rig, all_arrived, SEC);
	pump_rig_for(rig, 50 * MS);
	if (pump_rig_counters(rig).bus_errors == 0)
		return false;
	counters = pump_rig_counters(rig);
	assert_all_arrived(rig);
	assert_int_equal(counters.bus_errors, 1);
	assert_int_equal(counters.rx_frames, 12);
	assert_int_equal(counters.tx_frames, 12);
	assert_int_equal(counters.tx_dropped_chip, 0);
	assert_true(counters.tx_send_repeated <= !before);
	assert_int_equal(pump_rig_steps(rig), 0);
	assert_int_equal(pump_rig_status(rig).changed_ns, changed);
	assert_clean(rig);
	return true;
}

static void a_bus_error_at_any_message_costs_nothing(void **state)
{
	for (int before = 0; before < 2; before++) {
		uint32_t after = 0;

		while (one_bus_error(*state, after, before)) {
			pump_rig_again(state);
			after++;
		}
		assert_true(after > 10); /* so many messages it took */
		pump_rig_again(state);
	}
}

static void bus_errors_now_and_then_cost_nothing_but_time(void **state)
{
	static const uint32_t one_in[] = { 1000, 50, 20 };
	struct pump_rig *rig = *state;

	pump_rig_up(rig);
	for (size_t i = 0; i < ARRAY_SIZE(one_in); i++) {
		bus_faults(rig)->fail_one_in = one_in[i];
		pump_rig_traffic(rig, 1000, 1000);
		(void)pump_rig_wait(rig, all_arrived, 20 * SEC);
	}
	bus_faults(rig)->fail_one_in = 0;
	pump_rig_for(rig, 300 * MS);
	assert_none_changed_or_repeated(rig);
	assert_true(pump_rig_counters(rig).bus_errors > 50);
	assert_int_equal(rig->board.sent.missing, 0);
	assert_int_equal(pump_rig_steps(rig), 0);
	assert_clean(rig);
}

static void a_bus_error_at_any_message_of_a_start_delays_it(void **state)
{
	uint32_t after = 0;

	for (;; after++) {
		struct pump_rig *rig = *state;
		struct pump_counters counters;

		bus_faults(rig)->fail_after = after;
		bus_faults(rig)->fail_next = 1;
		assert_true(pump_rig_wait(rig, is_up, SEC) < 100 * MS);
		counters = pump_rig_counters(rig);
		if (counters.bus_errors == 0)
			break;
		assert_int_equal(pump_rig_steps(rig), 0);
		assert_works(rig);
		assert_clean(rig);
		pump_rig_again(state);
	}
	assert_true(after > 20); /* so many messages it took */
}

static void two_seconds_of_bus_errors_are_overcome(void **state)
{
	static const uint32_t errors[] = { EIO, ETIMEDOUT };

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		struct pump_rig *rig = *state;
		uint64_t end, pulses;

		pump_rig_up(rig);
		assert_works(rig);
		pulses = sim_gpio_stats(rig->gpio)->reset_pulses;
		end = pump_rig_now(rig) + 2 * SEC;
		bus_faults(rig)->fail_errno = errors[i];
		bus_faults(rig)->fail_until_ns = end;
		pump_rig_traffic(rig, 5, 5);
		(void)pump_rig_wait(rig, is_not_running, 500 * MS);
		assert_true(is_down(rig));
		assert_int_equal(rig->carrier, 0);
		assert_cause(rig, RIG_SPI);
		pump_rig_until(rig, end);
		assert_true(is_not_running(rig));
		assert_true(pump_rig_back(rig, SEC) <= SEC);
		assert_none_changed_or_repeated(rig);
		assert_true(pump_rig_counters(rig).recover_probe > 0);
		/* The bus was at fault: the chip need not lose its link for that. */
		assert_int_equal(sim_gpio_stats(rig->gpio)->reset_pulses, pulses);
		assert_cause(rig, "");
		assert_clean(rig);
		pump_rig_again(state);
	}
}

static void a_device_that_vanishes_is_waited_for(void **state)
{
	struct pump_rig *rig = *state;

	pump_rig_up(rig);
	bus_faults(rig)->open_errno = ENOENT;
	sim_spi_unbind(rig->board.spi);
	(void)pump_rig_wait(rig, is_absent, 500 * MS);
	assert_cause(rig, RIG_SPI);
	pump_rig_for(rig, 3 * SEC);
	assert_true(is_absent(rig));
	bus_faults(rig)->open_errno = 0;
	assert_true(pump_rig_back(rig, SEC) <= SEC);
	assert_clean(rig);

	/* Gone and back before anybody looks. */
	pump_rig_for(rig, 6 * SEC);
	(void)fd_event_clear(pump_event_fd(rig->pump));
	sim_spi_unbind(rig->board.spi);
	pump_rig_for(rig, 400 * MS);
	assert_int_equal(fd_event_clear(pump_event_fd(rig->pump)), 0);
	assert_works(rig);
	assert_clean(rig);
}

static void a_bus_that_cannot_be_opened_is_tried_again(void **state)
{
	static const uint32_t errors[] = { ENOENT, EACCES, EWOULDBLOCK, ENOTTY };

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		struct pump_rig *rig = *state;
		uint64_t opens, turns;

		bus_faults(rig)->open_errno = errors[i];
		(void)pump_rig_wait(rig, is_absent, 100 * MS);
		assert_cause(rig, RIG_SPI);
		assert_true(is_down(rig));
		pump_rig_for(rig, 3 * SEC);
		turns = rig->turns;
		opens = pump_rig_counters(rig).recover_probe;
		pump_rig_for(rig, 5 * SEC);
		assert_in_range(rig->turns - turns, 9, 11);
		assert_in_range(pump_rig_counters(rig).recover_probe - opens, 9, 11);
		bus_faults(rig)->open_errno = 0;
		assert_true(pump_rig_back(rig, SEC) <= 700 * MS);
		assert_clean(rig);
		pump_rig_again(state);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, pump_rig_setup, pump_rig_teardown)
		TEST(a_bus_error_at_any_message_costs_nothing),
		TEST(bus_errors_now_and_then_cost_nothing_but_time),
		TEST(a_bus_error_at_any_message_of_a_start_delays_it),
		TEST(two_seconds_of_bus_errors_are_overcome),
		TEST(a_device_that_vanishes_is_waited_for),
		TEST(a_bus_that_cannot_be_opened_is_tried_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
