/* SPDX-License-Identifier: MIT */
/*
 * mqtt.h — the connection to the broker: the only user of libmosquitto
 *
 * One thread owns the one struct mosquitto and runs its own loop; nobody else
 * calls the library. It reports the rungs name, TCP, TLS, CONNACK and SUBACK
 * to the ladder itself. Requests to it travel through a queue. Theory of
 * operation: src/app/mqtt.c; ground truth: mqtt reference sections 1 to 12.
 */
#ifndef MQTTNODE_MQTT_H
#define MQTTNODE_MQTT_H

#include "mqttnode/facts.h"
#include "mqttnode/ladder.h"
#include "mqttnode/queue.h"
#include "mqttnode/settings.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

/* A message that arrived, as it travels to main. Release with mqtt_message_free(). */
struct mqtt_message {
	char *topic;
	uint8_t *payload;	/* @len bytes and a zero byte */
	size_t len;
	int qos;
	bool retain;
	unsigned int actions;	/* enum subscription_action of all filters that match */
};

struct mqtt_counters {
	uint64_t connects, connect_failures, disconnects;
	uint64_t published;		  /* handed over; QoS 1/2: acknowledged */
	uint64_t dropped_offline;	  /* QoS 0 while not connected */
	uint64_t dropped_queue;		  /* QoS 1/2 backlog full: oldest dropped */
	uint64_t dropped_interval;	  /* due again before it could be composed */
	uint64_t received;
	uint64_t received_oversize;
	uint64_t received_queue_full;
	uint64_t backlog;		  /* QoS 1/2 messages waiting now */
};

/* Most QoS 1/2 messages kept in memory while offline, and most unacknowledged. */
#define MQTT_BACKLOG_MAX  1000
#define MQTT_INFLIGHT_MAX 20

struct mqtt;

/*
 * @settings, @client_id, @base_topic, @ladder and @facts must outlive it;
 * received messages for main go into @inbox (struct mqtt_message *).
 * @password may be NULL; it is copied by the library. 0 or -errno.
 */
int mqtt_new(struct mqtt **ret, const struct mqtt_settings *settings, const char *client_id,
	     const char *base_topic, const char *password, struct ladder *ladder,
	     struct facts *facts, struct queue *inbox);

/* Releases it; the thread must have ended (else it leaks on purpose, see mqtt_joined()). */
struct mqtt *mqtt_free(struct mqtt *m);

/* Starts the thread "mqtt". 0 or -errno. Main. */
int mqtt_start(struct mqtt *m);

/*
 * Tells what the connection can count on: the link, and the local address to
 * bind to (0.0.0.0: none). Link down for less than 2 s keeps the session. An
 * address confirmed again after a link loss is told again. Main.
 */
void mqtt_set_link(struct mqtt *m, bool up);
void mqtt_set_address(struct mqtt *m, struct in_addr address);

/*
 * Asks the thread to publish a retained "offline", disconnect and end, within
 * @limit_ms. mqtt_event_fd() becomes readable when it has ended. Main.
 */
void mqtt_stop(struct mqtt *m, unsigned int limit_ms);
int mqtt_event_fd(const struct mqtt *m);

/* Whether the thread has ended and was joined. A thread inside getaddrinfo() is not waited for. */
bool mqtt_joined(struct mqtt *m);

/* Any thread. */
void mqtt_get_counters(struct mqtt *m, struct mqtt_counters *ret);

void mqtt_message_free(void *message);

DEFINE_CLEANUP(struct mqtt, mqtt_free);

#endif
