/* SPDX-License-Identifier: MIT */
/*
 * mqtt_refusals.h — the messages that the broker does not take
 *
 * Says so in the log, not of each if there are many. An acknowledgement has a number
 * only. To say which message it was that the broker refused (MQTT 5), the topics of those
 * under way are remembered. All functions belong to the MQTT thread.
 */
#ifndef MQTTNODE_MQTT_REFUSALS_H
#define MQTTNODE_MQTT_REFUSALS_H

#include "mqttnode/log.h"
#include "mqttnode/mqtt.h"

/* What is shown of a topic. */
#define MQTT_REFUSED_TOPIC_SIZE 64

struct mqtt_refusals {
	struct log_limit limit;
	struct mqtt_under_way {
		int id; /* 0: free */
		char topic[MQTT_REFUSED_TOPIC_SIZE];
	} under_way[MQTT_INFLIGHT_MAX + 2]; /* and "online" and "offline" */
};

void mqtt_refusals_init(struct mqtt_refusals *r);

/* Nothing is under way any more: a client with numbers of its own begins. */
void mqtt_refusals_clear(struct mqtt_refusals *r);

/* A message of QoS 1 or 2 on @topic was sent as number @id. */
void mqtt_refusals_sent(struct mqtt_refusals *r, int id, const char *topic);

/*
 * Number @id was acknowledged. @refusal, why the broker did not take it, is logged;
 * NULL: it did.
 */
void mqtt_refusals_answered(struct mqtt_refusals *r, int id, const char *refusal);

/*
 * @message is dropped unsent. @error is -EMSGSIZE: the broker takes no packet of more
 * than @packet_max bytes; or -ENOTSUP: none with this QoS, or none that is retained.
 */
void mqtt_refusals_unfit(struct mqtt_refusals *r, const struct mqtt_outgoing *message,
			 int error, uint32_t packet_max);

/* @message is dropped unsent: the broker ended the connection at one of @len bytes there.
 */
void mqtt_refusals_poison(struct mqtt_refusals *r, const struct mqtt_outgoing *message,
			  size_t len);

#endif
