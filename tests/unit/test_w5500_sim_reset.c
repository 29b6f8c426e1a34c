// SPDX-License-Identifier: MIT
/* test_w5500_sim_reset.c — the simulated chip's reset values and resets: rules 7 and 8 */
#include "unit.h"
#include "w5500_rig.h"

/* ---- rule 7 ---- */

static void assert_reset_values(struct rig *rig)
{
	static const uint8_t common[0x2e] = {
		[0x19] = 0x07, [0x1a] = 0xd0, [0x1b] = 0x08,
		[0x1c] = 0x28, [0x26] = 0xff, [0x27] = 0xff
	};
	static const uint8_t socket[0x30] = {
		[0x06] = 0xff, [0x07] = 0xff, [0x08] = 0xff, [0x09] = 0xff,
		[0x0a] = 0xff, [0x0b] = 0xff, [0x16] = 0x80, [0x1e] = 0x02,
		[0x1f] = 0x02, [0x20] = 0x08, [0x2c] = 0xff, [0x2d] = 0x40,
	};
	uint8_t regs[0x30];

	rig_read(rig, COMMON, 0x00, regs, 0x2e);
	assert_memory_equal(regs, common, 0x2e);
	assert_int_equal(rig_read8(rig, COMMON, 0x2e) & 0xf8, 0xb8);
	assert_int_equal(rig_read8(rig, COMMON, 0x39), 0x04);
	for (unsigned int n = 0; n < 8; n++) {
		rig_read(rig, SN(n), 0x00, regs, 0x30);
		assert_memory_equal(regs, socket, 0x30);
	}
}

/* Changes every register that can be changed, some by traffic. */
static void scramble(struct rig *rig)
{
	static const uint8_t some[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 };

	rig_bring_up(rig, 0x84);
	rig_arrive(rig, 60, 1);
	rig_send(rig, 60, 1);
	rig_write(rig, COMMON, 0x01, some, 8);
	rig_write(rig, COMMON, 0x13, some, 2);
	rig_write(rig, COMMON, 0x19, some, 10);
	rig_write(rig, COMMON, 0x23, some, 5);
	rig_write8(rig, COMMON, 0x2e, 0xd8);
	for (unsigned int n = 0; n < 8; n++) {
		rig_write(rig, SN(n), 0x04, some, 10);
		rig_write(rig, SN(n), 0x0e, some, 6);
		rig_write(rig, SN(n), 0x15, some, 2);
		rig_write(rig, SN(n), 0x2c, some, 4);
	}
}

static void power_on_gives_the_reset_values(void **state)
{
	assert_reset_values(*state);
}

static void rstn_gives_the_reset_values_and_drops_the_link(void **state)
{
	struct rig *rig = *state;

	w5500_sim_options(rig->chip)->link_delay_ns = 10 * MS;
	scramble(rig);
	w5500_sim_set_rstn(rig->chip, false);
	assert_false(w5500_sim_link(rig->chip));
	rig_wait(rig, 500 * US);
	w5500_sim_set_rstn(rig->chip, true);
	rig_wait(rig, MS);
	assert_reset_values(rig);
	assert_false(w5500_sim_link(rig->chip));
	rig_wait(rig, 9 * MS);
	assert_true(w5500_sim_link(rig->chip));
	assert_int_equal(rig_violations(rig), 0);
	assert_int_equal(w5500_sim_stats(rig->chip)->hard_resets, 1);
}

static void soft_reset(struct rig *rig)
{
	rig_write8(rig, COMMON, 0x00, 0x80);
	(void)rig_read8(rig, COMMON, 0x00);
	assert_int_equal(rig_read8(rig, COMMON, 0x00), 0x00);
}

static void soft_reset_gives_the_reset_values(void **state)
{
	struct rig *rig = *state;

	scramble(rig);
	soft_reset(rig);
	assert_reset_values(rig);
	assert_true(w5500_sim_link(rig->chip));
	assert_int_equal(rig_violations(rig), 0);
	assert_int_equal(w5500_sim_stats(rig->chip)->soft_resets, 1);
}

static void soft_reset_can_drop_the_link(void **state)
{
	struct rig *rig = *state;

	w5500_sim_options(rig->chip)->soft_reset_drops_link = true;
	w5500_sim_options(rig->chip)->link_delay_ns = 10 * MS;
	soft_reset(rig);
	assert_false(w5500_sim_link(rig->chip));
	rig_wait(rig, 10 * MS);
	assert_true(w5500_sim_link(rig->chip));
}

static void self_reset_looks_like_power_on(void **state)
{
	struct rig *rig = *state;

	scramble(rig);
	w5500_sim_self_reset(rig->chip);
	assert_reset_values(rig);
	/* The host did not know: not its fault. */
	rig_write8(rig, S0_REGS, 0x01, CR_SEND);
	assert_int_equal(rig_violations(rig), 0);
	assert_int_equal(w5500_sim_stats(rig->chip)->excused, 1);
}

static void rstn_needs_500_us_and_the_pll_1_ms(void **state)
{
	struct rig *rig = *state;

	w5500_sim_set_rstn(rig->chip, false);
	assert_int_equal(rig_read8(rig, COMMON, 0x39), 0);
	rig_assert_violation(rig, "while RSTn is low");
	rig_wait(rig, 499 * US);
	w5500_sim_set_rstn(rig->chip, true);
	rig_assert_violation(rig, "RSTn low for 499 us");
	rig_wait(rig, MS - 1);
	assert_int_equal(rig_read8(rig, COMMON, 0x39), 0);
	rig_assert_violation(rig, "PLL");
	rig_wait(rig, 1);
	assert_int_equal(rig_read8(rig, COMMON, 0x39), 4);
	assert_int_equal(rig_violations(rig), 0);
}

static void reset_ends_a_frame_on_the_bus(void **state)
{
	struct rig *rig = *state;

	w5500_sim_select(rig->chip);
	(void)w5500_sim_clock_byte(rig->chip, 0x00);
	w5500_sim_set_rstn(rig->chip, false);
	rig_wait(rig, MS);
	w5500_sim_set_rstn(rig->chip, true);
	rig_wait(rig, 2 * MS);
	assert_int_equal(w5500_sim_clock_byte(rig->chip, 0x39), 0);
	w5500_sim_deselect(rig->chip);
	assert_int_equal(rig_read8(rig, COMMON, 0x39), 4);
}

/* ---- rule 8 ---- */

static void mr_rst_reads_1_for_one_select(void **state)
{
	struct rig *rig = *state;

	rig_write8(rig, COMMON, 0x00, 0x80);
	assert_int_equal(rig_read8(rig, COMMON, 0x00), 0x80);
	assert_int_equal(rig_read8(rig, COMMON, 0x00), 0x00);
}

static void mr_rst_can_read_1_for_many_selects_or_long(void **state)
{
	struct rig *rig = *state;

	w5500_sim_options(rig->chip)->reset_busy_selects = 5;
	rig_write8(rig, COMMON, 0x00, 0x80);
	for (int i = 0; i < 5; i++)
		assert_int_equal(rig_read8(rig, COMMON, 0x00), 0x80);
	assert_int_equal(rig_read8(rig, COMMON, 0x00), 0x00);

	w5500_sim_options(rig->chip)->reset_busy_ns = 5 * MS;
	rig_write8(rig, COMMON, 0x00, 0x80);
	for (int i = 0; i < 6; i++)
		assert_int_equal(rig_read8(rig, COMMON, 0x00), 0x80);
	rig_wait(rig, 5 * MS - 1);
	assert_int_equal(rig_read8(rig, COMMON, 0x00), 0x80);
	rig_wait(rig, 1);
	assert_int_equal(rig_read8(rig, COMMON, 0x00), 0x00);
}

static void during_reset_reads_are_0_and_writes_are_lost(void **state)
{
	struct rig *rig = *state;

	w5500_sim_options(rig->chip)->reset_busy_selects = 3;
	rig_write8(rig, COMMON, 0x00, 0x80);
	assert_int_equal(rig_read8(rig, COMMON, 0x39), 0);
	assert_int_equal(rig_read16(rig, COMMON, 0x19), 0);
	rig_write16(rig, COMMON, 0x19, 0x1234);
	assert_int_equal(rig_violations(rig), 2); /* each byte */
	assert_int_equal(rig_read16(rig, COMMON, 0x19), 0x07d0);
}

static void versionr_can_read_0_after_a_reset(void **state)
{
	struct rig *rig = *state;

	w5500_sim_options(rig->chip)->versionr_zero_reads = 2;
	soft_reset(rig);
	assert_int_equal(rig_read8(rig, COMMON, 0x39), 0);
	assert_int_equal(rig_read8(rig, COMMON, 0x39), 0);
	assert_int_equal(rig_read8(rig, COMMON, 0x39), 4);
	w5500_sim_options(rig->chip)->versionr_zero_reads = 0;
	soft_reset(rig);
	assert_int_equal(rig_read8(rig, COMMON, 0x39), 4);
}

/* ---- mistakes ---- */

static bool skip_setup_after_reset(struct rig *rig, bool wrong)
{
	rig_bring_up(rig, 0x84);
	soft_reset(rig);
	if (!wrong)
		rig_bring_up(rig, 0x84);
	rig_send(rig, 60, 1);
	rig_wait(rig, MS);
	return rig_was_sent(rig, 60, 1);
}

static bool pulse_rstn_too_short(struct rig *rig, bool wrong)
{
	w5500_sim_set_rstn(rig->chip, false);
	rig_wait(rig, wrong ? 10 * US : MS);
	w5500_sim_set_rstn(rig->chip, true);
	rig_wait(rig, 2 * MS);
	return rig_read8(rig, COMMON, 0x39) == 4;
}

static bool speak_before_the_pll_locks(struct rig *rig, bool wrong)
{
	w5500_sim_set_rstn(rig->chip, false);
	rig_wait(rig, MS);
	w5500_sim_set_rstn(rig->chip, true);
	rig_wait(rig, wrong ? 100 * US : 2 * MS);
	(void)rig_read8(rig, COMMON, 0x39);
	return true;
}

static bool write_right_after_soft_reset(struct rig *rig, bool wrong)
{
	rig_write8(rig, COMMON, 0x00, 0x80);
	while (!wrong && rig_read8(rig, COMMON, 0x00) != 0)
		rig_wait(rig, US);
	rig_write8(rig, COMMON, 0x1b, 0x03);
	(void)rig_read8(rig, COMMON, 0x1b);
	return rig_read8(rig, COMMON, 0x1b) == 0x03;
}

static bool read_version_once_after_reset(struct rig *rig, bool wrong)
{
	w5500_sim_options(rig->chip)->versionr_zero_reads = 1;
	soft_reset(rig);
	if (!wrong)
		(void)rig_read8(rig, COMMON, 0x39);
	return rig_read8(rig, COMMON, 0x39) == 4;
}

static bool go_on_after_mr_rst_in_one_burst(struct rig *rig, bool wrong)
{
	static const uint8_t mr_and_gar[] = { 0x80, 1, 2, 3, 4 };

	rig_write(rig, COMMON, 0x00, mr_and_gar, wrong ? 5 : 1);
	return true;
}

static void catches_these_mistakes(void **state)
{
	static const struct mutation mutations[] = {
		{ 7, "does not set the chip up again after a reset",
		  skip_setup_after_reset },
		{ 7, "pulses RSTn for 10 us", pulse_rstn_too_short },
		{ 7, "speaks 100 us after RSTn rose", speak_before_the_pll_locks },
		{ 8, "writes without waiting for MR.RST = 0",
		  write_right_after_soft_reset },
		{ 8, "reads VERSIONR only once after a reset",
		  read_version_once_after_reset },
		{ 8, "goes on after MR.RST in one burst",
		  go_on_after_mr_rst_in_one_burst },
	};

	(void)state;
	rig_catch(mutations, ARRAY_SIZE(mutations));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(power_on_gives_the_reset_values),
		TEST(rstn_gives_the_reset_values_and_drops_the_link),
		TEST(soft_reset_gives_the_reset_values),
		TEST(soft_reset_can_drop_the_link),
		TEST(self_reset_looks_like_power_on),
		TEST(rstn_needs_500_us_and_the_pll_1_ms),
		TEST(reset_ends_a_frame_on_the_bus),
		TEST(mr_rst_reads_1_for_one_select),
		TEST(mr_rst_can_read_1_for_many_selects_or_long),
		TEST(during_reset_reads_are_0_and_writes_are_lost),
		TEST(versionr_can_read_0_after_a_reset),
		cmocka_unit_test(catches_these_mistakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
