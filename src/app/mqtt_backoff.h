/* SPDX-License-Identifier: MIT */
/*
 * mqtt_backoff.h — how long to wait before the next attempt
 *
 * Exponential with full jitter: a random time between nothing and a limit that
 * doubles with each failure up to a cap, so that a thousand nodes do not come
 * back to a restarted broker in the same instant. Pure calculation.
 */
#ifndef MQTTNODE_MQTT_BACKOFF_H
#define MQTTNODE_MQTT_BACKOFF_H

#include <stdint.h>

/* Never less between two attempts, however the dice fall. */
#define MQTT_BACKOFF_MIN_MS 100

struct mqtt_backoff {
	uint32_t base_ms;
	uint32_t cap_ms;
	unsigned int failures; /* since the last reset */
};

/* Begins again at the base. */
void mqtt_backoff_reset(struct mqtt_backoff *b);

/* One more failure: the time to wait, in ms; @random is any random number. */
uint32_t mqtt_backoff_next(struct mqtt_backoff *b, uint32_t random);

/*
 * One more failure that trying again soon cannot mend (credentials): the upper
 * half below the cap.
 */
uint32_t mqtt_backoff_cap(struct mqtt_backoff *b, uint32_t random);

#endif
