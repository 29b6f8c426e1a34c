// SPDX-License-Identifier: MIT
/* test_w5500_sim.c — the simulated chip as a whole: frames both ways, names, accounts */
#include "sim/w5500_sim.h"

#include <errno.h>
#include <string.h>

#include "unit.h"
#include "w5500_rig.h"

static void carries_frames_both_ways(void **state)
{
	struct rig *rig = *state;
	size_t len = 60;

	rig_bring_up(rig, 0x84);
	/* Often enough that all pointers wrap at 65536. */
	for (unsigned int i = 0; i < 200; i++) {
		rig_arrive(rig, len, i);
		assert_true(rig_take(rig, len, i));
		rig_send(rig, len, i);
		rig_wait(rig, MS);
		assert_true(rig_was_sent(rig, len, i));
		len = 60 + (len * 7 + i) % 1455;
	}
	assert_int_equal(rig->n_sent, 200);
	assert_int_equal(rig_violations(rig), 0);
	assert_int_equal(w5500_sim_stats(rig->chip)->rx_frames, 200);
	assert_int_equal(w5500_sim_stats(rig->chip)->tx_frames, 200);
}

static void counts_what_a_performance_test_asks_for(void **state)
{
	struct rig *rig = *state;
	const struct w5500_sim_stats *stats = w5500_sim_stats(rig->chip);
	uint8_t window[15];

	rig_write8(rig, COMMON, 0x19, 0x07);
	assert_int_equal(stats->chip_selects, 1);
	assert_int_equal(stats->bytes, 4);
	(void)rig_read8(rig, S0_REGS, 0x01);
	assert_int_equal(stats->cr_polls, 1);
	assert_int_equal(stats->rsr_polls, 0);
	rig_read(rig, S0_REGS, 0x20, window, 12);
	assert_int_equal(stats->rsr_polls, 1);
	assert_int_equal(stats->chip_selects, 3);
	assert_int_equal(stats->bytes, 4 + 4 + 15);
	/* The same offset in another block is no poll. */
	(void)rig_read8(rig, S0_TX, 0x26);
	assert_int_equal(stats->rsr_polls, 1);
}

struct search {
	const char *name;
	uint64_t value;
	unsigned int found, all;
};

static void look(void *ctx, const char *name, uint64_t value)
{
	struct search *s = ctx;

	s->all++;
	if (strcmp(s->name, name) != 0)
		return;
	s->value = value;
	s->found++;
}

static void settings_have_names(void **state)
{
	struct rig *rig = *state;
	struct search s = { .name = "reset_busy_ns" };

	assert_int_equal(w5500_sim_set(rig->chip, "reset_busy_ns", UINT64_MAX), 0);
	assert_int_equal(w5500_sim_options(rig->chip)->reset_busy_ns, UINT64_MAX);
	w5500_sim_each_setting(rig->chip, look, &s);
	assert_int_equal(s.found, 1);
	assert_int_equal(s.value, UINT64_MAX);

	assert_int_equal(w5500_sim_set(rig->chip, "send_stuck", UINT32_MAX), 0);
	assert_int_equal(w5500_sim_faults(rig->chip)->send_stuck, UINT32_MAX);
	assert_int_equal(w5500_sim_set(rig->chip, "send_stuck", UINT64_C(1) << 32),
			 -ERANGE);
	assert_int_equal(w5500_sim_set(rig->chip, "hiz_low", 1), 0);
	assert_true(w5500_sim_options(rig->chip)->hiz_low);
	assert_int_equal(w5500_sim_set(rig->chip, "hiz_low", 2), -ERANGE);
	assert_int_equal(w5500_sim_set(rig->chip, "no_such_thing", 0), -ENOENT);

	s = (struct search){ .name = "chip_selects" };
	(void)rig_read8(rig, COMMON, 0x39);
	w5500_sim_each_counter(rig->chip, look, &s);
	assert_int_equal(s.found, 1);
	assert_int_equal(s.value, 1);
}

static void every_setting_can_be_set_by_its_name(void *ctx, const char *name,
						 uint64_t value)
{
	assert_int_equal(w5500_sim_set(ctx, name, value), 0);
}

static void names_are_complete(void **state)
{
	struct rig *rig = *state;
	struct search s = { .name = "" };

	w5500_sim_each_setting(rig->chip, every_setting_can_be_set_by_its_name,
			       rig->chip);
	w5500_sim_each_counter(rig->chip, look, &s);
	assert_int_equal(s.all, sizeof(struct w5500_sim_stats) / sizeof(uint64_t));
}

static void violations_are_kept_and_counted(void **state)
{
	struct rig *rig = *state;

	assert_null(w5500_sim_violation(rig->chip, 0));
	for (unsigned int i = 0; i < W5500_SIM_VIOLATIONS_KEPT + 5; i++)
		w5500_sim_violate(rig->chip, "number %u", i);
	assert_int_equal(rig_violations(rig), W5500_SIM_VIOLATIONS_KEPT + 5);
	assert_string_equal(w5500_sim_violation(rig->chip, 63), "number 63");
	assert_null(w5500_sim_violation(rig->chip, 64));
	w5500_sim_clear_violations(rig->chip);
	assert_int_equal(rig_violations(rig), 0);
	assert_null(w5500_sim_violation(rig->chip, 0));
}

static void an_injected_fault_excuses_for_a_second(void **state)
{
	struct rig *rig = *state;

	w5500_sim_excuse(rig->chip);
	rig_wait(rig, NSEC_PER_SEC - 1);
	w5500_sim_violate(rig->chip, "too early to blame anybody");
	assert_int_equal(rig_violations(rig), 0);
	assert_int_equal(w5500_sim_stats(rig->chip)->excused, 1);
	rig_wait(rig, 1);
	w5500_sim_violate(rig->chip, "blamed");
	rig_assert_violation(rig, "blamed");
}

static void knows_its_memory(void **state)
{
	struct rig *rig = *state;
	size_t before = w5500_sim_allocated(rig->chip);
	uint8_t frame[100] = { 0 };

	assert_true(before > 32768);
	assert_int_equal(w5500_sim_deliver(rig->chip, frame, 100, 0),
			 0); /* goes to the wire */
	assert_int_equal(w5500_sim_deliver(rig->chip, frame, 100, 0), 0); /* waits */
	assert_int_equal(w5500_sim_pending(rig->chip), 2);
	assert_in_range(w5500_sim_allocated(rig->chip), before + 100, before + 200);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(carries_frames_both_ways),
		TEST(counts_what_a_performance_test_asks_for),
		TEST(settings_have_names),
		TEST(names_are_complete),
		TEST(violations_are_kept_and_counted),
		TEST(an_injected_fault_excuses_for_a_second),
		TEST(knows_its_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
