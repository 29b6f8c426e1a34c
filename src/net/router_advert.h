/* SPDX-License-Identifier: MIT */
/*
 * router_advert.h — what a router says about its network
 *
 * Pure functions over bytes that anybody on the network can send. Source: RFC
 * 4861 sections 4.1, 4.2, 4.6; RFC 8106 section 5.1.
 */
#ifndef MQTTNODE_ROUTER_ADVERT_H
#define MQTTNODE_ROUTER_ADVERT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ADVERT_PREFIXES_MAX 4
#define ADVERT_SERVERS_MAX  3
#define ADVERT_FOR_EVER	    UINT32_MAX /* as a lifetime */

struct advert_prefix {
	struct in6_addr prefix; /* its other bits are 0 */
	uint8_t len;
	bool on_link;	 /* neighbours can be reached without the router */
	bool autonomous; /* addresses may be made of it */
	uint32_t valid_s, preferred_s;
};

struct router_advert {
	uint16_t lifetime_s; /* as a default router; 0: it is none */
	struct advert_prefix prefixes[ADVERT_PREFIXES_MAX];
	size_t n_prefixes; /* those beyond the limit are left out, as below */
	struct in6_addr servers[ADVERT_SERVERS_MAX];
	uint32_t servers_s[ADVERT_SERVERS_MAX]; /* how long each may be used; 0: not */
	size_t n_servers;
};

/*
 * Reads an ICMPv6 message. What makes no sense in an option leaves the option
 * out; what makes no sense in the whole is -EBADMSG. 0 otherwise.
 */
int router_advert_parse(struct router_advert *ret, const uint8_t *message, size_t len);

/* A router solicitation from @mac. Returns its length. */
#define ROUTER_SOLICIT_SIZE 16
size_t router_solicit_make(uint8_t message[ROUTER_SOLICIT_SIZE], const uint8_t mac[6]);

#endif
