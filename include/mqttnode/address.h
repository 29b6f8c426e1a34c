/* SPDX-License-Identifier: MIT */
/*
 * address.h — a leased or static address, with its routes and rules
 *
 * Puts the address on the interface, the subnet and default route into the
 * private table and (metric 4096) the main table, a rule "from ADDRESS" and
 * one "to SERVER" for each DNS server, each with an end behind it where that
 * table has no route; takes all of it away again. The
 * machine's other routes and rules are never touched. Main thread.
 */
#ifndef MQTTNODE_ADDRESS_H
#define MQTTNODE_ADDRESS_H

#include "mqttnode/dhcp.h"
#include "mqttnode/netlink.h"
#include "mqttnode/settings.h"

struct address;

/* For interface @ifindex; @nl and @settings must outlive it. 0 or -errno. */
int address_new(struct address **ret, struct netlink *nl,
		const struct network_settings *settings, unsigned int ifindex,
		const char *interface);

/* Takes away what is left. Accepts NULL. */
struct address *address_free(struct address *a);

/*
 * Puts @lease into effect in place of the one before; what is unchanged is not
 * touched. Returns 0 or -errno (-EADDRINUSE: another interface of this machine
 * has the address, nothing was done); logs what failed.
 */
int address_apply(struct address *a, const struct lease *lease);

/*
 * Takes everything away, but keeps the daemon's own questions to the DNS servers of
 * the lease from leaving by another interface until address_settle().
 */
void address_clear(struct address *a);

/*
 * No lookup is under way any more that asks the DNS servers of an earlier lease:
 * takes away what was kept for those.
 */
void address_settle(struct address *a);

/*
 * Tells that somebody removed @ip from @interface and that it is put back; a few times a
 * minute, since somebody may do so all the time.
 */
void address_tell_removed(const char *interface, const struct ip *ip);

/* Puts back rules of ours that somebody removed. Returns how many, or -errno. */
int address_restore_rules(const struct address *a);

/* The lease in effect, or NULL. Owned by @a. */
const struct lease *address_current(const struct address *a);

/* The static configuration as a lease that never ends. */
struct lease address_from_settings(const struct network_settings *settings);

DEFINE_CLEANUP(struct address, address_free);

#endif
