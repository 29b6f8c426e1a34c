// SPDX-License-Identifier: MIT
/*
 * slaac.c — IPv6 addresses from what routers advertise
 *
 * Theory of operation
 *
 * What is known has a time until which it is so: prefixes with the address made
 * of them, the router, the name servers. An advertisement prolongs it, the timer
 * forgets what ran out, and after either the kernel is told all of it: addresses
 * with their lifetimes, and the difference of routes and rules.
 *
 * An address is usable when the kernel has found nobody else with it. Routers are
 * asked as soon as the link-local address is usable and frames can be sent, three
 * times every 4 s, then ever less often, until one has answered (RFC 7559).
 */
#include "mqttnode/slaac.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/rtnetlink.h>

#include "mqttnode/address.h"
#include "mqttnode/clock.h"
#include "mqttnode/fd.h"
#include "mqttnode/log.h"

#include "plan.h"
#include "router_advert.h"
#include "router_socket.h"

#define FOR_EVER UINT64_MAX

/* Beside every other uplink, as for IPv4. */
#define MAIN_METRIC 4096

/* The kernel's own end of a lifetime is there for the case that we are not. */
#define LIFETIME_SLACK_S 10

/* RFC 4861 section 10, RFC 7559 section 2. */
#define SOLICIT_NS     (4 * NSEC_PER_SEC)
#define SOLICIT_MAX_NS (3600 * NSEC_PER_SEC)
#define SOLICITS_FIRST 3

/* RFC 4862 section 5.5.3, e: less than this is not believed at once. */
#define TWO_HOURS_S 7200

#define PREFIX_LEN 64 /* of an address: what an interface identifier leaves */

enum address_state {
	ADDRESS_NONE,
	ADDRESS_TENTATIVE,
	ADDRESS_USABLE,
	ADDRESS_DUPLICATE,
};

struct own_address {
	struct ip ip;
	enum address_state state;
};

struct known_prefix {
	struct in6_addr prefix;
	uint8_t len;
	bool on_link, deprecated; /* deprecated: no longer preferred */
	struct own_address address;
	uint64_t valid_ns, preferred_ns; /* until then */
};

struct known_server {
	struct ip ip;
	uint64_t until_ns;
};

struct slaac {
	struct netlink *netlink;		 /* borrowed */
	const struct network_settings *settings; /* borrowed */
	unsigned int ifindex;
	char interface[IF_NAMESIZE];
	uint8_t mac[6];
	void (*on_change)(void *ctx);
	void *ctx;

	int fd;
	sd_event_source *io;
	sd_event_source *timer;

	bool ready;
	bool asking; /* nobody has answered since there was a reason to ask */
	struct own_address link_local;
	struct known_prefix prefixes[ADVERT_PREFIXES_MAX];
	size_t n_prefixes;
	struct ip router; /* none: nobody has answered */
	uint64_t router_ns;
	struct known_server servers[ADVERT_SERVERS_MAX];
	size_t n_servers;
	struct plan plan; /* what was put into the kernel */

	unsigned int solicits; /* sent in a row without an answer */
	uint64_t solicit_ns;   /* the next one */
};

static uint64_t now_ns(void)
{
	return clock_now_ns(&clock_system);
}

static uint64_t until(uint64_t now, uint32_t seconds)
{
	return seconds == ADVERT_FOR_EVER ? FOR_EVER : now + seconds * NSEC_PER_SEC;
}

/* What is left, in whole seconds, rounded up. */
static uint32_t left_s(uint64_t until_ns, uint64_t now)
{
	if (until_ns == FOR_EVER)
		return ADVERT_FOR_EVER;
	return until_ns <= now
		       ? 0
		       : (uint32_t)((until_ns - now + NSEC_PER_SEC - 1) / NSEC_PER_SEC);
}

/* @prefix and the interface identifier of the MAC. */
static struct ip make_address(const struct slaac *s, const struct in6_addr *prefix)
{
	struct in6_addr a = *prefix;

	memcpy(a.s6_addr + 8, s->mac, 3);
	a.s6_addr[8] ^= 0x02;
	a.s6_addr[11] = 0xff;
	a.s6_addr[12] = 0xfe;
	memcpy(a.s6_addr + 13, s->mac + 3, 3);
	return ip_from_v6(&a, s->ifindex);
}

/* --- the kernel --------------------------------------------------------------- */

/* Puts an address on the interface, or prolongs it. 0 or -errno, logged. */
static int put_address(struct slaac *s, struct own_address *address,
		       struct netlink_lifetime lifetime)
{
	char text[IP_TEXT_SIZE], words[160];
	int r;

	r = netlink_address_add(s->netlink, s->ifindex, address->ip, PREFIX_LEN,
				lifetime);
	if (r < 0)
		return log_error_errno(
			r, "Cannot put the address %s on %s: %m%s",
			ip_text(&address->ip, text), s->interface,
			plan_kernel_words(s->netlink, words, sizeof(words)));
	if (address->state == ADDRESS_NONE)
		address->state = ADDRESS_TENTATIVE;
	return 0;
}

static void take_address_away(struct slaac *s, struct own_address *address)
{
	if (address->state == ADDRESS_NONE)
		return;
	address->state = ADDRESS_NONE;
	(void)netlink_address_delete(s->netlink, s->ifindex, address->ip, PREFIX_LEN);
}

static void plan_routes(const struct slaac *s, struct plan *plan, uint32_t table,
			uint32_t metric, bool with_default)
{
	static const struct in6_addr link_local = { .s6_addr = { 0xfe, 0x80 } };
	struct netlink_route route = {
		.destination = ip_from_v6(&link_local, s->ifindex),
		.prefix_len = PREFIX_LEN,
		.ifindex = s->ifindex,
		.table = table,
		.metric = metric,
	};

	plan_route(plan, &route);
	for (size_t i = 0; i < s->n_prefixes; i++) {
		/* A forged 2000::/3 must not take the machine's other ways away. */
		if (!s->prefixes[i].on_link ||
		    (table == RT_TABLE_MAIN && s->prefixes[i].len < PREFIX_LEN))
			continue;
		route.destination = ip_from_v6(&s->prefixes[i].prefix, 0);
		route.prefix_len = s->prefixes[i].len;
		if (ip_is_set(&route.destination))
			plan_route(plan, &route);
	}
	if (!with_default || !ip_is_set(&s->router))
		return;
	route.destination = (struct ip){ 0 };
	route.prefix_len = 0;
	route.gateway = s->router;
	plan_route(plan, &route);
}

static struct plan make_plan(const struct slaac *s)
{
	uint32_t table = s->settings->table;
	struct plan plan = { 0 };

	plan_routes(s, &plan, table, 0, true);
	plan_routes(s, &plan, RT_TABLE_MAIN, MAIN_METRIC, s->settings->default_route);
	for (size_t i = 0; i < s->n_prefixes; i++)
		if (s->prefixes[i].address.state != ADDRESS_NONE)
			plan_rule(&plan, (struct netlink_rule){
						 .source = s->prefixes[i].address.ip,
						 .table = table });
	/* Those of the configuration are used instead. */
	if (s->settings->dns_system || s->settings->n_dns > 0)
		return plan;
	for (size_t i = 0; i < s->n_servers; i++)
		plan_rule(&plan, (struct netlink_rule){ .destination = s->servers[i].ip,
							.own_uid_only = true,
							.table = table });
	return plan;
}

/* Tells the kernel what is known, and the one above that it may have changed. */
static void apply(struct slaac *s)
{
	uint64_t now = now_ns();
	struct plan plan;

	for (size_t i = 0; i < s->n_prefixes; i++) {
		struct known_prefix *p = &s->prefixes[i];
		struct netlink_lifetime lifetime = {
			.valid_s = left_s(p->valid_ns, now),
			.preferred_s = left_s(p->preferred_ns, now),
		};

		if (lifetime.valid_s < ADVERT_FOR_EVER - LIFETIME_SLACK_S)
			lifetime.valid_s += LIFETIME_SLACK_S;
		if (ip_is_set(&p->address.ip) && p->address.state != ADDRESS_DUPLICATE)
			(void)put_address(s, &p->address, lifetime);
	}
	plan = make_plan(s);
	plan_remove_surplus(&s->plan, &plan, s->netlink, s->interface);
	(void)plan_add_routes(&s->plan, &plan, s->netlink, s->interface);
	(void)plan_add_rules(&s->plan, &plan, s->netlink);
	s->on_change(s->ctx);
}

/* --- asking routers, forgetting what they said ---------------------------------- */

static bool may_solicit(const struct slaac *s)
{
	return s->ready && s->asking && s->link_local.state == ADDRESS_USABLE;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Sets the timer to whatever comes first. */
static void arm(struct slaac *s)
{
	uint64_t next = ip_is_set(&s->router) ? s->router_ns : FOR_EVER;

	if (may_solicit(s))
		next = earlier(next, s->solicit_ns);
	for (size_t i = 0; i < s->n_prefixes; i++)
		next = earlier(next, s->prefixes[i].deprecated
					     ? s->prefixes[i].valid_ns
					     : s->prefixes[i].preferred_ns);
	for (size_t i = 0; i < s->n_servers; i++)
		next = earlier(next, s->servers[i].until_ns);
	(void)sd_event_source_set_enabled(s->timer, next == FOR_EVER ? SD_EVENT_OFF
								     : SD_EVENT_ONESHOT);
	if (next != FOR_EVER)
		(void)sd_event_source_set_time(s->timer, next / 1000 + 1);
}

static void solicit(struct slaac *s, uint64_t now)
{
	uint64_t pause = SOLICIT_NS;

	router_socket_solicit(s->fd, s->ifindex, s->mac);
	s->solicits++;
	for (unsigned int i = SOLICITS_FIRST; i < s->solicits && pause < SOLICIT_MAX_NS;
	     i++)
		pause *= 2;
	s->solicit_ns = now + earlier(pause, SOLICIT_MAX_NS);
}

/* Asks at once, since something has changed; to be followed by arm(). */
static void solicit_anew(struct slaac *s)
{
	s->asking = true;
	s->solicits = 0;
	s->solicit_ns = 0;
}

/* Forgets what ran out by @now; returns whether anything did. */
static bool expire(struct slaac *s, uint64_t now)
{
	bool any = false;

	if (ip_is_set(&s->router) && s->router_ns <= now) {
		s->router = (struct ip){ 0 };
		solicit_anew(s);
		any = true;
	}
	for (size_t i = 0; i < s->n_prefixes;) {
		if (!s->prefixes[i].deprecated && s->prefixes[i].preferred_ns <= now)
			s->prefixes[i].deprecated = any = true;
		if (s->prefixes[i].valid_ns > now) {
			i++;
			continue;
		}
		take_address_away(s, &s->prefixes[i].address);
		s->prefixes[i] = s->prefixes[--s->n_prefixes];
		any = true;
	}
	for (size_t i = 0; i < s->n_servers;) {
		if (s->servers[i].until_ns > now) {
			i++;
			continue;
		}
		s->servers[i] = s->servers[--s->n_servers];
		any = true;
	}
	return any;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct slaac *s = userdata;
	uint64_t now = now_ns();

	(void)source;
	(void)usec;
	if (expire(s, now))
		apply(s);
	if (may_solicit(s) && s->solicit_ns <= now)
		solicit(s, now);
	arm(s);
	return 0;
}

/* --- advertisements -------------------------------------------------------------- */

static struct known_prefix *find_prefix(struct slaac *s,
					const struct advert_prefix *prefix)
{
	for (size_t i = 0; i < s->n_prefixes; i++)
		if (s->prefixes[i].len == prefix->len &&
		    IN6_ARE_ADDR_EQUAL(&s->prefixes[i].prefix, &prefix->prefix))
			return &s->prefixes[i];
	return NULL;
}

/*
 * How long a known prefix is valid now: a forged advertisement cannot end it at
 * once (RFC 4862 section 5.5.3, e).
 */
static uint64_t prolong(uint64_t valid_ns, uint32_t valid_s, uint64_t now)
{
	if (valid_s > TWO_HOURS_S || until(now, valid_s) > valid_ns)
		return until(now, valid_s);
	return earlier(valid_ns, until(now, TWO_HOURS_S));
}

static void take_prefix(struct slaac *s, const struct advert_prefix *prefix, uint64_t now)
{
	struct known_prefix *known = find_prefix(s, prefix);
	bool with_address = prefix->autonomous && prefix->len == PREFIX_LEN;

	if (!known) {
		if (prefix->valid_s == 0 || (!with_address && !prefix->on_link) ||
		    s->n_prefixes == ADVERT_PREFIXES_MAX)
			return;
		known = &s->prefixes[s->n_prefixes++];
		*known = (struct known_prefix){ .prefix = prefix->prefix,
						.len = prefix->len };
	}
	if (with_address && !ip_is_set(&known->address.ip))
		known->address.ip = make_address(s, &prefix->prefix);
	known->on_link = prefix->on_link;
	known->valid_ns = ip_is_set(&known->address.ip)
				  ? prolong(known->valid_ns, prefix->valid_s, now)
				  : until(now, prefix->valid_s);
	known->preferred_ns = until(now, prefix->preferred_s);
	known->deprecated = false;
}

static void take_server(struct slaac *s, const struct in6_addr *server,
			uint32_t lifetime_s, uint64_t now)
{
	struct ip ip = ip_from_v6(server, s->ifindex);
	size_t i = 0;

	while (i < s->n_servers && !ip_equal(&s->servers[i].ip, &ip))
		i++;
	if (i == ADVERT_SERVERS_MAX || (i == s->n_servers && lifetime_s == 0))
		return;
	if (i == s->n_servers)
		s->n_servers++;
	s->servers[i] = (struct known_server){ ip, until(now, lifetime_s) };
}

static void take_advert(struct slaac *s, const struct ip *from,
			const struct router_advert *advert)
{
	char text[IP_TEXT_SIZE];
	uint64_t now = now_ns();

	if (!ip_is_set(&s->router) && advert->lifetime_s > 0) {
		log_info("IPv6 router %s", ip_text(from, text));
		s->router = *from;
	}
	/* Another one has to wait until this one is gone. */
	if (ip_is_set(&s->router) && ip_equal(&s->router, from)) {
		s->router_ns = until(now, advert->lifetime_s);
		s->asking = false;
	}
	for (size_t i = 0; i < advert->n_prefixes; i++)
		take_prefix(s, &advert->prefixes[i], now);
	for (size_t i = 0; i < advert->n_servers; i++)
		take_server(s, &advert->servers[i], advert->servers_s[i], now);
	(void)expire(s, now);
	apply(s);
	arm(s);
}

static int on_readable(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct slaac *s = userdata;
	struct router_advert advert;
	struct ip router;

	(void)source;
	(void)revents;
	if (router_socket_receive(fd, s->ifindex, &advert, &router))
		take_advert(s, &router, &advert);
	return 0;
}

/* --- addresses ---------------------------------------------------------------------- */

static struct own_address *find_address(struct slaac *s, const struct ip *ip)
{
	if (ip_equal(&s->link_local.ip, ip))
		return &s->link_local;
	for (size_t i = 0; i < s->n_prefixes; i++)
		if (ip_is_set(&s->prefixes[i].address.ip) &&
		    ip_equal(&s->prefixes[i].address.ip, ip))
			return &s->prefixes[i].address;
	return NULL;
}

void slaac_on_address(struct slaac *s, const struct netlink_address *news)
{
	struct own_address *address = find_address(s, &news->address);
	char text[IP_TEXT_SIZE];

	if (!address || address->state == ADDRESS_NONE)
		return;
	(void)ip_text(&news->address, text);
	if (news->duplicate) {
		if (address->state != ADDRESS_DUPLICATE)
			log_warning("Somebody else in the network has the address %s, "
				    "not using it",
				    text);
		address->state = ADDRESS_DUPLICATE;
	} else if (!news->present && address->state != ADDRESS_DUPLICATE) {
		address_tell_removed(s->interface, &news->address);
		address->state = ADDRESS_NONE;
		if (address == &s->link_local)
			(void)put_address(s, address, (struct netlink_lifetime){ 0 });
	} else if (!news->tentative && address->state == ADDRESS_TENTATIVE) {
		log_info("IPv6 address %s", text);
		address->state = ADDRESS_USABLE;
		if (address == &s->link_local)
			solicit_anew(s);
	} else {
		return;
	}
	apply(s);
	arm(s);
}

size_t slaac_addresses(const struct slaac *s, struct ip ret[SLAAC_ADDRESSES_MAX])
{
	size_t n = 0;

	for (int deprecated = 0; deprecated <= 1 && n == 0; deprecated++)
		for (size_t i = 0; i < s->n_prefixes; i++)
			if (s->prefixes[i].address.state == ADDRESS_USABLE &&
			    s->prefixes[i].deprecated == deprecated)
				ret[n++] = s->prefixes[i].address.ip;
	if (s->link_local.state == ADDRESS_USABLE)
		ret[n++] = s->link_local.ip;
	return n;
}

size_t slaac_servers(const struct slaac *s, struct ip *ret, size_t max)
{
	size_t n = 0;

	while (n < s->n_servers && n < max) {
		ret[n] = s->servers[n].ip;
		n++;
	}
	return n;
}

struct ip slaac_router(const struct slaac *s)
{
	return s->router;
}

/* --- life ---------------------------------------------------------------------- */

static int watch(struct slaac *s, sd_event *event)
{
	int r;

	r = sd_event_add_io(event, &s->io, s->fd, EPOLLIN, on_readable, s);
	if (r < 0)
		return r;
	(void)sd_event_source_set_description(s->io, "router advertisements");
	r = sd_event_add_time(event, &s->timer, CLOCK_MONOTONIC, 0, 0, on_timer, s);
	if (r < 0)
		return r;
	(void)sd_event_source_set_description(s->timer, "slaac");
	return sd_event_source_set_enabled(s->timer, SD_EVENT_OFF);
}

int slaac_new(struct slaac **ret, sd_event *event, struct netlink *nl,
	      const struct network_settings *settings, unsigned int ifindex,
	      const char *interface, const uint8_t mac[6], void (*on_change)(void *ctx),
	      void *ctx)
{
	static const struct in6_addr link_local = { .s6_addr = { 0xfe, 0x80 } };
	_cleanup_(slaac_freep) struct slaac *s = NULL;
	struct plan plan;
	int r;

	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->netlink = nl;
	s->settings = settings;
	s->ifindex = ifindex;
	memcpy(s->interface, interface, strnlen(interface, sizeof(s->interface) - 1));
	memcpy(s->mac, mac, sizeof(s->mac));
	s->on_change = on_change;
	s->ctx = ctx;
	s->fd = r = router_socket_open(s->interface);
	if (r >= 0)
		r = watch(s, event);
	if (r < 0)
		return r;
	s->link_local.ip = make_address(s, &link_local);
	r = put_address(s, &s->link_local, (struct netlink_lifetime){ 0 });
	if (r < 0)
		return r;
	plan = make_plan(s);
	(void)plan_add_routes(&s->plan, &plan, nl, s->interface);
	*ret = TAKE_PTR(s);
	return 0;
}

struct slaac *slaac_free(struct slaac *s)
{
	if (!s)
		return NULL;
	for (size_t i = 0; i < s->n_prefixes; i++)
		take_address_away(s, &s->prefixes[i].address);
	take_address_away(s, &s->link_local);
	plan_clear(&s->plan, s->netlink, s->interface);
	slaac_settle(s);
	sd_event_source_disable_unref(s->io);
	sd_event_source_disable_unref(s->timer);
	(void)fd_close(s->fd);
	free(s);
	return NULL;
}

void slaac_settle(struct slaac *s)
{
	plan_let_go(&s->plan, s->netlink);
}

int slaac_restore_rules(const struct slaac *s)
{
	return plan_restore_rules(&s->plan, s->netlink);
}

void slaac_link(struct slaac *s, bool ready)
{
	s->ready = ready;
	/* The cable may be in another network: the router is to say that it is there. */
	if (ready) {
		s->router_ns =
			earlier(s->router_ns, now_ns() + SOLICITS_FIRST * SOLICIT_NS);
		solicit_anew(s);
	}
	arm(s);
}
