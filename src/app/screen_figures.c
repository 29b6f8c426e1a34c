// SPDX-License-Identifier: MIT
/* screen_figures.c — the page of traffic and bus figures */
#include "mqttnode/screen.h"

#include <stdlib.h>

#include "mqttnode/cleanup.h"
#include "mqttnode/text.h"
#include "screen_parts.h"

#define LABEL_WIDTH (5 * FONT_SMALL_WIDTH)
#define TEXT_SIZE   32

/* A figure: what it is, in full, and in at most six characters. */
struct row {
	const char *label;
	char full[TEXT_SIZE], brief[TEXT_SIZE];
};

/* At most four characters: 999, 1.2k, 12k, 123k, 1.2M. Returns @buf. */
static char *scaled(uint64_t n, char buf[8])
{
	static const char units[] = " kMGTPE";
	unsigned int unit = 0, rest = 0;

	for (; n >= 1000; n /= 1000, unit++)
		rest = (unsigned int)(n % 1000);
	if (unit == 0)
		return text_format(buf, 8, "%u", (unsigned int)n);
	if (n < 10)
		return text_format(buf, 8, "%u.%u%c", (unsigned int)n, rest / 100,
				   units[unit]);
	return text_format(buf, 8, "%u%c", (unsigned int)n, units[unit]);
}

static void set_traffic(struct row *row, const char *label, uint64_t frames,
			uint64_t bytes)
{
	char f[8], b[8];

	row->label = label;
	scaled(frames, f);
	scaled(bytes, b);
	text_format(row->full, TEXT_SIZE, "%s/s %sB/s", f, b);
	text_format(row->brief, TEXT_SIZE, "%s/s", f);
}

static void set_count(struct row *row, const char *label, uint64_t n)
{
	row->label = label;
	scaled(n, row->brief);
	text_format(row->full, TEXT_SIZE, "%llu", (unsigned long long)n);
}

static void set_link(struct row *row, const struct figures *f)
{
	row->label = "link";
	if (f->link_up) {
		text_format(row->full, TEXT_SIZE, "%u Mbit/s", f->link_mbit);
		text_format(row->brief, TEXT_SIZE, "%u M", f->link_mbit);
	} else {
		text_format(row->full, TEXT_SIZE, "down");
		text_format(row->brief, TEXT_SIZE, "down");
	}
}

static void set_bus(struct row *row, const struct figures *f)
{
	char rate[8];

	row->label = "bus";
	scaled(f->bus_messages, rate);
	text_format(row->brief, TEXT_SIZE, "%s/s", rate);
	text_format(row->full, TEXT_SIZE, "%s/s %u.%uMHz", rate,
		    f->spi_speed_hz / 1000000, f->spi_speed_hz / 100000 % 10);
}

void screen_draw_figures(struct canvas *c, const struct figures *f)
{
	/* the most important first: a low panel has room for four */
	struct row rows[8] = { 0 };
	bool wide = c->width >= 128;
	int pitch = wide ? ROW : 2 * ROW;

	set_traffic(&rows[0], "in", f->rx_frames, f->rx_bytes);
	set_traffic(&rows[1], "out", f->tx_frames, f->tx_bytes);
	set_bus(&rows[2], f);
	set_count(&rows[3], "errs", f->bus_errors);
	set_link(&rows[4], f);
	set_count(&rows[5], "sent", f->published);
	set_count(&rows[6], "got", f->received);
	set_count(&rows[7], "conn", f->connects);
	for (size_t i = 0; i < ARRAY_SIZE(rows) && (int)(i + 1) * pitch <= c->height;
	     i++) {
		int y = (int)i * pitch;

		font_draw_text(c, FONT_SMALL, 0, y, rows[i].label);
		font_draw_text(c, FONT_SMALL, wide ? LABEL_WIDTH : 0, wide ? y : y + ROW,
			       wide ? rows[i].full : rows[i].brief);
	}
}
