// SPDX-License-Identifier: MIT
/* mqtt_client_limits.c — what a broker takes, as CONNACK of MQTT 5 says */
#include "mqtt_client_limits.h"

#include <mqtt_protocol.h>
#include <string.h>

/* What was told. */
#define PACKET_MAX  1U
#define QOS_MAX	    2U
#define RECEIVE_MAX 4U

/* The property that says when a message expires: its number, and four bytes. */
#define EXPIRY_SIZE 5

void mqtt_client_limits_init(struct mqtt_client_limits *l)
{
	*l = (struct mqtt_client_limits){ .qos_max = 2, .retained = 1 };
}

static void read_limits(struct mqtt_client_limits *l, const mosquitto_property *p)
{
	uint16_t receive_max; /* the library's business */

	mqtt_client_limits_init(l);
	if (mosquitto_property_read_int32(p, MQTT_PROP_MAXIMUM_PACKET_SIZE,
					  &l->packet_max, false))
		l->told |= PACKET_MAX;
	if (mosquitto_property_read_byte(p, MQTT_PROP_MAXIMUM_QOS, &l->qos_max, false))
		l->told |= QOS_MAX;
	/* This one the library forgets by itself. */
	(void)mosquitto_property_read_byte(p, MQTT_PROP_RETAIN_AVAILABLE, &l->retained,
					   false);
	if (mosquitto_property_read_int16(p, MQTT_PROP_RECEIVE_MAXIMUM, &receive_max,
					  false))
		l->told |= RECEIVE_MAX;
}

/* Whether some message that @before allows @now does not. */
static bool is_lower(const struct mqtt_client_limits *now,
		     const struct mqtt_client_limits *before)
{
	/* No limit is the highest. */
	return now->packet_max - 1 < before->packet_max - 1 ||
	       now->qos_max < before->qos_max || now->retained < before->retained;
}

bool mqtt_client_limits_follow(struct mqtt_client_limits *l,
			       const mosquitto_property *properties, bool accepted,
			       bool under_way)
{
	struct mqtt_client_limits now;
	bool spoiled;

	read_limits(&now, properties);
	if (!accepted) {
		l->told |= now.told;
		return false;
	}
	/* The library goes by what it was told last, in whatever session. */
	spoiled = (l->told & ~now.told) || (under_way && is_lower(&now, l));
	*l = now;
	return spoiled;
}

/* How many bytes a number takes in MQTT (section 1.5.5). */
static size_t varint_size(uint64_t value)
{
	size_t n = 1;

	while (value >>= 7)
		n++;
	return n;
}

/*
 * Sections 2.1.4 and 3.3. The library leaves out the first byte when it counts, and
 * for QoS 1 and 2 it first counts less than it sends: what is found too large only
 * then stays with it for ever.
 */
bool mqtt_client_limits_exceeded(const struct mqtt_client_limits *l,
				 const struct mqtt_outgoing *message)
{
	size_t properties = message->expiry_s > 0 ? EXPIRY_SIZE : 0;
	uint64_t remaining = 2 + (uint64_t)strlen(message->topic) +
			     (message->qos > 0 ? 2 : 0) + varint_size(properties) +
			     properties + message->len;

	return l->packet_max > 0 &&
	       1 + varint_size(remaining) + remaining > l->packet_max;
}
