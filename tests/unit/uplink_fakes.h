/* SPDX-License-Identifier: MIT */
/*
 * uplink_fakes.h — what is below the uplink, as a journal of what it is asked to do
 *
 * TAP, netlink, DHCP client, addresses and names, faked at link time.
 */
#ifndef MQTTNODE_TESTS_UPLINK_FAKES_H
#define MQTTNODE_TESTS_UPLINK_FAKES_H

#include <stdint.h>

#include "mqttnode/dhcp.h"
#include "mqttnode/external.h"
#include "mqttnode/netlink.h"
#include "mqttnode/slaac.h"

#define BRIDGE 20 /* index of an interface br0 */

extern char done[2048]; /* the journal */
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Compares the journal, and begins a new one. */
void expect(const char *what);

/* What they answer: 0, or -errno. */
extern int tap_result, apply_result, slaac_result, restored;
extern unsigned int ifindex;
extern uint64_t dropped;
extern struct ip slaac_gateway;

extern uint64_t lookup_us; /* the time that a lookup takes at most */

/* What they were given. */
extern uint64_t delay_us; /* of the timer armed last */
extern struct lease applied;
extern const struct netlink_events *netlink_events;
extern const struct dhcp_events *dhcp_events;
extern const struct external_events *external_events;
extern void (*slaac_change)(void *ctx);
extern void *slaac_ctx;

#endif
