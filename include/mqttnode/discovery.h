/* SPDX-License-Identifier: MIT */
/*
 * discovery.h — tells Home Assistant what this node is and has
 *
 * One retained message describes the device and all its entities ("device
 * discovery"): whether it is connected, what it tells about itself on BASE/info and
 * BASE/health (vitals.h), every publication that has a name, and every GPIO output,
 * whose state is told on BASE/output/LINE; and it takes orders on BASE/screen and
 * BASE/restart (mqtt_subscribe.h).
 *
 * Unique identifiers are made of the hardware address and a topic of the configuration
 * or a fixed word, so they stay the same whatever the order in the file, the names and
 * the version.
 */
#ifndef MQTTNODE_DISCOVERY_H
#define MQTTNODE_DISCOVERY_H

#include "mqttnode/cleanup.h"
#include "mqttnode/facts.h"
#include "mqttnode/mqtt.h"
#include "mqttnode/settings.h"

struct discovery;

/*
 * Composes the message for @settings, whose discovery is on; @screen: there is a display
 * that shows texts. 0 or -ENOMEM;
 * release with discovery_free(), which accepts NULL.
 */
int discovery_new(struct discovery **ret, const struct mqtt_settings *settings,
		  const struct facts_view *self, const char *base_topic, bool screen);
struct discovery *discovery_free(struct discovery *d);

/* The message to publish in each session; it lives as long as @d. Any thread. */
void discovery_message(const struct discovery *d, struct mqtt_outgoing *ret);

/* How long to wait before it is published again when Home Assistant has started. */
uint64_t discovery_jitter_us(void);

/*
 * Tells, retained, whether the output @line is on; @again: the same was tried before.
 * 0, or what @publish gives, or -ENOMEM. Any thread.
 */
int discovery_publish_output(
	const struct discovery *d, const char *line, bool on, bool again,
	int (*publish)(void *ctx, const struct mqtt_outgoing *message), void *ctx);

/*
 * @d, which may be NULL as @old, takes the place of @old in the middle of a session:
 * publishes its message, and empties a topic that was used before. Entities that go
 * are reduced to their platform in a message before, by which Home Assistant knows.
 */
void discovery_replace(const struct discovery *d, const struct discovery *old,
		       int (*publish)(void *ctx, const struct mqtt_outgoing *message),
		       void *ctx);

DEFINE_CLEANUP(struct discovery, discovery_free);

#endif
