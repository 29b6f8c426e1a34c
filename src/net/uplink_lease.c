// SPDX-License-Identifier: MIT
/*
 * uplink_lease.c — what a lease means: address, name servers, gateway
 *
 * A lease comes from the DHCP client, from the configuration, or as an address that
 * somebody else put on the interface; each is put into effect here and told.
 */
#include <errno.h>

#include "mqttnode/log.h"
#include "mqttnode/names.h"

#include "uplink_internal.h"

#define APPLY_RETRY_US (30 * UINT64_C(1000000))
#define LOOKUP_MAX_US  (NAMES_LOOKUP_MAX_S * UINT64_C(1000000))

/*
 * Whether the servers of the configuration may be asked. Without a lease no rule leads to
 * them, unless it is the system's routes that lead.
 */
static bool may_ask(const struct uplink *u)
{
	return u->in_effect || u->settings->method == NETWORK_METHOD_EXTERNAL ||
	       u->settings->method == NETWORK_METHOD_NONE;
}

static size_t list_servers(const struct uplink *u, struct ip servers[NAMES_SERVERS_MAX])
{
	const struct network_settings *s = u->settings;
	size_t n = 0;

	for (size_t i = 0; may_ask(u) && i < s->n_dns && n < NAMES_SERVERS_MAX; i++)
		servers[n++] = ip_from_v4(s->dns[i]);
	if (s->n_dns > 0)
		return n;
	for (size_t i = 0; u->in_effect && i < u->lease.n_dns && n < NAMES_SERVERS_MAX;
	     i++)
		servers[n++] = ip_from_v4(u->lease.dns[i]);
	if (u->slaac)
		n += slaac_servers(u->slaac, servers + n, NAMES_SERVERS_MAX - n);
	return n;
}

static bool same_servers(const struct uplink *u, const struct ip *servers, size_t n)
{
	if (n != u->n_servers)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!ip_equal(&servers[i], &u->servers[i]))
			return false;
	return true;
}

void uplink_use_servers(struct uplink *u)
{
	struct ip servers[NAMES_SERVERS_MAX];
	size_t n = list_servers(u, servers);

	names_set_servers(servers, n);
	if (same_servers(u, servers, n) &&
	    sd_event_source_get_enabled(u->lookups, NULL) > 0)
		return; /* a router may advertise the same again and again */
	for (size_t i = 0; i < n; i++)
		u->servers[i] = servers[i];
	u->n_servers = n;
	/* Those before may still be asked by a lookup that is under way. */
	(void)sd_event_source_set_time_relative(u->lookups, LOOKUP_MAX_US);
	(void)sd_event_source_set_enabled(u->lookups, SD_EVENT_ONESHOT);
}

static int on_lookups_over(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct uplink *u = userdata;

	(void)source;
	(void)usec;
	if (u->address)
		address_settle(u->address);
	if (u->slaac)
		slaac_settle(u->slaac);
	return 0;
}

void uplink_watch_gateway(struct uplink *u)
{
	struct ip router = { 0 };

	if (u->in_effect)
		router = ip_from_v4(u->lease.gateway);
	if (!ip_is_set(&router) && u->slaac)
		router = slaac_router(u->slaac);
	gateway_set(u->gateway, ip_is_set(&router) ? u->ifindex : 0, router);
}

void uplink_ask_gateway(struct uplink *u)
{
	gateway_set(u->gateway, 0, (struct ip){ 0 });
	uplink_watch_gateway(u);
}

void uplink_retry_in(struct uplink *u, uint64_t delay_us)
{
	(void)sd_event_source_set_time_relative(u->retry, delay_us);
	(void)sd_event_source_set_enabled(u->retry, SD_EVENT_ONESHOT);
}

/* Takes back what was told of the lease, and tries it again in a while. */
static void could_not_apply(struct uplink *u, int error)
{
	u->in_effect = false;
	uplink_watch_gateway(u);
	uplink_use_servers(u);
	u->events->on_lease(u->events->ctx, NULL);
	u->events->on_trouble(
		u->events->ctx, true,
		error == -EADDRINUSE ? CAUSE_ADDRESS_OWN : CAUSE_ADDRESS_REFUSED,
		error == -EADDRINUSE ? "Another interface of this machine has the "
				       "address; see the log"
				     : "The kernel refused the address; see the log");
	uplink_retry_in(u, APPLY_RETRY_US);
}

void uplink_put_into_effect(struct uplink *u)
{
	int r;

	/* With an external address there is nothing to apply. */
	r = u->external ? 0 : address_apply(u->address, &u->lease);
	if (r < 0) {
		could_not_apply(u, r);
		return;
	}
	u->in_effect = true;
	uplink_use_servers(u);
	uplink_watch_gateway(u);
	u->events->on_lease(u->events->ctx, &u->lease);
}

void uplink_drop_lease(struct uplink *u)
{
	if (!u->have_lease)
		return;
	u->have_lease = u->in_effect = false;
	uplink_watch_gateway(u);
	uplink_use_servers(u); /* no lookup begins with those that lose their rules now */
	if (u->address)
		address_clear(u->address);
	u->events->on_lease(u->events->ctx, NULL);
}

static void take_lease(struct uplink *u, const struct lease *lease)
{
	u->lease = *lease;
	u->have_lease = true;
	uplink_put_into_effect(u);
}

static void on_dhcp_lease(void *ctx, const struct lease *lease)
{
	take_lease(ctx, lease);
}

static void on_dhcp_lost(void *ctx, enum cause_id id, const char *why)
{
	struct uplink *u = ctx;

	uplink_drop_lease(u);
	if (!u->stopping)
		u->events->on_trouble(u->events->ctx, true, id, why);
}

static void on_dhcp_trouble(void *ctx, enum cause_id id, const char *cause)
{
	struct uplink *u = ctx;

	u->events->on_trouble(u->events->ctx, !u->have_lease, id, cause);
}

static void on_dhcp_stopped(void *ctx)
{
	struct uplink *u = ctx;

	uplink_drop_lease(u);
	u->events->on_stopped(u->events->ctx);
}

static void on_external_lease(void *ctx, const struct lease *lease)
{
	struct uplink *u = ctx;

	if (u->stopping)
		return;
	if (lease)
		take_lease(u, lease);
	else
		uplink_drop_lease(u);
}

static void on_external_trouble(void *ctx, enum cause_id id, const char *cause)
{
	struct uplink *u = ctx;

	if (!u->stopping)
		u->events->on_trouble(u->events->ctx, true, id, cause);
}

static void on_gateway_state(void *ctx, enum gateway_state state, struct ip gateway)
{
	struct uplink *u = ctx;

	u->events->on_gateway(u->events->ctx, state, gateway);
}

/* Tells it a few times a minute: somebody may do so all the time. */
static void tell_restored(const struct uplink *u, int r)
{
	static struct log_limit limit = { .interval_s = 60, .burst = 3 };
	unsigned int held;

	if (r == 0 || !log_allow(&limit, &held))
		return;
	if (r < 0)
		log_error_errno(
			r,
			"Somebody removed routing rules of %s, and they cannot be "
			"put back: %m; its traffic may leave by another interface",
			u->interface);
	else
		log_warning("Somebody removed routing rules of %s, put %d back: is it "
			    "systemd-networkd? See FILES in mqttnode(8)",
			    u->interface, r);
}

void uplink_restore_rules(struct uplink *u)
{
	int r = u->address ? address_restore_rules(u->address) : 0;
	int r6 = u->slaac ? slaac_restore_rules(u->slaac) : 0;

	tell_restored(u, r < 0 ? r : r6 < 0 ? r6 : r + r6);
}

static int make_external(struct uplink *u)
{
	u->external_events = (struct external_events){
		.ctx = u,
		.on_lease = on_external_lease,
		.on_trouble = on_external_trouble,
	};
	return external_new(&u->external, u->event, u->netlink, u->interface,
			    &u->external_events);
}

int uplink_lease_init(struct uplink *u)
{
	int r;

	u->dhcp_events = (struct dhcp_events){
		.ctx = u,
		.on_lease = on_dhcp_lease,
		.on_lost = on_dhcp_lost,
		.on_trouble = on_dhcp_trouble,
		.on_stopped = on_dhcp_stopped,
	};
	r = sd_event_add_time_relative(u->event, &u->lookups, CLOCK_MONOTONIC, 0, 0,
				       on_lookups_over, u);
	if (r < 0)
		return r;
	(void)sd_event_source_set_description(u->lookups, "lookups of names");
	(void)sd_event_source_set_enabled(u->lookups, SD_EVENT_OFF);
	if (u->settings->method == NETWORK_METHOD_EXTERNAL)
		r = make_external(u);
	return r < 0 ? r
		     : gateway_new(&u->gateway, u->event, u->netlink, on_gateway_state,
				   u);
}

void uplink_lease_clear(struct uplink *u)
{
	u->dhcp = dhcp_free(u->dhcp);
	u->external = external_free(u->external);
	u->address = address_free(u->address);
	u->slaac = slaac_free(u->slaac);
	u->gateway = gateway_free(u->gateway);
	u->lookups = sd_event_source_disable_unref(u->lookups);
}
