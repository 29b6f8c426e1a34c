// SPDX-License-Identifier: MIT
/* test_pump.c — frames both ways, link, TAP, filter, and what it costs to do nothing */
#include "mqttnode/pump.h"

#include <errno.h>
#include <string.h>

#include "mqttnode/bytes.h"
#include "mqttnode/tap.h"
#include "pump_rig.h"

static uint64_t messages(const struct pump_rig *rig)
{
	return sim_spi_stats(rig->board.spi)->messages;
}

/* ---- bring-up and link ---- */

static void a_chip_with_cable_comes_up(void **state)
{
	struct pump_rig *rig = *state;
	struct pump_status status;

	assert_true(pump_rig_wait(rig, is_up, 5 * SEC) < 100 * MS);
	status = pump_rig_status(rig);
	assert_int_equal(status.link_mbit, 100);
	assert_true(status.full_duplex);
	assert_true(status.interrupt_works);
	assert_int_equal(status.spi_speed_hz, rig->settings.spi_speed_hz);
	assert_cause(rig, "");
	assert_hint(rig, "");
	assert_int_equal(rig->carrier, 1);
	assert_int_equal(sim_gpio_stats(rig->gpio)->reset_pulses, 1);
	assert_works(rig);
	assert_clean(rig);
}

static void a_cable_is_noticed_within_half_a_second(void **state)
{
	struct pump_rig *rig = *state;

	pump_rig_up(rig);
	for (int i = 0; i < 10; i++) {
		pump_rig_for(rig, (uint64_t)i * 27 * MS);
		w5500_sim_set_cable(rig->board.chip, false);
		assert_true(pump_rig_wait(rig, is_down, SEC) <= 260 * MS);
		assert_int_equal(rig->carrier, 0);
		w5500_sim_set_cable(rig->board.chip, true);
		assert_true(pump_rig_wait(rig, is_up, SEC) <= 260 * MS);
		assert_int_equal(rig->carrier, 1);
		assert_works(rig);
	}
	assert_int_equal(pump_rig_counters(rig).link_changes, 21);
	assert_clean(rig);
}

static void speed_and_duplex_are_those_of_the_partner(void **state)
{
	struct pump_rig *rig = *state;

	w5500_sim_set_partner(rig->board.chip, 10, false);
	pump_rig_up(rig);
	assert_int_equal(pump_rig_status(rig).link_mbit, 10);
	assert_false(pump_rig_status(rig).full_duplex);
	assert_works(rig);
	assert_clean(rig);
}

/* ---- frames ---- */

static void frames_pass_both_ways(void **state)
{
	struct pump_rig *rig = *state;
	struct pump_counters counters;

	pump_rig_up(rig);
	pump_rig_traffic(rig, 2000, 2000);
	(void)pump_rig_wait(rig, all_arrived, 10 * SEC);
	pump_rig_for(rig, 10 * MS);
	assert_all_arrived(rig);
	counters = pump_rig_counters(rig);
	assert_int_equal(counters.rx_frames, 2000);
	assert_int_equal(counters.tx_frames, 2000);
	assert_int_equal(counters.rx_bytes, w5500_sim_stats(rig->board.chip)->rx_bytes);
	assert_int_equal(counters.tx_bytes, w5500_sim_stats(rig->board.chip)->tx_bytes);
	assert_int_equal(counters.bus_messages, messages(rig));
	assert_int_equal(counters.bus_errors, 0);
	assert_clean(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, pump_rig_setup, pump_rig_teardown)
		TEST(a_chip_with_cable_comes_up),
		TEST(a_cable_is_noticed_within_half_a_second),
		TEST(speed_and_duplex_are_those_of_the_partner),
		TEST(frames_pass_both_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
