// SPDX-License-Identifier: MIT
/* test_spool_number.c — numbers that are never used twice */
#include "mqttnode/spool.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "temp_dir.h"
#include "unit.h"

#include "mqttnode/clock.h"

static const struct spool_settings settings = {
	.messages = 1000,
	.bytes = 1024 * 1024,
	.sync_ms = 5000,
};
static struct spool *spool;
static uint64_t now;

static void open_spool(void)
{
	assert_int_equal(spool_new(&spool, &settings, "state", "runtime"), 0);
	spool_open(spool);
	now = clock_now_ns(&clock_system);
}

static int set_up(void **state)
{
	(void)state;
	return mkdir("state", 0700) == 0 && mkdir("runtime", 0700) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	spool = spool_free(spool);
	return system("rm -rf state runtime");
}

static void turn(void)
{
	spool_turn(spool, true, now);
}

static struct spool_status status(void)
{
	struct spool_status ret;

	spool_get_status(spool, &ret);
	return ret;
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

static uint64_t number(const char *name)
{
	int sequence = spool_sequence(spool, name);

	assert_true(sequence >= 0);
	if (spool_number(spool, sequence) == 0)
		turn();
	return spool_number(spool, sequence);
}

static void numbers_part(void)
{
	int sequence;

	assert_int_equal(spool_new(&spool, &settings, "state", "runtime"), 0);
	sequence = spool_sequence(spool, "a");
	if (sequence != spool_sequence(spool, "a") ||
	    sequence == spool_sequence(spool, "b"))
		_exit(1);
	spool_open(spool);
	now = clock_now_ns(&clock_system);
	for (uint64_t i = 1; i <= 2345; i++) {
		if (spool_number(spool, sequence) != i)
			_exit(1);
		turn();
	}
}

static void a_number_is_never_used_twice(void **state)
{
	uint64_t first, reboot;

	(void)state;
	crash(numbers_part);
	open_spool();
	first = number("a");
	assert_in_range(first, 2346, 2345 + 2 * SPOOL_NUMBER_BLOCK);
	spool = spool_free(spool);
	a_reboot();
	open_spool();
	reboot = number("a");
	assert_in_range(reboot, first + 1, first + 2 * SPOOL_NUMBER_BLOCK);
	assert_int_equal(number("b"), SPOOL_NUMBER_BLOCK + 1);
	/* The disk breaks: the runtime directory knows too. */
	spool = spool_free(spool);
	temp_file("state/spool.db", "gone\n");
	open_spool();
	assert_true(number("a") > reboot);
}

static void a_clean_stop_leaves_no_gap(void **state)
{
	int sequence;

	(void)state;
	assert_int_equal(spool_new(&spool, &settings, "state", "runtime"), 0);
	sequence = spool_sequence(spool, "a");
	for (uint64_t i = 1; i <= 3; i++) {
		spool_open(spool);
		now = clock_now_ns(&clock_system);
		assert_int_equal(spool_number(spool, sequence), i);
		spool_park(spool);
		assert_int_equal(spool_number(spool, sequence), 0);
		spool = spool_free(spool);
		assert_int_equal(spool_new(&spool, &settings, "state", "runtime"), 0);
		sequence = spool_sequence(spool, "a");
	}
}

static void numbers_are_few_writes(void **state)
{
	uint64_t before;
	int sequence;

	(void)state;
	assert_int_equal(spool_new(&spool, &settings, "state", "runtime"), 0);
	sequence = spool_sequence(spool, "a");
	spool_open(spool);
	now = clock_now_ns(&clock_system);
	before = status().disk_bytes_written;
	for (uint64_t i = 1; i <= 10000; i++) {
		assert_int_equal(spool_number(spool, sequence), i);
		turn();
	}
	/* A page and its header for each block. */
	assert_in_range(status().disk_bytes_written - before, 9 * 4096, 21 * 4200);
}

static void numbers_go_on_without_any_directory(void **state)
{
	int sequence;

	(void)state;
	assert_int_equal(spool_new(&spool, &settings, NULL, NULL), 0);
	sequence = spool_sequence(spool, "a");
	assert_int_equal(spool_number(spool, sequence), 0); /* not open yet */
	spool_open(spool);
	now = clock_now_ns(&clock_system);
	for (uint64_t i = 1; i <= 5000; i++) {
		assert_int_equal(spool_number(spool, sequence), i);
		turn();
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		TEST(a_number_is_never_used_twice),
		TEST(a_clean_stop_leaves_no_gap),
		TEST(numbers_are_few_writes),
		TEST(numbers_go_on_without_any_directory),
#undef TEST
	};

	return cmocka_run_group_tests_name("spool_number", tests, temp_dir_enter,
					   temp_dir_leave);
}
