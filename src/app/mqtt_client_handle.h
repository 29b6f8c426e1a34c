/* SPDX-License-Identifier: MIT */
/* mqtt_client_handle.h — handles of libmosquitto; for mqtt_client.c alone */
#ifndef MQTTNODE_MQTT_CLIENT_HANDLE_H
#define MQTTNODE_MQTT_CLIENT_HANDLE_H

#include <mosquitto.h>

#include "mqtt_client.h"

/*
 * Makes a handle as @config says, without a connection and without callbacks, which
 * will be given @userdata. 0 or -errno; release with mosquitto_destroy().
 */
int mqtt_client_handle_new(struct mosquitto **ret,
			   const struct mqtt_client_config *config, void *userdata);

/*
 * A copy of its own, but for the TLS. 0 or -ENOMEM, in both cases to be released with
 * mqtt_client_config_clear(), which leaves no password in memory.
 */
int mqtt_client_config_copy(struct mqtt_client_config *ret,
			    const struct mqtt_client_config *config);
void mqtt_client_config_clear(struct mqtt_client_config *config);

#endif
