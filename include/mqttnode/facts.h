/* SPDX-License-Identifier: MIT */
/*
 * facts.h — what the node knows about itself, for templates, screen and status
 *
 * Written by main, read by any thread as a copy.
 */
#ifndef MQTTNODE_FACTS_H
#define MQTTNODE_FACTS_H

#include "mqttnode/cleanup.h"
#include "mqttnode/ip.h"
#include "mqttnode/template.h"

#include <net/if.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#define FACTS_ADDRESSES6_MAX 5

struct facts_view {
	char hostname[65];
	char interface[IFNAMSIZ];
	char client_id[65];
	uint8_t mac[6];
	struct in_addr address; /* 0.0.0.0: none */
	uint8_t prefix_len;
	struct in_addr gateway;
	struct ip addresses6[FACTS_ADDRESSES6_MAX]; /* of IPv6, the best first */
	size_t n_addresses6;
	uint64_t started_ns; /* CLOCK_MONOTONIC */
};

struct facts;

/* An empty set of facts. 0 or -ENOMEM; release with facts_free(), which accepts NULL. */
int facts_new(struct facts **ret);
struct facts *facts_free(struct facts *f);

/* Replaces all facts. Main. */
void facts_set(struct facts *f, const struct facts_view *view);

/* Copies all facts. Any thread. */
void facts_get(struct facts *f, struct facts_view *ret);

/* The netmask that belongs to the prefix length. */
struct in_addr facts_netmask(const struct facts_view *view);

/*
 * The values of all template variables but {seq} as texts, "" if not known.
 * @now_ns is CLOCK_MONOTONIC.
 */
struct facts_texts {
	char text[TEMPLATE_VARIABLES][65];
};
void facts_texts(const struct facts_view *view, uint64_t now_ns, struct facts_texts *ret);

DEFINE_CLEANUP(struct facts, facts_free);

#endif
