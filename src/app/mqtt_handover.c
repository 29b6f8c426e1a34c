// SPDX-License-Identifier: MIT
/* mqtt_handover.c — messages to publish, from any thread to the MQTT thread */
#include "mqtt_handover.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "mqttnode/fd.h"

STAILQ_HEAD(handed_list, mqtt_handed);

struct mqtt_handover {
	pthread_mutex_t lock; /* protects the next five */
	struct handed_list list;
	size_t n, bytes;
	uint64_t dropped;
	bool refused; /* something, since mqtt_handover_made_room() */
	int event_fd;
};

int mqtt_handover_new(struct mqtt_handover **ret)
{
	struct mqtt_handover *h = calloc(1, sizeof(*h));
	int r;

	if (!h)
		return -ENOMEM;
	h->event_fd = fd_event_new();
	if (h->event_fd < 0) {
		r = h->event_fd;
		free(h);
		return r;
	}
	(void)pthread_mutex_init(&h->lock, NULL);
	STAILQ_INIT(&h->list);
	*ret = h;
	return 0;
}

struct mqtt_handover *mqtt_handover_free(struct mqtt_handover *h)
{
	struct mqtt_handed *handed;

	if (!h)
		return NULL;
	while ((handed = mqtt_handover_pop(h)))
		free(handed);
	(void)fd_close(h->event_fd);
	(void)pthread_mutex_destroy(&h->lock);
	free(h);
	return NULL;
}

static struct mqtt_handed *copy(const struct mqtt_outgoing *message)
{
	size_t topic_size = strlen(message->topic) + 1;
	size_t outline_size = message->outline ? strlen(message->outline) + 1 : 0;
	struct mqtt_handed *handed =
		malloc(sizeof(*handed) + message->len + topic_size + outline_size);
	char *outline;

	if (!handed)
		return NULL;
	handed->message = *message;
	handed->message.payload = handed->data;
	handed->message.topic = handed->data + message->len;
	if (message->len > 0)
		memcpy(handed->data, message->payload, message->len);
	memcpy(handed->data + message->len, message->topic, topic_size);
	if (message->outline) {
		outline = handed->data + message->len + topic_size;
		handed->message.outline = memcpy(outline, message->outline, outline_size);
	}
	return handed;
}

int mqtt_handover_push(struct mqtt_handover *h, const struct mqtt_outgoing *message)
{
	struct mqtt_handed *handed = copy(message);
	bool first;
	int r = 0;

	(void)pthread_mutex_lock(&h->lock);
	first = h->n == 0;
	if (!handed)
		r = -ENOMEM;
	else if (h->n >= MQTT_HANDOVER_MAX ||
		 (h->n > 0 && h->bytes + message->len > MQTT_HANDOVER_MAX_BYTES))
		r = -ENOBUFS;
	if (r < 0) {
		h->dropped += !message->again;
		h->refused = true;
	} else {
		STAILQ_INSERT_TAIL(&h->list, handed, link);
		h->n++;
		h->bytes += message->len;
	}
	(void)pthread_mutex_unlock(&h->lock);
	if (r < 0)
		free(handed);
	else if (first)
		fd_event_signal(h->event_fd);
	return r;
}

struct mqtt_handed *mqtt_handover_pop(struct mqtt_handover *h)
{
	struct mqtt_handed *handed;

	(void)pthread_mutex_lock(&h->lock);
	handed = STAILQ_FIRST(&h->list);
	if (handed) {
		STAILQ_REMOVE_HEAD(&h->list, link);
		h->n--;
		h->bytes -= handed->message.len;
	} else {
		(void)fd_event_clear(h->event_fd);
	}
	(void)pthread_mutex_unlock(&h->lock);
	return handed;
}

int mqtt_handover_fd(const struct mqtt_handover *h)
{
	return h->event_fd;
}

bool mqtt_handover_made_room(struct mqtt_handover *h)
{
	bool made;

	(void)pthread_mutex_lock(&h->lock);
	made = h->refused;
	h->refused = false;
	(void)pthread_mutex_unlock(&h->lock);
	return made;
}

uint64_t mqtt_handover_dropped(struct mqtt_handover *h)
{
	uint64_t n;

	(void)pthread_mutex_lock(&h->lock);
	n = h->dropped;
	(void)pthread_mutex_unlock(&h->lock);
	return n;
}
