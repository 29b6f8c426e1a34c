// SPDX-License-Identifier: MIT
/* test_spool_crash.c — what survives a crash, a power failure and a clean stop */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "spool_rig.h"
#include "temp_dir.h"
#include "unit.h"

static void online_part(void)
{
	open_spool();
	put_range(1, 50);
	turn(true);
	for (unsigned int i = 1; i <= 20; i++)
		expect(i);
	for (unsigned int i = 1; i <= 10; i++)
		spool_acknowledged(spool, (int)i);
	turn(true);
	if (status().disk_bytes_written > 0)
		_exit(1); /* online, the disk rests */
}

static void a_crash_while_online_loses_nothing(void **state)
{
	(void)state;
	crash(online_part);
	assert_int_equal(access("state/spool.db", F_OK), -1);
	open_spool();
	assert_int_equal(status().messages, 40);
	assert_int_equal(status().on_disk, 40); /* moved at start */
	deliver(11, 50);
}

static void a_power_failure_loses_what_came_after_the_last_batch(void **state)
{
	(void)state;
	crash(fifteen_offline);
	reboot_machine();
	open_spool();
	deliver(1, 10);
}

static void a_crash_while_offline_loses_nothing(void **state)
{
	(void)state;
	crash(fifteen_offline);
	open_spool();
	deliver(1, 15);
}

static void draining_part(void)
{
	open_spool();
	put_range(1, 100);
	turn(false);
	now += 5 * SECOND;
	turn(false);
	for (unsigned int i = 1; i <= 60; i++) {
		turn(true);
		expect(i);
		spool_acknowledged(spool, (int)i);
	}
	turn(true);
	put_range(101, 110);
	turn(true);
}

static void a_crash_while_draining_sends_nothing_twice_that_was_acknowledged(void **state)
{
	(void)state;
	crash(draining_part);
	open_spool();
	deliver(61, 110);
}

static void a_power_failure_while_draining_repeats_some(void **state)
{
	(void)state;
	crash(draining_part);
	reboot_machine();
	open_spool();
	deliver(1, 100);
}

static void acknowledged_a_while_ago(void)
{
	draining_part();
	now += 6 * SECOND;
	turn(true);
}

static void what_is_delivered_leaves_the_disk_after_a_while(void **state)
{
	(void)state;
	crash(acknowledged_a_while_ago);
	reboot_machine();
	open_spool();
	deliver(61, 100);
}

static void without_delay_part(void)
{
	open_spool();
	put_range(1, 10);
	turn(true);
	put_range(11, 12); /* not in a turn yet: not sent either */
}

static void with_sync_0_a_power_failure_loses_nothing_that_was_sent(void **state)
{
	(void)state;
	settings.sync_ms = 0;
	crash(without_delay_part);
	reboot_machine();
	open_spool();
	deliver(1, 10);
}

static void a_clean_stop_keeps_everything(void **state)
{
	(void)state;
	open_spool();
	put_range(1, 30);
	turn(true);
	for (unsigned int i = 1; i <= 20; i++)
		expect(i);
	for (unsigned int i = 1; i <= 10; i++)
		spool_acknowledged(spool, (int)i);
	spool_park(spool);
	assert_int_equal(status().on_disk, 20);
	/* Acknowledged at the last moment. */
	for (unsigned int i = 11; i <= 15; i++)
		spool_acknowledged(spool, (int)i);
	spool_park(spool);
	spool = spool_free(spool);
	reboot_machine();
	open_spool();
	deliver(16, 30);
}

static void ids_go_on_after_all_was_delivered_and_the_daemon_crashed(void **state)
{
	(void)state;
	crash(draining_part);
	open_spool();
	deliver(61, 110);
	spool_park(spool);
	spool = spool_free(spool);
	/* Its number must not be taken for one that was delivered already. */
	for (unsigned int round = 0; round < 3; round++) {
		open_spool();
		put(7);
		turn(false);
		spool_park(spool);
		spool = spool_free(spool);
		open_spool();
		deliver(7, 7);
		spool_park(spool);
		spool = spool_free(spool);
	}
}

static void stop_and_start(void)
{
	spool = spool_free(spool);
	open_spool();
}

static void half_delivered_part(void)
{
	open_spool();
	if (spool_has_halves(spool))
		_exit(1);
	put_as(1, 2, false);
	turn(true);
	expect(1);
}

static void that_qos_2_may_be_half_delivered_is_known_after_a_power_failure(void **state)
{
	(void)state;
	crash(half_delivered_part);
	reboot_machine();
	open_spool();
	assert_true(spool_has_halves(spool));
	/* So it is after a stop that leaves something behind, but not after a clean one.
	 */
	put_as(2, 2, false);
	turn(true);
	expect(2);
	spool_halves_forgotten(spool);
	spool_park(spool);
	stop_and_start();
	assert_true(spool_has_halves(spool));
	spool_halves_forgotten(spool);
	put_as(3, 2, false);
	turn(true);
	expect(3);
	assert_true(spool_acknowledged(spool, 3));
	spool_park(spool);
	stop_and_start();
	assert_false(spool_has_halves(spool));
}

static void halves_of_an_earlier_run_outlive_one_without_a_session(void **state)
{
	(void)state;
	crash(half_delivered_part);
	reboot_machine();
	for (int round = 0; round < 2; round++) {
		open_spool();
		assert_true(spool_has_halves(spool));
		turn(false);
		spool_park(spool);
		spool = spool_free(spool);
	}
	open_spool();
	spool_halves_forgotten(spool);
	assert_false(spool_has_halves(spool));
	spool_park(spool);
	stop_and_start();
	assert_false(spool_has_halves(spool));
}

static void halves_outlive_the_client_that_they_were_taken_from(void **state)
{
	(void)state;
	open_spool();
	put_as(1, 2, false);
	put_as(2, 1, false);
	turn(true);
	expect(1);
	assert_false(spool_has_halves(spool)); /* they are its own */
	assert_true(spool_acknowledged(spool, 1));
	expect(2);
	spool_rewind(spool);
	assert_false(spool_has_halves(spool));
	put_as(3, 2, false);
	turn(true);
	expect(2);
	expect(3);
	spool_rewind(spool);
	assert_true(spool_has_halves(spool));
	spool_park(spool);
	stop_and_start();
	assert_true(spool_has_halves(spool));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, spool_rig_set_up, spool_rig_tear_down)
		TEST(a_crash_while_online_loses_nothing),
		TEST(a_power_failure_loses_what_came_after_the_last_batch),
		TEST(a_crash_while_offline_loses_nothing),
		TEST(a_crash_while_draining_sends_nothing_twice_that_was_acknowledged),
		TEST(a_power_failure_while_draining_repeats_some),
		TEST(what_is_delivered_leaves_the_disk_after_a_while),
		TEST(with_sync_0_a_power_failure_loses_nothing_that_was_sent),
		TEST(a_clean_stop_keeps_everything),
		TEST(that_qos_2_may_be_half_delivered_is_known_after_a_power_failure),
		TEST(halves_of_an_earlier_run_outlive_one_without_a_session),
		TEST(halves_outlive_the_client_that_they_were_taken_from),
		TEST(ids_go_on_after_all_was_delivered_and_the_daemon_crashed),
#undef TEST
	};

	return cmocka_run_group_tests_name("spool_crash", tests, temp_dir_enter,
					   temp_dir_leave);
}
