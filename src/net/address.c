// SPDX-License-Identifier: MIT
/*
 * address.c — a leased or static address, with its routes and rules
 *
 * A lease is turned into a plan: the complete list of routes and rules that
 * should exist. A renewed lease only refreshes the lifetime of the address.
 */
#include "mqttnode/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mqttnode/fd.h"
#include "mqttnode/log.h"
#include "mqttnode/text.h"

#include "plan.h"

/* Harmless beside any other uplink, enough when there is no other. */
#define MAIN_METRIC 4096

/*
 * The kernel's own end of the lease comes a little after ours: it is there for
 * the case that we are not.
 */
#define LIFETIME_SLACK_S 10

#define MTU_DEFAULT 1500

struct address {
	struct netlink *netlink;		 /* borrowed */
	const struct network_settings *settings; /* borrowed */
	unsigned int ifindex;
	char interface[IFNAMSIZ];
	bool in_effect;
	struct lease lease;
	struct plan plan; /* what was put into the kernel */
	uint32_t mtu;
	bool warned_root;
};

static bool same_address(struct in_addr a, struct in_addr b)
{
	return a.s_addr == b.s_addr;
}

static struct in_addr subnet_of(const struct lease *lease)
{
	uint32_t mask = lease->prefix_len ? UINT32_MAX << (32 - lease->prefix_len) : 0;

	return (struct in_addr){ .s_addr = lease->address.s_addr & htonl(mask) };
}

static bool in_subnet(const struct lease *lease, struct in_addr address)
{
	struct lease other = *lease;

	other.address = address;
	return same_address(subnet_of(lease), subnet_of(&other));
}

static void plan_routes(struct plan *plan, const struct address *a,
			const struct lease *lease, uint32_t table, uint32_t metric,
			bool with_default)
{
	const struct netlink_route subnet = {
		.destination = ip_from_v4(subnet_of(lease)),
		.prefix_len = lease->prefix_len,
		.source = ip_from_v4(lease->address),
		.ifindex = a->ifindex,
		.table = table,
		.metric = metric,
	};
	const struct netlink_route gateway = {
		.gateway = ip_from_v4(lease->gateway),
		.source = ip_from_v4(lease->address),
		.ifindex = a->ifindex,
		.table = table,
		.metric = metric,
		.onlink = !in_subnet(lease, lease->gateway),
	};

	if (lease->prefix_len < 32) /* a subnet of one needs no route */
		plan_route(plan, &subnet);
	if (with_default && lease->gateway.s_addr)
		plan_route(plan, &gateway);
}

static void plan_rules(struct plan *plan, const struct address *a,
		       const struct lease *lease)
{
	const struct network_settings *s = a->settings;
	const struct in_addr *dns = s->n_dns ? s->dns : lease->dns;
	size_t n = s->n_dns ? s->n_dns : lease->n_dns;

	plan_rule(plan, (struct netlink_rule){ .source = ip_from_v4(lease->address),
					       .table = s->table });
	for (size_t i = 0; i < n && i < SETTINGS_DNS_MAX && !s->dns_system; i++)
		plan_rule(plan, (struct netlink_rule){ .destination = ip_from_v4(dns[i]),
						       .own_uid_only = true,
						       .table = s->table });
}

static struct plan make_plan(const struct address *a, const struct lease *lease)
{
	struct plan plan = { 0 };

	plan_routes(&plan, a, lease, a->settings->table, 0, true);
	plan_routes(&plan, a, lease, RT_TABLE_MAIN, MAIN_METRIC,
		    a->settings->default_route);
	plan_rules(&plan, a, lease);
	return plan;
}

static int set_mtu(struct address *a, uint32_t mtu)
{
	int r;

	if (mtu == a->mtu)
		return 0;
	r = netlink_link_up(a->netlink, a->ifindex, mtu);
	if (r < 0)
		return log_error_errno(r, "Cannot set the MTU of %s to %u: %m",
				       a->interface, mtu);
	a->mtu = mtu;
	return 0;
}

/* The number in /proc/sys/net/ipv4/conf/@interface/@key, or -errno. */
static int read_sysctl(const char *interface, const char *key)
{
	char path[96], value[16];
	int r;

	text_format(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/%s", interface, key);
	r = fd_read_file(path, value, sizeof(value));
	return r < 0 ? r : atoi(value);
}

/* Whether the kernel lacks @key = @least for the interface (the larger of "all" and it
 * counts). */
static bool sysctl_missing(const struct address *a, const char *key, int least)
{
	return read_sysctl(a->interface, key) < least && read_sysctl("all", key) < least;
}

/* Two interfaces in one subnet answer ARP for each other unless told not to. */
static void warn_about_same_subnet(const struct address *a, const char *other)
{
	if (!sysctl_missing(a, "arp_ignore", 1) && !sysctl_missing(a, "arp_announce", 2))
		return;
	log_warning(
		"%s is in the same subnet as %s: set net.ipv4.conf.%s.arp_ignore = 1 and "
		"net.ipv4.conf.%s.arp_announce = 2, see mqttnode.conf(5)",
		a->interface, other, a->interface, a->interface);
}

static void warn_about_root(struct address *a, const struct plan *plan)
{
	bool own_uid = false;

	for (size_t i = 0; i < plan->n_rules; i++)
		own_uid = own_uid || plan->rules[i].own_uid_only;
	if (a->warned_root || geteuid() != 0 || !own_uid)
		return;
	a->warned_root = true;
	log_warning("Running as root: the routing rules for the DNS servers apply to all "
		    "programs of root; run as a user of its own");
}

void address_tell_removed(const char *interface, const struct ip *ip)
{
	static struct log_limit limit = { .interval_s = 60, .burst = 3 };
	char text[IP_TEXT_SIZE], more[48] = "";
	unsigned int held;

	if (!log_allow(&limit, &held))
		return;
	if (held > 0)
		text_format(more, sizeof(more), " (not told: %u such)", held);
	log_warning("Address %s was removed from %s by somebody, putting it back%s",
		    ip_text(ip, text), interface, more);
}

int address_new(struct address **ret, struct netlink *nl,
		const struct network_settings *settings, unsigned int ifindex,
		const char *interface)
{
	struct address *a;
	int r;

	a = calloc(1, sizeof(*a));
	if (!a)
		return -ENOMEM;
	a->netlink = nl;
	a->settings = settings;
	a->ifindex = ifindex;
	a->mtu = MTU_DEFAULT;
	text_format(a->interface, sizeof(a->interface), "%s", interface);

	r = netlink_rules_flush(nl, settings->table);
	if (r < 0)
		log_warning_errno(
			r, "Cannot look for left-over routing rules: %m, ignoring");
	else if (r > 0)
		log_notice("Removed %d routing rules that an earlier run left behind", r);
	*ret = a;
	return 0;
}

struct address *address_free(struct address *a)
{
	if (!a)
		return NULL;
	address_clear(a);
	address_settle(a);
	free(a);
	return NULL;
}

int address_apply(struct address *a, const struct lease *lease)
{
	uint32_t lifetime = lease->lifetime_s;
	char words[160], other[IF_NAMESIZE];
	struct plan plan;
	int r, result, elsewhere = 0;
	bool moved;

	moved = !a->in_effect || !same_address(a->lease.address, lease->address) ||
		a->lease.prefix_len != lease->prefix_len;
	if (moved) {
		address_clear(a);
		elsewhere = netlink_subnet_elsewhere(
			a->netlink, a->ifindex, lease->address, lease->prefix_len, other);
	}
	/* Our rule would take all that the other interface sends. */
	if (elsewhere == 2)
		return log_error_errno(
			-EADDRINUSE, "The address %s for %s is that of %s, not using it",
			inet_ntop(AF_INET, &lease->address, words, sizeof(words)),
			a->interface, other);
	if (lifetime > 0 && lifetime <= UINT32_MAX - LIFETIME_SLACK_S)
		lifetime += LIFETIME_SLACK_S;
	plan = make_plan(a, lease);
	/*
	 * First: a connection that had the address before shall not find another
	 * way out as soon as it is there again. Routes need the address. What fails
	 * is tried again below.
	 */
	if (moved)
		(void)plan_add_rules(&a->plan, &plan, a->netlink);
	r = netlink_address_add(a->netlink, a->ifindex, ip_from_v4(lease->address),
				lease->prefix_len,
				(struct netlink_lifetime){ lifetime, lifetime });
	if (r < 0) {
		log_error_errno(r, "Cannot put the address on %s: %m%s", a->interface,
				plan_kernel_words(a->netlink, words, sizeof(words)));
		if (moved)
			plan_clear(&a->plan, a->netlink, a->interface);
		return r;
	}
	a->in_effect = true;
	a->lease = *lease;

	result = set_mtu(a, lease->mtu ? lease->mtu : MTU_DEFAULT);
	plan_remove_surplus(&a->plan, &plan, a->netlink, a->interface);
	r = plan_add_routes(&a->plan, &plan, a->netlink, a->interface);
	result = result < 0 ? result : r;
	r = plan_add_rules(&a->plan, &plan, a->netlink);
	result = result < 0 ? result : r;
	if (elsewhere == 1)
		warn_about_same_subnet(a, other);
	warn_about_root(a, &plan);
	return result;
}

void address_clear(struct address *a)
{
	int r;

	if (!a->in_effect)
		return;
	/* First: what still comes from it shall not find another way out. */
	r = netlink_address_delete(a->netlink, a->ifindex, ip_from_v4(a->lease.address),
				   a->lease.prefix_len);
	if (r < 0)
		log_warning_errno(r, "Cannot remove the address from %s: %m, ignoring",
				  a->interface);
	plan_clear(&a->plan, a->netlink, a->interface);
	a->in_effect = false;
}

void address_settle(struct address *a)
{
	plan_let_go(&a->plan, a->netlink);
}

int address_restore_rules(const struct address *a)
{
	return plan_restore_rules(&a->plan, a->netlink);
}

const struct lease *address_current(const struct address *a)
{
	return a->in_effect ? &a->lease : NULL;
}

struct lease address_from_settings(const struct network_settings *settings)
{
	struct lease lease = {
		.address = settings->address,
		.prefix_len = settings->prefix_len,
		.gateway = settings->gateway,
	};

	lease.n_dns = (unsigned int)settings->n_dns;
	memcpy(lease.dns, settings->dns, sizeof(lease.dns));
	return lease;
}
