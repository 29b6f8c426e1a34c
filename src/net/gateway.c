// SPDX-License-Identifier: MIT
/* gateway.c — whether the gateway answers, by its neighbour state */
#include "mqttnode/gateway.h"

#include <errno.h>
#include <stdbool.h>

#include <linux/neighbour.h>

#include "mqttnode/clock.h"

#define INCOMPLETE_LIMIT_US (3 * UINT64_C(1000000))
#define RETRY_US	    (5 * UINT64_C(1000000))

#define NUD_ANSWERED (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT)

struct gateway {
	struct netlink *nl; /* borrowed */
	sd_event_source *timer;
	unsigned int ifindex;
	struct ip address;
	enum gateway_state state;
	bool resolving; /* INCOMPLETE now; the timer is its limit */
	void (*on_state)(void *ctx, enum gateway_state state, struct ip gateway);
	void *ctx;
};

static void set_state(struct gateway *g, enum gateway_state state)
{
	if (g->state == state)
		return;
	g->state = state;
	g->on_state(g->ctx, state, g->address);
}

static void arm(struct gateway *g, uint64_t delay_us)
{
	(void)sd_event_source_set_time_relative(g->timer, delay_us);
	(void)sd_event_source_set_enabled(g->timer, SD_EVENT_ONESHOT);
}

static void disarm(struct gateway *g)
{
	(void)sd_event_source_set_enabled(g->timer, SD_EVENT_OFF);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct gateway *g = userdata;
	int known = netlink_neighbour_state(g->nl, g->ifindex, g->address);

	(void)source;
	(void)usec;
	g->resolving = false;
	/* One that was known before it was asked is no news. */
	if (known > 0 && known & NUD_ANSWERED) {
		set_state(g, GATEWAY_STATE_OK);
		return 0;
	}
	set_state(g, GATEWAY_STATE_FAILED);
	(void)netlink_neighbour_probe(g->nl, g->ifindex, g->address);
	arm(g, RETRY_US);
	return 0;
}

int gateway_new(struct gateway **ret, sd_event *event, struct netlink *nl,
		void (*on_state)(void *ctx, enum gateway_state state, struct ip gateway),
		void *ctx)
{
	_cleanup_(gateway_freep) struct gateway *g = NULL;
	int r;

	g = calloc(1, sizeof(*g));
	if (!g)
		return -ENOMEM;
	g->nl = nl;
	g->on_state = on_state;
	g->ctx = ctx;
	r = sd_event_add_time_relative(event, &g->timer, CLOCK_MONOTONIC, 0, 0, on_timer,
				       g);
	if (r < 0)
		return r;
	(void)sd_event_source_set_description(g->timer, "gateway");
	disarm(g);
	*ret = TAKE_PTR(g);
	return 0;
}

struct gateway *gateway_free(struct gateway *g)
{
	if (!g)
		return NULL;
	sd_event_source_disable_unref(g->timer);
	free(g);
	return NULL;
}

void gateway_set(struct gateway *g, unsigned int ifindex, struct ip address)
{
	if (ifindex == g->ifindex && ip_equal(&address, &g->address))
		return;
	disarm(g);
	g->ifindex = ifindex;
	g->address = address;
	g->resolving = false;
	if (!ip_is_set(&address)) {
		set_state(g, GATEWAY_STATE_NONE);
		return;
	}
	g->state = GATEWAY_STATE_NONE; /* a new gateway: trying is news */
	set_state(g, GATEWAY_STATE_TRYING);
	g->resolving = true;
	(void)netlink_neighbour_probe(g->nl, ifindex, address);
	arm(g, INCOMPLETE_LIMIT_US);
}

void gateway_on_neighbour(struct gateway *g, struct ip address, uint16_t state)
{
	if (!ip_is_set(&g->address) || !ip_equal(&address, &g->address))
		return;
	if (state & NUD_ANSWERED) {
		g->resolving = false;
		disarm(g);
		set_state(g, GATEWAY_STATE_OK);
	} else if (state & NUD_FAILED) {
		g->resolving = false;
		set_state(g, GATEWAY_STATE_FAILED);
		arm(g, RETRY_US);
	} else if ((state & NUD_INCOMPLETE) && !g->resolving &&
		   g->state != GATEWAY_STATE_FAILED) {
		g->resolving = true;
		arm(g, INCOMPLETE_LIMIT_US);
	}
	/* An entry that was collected as garbage says nothing about the gateway. */
}
