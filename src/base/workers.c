// SPDX-License-Identifier: MIT
/*
 * workers.c — work that may block, done by threads that nobody waits for
 *
 * A few threads would do if no work ever blocked, and as many as there is work
 * may be needed if all of it does. So there is one thread to begin with, and
 * when for STUCK_US no work was taken although some waits, those that are
 * there are stuck: as many more are started as work waits. They stay.
 *
 * The threads share a pool with the owner, and the last one to leave releases
 * it: an owner that goes waits for none of them.
 */
#include "mqttnode/workers.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "mqttnode/fd.h"

#define STUCK_US UINT64_C(5000)
/* Reading and writing files needs little; hundreds must fit into 32 bits of addresses. */
#define STACK_SIZE ((size_t)256 * 1024)

STAILQ_HEAD(work_list, work);

/* What owner and threads share. */
struct pool {
	pthread_mutex_t lock; /* protects all below */
	pthread_cond_t cond;
	struct work_list waiting, finished;
	unsigned int n_waiting;
	unsigned int n_threads, n_idle;
	uint64_t taken;
	bool closed;
	unsigned int references;
	int event_fd;
};

struct workers {
	struct pool *pool;
	unsigned int threads_max;
	sd_event *event; /* borrowed */
	sd_event_source *finished, *timer;
	uint64_t taken; /* when the timer was set */
};

static void discard_all(struct work_list *list)
{
	struct work *work;

	while ((work = STAILQ_FIRST(list))) {
		STAILQ_REMOVE_HEAD(list, link);
		work->discard(work);
	}
}

/* Drops one reference; with the lock held, which is released. */
static void pool_leave(struct pool *pool)
{
	bool last = --pool->references == 0;

	(void)pthread_mutex_unlock(&pool->lock);
	if (!last)
		return;
	discard_all(&pool->waiting);
	discard_all(&pool->finished);
	(void)fd_close(pool->event_fd);
	(void)pthread_cond_destroy(&pool->cond);
	(void)pthread_mutex_destroy(&pool->lock);
	free(pool);
}

/* Waits for work and takes it; NULL when the owner is gone. With the lock held. */
static struct work *take(struct pool *pool)
{
	struct work *work;

	pool->n_idle++;
	while (!pool->closed && STAILQ_EMPTY(&pool->waiting))
		(void)pthread_cond_wait(&pool->cond, &pool->lock);
	pool->n_idle--;
	if (pool->closed)
		return NULL;
	work = STAILQ_FIRST(&pool->waiting);
	STAILQ_REMOVE_HEAD(&pool->waiting, link);
	pool->n_waiting--;
	pool->taken++;
	return work;
}

static void *worker_thread(void *arg)
{
	struct pool *pool = arg;
	struct work *work;

	(void)pthread_mutex_lock(&pool->lock);
	while ((work = take(pool))) {
		(void)pthread_mutex_unlock(&pool->lock);
		work->run(work);
		(void)pthread_mutex_lock(&pool->lock);
		STAILQ_INSERT_TAIL(&pool->finished, work, link);
		fd_event_signal(pool->event_fd);
	}
	pool_leave(pool);
	return NULL;
}

/* Starts one more thread, with the lock held. 0 or -errno. */
static int start_thread(struct pool *pool)
{
	pthread_attr_t attributes;
	pthread_t thread;
	int r;

	r = -pthread_attr_init(&attributes);
	if (r < 0)
		return r;
	(void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	(void)pthread_attr_setstacksize(&attributes, STACK_SIZE);
	pool->references++;
	pool->n_threads++;
	r = -pthread_create(&thread, &attributes, worker_thread, pool);
	if (r < 0) {
		pool->references--;
		pool->n_threads--;
	} else {
		(void)pthread_setname_np(thread, "worker");
	}
	(void)pthread_attr_destroy(&attributes);
	return r;
}

/* With the lock held. */
static void set_timer(struct workers *w)
{
	w->taken = w->pool->taken;
	(void)sd_event_source_set_time_relative(w->timer, STUCK_US);
	(void)sd_event_source_set_enabled(w->timer, SD_EVENT_ONESHOT);
}

/* Work was waiting: if nobody took any since, those who could are stuck. */
static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct workers *w = userdata;
	struct pool *pool = w->pool;

	(void)source;
	(void)usec;
	(void)pthread_mutex_lock(&pool->lock);
	if (pool->taken == w->taken)
		for (unsigned int i = 0;
		     i < pool->n_waiting && pool->n_threads < w->threads_max; i++)
			(void)start_thread(pool); /* tried again by the next timer */
	if (pool->n_waiting > 0)
		set_timer(w);
	(void)pthread_mutex_unlock(&pool->lock);
	return 0;
}

static int on_finished(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct work_list finished = STAILQ_HEAD_INITIALIZER(finished);
	struct workers *w = userdata;
	struct work *work;

	(void)source;
	(void)revents;
	(void)fd_event_clear(fd);
	(void)pthread_mutex_lock(&w->pool->lock);
	STAILQ_CONCAT(&finished, &w->pool->finished);
	(void)pthread_mutex_unlock(&w->pool->lock);
	while ((work = STAILQ_FIRST(&finished))) {
		STAILQ_REMOVE_HEAD(&finished, link);
		work->done(work);
	}
	return 0;
}

static int pool_new(struct pool **ret)
{
	struct pool *pool = calloc(1, sizeof(*pool));
	int r;

	if (!pool)
		return -ENOMEM;
	pool->event_fd = fd_event_new();
	if (pool->event_fd < 0) {
		r = pool->event_fd;
		free(pool);
		return r;
	}
	(void)pthread_mutex_init(&pool->lock, NULL);
	(void)pthread_cond_init(&pool->cond, NULL);
	STAILQ_INIT(&pool->waiting);
	STAILQ_INIT(&pool->finished);
	pool->references = 1;
	*ret = pool;
	return 0;
}

int workers_new(struct workers **ret, sd_event *event, unsigned int threads_max)
{
	_cleanup_(workers_freep) struct workers *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return -ENOMEM;
	w->event = event;
	w->threads_max = threads_max;
	r = pool_new(&w->pool);
	if (r < 0)
		return r;
	r = sd_event_add_io(event, &w->finished, w->pool->event_fd, EPOLLIN, on_finished,
			    w);
	if (r >= 0)
		r = sd_event_add_time_relative(event, &w->timer, CLOCK_MONOTONIC,
					       STUCK_US, 1, on_timer, w);
	if (r >= 0)
		r = sd_event_source_set_enabled(w->timer, SD_EVENT_OFF);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(w);
	return 0;
}

struct workers *workers_free(struct workers *w)
{
	if (!w)
		return NULL;
	w->finished = sd_event_source_disable_unref(w->finished);
	w->timer = sd_event_source_disable_unref(w->timer);
	if (w->pool) {
		(void)pthread_mutex_lock(&w->pool->lock);
		w->pool->closed = true;
		(void)pthread_cond_broadcast(&w->pool->cond);
		pool_leave(w->pool);
	}
	free(w);
	return NULL;
}

int workers_submit(struct workers *w, struct work *work)
{
	struct pool *pool = w->pool;
	int r = 0;

	(void)pthread_mutex_lock(&pool->lock);
	if (pool->n_threads == 0)
		r = start_thread(pool);
	if (r == 0) {
		STAILQ_INSERT_TAIL(&pool->waiting, work, link);
		pool->n_waiting++;
		(void)pthread_cond_signal(&pool->cond);
		if (pool->n_waiting == 1)
			set_timer(w);
	}
	(void)pthread_mutex_unlock(&pool->lock);
	return r;
}
