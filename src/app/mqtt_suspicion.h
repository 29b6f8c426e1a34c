/* SPDX-License-Identifier: MIT */
/*
 * mqtt_suspicion.h — whether a port that ends connections early wants TLS
 *
 * It is asked (mqtt_probe.h), and what it answered is believed for a while: a server
 * that closes every connection need not be asked at each attempt. MQTT thread only.
 */
#ifndef MQTTNODE_MQTT_SUSPICION_H
#define MQTTNODE_MQTT_SUSPICION_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "mqtt_cause.h"
#include "mqtt_lookup.h"
#include "mqtt_probe.h"

/* All zero in the beginning. */
struct mqtt_suspicion {
	struct mqtt_probe *probe; /* while it is asked; else NULL */
	struct mqtt_peer peer;	  /* whom */
	struct mqtt_cause cause;  /* why it ended, if it does not want TLS */
	struct mqtt_suspect {
		struct ip address; /* not set: a free place */
		uint16_t port;
		bool tls;
		uint64_t until_ns;
	} known[MQTT_LOOKUP_ADDRESSES_MAX];
};

/*
 * The connection to @peer, which is called @host, ended before CONNACK for *@cause.
 * Whether to wait for an answer; if not, *@cause is final: that it wants TLS may be
 * known. To be asked from @local; none: what the routes say.
 */
bool mqtt_suspicion_begin(struct mqtt_suspicion *s, const char *host,
			  const struct mqtt_peer *peer, const struct ip *local,
			  struct mqtt_cause *cause, uint64_t now);

/*
 * Whether the answer is there, or is waited for no longer (@over); then *@cause is why it
 * ended. An answer will be known until @until_ns.
 */
bool mqtt_suspicion_turn(struct mqtt_suspicion *s, bool over, uint64_t until_ns,
			 struct mqtt_cause *cause);

/* What to wait for between turns. */
void mqtt_suspicion_poll(const struct mqtt_suspicion *s, struct pollfd *ret);

/* Asks no longer. */
void mqtt_suspicion_end(struct mqtt_suspicion *s);

/* Nothing is known any more: there is a broker, or the network is another one. */
void mqtt_suspicion_forget(struct mqtt_suspicion *s);

#endif
