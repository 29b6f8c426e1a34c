/* SPDX-License-Identifier: MIT */
/*
 * screen.h — what the display shows: the ladder, the address, a message
 *
 * Pure drawing: facts in, picture out. Main thread.
 */
#ifndef MQTTNODE_SCREEN_H
#define MQTTNODE_SCREEN_H

#include "mqttnode/canvas.h"
#include "mqttnode/facts.h"
#include "mqttnode/ladder.h"

#include <stddef.h>

/* The lesson's page: "IP/Subnet/GW:" and three addresses at y 0, 20, 38, 56. */
void screen_draw_address(struct canvas *c, const struct facts_view *facts);

/* The first rung that is not all right, with its cause. */
void screen_draw_ladder(struct canvas *c, const struct ladder_view *view);

/* A message: topic on the first line, payload below, escaped and wrapped. */
void screen_draw_message(struct canvas *c, const char *topic, const void *payload, size_t len);

#endif
