/* SPDX-License-Identifier: MIT */
/*
 * mqtt_path.h — what a connection to the broker can count on: a link and addresses
 *
 * Plain values: whoever holds one protects it.
 */
#ifndef MQTTNODE_MQTT_PATH_H
#define MQTTNODE_MQTT_PATH_H

#include "mqttnode/ip.h"
#include "mqttnode/mqtt.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mqtt_path {
	bool unbound; /* the rest says only when an attempt is worthwhile */
	bool link;
	uint64_t link_changed_ns;
	struct ip sources[MQTT_SOURCES_MAX];
	size_t n_sources;
	bool routed;	      /* the system's routes choose the way, not the address */
	bool confirmed;	      /* they were told again since the link was lost */
	unsigned int changes; /* counts everything that makes an attempt worthwhile */
};

/* Whether there is any way to a broker. */
bool mqtt_path_is_open(const struct mqtt_path *path);

/* The family of addresses that there is a way to; AF_UNSPEC: both, or none. */
sa_family_t mqtt_path_family(const struct mqtt_path *path);

/*
 * The source for @broker: of its family and scope, and the nearest by its prefix
 * (RFC 6724 section 5, rules 2 and 8; the kernel would ask the main table). None
 * if there is none.
 */
struct ip mqtt_path_source(const struct mqtt_path *path, const struct ip *broker);

/* Whether @source is one of its addresses. */
bool mqtt_path_has_source(const struct mqtt_path *path, const struct ip *source);

/* Whether it has exactly these addresses, in this order. */
bool mqtt_path_has_sources(const struct mqtt_path *path, const struct ip *sources,
			   size_t n);

#endif
