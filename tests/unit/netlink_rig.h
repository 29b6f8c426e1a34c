/* SPDX-License-Identifier: MIT */
/* netlink_rig.h — the netlink module between an event loop and a real kernel */
#ifndef MQTTNODE_TESTS_NETLINK_RIG_H
#define MQTTNODE_TESTS_NETLINK_RIG_H

#include "mqttnode/clock.h"
#include "mqttnode/ip.h"
#include "mqttnode/netlink.h"

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

/* What the callbacks told. */
struct told {
	unsigned int links, addresses, routes, rules, neighbours, overruns;
	bool exists, up, carrier;
	struct ip address;
	uint8_t prefix_len;
	bool present, tentative;
	struct ip neighbour;
	uint16_t state;
	unsigned int master;
};

struct fixture {
	sd_event *event;
	struct netlink *nl;
	struct netlink_events events;
	struct told told;
	unsigned int ifindex;
};

/*
 * Set-up and tear-down of a test in a namespace of its own (netns_enter()): two
 * interfaces joined by a cable, mqtt0, that of the fixture, and far0; both down.
 */
int netlink_rig_set_up(void **state);
int netlink_rig_tear_down(void **state);

/* The callback for the link, for a test that has one of its own; @ctx: struct told. */
void netlink_rig_on_link(void *ctx, const struct netlink_link *link);

struct ip ip(const char *text);
bool is(const struct ip *a, const char *text);

/* Runs the event loop until nothing has come for 50 ms. */
void settle(struct fixture *f);

/* Runs the event loop until @condition, at most 6 s. */
#define WAIT_FOR(f, condition)                                                           \
	do {                                                                             \
		uint64_t limit = clock_now_ns(&clock_system) + 6 * NSEC_PER_SEC;         \
		while (!(condition) && clock_now_ns(&clock_system) < limit)              \
			assert_true(sd_event_run((f)->event, 100000) >= 0);              \
		assert_true(condition);                                                  \
	} while (0)

#endif
