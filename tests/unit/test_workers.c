// SPDX-License-Identifier: MIT
/* test_workers.c — work that blocks delays no other, and nobody waits for it */
#include "mqttnode/workers.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "unit.h"

#define DEADLINE_US UINT64_C(10000000)

struct job {
	struct work work;
	sem_t *blocks; /* what it waits for; NULL: nothing */
	bool done;
};

static sd_event *event;
static struct workers *workers;
static int n_done;
static atomic_int n_begun, n_discarded;

static struct job *job_of(struct work *work)
{
	return container_of(work, struct job, work);
}

static void run(struct work *work)
{
	n_begun++;
	if (job_of(work)->blocks)
		while (sem_wait(job_of(work)->blocks) < 0)
			assert_int_equal(errno, EINTR);
}

static void done(struct work *work)
{
	assert_false(job_of(work)->done);
	job_of(work)->done = true;
	n_done++;
}

static void discard(struct work *work)
{
	(void)work;
	n_discarded++;
}

static struct job job(sem_t *blocks)
{
	return (struct job){ .work = { .run = run, .done = done, .discard = discard },
			     .blocks = blocks };
}

static int set_up(void **state)
{
	(void)state;
	n_done = 0;
	n_begun = n_discarded = 0;
	if (sd_event_new(&event) < 0)
		return -1;
	return workers_new(&workers, event, 100);
}

static int tear_down(void **state)
{
	(void)state;
	workers = workers_free(workers);
	event = sd_event_unref(event);
	return 0;
}

static void wait_done(int n)
{
	while (n_done < n)
		assert_true(sd_event_run(event, DEADLINE_US) > 0);
}

static void wait_atomic(atomic_int *value, int n)
{
	for (int i = 0; *value < n; i++) {
		assert_true(i < 10000);
		(void)poll(NULL, 0, 1); /* there is no event for it */
	}
}

static void work_is_done_in_order(void **state)
{
	static struct job jobs[1000];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(jobs); i++) {
		jobs[i] = job(NULL);
		assert_int_equal(workers_submit(workers, &jobs[i].work), 0);
	}
	wait_done(ARRAY_SIZE(jobs));
	for (size_t i = 0; i < ARRAY_SIZE(jobs); i++)
		assert_true(jobs[i].done);
}

static void stuck_work_delays_no_other(void **state)
{
	struct job stuck[20], quick[20];
	sem_t never;

	(void)state;
	assert_int_equal(sem_init(&never, 0, 0), 0);
	for (size_t i = 0; i < ARRAY_SIZE(stuck); i++) {
		stuck[i] = job(&never);
		assert_int_equal(workers_submit(workers, &stuck[i].work), 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(quick); i++) {
		quick[i] = job(NULL);
		assert_int_equal(workers_submit(workers, &quick[i].work), 0);
	}
	wait_done(ARRAY_SIZE(quick));
	for (size_t i = 0; i < ARRAY_SIZE(stuck); i++)
		assert_false(stuck[i].done);
	for (size_t i = 0; i < ARRAY_SIZE(stuck); i++)
		assert_int_equal(sem_post(&never), 0);
	wait_done(ARRAY_SIZE(stuck) + ARRAY_SIZE(quick));
	assert_int_equal(sem_destroy(&never), 0);
}

static void no_more_threads_than_allowed(void **state)
{
	struct job stuck[2], third;
	sem_t gate;

	(void)state;
	workers = workers_free(workers);
	assert_int_equal(workers_new(&workers, event, 2), 0);
	assert_int_equal(sem_init(&gate, 0, 0), 0);
	for (size_t i = 0; i < ARRAY_SIZE(stuck); i++) {
		stuck[i] = job(&gate);
		assert_int_equal(workers_submit(workers, &stuck[i].work), 0);
	}
	third = job(NULL);
	assert_int_equal(workers_submit(workers, &third.work), 0);
	while (n_begun < 2)
		assert_true(sd_event_run(event, DEADLINE_US) > 0);
	for (int i = 0; i < 5; i++) /* of its timer */
		assert_true(sd_event_run(event, DEADLINE_US) > 0);
	assert_int_equal(n_begun, 2);
	assert_int_equal(sem_post(&gate), 0);
	wait_done(2);
	assert_true(third.done);
	assert_int_equal(sem_post(&gate), 0);
	wait_done(3);
	assert_int_equal(sem_destroy(&gate), 0);
}

static void an_owner_that_goes_waits_for_nobody(void **state)
{
	static struct job stuck, waiting;
	static sem_t gate;

	(void)state;
	assert_int_equal(sem_init(&gate, 0, 0), 0);
	stuck = job(&gate);
	waiting = job(NULL);
	workers = workers_free(workers);
	assert_int_equal(workers_new(&workers, event, 1), 0);
	assert_int_equal(workers_submit(workers, &stuck.work), 0);
	wait_atomic(&n_begun, 1);
	assert_int_equal(workers_submit(workers, &waiting.work), 0);
	workers = workers_free(workers);
	assert_int_equal(n_discarded, 0);
	assert_int_equal(sem_post(&gate), 0);
	wait_atomic(&n_discarded, 2);
	assert_int_equal(n_done, 0);
}

static void idle_workers_cost_nothing(void **state)
{
	struct job once = job(NULL);

	(void)state;
	assert_int_equal(workers_submit(workers, &once.work), 0);
	wait_done(1);
	while (sd_event_run(event, 20000) > 0)
		; /* the timer that looked after it */
	assert_int_equal(sd_event_run(event, 50000), 0);
	assert_null(workers_free(NULL));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		TEST(work_is_done_in_order),
		TEST(stuck_work_delays_no_other),
		TEST(no_more_threads_than_allowed),
		TEST(an_owner_that_goes_waits_for_nobody),
		TEST(idle_workers_cost_nothing),
#undef TEST
	};

	return cmocka_run_group_tests_name("workers", tests, NULL, NULL);
}
