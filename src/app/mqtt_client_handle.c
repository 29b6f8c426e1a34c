// SPDX-License-Identifier: MIT
/* mqtt_client_handle.c — handles of libmosquitto: what they are told before a connection
 */
#include "mqtt_client_handle.h"

#include <errno.h>
#include <mqtt_protocol.h>
#include <stdlib.h>
#include <string.h>

/* The library moves the bytes of a context that is ours; it must not change it. */
static int use_tls(struct mosquitto *mosq, const struct mqtt_tls *tls)
{
	int rc = mosquitto_int_option(mosq, MOSQ_OPT_SSL_CTX_WITH_DEFAULTS, 0);

	if (rc == MOSQ_ERR_SUCCESS)
		rc = mosquitto_void_option(mosq, MOSQ_OPT_SSL_CTX, mqtt_tls_context(tls));
	return rc;
}

/*
 * What CONNECT says in MQTT 5. Only the call that connects and waits takes
 * properties; the library keeps them for all later ones. Without a host it does
 * no more than that.
 */
static int set_connect_properties(struct mosquitto *mosq,
				  const struct mqtt_client_config *config)
{
	mosquitto_property *properties = NULL;
	int rc;

	rc = mosquitto_property_add_int32(&properties, MQTT_PROP_MAXIMUM_PACKET_SIZE,
					  config->packet_max);
	if (rc == MOSQ_ERR_SUCCESS && !config->clean_session)
		rc = mosquitto_property_add_int32(&properties,
						  MQTT_PROP_SESSION_EXPIRY_INTERVAL,
						  config->session_expiry_s);
	if (rc == MOSQ_ERR_SUCCESS) {
		rc = mosquitto_connect_bind_v5(mosq, NULL, 1, config->keepalive_s, NULL,
					       properties);
		rc = rc == MOSQ_ERR_INVAL ? MOSQ_ERR_SUCCESS : MOSQ_ERR_NOMEM;
	}
	mosquitto_property_free_all(&properties);
	return rc;
}

static int configure(struct mosquitto *mosq, const struct mqtt_client_config *config)
{
	int rc;

	rc = mosquitto_int_option(mosq, MOSQ_OPT_PROTOCOL_VERSION,
				  config->v5 ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311);
	if (rc == MOSQ_ERR_SUCCESS)
		rc = mosquitto_int_option(mosq, MOSQ_OPT_TCP_NODELAY, 1);
	if (rc == MOSQ_ERR_SUCCESS)
		rc = mosquitto_int_option(mosq, MOSQ_OPT_SEND_MAXIMUM,
					  (int)config->inflight_max);
	if (rc == MOSQ_ERR_SUCCESS && config->username)
		rc = mosquitto_username_pw_set(mosq, config->username, config->password);
	if (rc == MOSQ_ERR_SUCCESS && config->will_topic)
		rc = mosquitto_will_set(mosq, config->will_topic,
					(int)strlen(config->will_payload),
					config->will_payload, 1, true);
	if (rc == MOSQ_ERR_SUCCESS && config->tls)
		rc = use_tls(mosq, config->tls);
	if (rc == MOSQ_ERR_SUCCESS && config->v5)
		rc = set_connect_properties(mosq, config);
	if (rc == MOSQ_ERR_NOMEM)
		return -ENOMEM;
	return rc == MOSQ_ERR_SUCCESS ? 0 : -EINVAL;
}

int mqtt_client_handle_new(struct mosquitto **ret,
			   const struct mqtt_client_config *config, void *userdata)
{
	struct mosquitto *mosq =
		mosquitto_new(config->client_id, config->clean_session, userdata);
	int r = mosq ? configure(mosq, config) : -errno;

	if (r < 0) {
		mosquitto_destroy(mosq);
		return r;
	}
	*ret = mosq;
	return 0;
}

static bool copy_string(const char **ret, const char *text)
{
	*ret = text ? strdup(text) : NULL;
	return *ret || !text;
}

int mqtt_client_config_copy(struct mqtt_client_config *ret,
			    const struct mqtt_client_config *config)
{
	bool ok;

	*ret = *config;
	ok = copy_string(&ret->client_id, config->client_id);
	ok = copy_string(&ret->interface, config->interface) && ok;
	ok = copy_string(&ret->username, config->username) && ok;
	ok = copy_string(&ret->password, config->password) && ok;
	ok = copy_string(&ret->will_topic, config->will_topic) && ok;
	ok = copy_string(&ret->will_payload, config->will_payload) && ok;
	return ok ? 0 : -ENOMEM;
}

/* These are ours, and not constant. */
static void free_string(const char *text)
{
	free((void *)(uintptr_t)text);
}

void mqtt_client_config_clear(struct mqtt_client_config *config)
{
	if (config->password)
		explicit_bzero((void *)(uintptr_t)config->password,
			       strlen(config->password));
	free_string(config->client_id);
	free_string(config->interface);
	free_string(config->username);
	free_string(config->password);
	free_string(config->will_topic);
	free_string(config->will_payload);
}
