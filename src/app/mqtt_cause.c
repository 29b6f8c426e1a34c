// SPDX-License-Identifier: MIT
/* mqtt_cause.c — why there is no connection, in words a person can act on */
#include "mqtt_cause.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "mqttnode/text.h"

/* An answer "try again" sooner than this did not come from waiting for a server. */
#define LOOKUP_QUICK_MS 900

static void say(struct mqtt_cause *ret, enum rung rung, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void say(struct mqtt_cause *ret, enum rung rung, const char *format, ...)
{
	va_list ap;

	ret->rung = rung;
	ret->persistent = false;
	va_start(ap, format);
	if (vsnprintf(ret->text, sizeof(ret->text), format, ap) < 0)
		ret->text[0] = '\0';
	va_end(ap);
}

const char *mqtt_address_text(struct in_addr address, char buf[INET_ADDRSTRLEN])
{
	return inet_ntop(AF_INET, &address, buf, INET_ADDRSTRLEN);
}

/* "10.0.0.1:1883" */
static const char *peer_text(const struct mqtt_peer *peer, char buf[32])
{
	char address[INET_ADDRSTRLEN];

	return text_format(buf, 32, "%s:%u", mqtt_address_text(peer->address, address),
			   peer->port);
}

static const char *error_text(int error)
{
	const char *text = strerrordesc_np(error);

	return text ? text : "unknown error";
}

void mqtt_cause_lookup(struct mqtt_cause *ret, const struct mqtt_lookup_failure *failure)
{
	char host[96], server[INET_ADDRSTRLEN];

	text_escape_str(host, sizeof(host), failure->host);
	mqtt_address_text(failure->server, server);
	if (failure->eai == EAI_ADDRFAMILY) {
		say(ret, RUNG_NAME, "%s is an IPv6 address, and IPv6 is off", host);
		ret->persistent = true;
	} else if (failure->n_servers == 0) {
		say(ret, RUNG_NAME, "No DNS server known to look up %s", host);
	} else if (failure->eai == EAI_NONAME) {
		say(ret, RUNG_NAME, "Name %s not found", host);
	} else if (failure->eai == EAI_NODATA) {
		say(ret, RUNG_NAME, "Name %s has no IPv4 address", host);
	} else if (failure->eai == EAI_AGAIN && failure->took_ms >= LOOKUP_QUICK_MS) {
		say(ret, RUNG_NAME, "No answer from the DNS server %s", server);
	} else if (failure->eai == EAI_AGAIN || failure->eai == EAI_FAIL) {
		say(ret, RUNG_NAME, "The DNS server %s could not look up %s", server,
		    host);
	} else if (failure->eai == EAI_SYSTEM) {
		say(ret, RUNG_NAME, "Name %s could not be looked up: %s", host,
		    error_text(failure->error));
	} else {
		say(ret, RUNG_NAME, "Name %s could not be looked up: %s", host,
		    gai_strerror(failure->eai));
	}
}

/* Causes that are the network's, whatever the connection was doing. */
static void say_system(struct mqtt_cause *ret, const struct mqtt_peer *peer, int error)
{
	char who[32], address[INET_ADDRSTRLEN];

	peer_text(peer, who);
	switch (error) {
	case ECONNREFUSED:
		say(ret, RUNG_TCP,
		    "%s refused the connection: no broker is listening there", who);
		break;
	case ETIMEDOUT:
		say(ret, RUNG_TCP, "No answer from %s", who);
		break;
	case EHOSTUNREACH:
		say(ret, RUNG_TCP, "%s cannot be reached: nobody there answers",
		    mqtt_address_text(peer->address, address));
		break;
	case ENETUNREACH:
		say(ret, RUNG_TCP, "No route to %s: is a gateway configured?",
		    mqtt_address_text(peer->address, address));
		break;
	case ECONNRESET:
	case EPIPE:
		say(ret, RUNG_TCP, "%s reset the connection", who);
		break;
	case EADDRNOTAVAIL:
		say(ret, RUNG_TCP, "The local address %s is gone",
		    mqtt_address_text(peer->local, address));
		break;
	case EACCES:
	case EPERM:
		say(ret, RUNG_TCP, "A firewall on this machine forbids connecting to %s",
		    who);
		break;
	default:
		say(ret, RUNG_TCP, "Cannot connect to %s: %s", who, error_text(error));
		break;
	}
}

void mqtt_cause_tcp(struct mqtt_cause *ret, const struct mqtt_peer *peer,
		    const struct mqtt_error *error)
{
	char who[32];

	if (error->kind == MQTT_ERROR_SYSTEM)
		say_system(ret, peer, error->error);
	else if (error->kind == MQTT_ERROR_SILENT)
		mqtt_cause_tcp_timeout(ret, peer);
	else
		say(ret, RUNG_TCP, "Cannot connect to %s: %s", peer_text(peer, who),
		    error->text);
}

void mqtt_cause_tcp_timeout(struct mqtt_cause *ret, const struct mqtt_peer *peer)
{
	say_system(ret, peer, ETIMEDOUT);
}

void mqtt_cause_no_connack(struct mqtt_cause *ret, const struct mqtt_peer *peer,
			   const struct mqtt_error *error)
{
	char who[32];

	peer_text(peer, who);
	switch (error->kind) {
	case MQTT_ERROR_CLOSED:
		say(ret, RUNG_CONNACK,
		    "%s closed the connection without CONNACK: is it an MQTT broker, or does "
		    "it want TLS?",
		    who);
		break;
	case MQTT_ERROR_SYSTEM:
		if (error->error == ECONNRESET || error->error == EPIPE)
			say(ret, RUNG_CONNACK,
			    "%s reset the connection before CONNACK: is this an MQTT broker?",
			    who);
		else
			say_system(ret, peer, error->error);
		break;
	case MQTT_ERROR_PROTOCOL:
		say(ret, RUNG_CONNACK, "%s does not speak MQTT 3.1.1", who);
		break;
	case MQTT_ERROR_SILENT:
	case MQTT_ERROR_OTHER:
		say(ret, RUNG_CONNACK, "No CONNACK from %s: %s", who, error->text);
		break;
	}
}

void mqtt_cause_connack_timeout(struct mqtt_cause *ret, unsigned int waited_s)
{
	say(ret, RUNG_CONNACK, "No CONNACK within %u s: is this an MQTT broker?",
	    waited_s);
}

/*
 * Code 5 is also what mosquitto answers to a wrong password: it keeps code 4 for
 * itself, so that nobody can find out which users there are.
 */
static void say_not_authorised(struct mqtt_cause *ret, const char *user)
{
	char name[64];

	if (user)
		say(ret, RUNG_CONNACK,
		    "Refused: not authorised (user \"%s\": check user name and password)",
		    text_escape_str(name, sizeof(name), user));
	else
		say(ret, RUNG_CONNACK,
		    "Refused: not authorised (no user name is configured)");
}

void mqtt_cause_refused(struct mqtt_cause *ret, int code, const char *user)
{
	static const char *const reasons[] = {
		[1] = "MQTT 3.1.1 is not supported",
		[2] = "client id rejected",
		[3] = "the broker is not available",
		[4] = "bad user name or password",
	};

	if (code >= 1 && code <= 4)
		say(ret, RUNG_CONNACK, "Refused: %s", reasons[code]);
	else if (code == 5)
		say_not_authorised(ret, user);
	else
		say(ret, RUNG_CONNACK, "Refused: unknown reason %d", code);
	ret->persistent = code != 3;
}

void mqtt_cause_lost(struct mqtt_cause *ret, const struct mqtt_peer *peer,
		     const struct mqtt_error *error, unsigned int keepalive_s)
{
	switch (error->kind) {
	case MQTT_ERROR_CLOSED:
		say(ret, RUNG_CONNACK,
		    "The broker closed the connection: is the client id used twice?");
		break;
	case MQTT_ERROR_SILENT:
		say(ret, RUNG_CONNACK, "Broker silent for %u s", keepalive_s);
		break;
	case MQTT_ERROR_SYSTEM:
		say_system(ret, peer, error->error);
		break;
	case MQTT_ERROR_PROTOCOL:
		say(ret, RUNG_CONNACK, "The broker broke the rules of MQTT 3.1.1");
		break;
	case MQTT_ERROR_OTHER:
		say(ret, RUNG_CONNACK, "Connection lost: %s", error->text);
		break;
	}
}
