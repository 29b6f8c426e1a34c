// SPDX-License-Identifier: MIT
/*
 * test_spool.c — what waits is bounded, in order, and survives what it should
 *
 * A crash is a fork that ends with _exit() in the middle of things; it leaves
 * in the two directories what a daemon that was killed leaves there.
 */
#include "mqttnode/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "temp_dir.h"
#include "unit.h"

#include "mqttnode/cleanup.h"
#include "mqttnode/clock.h"

#define SECOND NSEC_PER_SEC

static struct spool_settings settings;
static struct spool *spool;
static uint64_t now;
static time_t wall;

time_t __wrap_time(time_t *ret);
time_t __wrap_time(time_t *ret)
{
	if (ret)
		*ret = wall;
	return wall;
}

static void open_spool(void)
{
	assert_int_equal(spool_new(&spool, &settings, "state", "runtime"), 0);
	spool_open(spool);
	now = clock_now_ns(&clock_system);
}

static int set_up(void **state)
{
	(void)state;
	settings = (struct spool_settings){
		.messages = 1000,
		.bytes = 1024 * 1024,
		.age_ms = 3600 * 1000,
		.sync_ms = 5000,
	};
	wall = 1800000000;
	return mkdir("state", 0700) == 0 && mkdir("runtime", 0700) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	spool = spool_free(spool);
	return system("chmod -R u+rwX state runtime 2>/dev/null; rm -rf state runtime");
}

static void put(unsigned int number)
{
	char payload[16];

	snprintf(payload, sizeof(payload), "%u", number);
	spool_put(spool, &(struct spool_message){
				 .topic = "topic",
				 .payload = payload,
				 .len = strlen(payload),
				 .qos = 1,
				 .store = true,
			 });
}

static void put_range(unsigned int first, unsigned int last)
{
	for (unsigned int i = first; i <= last; i++)
		put(i);
}

static void turn(bool online)
{
	spool_turn(spool, online, now);
}

static struct spool_status status(void)
{
	struct spool_status ret;

	spool_get_status(spool, &ret);
	return ret;
}

/* The next message must be this; it is sent under its number. */
static void expect(unsigned int number)
{
	struct spool_message m;
	char text[16];

	assert_true(spool_next(spool, &m));
	snprintf(text, sizeof(text), "%u", number);
	assert_int_equal(m.len, strlen(text));
	assert_memory_equal(m.payload, text, m.len);
	assert_string_equal(m.topic, "topic");
	spool_sent(spool, (int)number);
}

static void expect_none(void)
{
	struct spool_message m;

	assert_false(spool_next(spool, &m));
}

/* Sends and acknowledges all from @first to @last, which must be all that wait. */
static void deliver(unsigned int first, unsigned int last)
{
	for (unsigned int i = first; i <= last; i++) {
		turn(true);
		expect(i);
		assert_true(spool_acknowledged(spool, (int)i));
	}
	turn(true);
	expect_none();
	assert_int_equal(status().messages, 0);
	assert_int_equal(status().bytes, 0);
}

/* Runs @part as a daemon that is killed at its end. */
static void crash(void (*part)(void))
{
	int result;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		part();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &result, 0), pid);
	assert_int_equal(result, 0);
}

static void a_reboot(void)
{
	assert_int_equal(system("rm -rf runtime && mkdir runtime"), 0);
}

/* --- in and out ------------------------------------------------------------ */

static void messages_leave_in_their_order_and_are_removed_when_acknowledged(void **state)
{
	(void)state;
	open_spool();
	put_range(1, 3);
	assert_int_equal(spool_waiting(spool), 3);
	turn(true);
	for (unsigned int i = 1; i <= 3; i++)
		expect(i);
	expect_none();
	assert_int_equal(spool_in_flight(spool), 3);
	assert_false(spool_acknowledged(spool, 99));
	/* Out of order: the window moves with the oldest. */
	assert_true(spool_acknowledged(spool, 3));
	assert_false(spool_acknowledged(spool, 3));
	assert_int_equal(spool_in_flight(spool), 3);
	assert_int_equal(status().messages, 2);
	assert_true(spool_acknowledged(spool, 1));
	assert_int_equal(spool_in_flight(spool), 2);
	assert_true(spool_acknowledged(spool, 2));
	assert_int_equal(spool_in_flight(spool), 0);
	assert_int_equal(status().messages, 0);
	assert_int_equal(status().bytes, 0);
}

static void what_is_refused_blocks_nothing(void **state)
{
	struct spool_message m;

	(void)state;
	open_spool();
	put_range(1, 2);
	turn(true);
	assert_true(spool_next(spool, &m));
	assert_true(spool_next(spool, &m)); /* the same */
	spool_refused(spool);
	assert_int_equal(status().dropped_error, 1);
	deliver(2, 2);
}

static void the_oldest_are_dropped_when_it_is_full(void **state)
{
	(void)state;
	settings.messages = 100;
	open_spool();
	put_range(1, 130);
	assert_int_equal(status().messages, 100);
	assert_int_equal(status().dropped_full, 30);
	deliver(31, 130);
}

static void the_newest_are_dropped_when_it_is_full(void **state)
{
	(void)state;
	settings.messages = 100;
	settings.drop = SPOOL_DROP_NEWEST;
	open_spool();
	put_range(1, 130);
	assert_int_equal(status().messages, 100);
	assert_int_equal(status().dropped_full, 30);
	deliver(1, 100);
}

static void bytes_are_limited_too(void **state)
{
	static char payload[60000];
	const struct spool_message m = {
		.topic = "topic",
		.payload = payload,
		.len = sizeof(payload),
		.qos = 1,
		.store = true,
	};

	(void)state;
	settings.bytes = 300000;
	open_spool();
	for (int i = 0; i < 10; i++) {
		spool_put(spool, &m);
		assert_true(status().bytes <= settings.bytes);
	}
	assert_int_equal(status().messages, 4);
	assert_int_equal(status().bytes, 4 * (60000 + 5 + SPOOL_ROW_BYTES));
	assert_int_equal(status().dropped_full, 6);
	settings.bytes = 65536;
	put(1); /* what is larger than all of it finds no place; what is not, does */
	assert_int_equal(status().messages, 2);
	settings.bytes = 60000;
	spool_put(spool, &m);
	assert_int_equal(status().messages, 2);
	assert_int_equal(status().dropped_full, 10);
}

static void what_is_under_way_is_not_dropped(void **state)
{
	(void)state;
	settings.messages = 100;
	open_spool();
	put_range(1, 50);
	turn(true);
	for (unsigned int i = 1; i <= 20; i++)
		expect(i);
	put_range(51, 200);
	assert_int_equal(status().messages, 100);
	assert_int_equal(spool_in_flight(spool), 20);
	for (unsigned int i = 1; i <= 20; i++)
		assert_true(spool_acknowledged(spool, (int)i));
	deliver(121, 200);
}

static void messages_that_are_not_stored_have_a_limit_of_their_own(void **state)
{
	(void)state;
	open_spool();
	put(1);
	for (unsigned int i = 0; i < SPOOL_MEMORY_MAX + 10; i++)
		spool_put(spool, &(struct spool_message){
					 .topic = "topic",
					 .payload = "2",
					 .len = 1,
					 .qos = 1,
				 });
	put(3);
	assert_int_equal(status().messages, SPOOL_MEMORY_MAX + 2);
	assert_int_equal(status().dropped_memory, 10);
	turn(true);
	expect(1);
	assert_true(spool_acknowledged(spool, 1));
	for (unsigned int i = 0; i < SPOOL_MEMORY_MAX; i++) {
		turn(true);
		expect(2);
		assert_true(spool_acknowledged(spool, 2));
	}
	expect(3);
}

/* --- crashes --------------------------------------------------------------- */

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

static void offline_part(void)
{
	open_spool();
	put_range(1, 10);
	turn(false);
	now += 5 * SECOND;
	turn(false);
	put_range(11, 15);
	turn(false);
}

static void a_power_failure_loses_what_came_after_the_last_batch(void **state)
{
	(void)state;
	crash(offline_part);
	a_reboot();
	open_spool();
	deliver(1, 10);
}

static void a_crash_while_offline_loses_nothing(void **state)
{
	(void)state;
	crash(offline_part);
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
	a_reboot();
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
	a_reboot();
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
	a_reboot();
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
	a_reboot();
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

/* --- the disk -------------------------------------------------------------- */

static void the_disk_rests_while_everything_is_delivered(void **state)
{
	struct stat before, after;
	uint64_t written;

	(void)state;
	open_spool();
	put_range(1, 10);
	turn(false);
	now += 5 * SECOND;
	turn(false);
	deliver(1, 10);
	now += 10 * SECOND;
	turn(true);
	written = status().disk_bytes_written;
	assert_true(written > 0);
	assert_int_equal(stat("state/spool.db-wal", &before), 0);
	for (unsigned int i = 0; i < 500; i++, now += SECOND) {
		put(i);
		deliver(i, i);
	}
	assert_int_equal(status().disk_bytes_written, written);
	assert_int_equal(stat("state/spool.db-wal", &after), 0);
	assert_int_equal(after.st_size, before.st_size);
	assert_memory_equal(&after.st_mtim, &before.st_mtim, sizeof(after.st_mtim));
}

static void a_session_that_is_back_soon_costs_the_disk_nothing(void **state)
{
	(void)state;
	open_spool();
	put_range(1, 10);
	turn(false);
	assert_in_range(spool_next_ns(spool), now + 4 * SECOND, now + 6 * SECOND);
	now += 4 * SECOND;
	turn(false);
	deliver(1, 10);
	assert_int_equal(access("state/spool.db", F_OK), -1);
}

static void without_a_state_directory_messages_stay_in_the_runtime_directory(void **state)
{
	(void)state;
	assert_int_equal(rmdir("state"), 0);
	open_spool();
	put_range(1, 10);
	turn(false);
	now += 5 * SECOND;
	turn(false);
	assert_int_equal(status().disk_error, ENOENT);
	assert_int_equal(status().on_disk, 0);
	/* It may come back. */
	assert_int_equal(mkdir("state", 0700), 0);
	now = spool_next_ns(spool);
	turn(false);
	assert_int_equal(status().disk_error, 0);
	assert_int_equal(status().on_disk, 10);
	deliver(1, 10);
}

static void without_any_directory_messages_are_kept_in_memory(void **state)
{
	(void)state;
	assert_int_equal(rmdir("state"), 0);
	assert_int_equal(rmdir("runtime"), 0);
	open_spool();
	put_range(1, 10);
	turn(false);
	now += 5 * SECOND;
	turn(false);
	assert_int_equal(status().dropped_error, 0);
	deliver(1, 10);
}

static void a_state_directory_that_comes_late_brings_its_messages_along(void **state)
{
	(void)state;
	crash(offline_part);
	a_reboot();
	assert_int_equal(rename("state", "state.away"), 0);
	open_spool();
	put_range(1001, 1005);
	turn(false);
	assert_int_equal(rename("state.away", "state"), 0);
	now += 20 * SECOND;
	turn(false);
	turn(false);
	assert_int_equal(status().messages, 15);
	assert_int_equal(status().on_disk, 15);
	for (unsigned int i = 1001; i <= 1005; i++)
		expect(i);
	for (unsigned int i = 1; i <= 10; i++)
		expect(i);
}

static void garbage_is_set_aside(void **state)
{
	(void)state;
	temp_file("state/spool.db",
		  "this is not a database, whatever its name may say\n");
	temp_file("runtime/spool.db", "nor is this\n");
	open_spool();
	put_range(1, 10);
	spool_park(spool);
	assert_int_equal(status().on_disk, 10);
	assert_int_equal(access("state/spool.db.unusable", F_OK), 0);
	assert_int_equal(access("runtime/spool.db.unusable", F_OK), 0);
	deliver(1, 10);
}

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
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		TEST(messages_leave_in_their_order_and_are_removed_when_acknowledged),
		TEST(what_is_refused_blocks_nothing),
		TEST(the_oldest_are_dropped_when_it_is_full),
		TEST(the_newest_are_dropped_when_it_is_full),
		TEST(bytes_are_limited_too),
		TEST(what_is_under_way_is_not_dropped),
		TEST(messages_that_are_not_stored_have_a_limit_of_their_own),
		TEST(a_crash_while_online_loses_nothing),
		TEST(a_crash_while_offline_loses_nothing),
		TEST(a_power_failure_loses_what_came_after_the_last_batch),
		TEST(a_crash_while_draining_sends_nothing_twice_that_was_acknowledged),
		TEST(a_power_failure_while_draining_repeats_some),
		TEST(what_is_delivered_leaves_the_disk_after_a_while),
		TEST(with_sync_0_a_power_failure_loses_nothing_that_was_sent),
		TEST(a_clean_stop_keeps_everything),
		TEST(ids_go_on_after_all_was_delivered_and_the_daemon_crashed),
		TEST(the_disk_rests_while_everything_is_delivered),
		TEST(a_session_that_is_back_soon_costs_the_disk_nothing),
		TEST(without_a_state_directory_messages_stay_in_the_runtime_directory),
		TEST(without_any_directory_messages_are_kept_in_memory),
		TEST(a_state_directory_that_comes_late_brings_its_messages_along),
		TEST(garbage_is_set_aside),
		TEST(a_message_too_old_is_dropped),
		TEST(age_goes_on_over_a_restart),
		TEST(setting_the_clock_makes_nothing_old),
#undef TEST
	};

	return cmocka_run_group_tests_name("spool", tests, temp_dir_enter,
					   temp_dir_leave);
}
