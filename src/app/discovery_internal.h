/* SPDX-License-Identifier: MIT */
/*
 * discovery_internal.h — what the files of discovery share
 *
 *	discovery.c	   the message
 *	discovery_change.c what goes with another configuration
 *	discovery_recall.c what an earlier run has announced
 */
#ifndef MQTTNODE_DISCOVERY_INTERNAL_H
#define MQTTNODE_DISCOVERY_INTERNAL_H

#include <json-c/json_types.h>

#include "mqttnode/discovery.h"

/* Of a topic behind the prefix, with its NUL. */
#define DISCOVERY_TAIL_SIZE 64

struct discovery {
	char *base_topic; /* NULL: of an earlier run */
	char *topic;
	char *payload; /* of an earlier run: the outline */
	char *outline;
	struct discovery *next; /* of several that were announced before */
};

/* Behind the prefix, the topic of the device with this hardware address. */
const char *discovery_tail(const uint8_t mac[6], char buf[DISCOVERY_TAIL_SIZE]);

/* Gives @d another payload, of which it takes a copy. 0 or -ENOMEM. */
int discovery_set_payload(struct discovery *d, const char *payload);

/*
 * What is remembered of a message with these @components: a message with nothing but
 * their platforms. To be released with free(); NULL without memory.
 */
char *discovery_outline(json_object *components);

#endif
