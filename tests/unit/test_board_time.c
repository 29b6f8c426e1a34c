// SPDX-License-Identifier: MIT
/* test_board_time.c — the two kinds of board time */
#include "sim/board_time.h"

#include <pthread.h>
#include <stddef.h>

#include "mqttnode/clock.h"

#include "unit.h"

struct note {
	struct board_event event;
	struct board_time *time;
	uint64_t ran_ns;
	unsigned int order, n;
	uint64_t again_ns; /* schedule once more, so much later */
};

static unsigned int order;

static void on_due(struct board_event *event)
{
	struct note *note = container_of(event, struct note, event);

	note->ran_ns = board_time_now_ns(note->time);
	note->order = ++order;
	note->n++;
	if (note->again_ns > 0)
		board_time_schedule(note->time, event, note->ran_ns + note->again_ns);
}

static struct note note_on(struct board_time *time)
{
	return (struct note){ .event.on_due = on_due, .time = time };
}

static int setup(void **state)
{
	order = 0;
	return board_time_new_virtual((struct board_time **)state);
}

static int teardown(void **state)
{
	*state = board_time_free(*state);
	return 0;
}

static void virtual_time_stands_still_by_itself(void **state)
{
	const struct clock *clock = board_time_clock(*state);
	uint64_t start = clock_now_ns(clock);

	assert_true(start > 0);
	assert_false(board_time_is_real(*state));
	assert_int_equal(clock_now_ns(clock), start);
	clock_sleep_ns(clock, 12345);
	assert_int_equal(clock_now_ns(clock), start + 12345);
	board_time_advance(*state, start); /* not back */
	assert_int_equal(board_time_now_ns(*state), start + 12345);
	board_time_catch_up(*state);
	board_time_wait_real(*state, start + NSEC_PER_SEC);
	assert_int_equal(clock_now_ns(clock), start + 12345);
	assert_int_equal(board_time_waits(*state), 0);
}

static void events_run_in_order_at_their_own_time(void **state)
{
	struct note a = note_on(*state), b = note_on(*state), c = note_on(*state),
		    gone = note_on(*state);
	uint64_t start = board_time_now_ns(*state);

	assert_int_equal(board_time_next_ns(*state), BOARD_TIME_NEVER);
	board_time_schedule(*state, &c.event, start + 300);
	board_time_schedule(*state, &a.event, start + 100);
	board_time_schedule(*state, &b.event, start + 100); /* same time: after a */
	board_time_schedule(*state, &gone.event, start + 50);
	board_time_cancel(*state, &gone.event);
	board_time_cancel(*state, &gone.event);
	assert_int_equal(board_time_next_ns(*state), start + 100);
	clock_sleep_ns(board_time_clock(*state), 299);
	assert_int_equal(a.order, 1);
	assert_int_equal(b.order, 2);
	assert_int_equal(a.ran_ns, start + 100);
	assert_int_equal(c.n, 0);
	board_time_schedule(*state, &a.event, 0); /* in the past: now, but before c */
	board_time_advance(*state, start + 400);
	assert_int_equal(a.ran_ns, start + 299);
	assert_int_equal(c.ran_ns, start + 300);
	assert_int_equal(a.n + b.n + c.n + gone.n, 4);
}

static void a_pending_event_can_be_moved(void **state)
{
	struct note a = note_on(*state);
	uint64_t start = board_time_now_ns(*state);

	board_time_schedule(*state, &a.event, start + 100);
	board_time_schedule(*state, &a.event, start + 200);
	board_time_advance(*state, start + 150);
	assert_int_equal(a.n, 0);
	assert_true(a.event.pending);
	board_time_advance(*state, start + 200);
	assert_int_equal(a.n, 1);
	assert_false(a.event.pending);
}

static void an_event_can_schedule_itself_within_one_advance(void **state)
{
	struct note a = note_on(*state);
	uint64_t start = board_time_now_ns(*state);

	a.again_ns = 10;
	board_time_schedule(*state, &a.event, start + 10);
	board_time_advance(*state, start + 100);
	assert_int_equal(a.n, 10);
	assert_int_equal(a.ran_ns, start + 100);
	board_time_cancel(*state, &a.event);
}

static void steps_go_from_event_to_event(void **state)
{
	struct note a = note_on(*state), b = note_on(*state);
	uint64_t start = board_time_now_ns(*state);

	board_time_schedule(*state, &a.event, start + 100);
	board_time_schedule(*state, &b.event, start + 200);
	assert_true(board_time_step(*state, start + 150));
	assert_int_equal(board_time_now_ns(*state), start + 100);
	assert_false(board_time_step(*state, start + 150));
	assert_int_equal(board_time_now_ns(*state), start + 150);
	assert_true(board_time_step(*state, start + 200));
	assert_int_equal(b.n, 1);
}

static uint64_t woken_for;

static void on_earlier(void *ctx, uint64_t when_ns)
{
	(void)ctx;
	woken_for = when_ns;
}

static void the_waker_hears_of_earlier_events_only(void **state)
{
	struct note a = note_on(*state), b = note_on(*state);
	uint64_t start = board_time_now_ns(*state);

	board_time_set_waker(*state, on_earlier, NULL);
	board_time_schedule(*state, &a.event, start + 100);
	assert_int_equal(woken_for, start + 100);
	woken_for = 0;
	board_time_schedule(*state, &b.event, start + 200);
	assert_int_equal(woken_for, 0);
	board_time_schedule(*state, &b.event, start + 50);
	assert_int_equal(woken_for, start + 50);
	board_time_cancel(*state, &a.event);
	board_time_cancel(*state, &b.event);
}

static void real_time_follows_the_machine(void **state)
{
	_cleanup_(board_time_freep) struct board_time *time = NULL;
	struct note a;
	uint64_t before = clock_now_ns(&clock_system);

	(void)state;
	assert_int_equal(board_time_new_real(&time), 0);
	assert_true(board_time_is_real(time));
	assert_ptr_equal(board_time_clock(time), &clock_system);
	assert_true(board_time_now_ns(time) >= before);
	a = note_on(time);
	/* Again if the machine was held up for all of the time to wait. */
	while (board_time_waits(time) == 0) {
		board_lock(time);
		board_time_catch_up(time);
		a.n = 0;
		board_time_schedule(time, &a.event,
				    board_time_now_ns(time) + NSEC_PER_MSEC);
		board_unlock(time);
		board_time_wait_real(time, a.event.when_ns);
	}
	assert_int_equal(a.n, 0);
	board_lock(time);
	board_time_catch_up(time);
	assert_int_equal(a.n, 1);
	assert_true(board_time_now_ns(time) <= clock_now_ns(&clock_system));
	board_unlock(time);
	board_time_wait_real(time, before); /* has passed: no wait */
	assert_int_equal(board_time_waits(time), 1);
}

static void *read_clock(void *arg)
{
	uint64_t *now = arg;

	*now = clock_now_ns(board_time_clock((struct board_time *)(uintptr_t)*now));
	return NULL;
}

static void the_clock_waits_for_the_board_lock(void **state)
{
	uint64_t start = board_time_now_ns(*state), seen = (uintptr_t)*state;
	pthread_t thread;

	board_lock(*state);
	assert_int_equal(pthread_create(&thread, NULL, read_clock, &seen), 0);
	board_time_advance(*state, start + 500);
	board_unlock(*state);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(seen, start + 500);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(virtual_time_stands_still_by_itself),
		TEST(events_run_in_order_at_their_own_time),
		TEST(a_pending_event_can_be_moved),
		TEST(an_event_can_schedule_itself_within_one_advance),
		TEST(steps_go_from_event_to_event),
		TEST(the_waker_hears_of_earlier_events_only),
		TEST(real_time_follows_the_machine),
		TEST(the_clock_waits_for_the_board_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
