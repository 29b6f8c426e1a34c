// SPDX-License-Identifier: MIT
/* test_queue.c — a bounded queue between threads */
#include "mqttnode/queue.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>

#include "unit.h"

static bool readable(const struct queue *q)
{
	struct pollfd p = { .fd = queue_fd(q), .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

static void keeps_order_and_refuses_when_full(void **state)
{
	_cleanup_(queue_freep) struct queue *q = NULL;
	int items[4];

	(void)state;
	assert_int_equal(queue_new(&q, 3, NULL), 0);
	assert_false(readable(q));
	assert_null(queue_pop(q));
	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < 3; i++)
			assert_int_equal(queue_push(q, &items[i]), 0);
		assert_int_equal(queue_push(q, &items[3]), -ENOBUFS);
		assert_int_equal(queue_dropped(q), round + 1);
		assert_int_equal(queue_length(q), 3);
		for (int i = 0; i < 3; i++) {
			assert_true(readable(q));
			assert_ptr_equal(queue_pop(q), &items[i]);
		}
		assert_false(readable(q));
	}
}

static unsigned int freed;

static void count_free(void *item)
{
	free(item);
	freed++;
}

static void frees_what_is_left(void **state)
{
	struct queue *q;

	(void)state;
	assert_int_equal(queue_new(&q, 2, count_free), 0);
	assert_int_equal(queue_push(q, malloc(1)), 0);
	assert_int_equal(queue_push(q, malloc(1)), 0);
	assert_null(queue_free(q));
	assert_int_equal(freed, 2);
	assert_null(queue_free(NULL));
}

#define ITEMS 20000

static void *producer(void *arg)
{
	struct queue *q = arg;

	for (uintptr_t i = 1; i <= ITEMS; i++)
		while (queue_push(q, (void *)i) < 0) /* NOLINT: numbers as items */
			;
	return NULL;
}

static void carries_between_threads(void **state)
{
	_cleanup_(queue_freep) struct queue *q = NULL;
	uintptr_t expected = 1;
	pthread_t thread;

	(void)state;
	assert_int_equal(queue_new(&q, 16, NULL), 0);
	assert_int_equal(pthread_create(&thread, NULL, producer, q), 0);
	while (expected <= ITEMS) {
		struct pollfd p = { .fd = queue_fd(q), .events = POLLIN };
		void *item;

		assert_int_equal(poll(&p, 1, 10000), 1);
		while ((item = queue_pop(q)))
			assert_int_equal((uintptr_t)item, expected++);
	}
	assert_int_equal(pthread_join(thread, NULL), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_order_and_refuses_when_full),
		cmocka_unit_test(frees_what_is_left),
		cmocka_unit_test(carries_between_threads),
	};

	return cmocka_run_group_tests_name("queue", tests, NULL, NULL);
}
