// SPDX-License-Identifier: MIT
/* screen.c — what the display shows: the ladder, the address, a message */
#include "mqttnode/screen.h"

#include <arpa/inet.h>
#include <string.h>

#include "mqttnode/cleanup.h"
#include "mqttnode/font.h"
#include "mqttnode/text.h"

#define ROW FONT_HEIGHT

/* More of a payload never fits: at most 6 lines of 16 characters are shown. */
#define PAYLOAD_MAX 512

static void draw_line(struct canvas *c, int x, int y, const char *text)
{
	font_draw_text(c, x, y, text, strlen(text));
}

static void draw_address(struct canvas *c, int y, struct in_addr address)
{
	char text[INET_ADDRSTRLEN];

	draw_line(c, 0, y, inet_ntop(AF_INET, &address, text, sizeof(text)));
}

void screen_draw_address(struct canvas *c, const struct facts_view *facts)
{
	draw_line(c, 0, 0, "IP/Subnet/GW:");
	draw_address(c, 20, facts->address);
	draw_address(c, 38, facts_netmask(facts));
	if (facts->gateway.s_addr)
		draw_address(c, 56, facts->gateway);
	else
		draw_line(c, 0, 56, "no gateway");
}

/* One mark for each rung that is used, spread over the width, from the chip to the
 * broker. */
static void draw_marks(struct canvas *c, int y, const struct ladder_view *view)
{
	static const uint8_t marks[][FONT_WIDTH] = {
		/* a tick, three dots, a cross, one dot */
		[RUNG_STATE_OK] = { 0x18, 0x30, 0x60, 0x30, 0x18, 0x0c, 0x06, 0x00 },
		[RUNG_STATE_TRYING] = { 0x18, 0x18, 0x00, 0x18, 0x18, 0x00, 0x18, 0x18 },
		[RUNG_STATE_FAILED] = { 0x42, 0x66, 0x3c, 0x18, 0x3c, 0x66, 0x42, 0x00 },
		[RUNG_STATE_WAITING] = { 0x00, 0x00, 0x00, 0x18, 0x18, 0x00, 0x00, 0x00 },
	};
	int used = 0, at = 0;

	for (int i = 0; i < RUNGS; i++)
		used += view->rungs[i].state != RUNG_STATE_UNUSED;
	for (int i = 0; i < RUNGS; i++) {
		if (view->rungs[i].state == RUNG_STATE_UNUSED)
			continue;
		canvas_draw_columns(c, at * c->width / used, y,
				    marks[view->rungs[i].state], FONT_WIDTH);
		at++;
	}
}

/*
 * Where marks and cause begin: a short cause leaves room to breathe, a long one
 * needs all lines.
 */
struct ladder_layout {
	int marks_y, cause_y, rows;
};

static struct ladder_layout ladder_layout(const struct canvas *c, const char *cause)
{
	static const struct ladder_layout airy = { .marks_y = 12,
						   .cause_y = 28,
						   .rows = 4 };
	static const struct ladder_layout full = { .marks_y = 8,
						   .cause_y = 16,
						   .rows = 6 };
	struct canvas trial;

	canvas_init(&trial, c->width, c->height);
	if (font_draw_wrapped(&trial, 0, full.rows, cause, strlen(cause)) <= airy.rows)
		return airy;
	return full;
}

void screen_draw_ladder(struct canvas *c, const struct ladder_view *view)
{
	const char *cause = view->first_bad < 0 ? "" : view->rungs[view->first_bad].text;
	struct ladder_layout layout = ladder_layout(c, cause);
	const char *state;

	draw_marks(c, layout.marks_y, view);
	if (view->first_bad < 0) {
		draw_line(c, 0, 0, view->online ? "online" : "starting");
		return;
	}
	state = rung_state_to_string(view->rungs[view->first_bad].state);
	draw_line(c, 0, 0, rung_to_string((enum rung)view->first_bad));
	draw_line(c, c->width - (int)strlen(state) * FONT_WIDTH, 0, state);
	font_draw_wrapped(c, layout.cause_y, layout.rows, cause, strlen(cause));
}

/* Draws the topic, of a long one the end, in one or two lines. Returns how many. */
static int draw_topic(struct canvas *c, const char *topic)
{
	size_t room = 2u * c->width / FONT_WIDTH, count, cut;
	char escaped[1024], text[1024 + 4];

	text_escape_str(escaped, sizeof(escaped), topic);
	count = font_count(escaped, strlen(escaped));
	if (count <= room)
		return font_draw_wrapped(c, 0, 2, escaped, strlen(escaped));
	cut = font_prefix(escaped, strlen(escaped), count - (room - 1));
	text_format(text, sizeof(text), "…%s", escaped + cut);
	return font_draw_wrapped(c, 0, 2, text, strlen(text));
}

/* Escapes the payload but for the ends of its lines. */
static char *escape_lines(char *buf, size_t size, const char *payload, size_t len)
{
	size_t used = 0;

	buf[0] = '\0';
	while (len > 0 && used + 1 < size) {
		const char *newline = memchr(payload, '\n', len);
		size_t line = newline ? (size_t)(newline - payload) : len;
		size_t shown =
			newline && line > 0 && newline[-1] == '\r' ? line - 1 : line;

		text_escape(buf + used, size - used, payload, shown);
		used += strlen(buf + used);
		if (!newline)
			break;
		if (used + 1 < size) {
			buf[used++] = '\n';
			buf[used] = '\0';
		}
		payload += line + 1;
		len -= line + 1;
	}
	return buf;
}

void screen_draw_message(struct canvas *c, const char *topic, const void *payload,
			 size_t len)
{
	char text[PAYLOAD_MAX * 4 + 1]; /* escaped, a byte is at most four */
	int y, rows;

	rows = draw_topic(c, topic);
	canvas_draw_line(c, 0, rows * ROW + 3, c->width);
	y = (rows + 1) * ROW;
	if (len == 0)
		text_format(text, sizeof(text), "(empty)");
	else
		escape_lines(text, sizeof(text), payload,
			     len < PAYLOAD_MAX ? len : PAYLOAD_MAX);
	font_draw_wrapped(c, y, (c->height - y) / ROW, text, strlen(text));
}
