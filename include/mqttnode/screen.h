/* SPDX-License-Identifier: MIT */
/*
 * screen.h — what the pages of the display look like
 *
 * Pure drawing: facts in, picture out, on a dark canvas of any size that a
 * panel or its rotation has: 128 or 32 or 64 wide. @font may be NULL: then only
 * the built-in fonts are there. Main thread.
 *
 * A page with a text that may be longer than the screen takes the line to begin
 * with, and returns whether lines are left below: to scroll, draw again with the
 * next one.
 */
#ifndef MQTTNODE_SCREEN_H
#define MQTTNODE_SCREEN_H

#include "mqttnode/canvas.h"
#include "mqttnode/facts.h"
#include "mqttnode/figures.h"
#include "mqttnode/font_file.h"
#include "mqttnode/history.h"
#include "mqttnode/items.h"
#include "mqttnode/ladder.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * The lesson's page: "IP/Subnet/GW:" and three addresses at y 0, 20, 38, 56 of
 * 128 x 64; "no gateway" if there is none. For a node that has an address.
 */
void screen_draw_address(struct canvas *c, const struct facts_view *facts);

/*
 * The first rung that is not all right with its state, a mark for each rung that
 * is used (tick, cross, three dots for trying, one for waiting), and the cause
 * from its line @first on. Without trouble all rungs by name.
 */
bool screen_draw_ladder(struct canvas *c, struct font_file *font,
			const struct ladder_view *view, size_t first);

/*
 * A message: the topic, of a long one the end; below it the payload from its
 * line @first on, of a very long one the beginning with its size.
 */
bool screen_draw_message(struct canvas *c, struct font_file *font, const char *topic,
			 const char *payload, size_t len, size_t first);

/* The last messages, the newest first: each topic with a line of its payload. */
void screen_draw_messages(struct canvas *c, struct font_file *font,
			  const struct history *history);

/* Traffic and bus figures. */
void screen_draw_figures(struct canvas *c, const struct figures *figures);

/*
 * A page of the configuration: @title, "" for none, above @n items. Texts take a
 * line, bars two, and digits share the rest and are as large as fits.
 */
void screen_draw_items(struct canvas *c, struct font_file *font, const char *title,
		       const struct item_view *items, size_t n);

/* What is shown while the daemon stops. */
void screen_draw_last_word(struct canvas *c);

#endif
