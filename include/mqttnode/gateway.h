/* SPDX-License-Identifier: MIT */
/*
 * gateway.h — whether the gateway answers, by its neighbour state
 *
 * The kernel knows: it resolves the gateway for every packet that goes there.
 * Asked once after an address is set, then only listened to. The gateway has
 * failed in state FAILED, or when INCOMPLETE lasts for more than 3 s; a failed
 * one is asked again every 5 s. Main thread. Source: RFC 4861 state names as
 * used by neighbour(7), linux/neighbour.h.
 */
#ifndef MQTTNODE_GATEWAY_H
#define MQTTNODE_GATEWAY_H

#include "mqttnode/cleanup.h"
#include "mqttnode/netlink.h"

#include <netinet/in.h>
#include <stdint.h>
#include <systemd/sd-event.h>

enum gateway_state {
	GATEWAY_STATE_NONE, /* none is known, none is needed */
	GATEWAY_STATE_TRYING,
	GATEWAY_STATE_OK,
	GATEWAY_STATE_FAILED,
};

struct gateway;

/* @on_state is called for every change of state. @event and @nl must outlive it. 0 or
 * -errno. */
int gateway_new(struct gateway **ret, sd_event *event, struct netlink *nl,
		void (*on_state)(void *ctx, enum gateway_state state, struct ip gateway),
		void *ctx);
struct gateway *gateway_free(struct gateway *g);

/* Watches @address on interface @ifindex from now on; none: no gateway. */
void gateway_set(struct gateway *g, unsigned int ifindex, struct ip address);

/* News of a neighbour (NUD_*, 0: entry gone), of whatever address. */
void gateway_on_neighbour(struct gateway *g, struct ip address, uint16_t state);

DEFINE_CLEANUP(struct gateway, gateway_free);

#endif
