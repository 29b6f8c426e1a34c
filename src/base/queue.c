// SPDX-License-Identifier: MIT
/* queue.c — a bounded queue of pointers between threads */
#include "mqttnode/queue.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>

#include "mqttnode/fd.h"

struct queue {
	pthread_mutex_t lock; /* protects all below but event_fd itself */
	size_t capacity;
	size_t first;
	size_t length;
	uint64_t dropped;
	void (*free_item)(void *item);
	int event_fd;
	void *items[];
};

int queue_new(struct queue **ret, size_t capacity, void (*free_item)(void *item))
{
	struct queue *q;

	assert(capacity > 0 && capacity < SIZE_MAX / sizeof(void *) - sizeof(*q));
	q = calloc(1, sizeof(*q) + capacity * sizeof(void *));
	if (!q)
		return -ENOMEM;
	q->event_fd = fd_event_new();
	if (q->event_fd < 0) {
		int r = q->event_fd;

		free(q);
		return r;
	}
	q->capacity = capacity;
	q->free_item = free_item;
	(void)pthread_mutex_init(&q->lock, NULL);
	*ret = q;
	return 0;
}

struct queue *queue_free(struct queue *q)
{
	if (!q)
		return NULL;
	for (size_t i = 0; q->free_item && i < q->length; i++)
		q->free_item(q->items[(q->first + i) % q->capacity]);
	(void)fd_close(q->event_fd);
	(void)pthread_mutex_destroy(&q->lock);
	free(q);
	return NULL;
}

int queue_push(struct queue *q, void *item)
{
	int r = 0;

	(void)pthread_mutex_lock(&q->lock);
	if (q->length == q->capacity) {
		q->dropped++;
		r = -ENOBUFS;
	} else {
		q->items[(q->first + q->length++) % q->capacity] = item;
		if (q->length == 1)
			fd_event_signal(q->event_fd);
	}
	(void)pthread_mutex_unlock(&q->lock);
	return r;
}

void *queue_pop(struct queue *q)
{
	void *item = NULL;

	(void)pthread_mutex_lock(&q->lock);
	if (q->length > 0) {
		item = q->items[q->first];
		q->first = (q->first + 1) % q->capacity;
		q->length--;
	}
	if (q->length == 0)
		(void)fd_event_clear(q->event_fd);
	(void)pthread_mutex_unlock(&q->lock);
	return item;
}

int queue_fd(const struct queue *q)
{
	return q->event_fd;
}

uint64_t queue_dropped(struct queue *q)
{
	uint64_t n;

	(void)pthread_mutex_lock(&q->lock);
	n = q->dropped;
	(void)pthread_mutex_unlock(&q->lock);
	return n;
}

size_t queue_length(struct queue *q)
{
	size_t n;

	(void)pthread_mutex_lock(&q->lock);
	n = q->length;
	(void)pthread_mutex_unlock(&q->lock);
	return n;
}
