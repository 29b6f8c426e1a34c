/* SPDX-License-Identifier: MIT */
/*
 * mqtt_publish.h — what is published and when; what waits, what is dropped
 *
 * Knows time and whether there is a session, but no broker: it hands messages
 * to a sender. MQTT thread only.
 */
#ifndef MQTTNODE_MQTT_PUBLISH_H
#define MQTTNODE_MQTT_PUBLISH_H

#include "mqttnode/facts.h"
#include "mqttnode/mqtt.h"
#include "mqttnode/settings.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mqtt_publisher;

/* A message on its way out. */
struct mqtt_outgoing {
	const char *topic;
	const char *payload;
	size_t len;
	int qos;
	bool retain;
};

/*
 * Hands @message on. 0 when it was taken, with the number in *@id that
 * mqtt_publisher_acknowledged() will be told for QoS 1 and 2; -EAGAIN when
 * nothing can be taken now because TCP is stalled; any other -errno when this
 * message cannot be sent.
 */
typedef int (*mqtt_sender)(void *ctx, const struct mqtt_outgoing *message, int *id);

/*
 * @publications, @facts and @counters must outlive it. Counts published,
 * dropped_* and backlog. 0 or -ENOMEM; release with mqtt_publisher_free().
 */
int mqtt_publisher_new(struct mqtt_publisher **ret,
		       const struct publication_settings *publications, size_t n,
		       struct facts *facts, struct mqtt_counters *counters,
		       mqtt_sender sender, void *ctx);
struct mqtt_publisher *mqtt_publisher_free(struct mqtt_publisher *p);

/* Composes what is due and sends what can be sent. */
void mqtt_publisher_turn(struct mqtt_publisher *p, bool online, uint64_t now);

/* When something is due next; UINT64_MAX: nothing before there is a session. */
uint64_t mqtt_publisher_next_ns(const struct mqtt_publisher *p);

/* The broker has acknowledged a message of QoS 1 or 2; other numbers are ignored. */
void mqtt_publisher_acknowledged(struct mqtt_publisher *p, int id);

/* Messages of QoS 1 and 2 that the broker does not have yet. */
size_t mqtt_publisher_undelivered(const struct mqtt_publisher *p);

#endif
