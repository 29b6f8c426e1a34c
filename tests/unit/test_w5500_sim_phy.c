// SPDX-License-Identifier: MIT
/* test_w5500_sim_phy.c — the simulated chip's PHY, cable and link: rule 22 */
#include "unit.h"
#include "w5500_rig.h"

#define PHYCFGR 0x2e
#define LNK	0x01
#define SPD	0x02
#define DPX	0x04

static uint8_t phycfgr(struct rig *rig)
{
	return rig_read8(rig, COMMON, PHYCFGR);
}

/* The way of the description: RST = 0 with the mode, then RST = 1. */
static void set_mode(struct rig *rig, unsigned int opmdc)
{
	rig_write8(rig, COMMON, PHYCFGR, (uint8_t)(0x40 | opmdc << 3));
	rig_write8(rig, COMMON, PHYCFGR, (uint8_t)(0xc0 | opmdc << 3));
}

static void the_link_comes_up_after_a_delay(void **state)
{
	struct w5500_sim_options options = w5500_sim_default_options();
	_cleanup_(w5500_sim_freep) struct w5500_sim *chip = NULL;
	struct rig *rig = *state;

	assert_int_equal(w5500_sim_new(&chip, rig->time, &options), 0);
	assert_true(w5500_sim_cable(chip));
	assert_false(w5500_sim_link(chip));
	assert_int_equal(w5500_sim_link_mbit(chip), 0);
	rig_wait(rig, 1500 * MS - 1);
	assert_false(w5500_sim_link(chip));
	rig_wait(rig, 1);
	assert_true(w5500_sim_link(chip));
	assert_int_equal(w5500_sim_link_mbit(chip), 100);
}

static void the_link_is_shown_with_speed_and_duplex(void **state)
{
	static const struct {
		unsigned int mbit;
		bool full;
		uint8_t status;
	} cases[] = {
		{ 100, true, LNK | SPD | DPX },
		{ 100, false, LNK | SPD },
		{ 10, true, LNK | DPX },
		{ 10, false, LNK },
	};
	struct rig *rig = *state;

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		w5500_sim_set_partner(rig->chip, cases[i].mbit, cases[i].full);
		assert_int_equal(phycfgr(rig), 0xb8 | cases[i].status);
		assert_int_equal(w5500_sim_link_mbit(rig->chip), cases[i].mbit);
	}
}

static void the_cable_can_be_pulled_and_plugged(void **state)
{
	struct rig *rig = *state;

	w5500_sim_options(rig->chip)->link_delay_ns = 10 * MS;
	w5500_sim_set_cable(rig->chip, false);
	assert_int_equal(phycfgr(rig), 0xb8);
	w5500_sim_set_cable(rig->chip, false);
	w5500_sim_set_cable(rig->chip, true);
	rig_wait(rig, 10 * MS - 1);
	assert_int_equal(phycfgr(rig), 0xb8);
	w5500_sim_set_cable(rig->chip, true); /* does not start again */
	rig_wait(rig, 1);
	assert_int_equal(phycfgr(rig), 0xbf);
	/* Pulled again while it negotiates. */
	w5500_sim_set_cable(rig->chip, false);
	w5500_sim_set_cable(rig->chip, true);
	rig_wait(rig, 5 * MS);
	w5500_sim_set_cable(rig->chip, false);
	rig_wait(rig, NSEC_PER_SEC);
	assert_false(w5500_sim_link(rig->chip));
}

static void rst_holds_the_phy_and_its_rise_restarts_it(void **state)
{
	struct rig *rig = *state;

	w5500_sim_options(rig->chip)->link_delay_ns = 10 * MS;
	rig_write8(rig, COMMON, PHYCFGR, 0x38);
	assert_int_equal(phycfgr(rig), 0x38);
	rig_wait(rig, NSEC_PER_SEC); /* does not restore itself */
	assert_int_equal(phycfgr(rig), 0x38);
	w5500_sim_set_cable(rig->chip, false);
	w5500_sim_set_cable(rig->chip, true);
	rig_wait(rig, NSEC_PER_SEC);
	assert_false(w5500_sim_link(rig->chip));
	rig_write8(rig, COMMON, PHYCFGR, 0xb8);
	assert_int_equal(phycfgr(rig), 0xb8);
	rig_wait(rig, 10 * MS);
	assert_int_equal(phycfgr(rig), 0xbf);
	rig_write8(rig, COMMON, PHYCFGR, 0xb8); /* no edge, no restart */
	assert_int_equal(phycfgr(rig), 0xbf);
}

static void opmdc_decides_after_a_phy_reset(void **state)
{
	static const uint8_t status[] = {
		[0] = LNK,
		[1] = LNK | DPX,
		[2] = LNK | SPD,
		[3] = LNK | SPD | DPX,
		[4] = LNK | SPD,
		[6] = 0,
		[7] = LNK | SPD | DPX,
	};
	struct rig *rig = *state;

	for (unsigned int opmdc = 0; opmdc < 8; opmdc++) {
		if (opmdc == 5)
			continue;
		set_mode(rig, opmdc);
		assert_int_equal(phycfgr(rig), 0xc0 | opmdc << 3 | status[opmdc]);
	}
	assert_int_equal(rig_violations(rig), 0);
	set_mode(rig, 5);
	rig_assert_violation(rig, "OPMDC = 101");
	assert_false(w5500_sim_link(rig->chip));
}

static void opmdc_has_no_effect_before_it(void **state)
{
	struct rig *rig = *state;

	rig_write8(rig, COMMON, PHYCFGR, 0xc8); /* 10 full, without a reset */
	assert_int_equal(phycfgr(rig), 0xc8 | LNK | SPD | DPX);
	w5500_sim_set_cable(rig->chip, false);
	w5500_sim_set_cable(rig->chip, true); /* nor by the cable */
	assert_int_equal(phycfgr(rig), 0xc8 | LNK | SPD | DPX);
	set_mode(rig, 1);
	assert_int_equal(phycfgr(rig), 0xc8 | LNK | DPX);
}

static void opmdc_counts_only_with_opmd(void **state)
{
	struct rig *rig = *state;

	rig_write8(rig, COMMON, PHYCFGR, 0x00);
	rig_write8(rig, COMMON, PHYCFGR, 0x80); /* OPMD = 0: the pins say "all" */
	assert_int_equal(phycfgr(rig), 0x80 | LNK | SPD | DPX);
}

static void modes_that_do_not_match_give_no_link(void **state)
{
	struct rig *rig = *state;

	w5500_sim_set_partner(rig->chip, 10, true);
	set_mode(rig, 3);
	assert_false(w5500_sim_link(rig->chip));
	set_mode(rig, 4);
	assert_false(w5500_sim_link(rig->chip));
	set_mode(rig, 1);
	assert_true(w5500_sim_link(rig->chip));
}

static void power_down_ends_with_another_mode(void **state)
{
	struct rig *rig = *state;

	set_mode(rig, 6);
	rig_wait(rig, NSEC_PER_SEC);
	assert_int_equal(phycfgr(rig), 0xf0);
	set_mode(rig, 7);
	assert_int_equal(phycfgr(rig), 0xff);
}

/* ---- mistakes ---- */

static bool change_mode_without_reset(struct rig *rig, bool wrong)
{
	if (wrong)
		rig_write8(rig, COMMON, PHYCFGR, 0xc8);
	else
		set_mode(rig, 1);
	return !(phycfgr(rig) & SPD);
}

static bool leave_the_phy_in_reset(struct rig *rig, bool wrong)
{
	rig_write8(rig, COMMON, PHYCFGR, 0x78);
	if (!wrong)
		rig_write8(rig, COMMON, PHYCFGR, 0xf8);
	rig_wait(rig, NSEC_PER_SEC);
	return phycfgr(rig) & LNK;
}

static bool clear_phycfgr(struct rig *rig, bool wrong)
{
	rig_write8(rig, COMMON, PHYCFGR, wrong ? 0x00 : 0xb8);
	rig_wait(rig, NSEC_PER_SEC);
	return phycfgr(rig) & LNK;
}

static bool choose_the_unused_mode(struct rig *rig, bool wrong)
{
	set_mode(rig, wrong ? 5 : 7);
	return true;
}

static bool set_opmdc_without_opmd(struct rig *rig, bool wrong)
{
	uint8_t mode = wrong ? 0x08 : 0x48;

	rig_write8(rig, COMMON, PHYCFGR, mode);
	rig_write8(rig, COMMON, PHYCFGR, 0x80 | mode);
	return !(phycfgr(rig) & SPD);
}

static bool send_before_the_link_is_up(struct rig *rig, bool wrong)
{
	w5500_sim_options(rig->chip)->link_delay_ns = 1500 * MS;
	rig_bring_up(rig, 0x84);
	set_mode(rig, 7);
	while (!wrong && !(phycfgr(rig) & LNK))
		rig_wait(rig, 100 * MS);
	rig_send(rig, 60, 1);
	rig_wait(rig, 2 * NSEC_PER_SEC);
	return rig_was_sent(rig, 60, 1);
}

static bool go_on_sending_after_the_link_came_back(struct rig *rig, bool wrong)
{
	rig_bring_up(rig, 0x84);
	rig_send(rig, 1514, 1);
	w5500_sim_set_cable(rig->chip, false);
	w5500_sim_set_cable(rig->chip, true);
	if (!wrong)
		assert_true(rig_command(rig, CR_OPEN));
	rig_send(rig, 60, 2);
	rig_wait(rig, MS);
	return rig_was_sent(rig, 60, 2);
}

static void catches_these_mistakes(void **state)
{
	static const struct mutation mutations[] = {
		{ 22, "changes OPMDC without a PHY reset", change_mode_without_reset },
		{ 22, "expects PHYCFGR.RST to restore itself", leave_the_phy_in_reset },
		{ 22, "writes 0 to PHYCFGR", clear_phycfgr },
		{ 22, "chooses the unused OPMDC", choose_the_unused_mode },
		{ 22, "sets OPMDC without OPMD", set_opmdc_without_opmd },
		{ 22, "sends before the link is up", send_before_the_link_is_up },
		{ 22, "goes on sending after a SEND without link",
		  go_on_sending_after_the_link_came_back },
	};

	(void)state;
	rig_catch(mutations, ARRAY_SIZE(mutations));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_link_comes_up_after_a_delay),
		TEST(the_link_is_shown_with_speed_and_duplex),
		TEST(the_cable_can_be_pulled_and_plugged),
		TEST(rst_holds_the_phy_and_its_rise_restarts_it),
		TEST(opmdc_decides_after_a_phy_reset),
		TEST(opmdc_has_no_effect_before_it),
		TEST(opmdc_counts_only_with_opmd),
		TEST(modes_that_do_not_match_give_no_link),
		TEST(power_down_ends_with_another_mode),
		cmocka_unit_test(catches_these_mistakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
