// SPDX-License-Identifier: MIT
/*
 * display_figures.c — measures what the display costs on its bus
 *
 * One JSON object: for each case the bytes on the wire, addresses included, and
 * the calls, of the shipped panel driver on the simulated SSD1306 of 128x64.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mqttnode/facts.h"
#include "mqttnode/oled.h"
#include "mqttnode/screen.h"

#include "sim/oled_module.h"
#include "sim/sim_i2c.h"

#define PATH	"/dev/i2c-1"
#define ADDRESS 0x3c

struct bench {
	struct board_time *time;
	struct sim_report report;
	struct sim_i2c *adapter;
	struct oled_sim *panel;
	struct oled_settings settings;
	struct i2c_bus *bus;
	struct oled *oled;
	const char *separator;
};

static void must(bool condition, const char *what)
{
	if (condition)
		return;
	(void)fprintf(stderr, "display_figures: %s\n", what);
	exit(EXIT_FAILURE);
}

static struct canvas blank(const struct bench *b)
{
	struct canvas c;

	canvas_init(&c, b->settings.width, b->settings.height);
	return c;
}

static void show_all(struct bench *b, const struct canvas *c)
{
	int r;

	do
		r = oled_show(b->oled, c);
	while (r == 1);
	must(r == 0, "the panel did not take the picture");
}

/* What it costs to come from the picture @from to @to. */
static void measure(struct bench *b, const char *name, const struct canvas *from,
		    const struct canvas *to)
{
	struct sim_i2c_stats before;
	const struct sim_i2c_stats *now;

	show_all(b, from);
	before = *sim_i2c_stats(b->adapter);
	show_all(b, to);
	now = sim_i2c_stats(b->adapter);
	printf("%s\"%s\": {\"bytes\": %" PRIu64 ", \"calls\": %" PRIu64 "}", b->separator,
	       name, now->wire_bytes - before.wire_bytes, now->calls - before.calls);
	b->separator = ",\n";
}

static void measure_all(struct bench *b)
{
	static const uint8_t block[8] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff
	};
	struct canvas dark = blank(b), character = blank(b), full = blank(b),
		      address = blank(b);
	struct facts_view facts = { .prefix_len = 32 };

	canvas_draw_columns(&character, 40, 16, block, sizeof(block));
	memset(full.data, 0xa5, sizeof(full.data));
	/* The longest of each line: no page of the lesson has more. */
	(void)inet_pton(AF_INET, "192.168.100.200", &facts.address);
	(void)inet_pton(AF_INET, "255.255.255.255", &facts.gateway);
	screen_draw_address(&address, &facts);

	measure(b, "oled_unchanged", &dark, &dark);
	measure(b, "oled_one_char", &dark, &character);
	measure(b, "oled_full", &dark, &full);
	measure(b, "oled_address_screen", &dark, &address);
}

int main(void)
{
	static char path[] = PATH;
	const struct oled_module *module = oled_module_find("ssd1306");
	struct bench b = { .separator = "{\n" };
	struct canvas dark;

	b.settings = (struct oled_settings){ .i2c = path,
					     .address = ADDRESS,
					     .controller = OLED_SSD1306,
					     .width = module->glass->width,
					     .height = module->glass->height,
					     .contrast = 127,
					     .max_write = I2C_MESSAGE_LEN_MAX };
	must(board_time_new_virtual(&b.time) == 0 &&
		     sim_i2c_new(&b.adapter, b.time, PATH, &b.report) == 0 &&
		     oled_sim_new(&b.panel, module->controller, 7, &b.report) == 0,
	     "no simulated panel");
	sim_i2c_attach(b.adapter, ADDRESS, b.panel);
	must(i2cdev_open(&b.bus, PATH, ADDRESS) == 0 &&
		     oled_new(&b.oled, b.bus, &b.settings) == 0,
	     "the driver does not find the panel");
	dark = blank(&b);
	must(oled_init(b.oled, &dark) == 0, "the panel did not start");

	measure_all(&b);
	(void)puts("\n}");
	must(b.report.n_violations == 0, "the panel objects to what it was sent");
	b.oled = oled_free(b.oled);
	b.bus = i2cdev_close(b.bus);
	b.adapter = sim_i2c_free(b.adapter);
	b.panel = oled_sim_free(b.panel);
	b.time = board_time_free(b.time);
	return EXIT_SUCCESS;
}
