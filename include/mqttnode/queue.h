/* SPDX-License-Identifier: MIT */
/*
 * queue.h — a bounded queue of pointers between threads
 *
 * First in, first out. Full means refused and counted, never blocked. The
 * descriptor of queue_fd() is readable while there may be something to take.
 */
#ifndef MQTTNODE_QUEUE_H
#define MQTTNODE_QUEUE_H

#include "mqttnode/cleanup.h"

#include <stddef.h>
#include <stdint.h>

struct queue;

/*
 * A queue of at most @capacity items (at least 1). @free_item releases what is
 * still inside when the queue goes; NULL if items need no release. Returns 0
 * or -errno; release with queue_free().
 */
int queue_new(struct queue **ret, size_t capacity, void (*free_item)(void *item));

/* Releases the queue and the items in it. Accepts NULL, returns NULL. */
struct queue *queue_free(struct queue *q);

/*
 * Appends @item, which is then owned by the queue. Returns 0, or -ENOBUFS when
 * full: the item stays the caller's and the drop is counted. Any thread.
 */
int queue_push(struct queue *q, void *item);

/* Takes the oldest item, which is then the caller's, or NULL when empty. Any thread. */
void *queue_pop(struct queue *q);

/* Readable while the queue is not empty. Owned by the queue. */
int queue_fd(const struct queue *q);

/* Items refused since the beginning, and items inside now. Any thread. */
uint64_t queue_dropped(struct queue *q);
size_t queue_length(struct queue *q);

DEFINE_CLEANUP(struct queue, queue_free);

#endif
