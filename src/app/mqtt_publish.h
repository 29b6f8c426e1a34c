/* SPDX-License-Identifier: MIT */
/*
 * mqtt_publish.h — what is published and when
 *
 * Composes messages and puts them into the outbox. MQTT thread only.
 */
#ifndef MQTTNODE_MQTT_PUBLISH_H
#define MQTTNODE_MQTT_PUBLISH_H

#include "mqttnode/facts.h"
#include "mqttnode/mqtt.h"
#include "mqttnode/settings.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mqtt_outbox.h"

struct mqtt_publisher;

/*
 * All pointers but @ret must outlive it. Counts dropped_interval, and dropped_queue
 * when memory runs out. 0 or -ENOMEM; release with mqtt_publisher_free().
 */
int mqtt_publisher_new(struct mqtt_publisher **ret,
		       const struct publication_settings *publications, size_t n,
		       struct facts *facts, struct mqtt_outbox *outbox,
		       struct mqtt_counters *counters);
struct mqtt_publisher *mqtt_publisher_free(struct mqtt_publisher *p);

/* Composes what is due. */
void mqtt_publisher_turn(struct mqtt_publisher *p, bool online, uint64_t now);

/* When something is due next; UINT64_MAX: nothing before there is a session. */
uint64_t mqtt_publisher_next_ns(const struct mqtt_publisher *p);

#endif
