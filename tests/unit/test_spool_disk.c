// SPDX-License-Identifier: MIT
/* test_spool_disk.c — what is written where and when, and what goes wrong there */
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../src/app/spool_store.h"
#include "spool_rig.h"
#include "temp_dir.h"
#include "unit.h"

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
	crash(fifteen_offline);
	reboot_machine();
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

/* --- what is too much, too new or out of memory ---------------------------- */

static void while_the_broker_is_slow_much_goes_to_the_disk_all_the_same(void **state)
{
	static char payload[65536];
	const struct spool_message large = {
		.topic = "topic",
		.payload = payload,
		.len = sizeof(payload),
		.qos = 1,
		.store = true,
	};

	(void)state;
	settings.messages = 100000;
	settings.bytes = 16 * 1024 * 1024;
	open_spool();
	put_range(1, 5000);
	turn(true);
	assert_int_equal(status().on_disk, 0);
	expect(1);
	put(5001);
	turn(true);
	assert_int_equal(status().on_disk, 5001);
	assert_true(spool_acknowledged(spool, 1));
	put_range(5002, 9000);
	turn(true);
	assert_int_equal(status().on_disk, 5000);
	deliver(2, 9000);
	for (int i = 0; i <= 2 * 1024 * 1024 / 65536; i++)
		spool_put(spool, &large);
	turn(true);
	assert_int_equal(status().on_disk, 33);
}

int __wrap_spool_store_put(struct spool_store *s, const struct spool_row *row);
int __real_spool_store_put(struct spool_store *s, const struct spool_row *row);
static int fails;

int __wrap_spool_store_put(struct spool_store *s, const struct spool_row *row)
{
	if (fails == 0)
		return __real_spool_store_put(s, row);
	fails--;
	return -ENOMEM;
}

static void what_is_lost_for_want_of_memory_is_counted(void **state)
{
	static const struct spool_message message = {
		.topic = "topic",
		.payload = "1",
		.len = 1,
		.qos = 1,
	};

	(void)state;
	open_spool();
	spool_put(spool, &message);
	turn(true); /* committed: this one stays */
	spool_put(spool, &message);
	spool_put(spool, &message);
	assert_int_equal(status().messages, 3);
	fails = 1;
	spool_put(spool, &message);
	assert_int_equal(status().messages, 1);
	assert_int_equal(status().bytes, 6 + SPOOL_ROW_BYTES);
	assert_int_equal(status().dropped_error, 3);
	assert_int_equal(spool_waiting(spool), 1);
	now += 10 * SECOND;
	deliver(1, 1);
	spool_put(spool, &message);
	deliver(1, 1);
}

static void a_runtime_directory_without_room_is_left_for_memory(void **state)
{
	(void)state;
	open_spool();
	put_range(1, 3);
	turn(true);
	put(4);
	fails = 1;
	put(5);
	assert_int_equal(status().messages, 4); /* what was not in a turn is lost */
	assert_int_equal(status().dropped_error, 1);
	put(6);
	turn(true);
	for (unsigned int i = 1; i <= 3; i++)
		expect(i);
	expect(5);
	expect(6);
	expect_none();
}

static void a_database_of_a_later_version_is_set_aside(void **state)
{
	sqlite3 *db;

	(void)state;
	open_spool();
	put_range(1, 3);
	spool_park(spool);
	spool = spool_free(spool);
	assert_int_equal(sqlite3_open("state/spool.db", &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 99", NULL, NULL, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	open_spool();
	assert_int_equal(status().messages, 0);
	assert_int_equal(access("state/spool.db.unusable", F_OK), 0);
	put_range(4, 6);
	spool_park(spool);
	assert_int_equal(status().on_disk, 3);
	deliver(4, 6);
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

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, spool_rig_set_up, spool_rig_tear_down)
		TEST(the_disk_rests_while_everything_is_delivered),
		TEST(a_session_that_is_back_soon_costs_the_disk_nothing),
		TEST(without_a_state_directory_messages_stay_in_the_runtime_directory),
		TEST(without_any_directory_messages_are_kept_in_memory),
		TEST(a_state_directory_that_comes_late_brings_its_messages_along),
		TEST(garbage_is_set_aside),
		TEST(while_the_broker_is_slow_much_goes_to_the_disk_all_the_same),
		TEST(what_is_lost_for_want_of_memory_is_counted),
		TEST(a_runtime_directory_without_room_is_left_for_memory),
		TEST(a_database_of_a_later_version_is_set_aside),
#undef TEST
	};

	return cmocka_run_group_tests_name("spool_disk", tests, temp_dir_enter,
					   temp_dir_leave);
}
