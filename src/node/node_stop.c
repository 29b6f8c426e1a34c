// SPDX-License-Identifier: MIT
/* node_stop.c — the order and the limits of a stop (see node.c) */
#include "mqttnode/log.h"

#include "node_internal.h"

#define MQTT_STOP_MS   1500
#define UPLINK_STOP_MS 500

/* A limit is not a good moment to wait for others to wake up with (sd_event: 250 ms). */
#define LIMIT_ACCURACY_US 1000

static void stop_uplink(struct node *n)
{
	if (n->phase != NODE_STOPPING_MQTT)
		return;
	n->phase = NODE_STOPPING_UPLINK;
	uplink_stop(n->uplink, UPLINK_STOP_MS);
}

void node_on_uplink_stopped(void *ctx)
{
	struct node *n = ctx;

	(void)sd_event_exit(n->event, 0);
}

int node_on_mqtt_ended(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	(void)fd;
	(void)revents;
	(void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
	stop_uplink(userdata);
	return 0;
}

static int on_mqtt_limit(sd_event_source *source, uint64_t usec, void *userdata)
{
	(void)source;
	(void)usec;
	stop_uplink(userdata);
	return 0;
}

int node_begin_stop(struct node *n, const char *why)
{
	if (n->phase != NODE_RUNNING)
		return 0;
	n->phase = NODE_STOPPING_MQTT;
	notifier_stopping(n->notifier);
	notifier_status(n->notifier, "stopping");
	if (n->pages)
		pages_stop(n->pages);
	(void)log_event(LOG_INFO, "stopping", "Stopping on %s", why);
	if (n->actions)
		actions_stop(n->actions);
	publications_stop(n->publications);
	mqtt_stop(n->mqtt, MQTT_STOP_MS);
	return sd_event_add_time_relative(n->event, NULL, CLOCK_MONOTONIC,
					  (MQTT_STOP_MS + 100) * UINT64_C(1000),
					  LIMIT_ACCURACY_US, on_mqtt_limit, n);
}

int node_on_terminate(sd_event_source *source, const struct signalfd_siginfo *si,
		      void *userdata)
{
	(void)source;
	return node_begin_stop(userdata, si->ssi_signo == SIGTERM ? "SIGTERM" : "SIGINT");
}
