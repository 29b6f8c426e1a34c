/* SPDX-License-Identifier: MIT */
/*
 * mqtt_cause.h — why there is no connection, in words a person can act on
 *
 * Pure functions: what was seen goes in, a sentence without a full stop comes
 * out, with the rung of the ladder that it belongs to.
 */
#ifndef MQTTNODE_MQTT_CAUSE_H
#define MQTTNODE_MQTT_CAUSE_H

#include "mqttnode/ip.h"
#include "mqttnode/ladder.h"

#include <stdbool.h>
#include <stdint.h>

#include "mqtt_client.h"
#include "mqtt_poison.h"

struct mqtt_cause {
	enum rung rung;
	enum cause_id id;
	bool persistent; /* trying again soon cannot mend it */
	char text[LADDER_TEXT_SIZE];
};

/* Who is spoken to. */
struct mqtt_peer {
	struct ip address;
	uint16_t port;
	struct ip local; /* the address bound to; none: what the routes say */
	bool tls;
};

/* "10.0.0.1:1883", "[fd00::1]:1883"; returns @buf. */
#define MQTT_PEER_TEXT_SIZE (IP_TEXT_SIZE + sizeof("[]:65535"))
const char *mqtt_peer_text(const struct mqtt_peer *peer, char buf[MQTT_PEER_TEXT_SIZE]);

/* A lookup of @host failed with the EAI_ code @eai. */
struct mqtt_lookup_failure {
	const char *host;
	int eai;
	int error;		/* errno for EAI_SYSTEM */
	unsigned int n_servers; /* DNS servers known */
	struct ip server;	/* the first of them */
	sa_family_t family;	/* what it was to be an address of; AF_UNSPEC: either */
	uint64_t took_ms;
};
void mqtt_cause_lookup(struct mqtt_cause *ret, const struct mqtt_lookup_failure *failure);

/* No lookup of @host could be begun: @error is EBUSY if too many hang, or errno. */
void mqtt_cause_no_lookup(struct mqtt_cause *ret, const char *host, int error);

/* The connection could not be made (before TCP was up). */
void mqtt_cause_tcp(struct mqtt_cause *ret, const struct mqtt_peer *peer,
		    const struct mqtt_error *error);

/* There is no address of ours of the family of the peer. */
void mqtt_cause_no_source(struct mqtt_cause *ret, const struct mqtt_peer *peer);

/* No SYN was answered in time. */
void mqtt_cause_tcp_timeout(struct mqtt_cause *ret, const struct mqtt_peer *peer);

/* How TLS is configured, and the time it is here, seconds since 1970. */
struct mqtt_tls_view {
	const char *host; /* as configured */
	bool own_ca;	  /* mqtt.tls.ca_file is set */
	bool certificate; /* so is mqtt.tls.cert_file */
	int64_t now;
};

/* The TLS handshake failed; or had no answer within @waited_s. */
void mqtt_cause_tls(struct mqtt_cause *ret, const struct mqtt_peer *peer,
		    const struct mqtt_tls_failure *failure,
		    const struct mqtt_tls_view *view);
void mqtt_cause_tls_timeout(struct mqtt_cause *ret, const struct mqtt_peer *peer,
			    unsigned int waited_s);

/* The port is one for TLS, and none was spoken. */
void mqtt_cause_wants_tls(struct mqtt_cause *ret, const struct mqtt_peer *peer);

/* TCP was up, but it ended, or @waited_s passed, before CONNACK. */
void mqtt_cause_no_connack(struct mqtt_cause *ret, const struct mqtt_peer *peer,
			   const struct mqtt_error *error);
void mqtt_cause_connack_timeout(struct mqtt_cause *ret, unsigned int waited_s);

/*
 * CONNACK with a code other than 0: MQTT 3.1.1 section 3.2.2.3, MQTT 5 section
 * 3.2.2.2; @user: NULL if none.
 */
void mqtt_cause_refused(struct mqtt_cause *ret, const struct mqtt_connack *connack,
			const char *user);

/* The broker ended a session, and @verdict says that a message was the reason. */
void mqtt_cause_message(struct mqtt_cause *ret, enum mqtt_poison_verdict verdict);

/* A session ended. */
void mqtt_cause_lost(struct mqtt_cause *ret, const struct mqtt_peer *peer,
		     const struct mqtt_error *error, unsigned int keepalive_s);

#endif
