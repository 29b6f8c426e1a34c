/* SPDX-License-Identifier: MIT */
/*
 * mqtt_forget.h — empties what the broker keeps of this node
 *
 * An empty retained message makes a broker forget the one that it had. Every topic
 * that the spool has noted when it begins (spool_note_retained()) gets one, with QoS 1,
 * so it is known that the broker has it. MQTT thread only.
 */
#ifndef MQTTNODE_MQTT_FORGET_H
#define MQTTNODE_MQTT_FORGET_H

#include "mqttnode/mqtt.h"
#include "mqttnode/spool.h"

#include <stdbool.h>
#include <stddef.h>

#include "mqtt_client.h"
#include "mqtt_refusals.h"

struct mqtt_forget {
	struct spool *spool; /* borrowed, as the next */
	struct mqtt_forgetting *counts;
	char **topics;	/* as noted at the beginning; the spool's may become more */
	bool *emptied;	/* of each: whether the broker has acknowledged that */
	size_t n, next; /* how many these are; the first not sent */
	struct {
		int id; /* 0: none */
		size_t topic;
	} under_way[MQTT_INFLIGHT_MAX];
};

/*
 * Begins; counts what is to be done in @counts. Both pointers must outlive @f. What
 * there is no memory for is left. Release with mqtt_forget_end().
 */
void mqtt_forget_begin(struct mqtt_forget *f, struct spool *spool,
		       struct mqtt_forgetting *counts);

/* Sends what can be sent. Whether all is answered that could be sent at all. */
bool mqtt_forget_turn(struct mqtt_forget *f, struct mqtt_client *client,
		      struct mqtt_refusals *refusals);

/* The broker has acknowledged the message @id, or refused it. */
void mqtt_forget_acknowledged(struct mqtt_forget *f, int id, bool refused);

/*
 * The connection is left: what was emptied is not noted any more, except @will, which
 * counts as left: the broker may fill that topic again; NULL: none. Nothing is done if
 * it was never begun.
 */
void mqtt_forget_end(struct mqtt_forget *f, const char *will);

/*
 * Writes to @buf, for a person, what was really done. The level to log that with:
 * LOG_WARNING unless all is empty.
 */
int mqtt_forget_describe(const struct mqtt_forgetting *counts, char *buf, size_t size);

#endif
