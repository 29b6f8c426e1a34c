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

/*
 * All draw on a dark canvas of 128 x 64.
 *
 * The lesson's page: "IP/Subnet/GW:" and three addresses at y 0, 20, 38, 56;
 * "no gateway" if there is none. For a node that has an address.
 */
void screen_draw_address(struct canvas *c, const struct facts_view *facts);

/*
 * The first rung that is not all right with its state, a mark for each rung that
 * is used (tick, cross, three dots for trying, one for waiting), and the cause.
 */
void screen_draw_ladder(struct canvas *c, const struct ladder_view *view);

/*
 * A message: the topic in one or two lines, of a longer one the end; below it
 * the payload, escaped and wrapped, of a longer one the beginning.
 */
void screen_draw_message(struct canvas *c, const char *topic, const void *payload,
			 size_t len);

#endif
