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

static void put_expiring(uint32_t expiry_s, bool store)
{
	spool_put(spool, &(struct spool_message){ .topic = "t",
						  .payload = "x",
						  .len = 1,
						  .qos = 1,
						  .store = store,
						  .expiry_s = expiry_s });
}

/* The time left of the next message, which is sent and acknowledged. */
static uint32_t next_left(void)
{
	static int number = 1000;
	struct spool_message m;

	assert_true(spool_next(spool, &m));
	spool_sent(spool, ++number);
	assert_true(spool_acknowledged(spool, number));
	return m.expiry_s;
}

static void what_is_left_of_its_time_goes_with_a_message(void **state)
{
	(void)state;
	open_spool();
	turn(false);
	put_expiring(100, true);
	put_expiring(100, false);
	put_expiring(30, true);
	put_expiring(30, false);
	put_expiring(0, true);
	turn(false);
	spool_park(spool);
	wall += 40;
	now += 40 * SECOND;
	turn(true);
	assert_int_equal(next_left(), 60);
	assert_int_equal(next_left(), 60);
	assert_int_equal(next_left(), 0); /* those between are of no use any more */
	expect_none();
	assert_int_equal(status().dropped_expired, 2);
	assert_int_equal(status().messages, 0);
}

static void its_time_goes_on_over_a_restart(void **state)
{
	(void)state;
	open_spool();
	turn(false);
	put_expiring(100, true);
	put_expiring(100, true);
	turn(false);
	spool_park(spool);
	spool = spool_free(spool);
	wall += 70;
	open_spool();
	turn(true);
	assert_int_equal(next_left(), 30);
	wall += 30;
	now += 30 * SECOND;
	turn(true);
	expect_none();
	assert_int_equal(status().dropped_expired, 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, spool_rig_set_up, spool_rig_tear_down)
		TEST(a_message_too_old_is_dropped),
		TEST(age_goes_on_over_a_restart),
		TEST(setting_the_clock_makes_nothing_old),
		TEST(what_is_left_of_its_time_goes_with_a_message),
		TEST(its_time_goes_on_over_a_restart),
#undef TEST
	};

	return cmocka_run_group_tests_name("spool_age", tests, temp_dir_enter,
					   temp_dir_leave);
}
