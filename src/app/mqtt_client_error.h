/* SPDX-License-Identifier: MIT */
/* mqtt_client_error.h — what the codes of libmosquitto mean; for mqtt_client.c alone */
#ifndef MQTTNODE_MQTT_CLIENT_ERROR_H
#define MQTTNODE_MQTT_CLIENT_ERROR_H

#include "mqtt_client.h"

/*
 * Translates a return code of the library that is not MOSQ_ERR_SUCCESS into kind,
 * error and text of @ret. @error is errno right after the call. Any thread.
 */
void mqtt_client_explain(struct mqtt_error *ret, int rc, int error);

#endif
