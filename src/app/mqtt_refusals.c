// SPDX-License-Identifier: MIT
/* mqtt_refusals.c — the messages that the broker does not take */
#include "mqtt_refusals.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "mqttnode/cleanup.h"
#include "mqttnode/text.h"

#define MORE_SIZE 48

void mqtt_refusals_init(struct mqtt_refusals *r)
{
	*r = (struct mqtt_refusals){ 0 };
	r->limit = (struct log_limit){ .interval_s = 60, .burst = 3 };
}

void mqtt_refusals_clear(struct mqtt_refusals *r)
{
	memset(r->under_way, 0, sizeof(r->under_way));
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

/* Whether one more is logged; then what @more says about those that were not. */
static bool may_tell(struct mqtt_refusals *r, char more[MORE_SIZE])
{
	unsigned int held_back;

	if (!log_allow(&r->limit, &held_back))
		return false;
	more[0] = '\0';
	if (held_back > 0)
		text_format(more, MORE_SIZE, " (%u more were not logged)", held_back);
	return true;
}

void mqtt_refusals_answered(struct mqtt_refusals *r, int id, const char *refusal)
{
	struct mqtt_under_way *place = find(r, id);
	char more[MORE_SIZE];

	if (refusal && may_tell(r, more))
		log_warning("The broker refused a message%s%s: %s%s", place ? " on " : "",
			    place ? place->topic : "", refusal, more);
	if (place)
		place->id = 0;
}

void mqtt_refusals_unfit(struct mqtt_refusals *r, const struct mqtt_outgoing *message,
			 int error, uint32_t packet_max)
{
	char topic[MQTT_REFUSED_TOPIC_SIZE], more[MORE_SIZE];

	if (!may_tell(r, more))
		return;
	text_escape_str(topic, sizeof(topic), message->topic);
	if (error == -EMSGSIZE)
		log_warning("A message of %zu bytes on %s is dropped: the broker takes "
			    "no packet of more than %" PRIu32 " bytes%s",
			    message->len, topic, packet_max, more);
	else
		log_warning("A message on %s is dropped: the broker takes none with "
			    "QoS %d%s%s",
			    topic, message->qos,
			    message->retain ? ", or none that is retained" : "", more);
}

void mqtt_refusals_poison(struct mqtt_refusals *r, const struct mqtt_outgoing *message,
			  size_t len)
{
	char topic[MQTT_REFUSED_TOPIC_SIZE], more[MORE_SIZE];

	if (!may_tell(r, more))
		return;
	text_escape_str(topic, sizeof(topic), message->topic);
	log_warning("A message of %zu bytes on %s is dropped: the broker ended the "
		    "connection each time when one of %zu bytes was sent there. Is its "
		    "max_packet_size lower? With protocol = \"5\" it would say so%s",
		    message->len, topic, len, more);
}
