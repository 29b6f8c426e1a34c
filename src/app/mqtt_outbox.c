// SPDX-License-Identifier: MIT
/*
 * mqtt_outbox.c — messages on their way out: what waits, what is under way, what is lost
 *
 * QoS 0 is sent now or never. QoS 1 and 2 go through the backlog, a bounded
 * list that loses its oldest message when it is full. From its head at most
 * MQTT_INFLIGHT_MAX are handed to the library, which keeps each until it is
 * acknowledged, over reconnects too. So the library's own queues, which have no
 * limit, stay small whatever the broker does.
 */
#include "mqtt_outbox.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

struct waiting {
	STAILQ_ENTRY(waiting) link;
	struct mqtt_outgoing message;
	char data[]; /* the payload, then the topic */
};

struct mqtt_outbox {
	struct mqtt_counters *counters; /* borrowed */
	mqtt_sender sender;
	void *ctx;
	bool online;

	STAILQ_HEAD(, waiting) backlog;
	size_t backlog_bytes;
	int inflight[MQTT_INFLIGHT_MAX];
	size_t n_inflight;
};

int mqtt_outbox_new(struct mqtt_outbox **ret, struct mqtt_counters *counters,
		    mqtt_sender sender, void *ctx)
{
	struct mqtt_outbox *o;

	o = calloc(1, sizeof(*o));
	if (!o)
		return -ENOMEM;
	o->counters = counters;
	o->sender = sender;
	o->ctx = ctx;
	STAILQ_INIT(&o->backlog);
	*ret = o;
	return 0;
}

/* Takes the oldest message out of the backlog and releases it. */
static void remove_oldest(struct mqtt_outbox *o)
{
	struct waiting *w = STAILQ_FIRST(&o->backlog);

	STAILQ_REMOVE_HEAD(&o->backlog, link);
	o->backlog_bytes -= w->message.len;
	o->counters->backlog--;
	free(w);
}

struct mqtt_outbox *mqtt_outbox_free(struct mqtt_outbox *o)
{
	if (!o)
		return NULL;
	while (!STAILQ_EMPTY(&o->backlog))
		remove_oldest(o);
	free(o);
	return NULL;
}

void mqtt_outbox_set_online(struct mqtt_outbox *o, bool online)
{
	o->online = online;
}

static void send_or_drop(struct mqtt_outbox *o, const struct mqtt_outgoing *message)
{
	int id, r;

	if (!o->online) {
		o->counters->dropped_offline++;
		return;
	}
	r = o->sender(o->ctx, message, &id);
	if (r == 0)
		o->counters->published++;
	else if (r == -EAGAIN)
		o->counters->dropped_stalled++;
	else
		o->counters->dropped_offline++;
}

/* Appends a copy to the backlog. */
static void keep(struct mqtt_outbox *o, const struct mqtt_outgoing *message)
{
	size_t topic_size = strlen(message->topic) + 1;
	struct waiting *w = malloc(sizeof(*w) + message->len + topic_size);

	if (!w) {
		o->counters->dropped_queue++;
		return;
	}
	w->message = *message;
	w->message.payload = w->data;
	w->message.topic = w->data + message->len;
	memcpy(mempcpy(w->data, message->payload, message->len), message->topic,
	       topic_size);
	STAILQ_INSERT_TAIL(&o->backlog, w, link);
	o->backlog_bytes += message->len;
	o->counters->backlog++;
	while (o->counters->backlog > MQTT_BACKLOG_MAX ||
	       (o->backlog_bytes > MQTT_BACKLOG_MAX_BYTES && o->counters->backlog > 1)) {
		remove_oldest(o);
		o->counters->dropped_queue++;
	}
}

void mqtt_outbox_put(struct mqtt_outbox *o, const struct mqtt_outgoing *message)
{
	if (message->qos == 0)
		send_or_drop(o, message);
	else
		keep(o, message);
}

/* Hands the backlog to the library as far as it goes. */
void mqtt_outbox_turn(struct mqtt_outbox *o)
{
	if (!o->online)
		return;
	while (o->n_inflight < MQTT_INFLIGHT_MAX && !STAILQ_EMPTY(&o->backlog)) {
		struct waiting *w = STAILQ_FIRST(&o->backlog);
		int id = 0;
		int r = o->sender(o->ctx, &w->message, &id);

		if (r == -EAGAIN)
			return;
		if (r < 0)
			o->counters->dropped_queue++;
		else
			o->inflight[o->n_inflight++] = id;
		remove_oldest(o);
	}
}

void mqtt_outbox_acknowledged(struct mqtt_outbox *o, int id)
{
	for (size_t i = 0; i < o->n_inflight; i++) {
		if (o->inflight[i] != id)
			continue;
		o->inflight[i] = o->inflight[--o->n_inflight];
		o->counters->published++;
		return;
	}
}

size_t mqtt_outbox_undelivered(const struct mqtt_outbox *o)
{
	return (size_t)o->counters->backlog + o->n_inflight;
}
