/* SPDX-License-Identifier: MIT */
/*
 * pages.h — which picture the display shows now
 *
 * In this order: the last word; a message that arrived, for a few seconds or
 * until it has been scrolled through; the first rung that is not all right; the
 * pages of the configuration in turn, or the address. A new failure ends a
 * message; one that is known already (a subscription that was refused) lets
 * messages through. Pictures go to the display thread's mailbox only when they
 * differ. Main thread.
 */
#ifndef MQTTNODE_PAGES_H
#define MQTTNODE_PAGES_H

#include "mqttnode/charset.h"
#include "mqttnode/cleanup.h"
#include "mqttnode/display.h"
#include "mqttnode/facts.h"
#include "mqttnode/ladder.h"
#include "mqttnode/mqtt.h"
#include "mqttnode/pump.h"
#include "mqttnode/queue.h"
#include "mqttnode/settings.h"

#include <systemd/sd-event.h>

struct pages;

/*
 * Pages as in @settings; payloads that are not UTF-8 are tried as @charset. All
 * pointers must outlive it. 0 or -errno; release with pages_free(), which accepts
 * NULL.
 */
int pages_new(struct pages **ret, sd_event *event, struct display *display,
	      struct facts *facts, const struct oled_settings *settings,
	      enum charset charset);
struct pages *pages_free(struct pages *p);

/* The ladder or the facts changed. */
void pages_update(struct pages *p, const struct ladder_view *view);

/*
 * Takes messages (struct mqtt_message) out of @inbox, some of them at a time: the
 * newest for the display is shown, values for items are kept.
 */
void pages_read(struct pages *p, struct queue *inbox);

/* A second has passed. */
void pages_tick(struct pages *p, struct pump *pump, struct mqtt *mqtt);

/* Shows the last word from now on. */
void pages_stop(struct pages *p);

DEFINE_CLEANUP(struct pages, pages_free);

#endif
