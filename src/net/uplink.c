// SPDX-License-Identifier: MIT
/*
 * uplink.c — the network interface with its address
 *
 * The device lives as long as its descriptor, which the pump has. When it is
 * deleted from outside, everything that was tied to its index goes with it:
 * the DHCP client's sockets, addresses, routes. All of that is thrown away and
 * made again over a new device; the lease itself is kept and confirmed anew.
 */
#include "mqttnode/uplink.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "mqttnode/fd.h"
#include "mqttnode/log.h"
#include "mqttnode/tap.h"

#include "uplink_internal.h"

#define TAP_RETRY_US UINT64_C(1000000)

static void read_tx_drops(struct uplink *u)
{
	struct netlink_link_stats stats;

	if (u->ifindex && netlink_link_stats(u->netlink, u->ifindex, &stats) == 0)
		tx_drops_read(&u->tx_drops, stats.tx_dropped);
}

static void set_ready(struct uplink *u, bool ready)
{
	read_tx_drops(u);
	tx_drops_ready(&u->tx_drops, ready);
	u->ready = ready;
}

/* Throws away what belongs to the device that is gone. */
static void forget_device(struct uplink *u)
{
	struct slaac *slaac = TAKE_PTR(u->slaac);

	if (u->dhcp)
		dhcp_interface_gone(u->dhcp);
	if (u->external) {
		external_device(u->external, 0);
		uplink_drop_lease(u);
	}
	gateway_set(u->gateway, 0, (struct ip){ 0 });
	u->in_effect = false;
	uplink_use_servers(u); /* none: without rules nothing keeps questions here */
	u->address = address_free(u->address);
	if (slaac) {
		(void)slaac_free(slaac);
		u->events->on_addresses6(u->events->ctx, NULL, 0);
	}
	u->ifindex = 0;
	u->carrier = false;
	tx_drops_device_gone(&u->tx_drops);
	set_ready(u, false);
	netlink_watch(u->netlink, 0);
}

static void on_slaac_change(void *ctx)
{
	struct ip addresses[SLAAC_ADDRESSES_MAX];
	struct uplink *u = ctx;
	size_t n = slaac_addresses(u->slaac, addresses);

	uplink_use_servers(u);
	uplink_watch_gateway(u);
	u->events->on_addresses6(u->events->ctx, addresses, n);
}

/* Without it there is still IPv4. */
static void start_ipv6(struct uplink *u)
{
	int r = slaac_new(&u->slaac, u->event, u->netlink, u->settings, u->ifindex,
			  u->interface, u->mac, on_slaac_change, u);

	if (r < 0)
		log_warning_errno(r,
				  "Cannot use IPv6 on %s: %m; is it switched off "
				  "(net.ipv6.conf.all.disable_ipv6)?",
				  u->interface);
}

/* Makes everything that belongs to the new device @ifindex. 0 or -errno. */
static int equip_device(struct uplink *u, unsigned int ifindex)
{
	int r;

	u->ifindex = ifindex;
	u->set_down = false;
	r = netlink_link_up(u->netlink, ifindex, 0);
	if (r < 0)
		return log_error_errno(r, "Cannot set interface %s up: %m", u->interface);
	/* Only now: that the device was down before is no news. */
	netlink_watch(u->netlink, ifindex);
	r = address_new(&u->address, u->netlink, u->settings, ifindex, u->interface);
	if (r < 0)
		return log_error_errno(r, "Cannot manage addresses on %s: %m",
				       u->interface);
	if (u->external)
		external_device(u->external, ifindex);
	if (u->settings->ipv6)
		start_ipv6(u);
	if (u->settings->method != NETWORK_METHOD_DHCP || u->dhcp)
		return 0;
	r = dhcp_new(&u->dhcp, u->event, u->interface, u->hostname, &u->dhcp_events);
	if (r < 0)
		return log_error_errno(r, "Cannot set up the DHCP client: %m");
	return 0;
}

/* Creates the device and hands out its descriptor. 0 or -errno, logged. */
static int create_device(struct uplink *u)
{
	_cleanup_close_ int fd = -1;
	unsigned int ifindex;
	char why[200];
	int r;

	fd = tap_open(u->interface, u->mac, u->external != NULL);
	if (fd < 0) {
		(void)tap_explain(u->interface, -fd, why, sizeof(why));
		return log_error_errno(fd, "%s", why);
	}
	ifindex = if_nametoindex(u->interface);
	if (!ifindex)
		return log_error_errno(errno, "Interface %s vanished: %m", u->interface);
	r = equip_device(u, ifindex);
	if (r < 0) {
		forget_device(u);
		return r;
	}
	u->events->on_tap(u->events->ctx, take_fd(&fd));
	return 0;
}

/*
 * Tells the DHCP client when frames really can be sent: what it sent before the
 * kernel took notice of the carrier would be dropped.
 */
static void update_ready(struct uplink *u)
{
	bool ready = u->link_up && u->carrier && u->ifindex;

	if (ready == u->ready)
		return;
	set_ready(u, ready);
	if (u->dhcp)
		dhcp_link(u->dhcp, ready);
	if (u->external)
		external_link(u->external, ready);
	/* An address that is not leased is confirmed by the link alone. */
	if (ready && u->have_lease && (!u->dhcp || u->restore)) {
		u->restore = false;
		uplink_put_into_effect(u);
	}
	if (u->slaac)
		slaac_link(u->slaac, ready);
	/* The cable may be in another network. */
	if (ready)
		uplink_ask_gateway(u);
}

/*
 * The device is there: bring back what was on the one before, but not until it
 * can send. A question for a neighbour that is lost is repeated only a second
 * later, and all that is to be sent has to wait for it.
 */
static void resume(struct uplink *u)
{
	u->restore = u->have_lease;
	update_ready(u);
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct uplink *u = userdata;

	(void)source;
	(void)usec;
	if (u->ifindex) {
		if (u->have_lease && !u->in_effect)
			uplink_put_into_effect(u);
		return 0;
	}
	if (create_device(u) < 0) {
		uplink_retry_in(u, TAP_RETRY_US);
		return 0;
	}
	log_notice("Interface %s was created again", u->interface);
	resume(u);
	return 0;
}

/*
 * News come one by one; of a device that is deleted the kernel tells first that
 * it went down and lost its address.
 */
static bool device_exists(const struct uplink *u)
{
	char name[IF_NAMESIZE];

	return u->ifindex && if_indextoname(u->ifindex, name);
}

static void device_gone(struct uplink *u)
{
	if (!u->ifindex || u->stopping)
		return;
	log_warning("Interface %s was deleted by somebody, creating it again",
		    u->interface);
	forget_device(u);
	u->events->on_trouble(u->events->ctx, true, CAUSE_INTERFACE_DELETED,
			      "The interface was deleted by somebody");
	uplink_retry_in(u, 0);
}

void uplink_tap_lost(struct uplink *u)
{
	/* The pump may mean the device before: the kernel told of that already. */
	if (!device_exists(u))
		device_gone(u);
}

/* A port of a bridge has no address; what can be wrong with it is the bridge. */
static void tell_master(struct uplink *u, unsigned int master)
{
	char name[IF_NAMESIZE];

	if (u->settings->method == NETWORK_METHOD_NONE)
		u->events->on_port(u->events->ctx,
				   master ? if_indextoname(master, name) : NULL);
}

/* What goes with IFF_UP comes back with it; until then there is a better cause. */
static void look_outside(struct uplink *u)
{
	if (u->external && !u->set_down)
		external_look(u->external);
}

static void on_link_news(void *ctx, const struct netlink_link *link)
{
	struct uplink *u = ctx;

	if (!link->exists || !device_exists(u)) {
		device_gone(u);
		return;
	}
	u->carrier = link->carrier;
	update_ready(u);
	/* While it is down that is the cause of all. */
	if (link->up) {
		tell_master(u, link->master);
		if (u->external)
			external_look(u->external);
	}
	if (!link->up && !u->set_down) {
		u->set_down = true;
		log_warning(
			"Interface %s was set down by somebody: \"ip link set %s up\" "
			"brings it back",
			u->interface, u->interface);
		u->events->on_trouble(u->events->ctx, true, CAUSE_INTERFACE_DOWN,
				      "The interface was set down by somebody");
	} else if (link->up && u->set_down) {
		u->set_down = false;
		log_notice("Interface %s is up again", u->interface);
		/* The kernel took the routes away with IFF_UP, and IPv6 addresses. */
		if (u->slaac) {
			u->slaac = slaac_free(u->slaac);
			start_ipv6(u);
			if (u->slaac)
				slaac_link(u->slaac, u->ready);
		}
		if (u->have_lease) {
			address_clear(u->address);
			uplink_put_into_effect(u);
		} else if (u->settings->method != NETWORK_METHOD_NONE) {
			u->events->on_lease(u->events->ctx, NULL);
		}
	}
}

static void on_address_news(void *ctx, const struct netlink_address *news)
{
	struct uplink *u = ctx;
	struct ip own = ip_from_v4(u->lease.address);

	/* What goes with IFF_UP comes back with it. */
	if (u->slaac && !u->stopping && !u->set_down && device_exists(u))
		slaac_on_address(u->slaac, news);

	if (u->external) {
		look_outside(u);
		return;
	}
	if (news->present || !u->have_lease || !ip_equal(&news->address, &own) ||
	    u->stopping || !device_exists(u))
		return;
	address_tell_removed(u->interface, &own);
	address_clear(u->address);
	uplink_put_into_effect(u);
}

static void on_route_news(void *ctx)
{
	look_outside(ctx);
}

static void on_rule_removed(void *ctx)
{
	struct uplink *u = ctx;

	if (!u->stopping && !u->external)
		uplink_restore_rules(u);
}

static void on_neighbour_news(void *ctx, struct ip address, uint16_t state)
{
	struct uplink *u = ctx;

	gateway_on_neighbour(u->gateway, address, state);
}

static void on_overrun(void *ctx)
{
	struct uplink *u = ctx;

	look_outside(u);
	on_rule_removed(u);
	/* Whatever was missed shows when the gateway is asked again. */
	uplink_ask_gateway(u);
}

int uplink_new(struct uplink **ret, sd_event *event, const char *interface,
	       const uint8_t mac[6], const char *hostname,
	       const struct network_settings *settings,
	       const struct uplink_events *events)
{
	_cleanup_(uplink_freep) struct uplink *u = NULL;
	int r;

	u = calloc(1, sizeof(*u));
	if (!u)
		return -ENOMEM;
	u->event = event;
	u->settings = settings;
	u->events = events;
	memcpy(u->mac, mac, sizeof(u->mac));
	(void)snprintf(u->interface, sizeof(u->interface), "%s", interface);
	(void)snprintf(u->hostname, sizeof(u->hostname), "%s", hostname);
	u->netlink_events = (struct netlink_events){
		.ctx = u,
		.on_link = on_link_news,
		.on_address = on_address_news,
		.on_neighbour = on_neighbour_news,
		.on_overrun = on_overrun,
	};
	if (settings->method == NETWORK_METHOD_EXTERNAL)
		u->netlink_events.on_route = on_route_news;
	else
		u->netlink_events.on_rule_removed = on_rule_removed;
	r = netlink_new(&u->netlink, event, &u->netlink_events);
	if (r < 0)
		return log_error_errno(r, "Cannot open netlink sockets: %m");
	r = uplink_lease_init(u);
	if (r < 0)
		return r;
	r = sd_event_add_time_relative(event, &u->retry, CLOCK_MONOTONIC, 0, 0, on_retry,
				       u);
	if (r < 0)
		return r;
	(void)sd_event_source_set_description(u->retry, "interface");
	(void)sd_event_source_set_enabled(u->retry, SD_EVENT_OFF);
	uplink_use_servers(u);
	r = create_device(u);
	if (r < 0)
		return r;
	if (settings->method == NETWORK_METHOD_STATIC) {
		u->lease = address_from_settings(settings);
		u->have_lease = true;
		uplink_put_into_effect(u);
	}
	*ret = TAKE_PTR(u);
	return 0;
}

struct uplink *uplink_free(struct uplink *u)
{
	if (!u)
		return NULL;
	sd_event_source_disable_unref(u->retry);
	uplink_lease_clear(u);
	u->netlink = netlink_free(u->netlink);
	free(u);
	return NULL;
}

void uplink_link(struct uplink *u, bool up)
{
	u->link_up = up;
	update_ready(u);
}

uint64_t uplink_tx_dropped(struct uplink *u)
{
	read_tx_drops(u);
	return tx_drops_all(&u->tx_drops);
}

uint64_t uplink_tx_overrun(const struct uplink *u)
{
	return tx_drops_overrun(&u->tx_drops);
}

void uplink_stop(struct uplink *u, unsigned int limit_ms)
{
	u->stopping = true;
	(void)sd_event_source_set_enabled(u->retry, SD_EVENT_OFF);
	if (u->dhcp) {
		dhcp_stop(u->dhcp, limit_ms);
		return;
	}
	uplink_drop_lease(u);
	u->events->on_stopped(u->events->ctx);
}
