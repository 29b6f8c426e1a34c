// SPDX-License-Identifier: MIT
/*
 * mqtt_publish.c — what is published and when
 *
 * Every publication has a beat on the monotonic clock. A beat that is missed is
 * skipped and counted; the next one is where it always was, so nothing drifts.
 * The first beat of QoS 0 is the first session, since before that it could only
 * be dropped; that of QoS 1 and 2 is the start.
 */
#include "mqtt_publish.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mqttnode/cleanup.h"
#include "mqttnode/clock.h"
#include "mqttnode/template.h"
#include "mqttnode/text.h"

struct beat {
	bool started;
	uint64_t due_ns;
	uint64_t seq; /* the last one given out */
};

struct mqtt_publisher {
	const struct publication_settings *publications; /* borrowed, as the next three */
	struct facts *facts;
	struct mqtt_outbox *outbox;
	struct mqtt_counters *counters;

	size_t n;
	struct beat beats[]; /* as publications */
};

int mqtt_publisher_new(struct mqtt_publisher **ret,
		       const struct publication_settings *publications, size_t n,
		       struct facts *facts, struct mqtt_outbox *outbox,
		       struct mqtt_counters *counters)
{
	struct mqtt_publisher *p;

	p = calloc(1, sizeof(*p) + n * sizeof(p->beats[0]));
	if (!p)
		return -ENOMEM;
	p->publications = publications;
	p->n = n;
	p->facts = facts;
	p->outbox = outbox;
	p->counters = counters;
	*ret = p;
	return 0;
}

struct mqtt_publisher *mqtt_publisher_free(struct mqtt_publisher *p)
{
	free(p);
	return NULL;
}

static void publish(struct mqtt_publisher *p, size_t i, const struct facts_texts *texts)
{
	const struct publication_settings *publication = &p->publications[i];
	const char *values[TEMPLATE_VARIABLES];
	char seq[24];
	_cleanup_free_ char *payload = NULL;

	for (size_t v = 0; v < TEMPLATE_VARIABLES; v++)
		values[v] = texts->text[v];
	/* A number is spent even if the message is dropped: the gap shows it. */
	values[TEMPLATE_SEQ] = text_format(seq, sizeof(seq), "%llu",
					   (unsigned long long)++p->beats[i].seq);
	payload = template_expand(publication->text, values);
	if (!payload) {
		p->counters->dropped_queue++;
		return;
	}
	mqtt_outbox_put(p->outbox, &(struct mqtt_outgoing){
					   .topic = publication->topic,
					   .payload = payload,
					   .len = strlen(payload),
					   .qos = publication->qos,
					   .retain = publication->retain,
				   });
}

/* Whether publication @i is due; if so, sets its next beat. */
static bool take_beat(struct mqtt_publisher *p, size_t i, bool online, uint64_t now)
{
	uint64_t interval = p->publications[i].interval_ms * NSEC_PER_MSEC;
	struct beat *beat = &p->beats[i];
	uint64_t missed;

	if (!beat->started) {
		if (p->publications[i].qos == 0 && !online)
			return false;
		beat->started = true;
		beat->due_ns = now;
	}
	if (now < beat->due_ns)
		return false;
	missed = (now - beat->due_ns) / interval;
	p->counters->dropped_interval += missed;
	beat->due_ns += (missed + 1) * interval;
	return true;
}

void mqtt_publisher_turn(struct mqtt_publisher *p, bool online, uint64_t now)
{
	struct facts_texts texts;
	bool composed = false;

	for (size_t i = 0; i < p->n; i++) {
		if (!take_beat(p, i, online, now))
			continue;
		if (!composed) {
			struct facts_view view;

			facts_get(p->facts, &view);
			facts_texts(&view, now, &texts);
			composed = true;
		}
		publish(p, i, &texts);
	}
}

uint64_t mqtt_publisher_next_ns(const struct mqtt_publisher *p)
{
	uint64_t next = UINT64_MAX;

	for (size_t i = 0; i < p->n; i++) {
		if (p->beats[i].started && p->beats[i].due_ns < next)
			next = p->beats[i].due_ns;
	}
	return next;
}
