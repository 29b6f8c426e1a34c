/* SPDX-License-Identifier: MIT */
/*
 * mqtt_lookup.h — from the broker's name to its addresses
 *
 * The resolver blocks for as long as DNS servers are silent, tens of seconds at
 * worst, and cannot be interrupted. So each lookup has a thread of its own: who
 * asked goes on with other things, and may lose interest.
 *
 * All functions belong to the MQTT thread, except where they say otherwise, and free:
 * main too, while that thread does not run.
 */
#ifndef MQTTNODE_MQTT_LOOKUP_H
#define MQTTNODE_MQTT_LOOKUP_H

#include <stdbool.h>
#include <stdint.h>

#include "mqtt_cause.h"

#define MQTT_LOOKUP_ADDRESSES_MAX 8

/* Most lookups under way in this process; those that nobody waits for count too. */
#define MQTT_LOOKUPS_MAX 4

struct mqtt_lookup;

struct mqtt_lookup_result {
	struct ip addresses[MQTT_LOOKUP_ADDRESSES_MAX];
	unsigned int n; /* 0: failed */
	struct mqtt_cause cause;
};

/*
 * Begins to look @host up, for addresses of @family (AF_UNSPEC: both), with the DNS
 * servers of this node, in the thread "lookup". 0; -EBUSY with too many under way;
 * -errno. Release with mqtt_lookup_free().
 */
int mqtt_lookup_new(struct mqtt_lookup **ret, const char *host, sa_family_t family);

/* Accepts NULL, returns NULL. Does not wait for the thread, which ends by itself. */
struct mqtt_lookup *mqtt_lookup_free(struct mqtt_lookup *l);

/*
 * Waits until no lookup is under way, those that nobody waits for included, or it is
 * @deadline_ns (CLOCK_MONOTONIC). Returns whether there is none. Any thread.
 */
bool mqtt_lookup_settle(uint64_t deadline_ns);

/* Readable once the result is there. Owned by @l. */
int mqtt_lookup_fd(const struct mqtt_lookup *l);

/* Whether the result is there, which is copied then. */
bool mqtt_lookup_is_done(const struct mqtt_lookup *l, struct mqtt_lookup_result *ret);

#endif
