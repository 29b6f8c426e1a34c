// SPDX-License-Identifier: MIT
/* test_pump.c — frames both ways, link, TAP, filter, and what it costs to do nothing */
#include "mqttnode/pump.h"

#include <errno.h>
#include <string.h>

#include "mqttnode/fd.h"
#include "pump_rig.h"

/* Writes Sn_MR behind the driver's back: the chip's filter of addresses is off then. */
static void let_all_pass(struct pump_rig *rig)
{
	static const uint8_t write_s0_mr[] = { 0x00, 0x00, 0x0c, 0x04 };

	w5500_sim_select(rig->board.chip);
	for (size_t i = 0; i < sizeof(write_s0_mr); i++)
		(void)w5500_sim_clock_byte(rig->board.chip, write_s0_mr[i]);
	w5500_sim_deselect(rig->board.chip);
}

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

/* To all nodes of IPv6. */
static const uint8_t all_nodes[] = { 0x33, 0x33, 0x00, 0x00, 0x00, 0x01 };

static void deliver_to(struct pump_rig *rig, const uint8_t to[6])
{
	uint8_t frame[100];

	frame_make(frame, 9, sizeof(frame), true);
	memcpy(frame, to, 6);
	pump_rig_deliver(rig, frame, sizeof(frame));
	pump_rig_for(rig, 5 * MS);
}

static void ipv6_multicast_passes_if_it_is_wanted(void **state)
{
	struct pump_rig *rig = *state;

	rig->settings.ipv6 = true;
	pump_rig_up(rig);
	rig->count_only = true;
	deliver_to(rig, all_nodes);
	assert_int_equal(rig->n_received, 1);
	/* The mode is what the health check expects. */
	pump_rig_for(rig, 2 * SEC);
	assert_int_equal(pump_rig_counters(rig).chip_lost, 0);
	assert_clean(rig);
}

/* Sources disagree whether the chip keeps it: the pump does in any case (quirk Q13). */
static void ipv6_multicast_is_kept_away_if_it_is_not(void **state)
{
	struct pump_rig *rig = *state;

	pump_rig_up(rig);
	rig->count_only = true;
	deliver_to(rig, all_nodes);
	assert_int_equal(w5500_sim_stats(rig->board.chip)->rx_dropped_filter, 1);
	w5500_sim_options(rig->board.chip)->ipv6_multicast_always = true;
	deliver_to(rig, all_nodes);
	assert_int_equal(w5500_sim_stats(rig->board.chip)->rx_dropped_filter, 1);
	assert_int_equal(pump_rig_counters(rig).rx_dropped_filter, 1);
	assert_int_equal(rig->n_received, 0);
	assert_clean(rig);
}

static void frames_for_others_are_filtered_and_multicast_passes(void **state)
{
	static const uint8_t to[][6] = {
		{ 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, /* broadcast */
		{ 0x01, 0x00, 0x5e, 0x00, 0x00, 0xfb }, /* mDNS */
	};
	static const uint8_t stranger[6] = { 0x02, 1, 2, 3, 4, 5 };
	struct pump_rig *rig = *state;
	uint8_t frame[100];

	pump_rig_up(rig);
	rig->count_only = true;
	for (size_t i = 0; i < ARRAY_SIZE(to); i++) {
		frame_make(frame, (uint32_t)i, sizeof(frame), true);
		memcpy(frame, to[i], 6);
		pump_rig_deliver(rig, frame, sizeof(frame));
	}
	pump_rig_for(rig, 5 * MS);
	assert_int_equal(rig->n_received, 2);

	/* The chip's own filter, then that of the pump behind a chip that lets it pass.
	 */
	frame_make(frame, 9, sizeof(frame), true);
	memcpy(frame, stranger, 6);
	pump_rig_deliver(rig, frame, sizeof(frame));
	pump_rig_for(rig, 5 * MS);
	assert_int_equal(w5500_sim_stats(rig->board.chip)->rx_dropped_filter, 1);
	assert_int_equal(pump_rig_counters(rig).rx_dropped_filter, 0);
	let_all_pass(rig);
	pump_rig_deliver(rig, frame, sizeof(frame));
	pump_rig_for(rig, 5 * MS);
	assert_int_equal(rig->n_received, 2);
	assert_int_equal(pump_rig_counters(rig).rx_dropped_filter, 1);
	assert_int_equal(pump_rig_counters(rig).rx_frames, 2);
}

/* A bridge: behind the TAP and on the wire are hosts with addresses of their own. */
static void a_promiscuous_chip_passes_all_frames_both_ways(void **state)
{
	static const uint8_t to[][6] = {
		{ 0x02, 1, 2, 3, 4, 5 },		/* a stranger */
		{ 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, /* broadcast */
		{ 0x01, 0x00, 0x5e, 0x00, 0x00, 0xfb }, /* mDNS */
		{ 0x33, 0x33, 0x00, 0x00, 0x00, 0xfb }, /* mDNS over IPv6 */
		{ 0x01, 0x80, 0xc2, 0x00, 0x00, 0x0e }, /* LLDP */
	};
	struct pump_rig *rig = *state;
	uint8_t frame[100];

	rig->settings.promiscuous = true;
	pump_rig_up(rig);
	rig->count_only = true;
	for (size_t i = 0; i < ARRAY_SIZE(to); i++) {
		frame_make(frame, (uint32_t)i, sizeof(frame), true);
		memcpy(frame, to[i], 6);
		pump_rig_deliver(rig, frame, sizeof(frame));
		memcpy(frame + 6, to[0], 6); /* nor is the sender ours */
		pump_rig_write_tap(rig, frame, sizeof(frame));
	}
	/* Health checks take the mode for what it should be. */
	pump_rig_for(rig, 2 * SEC);
	assert_int_equal(rig->n_received, ARRAY_SIZE(to));
	assert_int_equal(pump_rig_counters(rig).tx_frames, ARRAY_SIZE(to));
	assert_int_equal(pump_rig_counters(rig).rx_dropped_filter, 0);
	assert_int_equal(pump_rig_counters(rig).chip_lost, 0);
	assert_int_equal(w5500_sim_stats(rig->board.chip)->rx_dropped_filter, 0);
	assert_clean(rig);
}

static void runts_and_giants_from_the_tap_are_dropped(void **state)
{
	static const size_t bad[] = { 1, 13, 1515, 1516, 4000 };
	struct pump_rig *rig = *state;
	uint8_t frame[4000];

	pump_rig_up(rig);
	frame_make(frame, 0, sizeof(frame), false);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		pump_rig_write_tap(rig, frame, bad[i]);
	pump_rig_for(rig, 20 * MS);
	assert_int_equal(pump_rig_counters(rig).tx_dropped_size, ARRAY_SIZE(bad));
	assert_int_equal(w5500_sim_stats(rig->board.chip)->tx_frames, 0);
	assert_works(rig);
	assert_clean(rig);
}

static void short_frames_from_the_tap_are_padded(void **state)
{
	struct pump_rig *rig = *state;
	uint8_t frame[60];

	pump_rig_up(rig);
	w5500_sim_options(rig->board.chip)->no_padding = true;
	frame_make(frame, 0, sizeof(frame), false);
	pump_rig_write_tap(rig, frame, 14);
	pump_rig_write_tap(rig, frame, 42);
	pump_rig_for(rig, 5 * MS);
	assert_int_equal(pump_rig_counters(rig).tx_frames, 2);
	assert_int_equal(w5500_sim_stats(rig->board.chip)->tx_bytes, 120);
	assert_clean(rig);
}

/* ---- the TAP ---- */

static void a_closed_tap_is_reported_and_replaced(void **state)
{
	struct pump_rig *rig = *state;
	uint64_t turns;

	pump_rig_up(rig);
	assert_works(rig);
	(void)fd_event_clear(pump_event_fd(rig->pump));
	close(rig->tap);
	rig->tap = -1;
	pump_rig_for(rig, MS);
	assert_true(pump_tap_lost(rig->pump));
	assert_int_equal(fd_event_clear(pump_event_fd(rig->pump)), 1);

	/* Without one the chip is looked after all the same, and nothing spins. */
	turns = rig->turns;
	pump_rig_for(rig, SEC);
	assert_in_range(rig->turns - turns, 4, 5);
	pump_rig_deliver_numbered(rig);
	pump_rig_for(rig, 5 * MS);
	assert_int_equal(pump_rig_counters(rig).rx_dropped_tap, 1);

	rig->carrier = -1;
	pump_rig_new_tap(rig);
	assert_false(pump_tap_lost(rig->pump));
	pump_rig_for(rig, MS);
	assert_int_equal(rig->carrier, 1);
	assert_false(pump_tap_lost(rig->pump));
	assert_works(rig);
	assert_clean(rig);
}

/* Nothing is read from it then. */
static void a_tap_that_is_closed_without_link_is_noticed(void **state)
{
	struct pump_rig *rig = *state;

	pump_rig_up(rig);
	w5500_sim_set_cable(rig->board.chip, false);
	(void)pump_rig_wait(rig, is_down, SEC);
	close(rig->tap);
	rig->tap = -1;
	pump_rig_for(rig, SEC);
	assert_true(pump_tap_lost(rig->pump));
	pump_rig_new_tap(rig);
	w5500_sim_set_cable(rig->board.chip, true);
	(void)pump_rig_wait(rig, is_up, SEC);
	assert_works(rig);
}

static void a_tap_that_is_taken_away_is_not_missed(void **state)
{
	struct pump_rig *rig = *state;

	pump_rig_up(rig);
	pump_set_tap(rig->pump, -1);
	pump_rig_for(rig, MS);
	assert_false(pump_tap_lost(rig->pump));
	assert_int_equal(read(rig->tap, &(char){ 0 }, 1), 0); /* closed */
	pump_rig_new_tap(rig);
	assert_works(rig);
}

static void a_tap_whose_device_is_deleted_is_lost(void **state)
{
	static const struct {
		int read, write;
	} cases[] = { { -EBADFD, 0 }, { 0, -EBADFD }, { -EFAULT, 0 } };
	struct pump_rig *rig = *state;

	pump_rig_up(rig);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		rig->tap_read_error = cases[i].read;
		rig->tap_write_error = cases[i].write;
		rig->wire_next = rig->received.next = rig->wire_end;
		rig->tap_next = rig->board.sent.next = rig->tap_end;
		pump_rig_traffic(rig, 1, 1);
		pump_rig_for(rig, 5 * MS);
		assert_true(pump_tap_lost(rig->pump));
		rig->tap_read_error = rig->tap_write_error = 0;
		rig->tap_next = rig->tap_end;
		pump_rig_new_tap(rig);
		assert_works(rig);
	}
	assert_clean(rig);
}

static void a_tap_that_is_down_drops_what_comes_in(void **state)
{
	struct pump_rig *rig = *state;

	pump_rig_up(rig);
	rig->tap_write_error = -EIO;
	pump_rig_deliver_numbered(rig);
	pump_rig_for(rig, 5 * MS);
	assert_false(pump_tap_lost(rig->pump));
	assert_int_equal(pump_rig_counters(rig).rx_dropped_tap, 1);
	assert_int_equal(pump_rig_counters(rig).rx_frames, 0);
	rig->tap_write_error = 0;
	assert_works(rig);
	assert_clean(rig);
}

/* ---- link and frames ---- */

static void frames_without_link_are_dropped_and_never_sent_late(void **state)
{
	struct pump_rig *rig = *state;
	uint8_t frame[100];

	pump_rig_up(rig);
	w5500_sim_set_cable(rig->board.chip, false);
	(void)pump_rig_wait(rig, is_down, SEC);
	frame_make(frame, 0, sizeof(frame), false);
	for (int i = 0; i < 20; i++)
		pump_rig_write_tap(rig, frame, sizeof(frame));
	pump_rig_for(rig, SEC);
	w5500_sim_set_cable(rig->board.chip, true);
	(void)pump_rig_wait(rig, is_up, SEC);
	pump_rig_for(rig, 100 * MS);
	assert_int_equal(w5500_sim_stats(rig->board.chip)->tx_frames, 0);
	assert_int_equal(pump_rig_counters(rig).tx_dropped_link, 20);
	assert_works(rig);
	assert_clean(rig);
}

static void a_send_that_is_late_brings_the_news_that_the_link_is_down(void **state)
{
	struct pump_rig *rig = *state;
	uint64_t took;

	pump_rig_up(rig);
	pump_rig_for(rig, 10 * MS); /* just after a health tick */
	w5500_sim_set_cable(rig->board.chip, false);
	pump_rig_traffic(rig, 0, 1);
	took = pump_rig_wait(rig, is_down, SEC);
	assert_true(took < 15 * MS);
	assert_int_equal(pump_rig_counters(rig).tx_dropped_link, 1);
	w5500_sim_set_cable(rig->board.chip, true);
	(void)pump_rig_wait(rig, is_up, SEC);
	pump_rig_for(rig, 20 * MS);
	assert_works(rig);
	assert_int_equal(pump_rig_counters(rig).tx_dropped_link, 1);
	assert_int_equal(pump_rig_counters(rig).tx_dropped_chip, 0);
	assert_clean(rig);
}

static void a_link_that_flaps_while_frames_are_sent_is_survived(void **state)
{
	struct pump_rig *rig = *state;

	pump_rig_up(rig);
	for (int i = 0; i < 25; i++) {
		pump_rig_traffic(rig, 5, 20);
		pump_rig_for(rig, 100 * MS + scramble((uint32_t)i) % MS);
		w5500_sim_set_cable(rig->board.chip, i % 2);
		pump_rig_for(rig, 100 * MS);
	}
	w5500_sim_set_cable(rig->board.chip, true);
	(void)pump_rig_wait(rig, is_up, SEC);
	pump_rig_for(rig, 300 * MS);
	assert_int_equal(rig->board.sent.bad + rig->board.sent.repeated, 0);
	assert_int_equal(rig->received.bad + rig->received.repeated, 0);
	assert_works(rig);
	/* The flapping is no fault of the chip: nothing restarts its PHY. */
	assert_int_equal(pump_rig_counters(rig).recover_hard_reset, 0);
	assert_int_equal(pump_rig_counters(rig).recover_probe, 0);
	assert_clean(rig);
}

/* ---- doing nothing ---- */

static void idle_costs_four_calls_and_turns_a_second(void **state)
{
	struct pump_rig *rig = *state;
	uint64_t turns, calls, beats;

	pump_rig_up(rig);
	assert_works(rig);
	pump_rig_for(rig, SEC);
	turns = rig->turns;
	calls = messages(rig);
	beats = pump_heartbeat(rig->pump);
	pump_rig_for(rig, 10 * SEC);
	assert_int_equal(rig->turns - turns, 40);
	assert_int_equal(messages(rig) - calls, 40);
	assert_int_equal(pump_heartbeat(rig->pump) - beats, 40);
}

static void nobody_is_told_when_nothing_changes(void **state)
{
	struct pump_rig *rig = *state;

	pump_rig_up(rig);
	(void)fd_event_clear(pump_event_fd(rig->pump));
	pump_rig_traffic(rig, 100, 100);
	pump_rig_for(rig, 2 * SEC);
	assert_int_equal(fd_event_clear(pump_event_fd(rig->pump)), 0);
}

static void without_cable_nothing_is_polled(void **state)
{
	static char none[] = "";
	struct pump_rig *rig = *state;
	uint64_t calls;

	rig->settings.interrupt = none;
	w5500_sim_set_cable(rig->board.chip, false);
	(void)pump_rig_wait(rig, is_running, SEC);
	pump_rig_for(rig, SEC);
	calls = messages(rig);
	pump_rig_for(rig, SEC);
	assert_int_equal(messages(rig) - calls, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, pump_rig_setup, pump_rig_teardown)
		TEST(a_chip_with_cable_comes_up),
		TEST(a_cable_is_noticed_within_half_a_second),
		TEST(speed_and_duplex_are_those_of_the_partner),
		TEST(frames_pass_both_ways),
		TEST(frames_for_others_are_filtered_and_multicast_passes),
		TEST(ipv6_multicast_passes_if_it_is_wanted),
		TEST(ipv6_multicast_is_kept_away_if_it_is_not),
		TEST(a_promiscuous_chip_passes_all_frames_both_ways),
		TEST(runts_and_giants_from_the_tap_are_dropped),
		TEST(short_frames_from_the_tap_are_padded),
		TEST(a_closed_tap_is_reported_and_replaced),
		TEST(a_tap_that_is_closed_without_link_is_noticed),
		TEST(a_tap_that_is_taken_away_is_not_missed),
		TEST(a_tap_whose_device_is_deleted_is_lost),
		TEST(a_tap_that_is_down_drops_what_comes_in),
		TEST(frames_without_link_are_dropped_and_never_sent_late),
		TEST(a_send_that_is_late_brings_the_news_that_the_link_is_down),
		TEST(a_link_that_flaps_while_frames_are_sent_is_survived),
		TEST(idle_costs_four_calls_and_turns_a_second),
		TEST(nobody_is_told_when_nothing_changes),
		TEST(without_cable_nothing_is_polled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
