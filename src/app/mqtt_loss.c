// SPDX-License-Identifier: MIT
/* mqtt_loss.c — what the end of a connection means */
#include "mqtt_loss.h"

#include <errno.h>
#include <time.h>

/* MQTT 5 section 2.4. */
#define V5_PACKET_TOO_LARGE 149

bool mqtt_loss_was_connected(const struct mqtt_error *error)
{
	switch (error->kind) {
	case MQTT_ERROR_SYSTEM:
		/* A refused SYN is ECONNREFUSED. */
		return error->error == ECONNRESET || error->error == EPIPE;
	case MQTT_ERROR_SILENT:
	case MQTT_ERROR_OTHER:
		return false;
	case MQTT_ERROR_CLOSED:
	case MQTT_ERROR_PROTOCOL:
	case MQTT_ERROR_TLS:
	case MQTT_ERROR_DISCONNECT:
		break;
	}
	return true;
}

bool mqtt_loss_is_by_broker(const struct mqtt_error *error)
{
	switch (error->kind) {
	case MQTT_ERROR_CLOSED:
		return true;
	case MQTT_ERROR_SYSTEM:
		/* It has closed with something unread, or before we wrote the rest. */
		return error->error == ECONNRESET || error->error == EPIPE;
	case MQTT_ERROR_DISCONNECT:
		return error->error == V5_PACKET_TOO_LARGE;
	case MQTT_ERROR_SILENT:
	case MQTT_ERROR_PROTOCOL:
	case MQTT_ERROR_TLS:
	case MQTT_ERROR_OTHER:
		break;
	}
	return false;
}

static void tls_cause(const struct mqtt_connection *c, struct mqtt_cause *ret,
		      const struct mqtt_tls_failure *failure)
{
	const struct mqtt_tls_view view = {
		.host = c->settings->host,
		.own_ca = c->settings->tls.ca_file,
		.certificate = c->settings->tls.cert_file,
		.now = time(NULL),
	};

	mqtt_cause_tls(ret, &c->peer, failure, &view);
}

/* A handshake that ended, or had no answer for a keepalive interval, and no TLS in it. */
static void handshake_cause(const struct mqtt_connection *c, struct mqtt_cause *ret,
			    const struct mqtt_error *error)
{
	static const struct mqtt_tls_failure not_tls = { .kind = MQTT_TLS_NOT_TLS };

	if (error->kind == MQTT_ERROR_SYSTEM && error->error != ECONNRESET &&
	    error->error != EPIPE)
		mqtt_cause_tcp(ret, &c->peer, error);
	else if (error->kind == MQTT_ERROR_SILENT)
		mqtt_cause_tls_timeout(ret, &c->peer, c->settings->keepalive_s);
	else
		tls_cause(c, ret, &not_tls); /* as from a port for something else */
}

void mqtt_loss_explain(const struct mqtt_connection *c, struct mqtt_cause *ret,
		       const struct mqtt_error *error, enum mqtt_poison_verdict verdict)
{
	if (c->connack.code > 0)
		mqtt_cause_refused(ret, &c->connack, c->settings->username);
	else if (error->kind == MQTT_ERROR_TLS)
		tls_cause(c, ret, &error->tls);
	else if (verdict != MQTT_POISON_NO_SIGN && error->kind != MQTT_ERROR_DISCONNECT)
		mqtt_cause_message(ret, verdict);
	else if (c->state == MQTT_ONLINE)
		mqtt_cause_lost(ret, &c->peer, error, c->connack.keepalive_s);
	else if (c->state == MQTT_CONNECTING)
		mqtt_cause_tcp(ret, &c->peer, error);
	else if (c->state == MQTT_HANDSHAKE)
		handshake_cause(c, ret, error);
	else if (error->kind == MQTT_ERROR_SILENT)
		mqtt_cause_connack_timeout(ret, c->settings->keepalive_s);
	else
		mqtt_cause_no_connack(ret, &c->peer, error);
}
