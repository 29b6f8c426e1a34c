// SPDX-License-Identifier: MIT
/* test_spool_store.c — messages in one SQLite database */
#include "../../src/app/spool_store.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "temp_dir.h"
#include "unit.h"

#include "mqttnode/cleanup.h"

static const char path[] = "spool.db";
static struct spool_store *store;

static int tear_down(void **state)
{
	static const char *const files[] = { "spool.db", "spool.db-wal",
					     "spool.db.unusable",
					     "spool.db.unusable-wal" };

	(void)state;
	store = spool_store_close(store);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		(void)unlink(files[i]);
	return 0;
}

static void open_store(void)
{
	assert_int_equal(spool_store_open(&store, path, true), 0);
}

static void reopen(void)
{
	store = spool_store_close(store);
	open_store();
}

static void put(uint64_t id, const char *payload)
{
	const struct spool_row row = {
		.id = id,
		.time_s = 1000 + (int64_t)id,
		.topic = "topic",
		.payload = payload,
		.len = strlen(payload),
		.qos = 1 + (int)(id % 2),
		.retain = id % 3 == 0,
	};

	assert_int_equal(spool_store_put(store, &row), 0);
}

static void expect_next(uint64_t after, uint64_t id, const char *payload)
{
	struct spool_row row;

	assert_int_equal(spool_store_next(store, after, &row), 1);
	assert_int_equal(row.id, id);
	assert_int_equal(row.qos, 1 + (int)(id % 2));
	assert_int_equal(row.retain, id % 3 == 0);
	assert_string_equal(row.topic, "topic");
	assert_int_equal(row.len, strlen(payload));
	if (row.len > 0)
		assert_memory_equal(row.payload, payload, row.len);
}

static uint64_t count(uint64_t after)
{
	uint64_t messages, bytes;

	assert_int_equal(spool_store_measure(store, after, &messages, &bytes), 0);
	return messages;
}

/* Runs SQL on the file, while the store is closed. */
static void sql(const char *text)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void what_is_committed_is_there_again_in_order(void **state)
{
	struct spool_row row;

	(void)state;
	open_store();
	put(3, "three");
	put(1, "one");
	put(2, "");
	assert_true(spool_store_is_dirty(store));
	assert_int_equal(spool_store_commit(store), 0);
	assert_false(spool_store_is_dirty(store));
	put(4, "never committed");
	reopen();
	expect_next(0, 1, "one");
	expect_next(1, 2, "");
	expect_next(2, 3, "three");
	assert_int_equal(spool_store_next(store, 3, &row), 0);
}

static void a_step_from_row_to_row_sees_what_changes(void **state)
{
	struct spool_row row;

	(void)state;
	open_store();
	for (uint64_t id = 1; id <= 5; id++)
		put(id, "old");
	assert_int_equal(spool_store_commit(store), 0);
	expect_next(0, 1, "old");
	expect_next(1, 2, "old");
	expect_next(1, 2, "old");
	put(3, "new");
	expect_next(2, 3, "new");
	assert_int_equal(spool_store_remove(store, 4, 4), 0);
	expect_next(3, 5, "old");
	assert_int_equal(spool_store_next(store, 5, &row), 0);
	put(6, "new");
	expect_next(5, 6, "new");
	spool_store_rollback(store);
	expect_next(2, 3, "old");
	expect_next(3, 4, "old");
	put(4, "new");
	expect_next(3, 4, "new");
	assert_int_equal(spool_store_commit(store), 0);
	expect_next(4, 5, "old");
	expect_next(0, 1, "old");
}

static void removes_ranges_and_measures(void **state)
{
	uint64_t messages, bytes, last = 99;

	(void)state;
	open_store();
	assert_int_equal(spool_store_last_id(store, &last), 0);
	assert_int_equal(last, 0);
	for (uint64_t id = 1; id <= 10; id++)
		put(id, "12345");
	assert_int_equal(spool_store_remove(store, 0, 4), 0);
	assert_int_equal(spool_store_remove(store, 7, 7), 0);
	assert_int_equal(spool_store_commit(store), 0);
	assert_int_equal(spool_store_measure(store, 5, &messages, &bytes), 0);
	assert_int_equal(messages, 4);
	assert_int_equal(bytes, 4 * 10);
	expect_next(0, 5, "12345");
	assert_int_equal(spool_store_last_id(store, &last), 0);
	assert_int_equal(last, 10);
	assert_int_equal(spool_store_shift_ids(store, 12), 0);
	expect_next(0, 17, "12345");
}

static void takes_back_what_is_not_committed(void **state)
{
	(void)state;
	open_store();
	put(1, "one");
	assert_int_equal(spool_store_commit(store), 0);
	put(2, "two");
	assert_int_equal(spool_store_remove(store, 1, 1), 0);
	spool_store_rollback(store);
	assert_false(spool_store_is_dirty(store));
	assert_int_equal(count(0), 1);
	expect_next(0, 1, "one");
}

static void keeps_numbers_by_name(void **state)
{
	uint64_t value = 5;

	(void)state;
	open_store();
	assert_int_equal(spool_store_get_number(store, "a", &value), 0);
	assert_int_equal(value, 0);
	assert_int_equal(spool_store_set_number(store, "a", 1000), 0);
	assert_int_equal(spool_store_set_number(store, "a", UINT64_C(1) << 40), 0);
	assert_int_equal(spool_store_set_number(store, "b", 7), 0);
	assert_int_equal(spool_store_commit(store), 0);
	reopen();
	assert_int_equal(spool_store_get_number(store, "a", &value), 0);
	assert_int_equal(value, UINT64_C(1) << 40);
	assert_int_equal(spool_store_get_number(store, "b", &value), 0);
	assert_int_equal(value, 7);
}

static void keeps_topics_in_order(void **state)
{
	const char *topic;

	(void)state;
	open_store();
	assert_int_equal(spool_store_keep_topic(store, "b", true), 0);
	assert_int_equal(spool_store_keep_topic(store, "a/c", true), 0);
	assert_int_equal(spool_store_keep_topic(store, "b", true), 0);
	assert_int_equal(spool_store_commit(store), 0);
	reopen();
	assert_int_equal(spool_store_next_topic(store, "", &topic), 1);
	assert_string_equal(topic, "a/c");
	assert_int_equal(spool_store_next_topic(store, "a/c", &topic), 1);
	assert_string_equal(topic, "b");
	assert_int_equal(spool_store_next_topic(store, "b", &topic), 0);
	assert_int_equal(spool_store_keep_topic(store, "a/c", false), 0);
	assert_int_equal(spool_store_keep_topic(store, "never", false), 0);
	assert_int_equal(spool_store_commit(store), 0);
	assert_int_equal(spool_store_next_topic(store, "", &topic), 1);
	assert_string_equal(topic, "b");
	assert_int_equal(spool_store_next_topic(store, "b", &topic), 0);
}

static void moves_times_when_the_clock_is_set(void **state)
{
	static const int64_t expected[] = { 5000, 900, 1500, 4600 };
	const int64_t times[] = { 0, 900, 1000, 4100 };
	struct spool_row row = { .topic = "t", .payload = "", .qos = 1 };

	(void)state;
	open_store();
	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		row.id = i + 1;
		row.time_s = times[i];
		assert_int_equal(spool_store_put(store, &row), 0);
	}
	assert_int_equal(spool_store_shift_times(store, 1000, 500, 5000), 0);
	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		assert_int_equal(spool_store_next(store, i, &row), 1);
		assert_int_equal(row.time_s, expected[i]);
	}
}

static void counts_what_it_writes(void **state)
{
	uint64_t before;

	(void)state;
	open_store();
	put(1, "one");
	assert_int_equal(spool_store_commit(store), 0); /* with the empty database */
	before = spool_store_written(store);
	assert_int_equal(spool_store_commit(store), 0);
	assert_int_equal(spool_store_written(store), before);
	put(2, "two");
	assert_int_equal(spool_store_commit(store), 0);
	assert_in_range(spool_store_written(store) - before, 4096, 3 * 4120);
	/* Checkpoints too: the WAL does not grow without end. */
	for (uint64_t id = 3; id < 3002; id++) {
		put(id, "something");
		assert_int_equal(spool_store_commit(store), 0);
	}
	assert_true(spool_store_written(store) - before > 3000 * 4096);
}

static void the_file_belongs_to_its_owner_alone(void **state)
{
	struct stat st;

	(void)state;
	open_store();
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void nobody_else_may_use_it(void **state)
{
	struct spool_store *other = NULL;

	(void)state;
	open_store();
	put(1, "one");
	assert_int_equal(spool_store_commit(store), 0);
	assert_int_equal(spool_store_open(&other, path, true), -EBUSY);
	assert_null(other);
}

static void a_database_of_version_1_keeps_its_messages(void **state)
{
	const char *topic;
	uint64_t value;

	(void)state;
	sql("CREATE TABLE message (id INTEGER PRIMARY KEY, time INTEGER NOT NULL,"
	    " qos INTEGER NOT NULL, retain INTEGER NOT NULL, topic TEXT NOT NULL,"
	    " payload BLOB NOT NULL);"
	    "INSERT INTO message VALUES (2, 0, 1, 0, 'topic', x'6f6c64'),"
	    "	(3, 0, 1, 1, 'kept', x'31'), (4, 0, 1, 1, 'kept', x'32');"
	    "PRAGMA application_id = 1836151918; PRAGMA user_version = 1");
	open_store();
	expect_next(0, 2, "old");
	assert_int_equal(spool_store_next_topic(store, "", &topic), 1);
	assert_string_equal(topic, "kept");
	assert_int_equal(spool_store_next_topic(store, "kept", &topic), 0);
	assert_int_equal(spool_store_get_number(store, "a", &value), 0);
	assert_int_equal(spool_store_set_number(store, "a", 1), 0);
	assert_int_equal(spool_store_commit(store), 0);
}

static void expect_outline(const char *after_topic, const char *after_text,
			   const char *topic, const char *text)
{
	const char *t, *x;

	assert_int_equal(spool_store_next_outline(store, after_topic, after_text, &t, &x),
			 1);
	assert_string_equal(t, topic);
	assert_string_equal(x, text);
}

static void expect_no_outline(const char *after_topic, const char *after_text)
{
	const char *t, *x;

	assert_int_equal(spool_store_next_outline(store, after_topic, after_text, &t, &x),
			 0);
}

static void outlines_of_a_topic_are_kept_until_they_are_removed(void **state)
{
	(void)state;
	open_store();
	expect_no_outline("", "");
	assert_int_equal(spool_store_keep_outline(store, "b", "1", true), 0);
	assert_int_equal(spool_store_keep_outline(store, "a", "2", true), 0);
	assert_int_equal(spool_store_keep_outline(store, "a", "1", true), 0);
	assert_int_equal(spool_store_keep_outline(store, "a", "1", true), 0);
	expect_outline("", "", "a", "1");
	assert_int_equal(spool_store_commit(store), 0);
	store = spool_store_close(store);
	open_store();
	expect_outline("", "", "a", "1");
	expect_outline("a", "1", "a", "2");
	expect_outline("a", "2", "b", "1");
	expect_no_outline("b", "1");
	assert_int_equal(spool_store_keep_outline(store, "a", "2", false), 0);
	assert_int_equal(spool_store_keep_outline(store, "b", "2", false), 0);
	expect_outline("a", "1", "b", "1");
	spool_store_rollback(store);
	expect_outline("a", "1", "a", "2");
}

static void a_database_of_version_4_keeps_its_topics_and_takes_outlines(void **state)
{
	const char *topic;

	(void)state;
	sql("CREATE TABLE message (id INTEGER PRIMARY KEY, time INTEGER NOT NULL,"
	    " qos INTEGER NOT NULL, retain INTEGER NOT NULL, topic TEXT NOT NULL,"
	    " payload BLOB NOT NULL, expiry INTEGER NOT NULL DEFAULT 0);"
	    "CREATE TABLE number (name TEXT PRIMARY KEY, reserved INTEGER NOT NULL)"
	    " WITHOUT ROWID;"
	    "CREATE TABLE retained (topic TEXT PRIMARY KEY) WITHOUT ROWID;"
	    "INSERT INTO message VALUES (2, 0, 1, 0, 'topic', x'6f6c64', 0);"
	    "INSERT INTO retained VALUES ('kept');"
	    "PRAGMA application_id = 1836151918; PRAGMA user_version = 4");
	open_store();
	expect_next(0, 2, "old");
	assert_int_equal(spool_store_next_topic(store, "", &topic), 1);
	assert_string_equal(topic, "kept");
	expect_no_outline("", "");
	assert_int_equal(spool_store_keep_outline(store, "kept", "new", true), 0);
	assert_int_equal(spool_store_commit(store), 0);
	expect_outline("", "", "kept", "new");
}

static void a_later_version_is_refused_and_left_as_it_is(void **state)
{
	(void)state;
	open_store();
	put(1, "one");
	assert_int_equal(spool_store_commit(store), 0);
	store = spool_store_close(store);
	sql("PRAGMA user_version = 99");
	assert_int_equal(spool_store_open(&store, path, true), -ENOTSUP);
	sql("PRAGMA user_version = 5");
	open_store();
	expect_next(0, 1, "one");
}

static void a_database_of_somebody_else_is_refused(void **state)
{
	(void)state;
	sql("CREATE TABLE t (x)");
	assert_int_equal(spool_store_open(&store, path, true), -ENOTSUP);
}

static void damage_is_found(void **state)
{
	static const char garbage[] = "this is not a database, whatever its name says";
	_cleanup_close_ int fd = -1;

	(void)state;
	open_store();
	for (uint64_t id = 1; id < 1000; id++)
		put(id, "something that fills some pages");
	assert_int_equal(spool_store_commit(store), 0);
	store = spool_store_close(store);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(pwrite(fd, garbage, sizeof(garbage), 3 * 4096), sizeof(garbage));
	assert_int_equal(spool_store_open(&store, path, true), -EUCLEAN);
	assert_int_equal(pwrite(fd, garbage, sizeof(garbage), 0), sizeof(garbage));
	assert_int_equal(spool_store_open(&store, path, true), -EUCLEAN);
}

/* Zeros where the rest of a long text was, or a bit of its type the other way. */
static void finds_texts_that_are_none(void **state)
{
	static const char *const rows[] = {
		"INSERT INTO retained VALUES (CAST(x'610062' AS TEXT))",
		"INSERT INTO retained VALUES (x'61')",
		"INSERT INTO outline VALUES (x'61', 'text')",
		"INSERT INTO outline VALUES ('t', CAST(x'7b0000' AS TEXT))",
	};
	const char *topic, *text;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		open_store();
		store = spool_store_close(store);
		sql(rows[i]);
		open_store();
		assert_int_equal(i < 2 ? spool_store_next_topic(store, "", &topic)
				       : spool_store_next_outline(store, "", "", &topic,
								  &text),
				 -EUCLEAN);
		store = spool_store_close(store);
		assert_int_equal(unlink(path), 0);
	}
}

static void sets_aside_what_cannot_be_used(void **state)
{
	(void)state;
	open_store();
	put(1, "one");
	assert_int_equal(spool_store_commit(store), 0);
	store = spool_store_close(store);
	assert_int_equal(spool_store_set_aside(path), 0);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(access("spool.db.unusable", F_OK), 0);
	open_store();
	assert_int_equal(count(0), 0);
	store = spool_store_close(store);
	assert_int_equal(spool_store_set_aside(path), 0); /* instead of the earlier one */
}

static void says_why_it_cannot_be_opened(void **state)
{
	(void)state;
	assert_int_equal(spool_store_open(&store, "/nonexistent/spool.db", true),
			 -ENOENT);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	assert_int_equal(spool_store_open(&store, path, true), -ELOOP);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(spool_store_open(&store, path, true), -EISDIR);
	assert_int_equal(rmdir(path), 0);
}

static void works_in_memory(void **state)
{
	(void)state;
	assert_int_equal(spool_store_open(&store, NULL, false), 0);
	put(1, "one");
	assert_int_equal(spool_store_commit(store), 0);
	expect_next(0, 1, "one");
	assert_int_equal(spool_store_written(store), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_teardown(f, tear_down)
		TEST(what_is_committed_is_there_again_in_order),
		TEST(a_step_from_row_to_row_sees_what_changes),
		TEST(removes_ranges_and_measures),
		TEST(takes_back_what_is_not_committed),
		TEST(keeps_numbers_by_name),
		TEST(keeps_topics_in_order),
		TEST(moves_times_when_the_clock_is_set),
		TEST(counts_what_it_writes),
		TEST(the_file_belongs_to_its_owner_alone),
		TEST(nobody_else_may_use_it),
		TEST(a_database_of_version_1_keeps_its_messages),
		TEST(outlines_of_a_topic_are_kept_until_they_are_removed),
		TEST(a_database_of_version_4_keeps_its_topics_and_takes_outlines),
		TEST(a_later_version_is_refused_and_left_as_it_is),
		TEST(a_database_of_somebody_else_is_refused),
		TEST(damage_is_found),
		TEST(finds_texts_that_are_none),
		TEST(sets_aside_what_cannot_be_used),
		TEST(says_why_it_cannot_be_opened),
		TEST(works_in_memory),
#undef TEST
	};

	return cmocka_run_group_tests_name("spool_store", tests, temp_dir_enter,
					   temp_dir_leave);
}
