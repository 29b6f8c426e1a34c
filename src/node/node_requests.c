// SPDX-License-Identifier: MIT
/*
 * node_requests.c — what others ask for by a message: Home Assistant, above all
 *
 * When that starts, all its nodes would answer at once: each waits for a random time
 * (the MQTT reference, section 20). Then it announces itself and tells all its states
 * again, which covers a broker that lost what it had retained.
 */
#include "mqttnode/log.h"

#include "node_internal.h"

static void announce_again(struct node *n)
{
	if (!n->discoveries.now || !node_is_online(n))
		return;
	node_lock(n);
	discoveries_announce(&n->discoveries, node_publish, n);
	node_unlock(n);
	mqtt_say_status(n->mqtt);
	vitals_announce(n->vitals);
	publications_announce(n->publications);
	node_lock(n);
	if (n->actions && n->in_session)
		actions_session(n->actions, true); /* tells its outputs again */
	node_unlock(n);
}

static int on_jitter(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct node *n = userdata;

	(void)usec;
	n->announcement = sd_event_source_disable_unref(source);
	if (n->phase == NODE_RUNNING)
		announce_again(n);
	return 0;
}

int node_on_request(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct node *n = userdata;
	unsigned int requests = mqtt_take_requests(n->mqtt);

	(void)source;
	(void)fd;
	(void)revents;
	if (n->phase != NODE_RUNNING)
		return 0;
	if (requests & SUBSCRIPTION_RESTART)
		node_restart_connection(n);
	if (!(requests & SUBSCRIPTION_BIRTH) || n->announcement)
		return 0;
	return sd_event_add_time_relative(n->event, &n->announcement, CLOCK_MONOTONIC,
					  discovery_jitter_us(), 1, on_jitter, n);
}
