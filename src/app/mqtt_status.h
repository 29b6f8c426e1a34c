/* SPDX-License-Identifier: MIT */
/*
 * mqtt_status.h — the retained word on BASE/status: "online" or "offline"
 *
 * Birth at every session, "offline" at a clean stop, the same as the will for
 * every other end. The node listens to its own word: one that is wrong, such as
 * a late will of an earlier connection, is corrected. MQTT thread only, except
 * init and clear: main, while that thread does not run.
 */
#ifndef MQTTNODE_MQTT_STATUS_H
#define MQTTNODE_MQTT_STATUS_H

#include "mqttnode/mqtt.h"

#include <stdbool.h>
#include <stdint.h>

#include "mqtt_client.h"
#include "mqtt_refusals.h"

/* The will. */
#define MQTT_STATUS_OFFLINE "offline"

struct mqtt_status {
	char *topic; /* NULL: mqtt.status is off, and nothing below does anything */
	struct mqtt_refusals *refusals; /* borrowed, as the next */
	struct mqtt_counters *counters;
	int birth_id; /* of the "online" not yet acknowledged; 0: none */
	int offline_id;
	bool offline_acknowledged;
	bool wrong;	       /* the last word heard was not "online" */
	uint64_t corrected_ns; /* not again before */
};

/*
 * @base_topic is NULL if mqtt.status is off. What is said is entered in @refusals, and
 * counted; both must outlive it. 0 or -ENOMEM.
 */
int mqtt_status_init(struct mqtt_status *s, const char *base_topic,
		     struct mqtt_refusals *refusals, struct mqtt_counters *counters);
void mqtt_status_clear(struct mqtt_status *s);

/*
 * A session has begun: "online". One of an earlier session that was never
 * acknowledged is sent again by the library itself; no other is added then.
 */
void mqtt_status_begin(struct mqtt_status *s, struct mqtt_client *client);

/* "online" once more, during a session, unless it is on its way. */
void mqtt_status_again(struct mqtt_status *s, struct mqtt_client *client);

/* A clean stop: "offline"; s->offline_acknowledged tells when the broker has it. */
void mqtt_status_end(struct mqtt_status *s, struct mqtt_client *client);

/* The broker has acknowledged the message @id; returns whether it was one of these. */
bool mqtt_status_acknowledged(struct mqtt_status *s, int id);

/* The library has forgotten what was under way: no acknowledgement will come for it. */
void mqtt_status_forget(struct mqtt_status *s);

/* Whether @message is the own word; what it says is kept in mind then. */
bool mqtt_status_heard(struct mqtt_status *s, const struct mqtt_incoming *message);

/* Corrects a wrong word, during a session. When that is due; UINT64_MAX: nothing is. */
void mqtt_status_turn(struct mqtt_status *s, struct mqtt_client *client, uint64_t now);
uint64_t mqtt_status_next_ns(const struct mqtt_status *s);

#endif
