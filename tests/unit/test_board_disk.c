// SPDX-License-Identifier: MIT
/* test_board_disk.c — what was not synced is lost with the process, and nothing else */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "temp_dir.h"
#include "unit.h"

#include "../sim/board_disk.h"

#define ROWS 50

static const char *path;
static const char *synchronous;
static unsigned int seed;

static void execute(sqlite3 *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		_exit(1);
}

static int count(sqlite3 *db)
{
	sqlite3_stmt *statement;
	int n = -1;

	if (sqlite3_prepare_v2(db, "SELECT count(*) FROM t", -1, &statement, NULL) !=
	    SQLITE_OK)
		return 0;
	if (sqlite3_step(statement) == SQLITE_ROW)
		n = sqlite3_column_int(statement, 0);
	(void)sqlite3_finalize(statement);
	return n;
}

static sqlite3 *open_database(void)
{
	sqlite3 *db;

	if (sqlite3_open(path, &db) != SQLITE_OK)
		_exit(1);
	execute(db, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;"
		    "PRAGMA wal_autocheckpoint = 0");
	return db;
}

/* Commits all rows and is killed. */
static void write_rows(void)
{
	char *lossy = realpath("lossy", NULL);
	char sql[64];
	sqlite3 *db;

	if (!lossy || !board_disk_make_lossy(lossy, seed))
		_exit(1);
	free(lossy);
	db = open_database();
	execute(db, "PRAGMA synchronous = FULL; CREATE TABLE t (i)");
	snprintf(sql, sizeof(sql), "PRAGMA synchronous = %s", synchronous);
	execute(db, sql);
	for (int i = 0; i < ROWS; i++)
		execute(db, "INSERT INTO t VALUES (1)");
	/* Who has written it reads it, synced or not. */
	_exit(count(db) == ROWS ? 0 : 1);
}

/* The rows that are there afterwards. */
static int rows_after_a_kill(void)
{
	int result, n;
	sqlite3 *db;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		write_rows();
	assert_int_equal(waitpid(pid, &result, 0), pid);
	assert_int_equal(result, 0);
	db = open_database();
	n = count(db);
	(void)sqlite3_close(db);
	return n;
}

static int set_up(void **state)
{
	(void)state;
	path = "lossy/t.db";
	return mkdir("lossy", 0700) == 0 && mkdir("safe", 0700) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	return system("rm -rf lossy safe");
}

static void what_is_synced_survives(void **state)
{
	(void)state;
	synchronous = "FULL";
	assert_int_equal(rows_after_a_kill(), ROWS);
}

static void what_is_not_synced_is_lost_from_some_point_on(void **state)
{
	int most = 0;

	synchronous = "OFF";
	for (seed = 0; seed < 20; seed++) {
		int n = rows_after_a_kill();

		assert_in_range(n, 0, ROWS / 2);
		most = n > most ? n : most;
		tear_down(state);
		set_up(state);
	}
	assert_true(most > 0); /* some reached the disk at once */
}

static void other_directories_are_safe(void **state)
{
	(void)state;
	path = "safe/t.db";
	synchronous = "OFF";
	assert_int_equal(rows_after_a_kill(), ROWS);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		TEST(what_is_synced_survives),
		TEST(what_is_not_synced_is_lost_from_some_point_on),
		TEST(other_directories_are_safe),
#undef TEST
	};

	return cmocka_run_group_tests_name("board_disk", tests, temp_dir_enter,
					   temp_dir_leave);
}
