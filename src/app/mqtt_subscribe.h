/* SPDX-License-Identifier: MIT */
/*
 * mqtt_subscribe.h — what is subscribed, and what arrives
 *
 * Asks for all filters at the begin of each session, reports the rung SUBACK,
 * and gives each message to the actions of all filters that match it. MQTT
 * thread only.
 */
#ifndef MQTTNODE_MQTT_SUBSCRIBE_H
#define MQTTNODE_MQTT_SUBSCRIBE_H

#include "mqttnode/ladder.h"
#include "mqttnode/mqtt.h"
#include "mqttnode/queue.h"
#include "mqttnode/settings.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mqtt_client.h"

struct mqtt_subscriber;

/* What Home Assistant says on PREFIX/status, and what its button sends. */
#define MQTT_BIRTH   "online"
#define MQTT_RESTART "restart"

/*
 * What config->settings subscribes, and what the node itself does for discovery:
 *
 *	PREFIX/status	birth of Home Assistant
 *	BASE/screen	a text for the display, if there is one
 *	BASE/restart	of the connection, if it is allowed
 *
 * Pointers in @config but the texts, and @counters, must outlive it. 0 or -ENOMEM;
 * release with mqtt_subscriber_free(). Main, as that, while it is not the thread's.
 */
int mqtt_subscriber_new(struct mqtt_subscriber **ret, const struct mqtt_config *config,
			struct mqtt_counters *counters);
struct mqtt_subscriber *mqtt_subscriber_free(struct mqtt_subscriber *s);

/* A session has begun: subscribes; answers are expected until @deadline_ns. */
void mqtt_subscriber_begin(struct mqtt_subscriber *s, struct mqtt_client *client,
			   uint64_t deadline_ns);

/*
 * @s takes the place of @old: what both ask for is not asked for again, and what
 * only @old asked for is to be given up.
 */
void mqtt_subscriber_follow(struct mqtt_subscriber *s, struct mqtt_subscriber *old);

/* After that, in a session that goes on: as mqtt_subscriber_begin() in a new one. */
void mqtt_subscriber_go_on(struct mqtt_subscriber *s, struct mqtt_client *client,
			   uint64_t deadline_ns);

/* The session has ended. */
void mqtt_subscriber_end(struct mqtt_subscriber *s);

/* Whether a filter of the file matches @topic. */
bool mqtt_subscriber_wants(const struct mqtt_subscriber *s, const char *topic);

/* The same for what comes from others: of topics below BASE it is not. */
bool mqtt_subscriber_is_news(const struct mqtt_subscriber *s, const char *topic);

/* SUBACK arrived for the request @id; @refusal as mqtt_client_events says. */
void mqtt_subscriber_suback(struct mqtt_subscriber *s, int id, const char *refusal);

/* Reports answers that are overdue. */
void mqtt_subscriber_turn(struct mqtt_subscriber *s, uint64_t now);

/* When the next turn is due, or UINT64_MAX. */
uint64_t mqtt_subscriber_next_ns(const struct mqtt_subscriber *s);

/*
 * A message arrived. Sizes are checked before anything is copied. Returns what main
 * is to be asked for: SUBSCRIPTION_BIRTH or SUBSCRIPTION_RESTART, mostly 0.
 */
unsigned int mqtt_subscriber_message(struct mqtt_subscriber *s,
				     const struct mqtt_incoming *message);

#endif
