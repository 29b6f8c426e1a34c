// SPDX-License-Identifier: MIT
/* mqtt_cause.c — why there is no connection, in words a person can act on */
#include "mqtt_cause.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "mqttnode/text.h"

/* An answer "try again" sooner than this did not come from waiting for a server. */
#define LOOKUP_QUICK_MS 900

/* A clock that is before 2026 is not set: this software is younger. */
#define CLOCK_PLAUSIBLE_S 1767225600

/* Reason codes of MQTT 5, section 2.4. */
#define V5_UNSUPPORTED_VERSION 132
#define V5_CLIENT_ID	       133
#define V5_CREDENTIALS	       134
#define V5_NOT_AUTHORIZED      135
#define V5_UNAVAILABLE	       136
#define V5_BUSY		       137
#define V5_SESSION_TAKEN_OVER  142

static void say(struct mqtt_cause *ret, enum rung rung, enum cause_id id,
		const char *format, ...) __attribute__((format(printf, 4, 5)));

static void say(struct mqtt_cause *ret, enum rung rung, enum cause_id id,
		const char *format, ...)
{
	va_list ap;

	ret->rung = rung;
	ret->id = id;
	ret->persistent = false;
	va_start(ap, format);
	if (vsnprintf(ret->text, sizeof(ret->text), format, ap) < 0)
		ret->text[0] = '\0';
	va_end(ap);
}

const char *mqtt_peer_text(const struct mqtt_peer *peer, char buf[MQTT_PEER_TEXT_SIZE])
{
	char address[IP_TEXT_SIZE];

	return text_format(buf, MQTT_PEER_TEXT_SIZE,
			   peer->address.family == AF_INET6 ? "[%s]:%u" : "%s:%u",
			   ip_text(&peer->address, address), peer->port);
}

static const char *error_text(int error)
{
	const char *text = strerrordesc_np(error);

	return text ? text : "unknown error";
}

static const char *family_word(sa_family_t family)
{
	switch (family) {
	case AF_INET:
		return "IPv4 ";
	case AF_INET6:
		return "IPv6 ";
	default:
		return "";
	}
}

void mqtt_cause_lookup(struct mqtt_cause *ret, const struct mqtt_lookup_failure *failure)
{
	char host[96], server[IP_TEXT_SIZE];

	text_escape_str(host, sizeof(host), failure->host);
	ip_text(&failure->server, server);
	if (failure->eai == EAI_ADDRFAMILY) {
		say(ret, RUNG_NAME, CAUSE_NAME_IPV6,
		    "%s is an IPv6 address, and IPv6 is off", host);
		ret->persistent = true;
	} else if (failure->n_servers == 0) {
		say(ret, RUNG_NAME, CAUSE_NO_DNS_SERVER,
		    "No DNS server known to look up %s", host);
	} else if (failure->eai == EAI_NONAME) {
		say(ret, RUNG_NAME, CAUSE_NAME_NOT_FOUND, "Name %s not found", host);
	} else if (failure->eai == EAI_NODATA) {
		say(ret, RUNG_NAME, CAUSE_NAME_NO_ADDRESS, "Name %s has no %saddress",
		    host, family_word(failure->family));
	} else if (failure->eai == EAI_AGAIN && failure->took_ms >= LOOKUP_QUICK_MS) {
		say(ret, RUNG_NAME, CAUSE_DNS_MUTE, "No answer from the DNS server %s",
		    server);
	} else if (failure->eai == EAI_AGAIN || failure->eai == EAI_FAIL) {
		say(ret, RUNG_NAME, CAUSE_DNS_FAILED,
		    "The DNS server %s could not look up %s", server, host);
	} else if (failure->eai == EAI_SYSTEM) {
		say(ret, RUNG_NAME, CAUSE_NAME_ERROR,
		    "Name %s could not be looked up: %s", host,
		    error_text(failure->error));
	} else {
		say(ret, RUNG_NAME, CAUSE_NAME_ERROR,
		    "Name %s could not be looked up: %s", host,
		    gai_strerror(failure->eai));
	}
}

void mqtt_cause_no_lookup(struct mqtt_cause *ret, const char *host, int error)
{
	char name[96];

	text_escape_str(name, sizeof(name), host);
	if (error == EBUSY)
		say(ret, RUNG_NAME, CAUSE_DNS_MUTE,
		    "Earlier lookups of %s still hang: does the DNS server answer?",
		    name);
	else
		say(ret, RUNG_NAME, CAUSE_NAME_ERROR,
		    "No thread to look up %s with: %s (see TasksMax= and ulimit -u)",
		    name, error_text(error));
}

/* Causes that are the network's, whatever the connection was doing. */
static void say_system(struct mqtt_cause *ret, const struct mqtt_peer *peer, int error)
{
	char who[MQTT_PEER_TEXT_SIZE], address[IP_TEXT_SIZE];

	mqtt_peer_text(peer, who);
	switch (error) {
	case ECONNREFUSED:
		say(ret, RUNG_TCP, CAUSE_TCP_REFUSED,
		    "%s refused the connection: no broker is listening there", who);
		break;
	case ETIMEDOUT:
		say(ret, RUNG_TCP, CAUSE_TCP_NO_ANSWER, "No answer from %s", who);
		break;
	case EHOSTUNREACH:
		say(ret, RUNG_TCP, CAUSE_HOST_UNREACHABLE,
		    "%s cannot be reached: nobody there answers",
		    ip_text(&peer->address, address));
		break;
	case ENETUNREACH:
		say(ret, RUNG_TCP, CAUSE_NO_ROUTE,
		    "No route to %s: is a gateway configured?",
		    ip_text(&peer->address, address));
		break;
	case ECONNRESET:
	case EPIPE:
		say(ret, RUNG_TCP, CAUSE_TCP_RESET, "%s reset the connection", who);
		break;
	case EADDRNOTAVAIL:
		say(ret, RUNG_TCP, CAUSE_LOCAL_ADDRESS_GONE,
		    "The local address %s is gone", ip_text(&peer->local, address));
		break;
	case EACCES:
	case EPERM:
		say(ret, RUNG_TCP, CAUSE_TCP_FORBIDDEN,
		    "A firewall on this machine forbids connecting to %s", who);
		break;
	default:
		say(ret, RUNG_TCP, CAUSE_TCP_ERROR, "Cannot connect to %s: %s", who,
		    error_text(error));
		break;
	}
}

void mqtt_cause_tcp(struct mqtt_cause *ret, const struct mqtt_peer *peer,
		    const struct mqtt_error *error)
{
	char who[MQTT_PEER_TEXT_SIZE];

	if (error->kind == MQTT_ERROR_SYSTEM)
		say_system(ret, peer, error->error);
	else if (error->kind == MQTT_ERROR_SILENT)
		mqtt_cause_tcp_timeout(ret, peer);
	else
		say(ret, RUNG_TCP, CAUSE_TCP_ERROR, "Cannot connect to %s: %s",
		    mqtt_peer_text(peer, who), error->text);
}

void mqtt_cause_no_source(struct mqtt_cause *ret, const struct mqtt_peer *peer)
{
	char address[IP_TEXT_SIZE];

	say(ret, RUNG_TCP, CAUSE_NO_ROUTE, "There is no %saddress to reach %s from",
	    family_word(peer->address.family), ip_text(&peer->address, address));
}

void mqtt_cause_tcp_timeout(struct mqtt_cause *ret, const struct mqtt_peer *peer)
{
	say_system(ret, peer, ETIMEDOUT);
}

/* "2026-11-22" */
static const char *day_text(int64_t seconds, char buf[16])
{
	time_t when = (time_t)seconds;
	struct tm tm;

	if (!gmtime_r(&when, &tm) || strftime(buf, 16, "%Y-%m-%d", &tm) == 0)
		text_format(buf, 16, "?");
	return buf;
}

/* A certificate is compared with the clock, and on many boards it is the clock. */
static void say_time(struct mqtt_cause *ret, const struct mqtt_tls_failure *failure,
		     const struct mqtt_tls_view *view, const char *host)
{
	char limit[16], today[16];

	day_text(failure->when, limit);
	day_text(view->now, today);
	if (view->now < CLOCK_PLAUSIBLE_S) {
		say(ret, RUNG_TLS, CAUSE_CLOCK_NOT_SET,
		    "The clock of this machine is not set, it says %s: no certificate can be "
		    "checked before it is",
		    today);
	} else if (failure->kind == MQTT_TLS_NOT_YET_VALID) {
		say(ret, RUNG_TLS, CAUSE_TLS_NOT_YET_VALID,
		    "The certificate of %s is not valid before %s, and the clock here says "
		    "%s: is it right?",
		    host, limit, today);
	} else {
		say(ret, RUNG_TLS, CAUSE_TLS_EXPIRED,
		    "The certificate of %s expired on %s (the clock here says %s)", host,
		    limit, today);
		ret->persistent = true;
	}
}

/* What is wrong with the broker's certificate. */
static void say_certificate(struct mqtt_cause *ret,
			    const struct mqtt_tls_failure *failure,
			    const struct mqtt_tls_view *view)
{
	char host[64];

	text_escape_str(host, sizeof(host), view->host);
	if (failure->kind == MQTT_TLS_NAME)
		say(ret, RUNG_TLS, CAUSE_TLS_WRONG_NAME,
		    "The certificate is for %.64s, not for %s", failure->text, host);
	else if (failure->kind == MQTT_TLS_ISSUER && view->own_ca)
		say(ret, RUNG_TLS, CAUSE_TLS_WRONG_CA,
		    "The certificate of %s was not issued by a CA in mqtt.tls.ca_file",
		    host);
	else if (failure->kind == MQTT_TLS_ISSUER)
		say(ret, RUNG_TLS, CAUSE_TLS_WRONG_CA,
		    "The certificate of %s is not from a CA that this system trusts: name "
		    "it in mqtt.tls.ca_file",
		    host);
	else
		say(ret, RUNG_TLS, CAUSE_TLS_CERTIFICATE,
		    "The certificate of %s is refused: %.64s", host, failure->text);
	ret->persistent = true;
}

void mqtt_cause_tls(struct mqtt_cause *ret, const struct mqtt_peer *peer,
		    const struct mqtt_tls_failure *failure,
		    const struct mqtt_tls_view *view)
{
	char who[MQTT_PEER_TEXT_SIZE], host[64];

	mqtt_peer_text(peer, who);
	switch (failure->kind) {
	case MQTT_TLS_EXPIRED:
	case MQTT_TLS_NOT_YET_VALID:
		say_time(ret, failure, view,
			 text_escape_str(host, sizeof(host), view->host));
		break;
	case MQTT_TLS_ISSUER:
	case MQTT_TLS_NAME:
	case MQTT_TLS_CERTIFICATE:
		say_certificate(ret, failure, view);
		break;
	case MQTT_TLS_NOT_TLS:
		say(ret, RUNG_TLS, CAUSE_TLS_PLAIN_PORT,
		    "%s does not speak TLS: is this the port for MQTT without it?", who);
		break;
	case MQTT_TLS_VERSION:
		say(ret, RUNG_TLS, CAUSE_TLS_VERSION, "%s offers no TLS 1.2 or newer",
		    who);
		break;
	case MQTT_TLS_CLIENT:
		if (view->certificate)
			say(ret, RUNG_TLS, CAUSE_TLS_CLIENT_REFUSED,
			    "%s refused our client certificate: %.64s", who,
			    failure->text);
		else
			say(ret, RUNG_TLS, CAUSE_TLS_CLIENT_WANTED,
			    "%s wants a client certificate: set mqtt.tls.cert_file", who);
		ret->persistent = true;
		break;
	case MQTT_TLS_ALERT:
		say(ret, RUNG_TLS, CAUSE_TLS_FAILED, "%s ended the TLS handshake: %.64s",
		    who, failure->text);
		break;
	case MQTT_TLS_FINE:
	case MQTT_TLS_OTHER:
		say(ret, RUNG_TLS, CAUSE_TLS_FAILED, "TLS with %s failed: %.64s", who,
		    failure->text);
		break;
	}
}

void mqtt_cause_tls_timeout(struct mqtt_cause *ret, const struct mqtt_peer *peer,
			    unsigned int waited_s)
{
	char who[MQTT_PEER_TEXT_SIZE];

	say(ret, RUNG_TLS, CAUSE_TLS_NO_ANSWER,
	    "No answer to TLS from %s within %u s: is this the port for TLS?",
	    mqtt_peer_text(peer, who), waited_s);
}

/* The broker ended the session and said why. */
static void say_disconnect(struct mqtt_cause *ret, const struct mqtt_error *error)
{
	if (error->error == V5_SESSION_TAKEN_OVER)
		say(ret, RUNG_CONNACK, CAUSE_CLIENT_ID_TWICE,
		    "Another client connected with our client id: every client needs one of "
		    "its own");
	else
		say(ret, RUNG_CONNACK, CAUSE_BROKER_ENDED,
		    "The broker ended the session: %s", error->reason);
}

void mqtt_cause_wants_tls(struct mqtt_cause *ret, const struct mqtt_peer *peer)
{
	char who[MQTT_PEER_TEXT_SIZE];

	say(ret, RUNG_CONNACK, CAUSE_WANTS_TLS, "%s speaks TLS, and mqtt.tls is not set",
	    mqtt_peer_text(peer, who));
}

void mqtt_cause_no_connack(struct mqtt_cause *ret, const struct mqtt_peer *peer,
			   const struct mqtt_error *error)
{
	char who[MQTT_PEER_TEXT_SIZE];

	mqtt_peer_text(peer, who);
	switch (error->kind) {
	case MQTT_ERROR_CLOSED:
		say(ret, RUNG_CONNACK, CAUSE_NOT_A_BROKER,
		    "%s closed the connection without CONNACK: is it an MQTT broker?",
		    who);
		break;
	case MQTT_ERROR_SYSTEM:
		if (error->error == ECONNRESET || error->error == EPIPE)
			say(ret, RUNG_CONNACK, CAUSE_TCP_RESET,
			    "%s reset the connection before CONNACK", who);
		else
			say_system(ret, peer, error->error);
		break;
	case MQTT_ERROR_PROTOCOL:
		say(ret, RUNG_CONNACK, CAUSE_NOT_A_BROKER,
		    "%s does not speak MQTT: is it an MQTT broker?", who);
		break;
	case MQTT_ERROR_DISCONNECT:
		say_disconnect(ret, error);
		break;
	case MQTT_ERROR_SILENT:
	case MQTT_ERROR_TLS:
	case MQTT_ERROR_OTHER:
		say(ret, RUNG_CONNACK, CAUSE_NO_CONNACK, "No CONNACK from %s: %s", who,
		    error->text);
		break;
	}
}

void mqtt_cause_connack_timeout(struct mqtt_cause *ret, unsigned int waited_s)
{
	say(ret, RUNG_CONNACK, CAUSE_NO_CONNACK,
	    "No CONNACK within %u s: is this an MQTT broker?", waited_s);
}

/*
 * Code 5 is also what mosquitto answers to a wrong password: it keeps code 4 for
 * itself, so that nobody can find out which users there are.
 */
static void say_not_authorised(struct mqtt_cause *ret, const char *user)
{
	char name[64];

	if (user)
		say(ret, RUNG_CONNACK, CAUSE_BAD_CREDENTIALS,
		    "Refused: not authorised (user \"%s\": check user name and password)",
		    text_escape_str(name, sizeof(name), user));
	else
		say(ret, RUNG_CONNACK, CAUSE_NO_CREDENTIALS,
		    "Refused: not authorised (no user name is configured)");
}

/* MQTT 3.1.1, table 3.1. */
static void say_refused_3(struct mqtt_cause *ret, int code, const char *user)
{
	static const struct {
		enum cause_id id;
		const char *text;
	} reasons[] = {
		[1] = { CAUSE_MQTT_VERSION, "MQTT 3.1.1 is not supported" },
		[2] = { CAUSE_CLIENT_ID_REJECTED, "client id rejected" },
		[3] = { CAUSE_BROKER_UNAVAILABLE, "the broker is not available" },
		[4] = { CAUSE_BAD_CREDENTIALS, "bad user name or password" },
	};

	if (code >= 1 && code <= 4)
		say(ret, RUNG_CONNACK, reasons[code].id, "Refused: %s",
		    reasons[code].text);
	else if (code == 5)
		say_not_authorised(ret, user);
	else
		say(ret, RUNG_CONNACK, CAUSE_BROKER_REFUSES, "Refused: unknown reason %d",
		    code);
	ret->persistent = code != 3;
}

/* MQTT 5, table 3-1. */
static enum cause_id refusal_5(int code)
{
	switch (code) {
	case V5_CLIENT_ID:
		return CAUSE_CLIENT_ID_REJECTED;
	case V5_CREDENTIALS:
	case V5_NOT_AUTHORIZED:
		return CAUSE_BAD_CREDENTIALS;
	case V5_UNAVAILABLE:
	case V5_BUSY:
		return CAUSE_BROKER_UNAVAILABLE;
	default:
		return CAUSE_BROKER_REFUSES;
	}
}

void mqtt_cause_refused(struct mqtt_cause *ret, const struct mqtt_connack *connack,
			const char *user)
{
	int code = connack->code;

	if (!connack->meaning)
		say_refused_3(ret, code, user);
	else if (code == V5_NOT_AUTHORIZED && !connack->reason[0])
		say_not_authorised(ret, user);
	else if (code == V5_UNSUPPORTED_VERSION)
		say(ret, RUNG_CONNACK, CAUSE_MQTT_VERSION,
		    "The broker does not speak MQTT 5: set mqtt.protocol to \"3.1.1\"");
	else
		say(ret, RUNG_CONNACK, refusal_5(code), "Refused: %.48s%s%.*s",
		    connack->meaning, connack->reason[0] ? ": " : "", MQTT_REASON_SIZE,
		    connack->reason);
	if (connack->meaning)
		ret->persistent = code != V5_UNAVAILABLE && code != V5_BUSY;
}

void mqtt_cause_message(struct mqtt_cause *ret, enum mqtt_poison_verdict verdict)
{
	static const char *const texts[] = {
		[MQTT_POISON_NO_SIGN] = "",
		[MQTT_POISON_SUSPECTED] =
			"The broker ends the connection before it acknowledges a "
			"message: is one larger than it takes?",
		[MQTT_POISON_TRIED] =
			"The broker ends the connection before it acknowledges a "
			"message: all are sent one by one now",
		[MQTT_POISON_PROVEN] =
			"The broker ends the connection at a message that it does not "
			"take: it is dropped",
	};

	say(ret, RUNG_CONNACK, CAUSE_MESSAGE_NOT_TAKEN, "%s", texts[verdict]);
}

void mqtt_cause_lost(struct mqtt_cause *ret, const struct mqtt_peer *peer,
		     const struct mqtt_error *error, unsigned int keepalive_s)
{
	switch (error->kind) {
	case MQTT_ERROR_CLOSED:
		say(ret, RUNG_CONNACK, CAUSE_CLIENT_ID_TWICE,
		    "The broker closed the connection: is the client id used twice?");
		break;
	case MQTT_ERROR_SILENT:
		say(ret, RUNG_CONNACK, CAUSE_BROKER_SILENT, "Broker silent for %u s",
		    keepalive_s);
		break;
	case MQTT_ERROR_SYSTEM:
		say_system(ret, peer, error->error);
		break;
	case MQTT_ERROR_PROTOCOL:
		say(ret, RUNG_CONNACK, CAUSE_BROKER_ENDED,
		    "The broker broke the rules of MQTT");
		break;
	case MQTT_ERROR_DISCONNECT:
		say_disconnect(ret, error);
		break;
	case MQTT_ERROR_TLS:
	case MQTT_ERROR_OTHER:
		say(ret, RUNG_CONNACK, CAUSE_CONNECTION_LOST, "Connection lost: %s",
		    error->text);
		break;
	}
}
