// SPDX-License-Identifier: MIT
/* climb.c — a node that climbs the ladder once: what it may do, and when it is over */
#include "mqttnode/climb.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mqttnode/clock.h"
#include "mqttnode/text.h"

/* At the top: time for a session to be ended, a word to come back, a display to be found.
 */
#define SETTLE_NS (4 * NSEC_PER_SEC)

/* A failure that lasts so long is one. DHCP servers and switches take their time. */
#define PATIENCE_NS	    (3 * NSEC_PER_SEC)
#define PATIENCE_ADDRESS_NS (8 * NSEC_PER_SEC)

#define LIMIT_NS (60 * NSEC_PER_SEC)

static char nothing[] = "";

int climb_settings_make(struct climb_settings *ret, const struct settings *settings)
{
	struct mqtt_settings *mqtt = &ret->settings.mqtt;

	*ret = (struct climb_settings){ .settings = *settings };
	if (mqtt->n_subscribe > 0) {
		ret->subscribe = calloc(mqtt->n_subscribe, sizeof(*ret->subscribe));
		if (!ret->subscribe)
			return -ENOMEM;
		memcpy(ret->subscribe, mqtt->subscribe,
		       mqtt->n_subscribe * sizeof(*ret->subscribe));
	}
	for (size_t i = 0; i < mqtt->n_subscribe; i++)
		ret->subscribe[i].actions = 0;
	mqtt->subscribe = ret->subscribe;
	mqtt->publish = NULL;
	mqtt->n_publish = 0;
	mqtt->discovery = nothing;
	mqtt->info = false;
	mqtt->health_interval_s = 0;
	if (!mqtt->clean_session) {
		mqtt->clean_session = true;
		/* Permissions of the broker are for the topics of the daemon. */
		text_format(ret->base_topic, sizeof(ret->base_topic), "mqttnode/%.64s",
			    mqtt->client_id);
		text_format(ret->client_id, sizeof(ret->client_id), "%.64s-doctor",
			    mqtt->client_id);
		mqtt->client_id = ret->client_id;
		if (!mqtt->base_topic)
			mqtt->base_topic = ret->base_topic;
	}
	return 0;
}

void climb_settings_clear(struct climb_settings *c)
{
	free(c->subscribe);
	c->subscribe = NULL;
}

static bool is_decided(const struct display_status *display)
{
	return !display || display->present || display->cause_id != CAUSE_NONE;
}

bool climb_is_over(const struct ladder_view *view, const struct display_status *display,
		   uint64_t started_ns, uint64_t now_ns)
{
	const struct rung_status *rung;
	uint64_t patience;

	if (now_ns - started_ns >= LIMIT_NS)
		return true;
	if (view->first_bad < 0)
		return view->online && is_decided(display) &&
		       now_ns - view->rungs[RUNG_CONNACK].since_ns >= SETTLE_NS;
	rung = &view->rungs[view->first_bad];
	if (rung->cause == CAUSE_LINK_FLAPPING)
		return true;
	patience = view->first_bad == RUNG_ADDRESS ? PATIENCE_ADDRESS_NS : PATIENCE_NS;
	return rung->state == RUNG_STATE_FAILED && is_decided(display) &&
	       now_ns - rung->since_ns >= patience;
}
