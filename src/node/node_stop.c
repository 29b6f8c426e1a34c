// SPDX-License-Identifier: MIT
/* node_stop.c — the order and the limits of a stop (see node.c) */
#include <errno.h>

#include "mqttnode/log.h"
#include "mqttnode/text.h"

#include "node_internal.h"

#define MQTT_STOP_MS   1500
#define UPLINK_STOP_MS 500

/* For a broker to empty what it keeps. */
#define FORGET_MS 30000

/* Whoever asked for that learns that it is done, if it asks again in this time. */
#define FORGOTTEN_US UINT64_C(5000000)

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

static int on_forgotten(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct node *n = userdata;
	int r = node_begin_stop(n, "request");

	(void)source;
	(void)usec;
	stop_uplink(n);
	return r;
}

int node_on_mqtt_ended(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct node *n = userdata;

	(void)fd;
	(void)revents;
	(void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
	if (n->phase == NODE_FORGETTING)
		return sd_event_add_time_relative(n->event, &n->farewell, CLOCK_MONOTONIC,
						  n->forgotten_told ? 0 : FORGOTTEN_US,
						  LIMIT_ACCURACY_US, on_forgotten, n);
	stop_uplink(n);
	return 0;
}

static int on_mqtt_limit(sd_event_source *source, uint64_t usec, void *userdata)
{
	(void)source;
	(void)usec;
	stop_uplink(userdata);
	return 0;
}

/* Nobody composes or acts any more: what was composed until now can be sent. */
static void fall_silent(struct node *n)
{
	if (n->pages)
		pages_stop(n->pages);
	if (n->actions)
		actions_stop(n->actions);
	publications_stop(n->publications);
}

static void add_number(json_object *o, const char *key, uint64_t value)
{
	json_object_object_add(o, key, json_object_new_uint64(value));
}

static void tell_forgetting(struct node *n, json_object *answer)
{
	struct mqtt_counters counters;
	bool done = mqtt_joined(n->mqtt);

	mqtt_get_counters(n->mqtt, &counters);
	add_number(answer, "begun", counters.forgetting.begun);
	add_number(answer, "topics", counters.forgetting.topics);
	add_number(answer, "left", counters.forgetting.left);
	add_number(answer, "refused", counters.forgetting.refused);
	json_object_object_add(answer, "done", json_object_new_boolean(done));
	if (!done)
		return;
	/* The answer is on its way before the loop has its next turn. */
	n->forgotten_told = true;
	if (n->farewell)
		(void)sd_event_source_set_time_relative(n->farewell, 0);
}

int node_forget(struct node *n, json_object *answer, char *error, size_t error_size)
{
	if (n->phase == NODE_RUNNING) {
		if (!node_is_online(n)) {
			text_format(error, error_size,
				    "there is no session with the broker: nothing was "
				    "done, \"mqttnode status\" tells why");
			return -ENOTCONN;
		}
		if (n->changing.settings) {
			text_format(error, error_size,
				    "a new configuration is about to take effect: try "
				    "again");
			return -EAGAIN;
		}
		n->phase = NODE_FORGETTING;
		notifier_status(n->notifier, "emptying retained topics");
		(void)log_event(LOG_NOTICE, "forgetting",
				"Emptying all retained topics of this node on request");
		fall_silent(n);
		mqtt_forget(n->mqtt, FORGET_MS);
	}
	tell_forgetting(n, answer);
	return 0;
}

int node_begin_stop(struct node *n, const char *why)
{
	bool running = n->phase == NODE_RUNNING;

	if (!running && n->phase != NODE_FORGETTING)
		return 0;
	n->phase = NODE_STOPPING_MQTT;
	notifier_stopping(n->notifier);
	notifier_status(n->notifier, "stopping");
	(void)log_event(LOG_INFO, "stopping", "Stopping on %s", why);
	if (running)
		fall_silent(n);
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
