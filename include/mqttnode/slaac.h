/* SPDX-License-Identifier: MIT */
/*
 * slaac.h — IPv6 addresses from what routers advertise
 *
 * Done here and not by the kernel, which would put a router's default route into
 * the main table, before everybody else's. The kernel makes no address on the
 * interface by itself (netlink_link_up()); it sees to duplicates (RFC 4862, 5.4)
 * and neighbours. Prefixes and the router go to the private table, and with metric
 * 4096 to the main table; a rule "from ADDRESS" and one "to SERVER" for each DNS
 * server lead to the former. Main thread.
 *
 * Source: RFC 4861 section 6.3, RFC 4862 section 5.5, RFC 7559, RFC 8106. Addresses
 * end in the interface identifier of the MAC (RFC 4291, appendix A). No DHCPv6.
 */
#ifndef MQTTNODE_SLAAC_H
#define MQTTNODE_SLAAC_H

#include "mqttnode/cleanup.h"
#include "mqttnode/ip.h"
#include "mqttnode/netlink.h"
#include "mqttnode/settings.h"

#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

/* Addresses at most, with the link-local one. */
#define SLAAC_ADDRESSES_MAX 5

struct slaac;

/*
 * Gives interface @ifindex, which is up, its link-local address. @on_change is
 * called with what the functions below say has changed. All pointers must outlive
 * it. 0 or -errno (-EACCES: IPv6 is disabled on the interface).
 */
int slaac_new(struct slaac **ret, sd_event *event, struct netlink *nl,
	      const struct network_settings *settings, unsigned int ifindex,
	      const char *interface, const uint8_t mac[6], void (*on_change)(void *ctx),
	      void *ctx);

/* Takes addresses, routes and rules away. Accepts NULL. */
struct slaac *slaac_free(struct slaac *s);

/*
 * No lookup is under way any more that asks a DNS server that is gone from the
 * list: until then the daemon's own questions to it had no way by another interface.
 */
void slaac_settle(struct slaac *s);

/* Puts back rules of ours that somebody removed. Returns how many, or -errno. */
int slaac_restore_rules(const struct slaac *s);

/* Frames can be sent from now on: routers are asked. Or no longer. */
void slaac_link(struct slaac *s, bool ready);

/* News of an address of the interface, of whatever family. */
void slaac_on_address(struct slaac *s, const struct netlink_address *news);

/*
 * The addresses that can be used, deprecated ones only where there is no other; the
 * link-local one is the last. Returns how many.
 */
size_t slaac_addresses(const struct slaac *s, struct ip ret[SLAAC_ADDRESSES_MAX]);

/* The DNS servers that are known, up to @max. Returns how many. */
size_t slaac_servers(const struct slaac *s, struct ip *ret, size_t max);

/* The default router, or none. */
struct ip slaac_router(const struct slaac *s);

DEFINE_CLEANUP(struct slaac, slaac_free);

#endif
