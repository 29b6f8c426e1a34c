// SPDX-License-Identifier: MIT
/* test_spool_number.c — numbers that are never used twice */
#include <unistd.h>

#include "spool_rig.h"
#include "temp_dir.h"
#include "unit.h"

static uint64_t number(const char *name)
{
	int sequence = spool_sequence(spool, name);

	assert_true(sequence >= 0);
	if (spool_number(spool, sequence) == 0)
		turn(true);
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
		turn(true);
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
	reboot_machine();
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
		turn(true);
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
		turn(true);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, spool_rig_set_up, spool_rig_tear_down)
		TEST(a_number_is_never_used_twice),
		TEST(a_clean_stop_leaves_no_gap),
		TEST(numbers_are_few_writes),
		TEST(numbers_go_on_without_any_directory),
#undef TEST
	};

	return cmocka_run_group_tests_name("spool_number", tests, temp_dir_enter,
					   temp_dir_leave);
}
