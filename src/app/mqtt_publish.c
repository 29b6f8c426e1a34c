// SPDX-License-Identifier: MIT
/*
 * mqtt_publish.c — what is published and when; what waits, what is dropped
 *
 * Every publication has a beat on the monotonic clock. A beat that is missed is
 * skipped and counted; the next one is where it always was, so nothing drifts.
 * The first beat of QoS 0 is the first session, since before that it could only
 * be dropped; that of QoS 1 and 2 is the start.
 *
 * QoS 0 is sent now or never. QoS 1 and 2 go through the backlog, a bounded
 * list that loses its oldest message when it is full. From its head at most
 * MQTT_INFLIGHT_MAX are handed to the library, which keeps each until it is
 * acknowledged, over reconnects too. So the library's own queues, which have no
 * limit, stay small whatever the broker does.
 */
#include "mqtt_publish.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "mqttnode/clock.h"
#include "mqttnode/template.h"
#include "mqttnode/text.h"

struct waiting {
	STAILQ_ENTRY(waiting) link;
	const struct publication_settings *publication;
	char *payload;
	size_t len;
};

struct beat {
	bool started;
	uint64_t due_ns;
	uint64_t seq; /* the last one given out */
};

struct mqtt_publisher {
	const struct publication_settings *publications; /* borrowed, as the next two */
	struct facts *facts;
	struct mqtt_counters *counters;
	mqtt_sender sender;
	void *ctx;

	STAILQ_HEAD(, waiting) backlog;
	size_t backlog_bytes;
	int inflight[MQTT_INFLIGHT_MAX];
	size_t n_inflight;

	size_t n;
	struct beat beats[]; /* as publications */
};

int mqtt_publisher_new(struct mqtt_publisher **ret,
		       const struct publication_settings *publications, size_t n,
		       struct facts *facts, struct mqtt_counters *counters,
		       mqtt_sender sender, void *ctx)
{
	struct mqtt_publisher *p;

	p = calloc(1, sizeof(*p) + n * sizeof(p->beats[0]));
	if (!p)
		return -ENOMEM;
	p->publications = publications;
	p->n = n;
	p->facts = facts;
	p->counters = counters;
	p->sender = sender;
	p->ctx = ctx;
	STAILQ_INIT(&p->backlog);
	*ret = p;
	return 0;
}

/* Takes the oldest message out of the backlog and releases it. */
static void remove_oldest(struct mqtt_publisher *p)
{
	struct waiting *w = STAILQ_FIRST(&p->backlog);

	STAILQ_REMOVE_HEAD(&p->backlog, link);
	p->backlog_bytes -= w->len;
	p->counters->backlog--;
	free(w->payload);
	free(w);
}

struct mqtt_publisher *mqtt_publisher_free(struct mqtt_publisher *p)
{
	if (!p)
		return NULL;
	while (!STAILQ_EMPTY(&p->backlog))
		remove_oldest(p);
	free(p);
	return NULL;
}

static int send_one(struct mqtt_publisher *p,
		    const struct publication_settings *publication, const char *payload,
		    size_t len, int *id)
{
	struct mqtt_outgoing message = {
		.topic = publication->topic,
		.payload = payload,
		.len = len,
		.qos = publication->qos,
		.retain = publication->retain,
	};

	return p->sender(p->ctx, &message, id);
}

/* Hands the backlog to the library as far as it goes. */
static void drain(struct mqtt_publisher *p)
{
	while (p->n_inflight < MQTT_INFLIGHT_MAX && !STAILQ_EMPTY(&p->backlog)) {
		struct waiting *w = STAILQ_FIRST(&p->backlog);
		int id = 0;
		int r = send_one(p, w->publication, w->payload, w->len, &id);

		if (r == -EAGAIN)
			return;
		if (r < 0)
			p->counters->dropped_queue++;
		else
			p->inflight[p->n_inflight++] = id;
		remove_oldest(p);
	}
}

static void send_or_drop(struct mqtt_publisher *p,
			 const struct publication_settings *publication,
			 const char *payload, bool online)
{
	int id, r;

	if (!online) {
		p->counters->dropped_offline++;
		return;
	}
	r = send_one(p, publication, payload, strlen(payload), &id);
	if (r == 0)
		p->counters->published++;
	else if (r == -EAGAIN)
		p->counters->dropped_stalled++;
	else
		p->counters->dropped_offline++;
}

/* Appends to the backlog, which owns @payload then. */
static void keep(struct mqtt_publisher *p, const struct publication_settings *publication,
		 char *payload)
{
	struct waiting *w = malloc(sizeof(*w));

	if (!w) {
		p->counters->dropped_queue++;
		free(payload);
		return;
	}
	w->publication = publication;
	w->payload = payload;
	w->len = strlen(payload);
	STAILQ_INSERT_TAIL(&p->backlog, w, link);
	p->backlog_bytes += w->len;
	p->counters->backlog++;
	while (p->counters->backlog > MQTT_BACKLOG_MAX ||
	       (p->backlog_bytes > MQTT_BACKLOG_MAX_BYTES && p->counters->backlog > 1)) {
		remove_oldest(p);
		p->counters->dropped_queue++;
	}
}

static void publish(struct mqtt_publisher *p, size_t i, const struct facts_texts *texts,
		    bool online)
{
	const struct publication_settings *publication = &p->publications[i];
	const char *values[TEMPLATE_VARIABLES];
	char seq[24];
	char *payload;

	for (size_t v = 0; v < TEMPLATE_VARIABLES; v++)
		values[v] = texts->text[v];
	/* A number is spent even if the message is dropped: the gap shows it. */
	values[TEMPLATE_SEQ] = text_format(seq, sizeof(seq), "%llu",
					   (unsigned long long)++p->beats[i].seq);
	payload = template_expand(publication->text, values);
	if (!payload) {
		p->counters->dropped_queue++;
	} else if (publication->qos == 0) {
		send_or_drop(p, publication, payload, online);
		free(payload);
	} else {
		keep(p, publication, payload);
	}
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
		publish(p, i, &texts, online);
	}
	if (online)
		drain(p);
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

void mqtt_publisher_acknowledged(struct mqtt_publisher *p, int id)
{
	for (size_t i = 0; i < p->n_inflight; i++) {
		if (p->inflight[i] != id)
			continue;
		p->inflight[i] = p->inflight[--p->n_inflight];
		p->counters->published++;
		return;
	}
}

size_t mqtt_publisher_undelivered(const struct mqtt_publisher *p)
{
	return (size_t)p->counters->backlog + p->n_inflight;
}
