/* SPDX-License-Identifier: MIT */
/*
 * uplink.h — the network interface with its address
 *
 * Owns the TAP device (its descriptor goes to the pump), the netlink sockets,
 * the DHCP client, the address with routes and rules, and the watch on the
 * gateway. Makes the interface again when somebody deletes it, and puts the
 * address back when somebody takes it away. With method "external" the address
 * with all that belongs to it is somebody else's, and only watched. Main thread.
 */
#ifndef MQTTNODE_UPLINK_H
#define MQTTNODE_UPLINK_H

#include "mqttnode/cleanup.h"
#include "mqttnode/dhcp.h"
#include "mqttnode/gateway.h"
#include "mqttnode/settings.h"

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

struct uplink_events {
	void *ctx;
	/* A TAP descriptor, which the receiver then owns. */
	void (*on_tap)(void *ctx, int fd);
	/* The lease now in effect on the interface; NULL: there is no address. */
	void (*on_lease)(void *ctx, const struct lease *lease);
	/*
	 * Method "none": the interface is a port of the bridge @master now; NULL: of
	 * none. May be told again.
	 */
	void (*on_port)(void *ctx, const char *master);
	/* The IPv6 addresses that can be used, the best first, have changed. */
	void (*on_addresses6)(void *ctx, const struct ip *addresses, size_t n);
	/* Why there is no address (yet), or none confirmed: a sentence. */
	void (*on_trouble)(void *ctx, bool failed, enum cause_id id, const char *cause);
	void (*on_gateway)(void *ctx, enum gateway_state state, struct ip gateway);
	/* uplink_stop() is complete. */
	void (*on_stopped)(void *ctx);
};

struct uplink;

/*
 * Creates the interface @interface with address @mac and gives its descriptor
 * to on_tap() before it returns. All pointers must outlive it. Returns 0 or
 * -errno after logging what is wrong; release with uplink_free().
 */
int uplink_new(struct uplink **ret, sd_event *event, const char *interface,
	       const uint8_t mac[6], const char *hostname,
	       const struct network_settings *settings,
	       const struct uplink_events *events);

/* Takes address, routes and rules away at once. Accepts NULL. */
struct uplink *uplink_free(struct uplink *u);

/* The cable is in or out. */
void uplink_link(struct uplink *u, bool up);

/* The pump found the device of its descriptor deleted: make a new one. */
void uplink_tap_lost(struct uplink *u);

/* Frames that the kernel dropped instead of giving them to the pump, since the start. */
uint64_t uplink_tx_dropped(struct uplink *u);

/*
 * Those of them, as of the last call of uplink_tx_dropped(), that were dropped while
 * frames could be sent: the pump was too slow. What the kernel sends to an interface
 * that has no reader or no carrier yet is dropped as well.
 */
uint64_t uplink_tx_overrun(const struct uplink *u);

/* Releases the lease; on_stopped() follows, at most @limit_ms later. */
void uplink_stop(struct uplink *u, unsigned int limit_ms);

DEFINE_CLEANUP(struct uplink, uplink_free);

#endif
