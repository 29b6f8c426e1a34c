// SPDX-License-Identifier: MIT
/* mqtt_refusals.c — the messages that the broker does not take */
#include "mqtt_refusals.h"

#include <stdio.h>
#include <string.h>

#include "mqttnode/cleanup.h"
#include "mqttnode/text.h"

void mqtt_refusals_init(struct mqtt_refusals *r)
{
	memset(r, 0, sizeof(*r));
	r->limit = (struct log_limit){ .interval_s = 60, .burst = 3 };
}

/* The place of @id, 0: a free one; NULL if there is none. */
static struct mqtt_under_way *find(struct mqtt_refusals *r, int id)
{
	for (size_t i = 0; i < ARRAY_SIZE(r->under_way); i++)
		if (r->under_way[i].id == id)
			return &r->under_way[i];
	return NULL;
}

void mqtt_refusals_sent(struct mqtt_refusals *r, int id, const char *topic)
{
	struct mqtt_under_way *place = find(r, id);

	if (!place)
		place = find(r, 0);
	if (!place)
		return; /* then without its name */
	place->id = id;
	text_escape_str(place->topic, sizeof(place->topic), topic);
}

void mqtt_refusals_answered(struct mqtt_refusals *r, int id, const char *refusal)
{
	struct mqtt_under_way *place = find(r, id);
	char more[48] = "";
	unsigned int held_back;

	if (refusal && log_allow(&r->limit, &held_back)) {
		if (held_back > 0)
			text_format(more, sizeof(more), " (%u more were not logged)",
				    held_back);
		log_warning("The broker refused a message%s%s: %s%s", place ? " on " : "",
			    place ? place->topic : "", refusal, more);
	}
	if (place)
		place->id = 0;
}
