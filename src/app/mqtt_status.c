// SPDX-License-Identifier: MIT
/* mqtt_status.c — the retained word on BASE/status: "online" or "offline" */
#include "mqtt_status.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mqttnode/clock.h"
#include "mqttnode/log.h"

#define ONLINE "online"

/* Least time between two corrections. */
#define CORRECTION_NS (5 * NSEC_PER_SEC)

int mqtt_status_init(struct mqtt_status *s, const char *base_topic,
		     struct mqtt_refusals *refusals, struct mqtt_counters *counters)
{
	memset(s, 0, sizeof(*s));
	s->refusals = refusals;
	s->counters = counters;
	if (base_topic && asprintf(&s->topic, "%s/status", base_topic) < 0) {
		s->topic = NULL;
		return -ENOMEM;
	}
	return 0;
}

void mqtt_status_clear(struct mqtt_status *s)
{
	free(s->topic);
	s->topic = NULL;
}

/* Publishes the word; the number in *@id, 0 if it could not be sent. */
static void say(struct mqtt_status *s, struct mqtt_client *client, const char *word,
		int *id)
{
	const struct mqtt_outgoing message = {
		.topic = s->topic,
		.payload = word,
		.len = strlen(word),
		.qos = 1,
		.retain = true,
	};

	if (mqtt_client_publish(client, &message, id) < 0) {
		*id = 0;
		return;
	}
	mqtt_refusals_sent(s->refusals, *id, s->topic);
	s->counters->status_sent++;
}

void mqtt_status_begin(struct mqtt_status *s, struct mqtt_client *client)
{
	int id;

	if (!s->topic)
		return;
	s->wrong = false;
	if (s->birth_id == 0)
		say(s, client, ONLINE, &s->birth_id);
	/* After "online": what was kept before is not worth a correction. */
	(void)mqtt_client_subscribe(client, s->topic, 1, &id);
}

void mqtt_status_again(struct mqtt_status *s, struct mqtt_client *client)
{
	if (s->topic && s->birth_id == 0)
		say(s, client, ONLINE, &s->birth_id);
}

void mqtt_status_end(struct mqtt_status *s, struct mqtt_client *client)
{
	say(s, client, MQTT_STATUS_OFFLINE, &s->offline_id);
}

bool mqtt_status_acknowledged(struct mqtt_status *s, int id)
{
	if (id == s->birth_id)
		s->birth_id = 0;
	else if (id == s->offline_id)
		s->offline_acknowledged = true;
	else
		return false;
	return true;
}

void mqtt_status_forget(struct mqtt_status *s)
{
	s->birth_id = s->offline_id = 0;
}

bool mqtt_status_heard(struct mqtt_status *s, const struct mqtt_incoming *message)
{
	static const size_t len = sizeof(ONLINE) - 1;

	if (!s->topic || strcmp(message->topic, s->topic) != 0)
		return false;
	s->wrong = message->len != len || memcmp(message->payload, ONLINE, len) != 0;
	if (!s->wrong)
		s->counters->status_heard++;
	return true;
}

uint64_t mqtt_status_next_ns(const struct mqtt_status *s)
{
	/* What is on its way is a correction already. */
	return s->wrong && s->birth_id == 0 ? s->corrected_ns : UINT64_MAX;
}

void mqtt_status_turn(struct mqtt_status *s, struct mqtt_client *client, uint64_t now)
{
	/* Not at once each time: another node with the same base topic may insist. */
	if (now < mqtt_status_next_ns(s))
		return;
	s->wrong = false;
	s->corrected_ns = now + CORRECTION_NS;
	s->counters->status_corrected++;
	say(s, client, ONLINE, &s->birth_id);
	(void)log_event(LOG_NOTICE, "status-corrected",
			"%s said that this node is not online: corrected", s->topic);
}
