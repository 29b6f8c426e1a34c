// SPDX-License-Identifier: MIT
/* mqtt_backoff.c — how long to wait before the next attempt */
#include "mqtt_backoff.h"

void mqtt_backoff_reset(struct mqtt_backoff *b)
{
	b->failures = 0;
}

/* Somewhere between @low and @high, both included. */
static uint32_t pick(uint32_t low, uint32_t high, uint32_t random)
{
	if (low < MQTT_BACKOFF_MIN_MS)
		low = MQTT_BACKOFF_MIN_MS;
	if (high <= low)
		return low;
	return low + (uint32_t)((uint64_t)random * (high - low + 1) >> 32);
}

uint32_t mqtt_backoff_next(struct mqtt_backoff *b, uint32_t random)
{
	uint64_t limit = b->cap_ms;

	/* 2^20 times the base is beyond any cap; the shift stays defined. */
	if (b->failures < 20 && (uint64_t)b->base_ms << b->failures < limit)
		limit = (uint64_t)b->base_ms << b->failures;
	if (b->failures < UINT32_MAX)
		b->failures++;
	return pick(0, (uint32_t)limit, random);
}

uint32_t mqtt_backoff_cap(struct mqtt_backoff *b, uint32_t random)
{
	if (b->failures < UINT32_MAX)
		b->failures++;
	return pick(b->cap_ms / 2, b->cap_ms, random);
}
