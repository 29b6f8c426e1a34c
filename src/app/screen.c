// SPDX-License-Identifier: MIT
/*
 * screen.c — what the display shows: the ladder, the address, a message
 *
 * Text from outside goes to the font as it is: the font draws control
 * characters as spaces and what is not UTF-8 as a box.
 */
#include "mqttnode/screen.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

#include "mqttnode/font.h"
#include "mqttnode/text.h"

/* The ladder page: a mark for each rung, a title, the sentence below. */
#define MARK_WIDTH 7
#define MARK_PITCH 15
#define TITLE_Y	   12
#define SENTENCE_Y 24

/* The message page: the topic on one line or two, a rule, the payload. */
#define TOPIC_LINES_MAX 2
#define RULE_MARGIN	1
#define PAYLOAD_MARGIN	4

static const uint8_t marks[][MARK_WIDTH] = {
	[RUNG_STATE_OK] = { 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f },
	[RUNG_STATE_TRYING] = { 0x7f, 0x41, 0x5d, 0x5d, 0x5d, 0x41, 0x7f },
	[RUNG_STATE_FAILED] = { 0x63, 0x77, 0x3e, 0x1c, 0x3e, 0x77, 0x63 },
	[RUNG_STATE_WAITING] = { 0x7f, 0x41, 0x41, 0x41, 0x41, 0x41, 0x7f },
	[RUNG_STATE_UNUSED] = { 0x08, 0x08, 0x08, 0x08, 0x08, 0x08, 0x08 },
};

static void draw_string(struct canvas *c, int x, int y, const char *s)
{
	(void)font_draw_text(c, x, y, s, strlen(s));
}

static void draw_ipv4(struct canvas *c, int y, struct in_addr address)
{
	char text[INET_ADDRSTRLEN];

	draw_string(c, 0, y, inet_ntop(AF_INET, &address, text, sizeof(text)));
}

void screen_draw_address(struct canvas *c, const struct facts_view *facts)
{
	draw_string(c, 0, 0, "IP/Subnet/GW:");
	draw_ipv4(c, 20, facts->address);
	draw_ipv4(c, 38, facts_netmask(facts));
	if (facts->gateway.s_addr)
		draw_ipv4(c, 56, facts->gateway);
	else
		draw_string(c, 0, 56, "no gateway");
}

/* "ADDRESS: failed" */
static void draw_title(struct canvas *c, enum rung rung, enum rung_state state)
{
	char title[32];

	text_format(title, sizeof(title), "%s: %s", rung_to_string(rung),
		    rung_state_to_string(state));
	for (char *p = title; *p && *p != ':'; p++)
		*p = (char)toupper((unsigned char)*p);
	draw_string(c, 0, TITLE_Y, title);
}

void screen_draw_ladder(struct canvas *c, const struct ladder_view *view)
{
	int lines = (c->height - SENTENCE_Y) / FONT_HEIGHT;
	const struct rung_status *bad;

	for (int i = 0; i < RUNGS; i++)
		canvas_draw_columns(c, i * MARK_PITCH, 0, marks[view->rungs[i].state],
				    MARK_WIDTH);
	if (view->first_bad < 0) {
		draw_string(c, 0, TITLE_Y, "mqttnode");
		draw_string(c, 0, SENTENCE_Y, "Starting…");
		return;
	}
	bad = &view->rungs[view->first_bad];
	draw_title(c, (enum rung)view->first_bad, bad->state);
	(void)font_draw_wrapped(c, SENTENCE_Y, lines, bad->text, strlen(bad->text));
}

void screen_draw_message(struct canvas *c, const char *topic, const void *payload,
			 size_t len)
{
	int y = FONT_HEIGHT *
		font_draw_wrapped(c, 0, TOPIC_LINES_MAX, topic, strlen(topic));

	for (int x = 0; x < c->width; x++)
		canvas_set_pixel(c, x, y + RULE_MARGIN, true);
	y += PAYLOAD_MARGIN;
	if (len == 0)
		draw_string(c, 0, y, "(empty)");
	else
		(void)font_draw_wrapped(c, y, (c->height - y) / FONT_HEIGHT, payload,
					len);
}
