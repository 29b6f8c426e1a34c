// SPDX-License-Identifier: MIT
/* mqtt_client_callbacks.c — what the library tells, in the terms of mqtt_client.h */
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <stdlib.h>

#include "mqttnode/text.h"

#include "mqtt_client_internal.h"

/* The broker's own words about something, which it may say in MQTT 5; returns @buf. */
static const char *reason_string(const mosquitto_property *properties,
				 char buf[MQTT_REASON_SIZE])
{
	char *words = NULL;

	buf[0] = '\0';
	if (mosquitto_property_read_string(properties, MQTT_PROP_REASON_STRING, &words,
					   false))
		text_escape_str(buf, MQTT_REASON_SIZE, words);
	free(words);
	return buf;
}

/*
 * After CONNACK the library sends again what is under way; that of Debian 12 ends the
 * process when a packet is too large then. The socket that it closes to connect to
 * nowhere, from an address of the other family, keeps it from that. No packet leaves.
 */
static void give_up(struct mqtt_client *c)
{
	c->spoiled = "the broker has other limits than before";
	(void)mosquitto_connect_bind_async(c->mosq, "127.0.0.1", 1, c->config.keepalive_s,
					   "::1");
}

void mqtt_client_handle_connack(struct mosquitto *mosq, void *userdata, int code,
				int flags, const mosquitto_property *properties)
{
	struct mqtt_client *c = userdata;
	char reason[MQTT_REASON_SIZE];
	struct mqtt_connack connack = {
		.code = code,
		.meaning = c->config.v5 ? mosquitto_reason_string(code) : NULL,
		.reason = reason_string(properties, reason),
		.keepalive_s = c->config.keepalive_s,
	};

	(void)mosq;
	(void)flags;
	c->answered = true;
	if (c->next && code == 0) {
		c->forgotten = true;
		return;
	}
	if (mqtt_client_limits_follow(&c->limits, properties, code == 0,
				      c->under_way > 0)) {
		give_up(c);
		return;
	}
	(void)mosquitto_property_read_int16(properties, MQTT_PROP_SERVER_KEEP_ALIVE,
					    &connack.keepalive_s, false);
	c->events.on_connack(c->ctx, &connack);
}

static void handle_disconnect(struct mosquitto *mosq, void *userdata, int code,
			      const mosquitto_property *properties)
{
	struct mqtt_client *c = userdata;

	(void)mosq;
	/* Below are the library's own codes, and the broker's for a plain end. */
	if (!c->config.v5 || code < MQTT_RC_UNSPECIFIED)
		return;
	c->disconnect_code = code;
	(void)reason_string(properties, c->disconnect_reason);
}

/* What @code of MQTT 5 means, and the broker's own words; returns @buf. */
static const char *refusal_text(int code, const mosquitto_property *properties,
				char buf[MQTT_REFUSAL_SIZE])
{
	char reason[MQTT_REASON_SIZE];

	(void)reason_string(properties, reason);
	return text_format(buf, MQTT_REFUSAL_SIZE, "%.36s (%d)%s%s",
			   mosquitto_reason_string(code), code, reason[0] ? ": " : "",
			   reason);
}

/*
 * The library says of QoS 0, too, that it is done, when it is written. Its ids
 * come from the same 65535: such a word could be taken for the acknowledgement
 * of a message that the broker has not answered for as long as it takes to use
 * all the others.
 */
static bool is_of_qos0(struct mqtt_client *c, int id)
{
	if (c->publishing_qos0)
		return true;
	if (id != c->unwritten_id)
		return false;
	c->unwritten_id = 0;
	return true;
}

static void handle_publish(struct mosquitto *mosq, void *userdata, int id, int code,
			   const mosquitto_property *properties)
{
	struct mqtt_client *c = userdata;
	char refusal[MQTT_REFUSAL_SIZE];

	(void)mosq;
	if (is_of_qos0(c, id))
		return;
	c->under_way--;
	c->events.on_acknowledged(c->ctx, id,
				  code < MQTT_RC_UNSPECIFIED
					  ? NULL
					  : refusal_text(code, properties, refusal));
}

static void handle_subscribe(struct mosquitto *mosq, void *userdata, int id, int n,
			     const int *granted, const mosquitto_property *properties)
{
	struct mqtt_client *c = userdata;
	char refusal[MQTT_REFUSAL_SIZE];

	(void)mosq;
	if (n == 1 && granted[0] >= 0 && granted[0] <= 2)
		c->events.on_suback(c->ctx, id, NULL);
	else if (c->config.v5 && n == 1)
		c->events.on_suback(c->ctx, id,
				    refusal_text(granted[0], properties, refusal));
	else
		c->events.on_suback(c->ctx, id,
				    "may this client read there? "
				    "(MQTT 3.1.1 gives no reason)");
}

static void handle_message(struct mosquitto *mosq, void *userdata,
			   const struct mosquitto_message *message)
{
	struct mqtt_client *c = userdata;
	struct mqtt_incoming incoming = {
		.topic = message->topic,
		.payload = message->payload,
		.len = (size_t)message->payloadlen,
		.qos = message->qos,
		.retain = message->retain,
	};

	(void)mosq;
	c->events.on_message(c->ctx, &incoming);
}

void mqtt_client_set_callbacks(struct mosquitto *mosq)
{
	mosquitto_connect_v5_callback_set(mosq, mqtt_client_handle_connack);
	mosquitto_disconnect_v5_callback_set(mosq, handle_disconnect);
	mosquitto_publish_v5_callback_set(mosq, handle_publish);
	mosquitto_subscribe_v5_callback_set(mosq, handle_subscribe);
	mosquitto_message_callback_set(mosq, handle_message);
}
