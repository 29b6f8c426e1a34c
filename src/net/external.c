// SPDX-License-Identifier: MIT
/*
 * external.c — an address that somebody else puts on the interface
 *
 * Nothing is concluded from the news of the kernel, which come one by one and
 * not for everything: they only make us look, once for all that is there to read.
 */
#include "mqttnode/external.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "mqttnode/log.h"
#include "mqttnode/text.h"

/* DHCP of others with its address check takes this long. */
#define PATIENCE_US (10 * UINT64_C(1000000))

/* After a look that failed. */
#define RETRY_US UINT64_C(1000000)

struct external {
	struct netlink *nl; /* borrowed, as the next two */
	const char *interface;
	const struct external_events *events;
	sd_event_source *look;
	sd_event_source *retry;	   /* runs after a look that failed */
	sd_event_source *patience; /* runs while there could be an address */
	unsigned int ifindex;	   /* 0: there is no device */
	bool link_up;
	struct netlink_foreign found; /* told last */
	struct in_addr unrouted;      /* an address that nothing can be sent from yet */
};

static bool same(const struct netlink_foreign *a, const struct netlink_foreign *b)
{
	return a->address.s_addr == b->address.s_addr && a->prefix_len == b->prefix_len &&
	       a->gateway.s_addr == b->gateway.s_addr;
}

static void be_patient(struct external *e)
{
	bool waiting = e->ifindex && e->link_up && !e->found.address.s_addr;

	if (waiting)
		(void)sd_event_source_set_time_relative(e->patience, PATIENCE_US);
	(void)sd_event_source_set_enabled(e->patience,
					  waiting ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

static void tell(struct external *e)
{
	const struct lease lease = {
		.address = e->found.address,
		.prefix_len = e->found.prefix_len,
		.gateway = e->found.gateway,
		.lifetime_s = UINT32_MAX,
	};

	e->events->on_lease(e->events->ctx, e->found.address.s_addr ? &lease : NULL);
}

static int on_look(sd_event_source *source, void *userdata)
{
	struct netlink_foreign found;
	struct external *e = userdata;
	bool changed, had = e->found.address.s_addr;
	struct in_addr unrouted = { 0 };
	int r;

	(void)source;
	if (!e->ifindex)
		return 0;
	r = netlink_foreign_find(e->nl, e->ifindex, &found);
	if (r < 0) {
		log_warning_errno(r, "Cannot look for the address of %s: %m",
				  e->interface);
		(void)sd_event_source_set_time_relative(e->retry, RETRY_US);
		(void)sd_event_source_set_enabled(e->retry, SD_EVENT_ONESHOT);
		return 0;
	}
	/*
	 * Both are needed. Without a route to its subnet, which comes after the
	 * address, all that is sent takes the way of another interface.
	 */
	if (!found.routed)
		unrouted = found.address;
	if (!found.address.s_addr || !found.routed)
		found = (struct netlink_foreign){ 0 };
	changed = !same(&found, &e->found);
	e->found = found;
	if (had != (found.address.s_addr != 0) || e->unrouted.s_addr != unrouted.s_addr) {
		e->unrouted = unrouted;
		be_patient(e);
	}
	if (changed)
		tell(e);
	return 0;
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata)
{
	(void)source;
	(void)usec;
	external_look(userdata);
	return 0;
}

static int on_patience(sd_event_source *source, uint64_t usec, void *userdata)
{
	char cause[160], text[INET_ADDRSTRLEN];
	struct external *e = userdata;

	(void)source;
	(void)usec;
	if (e->unrouted.s_addr)
		text_format(cause, sizeof(cause),
			    "%s has the address %s, but no route leads out by it: look "
			    "at NetworkManager or systemd-networkd",
			    e->interface,
			    inet_ntop(AF_INET, &e->unrouted, text, sizeof(text)));
	else
		text_format(cause, sizeof(cause),
			    "Nobody has put an address on %s: look at NetworkManager or "
			    "systemd-networkd",
			    e->interface);
	e->events->on_trouble(e->events->ctx,
			      e->unrouted.s_addr ? CAUSE_ADDRESS_UNROUTED
						 : CAUSE_ADDRESS_NOBODYS,
			      cause);
	return 0;
}

int external_new(struct external **ret, sd_event *event, struct netlink *nl,
		 const char *interface, const struct external_events *events)
{
	_cleanup_(external_freep) struct external *e = NULL;
	int r;

	e = calloc(1, sizeof(*e));
	if (!e)
		return -ENOMEM;
	e->nl = nl;
	e->interface = interface;
	e->events = events;
	r = sd_event_add_defer(event, &e->look, on_look, e);
	if (r < 0)
		return r;
	(void)sd_event_source_set_description(e->look, "external look");
	/* After all news that can be read. */
	r = sd_event_source_set_priority(e->look, SD_EVENT_PRIORITY_IDLE);
	if (r >= 0)
		r = sd_event_source_set_enabled(e->look, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_time_relative(event, &e->patience, CLOCK_MONOTONIC, 0, 0,
					       on_patience, e);
	if (r < 0)
		return r;
	(void)sd_event_source_set_description(e->patience, "external patience");
	r = sd_event_add_time_relative(event, &e->retry, CLOCK_MONOTONIC, 0, 0, on_retry,
				       e);
	if (r < 0)
		return r;
	(void)sd_event_source_set_description(e->retry, "external retry");
	(void)sd_event_source_set_enabled(e->retry, SD_EVENT_OFF);
	be_patient(e);
	*ret = TAKE_PTR(e);
	return 0;
}

struct external *external_free(struct external *e)
{
	if (!e)
		return NULL;
	sd_event_source_disable_unref(e->look);
	sd_event_source_disable_unref(e->retry);
	sd_event_source_disable_unref(e->patience);
	free(e);
	return NULL;
}

void external_device(struct external *e, unsigned int ifindex)
{
	e->ifindex = ifindex;
	e->found = (struct netlink_foreign){ 0 };
	e->unrouted.s_addr = 0;
	be_patient(e);
	external_look(e);
}

void external_link(struct external *e, bool up)
{
	e->link_up = up;
	be_patient(e);
}

void external_look(struct external *e)
{
	(void)sd_event_source_set_enabled(e->look, SD_EVENT_ONESHOT);
}
