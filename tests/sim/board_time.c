// SPDX-License-Identifier: MIT
/* board_time.c — the time of the simulated board, its events and its lock */
#include "board_time.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stddef.h>

/* Not zero, so that a driver that confuses "never" with time 0 shows it. */
#define VIRTUAL_START_NS NSEC_PER_SEC

struct board_time {
	struct clock clock; /* virtual time only */
	bool real;
	pthread_mutex_t lock;
	uint64_t now_ns;
	struct board_event *first; /* sorted by time */
	bool running;		   /* inside an event */
	uint64_t waits;
	void (*on_earlier)(void *ctx, uint64_t when_ns);
	void *on_earlier_ctx;
};

static struct board_time *from_clock(const struct clock *clock)
{
	return container_of(clock, struct board_time, clock);
}

static uint64_t virtual_now_ns(const struct clock *clock)
{
	struct board_time *t = from_clock(clock);
	uint64_t now;

	board_lock(t);
	now = t->now_ns;
	board_unlock(t);
	return now;
}

static void virtual_sleep_ns(const struct clock *clock, uint64_t ns)
{
	struct board_time *t = from_clock(clock);

	board_lock(t);
	board_time_advance(t, t->now_ns + ns);
	board_unlock(t);
}

static int board_time_new(struct board_time **ret, bool real)
{
	struct board_time *t = calloc(1, sizeof(*t));
	pthread_mutexattr_t attr;
	int r;

	if (!t)
		return -ENOMEM;
	t->real = real;
	t->clock.now_ns = virtual_now_ns;
	t->clock.sleep_ns = virtual_sleep_ns;
	t->now_ns = real ? clock_now_ns(&clock_system) : VIRTUAL_START_NS;
	r = pthread_mutexattr_init(&attr);
	assert(r == 0);
	r = pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
	assert(r == 0);
	r = pthread_mutex_init(&t->lock, &attr);
	assert(r == 0);
	(void)pthread_mutexattr_destroy(&attr);
	*ret = t;
	return 0;
}

int board_time_new_virtual(struct board_time **ret)
{
	return board_time_new(ret, false);
}

int board_time_new_real(struct board_time **ret)
{
	return board_time_new(ret, true);
}

struct board_time *board_time_free(struct board_time *t)
{
	if (!t)
		return NULL;
	(void)pthread_mutex_destroy(&t->lock);
	free(t);
	return NULL;
}

bool board_time_is_real(const struct board_time *t)
{
	return t->real;
}

const struct clock *board_time_clock(struct board_time *t)
{
	return t->real ? &clock_system : &t->clock;
}

void board_lock(struct board_time *t)
{
	int r = pthread_mutex_lock(&t->lock);

	assert(r == 0);
	(void)r;
}

void board_unlock(struct board_time *t)
{
	int r = pthread_mutex_unlock(&t->lock);

	assert(r == 0);
	(void)r;
}

uint64_t board_time_now_ns(const struct board_time *t)
{
	return t->now_ns;
}

void board_time_cancel(struct board_time *t, struct board_event *event)
{
	struct board_event **p;

	if (!event->pending)
		return;
	for (p = &t->first; *p != event; p = &(*p)->next)
		;
	*p = event->next;
	event->next = NULL;
	event->pending = false;
}

void board_time_schedule(struct board_time *t, struct board_event *event,
			 uint64_t when_ns)
{
	uint64_t before = board_time_next_ns(t);
	struct board_event **p;

	assert(event->on_due);
	board_time_cancel(t, event);
	event->when_ns = when_ns > t->now_ns ? when_ns : t->now_ns;
	for (p = &t->first; *p && (*p)->when_ns <= event->when_ns; p = &(*p)->next)
		;
	event->next = *p;
	*p = event;
	event->pending = true;
	if (t->on_earlier && event->when_ns < before)
		t->on_earlier(t->on_earlier_ctx, event->when_ns);
}

uint64_t board_time_next_ns(const struct board_time *t)
{
	return t->first ? t->first->when_ns : BOARD_TIME_NEVER;
}

static void run_first(struct board_time *t)
{
	struct board_event *event = t->first;

	board_time_cancel(t, event);
	if (event->when_ns > t->now_ns)
		t->now_ns = event->when_ns;
	event->on_due(event);
}

void board_time_advance(struct board_time *t, uint64_t until_ns)
{
	assert(!t->running);
	t->running = true;
	while (t->first && t->first->when_ns <= until_ns)
		run_first(t);
	t->running = false;
	if (until_ns > t->now_ns)
		t->now_ns = until_ns;
}

bool board_time_step(struct board_time *t, uint64_t limit_ns)
{
	uint64_t next = board_time_next_ns(t);
	bool due = next <= limit_ns;

	assert(!t->real);
	board_time_advance(t, due ? next : limit_ns);
	return due;
}

void board_time_catch_up(struct board_time *t)
{
	if (t->real && !t->running)
		board_time_advance(t, clock_now_ns(&clock_system));
}

void board_time_set_waker(struct board_time *t,
			  void (*on_earlier)(void *ctx, uint64_t when_ns), void *ctx)
{
	t->on_earlier = on_earlier;
	t->on_earlier_ctx = ctx;
}

void board_time_wait_real(struct board_time *t, uint64_t until_ns)
{
	uint64_t now;

	if (!t->real)
		return;
	now = clock_now_ns(&clock_system);
	if (now >= until_ns)
		return;
	board_lock(t);
	t->waits++;
	board_unlock(t);
	clock_sleep_ns(&clock_system, until_ns - now);
}

uint64_t board_time_waits(const struct board_time *t)
{
	return t->waits;
}
