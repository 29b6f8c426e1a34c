/* SPDX-License-Identifier: MIT */
/*
 * mqtt_lookup.h — from the broker's name to its addresses
 *
 * Blocks as long as the resolver waits, a few seconds per server: MQTT thread.
 */
#ifndef MQTTNODE_MQTT_LOOKUP_H
#define MQTTNODE_MQTT_LOOKUP_H

#include <netinet/in.h>
#include <stdbool.h>

#include "mqtt_cause.h"

#define MQTT_LOOKUP_MAX 8

struct mqtt_lookup {
	char host[256]; /* what to look up; no name is longer */
	struct in_addr addresses[MQTT_LOOKUP_MAX];
	unsigned int n; /* 0: failed */
	struct mqtt_cause cause;
};

/* Whether @host is an IPv4 address, which is stored then: there is no name to look up. */
bool mqtt_lookup_is_literal(const char *host, struct in_addr *address);

/*
 * Looks @l->host up with the DNS servers of this node. Once it blocks it uses
 * nothing but @l, so that a thread that is left behind does no harm.
 */
void mqtt_lookup(struct mqtt_lookup *l);

#endif
