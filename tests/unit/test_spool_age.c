// SPDX-License-Identifier: MIT
/* test_spool_age.c — how old messages are, whatever the clock does */
#include "spool_rig.h"
#include "temp_dir.h"
#include "unit.h"

static void a_message_too_old_is_dropped(void **state)
{
	(void)state;
	open_spool();
	put_range(1, 5);
	wall += 1800;
	now += 1800 * SECOND;
	turn(false);
	put_range(6, 10);
	wall += 1801;
	now += 1801 * SECOND;
	turn(false);
	assert_int_equal(status().dropped_age, 5);
	assert_int_equal(status().messages, 5);
	deliver(6, 10);
}

static void age_goes_on_over_a_restart(void **state)
{
	(void)state;
	open_spool();
	put_range(1, 5);
	turn(false);
	spool_park(spool);
	spool = spool_free(spool);
	wall += 3601;
	open_spool();
	turn(true);
	expect_none();
	assert_int_equal(status().dropped_age, 5);
}

static void setting_the_clock_makes_nothing_old(void **state)
{
	(void)state;
	wall = 1000; /* no clock at all */
	open_spool();
	put_range(1, 5);
	turn(false);
	wall = 1800000000;
	now += SECOND;
	turn(false);
	put_range(6, 10); /* a clock that was wrong */
	turn(false);
	wall += 1000000;
	now += SECOND;
	turn(false);
	wall += 3000;
	now += 3000 * SECOND;
	deliver(1, 10);
	assert_int_equal(status().dropped_age, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, spool_rig_set_up, spool_rig_tear_down)
		TEST(a_message_too_old_is_dropped),
		TEST(age_goes_on_over_a_restart),
		TEST(setting_the_clock_makes_nothing_old),
#undef TEST
	};

	return cmocka_run_group_tests_name("spool_age", tests, temp_dir_enter,
					   temp_dir_leave);
}
