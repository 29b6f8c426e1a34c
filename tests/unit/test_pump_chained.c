// SPDX-License-Identifier: MIT
/*
 * test_pump_chained.c — the chained plan: tried before it is used, and as good as the
 * plain one
 *
 * A chip that is fit for it, one that ignores what follows a frame of fixed length
 * under the same chip select, two that take that for data and write the registers
 * behind (one answers rightly all the same), one that takes commands only when the chip
 * select rises, one that does not take them at all, which shows only when it runs.
 */
#include "mqttnode/pump.h"

#include <errno.h>

#include "chip_switches.h"
#include "pump_rig.h"
#include "short.h"

/* The test is made so often, if it fails. */
#define TEST_TRIES 3

static int setup(void **state)
{
	int r = pump_rig_setup(state);
	struct pump_rig *rig = *state;

	rig->settings.chained = true;
	w5500_sim_options(rig->board.chip)->accept = W5500_SIM_ACCEPT_AT_FRAME_END;
	return r;
}

static void again(void **state)
{
	assert_int_equal(pump_rig_teardown(state), 0);
	assert_int_equal(setup(state), 0);
}

static uint64_t selects(const struct pump_rig *rig)
{
	return w5500_sim_stats(rig->board.chip)->chip_selects;
}

/* @n times, or fewer where time is short. */
static uint32_t times(uint32_t n)
{
	return is_short() ? n / 5 : n;
}

static void carry(struct pump_rig *rig, uint32_t n)
{
	pump_rig_traffic(rig, n, n);
	(void)pump_rig_wait(rig, all_arrived, 60 * SEC);
	pump_rig_for(rig, 20 * MS);
	assert_all_arrived(rig);
	assert_int_equal(pump_rig_steps(rig), 0);
	assert_int_equal(w5500_sim_stats(rig->board.chip)->rx_dropped_full, 0);
	assert_clean(rig);
}

/* Chip selects that frames in one direction take. */
static uint64_t selects_of(void **state, bool is_chained, uint32_t from_wire,
			   uint32_t from_tap)
{
	struct pump_rig *rig = *state;
	uint64_t before;

	rig->settings.chained = is_chained;
	pump_rig_up(rig);
	assert_hint(rig, "");
	/* One soft reset before the test, one after it. */
	assert_int_equal(w5500_sim_stats(rig->board.chip)->soft_resets,
			 is_chained ? 2 : 1);
	before = selects(rig);
	pump_rig_traffic(rig, from_wire, from_tap);
	(void)pump_rig_wait(rig, all_arrived, 60 * SEC);
	before = selects(rig) - before;
	assert_all_arrived(rig);
	assert_clean(rig);
	again(state);
	return before;
}

static void a_chip_that_is_fit_for_it_is_used_with_fewer_selects(void **state)
{
	static const struct {
		uint32_t from_wire, from_tap, saved;
	} traffic[] = { { 1000, 0, 500 }, { 0, 1000, 1000 } };

	for (size_t i = 0; i < ARRAY_SIZE(traffic); i++) {
		uint64_t plain = selects_of(state, false, traffic[i].from_wire,
					    traffic[i].from_tap);
		uint64_t chained = selects_of(state, true, traffic[i].from_wire,
					      traffic[i].from_tap);

		print_message("# selects: plain %llu, chained %llu\n",
			      (unsigned long long)plain, (unsigned long long)chained);
		assert_true(chained + traffic[i].saved <= plain);
	}
}

/* Short frames to the wire; returns what they took of chip selects. */
static uint64_t send_short(struct pump_rig *rig, uint32_t n)
{
	uint64_t before = selects(rig);

	rig->board.sent.any_length = true;
	for (uint32_t i = 0; i < n; i++) {
		uint8_t frame[W5500_SIM_FRAME_MAX];
		size_t len = W5500_SIM_FRAME_MIN + scramble(i) % 40;

		frame_make(frame, rig->tap_next, len, false);
		rig->tap_next = ++rig->tap_end;
		pump_rig_write_tap(rig, frame, len);
		if (i % 20 == 19)
			pump_rig_for(rig, 3 * MS);
	}
	pump_rig_for(rig, 3 * MS);
	assert_all_arrived(rig);
	assert_int_equal(pump_rig_steps(rig), 0);
	assert_clean(rig);
	return selects(rig) - before;
}

/* One message each, and one release of the chip select for two. */
static void short_frames_leave_in_pairs(void **state)
{
	struct pump_rig *rig = *state;

	pump_rig_up(rig);
	assert_true(send_short(rig, 1000) < 1700);
}

/* At 10 Mbit/s, or if the chip takes its time, waiting is dearer than a chip select. */
static void short_frames_are_not_waited_for_in_vain(void **state)
{
	struct pump_rig *rig = *state;
	uint64_t prompt, late, slow;

	pump_rig_up(rig);
	prompt = send_short(rig, 1000);
	w5500_sim_options(rig->board.chip)->send_delay_ns = 30 * US;
	late = send_short(rig, 1000);
	again(state);
	rig = *state;
	w5500_sim_set_partner(rig->board.chip, 10, true);
	pump_rig_up(rig);
	slow = send_short(rig, 1000);
	print_message("# selects: %llu, late %llu, 10 Mbit/s %llu\n",
		      (unsigned long long)prompt, (unsigned long long)late,
		      (unsigned long long)slow);
	assert_true(late >= 3000 && slow >= 3000); /* as the others */
	assert_true(late < 5000);
}

/* After a thousand frames, then more and more seldom. */
static void the_wait_is_tried_again(void **state)
{
	struct pump_rig *rig = *state;
	uint64_t prompt, late[3];

	pump_rig_up(rig);
	prompt = send_short(rig, 500);
	w5500_sim_options(rig->board.chip)->send_delay_ns = 30 * US;
	for (size_t i = 0; i < ARRAY_SIZE(late); i++)
		late[i] = send_short(rig, 2500);
	/* Those that are in vain change nothing that could be noticed. */
	for (size_t i = 1; i < ARRAY_SIZE(late); i++)
		assert_in_range(late[i], late[0] - late[0] / 100,
				late[0] + late[0] / 100);
	w5500_sim_options(rig->board.chip)->send_delay_ns = 0;
	(void)send_short(rig, 8000);
	assert_in_range(send_short(rig, 500), prompt - prompt / 100,
			prompt + prompt / 100);
}

static void a_chip_that_is_not_is_used_plainly_and_told(void **state)
{
	static const struct {
		const char *name;
		uint64_t value;
	} kinds[] = {
		{ "fdm_ends_frame", 1 },
		{ "fdm_overruns", 1 },
		{ "fdm_spills", 1 },
		{ "accept", W5500_SIM_ACCEPT_AT_DESELECT },
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct pump_rig *rig = *state;

		assert_int_equal(
			w5500_sim_set(rig->board.chip, kinds[i].name, kinds[i].value), 0);
		pump_rig_up(rig);
		assert_hint(rig, "ethernet.bus_plan");
		/* Tried three times; all that was written is gone. */
		assert_int_equal(w5500_sim_stats(rig->board.chip)->soft_resets, 4);
		assert_clean(rig);
		carry(rig, 500);
		assert_hint(rig, "ethernet.bus_plan");
		assert_int_equal(pump_rig_counters(rig).chip_lost, 0);
		/* The wires are good. */
		assert_int_equal(pump_rig_counters(rig).bus_garbled, 0);
		again(state);
	}
}

/* The test belongs to identification: another chip may be there then. */
static void each_identification_tries_it_anew(void **state)
{
	struct pump_rig *rig = *state;

	assert_int_equal(w5500_sim_set(rig->board.chip, "fdm_ends_frame", 1), 0);
	pump_rig_up(rig);
	assert_hint(rig, "ethernet.bus_plan");
	assert_int_equal(w5500_sim_set(rig->board.chip, "fdm_ends_frame", 0), 0);
	sim_spi_unbind(rig->board.spi);
	pump_rig_for(rig, SEC);
	(void)pump_rig_wait(rig, is_up, SEC);
	assert_hint(rig, "");
	assert_works(rig);

	/* A reset that is none does not. */
	assert_int_equal(w5500_sim_set(rig->board.chip, "fdm_ends_frame", 0), 0);
	w5500_sim_self_reset(rig->board.chip);
	pump_rig_for(rig, SEC);
	assert_int_equal(pump_rig_counters(rig).recover_soft_reset, 1);
	assert_hint(rig, "");
	assert_works(rig);
	assert_clean(rig);
}

/* One that is written in the test and not kept; others see fdm_overruns, fdm_spills. */
static void a_write_that_is_lost_is_noticed(void **state)
{
	/* Either byte of TX_WR and RX_RD. */
	static const uint32_t offsets[] = { 0x24, 0x25, 0x28, 0x29 };

	for (size_t i = 0; i < ARRAY_SIZE(offsets); i++) {
		struct pump_rig *rig = *state;
		struct w5500_sim_faults *f = w5500_sim_faults(rig->board.chip);

		f->lose_writes = TEST_TRIES;
		f->lose_writes_block = W5500_SIM_SOCKET_REGS;
		f->lose_writes_offset = offsets[i];
		pump_rig_up(rig);
		assert_int_equal(f->lose_writes, 0);
		assert_hint(rig, "ethernet.bus_plan");
		assert_works(rig);
		again(state);
	}
}

static void a_test_that_fails_once_is_made_again(void **state)
{
	for (uint32_t lost = 1; lost < TEST_TRIES; lost++) {
		struct pump_rig *rig = *state;
		struct w5500_sim_faults *f = w5500_sim_faults(rig->board.chip);

		f->lose_writes = lost;
		f->lose_writes_block = W5500_SIM_SOCKET_REGS;
		f->lose_writes_offset = 0x28;
		pump_rig_up(rig);
		assert_int_equal(f->lose_writes, 0);
		assert_hint(rig, "");
		assert_int_equal(w5500_sim_stats(rig->board.chip)->soft_resets, 2 + lost);
		carry(rig, 100);
		again(state);
	}
}

/* The test cannot see it: on a closed socket no command has an effect. */
static void a_chip_that_drops_chained_commands_is_found_out_when_it_runs(void **state)
{
	static const struct {
		uint32_t from_wire, from_tap;
	} traffic[] = { { 100, 0 }, { 0, 30 }, { 100, 30 } };

	for (size_t i = 0; i < ARRAY_SIZE(traffic); i++) {
		struct pump_rig *rig = *state;

		assert_int_equal(w5500_sim_set(rig->board.chip, "fdm_drops_commands", 1),
				 0);
		pump_rig_up(rig);
		assert_hint(rig, "");
		pump_rig_traffic(rig, traffic[i].from_wire, traffic[i].from_tap);
		pump_rig_for(rig, SEC);
		assert_hint(rig, "ethernet.bus_plan");
		assert_int_equal(pump_rig_counters(rig).recover_soft_reset, 1);
		assert_int_equal(pump_rig_counters(rig).recover_hard_reset, 0);
		assert_works(rig);

		/* The test would be passed again: it is not believed any more. */
		sim_spi_unbind(rig->board.spi);
		pump_rig_for(rig, SEC);
		(void)pump_rig_wait(rig, is_up, SEC);
		assert_hint(rig, "ethernet.bus_plan");
		assert_works(rig);
		assert_clean(rig);
		again(state);
	}
}

/* That the plan is not used is no fault: what has to be mended comes first. */
static void a_fault_of_the_interrupt_line_is_told_before_it(void **state)
{
	struct pump_rig *rig = *state;

	assert_int_equal(w5500_sim_set(rig->board.chip, "fdm_ends_frame", 1), 0);
	assert_int_equal(sim_gpio_set(rig->gpio, "int_unwired", 1), 0);
	pump_rig_up(rig);
	for (int i = 0; i < 100 && !is_polling(rig); i++) {
		pump_rig_traffic(rig, 1, 0);
		pump_rig_for(rig, 300 * MS);
	}
	assert_int_equal(pump_rig_status(rig).hint_id, CAUSE_INT_NOT_WIRED);
	again(state);

	rig = *state;
	assert_int_equal(w5500_sim_set(rig->board.chip, "fdm_ends_frame", 1), 0);
	assert_int_equal(sim_gpio_set(rig->gpio, "int_open_errno", EBUSY), 0);
	pump_rig_up(rig);
	assert_hint(rig, RIG_INT);
}

static void a_bus_that_is_too_small_for_it_is_used_plainly(void **state)
{
	struct pump_rig *rig = *state;

	sim_spi_options(rig->board.spi)->bufsiz = 512;
	pump_rig_up(rig);
	assert_hint(rig, "spidev.bufsiz");
	assert_int_equal(pump_rig_status(rig).hint_id, CAUSE_BUS_PLAN_REFUSED);
	carry(rig, 100);
}

/* A message that fails, before it does anything or cut anywhere, costs no frame. */
static void a_bus_error_at_any_message_costs_nothing(void **state)
{
	for (uint32_t i = 0; i < times(400); i++) {
		struct pump_rig *rig = *state;
		struct sim_spi_faults *f = sim_spi_faults(rig->board.spi);

		if (i % 100 == 0) {
			again(state);
			rig = *state;
			f = sim_spi_faults(rig->board.spi);
			pump_rig_up(rig);
		}
		f->fail_before = i & 1;
		f->fail_after = scramble(i) % 12;
		f->fail_next = 1;
		pump_rig_traffic(rig, 12, 12);
		(void)pump_rig_wait(rig, all_arrived, SEC);
		pump_rig_for(rig, 5 * MS);
		assert_all_arrived(rig);
		assert_int_equal(pump_rig_steps(rig), 0);
		assert_clean(rig);
	}
}

static void a_bus_error_in_the_test_delays_it(void **state)
{
	for (uint32_t after = 0;; after++) {
		struct pump_rig *rig = *state;

		sim_spi_faults(rig->board.spi)->fail_after = after;
		sim_spi_faults(rig->board.spi)->fail_next = 1;
		(void)pump_rig_wait(rig, is_up, SEC);
		assert_hint(rig, "");
		if (pump_rig_counters(rig).bus_errors == 0) {
			assert_true(after > 30); /* so many messages it took */
			return;
		}
		assert_int_equal(pump_rig_steps(rig), 0);
		assert_works(rig);
		assert_clean(rig);
		again(state);
	}
}

static void registers_lost_at_any_moment_are_survived(void **state)
{
	struct pump_rig *rig = *state;

	pump_rig_up(rig);
	for (uint32_t i = 0; i < times(50); i++) {
		pump_rig_traffic(rig, 40, 40);
		pump_rig_for(rig, MS + scramble(i) % (5 * MS));
		w5500_sim_self_reset(rig->board.chip);
		pump_rig_for(rig, 600 * MS);
		(void)pump_rig_wait(rig, is_up, SEC);
		pump_rig_for(rig, 20 * MS);
		assert_works(rig);
		pump_rig_for(rig, SEC + SEC / 2);
	}
	assert_int_equal(pump_rig_counters(rig).recover_hard_reset, 0);
	assert_clean(rig);
}

static void frames_arrive_whatever_the_chip_is_like(void **state)
{
	for (size_t i = 0; i < CHIP_SWITCHES; i++) {
		for (uint32_t which = 1;
		     which < chip_switches[i].n && !chip_switches[i].unfit; which++) {
			struct pump_rig *rig = *state;

			chip_switch_set(rig->board.chip, &chip_switches[i], which);
			pump_rig_up(rig);
			assert_hint(rig, "");
			carry(rig, times(1000));
			again(state);
		}
	}
}

static void frames_arrive_whatever_the_bus_is_like(void **state)
{
	static const struct {
		uint32_t bufsiz, alignment, max_transfer;
	} machines[] = {
		{ 1024, 128, 0 },  { 2048, 1, 0 },    { 4096, 128, 64 },
		{ 16384, 1, 100 }, { 16384, 64, 96 }, { 65536, 128, 4096 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(machines); i++) {
		struct pump_rig *rig = *state;

		sim_spi_options(rig->board.spi)->bufsiz = machines[i].bufsiz;
		sim_spi_options(rig->board.spi)->alignment = machines[i].alignment;
		sim_spi_options(rig->board.spi)->max_transfer = machines[i].max_transfer;
		rig->settings.spi_max_transfer = machines[i].max_transfer;
		rig->wire_outstanding = 6;
		pump_rig_up(rig);
		carry(rig, times(1000));
		again(state);
	}
}

/* Any chip, fit or not, with any of its switches, and traffic of any kind. */
static void a_seeded_torture_over_all_kinds_of_chips(void **state)
{
	uint32_t rounds = times(60), seed = 1;
	unsigned int chained = 0;

	for (uint32_t round = 0; round < rounds; round++) {
		struct pump_rig *rig = *state;

		/* A chip that is fit in two of three rounds. */
		for (size_t i = 0; i < CHIP_SWITCHES; i++)
			if (round % 3 == 0 || !chip_switches[i].unfit)
				chip_switch_set(rig->board.chip, &chip_switches[i],
						scramble(seed++) % chip_switches[i].n);
		if (round % 3)
			w5500_sim_options(rig->board.chip)->accept =
				W5500_SIM_ACCEPT_AT_FRAME_END;
		sim_spi_options(rig->board.spi)->bufsiz = 2048u << scramble(seed++) % 6;
		sim_spi_options(rig->board.spi)->alignment =
			scramble(seed++) % 2 ? 128 : 1;
		rig->wire_outstanding = 1 + scramble(seed++) % 8;
		rig->tap_outstanding = 1 + scramble(seed++) % 32;
		pump_rig_up(rig);
		chained += pump_rig_status(rig).hint_id != CAUSE_BUS_PLAN_REFUSED;
		carry(rig, 100 + scramble(seed++) % 200);
		(void)send_short(rig, 100);
		again(state);
	}
	print_message("# chained in %u of %u rounds\n", chained, rounds);
	assert_true(3 * chained >= 2 * rounds && chained < rounds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, pump_rig_teardown)
		TEST(a_chip_that_is_fit_for_it_is_used_with_fewer_selects),
		TEST(short_frames_leave_in_pairs),
		TEST(short_frames_are_not_waited_for_in_vain),
		TEST(the_wait_is_tried_again),
		TEST(a_chip_that_is_not_is_used_plainly_and_told),
		TEST(each_identification_tries_it_anew),
		TEST(a_write_that_is_lost_is_noticed),
		TEST(a_test_that_fails_once_is_made_again),
		TEST(a_chip_that_drops_chained_commands_is_found_out_when_it_runs),
		TEST(a_fault_of_the_interrupt_line_is_told_before_it),
		TEST(a_bus_that_is_too_small_for_it_is_used_plainly),
		TEST(a_bus_error_at_any_message_costs_nothing),
		TEST(a_bus_error_in_the_test_delays_it),
		TEST(registers_lost_at_any_moment_are_survived),
		TEST(frames_arrive_whatever_the_chip_is_like),
		TEST(frames_arrive_whatever_the_bus_is_like),
		TEST(a_seeded_torture_over_all_kinds_of_chips),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
