/* SPDX-License-Identifier: MIT */
/*
 * mqtt_connection.h — the way to the broker: when to try, and what went wrong
 *
 * A state machine driven by time, by what the library says and by the state of
 * the link below. It reports the rungs name, TCP, TLS and CONNACK. MQTT thread
 * only. Theory of operation: mqtt.c.
 */
#ifndef MQTTNODE_MQTT_CONNECTION_H
#define MQTTNODE_MQTT_CONNECTION_H

#include "mqttnode/ladder.h"
#include "mqttnode/mqtt.h"
#include "mqttnode/settings.h"

#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "mqtt_backoff.h"
#include "mqtt_cause.h"
#include "mqtt_client.h"
#include "mqtt_lookup.h"
#include "mqtt_path.h"
#include "mqtt_poison.h"
#include "mqtt_suspicion.h"

enum mqtt_state {
	MQTT_OFFLINE,	   /* no link or no address: nothing to try */
	MQTT_BACKOFF,	   /* waiting for the next attempt */
	MQTT_RESOLVING,	   /* a lookup is under way */
	MQTT_PROBING,	   /* it ended early: is it a port for TLS? */
	MQTT_CONNECTING,   /* SYN sent */
	MQTT_HANDSHAKE,	   /* TLS: ClientHello sent */
	MQTT_WAIT_CONNACK, /* CONNECT sent */
	MQTT_ONLINE,
};

/*
 * Asked once at the end of each session, before that is told: whether a message was the
 * reason. @by_broker: mqtt_loss_is_by_broker().
 */
typedef enum mqtt_poison_verdict (*mqtt_judge)(void *ctx, bool by_broker, uint64_t now);

struct mqtt_connection {
	const struct mqtt_settings *settings; /* borrowed, as the next four */
	const struct mqtt_timing *timing;
	struct mqtt_client *client;
	struct ladder *ladder;
	struct mqtt_counters *counters;
	mqtt_judge judge;
	void *judge_ctx;

	enum mqtt_state state;
	struct mqtt_path path;
	bool literal;			    /* the host is an address */
	struct mqtt_lookup *lookup;	    /* RESOLVING; else NULL */
	struct mqtt_lookup_result resolved; /* the latest; of an address: itself */
	struct mqtt_suspicion suspicion;    /* PROBING */
	unsigned int attempts;		    /* also chooses among several addresses */
	struct mqtt_peer peer;		    /* of the current or last attempt */
	struct mqtt_connack connack;	    /* code -1: not yet */
	char connack_reason[MQTT_REASON_SIZE];

	struct mqtt_backoff backoff;
	uint64_t attempt_ns;  /* when the back-off ends */
	uint64_t began_ns;    /* the current attempt */
	uint64_t deadline_ns; /* of the current step */
	uint64_t online_ns;   /* since when online */
	bool hurry;	      /* something changed: worth an attempt without back-off */
	uint64_t hurried_ns;  /* the last one of these; 0: never */

	int failed_rung;	  /* kept as failed until it is passed, or -1 */
	unsigned int failures;	  /* attempts since it was last online */
	uint64_t failing_ns;	  /* since when */
	uint64_t told_failing_ns; /* when the journal was last told */
};

void mqtt_connection_init(struct mqtt_connection *c, const struct mqtt_settings *settings,
			  const struct mqtt_timing *timing, struct mqtt_client *client,
			  struct ladder *ladder, struct mqtt_counters *counters,
			  mqtt_judge judge, void *judge_ctx);

/* Releases what it holds. Also of one that is all zero. */
void mqtt_connection_clear(struct mqtt_connection *c);

/*
 * Goes on with other @settings that are the same in all that matters here, but for
 * the number of subscriptions and the longest wait between two attempts.
 */
void mqtt_connection_set_settings(struct mqtt_connection *c,
				  const struct mqtt_settings *settings, uint64_t now);

/* Reports all rungs that are used as waiting: there is another broker to connect to. */
void mqtt_connection_await(struct mqtt_connection *c);

/* News about link and address. */
void mqtt_connection_set_path(struct mqtt_connection *c, const struct mqtt_path *path,
			      uint64_t now);

/* Does what is possible and due. Never blocks. */
void mqtt_connection_turn(struct mqtt_connection *c, uint64_t now);

/* When the next turn is due at the latest, should nothing happen before. */
uint64_t mqtt_connection_next_ns(const struct mqtt_connection *c, uint64_t now);

/* What to wait for beside that: a descriptor, or -1, and its events. */
void mqtt_connection_poll(const struct mqtt_connection *c, struct pollfd *ret);

/* The library received CONNACK. */
void mqtt_connection_connack(struct mqtt_connection *c,
			     const struct mqtt_connack *connack);

/* Drops the connection, if any, without DISCONNECT. */
void mqtt_connection_drop(struct mqtt_connection *c, uint64_t now);

#endif
