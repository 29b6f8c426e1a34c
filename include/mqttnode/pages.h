/* SPDX-License-Identifier: MIT */
/*
 * pages.h — which picture the display shows now
 *
 * A message that arrived, for a few seconds; else the first rung that is not
 * all right; else the address. Pictures go to the display thread's mailbox
 * only when they differ. Main thread.
 */
#ifndef MQTTNODE_PAGES_H
#define MQTTNODE_PAGES_H

#include "mqttnode/cleanup.h"
#include "mqttnode/display.h"
#include "mqttnode/facts.h"
#include "mqttnode/ladder.h"
#include "mqttnode/settings.h"

#include <stddef.h>
#include <systemd/sd-event.h>

struct pages;

/* All pointers must outlive it. 0 or -errno; release with pages_free(), which accepts
 * NULL. */
int pages_new(struct pages **ret, sd_event *event, struct display *display,
	      struct facts *facts, const struct oled_settings *settings);
struct pages *pages_free(struct pages *p);

/* The ladder or the facts changed. */
void pages_update(struct pages *p, const struct ladder_view *view);

/* A message arrived; it is shown for the configured time, or until the next one. */
void pages_show_message(struct pages *p, const char *topic, const void *payload,
			size_t len);

DEFINE_CLEANUP(struct pages, pages_free);

#endif
