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

/* Publishes a copy of @message: 0, or -errno if there is no room for it. */
typedef int (*discovery_publisher)(void *ctx, const struct mqtt_outgoing *message);

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
int discovery_publish_output(const struct discovery *d, const char *line, bool on,
			     bool again, discovery_publisher publish, void *ctx);

/*
 * What Home Assistant is to know, and what it may still know of a configuration before.
 * Begins zeroed. One thread at a time.
 */
struct discoveries {
	struct discovery *now;	  /* NULL: off */
	struct discovery *before; /* has not been removed at the broker; NULL: none;
				     of earlier runs there may be several */
};

/*
 * What earlier runs have announced as the device with this hardware address, as @spool,
 * which was just opened, remembers it: it takes the place of what was announced before.
 * 0 or -ENOMEM.
 */
int discoveries_recall(struct discoveries *d, const struct spool *spool,
		       const uint8_t mac[6]);

/*
 * In a session: publishes what there is now. Entities that go are reduced to their
 * platform in a message before, by which Home Assistant knows; a topic that was used
 * before is emptied. What finds no room is tried again the next time.
 */
void discoveries_announce(struct discoveries *d, discovery_publisher publish, void *ctx);

/*
 * @next, which is taken and may be NULL, takes the place of what there is. If that makes
 * a difference it is announced: now if @in_session, else by discoveries_announce() in the
 * next session.
 */
void discoveries_change(struct discoveries *d, struct discovery *next, bool in_session,
			discovery_publisher publish, void *ctx);

void discoveries_clear(struct discoveries *d);

DEFINE_CLEANUP(struct discovery, discovery_free);

#endif
