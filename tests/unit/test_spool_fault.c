// SPDX-License-Identifier: MIT
/* test_spool_fault.c — the disk keeps what it has when it cannot be read or changed */
#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "../../src/app/spool_store.h"
#include "spool_rig.h"
#include "temp_dir.h"
#include "unit.h"

/* How many of the next calls fail. */
static int next_fails, measure_fails, remove_fails, set_number_fails;
static int reads; /* calls of spool_store_next() */

static bool fails(int *n)
{
	return *n > 0 && (*n)-- > 0;
}

int __wrap_spool_store_next(struct spool_store *s, uint64_t after, struct spool_row *ret);
int __real_spool_store_next(struct spool_store *s, uint64_t after, struct spool_row *ret);
int __wrap_spool_store_measure(struct spool_store *s, uint64_t after, uint64_t *messages,
			       uint64_t *bytes);
int __real_spool_store_measure(struct spool_store *s, uint64_t after, uint64_t *messages,
			       uint64_t *bytes);
int __wrap_spool_store_remove(struct spool_store *s, uint64_t first, uint64_t last);
int __real_spool_store_remove(struct spool_store *s, uint64_t first, uint64_t last);

int __wrap_spool_store_set_number(struct spool_store *s, const char *name,
				  uint64_t value);
int __real_spool_store_set_number(struct spool_store *s, const char *name,
				  uint64_t value);

int __wrap_spool_store_next(struct spool_store *s, uint64_t after, struct spool_row *ret)
{
	reads++;
	return fails(&next_fails) ? -EIO : __real_spool_store_next(s, after, ret);
}

int __wrap_spool_store_measure(struct spool_store *s, uint64_t after, uint64_t *messages,
			       uint64_t *bytes)
{
	return fails(&measure_fails)
		       ? -EIO
		       : __real_spool_store_measure(s, after, messages, bytes);
}

int __wrap_spool_store_remove(struct spool_store *s, uint64_t first, uint64_t last)
{
	return fails(&remove_fails) ? -EIO : __real_spool_store_remove(s, first, last);
}

int __wrap_spool_store_set_number(struct spool_store *s, const char *name, uint64_t value)
{
	return fails(&set_number_fails) ? -EIO
					: __real_spool_store_set_number(s, name, value);
}

static int set_up(void **state)
{
	next_fails = measure_fails = remove_fails = set_number_fails = 0;
	return spool_rig_set_up(state);
}

/* A spool with the messages 1 to @n on the disk. */
static void open_with_backlog(unsigned int n)
{
	open_spool();
	put_range(1, n);
	spool_park(spool);
	assert_int_equal(status().on_disk, n);
	turn(true);
}

static void a_backlog_that_cannot_be_read_once_is_sent_later(void **state)
{
	(void)state;
	open_with_backlog(50);
	next_fails = 1;
	expect_none();
	put(51);
	turn(true);
	expect_none(); /* it would pass the others */
	assert_int_equal(status().messages, 51);
	assert_int_equal(status().disk_error, EIO);
	now += 10 * SECOND;
	deliver(1, 51);
	now += 10 * SECOND;
	turn(true);
	assert_int_equal(status().disk_error, 0);
	assert_int_equal(status().dropped_error, 0);
}

static void a_backlog_that_cannot_be_counted_is_sent_later(void **state)
{
	(void)state;
	open_with_backlog(50);
	next_fails = measure_fails = 1;
	expect_none();
	assert_int_equal(status().messages, 50);
	assert_int_equal(spool_waiting(spool), 50);
	now += 10 * SECOND;
	measure_fails = 1;
	turn(true);
	expect_none();
	assert_int_equal(status().messages, 50);
	now += 10 * SECOND;
	deliver(1, 50);
	assert_int_equal(status().dropped_error, 0);
}

static void a_backlog_that_cannot_be_counted_at_first_is_sent_later(void **state)
{
	(void)state;
	open_with_backlog(50);
	spool = spool_free(spool);
	measure_fails = 2; /* it counts twice */
	open_spool();
	put(51);
	turn(true);
	expect_none();
	now += 10 * SECOND;
	deliver(1, 51);
}

static void
what_cannot_be_read_is_tried_now_and_then_and_set_aside_in_the_end(void **state)
{
	int seconds = 0;

	(void)state;
	open_with_backlog(5);
	next_fails = INT_MAX;
	reads = 0;
	for (; access("state/spool.db.unusable", F_OK) < 0; seconds++) {
		assert_in_range(seconds, 0, 70);
		for (int i = 0; i < 10; i++) {
			turn(true);
			expect_none();
		}
		assert_int_equal(status().dropped_error, seconds < 55 ? 0 : 5);
		now += SECOND;
	}
	assert_in_range(seconds, 50, 70);
	assert_in_range(reads, 10, 20);
	next_fails = 0;
	assert_int_equal(status().messages, 0);
	put_range(6, 9);
	deliver(6, 9);
}

static void what_is_refused_and_cannot_be_removed_is_passed(void **state)
{
	struct spool_message m;

	(void)state;
	open_with_backlog(3);
	remove_fails = INT_MAX;
	assert_true(spool_next(spool, &m));
	spool_refused(spool);
	remove_fails = 0;
	assert_int_equal(status().dropped_error, 1);
	assert_int_equal(status().messages, 2);
	expect(2);
	now += 10 * SECOND;
	turn(true); /* removed, behind it nothing is */
	assert_true(spool_acknowledged(spool, 2));
	deliver(3, 3);
	spool_park(spool);
	spool = spool_free(spool);
	open_spool();
	assert_int_equal(status().messages, 0);
}

static void half_delivered_part(void)
{
	open_spool();
	put_as(1, 2, false);
	turn(true);
	set_number_fails = 1;
	expect(1);
	if (status().disk_error != EIO)
		_exit(1);
	now += 10 * SECOND;
	turn(true);
	if (status().disk_error != 0)
		_exit(1);
}

static void that_there_may_be_halves_is_written_later_if_it_fails_once(void **state)
{
	(void)state;
	crash(half_delivered_part);
	reboot_machine();
	open_spool();
	assert_true(spool_has_halves(spool));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, spool_rig_tear_down)
		TEST(a_backlog_that_cannot_be_read_once_is_sent_later),
		TEST(a_backlog_that_cannot_be_counted_is_sent_later),
		TEST(a_backlog_that_cannot_be_counted_at_first_is_sent_later),
		TEST(what_cannot_be_read_is_tried_now_and_then_and_set_aside_in_the_end),
		TEST(what_is_refused_and_cannot_be_removed_is_passed),
		TEST(that_there_may_be_halves_is_written_later_if_it_fails_once),
#undef TEST
	};

	return cmocka_run_group_tests_name("spool_fault", tests, temp_dir_enter,
					   temp_dir_leave);
}
