// SPDX-License-Identifier: MIT
/*
 * test_pump_recovery.c — faults of the chip: found, named, counted, healed
 *
 * After each fault the pump has to come back by itself. What must hold all the
 * time: no frame is changed, repeated or overtaken, and nothing spins.
 */
#include "mqttnode/pump.h"

#include "mqttnode/fd.h"
#include "pump_rig.h"

static char no_line[] = "";

static struct sim_spi_faults *bus_faults(struct pump_rig *rig)
{
	return sim_spi_faults(rig->board.spi);
}

static struct w5500_sim_faults *chip_faults(struct pump_rig *rig)
{
	return w5500_sim_faults(rig->board.chip);
}

static uint64_t messages(const struct pump_rig *rig)
{
	return sim_spi_stats(rig->board.spi)->messages;
}

/* ---- no chip, another chip ---- */

static void a_chip_that_is_not_there_is_named_and_waited_for(void **state)
{
	static const struct {
		uint32_t miso;
		const char *phrase;
	} cases[] = {
		{ SIM_SPI_MISO_ALL_00, "all zeros" },
		{ SIM_SPI_MISO_ALL_FF, "all ones" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct pump_rig *rig = *state;
		uint64_t calls;

		bus_faults(rig)->miso = cases[i].miso;
		(void)pump_rig_wait(rig, is_absent, SEC);
		assert_cause(rig, cases[i].phrase);
		pump_rig_for(rig, 5 * SEC);
		assert_true(is_absent(rig));
		assert_cause(rig, cases[i].phrase);
		calls = messages(rig);
		pump_rig_for(rig, 5 * SEC);
		assert_true(messages(rig) - calls < 5 * 250);
		bus_faults(rig)->miso = SIM_SPI_MISO_CHIP;
		assert_true(pump_rig_back(rig, 2 * SEC) <= SEC);
		assert_clean(rig);
		pump_rig_again(state);
	}
}

static void a_chip_that_falls_silent_is_named_and_found_again(void **state)
{
	static const uint32_t miso[] = { SIM_SPI_MISO_ALL_00, SIM_SPI_MISO_ALL_FF };
	static const uint32_t how_many[] = { 1, 2, 5, 20, 100, 0 };
	struct pump_rig *rig = *state;
	uint64_t pulses;

	pump_rig_up(rig);
	pulses = sim_gpio_stats(rig->gpio)->reset_pulses;
	for (size_t i = 0; i < ARRAY_SIZE(miso); i++)
		for (size_t j = 0; j < ARRAY_SIZE(how_many); j++) {
			assert_works(rig);
			bus_faults(rig)->miso_next = how_many[j];
			bus_faults(rig)->miso = miso[i];
			pump_rig_traffic(rig, 5, 5);
			pump_rig_for(rig, 2 * SEC);
			if (how_many[j] == 0) {
				assert_true(is_absent(rig));
				assert_cause(rig, "MISO is all");
				bus_faults(rig)->miso = SIM_SPI_MISO_CHIP;
			}
			(void)pump_rig_back(rig, SEC);
			assert_none_changed_or_repeated(rig);
			/* A pulse costs the link: not for a silence that passes. */
			if (how_many[j] > 0 && how_many[j] <= 20)
				assert_int_equal(sim_gpio_stats(rig->gpio)->reset_pulses,
						 pulses);
			pulses = sim_gpio_stats(rig->gpio)->reset_pulses;
			pump_rig_for(rig, 6 * SEC);
		}
	assert_true(pump_rig_counters(rig).recover_hard_reset > 0);
}

static void another_chip_is_named(void **state)
{
	struct pump_rig *rig = *state;

	chip_faults(rig)->wrong_versionr = 0x51;
	(void)pump_rig_wait(rig, is_absent, SEC);
	assert_cause(rig, "0x51");
	chip_faults(rig)->wrong_versionr = 0;
	(void)pump_rig_back(rig, SEC);
}

/* ---- a chip that forgets ---- */

static void a_chip_that_loses_its_registers_is_set_up_again(void **state)
{
	struct pump_rig *rig = *state;

	pump_rig_up(rig);
	assert_works(rig);
	w5500_sim_self_reset(rig->board.chip);
	pump_rig_for(rig, 400 * MS);
	assert_int_equal(pump_rig_counters(rig).chip_lost, 1);
	assert_int_equal(pump_rig_counters(rig).recover_soft_reset, 1);
	assert_int_equal(pump_rig_steps(rig), 1);
	assert_true(is_up(rig));
	assert_works(rig);
	assert_clean(rig);
}

static void registers_lost_at_any_moment_are_survived(void **state)
{
	struct pump_rig *rig = *state;

	pump_rig_up(rig);
	for (uint32_t i = 0; i < 100; i++) {
		uint64_t lost = pump_rig_counters(rig).chip_lost;

		pump_rig_traffic(rig, 40, 40);
		pump_rig_for(rig, MS + scramble(i) % (5 * MS));
		w5500_sim_self_reset(rig->board.chip);
		pump_rig_for(rig, 600 * MS);
		(void)pump_rig_back(rig, SEC);
		assert_in_range(pump_rig_counters(rig).chip_lost, lost + 1, lost + 2);
		assert_none_changed_or_repeated(rig);
		pump_rig_for(rig, SEC + SEC / 2);
	}
	assert_int_equal(pump_rig_counters(rig).recover_probe, 0);
	assert_int_equal(pump_rig_counters(rig).recover_hard_reset, 0);
	assert_clean(rig);
}

/* Again and again: as long as the reset helps each time, nothing stronger is called for.
 */
static void registers_lost_often_do_not_cost_the_link(void **state)
{
	struct pump_rig *rig = *state;
	uint64_t pulses;

	pump_rig_up(rig);
	pulses = sim_gpio_stats(rig->gpio)->reset_pulses;
	for (unsigned int i = 1; i <= 20; i++) {
		w5500_sim_self_reset(rig->board.chip);
		pump_rig_traffic(rig, 5, 5);
		pump_rig_for(rig, 400 * MS);
		(void)pump_rig_back(rig, SEC);
		assert_int_equal(pump_rig_counters(rig).recover_soft_reset, i);
	}
	assert_int_equal(pump_rig_steps(rig), 20);
	assert_int_equal(sim_gpio_stats(rig->gpio)->reset_pulses, pulses);
	assert_none_changed_or_repeated(rig);
	assert_clean(rig);
}

/* So it is with wires that are dead for a moment, again and again. */
static void moments_of_silence_do_not_cost_the_link(void **state)
{
	struct pump_rig *rig = *state;
	uint64_t pulses;

	pump_rig_up(rig);
	pulses = sim_gpio_stats(rig->gpio)->reset_pulses;
	for (unsigned int i = 1; i <= 20; i++) {
		bus_faults(rig)->miso_next = 3;
		bus_faults(rig)->miso = i % 2 ? SIM_SPI_MISO_ALL_00 : SIM_SPI_MISO_ALL_FF;
		pump_rig_traffic(rig, 5, 5);
		pump_rig_for(rig, 400 * MS);
		(void)pump_rig_back(rig, SEC);
		assert_in_range(pump_rig_steps(rig), 1, i);
	}
	assert_int_equal(pump_rig_steps(rig), pump_rig_counters(rig).recover_soft_reset);
	assert_true(pump_rig_counters(rig).recover_soft_reset > 3);
	assert_int_equal(sim_gpio_stats(rig->gpio)->reset_pulses, pulses);
	assert_int_equal(pump_rig_counters(rig).link_changes, 1);
	assert_none_changed_or_repeated(rig);
	assert_clean(rig);
}

/* So soon after the reset that it cannot be said to have helped. */
static void registers_lost_at_once_climb_the_ladder(void **state)
{
	struct pump_rig *rig = *state;

	pump_rig_up(rig);
	for (unsigned int i = 0; i < 200; i++) {
		w5500_sim_self_reset(rig->board.chip);
		pump_rig_traffic(rig, 5, 5);
		pump_rig_for(rig, 10 * MS);
	}
	assert_true(pump_rig_counters(rig).recover_hard_reset > 0);
	assert_true(pump_rig_counters(rig).recover_soft_reset <= 10);
	(void)pump_rig_back(rig, 2 * SEC);
}

/* Also in the middle of a start. */
static void registers_lost_in_a_start_are_survived(void **state)
{
	for (uint64_t at = 50 * US; at < 20 * MS; at = at * 3 / 2) {
		struct pump_rig *rig = *state;

		pump_rig_for(rig, at);
		w5500_sim_self_reset(rig->board.chip);
		pump_rig_for(rig, 600 * MS);
		(void)pump_rig_back(rig, SEC);
		assert_clean(rig);
		pump_rig_again(state);
	}
}

/* ---- commands that are not taken, SENDs that do not end ---- */

static void a_command_that_is_not_taken_is_recovered_from(void **state)
{
	struct pump_rig *rig = *state;

	pump_rig_up(rig);
	chip_faults(rig)->cr_stuck = true;
	pump_rig_traffic(rig, 10, 10);
	pump_rig_for(rig, 3 * SEC);
	assert_true(is_not_running(rig));
	assert_true(pump_rig_status(rig).cause[0] != '\0');
	assert_true(is_down(rig));
	chip_faults(rig)->cr_stuck = false;
	assert_true(pump_rig_back(rig, 2 * SEC) <= SEC);
	assert_none_changed_or_repeated(rig);
	assert_true(pump_rig_counters(rig).recover_soft_reset > 0);
	/* A SEND was in the message with the first RECV that was not taken; never again.
	 */
	assert_true(w5500_sim_stats(rig->board.chip)->excused <= 1);
	for (unsigned int i = 0; i < 5; i++) {
		chip_faults(rig)->cr_stuck = true;
		pump_rig_traffic(rig, 10, 10);
		pump_rig_for(rig, SEC);
		chip_faults(rig)->cr_stuck = false;
		(void)pump_rig_back(rig, 2 * SEC);
	}
	assert_true(w5500_sim_stats(rig->board.chip)->excused <= 1);
	assert_clean(rig);
}

static void a_send_that_never_ends_is_given_up(void **state)
{
	struct pump_rig *rig = *state;
	struct pump_counters counters;

	pump_rig_up(rig);
	assert_works(rig);
	(void)fd_event_clear(pump_event_fd(rig->pump));
	chip_faults(rig)->send_stuck = 1;
	pump_rig_traffic(rig, 10, 10);
	pump_rig_for(rig, 200 * MS);
	counters = pump_rig_counters(rig);
	assert_int_equal(counters.recover_reopen, 1);
	assert_int_equal(pump_rig_steps(rig), 1);
	assert_int_equal(counters.tx_dropped_chip, 1);
	assert_int_equal(rig->board.sent.missing, 1);
	assert_none_changed_or_repeated(rig);
	/* So short a recovery alarms nobody. */
	assert_int_equal(fd_event_clear(pump_event_fd(rig->pump)), 0);
	assert_works(rig);
	assert_clean(rig);
}

static void a_send_without_send_ok_is_none_the_worse(void **state)
{
	struct pump_rig *rig = *state;

	pump_rig_up(rig);
	chip_faults(rig)->send_ok_lost = 100;
	pump_rig_traffic(rig, 100, 200);
	(void)pump_rig_wait(rig, all_arrived, SEC);
	assert_all_arrived(rig);
	assert_int_equal(pump_rig_steps(rig), 0);
	assert_clean(rig);
}

static void sends_that_never_end_climb_the_ladder(void **state)
{
	struct pump_rig *rig = *state;
	struct pump_counters c;

	pump_rig_up(rig);
	chip_faults(rig)->send_stuck = UINT32_MAX;
	pump_rig_traffic(rig, 0, 100000);
	rig->tap_outstanding = UINT32_MAX;
	for (int i = 0; i < 100; i++) {
		uint8_t frame[60];

		rig->tap_end = rig->tap_next;
		frame_make(frame, 0, sizeof(frame), false);
		pump_rig_write_tap(rig, frame, sizeof(frame));
		pump_rig_for(rig, 50 * MS);
	}
	c = pump_rig_counters(rig);
	assert_int_equal(c.recover_reopen, 3);
	assert_int_equal(c.recover_soft_reset, 3);
	assert_int_equal(c.recover_hard_reset, 3);
	assert_true(c.recover_probe >= 3);
	chip_faults(rig)->send_stuck = 0;
	pump_rig_for(rig, SEC);
	(void)pump_rig_back(rig, SEC);
}

/* ---- a receive ring out of step ---- */

static void impossible_lengths_cost_at_most_a_ring(void **state)
{
	static const uint32_t lengths[] = { 0, 1, 2, 3, 61, 1521, 1600, 16384, 65535 };
	struct pump_rig *rig = *state;

	pump_rig_up(rig);
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		uint64_t resyncs = pump_rig_counters(rig).recover_resync;
		uint64_t bad = pump_rig_counters(rig).rx_header_bad;

		(void)fd_event_clear(pump_event_fd(rig->pump));
		chip_faults(rig)->bad_rx_length = lengths[i];
		chip_faults(rig)->bad_rx_headers = 1;
		pump_rig_traffic(rig, 20, 20);
		pump_rig_for(rig, 200 * MS);
		assert_int_equal(chip_faults(rig)->bad_rx_headers, 0);
		assert_none_changed_or_repeated(rig);
		assert_true(pump_rig_counters(rig).rx_header_bad > bad);
		assert_int_equal(pump_rig_counters(rig).recover_resync, resyncs + 1);
		assert_int_equal(fd_event_clear(pump_event_fd(rig->pump)), 0);
		assert_works(rig);
		pump_rig_for(rig, 3 * SEC);
	}
	assert_int_equal(pump_rig_strong_steps(rig), 0);
	assert_clean(rig);
}

/* A frame a millisecond, each with a length that cannot be. */
static void a_ring_that_stays_out_of_step_climbs_the_ladder(void **state)
{
	struct pump_rig *rig = *state;
	struct pump_counters c;

	pump_rig_up(rig);
	chip_faults(rig)->bad_rx_length = 3;
	chip_faults(rig)->bad_rx_headers = UINT32_MAX;
	for (int i = 0; i < 3000; i++) {
		pump_rig_deliver_numbered(rig);
		pump_rig_for(rig, MS);
	}
	c = pump_rig_counters(rig);
	assert_int_equal(c.recover_resync, 3);
	assert_int_equal(c.recover_reopen, 3);
	assert_int_equal(c.recover_soft_reset, 3);
	assert_int_equal(c.recover_hard_reset, 3);
	assert_in_range(c.recover_probe, 4, 15);
	chip_faults(rig)->bad_rx_headers = 0;
	(void)pump_rig_wait(rig, is_up, SEC);
	pump_rig_for(rig, SEC);
	assert_works(rig);

	/* Long after that a single fault is met with the mildest step again. */
	pump_rig_for(rig, 10 * SEC);
	chip_faults(rig)->bad_rx_headers = 1;
	pump_rig_deliver_numbered(rig);
	pump_rig_for(rig, 100 * MS);
	assert_int_equal(pump_rig_counters(rig).recover_resync, 4);
	assert_int_equal(pump_rig_counters(rig).recover_probe, c.recover_probe);
	assert_works(rig);
}

/* ---- reset ---- */

static void a_soft_reset_that_does_not_end_is_followed_by_a_pulse(void **state)
{
	struct pump_rig *rig = *state;
	uint64_t pulses;

	pump_rig_up(rig);
	pulses = sim_gpio_stats(rig->gpio)->reset_pulses;
	w5500_sim_options(rig->board.chip)->reset_busy_ns = 3 * SEC;
	w5500_sim_self_reset(rig->board.chip);
	pump_rig_for(rig, 2 * SEC);
	assert_true(sim_gpio_stats(rig->gpio)->reset_pulses > pulses);
	assert_true(pump_rig_counters(rig).recover_hard_reset > 0);
	assert_true(is_not_running(rig));
	assert_true(pump_rig_status(rig).cause[0] != '\0');
	w5500_sim_options(rig->board.chip)->reset_busy_ns = 0;
	(void)pump_rig_back(rig, 10 * SEC);
}

static void a_reset_line_that_leads_nowhere_ends_nothing(void **state)
{
	struct pump_rig *rig = *state;

	assert_int_equal(sim_gpio_set(rig->gpio, "reset_unwired", 1), 0);
	pump_rig_up(rig);
	assert_works(rig);
	w5500_sim_options(rig->board.chip)->reset_busy_ns = 2 * SEC;
	w5500_sim_self_reset(rig->board.chip);
	pump_rig_for(rig, 5 * SEC);
	assert_true(is_not_running(rig));
	w5500_sim_options(rig->board.chip)->reset_busy_ns = 0;
	(void)pump_rig_back(rig, 5 * SEC);
}

static void without_reset_line_there_is_the_soft_reset(void **state)
{
	struct pump_rig *rig = *state;

	rig->settings.reset = no_line;
	pump_rig_up(rig);
	assert_int_equal(sim_gpio_stats(rig->gpio)->reset_pulses, 0);
	bus_faults(rig)->miso = SIM_SPI_MISO_ALL_FF;
	(void)pump_rig_wait(rig, is_absent, 2 * SEC);
	bus_faults(rig)->miso = SIM_SPI_MISO_CHIP;
	assert_true(pump_rig_back(rig, 2 * SEC) <= SEC);
	assert_clean(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, pump_rig_setup, pump_rig_teardown)
		TEST(a_chip_that_is_not_there_is_named_and_waited_for),
		TEST(a_chip_that_falls_silent_is_named_and_found_again),
		TEST(another_chip_is_named),
		TEST(a_chip_that_loses_its_registers_is_set_up_again),
		TEST(registers_lost_at_any_moment_are_survived),
		TEST(registers_lost_often_do_not_cost_the_link),
		TEST(moments_of_silence_do_not_cost_the_link),
		TEST(registers_lost_at_once_climb_the_ladder),
		TEST(registers_lost_in_a_start_are_survived),
		TEST(a_command_that_is_not_taken_is_recovered_from),
		TEST(a_send_that_never_ends_is_given_up),
		TEST(a_send_without_send_ok_is_none_the_worse),
		TEST(sends_that_never_end_climb_the_ladder),
		TEST(impossible_lengths_cost_at_most_a_ring),
		TEST(a_ring_that_stays_out_of_step_climbs_the_ladder),
		TEST(a_soft_reset_that_does_not_end_is_followed_by_a_pulse),
		TEST(a_reset_line_that_leads_nowhere_ends_nothing),
		TEST(without_reset_line_there_is_the_soft_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
