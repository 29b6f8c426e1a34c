/* SPDX-License-Identifier: MIT */
/*
 * netlink.h — interface, addresses, routes, rules and neighbours of the kernel
 *
 * The only module that knows rtnetlink (over libmnl). Requests are answered by
 * the kernel at once; news of our interface arrive by callback on the event
 * loop. Main thread. Source: rtnetlink(7), linux/rtnetlink.h, linux/fib_rules.h.
 */
#ifndef MQTTNODE_NETLINK_H
#define MQTTNODE_NETLINK_H

#include "mqttnode/cleanup.h"
#include "mqttnode/ip.h"

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

/*
 * Marks what is ours: rtm_protocol and FRA_PROTOCOL, and the priority of our
 * rules; those that end in "unreachable" have the next one.
 */
#define NETLINK_PROTOCOL      77
#define NETLINK_RULE_PRIORITY 7700

struct netlink;

/* How an interface is; all zero when it is gone. */
struct netlink_link {
	bool exists;
	bool up;
	/*
	 * Frames can be sent from now on. (The kernel drops what is sent between the
	 * driver's word and this news.)
	 */
	bool carrier;
	unsigned int master; /* index of the bridge it is a port of; 0: of none */
};

/* An address of an interface. */
struct netlink_address {
	struct ip address;
	uint8_t prefix_len;
	bool present;	/* it left otherwise */
	bool tentative; /* IPv6: nobody may use it yet (RFC 4862, 5.4) */
	bool duplicate; /* IPv6: somebody else has it */
};

/*
 * News about the watched interface; each callback may be NULL. None of them is
 * called from within a function of this header: they come from the event loop.
 */
struct netlink_events {
	void *ctx;
	/*
	 * The link was looked at or changed (flags, carrier, MTU, name, bridge),
	 * or the interface went away.
	 */
	void (*on_link)(void *ctx, const struct netlink_link *link);
	/*
	 * An address is on the interface, was given a new lifetime, or left it.
	 * IPv4: what was done through this module is no news.
	 */
	void (*on_address)(void *ctx, const struct netlink_address *address);
	/*
	 * A unicast IPv4 route by the interface was added, changed or removed: ask
	 * netlink_foreign_find(). Of routes that go with IFF_UP or an address the
	 * kernel tells nothing. Without this callback routes are not listened to.
	 */
	void (*on_route)(void *ctx);
	/*
	 * Somebody removed rules that look like ours: netlink_rule_add() says of each
	 * whether it is still there. Without this callback rules are not listened to.
	 */
	void (*on_rule_removed)(void *ctx);
	/*
	 * A neighbour is in @state (NUD_*); 0: its entry was removed. The
	 * kernel does not tell NUD_INCOMPLETE: ask netlink_neighbour_state().
	 */
	void (*on_neighbour)(void *ctx, struct ip address, uint16_t state);
	/*
	 * Events were lost: forget what was told. What is there now is told
	 * next, by the callbacks above.
	 */
	void (*on_overrun)(void *ctx);
};

/*
 * Opens both sockets. @event and @events must outlive it. Returns 0 or -errno;
 * release with netlink_free().
 */
int netlink_new(struct netlink **ret, sd_event *event,
		const struct netlink_events *events);

/* Accepts NULL. What was added to the kernel stays there. */
struct netlink *netlink_free(struct netlink *nl);

/*
 * What the kernel said about the last request that failed, in its own words
 * ("Nexthop has invalid gateway"), or "" if it said nothing. Valid until the
 * next request.
 */
const char *netlink_error(const struct netlink *nl);

/*
 * Watches the interface @ifindex from now on; events about others are dropped.
 * What is there already is told too. 0 ends it.
 */
void netlink_watch(struct netlink *nl, unsigned int ifindex);

/*
 * Requests. Each returns 0, or -errno from the kernel, or -ETIMEDOUT when it
 * did not answer within a second.
 */

/*
 * Keeps the kernel from making IPv6 addresses by itself (address generation mode
 * none, and, where /proc/sys may be written, no router advertisements), sets the MTU (0:
 * leaves it) and IFF_UP.
 */
int netlink_link_up(struct netlink *nl, unsigned int ifindex, uint32_t mtu);

/* The kernel's own counters: tx_dropped are frames that the full TAP queue did not take.
 */
struct netlink_link_stats {
	uint64_t rx_packets, tx_packets, rx_dropped, tx_dropped;
};
int netlink_link_stats(struct netlink *nl, unsigned int ifindex,
		       struct netlink_link_stats *ret);

/* How long an address lives, in seconds, and may be chosen for new connections. */
struct netlink_lifetime {
	uint32_t valid_s; /* 0: for ever */
	uint32_t preferred_s;
};

/*
 * Adds an address without the kernel's subnet route, or gives the one there a
 * new lifetime; an IPv6 address is tentative at first.
 */
int netlink_address_add(struct netlink *nl, unsigned int ifindex, struct ip address,
			uint8_t prefix_len, struct netlink_lifetime lifetime);

/* Removes it; absent (or its interface gone) is no error. */
int netlink_address_delete(struct netlink *nl, unsigned int ifindex, struct ip address,
			   uint8_t prefix_len);

/* A route to destination/prefix_len out of @ifindex. */
struct netlink_route {
	struct ip destination; /* none: everything */
	uint8_t prefix_len;
	struct ip gateway; /* none: on link */
	struct ip source;  /* RTA_PREFSRC; none: the kernel chooses */
	unsigned int ifindex;
	uint32_t table;	 /* RT_TABLE_MAIN or ours */
	uint32_t metric; /* 0: none */
	bool onlink;	 /* the gateway is outside the subnet */
};

/*
 * Adds a route beside (never in place of) what others put there; present is no
 * error.
 */
int netlink_route_add(struct netlink *nl, const struct netlink_route *route);

/* Removes exactly this route if it is ours; absent is no error. */
int netlink_route_delete(struct netlink *nl, const struct netlink_route *route);

/*
 * A rule "from source" or "to destination for our uid" that looks up @table, or,
 * after that, says "unreachable" of what @table has no route for.
 */
struct netlink_rule {
	struct ip source;      /* none: any; but not both of them */
	struct ip destination; /* none: any */
	bool own_uid_only;
	bool unreachable;
	uint32_t table;
};

/* Adds a rule. Returns 1, 0 if it was there, or -errno. */
int netlink_rule_add(struct netlink *nl, const struct netlink_rule *rule);

/* Removes a rule of ours; absent is no error. */
int netlink_rule_delete(struct netlink *nl, const struct netlink_rule *rule);

/*
 * Removes all rules with our protocol, our priorities and @table, of both
 * families: what a crash left behind. Returns how many, or -errno.
 */
int netlink_rules_flush(struct netlink *nl, uint32_t table);

/* What others put on an interface. */
struct netlink_foreign {
	struct in_addr address; /* 0.0.0.0: there is none */
	uint8_t prefix_len;
	bool routed; /* at least one unicast route leads out by the interface */
	struct in_addr gateway; /* of the default route; 0.0.0.0: there is none */
};

/*
 * Looks for an IPv4 address of @ifindex, the first that is not merely link-local
 * if there is one, for IPv4 routes by it, and for the gateway of its default route:
 * that of the main table, else of any other, with the lowest metric. The kernel
 * shows an address before the route to its subnet is there.
 */
int netlink_foreign_find(struct netlink *nl, unsigned int ifindex,
			 struct netlink_foreign *ret);

/* Makes the kernel resolve a neighbour now if it is not reachable; news come by
 * on_neighbour. */
int netlink_neighbour_probe(struct netlink *nl, unsigned int ifindex, struct ip address);

/* The state of a neighbour (NUD_*), 0 if there is no entry, or -errno. */
int netlink_neighbour_state(struct netlink *nl, unsigned int ifindex, struct ip address);

/*
 * The name of another interface that has an IPv4 address in the subnet of
 * @address/@prefix_len: 1 and the name, 2 if it has that very address, 0 if
 * there is none, or -errno.
 */
int netlink_subnet_elsewhere(struct netlink *nl, unsigned int ifindex,
			     struct in_addr address, uint8_t prefix_len,
			     char name[IF_NAMESIZE]);

DEFINE_CLEANUP(struct netlink, netlink_free);

#endif
