/* SPDX-License-Identifier: MIT */
/*
 * items.h — what the items of the configured pages say now
 *
 * Keeps the last value of each topic that an item shows. Main thread, but for
 * items_want() and items_published().
 */
#ifndef MQTTNODE_ITEMS_H
#define MQTTNODE_ITEMS_H

#include "mqttnode/cleanup.h"
#include "mqttnode/facts.h"
#include "mqttnode/mqtt.h"
#include "mqttnode/queue.h"
#include "mqttnode/settings.h"

#include <stdbool.h>
#include <stddef.h>

/* Of a longer value the beginning is kept. */
#define ITEM_VALUE_SIZE 256

/* An item, ready to be drawn. */
struct item_view {
	enum item_kind kind;
	const char *label; /* "" for none; lives as long as the settings */
	char text[2 * ITEM_VALUE_SIZE];
	bool known;	/* a bar: there is a number */
	double portion; /* of the bar, 0 to 1 */
};

struct items;

/* Whether an item of @settings shows @topic. Any thread. */
bool items_want(const struct oled_settings *settings, const char *topic);

/*
 * The node publishes @message itself: if an item of @settings shows its topic, a
 * copy for main goes into @inbox (struct mqtt_message *). What does not fit there
 * is left out: the next value comes soon. Any thread.
 */
void items_published(const struct oled_settings *settings, struct queue *inbox,
		     const struct mqtt_outgoing *message);

/* No value is known yet. @settings must outlive it. 0 or -ENOMEM; release with
 * items_free(). */
int items_new(struct items **ret, const struct oled_settings *settings);
struct items *items_free(struct items *items);

/* A topic has a new value, UTF-8. */
void items_set(struct items *items, const char *topic, const char *value, size_t len);

/* The @i-th item of the @page-th page, with the facts as values of variables. */
void items_view(const struct items *items, size_t page, size_t i,
		const struct facts_texts *facts, struct item_view *ret);

/* A template of a page, such as its title, with the facts as values. Returns @buf. */
char *items_expand(const char *text, const struct facts_texts *facts, const char *value,
		   char *buf, size_t size);

DEFINE_CLEANUP(struct items, items_free);

#endif
