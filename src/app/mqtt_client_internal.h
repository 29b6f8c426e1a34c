/* SPDX-License-Identifier: MIT */
/* mqtt_client_internal.h — what the files of the MQTT client share; not for others */
#ifndef MQTTNODE_MQTT_CLIENT_INTERNAL_H
#define MQTTNODE_MQTT_CLIENT_INTERNAL_H

#include "mqtt_client.h"

#include <mosquitto.h>

#include "mqtt_client_limits.h"

struct mqtt_client {
	struct mqtt_client_config config; /* a copy */
	struct mosquitto *mosq;
	struct mosquitto *next;	 /* takes over when @mosq has made the broker forget us */
	bool forgotten;		 /* it has */
	struct ip broker, local; /* of the latest connection, with the next */
	uint16_t port;
	bool established; /* TCP is, or was */
	bool answered;	  /* CONNECT is */
	struct mqtt_client_limits limits;
	size_t under_way;    /* messages of QoS 1 and 2 that the library holds */
	const char *spoiled; /* mqtt_client_spoiled() */
	int linger_fd; /* after DISCONNECT: the connection, until the broker closes */
	bool publishing_qos0; /* the library is inside of it */
	int unwritten_id;     /* of QoS 0: TCP has taken a part of it; 0: none */
	int disconnect_code;  /* MQTT 5: of the broker's DISCONNECT, or -1 */
	char disconnect_reason[MQTT_REASON_SIZE];
	struct mqtt_client_events events;
	void *ctx;
};

/* Has what the library tells of @mosq, whose userdata is the client, go to its events. */
void mqtt_client_set_callbacks(struct mosquitto *mosq);

/* The answer to CONNECT; one of the callbacks, for an answer that the library missed. */
void mqtt_client_handle_connack(struct mosquitto *mosq, void *userdata, int code,
				int flags, const mosquitto_property *properties);

#endif
