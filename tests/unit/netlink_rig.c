// SPDX-License-Identifier: MIT
/* netlink_rig.c — the netlink module between an event loop and a real kernel */
#include "netlink_rig.h"

#include <net/if.h>
#include <stdlib.h>

#include "netns.h"
#include "unit.h"

void netlink_rig_on_link(void *ctx, const struct netlink_link *link)
{
	struct told *t = ctx;

	t->links++;
	t->exists = link->exists;
	t->up = link->up;
	t->carrier = link->carrier;
	t->master = link->master;
}

static void on_address(void *ctx, const struct netlink_address *address)
{
	struct told *t = ctx;

	t->addresses++;
	t->address = address->address;
	t->prefix_len = address->prefix_len;
	t->present = address->present;
	t->tentative = address->tentative;
}

static void on_route(void *ctx)
{
	struct told *t = ctx;

	t->routes++;
}

static void on_rule_removed(void *ctx)
{
	struct told *t = ctx;

	t->rules++;
}

static void on_neighbour(void *ctx, struct ip address, uint16_t state)
{
	struct told *t = ctx;

	t->neighbours++;
	t->neighbour = address;
	t->state = state;
}

static void on_overrun(void *ctx)
{
	struct told *t = ctx;

	t->overruns++;
}

struct ip ip(const char *text)
{
	struct ip a;

	assert_true(ip_parse(&a, text));
	return a;
}

bool is(const struct ip *a, const char *text)
{
	struct ip b = ip(text);

	return ip_equal(a, &b);
}

void settle(struct fixture *f)
{
	int r;

	while ((r = sd_event_run(f->event, 50000)) > 0)
		;
	assert_int_equal(r, 0);
}

int netlink_rig_set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	netns_run("ip link add mqtt0 type veth peer name far0");
	f->ifindex = if_nametoindex("mqtt0");
	assert_int_equal(sd_event_new(&f->event), 0);
	f->events = (struct netlink_events){
		.ctx = &f->told,
		.on_link = netlink_rig_on_link,
		.on_address = on_address,
		.on_route = on_route,
		.on_rule_removed = on_rule_removed,
		.on_neighbour = on_neighbour,
		.on_overrun = on_overrun,
	};
	assert_int_equal(netlink_new(&f->nl, f->event, &f->events), 0);
	*state = f;
	return 0;
}

int netlink_rig_tear_down(void **state)
{
	struct fixture *f = *state;

	netlink_free(f->nl);
	sd_event_unref(f->event);
	free(f);
	netns_run(
		"ip link del mqtt0 2> /dev/null; ip rule flush; ip -6 rule flush; "
		"ip rule add pref 32766 table main; ip -6 rule add pref 32766 table main");
	return 0;
}
