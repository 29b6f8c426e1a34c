// SPDX-License-Identifier: MIT
/* mqtt_poison.c — the message at which the broker ends the connection */
#include "mqtt_poison.h"

#include <stdlib.h>
#include <string.h>

#include "mqttnode/cleanup.h"

static void clear(struct mqtt_poison *p)
{
	p->phase = MQTT_POISON_CLEAR;
	p->suspect = 0;
	p->ends = 0;
}

void mqtt_poison_fini(struct mqtt_poison *p)
{
	for (size_t i = 0; i < ARRAY_SIZE(p->known); i++)
		free(p->known[i].topic);
	free(p->topic);
	*p = (struct mqtt_poison){ 0 };
}

void mqtt_poison_begin(struct mqtt_poison *p, uint64_t calm_ns)
{
	p->calm_ns = calm_ns;
}

/* In a trial: of the calm before the message, or of the time in which it can be guilty.
 */
static uint64_t held_until(const struct mqtt_poison *p)
{
	return p->sent_ns ? p->sent_ns + MQTT_POISON_SOON_NS : p->calm_ns;
}

bool mqtt_poison_holds(const struct mqtt_poison *p, uint64_t now)
{
	return p->phase == MQTT_POISON_TRIAL && now < held_until(p);
}

uint64_t mqtt_poison_next_ns(const struct mqtt_poison *p, uint64_t now)
{
	return mqtt_poison_holds(p, now) ? held_until(p) : UINT64_MAX;
}

static size_t size_of(const struct mqtt_outgoing *message)
{
	return strlen(message->topic) + message->len;
}

void mqtt_poison_sent(struct mqtt_poison *p, const struct mqtt_outgoing *message,
		      uint64_t now)
{
	size_t size = size_of(message);

	/* The one before has not ended the session: it only is not acknowledged. */
	if (p->sent_ns && message->qos > 0)
		clear(p);
	if (p->phase == MQTT_POISON_TRIAL && message->qos > 0) {
		p->sent_ns = now;
		p->topic = strdup(message->topic);
		p->len = message->len;
	} else if (size > p->largest) {
		p->largest = size;
	}
}

void mqtt_poison_acknowledged(struct mqtt_poison *p)
{
	clear(p);
	p->acquitted = false;
}

/* Whether the end of a session of the trial can only be the fault of what it is of. */
static bool is_guilty(const struct mqtt_poison *p, uint64_t oldest, uint64_t now)
{
	return p->topic && oldest == p->suspect &&
	       now - p->sent_ns <= MQTT_POISON_SOON_NS &&
	       p->largest < strlen(p->topic) + p->len;
}

static void learn(struct mqtt_poison *p, uint64_t now)
{
	struct mqtt_poison_known *known = &p->known[p->next_known];

	free(known->topic);
	*known = (struct mqtt_poison_known){
		.topic = TAKE_PTR(p->topic),
		.len = p->len,
		.until_ns = now + MQTT_POISON_KNOWN_NS,
	};
	p->next_known = (p->next_known + 1) % ARRAY_SIZE(p->known);
}

/* These return what mqtt_poison_ended() does. */
static bool end_trial(struct mqtt_poison *p, bool by_broker, uint64_t oldest,
		      uint64_t now)
{
	if (!by_broker || !is_guilty(p, oldest, now)) {
		p->acquitted |= by_broker && p->sent_ns == 0;
		clear(p);
		return false;
	}
	p->acquitted = false;
	p->verdict = MQTT_POISON_TRIED;
	if (++p->ends == MQTT_POISON_TRIALS) {
		p->verdict = MQTT_POISON_PROVEN;
		learn(p, now);
		clear(p);
	}
	return true;
}

static bool end_other(struct mqtt_poison *p, bool by_broker, uint64_t oldest)
{
	if (!by_broker)
		return false;
	if (oldest != p->suspect)
		clear(p);
	if (oldest == 0)
		return false;
	p->phase = MQTT_POISON_SUSPICION;
	p->suspect = oldest;
	p->ends++;
	if (p->ends > 1 && !p->acquitted)
		p->verdict = p->ends < MQTT_POISON_SUSPICIONS ? MQTT_POISON_SUSPECTED
							      : MQTT_POISON_TRIED;
	if (p->ends < MQTT_POISON_SUSPICIONS)
		return false;
	p->phase = MQTT_POISON_TRIAL;
	p->ends = 0;
	return true;
}

bool mqtt_poison_ended(struct mqtt_poison *p, bool by_broker, uint64_t oldest,
		       uint64_t now)
{
	bool take_back;

	p->verdict = MQTT_POISON_NO_SIGN;
	take_back = p->phase == MQTT_POISON_TRIAL ? end_trial(p, by_broker, oldest, now)
						  : end_other(p, by_broker, oldest);
	free(p->topic);
	p->topic = NULL;
	p->largest = 0;
	p->sent_ns = 0;
	p->calm_ns = 0;
	return take_back;
}

const struct mqtt_poison_known *mqtt_poison_find(const struct mqtt_poison *p,
						 const struct mqtt_outgoing *message,
						 uint64_t now)
{
	for (size_t i = 0; i < ARRAY_SIZE(p->known); i++) {
		const struct mqtt_poison_known *known = &p->known[i];

		if (known->topic && now < known->until_ns && message->len >= known->len &&
		    strcmp(message->topic, known->topic) == 0)
			return known;
	}
	return NULL;
}
