/* SPDX-License-Identifier: MIT */
/*
 * mqtt_forget.h — empties what the broker keeps of this node
 *
 * An empty retained message makes a broker forget the one that it had. Every topic
 * that the spool noted (spool_note_retained()) gets one, with QoS 1, so it is known
 * that the broker has it. MQTT thread only.
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
	size_t next;		    /* of the spool's topics: the first not sent */
	int ids[MQTT_INFLIGHT_MAX]; /* sent and not acknowledged; 0: free */
};

/* Begins; counts what is to be done in @counts. Both pointers must outlive @f. */
void mqtt_forget_begin(struct mqtt_forget *f, struct spool *spool,
		       struct mqtt_forgetting *counts);

/*
 * Sends what can be sent. Whether nothing is left to do: the spool then notes no
 * topic any more, unless the broker refused one.
 */
bool mqtt_forget_turn(struct mqtt_forget *f, struct mqtt_client *client,
		      struct mqtt_refusals *refusals);

/* The broker has acknowledged the message @id, or refused it. */
void mqtt_forget_acknowledged(struct mqtt_forget *f, int id, bool refused);

#endif
