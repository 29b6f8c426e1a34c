/* SPDX-License-Identifier: MIT */
/*
 * mqtt_client_limits.h — what a broker takes, as CONNACK of MQTT 5 says (section
 * 3.2.2.3); for mqtt_client.c alone
 */
#ifndef MQTTNODE_MQTT_CLIENT_LIMITS_H
#define MQTTNODE_MQTT_CLIENT_LIMITS_H

#include <mosquitto.h>
#include <stdbool.h>
#include <stdint.h>

#include "mqttnode/mqtt.h"

struct mqtt_client_limits {
	uint32_t packet_max; /* bytes; 0: there is no limit */
	uint8_t qos_max;
	uint8_t retained;  /* 0: no retained messages */
	unsigned int told; /* what the handle was told at any time: bits of its own */
};

/* Those that hold when nothing was said, for a new handle. */
void mqtt_client_limits_init(struct mqtt_client_limits *l);

/*
 * Takes what CONNACK says, @accepted or not; @properties may be NULL. Returns whether
 * the handle of the library is of no use in this session: it goes on with a limit that
 * the broker has no more, or holds messages, @under_way, that it may not send now and
 * would keep for ever.
 */
bool mqtt_client_limits_follow(struct mqtt_client_limits *l,
			       const mosquitto_property *properties, bool accepted,
			       bool under_way);

/* Whether the packet would be larger than the broker takes. MQTT 5 only. */
bool mqtt_client_limits_exceeded(const struct mqtt_client_limits *l,
				 const struct mqtt_outgoing *message);

#endif
