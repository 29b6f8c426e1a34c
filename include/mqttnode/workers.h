/* SPDX-License-Identifier: MIT */
/*
 * workers.h — work that may block, done by threads that nobody waits for
 *
 * For reads and writes of files: a sensor's file in sysfs may take seconds, a
 * network file system for ever. One piece of work that is stuck never delays
 * another for more than a few milliseconds. All functions belong to the thread
 * of the event loop.
 */
#ifndef MQTTNODE_WORKERS_H
#define MQTTNODE_WORKERS_H

#include "mqttnode/cleanup.h"

#include <sys/queue.h>
#include <systemd/sd-event.h>

struct workers;

/*
 * A piece of work, part of a larger struct. Between workers_submit() and the
 * call of @done or @discard it belongs to the workers.
 */
struct work {
	STAILQ_ENTRY(work) link;
	void (*run)(struct work *work);	    /* does it; in any thread */
	void (*done)(struct work *work);    /* it is done; in the event loop */
	void (*discard)(struct work *work); /* nobody waits any more; in any thread */
};

/*
 * Workers that report to @event, at most @threads_max: as many as pieces of
 * work can be under way at once. 0 or -errno.
 */
int workers_new(struct workers **ret, sd_event *event, unsigned int threads_max);

/*
 * Does not wait: what is under way is discarded when it ends. Accepts NULL,
 * returns NULL.
 */
struct workers *workers_free(struct workers *w);

/* Has @work done. 0, or -errno if there is no thread to do it: it stays the caller's. */
int workers_submit(struct workers *w, struct work *work);

DEFINE_CLEANUP(struct workers, workers_free);

#endif
