// SPDX-License-Identifier: MIT
/* uplink_fakes.c — what is below the uplink, as a journal of what it is asked to do */
#include "uplink_fakes.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

#include <linux/neighbour.h>

#include "unit.h"

#include "mqttnode/address.h"
#include "mqttnode/names.h"
#include "mqttnode/tap.h"

/* The delays that are known here. */
#define APPLY_RETRY_US 30000000
#define LOOKUP_MAX_US  (NAMES_LOOKUP_MAX_S * UINT64_C(1000000))

char done[2048];
int tap_result, apply_result, slaac_result, restored;
uint64_t delay_us, lookup_us, dropped;
unsigned int ifindex = 7;
const struct netlink_events *netlink_events;
const struct dhcp_events *dhcp_events;
const struct external_events *external_events;
struct lease applied;

void note(const char *format, ...)
{
	size_t used = strlen(done);
	va_list ap;

	va_start(ap, format);
	vsnprintf(done + used, sizeof(done) - used, format, ap);
	va_end(ap);
	strncat(done, ";", sizeof(done) - strlen(done) - 1);
}

void expect(const char *what)
{
	assert_string_equal(done, what);
	done[0] = '\0';
}

/* --- the fakes ------------------------------------------------------------ */

int tap_open(const char *name, const uint8_t mac[6], bool join)
{
	(void)mac;
	note("tap %s%s", name, join ? ", joined" : "");
	return tap_result < 0 ? tap_result : eventfd(0, EFD_CLOEXEC);
}

enum cause_id tap_explain(const char *name, int error, char *buf, size_t size)
{
	snprintf(buf, size, "%s: %d", name, error);
	return CAUSE_INTERFACE_ERROR;
}

unsigned int if_nametoindex(const char *name)
{
	(void)name;
	return ifindex;
}

char *if_indextoname(unsigned int index, char name[IF_NAMESIZE])
{
	if (index == BRIDGE)
		return strcpy(name, "br0");
	return index == ifindex ? strcpy(name, "mqtt0") : NULL;
}

int __real_sd_event_source_set_time_relative(sd_event_source *s, uint64_t usec);
int __wrap_sd_event_source_set_time_relative(sd_event_source *s, uint64_t usec);
int __wrap_sd_event_source_set_time_relative(sd_event_source *s, uint64_t usec)
{
	delay_us = usec;
	/* nobody waits for the address to be tried again, or for a lookup */
	if (usec == APPLY_RETRY_US)
		usec = 0;
	else if (usec == LOOKUP_MAX_US)
		usec = lookup_us;
	return __real_sd_event_source_set_time_relative(s, usec);
}

void (*slaac_change)(void *ctx);
void *slaac_ctx;
struct ip slaac_gateway;

static struct fake {
	char unused;
} fake;

int netlink_new(struct netlink **ret, sd_event *event,
		const struct netlink_events *events)
{
	(void)event;
	netlink_events = events;
	*ret = (struct netlink *)(void *)&fake;
	return 0;
}

struct netlink *netlink_free(struct netlink *nl)
{
	(void)nl;
	return NULL;
}

void netlink_watch(struct netlink *nl, unsigned int index)
{
	(void)nl;
	note("watch %u", index);
}

int netlink_link_up(struct netlink *nl, unsigned int index, uint32_t mtu)
{
	(void)nl;
	(void)mtu;
	note("up %u", index);
	return 0;
}

int netlink_link_stats(struct netlink *nl, unsigned int index,
		       struct netlink_link_stats *ret)
{
	(void)nl;
	(void)index;
	*ret = (struct netlink_link_stats){ .tx_dropped = dropped };
	return 0;
}

int netlink_neighbour_probe(struct netlink *nl, unsigned int index, struct ip address)
{
	(void)nl;
	(void)address;
	note("probe %u", index);
	return 0;
}

int netlink_neighbour_state(struct netlink *nl, unsigned int index, struct ip address)
{
	(void)nl;
	(void)index;
	(void)address;
	return NUD_INCOMPLETE;
}

int address_new(struct address **ret, struct netlink *nl,
		const struct network_settings *settings, unsigned int index,
		const char *interface)
{
	(void)nl;
	(void)settings;
	(void)interface;
	(void)index;
	*ret = (struct address *)(void *)&fake;
	return 0;
}

struct address *address_free(struct address *a)
{
	(void)a;
	return NULL;
}

int address_apply(struct address *a, const struct lease *lease)
{
	assert_non_null(a);
	applied = *lease;
	note("apply %u", ntohl(lease->address.s_addr) & 255);
	return apply_result;
}

void address_tell_removed(const char *interface, const struct ip *ip)
{
	char text[IP_TEXT_SIZE];

	note("tell %s lost %s", interface, ip_text(ip, text));
}

void address_clear(struct address *a)
{
	assert_non_null(a);
	note("clear");
}

void address_settle(struct address *a)
{
	assert_non_null(a);
	note("settle");
}

int address_restore_rules(const struct address *a)
{
	assert_non_null(a);
	note("restore");
	return restored;
}

int slaac_restore_rules(const struct slaac *s)
{
	assert_non_null(s);
	note("slaac restore");
	return 0;
}

int slaac_new(struct slaac **ret, sd_event *event, struct netlink *nl,
	      const struct network_settings *settings, unsigned int index,
	      const char *interface, const uint8_t address[6],
	      void (*on_change)(void *ctx), void *ctx)
{
	(void)event;
	(void)nl;
	(void)settings;
	(void)interface;
	(void)address;
	note("slaac %u", index);
	if (slaac_result < 0)
		return slaac_result;
	slaac_change = on_change;
	slaac_ctx = ctx;
	*ret = (struct slaac *)(void *)&fake;
	return 0;
}

struct slaac *slaac_free(struct slaac *s)
{
	if (s)
		note("slaac free");
	return NULL;
}

void slaac_settle(struct slaac *s)
{
	assert_non_null(s);
	note("slaac settle");
}

void slaac_link(struct slaac *s, bool ready)
{
	assert_non_null(s);
	note("slaac link %d", ready);
}

void slaac_on_address(struct slaac *s, const struct netlink_address *news)
{
	char text[IP_TEXT_SIZE];

	assert_non_null(s);
	note("slaac address %s", ip_text(&news->address, text));
}

size_t slaac_addresses(const struct slaac *s, struct ip ret[SLAAC_ADDRESSES_MAX])
{
	assert_non_null(s);
	assert_true(ip_parse(&ret[0], "fd77::5"));
	return 1;
}

size_t slaac_servers(const struct slaac *s, struct ip *ret, size_t max)
{
	assert_non_null(s);
	assert_true(max > 0);
	*ret = ip_from_v4((struct in_addr){ htonl(0x0a000000 + 66) });
	return 1;
}

struct ip slaac_router(const struct slaac *s)
{
	assert_non_null(s);
	return slaac_gateway;
}

struct lease address_from_settings(const struct network_settings *settings)
{
	return (struct lease){ .address = settings->address,
			       .prefix_len = settings->prefix_len,
			       .gateway = settings->gateway };
}

int dhcp_new(struct dhcp **ret, sd_event *event, const char *interface,
	     const char *hostname, const struct dhcp_events *events)
{
	(void)event;
	(void)interface;
	note("dhcp for %s", hostname);
	dhcp_events = events;
	*ret = (struct dhcp *)(void *)&fake;
	return 0;
}

struct dhcp *dhcp_free(struct dhcp *d)
{
	(void)d;
	return NULL;
}

void dhcp_link(struct dhcp *d, bool up)
{
	assert_non_null(d);
	note("dhcp link %d", up);
}

void dhcp_interface_gone(struct dhcp *d)
{
	(void)d;
	note("dhcp gone");
}

void dhcp_stop(struct dhcp *d, unsigned int limit_ms)
{
	assert_non_null(d);
	note("dhcp stop %u", limit_ms);
}

int external_new(struct external **ret, sd_event *event, struct netlink *nl,
		 const char *interface, const struct external_events *e)
{
	(void)event;
	assert_non_null(nl);
	assert_string_equal(interface, "mqtt0");
	external_events = e;
	*ret = (struct external *)(void *)&fake;
	return 0;
}

struct external *external_free(struct external *e)
{
	(void)e;
	return NULL;
}

void external_device(struct external *e, unsigned int index)
{
	(void)e;
	note("device %u", index);
}

void external_link(struct external *e, bool up)
{
	(void)e;
	note("link %d", up);
}

void external_look(struct external *e)
{
	assert_non_null(e);
	note("look");
}

void names_set_servers(const struct ip *servers, size_t n)
{
	note("names %u", n ? ntohl(servers[0].v4.s_addr) & 255 : 0);
}

/* --- the listener ----------------------------------------------------------- */
