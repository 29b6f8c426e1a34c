/* SPDX-License-Identifier: MIT */
/*
 * plan.h — the routes and rules that should exist, and the way there
 *
 * What is put into effect is the difference to the plan before, so what stays
 * the same does not flicker under a connection. Main thread.
 *
 * A rule for a DNS server stays a while longer than it is wanted, with its end: a
 * lookup that is under way (names.h: up to NAMES_LOOKUP_MAX_S) opens a socket for
 * each further question, which would go to that server by another network. Both stay,
 * since the kernel looks for a gateway, which often is that server, by the rules too.
 */
#ifndef MQTTNODE_PLAN_H
#define MQTTNODE_PLAN_H

#include "mqttnode/netlink.h"

#define PLAN_ROUTES_MAX 24
#define PLAN_RULES_MAX	24

struct plan {
	struct netlink_route routes[PLAN_ROUTES_MAX];
	size_t n_routes;
	struct netlink_rule rules[PLAN_RULES_MAX];
	size_t n_rules;
	struct netlink_rule lingering[PLAN_RULES_MAX]; /* of what is done: not wanted */
	size_t n_lingering;
};

/* Adds to a plan, which must have room. */
void plan_route(struct plan *plan, const struct netlink_route *route);

/*
 * ... @rule, and an end behind it: what the rule sends to the private table has
 * no other way. Where that table has no route (a lease without a router, an
 * interface that was set down) the main table would carry it to another network.
 */
void plan_rule(struct plan *plan, struct netlink_rule rule);

/*
 * Changes the kernel, and with it @done, which says what is there. Failures are
 * told with the name @interface; the rest is still done, and what failed is tried
 * again the next time. Those that add return 0 or the first error.
 */
void plan_remove_surplus(struct plan *done, const struct plan *wanted, struct netlink *nl,
			 const char *interface);
int plan_add_routes(struct plan *done, const struct plan *wanted, struct netlink *nl,
		    const char *interface);
int plan_add_rules(struct plan *done, const struct plan *wanted, struct netlink *nl);

/*
 * Puts back rules that somebody removed, those that linger too. Returns how many, or
 * the first error, without telling.
 */
int plan_restore_rules(const struct plan *done, struct netlink *nl);

/* Takes all of it away but what lingers. */
void plan_clear(struct plan *done, struct netlink *nl, const char *interface);

/* Takes away what lingers: no lookup that it was there for is under way any more. */
void plan_let_go(struct plan *done, struct netlink *nl);

/* The kernel's own words for the last error, as an appendix to a message. */
const char *plan_kernel_words(const struct netlink *nl, char *buf, size_t size);

#endif
