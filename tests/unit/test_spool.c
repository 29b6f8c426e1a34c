// SPDX-License-Identifier: MIT
/* test_spool.c — what waits is in order and bounded */
#include <string.h>

#include "spool_rig.h"
#include "temp_dir.h"
#include "unit.h"

static void messages_leave_in_their_order_and_are_removed_when_acknowledged(void **state)
{
	uint64_t oldest;

	(void)state;
	open_spool();
	put_range(1, 3);
	assert_int_equal(spool_waiting(spool), 3);
	assert_int_equal(spool_in_flight(spool).oldest, 0);
	turn(true);
	for (unsigned int i = 1; i <= 3; i++)
		expect(i);
	expect_none();
	assert_int_equal(spool_in_flight(spool).messages, 3);
	assert_false(spool_acknowledged(spool, 99));
	/* Out of order: the window moves with the oldest. */
	assert_true(spool_acknowledged(spool, 3));
	assert_false(spool_acknowledged(spool, 3));
	assert_int_equal(spool_in_flight(spool).messages, 3);
	assert_int_equal(status().messages, 2);
	oldest = spool_in_flight(spool).oldest;
	assert_int_not_equal(oldest, 0);
	assert_true(spool_acknowledged(spool, 1));
	assert_int_equal(spool_in_flight(spool).messages, 2);
	assert_int_not_equal(spool_in_flight(spool).oldest, oldest);
	assert_true(spool_acknowledged(spool, 2));
	assert_int_equal(spool_in_flight(spool).messages, 0);
	assert_int_equal(spool_in_flight(spool).oldest, 0);
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
	spool_set_settings(spool, &settings);
	assert_int_equal(status().messages, 1);
	put(1); /* what is larger than all of it finds no place; what is not, does */
	assert_int_equal(status().messages, 2);
	settings.bytes = 60000;
	spool_set_settings(spool, &settings);
	assert_int_equal(status().messages, 1);
	spool_put(spool, &m);
	assert_int_equal(status().messages, 1);
	assert_int_equal(status().dropped_full, 11);
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
	assert_int_equal(spool_in_flight(spool).messages, 20);
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

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, spool_rig_set_up, spool_rig_tear_down)
		TEST(messages_leave_in_their_order_and_are_removed_when_acknowledged),
		TEST(what_is_refused_blocks_nothing),
		TEST(the_oldest_are_dropped_when_it_is_full),
		TEST(the_newest_are_dropped_when_it_is_full),
		TEST(bytes_are_limited_too),
		TEST(what_is_under_way_is_not_dropped),
		TEST(messages_that_are_not_stored_have_a_limit_of_their_own),
#undef TEST
	};

	return cmocka_run_group_tests_name("spool", tests, temp_dir_enter,
					   temp_dir_leave);
}
