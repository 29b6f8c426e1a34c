// SPDX-License-Identifier: MIT
/*
 * test_pump_torture.c — random frames through chip, pump and TAP
 *
 * Wire to TAP at most 8 outstanding, since the ring holds 10 full frames; TAP to
 * wire at most 32. Every frame has to arrive: identical, in order, none lost.
 */
#include "mqttnode/pump.h"

#include "chip_switches.h"
#include "pump_rig.h"
#include "short.h"

static uint32_t frames = 100000, fewer_frames = 5000;

static void carry_within(struct pump_rig *rig, uint32_t from_wire, uint32_t from_tap,
			 uint64_t limit_ns)
{
	struct pump_counters counters;

	pump_rig_traffic(rig, from_wire, from_tap);
	(void)pump_rig_wait(rig, all_arrived, limit_ns);
	pump_rig_for(rig, 20 * MS);
	assert_all_arrived(rig);
	counters = pump_rig_counters(rig);
	assert_int_equal(counters.rx_frames, from_wire);
	assert_int_equal(counters.tx_frames, from_tap);
	assert_int_equal(counters.rx_header_bad, 0);
	assert_int_equal(pump_rig_steps(rig), 0);
	assert_int_equal(w5500_sim_stats(rig->board.chip)->rx_dropped_full, 0);
	assert_clean(rig);
}

static void carry(struct pump_rig *rig, uint32_t from_wire, uint32_t from_tap)
{
	carry_within(rig, from_wire, from_tap, (from_wire + from_tap) * 10 * MS);
}

static void a_hundred_thousand_frames_each_way_arrive(void **state)
{
	struct pump_rig *rig = *state;

	pump_rig_up(rig);
	carry(rig, frames, frames);
}

static void frames_in_alone_arrive(void **state)
{
	struct pump_rig *rig = *state;

	pump_rig_up(rig);
	carry(rig, fewer_frames, 0);
}

static void frames_out_alone_arrive(void **state)
{
	struct pump_rig *rig = *state;

	pump_rig_up(rig);
	carry(rig, 0, fewer_frames);
}

static void frames_arrive_whatever_the_chip_is_like(void **state)
{
	for (size_t i = 0; i < CHIP_SWITCHES; i++) {
		for (uint32_t which = 1; which < chip_switches[i].n; which++) {
			struct pump_rig *rig = *state;

			pump_rig_up(rig);
			chip_switch_set(rig->board.chip, &chip_switches[i], which);
			carry(rig, fewer_frames / 2, fewer_frames / 2);
			pump_rig_again(state);
		}
	}
}

/*
 * Two commands in one message are one too many for such a chip: the second is
 * ignored, which costs a CLOSE and OPEN, and then it is known.
 */
static void a_chip_that_is_slow_with_commands_is_learnt(void **state)
{
	static const struct {
		const char *name;
		uint64_t value;
	} options[] = {
		{ "command_busy_selects", 2 },	 { "command_busy_selects", 4 },
		{ "command_busy_ns", 30 * US },	 { "command_busy_ns", 60 * US },
		{ "command_busy_ns", 500 * US },
	};

	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		struct pump_rig *rig = *state;
		uint64_t reopens;

		pump_rig_up(rig);
		assert_int_equal(
			w5500_sim_set(rig->board.chip, options[i].name, options[i].value),
			0);
		pump_rig_traffic(rig, 100, 100);
		pump_rig_for(rig, SEC);
		assert_works(rig);
		reopens = pump_rig_counters(rig).recover_reopen;
		assert_true(reopens <= 1);
		rig->received.missing = rig->board.sent.missing = 0;
		pump_rig_traffic(rig, fewer_frames, fewer_frames);
		(void)pump_rig_wait(rig, all_arrived, 100 * SEC);
		/* What came while the ring could not be freed was dropped by the chip. */
		assert_true(rig->received.missing <=
			    w5500_sim_stats(rig->board.chip)->rx_dropped_full);
		rig->received.missing = 0;
		assert_all_arrived(rig);
		assert_int_equal(pump_rig_counters(rig).recover_reopen, reopens);
		assert_int_equal(pump_rig_counters(rig).recover_resync, 0);
		assert_int_equal(pump_rig_counters(rig).recover_soft_reset, 0);
		assert_clean(rig);
		pump_rig_again(state);
	}
}

static void frames_arrive_whatever_the_bus_is_like(void **state)
{
	static const struct {
		uint32_t bufsiz, alignment;
		uint64_t call_ns;
	} machines[] = {
		{ 4096, 1, 5 * US },	 { 4096, 128, 50 * US }, { 2048, 32, 15 * US },
		{ 16384, 128, 15 * US }, { 65536, 64, 15 * US },
	};

	for (size_t i = 0; i < ARRAY_SIZE(machines); i++) {
		struct pump_rig *rig = *state;

		sim_spi_options(rig->board.spi)->bufsiz = machines[i].bufsiz;
		sim_spi_options(rig->board.spi)->alignment = machines[i].alignment;
		sim_spi_options(rig->board.spi)->call_ns = machines[i].call_ns;
		pump_rig_up(rig);
		carry(rig, fewer_frames, fewer_frames);
		pump_rig_again(state);
	}
}

/*
 * What was read may be old when the driver judges it: others have had the processor. A
 * frame that was on the wire then has left long ago, and nothing is the chip's fault.
 */
static void frames_arrive_however_late_calls_return(void **state)
{
	static const uint64_t late_ns[] = { MS, 30 * MS, 150 * MS, 400 * MS };

	for (size_t i = 0; i < 2 * ARRAY_SIZE(late_ns); i++) {
		struct pump_rig *rig = *state;

		/* The wire is slow, or the chip is: frames are long on their way. */
		if (i % 2)
			w5500_sim_set_partner(rig->board.chip, 10, false);
		else
			w5500_sim_options(rig->board.chip)->send_delay_ns = MS;
		pump_rig_up(rig);
		sim_spi_faults(rig->board.spi)->late_one_in = 20;
		sim_spi_faults(rig->board.spi)->late_ns = late_ns[i / 2];
		carry_within(rig, 1000, 1000, 1000 * SEC);
		assert_int_equal(pump_rig_counters(rig).link_changes, 1);
		assert_int_equal(pump_rig_counters(rig).interrupt_missed, 0);
		pump_rig_again(state);
	}
}

static void frames_arrive_at_10_mbit_half_duplex(void **state)
{
	struct pump_rig *rig = *state;

	w5500_sim_set_partner(rig->board.chip, 10, false);
	pump_rig_up(rig);
	carry(rig, fewer_frames, fewer_frames);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, pump_rig_setup, pump_rig_teardown)
		TEST(a_hundred_thousand_frames_each_way_arrive),
		TEST(frames_in_alone_arrive),
		TEST(frames_out_alone_arrive),
		TEST(frames_arrive_whatever_the_chip_is_like),
		TEST(a_chip_that_is_slow_with_commands_is_learnt),
		TEST(frames_arrive_whatever_the_bus_is_like),
		TEST(frames_arrive_however_late_calls_return),
		TEST(frames_arrive_at_10_mbit_half_duplex),
	};

	if (is_short()) {
		frames = 10000;
		fewer_frames = 1000;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
