/* SPDX-License-Identifier: MIT */
/*
 * netlink.h — interface, addresses, routes, rules and neighbours of the kernel
 *
 * The only file that knows rtnetlink (over libmnl). Requests are answered by
 * the kernel at once; news of our interface arrive by callback on the event
 * loop. Main thread. Source: rtnetlink(7), linux/rtnetlink.h, linux/fib_rules.h.
 */
#ifndef MQTTNODE_NETLINK_H
#define MQTTNODE_NETLINK_H

#include "mqttnode/cleanup.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

/* Marks what is ours: rtm_protocol and FRA_PROTOCOL, and the priority of our rules. */
#define NETLINK_PROTOCOL      77
#define NETLINK_RULE_PRIORITY 7700

struct netlink;

/* News about the watched interface; each may be NULL. */
struct netlink_events {
	void *ctx;
	/* Something about the link changed (flags, MTU, name) or it went away. */
	void (*on_link)(void *ctx, bool exists, bool up, bool carrier);
	/* An IPv4 address appeared on or left the interface. */
	void (*on_address)(void *ctx, struct in_addr address, uint8_t prefix_len, bool present);
	/* The state of an IPv4 neighbour changed (NUD_*); 0: entry removed. */
	void (*on_neighbour)(void *ctx, struct in_addr address, uint16_t state);
	/* Events were lost (ENOBUFS): everything is to be looked at again. */
	void (*on_overrun)(void *ctx);
};

/* Opens both sockets. @event and @events must outlive it. 0 or -errno. */
int netlink_new(struct netlink **ret, sd_event *event, const struct netlink_events *events);
struct netlink *netlink_free(struct netlink *nl);

/* Watches the interface @ifindex from now on; events about others are dropped. */
void netlink_watch(struct netlink *nl, unsigned int ifindex);

/* Sets IFF_UP, the MTU (0: leave), and switches IPv6 off (address generation mode none). */
int netlink_link_up(struct netlink *nl, unsigned int ifindex, uint32_t mtu);

struct netlink_link_stats {
	uint64_t rx_packets, tx_packets, rx_dropped, tx_dropped;
};
int netlink_link_stats(struct netlink *nl, unsigned int ifindex,
		       struct netlink_link_stats *ret);

/* Adds or refreshes an address without the kernel's subnet route; lifetime 0: for ever. */
int netlink_address_add(struct netlink *nl, unsigned int ifindex, struct in_addr address,
			uint8_t prefix_len, uint32_t lifetime_s);
/* Removes it; absent is no error. */
int netlink_address_delete(struct netlink *nl, unsigned int ifindex, struct in_addr address,
			   uint8_t prefix_len);

/* A route to destination/prefix_len (0/0: default) out of @ifindex. */
struct netlink_route {
	struct in_addr destination;
	uint8_t prefix_len;
	struct in_addr gateway;	 /* 0.0.0.0: on link */
	struct in_addr source;	 /* RTA_PREFSRC */
	unsigned int ifindex;
	uint32_t table;		 /* RT_TABLE_MAIN or ours */
	uint32_t metric;	 /* 0: none */
	bool onlink;		 /* the gateway is outside the subnet */
};
int netlink_route_add(struct netlink *nl, const struct netlink_route *route);
int netlink_route_delete(struct netlink *nl, const struct netlink_route *route);

/* A rule "from source" or "to destination for our uid" that looks up @table. */
struct netlink_rule {
	struct in_addr source;	    /* 0.0.0.0: any */
	struct in_addr destination; /* 0.0.0.0: any */
	bool own_uid_only;
	uint32_t table;
};
int netlink_rule_add(struct netlink *nl, const struct netlink_rule *rule);
int netlink_rule_delete(struct netlink *nl, const struct netlink_rule *rule);

/*
 * Removes all rules with our protocol, priority and @table: what a crash left
 * behind, and at exit. Returns how many, or -errno.
 */
int netlink_rules_flush(struct netlink *nl, uint32_t table);

/* Makes the kernel resolve a neighbour now; news come by on_neighbour. */
int netlink_neighbour_probe(struct netlink *nl, unsigned int ifindex, struct in_addr address);

/*
 * The name of another interface that has an address in the subnet of
 * @address/@prefix_len: 1 and the name, 0 if none, or -errno.
 */
int netlink_subnet_elsewhere(struct netlink *nl, unsigned int ifindex, struct in_addr address,
			     uint8_t prefix_len, char name[16]);

DEFINE_CLEANUP(struct netlink, netlink_free);

#endif
