// SPDX-License-Identifier: MIT
/* mqtt_suspicion.c — whether a port that ends connections early wants TLS */
#include "mqtt_suspicion.h"

#include <string.h>

#include "mqttnode/cleanup.h"

/* What is known of @peer at @now, or NULL. */
static const struct mqtt_suspect *find(const struct mqtt_suspicion *s,
				       const struct mqtt_peer *peer, uint64_t now)
{
	for (size_t i = 0; i < ARRAY_SIZE(s->known); i++) {
		const struct mqtt_suspect *k = &s->known[i];

		if (k->port == peer->port && now < k->until_ns &&
		    ip_equal(&k->address, &peer->address))
			return k;
	}
	return NULL;
}

/* In the place of what is known of the same, or for the shortest time. */
static void remember(struct mqtt_suspicion *s, bool tls, uint64_t until_ns)
{
	struct mqtt_suspect *place = &s->known[0];

	for (size_t i = 0; i < ARRAY_SIZE(s->known); i++) {
		struct mqtt_suspect *k = &s->known[i];

		if (k->port == s->peer.port && ip_equal(&k->address, &s->peer.address)) {
			place = k;
			break;
		}
		if (k->until_ns < place->until_ns)
			place = k;
	}
	*place = (struct mqtt_suspect){
		.address = s->peer.address,
		.port = s->peer.port,
		.tls = tls,
		.until_ns = until_ns,
	};
}

bool mqtt_suspicion_begin(struct mqtt_suspicion *s, const char *host,
			  const struct mqtt_peer *peer, const struct ip *local,
			  struct mqtt_cause *cause, uint64_t now)
{
	const struct mqtt_suspect *known;

	if (peer->tls ||
	    (cause->id != CAUSE_NOT_A_BROKER && cause->id != CAUSE_TCP_RESET))
		return false;
	known = find(s, peer, now);
	if (known) {
		if (known->tls)
			mqtt_cause_wants_tls(cause, peer);
		return false;
	}
	if (mqtt_probe_new(&s->probe, host, &peer->address, peer->port, local) < 0)
		return false;
	s->peer = *peer;
	s->cause = *cause;
	return true;
}

bool mqtt_suspicion_turn(struct mqtt_suspicion *s, bool over, uint64_t until_ns,
			 struct mqtt_cause *cause)
{
	enum mqtt_probe_answer answer = mqtt_probe_turn(s->probe);

	if (answer == MQTT_PROBE_WAITING && !over)
		return false;
	mqtt_suspicion_end(s);
	if (answer == MQTT_PROBE_TLS || answer == MQTT_PROBE_NO_TLS)
		remember(s, answer == MQTT_PROBE_TLS, until_ns);
	*cause = s->cause;
	if (answer == MQTT_PROBE_TLS)
		mqtt_cause_wants_tls(cause, &s->peer);
	return true;
}

void mqtt_suspicion_poll(const struct mqtt_suspicion *s, struct pollfd *ret)
{
	mqtt_probe_poll(s->probe, ret);
}

void mqtt_suspicion_end(struct mqtt_suspicion *s)
{
	s->probe = mqtt_probe_free(s->probe);
}

void mqtt_suspicion_forget(struct mqtt_suspicion *s)
{
	memset(s->known, 0, sizeof(s->known));
}
