// SPDX-License-Identifier: MIT
/* node_events.c — what main waits for, and who is told of it */
#include <stdio.h>
#include <string.h>

#include "mqttnode/clock.h"
#include "mqttnode/fd.h"
#include "mqttnode/items.h"
#include "mqttnode/log.h"

#include "node_internal.h"

#define TICK_US UINT64_C(1000000)

/* --- news from below --------------------------------------------------- */

void node_look_at_ladder(struct node *n)
{
	ladder_view(n->ladder, &n->view);
	announce(&n->announcer, n->notifier, &n->view);
	if (n->pages)
		pages_update(n->pages, &n->view);
}

static int on_ladder(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	(void)source;
	(void)revents;
	(void)fd_event_clear(fd);
	node_look_at_ladder(userdata);
	return 0;
}

void node_look_at_chip(struct node *n)
{
	struct pump_status status;

	pump_get_status(n->pump, &status);
	rungs_report_chip(&n->chip, n->ladder, &n->start->ethernet, &status,
			  clock_now_ns(&clock_system));
	if (strcmp(status.hint, n->hint) != 0) {
		memcpy(n->hint, status.hint, sizeof(n->hint));
		if (n->hint[0])
			log_warning("%s", n->hint);
	}
	if (status.link_up == n->link_up)
		return;
	n->link_up = status.link_up;
	mqtt_set_link(n->mqtt, n->link_up);
	uplink_link(n->uplink, n->link_up);
}

static int on_pump(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct node *n = userdata;

	(void)source;
	(void)revents;
	(void)fd_event_clear(fd);
	if (pump_tap_lost(n->pump))
		uplink_tap_lost(n->uplink);
	node_look_at_chip(n);
	return 0;
}

static void on_tap(void *ctx, int fd)
{
	struct node *n = ctx;

	pump_set_tap(n->pump, fd);
}

/* Tells everybody about the addresses. */
static void addresses_changed(struct node *n)
{
	struct ip sources[1 + FACTS_ADDRESSES6_MAX];
	size_t n_sources = 0;

	facts_set(n->facts, &n->self);
	vitals_changed(n->vitals);
	sources[0] = ip_from_v4(n->self.address);
	n_sources += ip_is_set(&sources[0]);
	for (size_t i = 0; i < n->self.n_addresses6; i++)
		sources[n_sources++] = n->self.addresses6[i];
	mqtt_set_sources(n->mqtt, sources, n_sources);
}

static void on_lease(void *ctx, const struct lease *lease)
{
	static const struct lease none;
	struct node *n = ctx;

	rungs_report_lease(&n->address, n->ladder, lease);
	if (!lease)
		lease = &none;
	n->self.address = lease->address;
	n->self.prefix_len = lease->prefix_len;
	n->self.gateway = lease->gateway;
	addresses_changed(n);
}

static void on_addresses6(void *ctx, const struct ip *addresses, size_t n_addresses)
{
	struct node *n = ctx;

	rungs_report_ipv6(&n->address, n->ladder, addresses, n_addresses);
	n->self.n_addresses6 = n_addresses;
	for (size_t i = 0; i < n_addresses; i++)
		n->self.addresses6[i] = addresses[i];
	addresses_changed(n);
}

void node_on_composed(void *ctx, const struct mqtt_outgoing *message)
{
	struct node *n = ctx;

	node_lock(n);
	if (n->display)
		items_published(&n->used_by[USER_SCREEN]->oled, n->inbox, message);
	node_unlock(n);
	(void)mqtt_publish(n->mqtt, message); /* counted if there is no room */
}

void node_on_session(void *ctx, bool online)
{
	struct node *n = ctx;

	node_lock(n);
	n->in_session = online;
	/*
	 * In each session: what a broker retains is no part of one, so that it resumed
	 * one does not say that it still has this.
	 */
	if (online)
		discoveries_announce(&n->discoveries, node_publish, n);
	publications_session(n->publications, online);
	if (n->actions)
		actions_session(n->actions, online);
	node_unlock(n);
}

void node_on_room(void *ctx)
{
	struct node *n = ctx;

	node_lock(n);
	if (n->actions)
		actions_tell_again(n->actions);
	node_unlock(n);
}

int node_on_line(void *ctx, const struct output_settings *line, bool on, bool again)
{
	struct node *n = ctx;
	int r = 0;

	node_lock(n);
	if (n->discoveries.now)
		r = discovery_publish_output(n->discoveries.now, line->line, on, again,
					     node_publish, n);
	node_unlock(n);
	return r;
}

static void on_port(void *ctx, const char *master)
{
	struct node *n = ctx;

	rungs_report_port(n->ladder, n->self.interface, master);
}

static void on_trouble(void *ctx, bool failed, enum cause_id id, const char *cause)
{
	struct node *n = ctx;

	rungs_report_trouble(&n->address, n->ladder, failed, id, cause);
}

static void on_gateway(void *ctx, enum gateway_state state, struct ip gateway)
{
	struct node *n = ctx;

	rungs_report_gateway(n->ladder, state, gateway);
}

static int on_inbox(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct node *n = userdata;

	(void)source;
	(void)fd;
	(void)revents;
	if (n->pages)
		pages_read(n->pages, n->inbox);
	else /* a reload took the display away */
		mqtt_message_free(queue_pop(n->inbox));
	return 0;
}

/* --- once a second ------------------------------------------------------- */

static void feed_watchdog(struct node *n)
{
	uint64_t heartbeat = pump_heartbeat(n->pump);

	if (heartbeat == n->heartbeat)
		return;
	n->heartbeat = heartbeat;
	if (n->watchdog)
		notifier_watchdog(n->notifier);
}

static void tell_incidents(struct node *n)
{
	struct incident_counts counts;
	char text[200];

	n->tx_dropped = uplink_tx_dropped(n->uplink);
	counts.tx_overrun = uplink_tx_overrun(n->uplink);
	pump_get_counters(n->pump, &counts.pump);
	while (incidents_next(&n->incidents, &counts, clock_now_ns(&clock_system), text,
			      sizeof(text)))
		log_warning("%s", text);
}

static int on_tick(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct node *n = userdata;

	(void)usec;
	feed_watchdog(n);
	notifier_flush(n->notifier);
	tell_incidents(n);
	if (n->phase == NODE_RUNNING)
		node_turn_vitals(n);
	if (n->chip.settling)
		node_look_at_chip(n);
	if (n->pages)
		pages_tick(n->pages, n->pump, n->mqtt);
	(void)sd_event_source_set_time_relative(source, TICK_US);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

/* --- wiring --------------------------------------------------------------- */

const struct uplink_events node_uplink_events = {
	.on_tap = on_tap,
	.on_lease = on_lease,
	.on_port = on_port,
	.on_addresses6 = on_addresses6,
	.on_trouble = on_trouble,
	.on_gateway = on_gateway,
	.on_stopped = node_on_uplink_stopped,
};

/* Calls @handler when @fd is readable. The event loop owns the source. 0 or -errno. */
static int watch(struct node *n, int fd, sd_event_io_handler_t handler, const char *what)
{
	sd_event_source *source;
	int r;

	r = sd_event_add_io(n->event, &source, fd, EPOLLIN, handler, n);
	if (r < 0)
		return r;
	(void)sd_event_source_set_description(source, what);
	(void)sd_event_source_set_floating(source, true);
	sd_event_source_unref(source);
	return 0;
}

int node_make_inbox(struct node *n)
{
	struct queue *inbox;
	int r;

	if (n->inbox)
		return 0;
	r = queue_new(&inbox, NODE_INBOX_MAX, mqtt_message_free);
	if (r < 0)
		return r;
	node_lock(n);
	n->inbox = inbox;
	node_unlock(n);
	return watch(n, queue_fd(inbox), on_inbox, "inbox");
}

int node_watch(struct node *n)
{
	int r;

	r = watch(n, ladder_event_fd(n->ladder), on_ladder, "ladder");
	if (r == 0)
		r = watch(n, pump_event_fd(n->pump), on_pump, "pump");
	if (r == 0)
		r = watch(n, mqtt_change_fd(n->mqtt), node_on_mqtt_changed,
			  "mqtt changed");
	if (r == 0)
		r = watch(n, mqtt_requests_fd(n->mqtt), node_on_request, "mqtt requests");
	if (r == 0)
		r = watch(n, mqtt_event_fd(n->mqtt), node_on_mqtt_ended, "mqtt ended");
	if (r < 0)
		return r;
	r = sd_event_add_time_relative(n->event, &n->tick, CLOCK_MONOTONIC, TICK_US, 0,
				       on_tick, n);
	if (r < 0)
		return r;
	(void)sd_event_source_set_description(n->tick, "tick");
	r = sd_event_add_signal(n->event, NULL, SIGTERM, node_on_terminate, n);
	if (r >= 0)
		r = sd_event_add_signal(n->event, NULL, SIGINT, node_on_terminate, n);
	if (r >= 0)
		r = sd_event_add_signal(n->event, NULL, SIGHUP, node_on_hangup, n);
	return r < 0 ? r : 0;
}
