// SPDX-License-Identifier: MIT
/* screen_message.c — the page of a message that arrived, and that of the last ones */
#include "mqttnode/screen.h"

#include <stdlib.h>
#include <string.h>

#include "mqttnode/cleanup.h"
#include "mqttnode/text.h"
#include "screen_parts.h"

/* Of a longer payload the beginning is shown: it takes a minute to scroll through. */
#define SHOWN_BYTES 1500

bool screen_draw_message(struct canvas *c, struct font_file *font, const char *topic,
			 const char *payload, size_t len, size_t first)
{
	char text[SHOWN_BYTES + 64];
	size_t cut;
	int y;

	y = screen_draw_tail(c, font, 0, c->height > 4 * ROW ? 2 : 1, topic);
	canvas_draw_line(c, 0, y + 1, c->width);
	y += 4;
	if (len == 0)
		return screen_draw_body(c, font, y, "(empty)", strlen("(empty)"), 0);
	if (len <= SHOWN_BYTES)
		return screen_draw_body(c, font, y, payload, len, first);

	memcpy(text, payload, SHOWN_BYTES);
	cut = screen_previous_char(payload, SHOWN_BYTES);
	text_format(text + cut, 64, "… (%zu bytes)", len);
	return screen_draw_body(c, font, y, text, cut + strlen(text + cut), first);
}

void screen_draw_messages(struct canvas *c, struct font_file *font,
			  const struct history *history)
{
	int y = 0;

	if (history->n == 0)
		font_draw_text(c, FONT_SMALL, 0, 0, "no messages");
	for (size_t i = 0; i < history->n; i++) {
		const struct history_entry *e = history_get(history, i);
		struct canvas trial = *c;

		y = screen_draw_tail(&trial, font, y, 1, e->topic);
		y = screen_draw_one_line(&trial, font, FONT_BOLD, y,
					 e->text[0] ? e->text : "(empty)");
		/* only as a whole: a topic without its text says nothing */
		if (y > c->height && i > 0)
			break;
		*c = trial;
	}
}
