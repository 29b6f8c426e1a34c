/* SPDX-License-Identifier: MIT */
/*
 * uplink_internal.h — what the files of the uplink share
 *
 * uplink.c has the device and its life, uplink_lease.c what a lease (of DHCP, of the
 * configuration, of somebody else) means for address, names and gateway. Main thread.
 */
#ifndef MQTTNODE_UPLINK_INTERNAL_H
#define MQTTNODE_UPLINK_INTERNAL_H

#include "mqttnode/uplink.h"

#include <net/if.h>

#include "mqttnode/address.h"
#include "mqttnode/external.h"
#include "mqttnode/ip.h"
#include "mqttnode/names.h"
#include "mqttnode/netlink.h"
#include "mqttnode/slaac.h"

#include "tx_drops.h"

struct uplink {
	sd_event *event;			 /* borrowed */
	const struct network_settings *settings; /* borrowed */
	const struct uplink_events *events;	 /* borrowed */
	char interface[IFNAMSIZ];
	uint8_t mac[6];
	char hostname[65];

	struct netlink_events netlink_events;
	struct dhcp_events dhcp_events;
	struct external_events external_events;
	struct netlink *netlink;
	struct gateway *gateway;
	sd_event_source *retry; /* creating the device anew, or the address on it */

	unsigned int ifindex; /* 0: there is no device */
	struct address *address;
	struct dhcp *dhcp;	   /* NULL with another method */
	struct external *external; /* NULL with another method */
	struct slaac *slaac;	   /* NULL: no IPv6 */
	struct lease lease;	   /* kept over the loss of the device */
	bool have_lease;
	bool in_effect; /* the lease is on the device */
	bool link_up;	/* the PHY says so */
	bool carrier;	/* the kernel sends: a little later than the PHY */
	bool ready;	/* both: what was told to the DHCP client */
	bool restore;	/* the lease is to be put on a device that was created again */
	bool set_down;	/* somebody took IFF_UP away */
	bool stopping;
	struct tx_drops tx_drops;
	struct ip servers[NAMES_SERVERS_MAX]; /* that were told last */
	size_t n_servers;
	sd_event_source *lookups; /* one may be under way that asks those before */
};

/* Tells who is to be asked for names: those of the configuration, else of the network. */
void uplink_use_servers(struct uplink *u);

/* Watches the router: that of IPv4, or that of IPv6 if there is none. */
void uplink_watch_gateway(struct uplink *u);

/* Asks it anew, since it may be another one or gone. */
void uplink_ask_gateway(struct uplink *u);

/* Creates the device, or puts the lease on it, in @delay_us. */
void uplink_retry_in(struct uplink *u, uint64_t delay_us);

/* Puts the lease that is known into effect (again) and tells. */
void uplink_put_into_effect(struct uplink *u);

/* Takes the lease away, if there is one, and tells. */
void uplink_drop_lease(struct uplink *u);

/* Puts back the rules that somebody removed, and tells. */
void uplink_restore_rules(struct uplink *u);

/* Makes the parts that bring leases and watch the gateway. 0 or -errno. */
int uplink_lease_init(struct uplink *u);
void uplink_lease_clear(struct uplink *u);

#endif
