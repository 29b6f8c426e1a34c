// SPDX-License-Identifier: MIT
/* mqtt_client_error.c — what the codes of libmosquitto mean */
#include "mqtt_client_error.h"

#include <errno.h>
#include <mosquitto.h>
#include <stddef.h>

#include "mqttnode/cleanup.h"

/* The library of Debian 12 has no text for some of these, the keepalive among them. */
static const char *const error_texts[] = {
	[MOSQ_ERR_NOMEM] = "out of memory",
	[MOSQ_ERR_PROTOCOL] = "protocol error",
	[MOSQ_ERR_INVAL] = "invalid parameter",
	[MOSQ_ERR_NO_CONN] = "not connected",
	[MOSQ_ERR_CONN_REFUSED] = "connection refused by the broker",
	[MOSQ_ERR_NOT_FOUND] = "message or subscription not found",
	[MOSQ_ERR_CONN_LOST] = "connection lost",
	[MOSQ_ERR_TLS] = "TLS error",
	[MOSQ_ERR_PAYLOAD_SIZE] = "payload too large",
	[MOSQ_ERR_NOT_SUPPORTED] = "not supported",
	[MOSQ_ERR_AUTH] = "authentication failed",
	[MOSQ_ERR_ACL_DENIED] = "not authorised",
	[MOSQ_ERR_UNKNOWN] = "unknown error",
	[MOSQ_ERR_ERRNO] = "system error",
	[MOSQ_ERR_EAI] = "address lookup error",
	[MOSQ_ERR_PROXY] = "proxy error",
	[MOSQ_ERR_PLUGIN_DEFER] = "plugin deferred",
	[MOSQ_ERR_MALFORMED_UTF8] = "text that is not valid UTF-8",
	[MOSQ_ERR_KEEPALIVE] = "keepalive timeout",
	[MOSQ_ERR_LOOKUP] = "lookup failed",
	[MOSQ_ERR_MALFORMED_PACKET] = "malformed packet",
	[MOSQ_ERR_DUPLICATE_PROPERTY] = "duplicate property",
	[MOSQ_ERR_TLS_HANDSHAKE] = "TLS handshake failed",
	[MOSQ_ERR_QOS_NOT_SUPPORTED] = "QoS not supported by the broker",
	[MOSQ_ERR_OVERSIZE_PACKET] = "packet larger than the broker accepts",
	[MOSQ_ERR_OCSP] = "OCSP check failed",
	[MOSQ_ERR_TIMEOUT] = "timeout",
	[MOSQ_ERR_RETAIN_NOT_SUPPORTED] = "retained messages not supported by the broker",
	[MOSQ_ERR_TOPIC_ALIAS_INVALID] = "invalid topic alias",
	[MOSQ_ERR_ADMINISTRATIVE_ACTION] = "closed by an administrator",
	[MOSQ_ERR_ALREADY_EXISTS] = "already exists",
};

static const char *error_text(int rc)
{
	if (rc > 0 && (size_t)rc < ARRAY_SIZE(error_texts) && error_texts[rc])
		return error_texts[rc];
	return "unknown error";
}

void mqtt_client_explain(struct mqtt_error *ret, int rc, int error)
{
	ret->text = error_text(rc);
	ret->error = 0;
	switch (rc) {
	case MOSQ_ERR_CONN_LOST:
		/* The library says the same for a reset and for an end of file. */
		ret->kind = error == ECONNRESET ? MQTT_ERROR_SYSTEM : MQTT_ERROR_CLOSED;
		ret->error = error == ECONNRESET ? error : 0;
		break;
	case MOSQ_ERR_ERRNO:
		/* An end of file inside a packet comes without an errno. */
		ret->kind = error ? MQTT_ERROR_SYSTEM : MQTT_ERROR_CLOSED;
		ret->error = error;
		break;
	case MOSQ_ERR_KEEPALIVE:
		ret->kind = MQTT_ERROR_SILENT;
		break;
	case MOSQ_ERR_PROTOCOL:
	case MOSQ_ERR_MALFORMED_PACKET:
	case MOSQ_ERR_MALFORMED_UTF8:
		ret->kind = MQTT_ERROR_PROTOCOL;
		break;
	default:
		ret->kind = MQTT_ERROR_OTHER;
		break;
	}
}
