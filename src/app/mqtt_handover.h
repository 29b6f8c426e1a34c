/* SPDX-License-Identifier: MIT */
/*
 * mqtt_handover.h — messages to publish, from any thread to the MQTT thread
 *
 * First in, first out; bounded in messages and bytes. Full means dropped and
 * counted, never blocked. Any thread.
 */
#ifndef MQTTNODE_MQTT_HANDOVER_H
#define MQTTNODE_MQTT_HANDOVER_H

#include "mqttnode/mqtt.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct mqtt_handover;

/* A message that was handed over: one block of memory, released with free(). */
struct mqtt_handed {
	STAILQ_ENTRY(mqtt_handed) link;
	struct mqtt_outgoing message;
	char data[]; /* payload, topic and outline */
};

/* 0 or -errno; release with mqtt_handover_free(), which accepts NULL. */
int mqtt_handover_new(struct mqtt_handover **ret);
struct mqtt_handover *mqtt_handover_free(struct mqtt_handover *h);

/* Appends a copy of @message: 0, or no room, counted: -ENOBUFS or -ENOMEM. */
int mqtt_handover_push(struct mqtt_handover *h, const struct mqtt_outgoing *message);

/* Takes the oldest message, which is the caller's then; NULL if there is none. */
struct mqtt_handed *mqtt_handover_pop(struct mqtt_handover *h);

/*
 * Readable after a message came while there was none, until mqtt_handover_pop()
 * finds none: pop until then. Owned by @h.
 */
int mqtt_handover_fd(const struct mqtt_handover *h);

/* Whether something found no room since this was asked last; ask after a pop. */
bool mqtt_handover_made_room(struct mqtt_handover *h);

/* Messages that found no room, each once. */
uint64_t mqtt_handover_dropped(struct mqtt_handover *h);

#endif
