// SPDX-License-Identifier: MIT
/* test_screen_items.c — lists, figures and pages of the configuration, as reviewed */
#include "mqttnode/screen.h"

#include <string.h>

#include "mqttnode/cleanup.h"
#include "mqttnode/text.h"
#include "picture.h"
#include "unit.h"

static struct canvas canvas;
static struct font_file *font;

static const struct size {
	uint8_t width, height;
} sizes[] = { { 128, 64 }, { 128, 32 }, { 64, 128 }, { 32, 128 } };

static int open_font(void **state)
{
	char error[160];

	(void)state;
	return font_file_open(&font, GOLDEN_DIR "/glyphs.hex", error, sizeof(error));
}

static int close_font(void **state)
{
	(void)state;
	font = font_file_close(font);
	return 0;
}

static void assert_sized(const char *name, const struct size *size)
{
	char sized[64];

	if (size->height == 64)
		text_format(sized, sizeof(sized), "%s", name);
	else
		text_format(sized, sizeof(sized), "%s_%dx%d", name, size->width,
			    size->height);
	assert_golden(&canvas, sized);
}

#define ON_EVERY_PANEL(name, call)                                                       \
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {                                 \
		canvas_init(&canvas, sizes[i].width, sizes[i].height);                   \
		call;                                                                    \
		assert_sized(name, &sizes[i]);                                           \
	}

static void add(struct history *h, const char *topic, const char *payload)
{
	history_add(h, topic, payload, strlen(payload));
}

static void lists_the_last_messages(void **state)
{
	struct history h = { 0 };

	(void)state;
	canvas_init(&canvas, 128, 64);
	screen_draw_messages(&canvas, font, &h);
	assert_golden(&canvas, "screen_messages_none");
	add(&h, "home/old", "pushed out");
	add(&h, "home/garden/soil/moisture/front", "41 %");
	add(&h, "home/door", "open\nby the cat");
	add(&h, "home/门", "");
	add(&h, "home/温度", "客厅 25°C");
	add(&h, "/public/01Studio/2", "Hello from the other side");
	ON_EVERY_PANEL("screen_messages", screen_draw_messages(&canvas, font, &h));
}

static void keeps_a_few_of_them(void **state)
{
	struct history h = { 0 };
	char topic[300], number[24];

	(void)state;
	assert_null(history_get(&h, 0));
	for (int i = 0; i < 20; i++) {
		memset(topic, 'a' + i, sizeof(topic) - 1);
		topic[sizeof(topic) - 1] = '\0';
		memcpy(topic + 150, "é", 2); /* may be cut there */
		add(&h, topic + i, text_format(number, sizeof(number), "%d", i));
	}
	for (size_t i = 0; i < HISTORY_MAX; i++) {
		const struct history_entry *e = history_get(&h, i);

		assert_non_null(e);
		assert_string_equal(
			e->text, text_format(number, sizeof(number), "%d", 19 - (int)i));
		assert_int_equal(e->topic[strlen(e->topic) - 1], 'a' + 19 - (int)i);
		assert_true(text_utf8_valid(e->topic, strlen(e->topic)));
	}
	assert_null(history_get(&h, HISTORY_MAX));
}

static void shows_traffic_and_bus_figures(void **state)
{
	const struct figures f = { .link_up = true,
				   .link_mbit = 100,
				   .spi_speed_hz = 31250000,
				   .rx_frames = 1234,
				   .rx_bytes = 1234567,
				   .tx_frames = 87,
				   .tx_bytes = 9949,
				   .bus_messages = 410,
				   .bus_errors = 3,
				   .published = 4567,
				   .received = 123,
				   .connects = 2 };
	const struct figures idle = { .spi_speed_hz = 8000000 },
			     most = { .rx_frames = UINT64_MAX,
				      .rx_bytes = UINT64_MAX,
				      .tx_frames = 999,
				      .tx_bytes = 1000,
				      .bus_messages = 999500,
				      .published = UINT64_MAX };

	(void)state;
	ON_EVERY_PANEL("screen_figures", screen_draw_figures(&canvas, &f));
	canvas_init(&canvas, 128, 64);
	screen_draw_figures(&canvas, &idle);
	assert_golden(&canvas, "screen_figures_idle");
	canvas_init(&canvas, 128, 64);
	screen_draw_figures(&canvas, &most);
	assert_golden(&canvas, "screen_figures_most");
}

static void a_thermometer_has_big_digits(void **state)
{
	static const struct item_view items[] = {
		{ .kind = ITEM_DIGITS, .label = "", .text = "21.5°C" },
		{ .kind = ITEM_TEXT, .label = "Window", .text = "closed" },
	};

	(void)state;
	ON_EVERY_PANEL("screen_items_thermometer",
		       screen_draw_items(&canvas, font, "Living room", items, 2));
}

static void texts_digits_and_bars_share_a_page(void **state)
{
	static const struct item_view items[] = {
		{ .kind = ITEM_DIGITS, .label = "Outside", .text = "-7.5" },
		{ .kind = ITEM_BAR,
		  .label = "Tank",
		  .text = "62 %",
		  .known = true,
		  .portion = 0.62 },
		{ .kind = ITEM_TEXT, .label = "Door", .text = "open" },
	};

	(void)state;
	ON_EVERY_PANEL("screen_items_mixed",
		       screen_draw_items(&canvas, font, "", items, 3));
}

static void labels_and_values_may_be_chinese(void **state)
{
	static const struct item_view items[] = {
		{ .kind = ITEM_TEXT, .label = "温度", .text = "25°C" },
		{ .kind = ITEM_BAR, .label = "湿度", .text = "-" },
	};

	(void)state;
	ON_EVERY_PANEL("screen_items_chinese",
		       screen_draw_items(&canvas, font, "客厅", items, 2));
}

static void a_title_gives_way_when_nothing_else_would_be_there(void **state)
{
	static const struct item_view tank = { .kind = ITEM_BAR,
					       .label = "湿度",
					       .text = "62 %",
					       .known = true,
					       .portion = 0.62 };

	(void)state;
	canvas_init(&canvas, 128, 32);
	screen_draw_items(&canvas, font, "客厅", &tank, 1);
	assert_golden(&canvas, "screen_items_no_title_128x32");
}

static void what_does_not_fit_is_cut(void **state)
{
	static const struct item_view items[] = {
		{ .kind = ITEM_TEXT,
		  .label = "A label that is long",
		  .text = "and a value that is longer still" },
		{ .kind = ITEM_DIGITS,
		  .label = "Digits",
		  .text = "12345678901234567890123456789" },
		{ .kind = ITEM_BAR,
		  .label = "",
		  .text = "",
		  .known = true,
		  .portion = 1 },
		{ .kind = ITEM_BAR,
		  .label = "",
		  .text = "",
		  .known = true,
		  .portion = 0 },
		{ .kind = ITEM_DIGITS, .label = "", .text = "1" },
		{ .kind = ITEM_TEXT, .label = "", .text = "" },
		{ .kind = ITEM_TEXT, .label = "too", .text = "much" },
		{ .kind = ITEM_DIGITS, .label = "too", .text = "much" },
	};

	(void)state;
	ON_EVERY_PANEL("screen_items_too_much",
		       screen_draw_items(&canvas, font, "A title that is too long for it",
					 items, ARRAY_SIZE(items)));
}

static void has_a_last_word(void **state)
{
	(void)state;
	ON_EVERY_PANEL("screen_last_word", screen_draw_last_word(&canvas));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_the_last_messages),
		cmocka_unit_test(keeps_a_few_of_them),
		cmocka_unit_test(shows_traffic_and_bus_figures),
		cmocka_unit_test(a_thermometer_has_big_digits),
		cmocka_unit_test(texts_digits_and_bars_share_a_page),
		cmocka_unit_test(labels_and_values_may_be_chinese),
		cmocka_unit_test(a_title_gives_way_when_nothing_else_would_be_there),
		cmocka_unit_test(what_does_not_fit_is_cut),
		cmocka_unit_test(has_a_last_word),
	};

	return cmocka_run_group_tests_name("screen_items", tests, open_font, close_font);
}
