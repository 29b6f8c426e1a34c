/* SPDX-License-Identifier: MIT */
/*
 * vitals.h — what the node tells the broker about itself, as JSON
 *
 *	BASE/info	who it is: version, boot, since when, addresses; retained,
 *			at the begin of each session and when it changes
 *	BASE/health	how it is: ladder and all counters; not retained, since
 *			the figures of a node that is gone must not look alive
 *
 *	BASE/message	the last message that arrived, once a second at most, for
 *			Home Assistant
 *
 * The word on BASE/status, which others compare, stays a word. Main thread.
 */
#ifndef MQTTNODE_VITALS_H
#define MQTTNODE_VITALS_H

#include "mqttnode/cleanup.h"
#include "mqttnode/mqtt.h"

#include <json-c/json_object.h>
#include <stdbool.h>
#include <stdint.h>

struct vitals;

struct vitals_config {
	const char *base_topic; /* copied */
	bool info;
	bool message;
	unsigned int health_interval_s; /* 0: no health */

	/* Fill in the members; publishes a copy, 0 or -errno. */
	void (*describe_info)(void *ctx, json_object *o);
	void (*describe_health)(void *ctx, json_object *o);
	void (*describe_message)(void *ctx, json_object *o);
	int (*publish)(void *ctx, const struct mqtt_outgoing *message);
	void *ctx;
};

/* 0 or -ENOMEM; release with vitals_free(), which accepts NULL. */
int vitals_new(struct vitals **ret, const struct vitals_config *config);
struct vitals *vitals_free(struct vitals *v);

/* What info tells has changed. */
void vitals_changed(struct vitals *v);

/* The last message is the one with this number; 0: none yet. */
void vitals_message(struct vitals *v, uint64_t number);

/* All are due now: somebody does not know them. */
void vitals_announce(struct vitals *v);

/*
 * Publishes what is due; to be called once a second. @sessions counts the
 * sessions that have begun, @now_ns is CLOCK_MONOTONIC.
 */
void vitals_turn(struct vitals *v, bool online, uint64_t sessions, uint64_t now_ns);

DEFINE_CLEANUP(struct vitals, vitals_free);

#endif
