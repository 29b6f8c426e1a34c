/* SPDX-License-Identifier: MIT */
/*
 * external.h — an address that somebody else puts on the interface
 *
 * network.method = "external": NetworkManager, systemd-networkd or a person
 * configures the interface; here it is only looked at. Main thread.
 */
#ifndef MQTTNODE_EXTERNAL_H
#define MQTTNODE_EXTERNAL_H

#include "mqttnode/cause.h"
#include "mqttnode/cleanup.h"
#include "mqttnode/dhcp.h"
#include "mqttnode/netlink.h"

#include <stdbool.h>
#include <systemd/sd-event.h>

/* None is called from within a function of this header. */
struct external_events {
	void *ctx;
	/*
	 * Address and gateway of the interface are now these (nothing else of
	 * @lease is set, its lifetime has no end); NULL: it has no address.
	 */
	void (*on_lease)(void *ctx, const struct lease *lease);
	/* The interface can send for a while and has no address. @cause is a sentence. */
	void (*on_trouble)(void *ctx, enum cause_id id, const char *cause);
};

struct external;

/* @event, @nl, @interface and @events must outlive it. 0 or -errno. */
int external_new(struct external **ret, sd_event *event, struct netlink *nl,
		 const char *interface, const struct external_events *events);
struct external *external_free(struct external *e);

/*
 * The interface has the index @ifindex from now on; 0: it is gone, and with it
 * its address, without another word.
 */
void external_device(struct external *e, unsigned int ifindex);

/* Whether the interface can send. */
void external_link(struct external *e, bool up);

/* There is news of link, addresses or routes: look what is there, once all is told. */
void external_look(struct external *e);

DEFINE_CLEANUP(struct external, external_free);

#endif
