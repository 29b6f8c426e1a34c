// SPDX-License-Identifier: MIT
/* vitals.c — what the node tells the broker about itself, as JSON */
#include "mqttnode/vitals.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mqttnode/clock.h"

struct vitals {
	struct vitals_config config;
	char *info_topic, *health_topic, *message_topic;
	uint64_t sessions; /* the one that was told */
	bool info_due;
	uint64_t health_ns;		/* when it is due */
	uint64_t message, message_told; /* numbers */
};

/* "BASE/name", or NULL. */
static char *topic_below(const char *base, const char *name)
{
	char *topic;

	return asprintf(&topic, "%s/%s", base, name) < 0 ? NULL : topic;
}

int vitals_new(struct vitals **ret, const struct vitals_config *config)
{
	_cleanup_(vitals_freep) struct vitals *v = calloc(1, sizeof(*v));

	if (!v)
		return -ENOMEM;
	v->config = *config;
	v->info_topic = topic_below(config->base_topic, "info");
	v->health_topic = topic_below(config->base_topic, "health");
	v->message_topic = topic_below(config->base_topic, "message");
	v->config.base_topic = NULL; /* the caller's */
	if (!v->info_topic || !v->health_topic || !v->message_topic)
		return -ENOMEM;
	*ret = TAKE_PTR(v);
	return 0;
}

struct vitals *vitals_free(struct vitals *v)
{
	if (!v)
		return NULL;
	free(v->info_topic);
	free(v->health_topic);
	free(v->message_topic);
	free(v);
	return NULL;
}

void vitals_changed(struct vitals *v)
{
	v->info_due = true;
}

void vitals_announce(struct vitals *v)
{
	v->info_due = true;
	v->health_ns = 0;
	v->message_told = 0;
}

void vitals_message(struct vitals *v, uint64_t number)
{
	v->message = number;
}

/* Whether it was taken: what does not fit now is tried again. */
static bool publish(const struct vitals *v, const char *topic,
		    void (*describe)(void *ctx, json_object *o), int qos, bool retain)
{
	json_object *o = json_object_new_object();
	struct mqtt_outgoing message = { .topic = topic, .qos = qos, .retain = retain };
	int r = -ENOMEM;

	if (!o)
		return false;
	describe(v->config.ctx, o);
	message.payload = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN);
	if (message.payload) {
		message.len = strlen(message.payload);
		r = v->config.publish(v->config.ctx, &message);
	}
	json_object_put(o);
	return r == 0;
}

void vitals_turn(struct vitals *v, bool online, uint64_t sessions, uint64_t now_ns)
{
	if (!online)
		return;
	if (sessions != v->sessions) {
		v->sessions = sessions;
		v->info_due = true;
		v->health_ns = now_ns;
	}
	if (v->config.info && v->info_due)
		v->info_due =
			!publish(v, v->info_topic, v->config.describe_info, 1, true);
	if (v->config.message && v->message != v->message_told &&
	    publish(v, v->message_topic, v->config.describe_message, 0, false))
		v->message_told = v->message;
	if (v->config.health_interval_s == 0 || now_ns < v->health_ns)
		return;
	if (publish(v, v->health_topic, v->config.describe_health, 0, false))
		v->health_ns = now_ns + v->config.health_interval_s * NSEC_PER_SEC;
}
