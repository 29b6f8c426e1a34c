// SPDX-License-Identifier: MIT
/* screen.c — the pages of the node itself: its address, its ladder */
#include "mqttnode/screen.h"

#include <arpa/inet.h>
#include <string.h>

#include "mqttnode/cleanup.h"
#include "mqttnode/text.h"
#include "screen_parts.h"

#define MARK_WIDTH 7 /* that of the tick; the eighth column is dark */

/* --- address --------------------------------------------------------------- */

/* An address over as many lines as its dots ask for. Returns the y below it. */
static int draw_narrow_address(struct canvas *c, int y, const char *address)
{
	size_t room = c->width / FONT_WIDTH;
	const char *part = address;
	char line[INET_ADDRSTRLEN];

	while (*part) {
		size_t n = strlen(part);

		/* up to the last dot that fits */
		while (n > room) {
			do
				n--;
			while (n > 1 && part[n - 1] != '.');
		}
		text_format(line, sizeof(line), "%.*s", (int)n, part);
		font_draw_text(c, FONT_BOLD, 0, y, line);
		part += n;
		y += ROW;
	}
	return y;
}

static void draw_narrow(struct canvas *c, const char *const texts[3])
{
	static const char *const names[] = { "IP", "Subnet", "GW" };
	int y = 0, gap = c->width >= 64 ? ROW : 0;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		font_draw_text(c, FONT_SMALL, 0, y, names[i]);
		y = draw_narrow_address(c, y + ROW + gap / 4, texts[i]) + gap;
	}
}

void screen_draw_address(struct canvas *c, const struct facts_view *facts)
{
	static const int lesson[] = { 0, 20, 38, 56 }, low[] = { 0, 8, 16, 24 };
	const int *y = c->height >= 64 ? lesson : low;
	/* Words have descenders: above the last row, so that the picture can move. */
	int raise = facts->gateway.s_addr ? 0 : 1;
	const struct in_addr netmask = facts_netmask(facts);
	char ip[INET_ADDRSTRLEN], subnet[INET_ADDRSTRLEN], gateway[INET_ADDRSTRLEN];
	const char *const texts[] = { ip, subnet, gateway };

	(void)inet_ntop(AF_INET, &facts->address, ip, sizeof(ip));
	(void)inet_ntop(AF_INET, &netmask, subnet, sizeof(subnet));
	if (facts->gateway.s_addr)
		(void)inet_ntop(AF_INET, &facts->gateway, gateway, sizeof(gateway));
	else
		text_format(gateway, sizeof(gateway),
			    c->width >= 128 ? "no gateway" : "none");
	if (c->width < 128) {
		draw_narrow(c, texts);
		return;
	}
	font_draw_text(c, FONT_BOLD, 0, y[0], "IP/Subnet/GW:");
	font_draw_text(c, FONT_BOLD, 0, y[1], ip);
	font_draw_text(c, FONT_BOLD, 0, y[2], subnet);
	font_draw_text(c, FONT_BOLD, 0, y[3] - raise, gateway);
}

/* --- ladder ---------------------------------------------------------------- */

static void draw_mark(struct canvas *c, int x, int y, enum rung_state state)
{
	static const uint8_t marks[][FONT_WIDTH] = {
		/* a tick, three dots, a cross, one dot */
		[RUNG_STATE_OK] = { 0x18, 0x30, 0x60, 0x30, 0x18, 0x0c, 0x06, 0x00 },
		[RUNG_STATE_TRYING] = { 0x18, 0x18, 0x00, 0x18, 0x18, 0x00, 0x18, 0x18 },
		[RUNG_STATE_FAILED] = { 0x42, 0x66, 0x3c, 0x18, 0x3c, 0x66, 0x42, 0x00 },
		[RUNG_STATE_WAITING] = { 0x00, 0x00, 0x00, 0x18, 0x18, 0x00, 0x00, 0x00 },
	};

	canvas_draw_columns(c, x, y, marks[state], FONT_WIDTH);
}

static int count_used(const struct ladder_view *view)
{
	int used = 0;

	for (int i = 0; i < RUNGS; i++)
		used += view->rungs[i].state != RUNG_STATE_UNUSED;
	return used;
}

/* A mark for each rung that is used, spread over the columns from @x to the right edge,
 * from the chip to the broker. Returns the y below them. */
static int draw_marks(struct canvas *c, int x, int y, const struct ladder_view *view)
{
	int used = count_used(view), width = c->width - x, at = 0;
	int columns = used * FONT_WIDTH <= width + used ? used : width / FONT_WIDTH;

	for (int i = 0; i < RUNGS; i++) {
		if (view->rungs[i].state == RUNG_STATE_UNUSED)
			continue;
		draw_mark(c, x + at % columns * width / columns, y + at / columns * ROW,
			  view->rungs[i].state);
		at++;
	}
	return y + (used + columns - 1) / columns * ROW;
}

/* All rungs that are used by name, each with its mark. */
static void draw_names(struct canvas *c, int y, const struct ladder_view *view)
{
	int columns = c->width >= 128 ? 3 : 1, at = 0;
	int rows = (count_used(view) + columns - 1) / columns;
	int pitch = (c->height - y) / rows;

	if (pitch > 12)
		pitch = 12;
	for (int i = 0; i < RUNGS; i++) {
		int left = at % columns * c->width / columns;
		int top = y + at / columns * pitch;

		if (view->rungs[i].state == RUNG_STATE_UNUSED)
			continue;
		draw_mark(c, left, top, view->rungs[i].state);
		font_draw_text(c, FONT_SMALL, left + MARK_WIDTH, top,
			       rung_to_string((enum rung)i));
		at++;
	}
}

/* Rung, state and marks; returns the y below them. */
static int draw_heading(struct canvas *c, struct font_file *font,
			const struct ladder_view *view, bool airy)
{
	const char *name = rung_to_string((enum rung)view->first_bad);
	const char *state = rung_state_to_string(view->rungs[view->first_bad].state);
	enum font_face face = c->width >= 64 ? FONT_BOLD : FONT_SMALL;

	(void)screen_draw_one_line(c, font, face, 0, name);
	if (c->width >= 128 && c->height < 64) {
		/* the mark stands for the state */
		draw_marks(c, c->width - 9 * FONT_WIDTH, 0, view);
		return ROW;
	}
	if (c->width >= 128) {
		font_draw_text(c, face, c->width - font_text_width(face, state), 0,
			       state);
		return draw_marks(c, 0, airy ? 12 : ROW, view) + (airy ? ROW : 0);
	}
	font_draw_text(c, FONT_SMALL, 0, ROW, state);
	return draw_marks(c, 0, 2 * ROW + 2, view) + 4;
}

bool screen_draw_ladder(struct canvas *c, struct font_file *font,
			const struct ladder_view *view, size_t first)
{
	const char *cause;
	size_t len;

	if (view->first_bad < 0) {
		font_draw_text(c, c->width >= 64 ? FONT_BOLD : FONT_SMALL, 0, 0,
			       view->online ? "online" : "starting");
		draw_names(c, c->height >= 64 ? 20 : ROW, view);
		return false;
	}
	cause = view->rungs[view->first_bad].text;
	len = strlen(cause);
	/* A short cause leaves room to breathe, a long one needs all lines. */
	return screen_draw_body(
		c, font,
		draw_heading(c, font, view, screen_fits(c, font, 28, cause, len)), cause,
		len, first);
}

void screen_draw_last_word(struct canvas *c)
{
	static const char *const wide[] = { "mqttnode", "stops" };
	static const char *const narrow[] = { "mqtt", "node", "stops" };
	enum font_face face = c->width >= 64 ? FONT_BOLD : FONT_SMALL;
	bool fits = font_text_width(face, wide[0]) <= c->width;
	size_t n = fits ? ARRAY_SIZE(wide) : ARRAY_SIZE(narrow);
	int y = c->height / 2 - ROW - 1;

	for (size_t i = 0; i < n; i++) {
		const char *word = fits ? wide[i] : narrow[i];

		font_draw_text(c, face, (c->width - font_text_width(face, word)) / 2,
			       y + (int)i * (ROW + 2), word);
	}
}
