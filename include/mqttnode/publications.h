/* SPDX-License-Identifier: MIT */
/*
 * publications.h — what is published and when
 *
 * Theory of operation
 *
 * A publication is a source, triggers, shaping and delivery:
 *
 *	source	  text with variables; a file; a program; a GPIO line
 *	trigger	  an interval, the begin of a session, a change
 *	shaping	  first line or whole, a number scaled and rounded (shaping.h)
 *	delivery  topic, QoS, retain: struct mqtt_outgoing, given to a sink
 *
 * One thread, "publish", looks at all sources when they are due and composes
 * the messages. It never waits for a source, a disk or the network, so nothing
 * that is slow delays anything else; and nobody waits for it. What may block is
 * done by workers (workers.h), which answer by an event. The MQTT thread, which
 * may be inside the resolver for seconds, only takes what was composed: beats
 * are kept and numbers are given out meanwhile.
 *
 *	workers ── answer ────────────────────> publish
 *	publish ── sink: struct mqtt_outgoing ─> mqtt_publish() ─> mqtt
 *	publish <─ publications_session() ────── mqtt
 *
 * Each publication has beats on a grid of the monotonic clock. A beat that is
 * missed is skipped and counted; the next one is where it always was. The first
 * beat of QoS 0 is the first session, since before that it could only be
 * dropped; that of QoS 1 and 2 is the start. A beat is a look at the source.
 * With the trigger "interval" each look is published, with "change" one that
 * differs from what was published last. What the broker has of QoS 0 is not
 * known after a session was lost: the first look in a new one counts as a
 * change. While a source is slow to answer its beats are missed.
 *
 * The thread and its workers give up the daemon's capabilities: what they read
 * is what the user may read.
 */
#ifndef MQTTNODE_PUBLICATIONS_H
#define MQTTNODE_PUBLICATIONS_H

#include "mqttnode/cleanup.h"
#include "mqttnode/facts.h"
#include "mqttnode/mqtt.h"
#include "mqttnode/settings.h"
#include "mqttnode/spool.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct publications;

struct publications_counters {
	uint64_t composed; /* messages given to the sink */
	uint64_t missed;   /* beats that were due again before they could be taken */
	uint64_t failed;   /* looks at a source that gave nothing to publish */
};

/* Takes a message, which is gone after the call. Called in the thread "publish". */
typedef void (*publications_sink)(void *ctx, const struct mqtt_outgoing *message);

/*
 * @list, @facts and @spool, which gives numbers, must outlive it. 0 or -errno; release
 * with publications_free(). Main.
 */
int publications_new(struct publications **ret, const struct publication_settings *list,
		     size_t n, struct facts *facts, struct spool *spool,
		     publications_sink sink, void *ctx);

/* Stops the thread if it runs. Accepts NULL, returns NULL. Main. */
struct publications *publications_free(struct publications *p);

/* Starts the thread. 0 or -errno. Main. */
int publications_start(struct publications *p);

/* Ends the thread, which takes no longer than one look at a source. Main. */
void publications_stop(struct publications *p);

/*
 * @p, which was not started, takes the place of @old in the middle of a session. First
 * it learns of the session; publications_session() may be called from then on.
 * Then, when @old was stopped, those of its publications go on that are the same:
 * with their beats, and with what they published last. Main.
 */
void publications_join_session(struct publications *p, struct publications *old);
void publications_follow(struct publications *p, struct publications *old);

/* A session with the broker has begun or ended. Any thread; never waits. */
void publications_session(struct publications *p, bool online);

/*
 * Publishes, once and if there is a session, what has a name: somebody who waits for
 * it does not know it. Any thread; never waits.
 */
void publications_announce(struct publications *p);

/* A copy of the counters. Any thread. */
void publications_get_counters(struct publications *p, struct publications_counters *ret);

DEFINE_CLEANUP(struct publications, publications_free);

#endif
