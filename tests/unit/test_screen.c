// SPDX-License-Identifier: MIT
/* test_screen.c — the pages of the display, compared with reviewed pictures */
#include "mqttnode/screen.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "mqttnode/cleanup.h"
#include "mqttnode/text.h"
#include "picture.h"
#include "unit.h"

static struct canvas canvas;
static struct font_file *font;

/* The panels, and what a person sees of them when they stand on their side. */
static const struct size {
	uint8_t width, height;
} sizes[] = { { 128, 32 }, { 64, 128 }, { 32, 128 } };

static int set_up(void **state)
{
	(void)state;
	canvas_init(&canvas, 128, 64);
	return 0;
}

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

/* Compares with the picture @name for the size of the canvas. */
static void assert_sized(const char *name, const struct size *size)
{
	char sized[64];

	text_format(sized, sizeof(sized), "%s_%dx%d", name, size->width, size->height);
	assert_golden(&canvas, sized);
}

static struct facts_view facts(const char *address, uint8_t prefix_len,
			       const char *gateway)
{
	struct facts_view view = { .prefix_len = prefix_len };

	assert_int_equal(inet_pton(AF_INET, address, &view.address), 1);
	assert_int_equal(inet_pton(AF_INET, gateway, &view.gateway), 1);
	return view;
}

static void the_address_page_is_that_of_the_lesson(void **state)
{
	struct facts_view view = facts("192.168.1.117", 24, "192.168.1.1");

	(void)state;
	screen_draw_address(&canvas, &view);
	assert_golden(&canvas, "screen_address");
}

static void the_longest_addresses_fit(void **state)
{
	struct facts_view view = facts("192.168.100.200", 32, "255.255.255.254");

	(void)state;
	screen_draw_address(&canvas, &view);
	assert_golden(&canvas, "screen_address_long");
}

static void a_missing_gateway_is_named(void **state)
{
	struct facts_view view = facts("10.0.0.5", 8, "0.0.0.0");

	(void)state;
	screen_draw_address(&canvas, &view);
	assert_golden(&canvas, "screen_address_no_gateway");
}

static void the_address_page_fits_every_panel(void **state)
{
	struct facts_view view = facts("192.168.100.200", 24, "192.168.100.1");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		canvas_init(&canvas, sizes[i].width, sizes[i].height);
		screen_draw_address(&canvas, &view);
		assert_sized("screen_address", &sizes[i]);
	}
	view = facts("10.0.0.5", 8, "0.0.0.0");
	canvas_init(&canvas, 32, 128);
	screen_draw_address(&canvas, &view);
	assert_golden(&canvas, "screen_address_no_gateway_32x128");
	canvas_init(&canvas, 128, 32);
	screen_draw_address(&canvas, &view);
	assert_golden(&canvas, "screen_address_no_gateway_128x32");
}

/* A ladder whose rungs below @bad (RUNGS: all) are fine and above it wait. */
static struct ladder_view ladder_at(int bad, enum rung_state state, const char *text)
{
	struct ladder_view view = { .first_bad = bad };

	for (int i = 0; i < RUNGS; i++)
		view.rungs[i].state = i < bad ? RUNG_STATE_OK : RUNG_STATE_WAITING;
	view.rungs[RUNG_TLS].state = RUNG_STATE_UNUSED;
	if (bad >= 0 && bad < RUNGS) {
		view.rungs[bad].state = state;
		strcpy(view.rungs[bad].text, text);
	}
	return view;
}

static void check_ladder(int bad, enum rung_state state, const char *text,
			 const char *golden)
{
	struct ladder_view view = ladder_at(bad, state, text);

	assert_false(screen_draw_ladder(&canvas, font, &view, 0));
	assert_golden(&canvas, golden);
}

static void shows_a_missing_chip(void **state)
{
	(void)state;
	check_ladder(
		RUNG_CHIP, RUNG_STATE_FAILED,
		"There is no /dev/spidev0.0: enable SPI (Raspberry Pi: dtparam=spi=on in "
		"/boot/firmware/config.txt, then reboot)",
		"screen_ladder_chip");
}

static void shows_a_missing_cable(void **state)
{
	(void)state;
	check_ladder(RUNG_LINK, RUNG_STATE_FAILED, "No cable on the W5500",
		     "screen_ladder_link");
}

static void shows_that_it_waits_for_an_address(void **state)
{
	(void)state;
	check_ladder(RUNG_ADDRESS, RUNG_STATE_TRYING,
		     "No answer from a DHCP server (12 s)", "screen_ladder_address");
}

static void shows_what_the_broker_refused(void **state)
{
	(void)state;
	check_ladder(RUNG_CONNACK, RUNG_STATE_FAILED,
		     "Refused: bad user name or password", "screen_ladder_connack");
}

static void shows_all_rungs_when_all_are_used(void **state)
{
	struct ladder_view view = ladder_at(RUNG_SUBACK, RUNG_STATE_FAILED,
					    "Subscription to /public/01Studio/2 refused");

	(void)state;
	view.rungs[RUNG_TLS].state = RUNG_STATE_OK;
	assert_false(screen_draw_ladder(&canvas, font, &view, 0));
	assert_golden(&canvas, "screen_ladder_suback");
}

static void shows_that_nothing_is_known_yet(void **state)
{
	(void)state;
	check_ladder(-1, RUNG_STATE_WAITING, "", "screen_ladder_starting");
}

static void shows_a_ladder_without_trouble(void **state)
{
	struct ladder_view view = ladder_at(RUNGS, RUNG_STATE_OK, "");

	(void)state;
	view.first_bad = -1;
	view.online = true;
	assert_false(screen_draw_ladder(&canvas, font, &view, 0));
	assert_golden(&canvas, "screen_ladder_online");
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		canvas_init(&canvas, sizes[i].width, sizes[i].height);
		assert_false(screen_draw_ladder(&canvas, font, &view, 0));
		assert_sized("screen_ladder_online", &sizes[i]);
	}
}

static void a_cause_too_long_for_the_panel_is_scrolled(void **state)
{
	struct ladder_view view = ladder_at(
		RUNG_CONNACK, RUNG_STATE_FAILED,
		"There is no /dev/spidev0.0: enable SPI (Raspberry Pi: dtparam=spi=on in "
		"/boot/firmware/config.txt, then reboot)");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		canvas_init(&canvas, sizes[i].width, sizes[i].height);
		assert_int_equal(screen_draw_ladder(&canvas, font, &view, 0),
				 sizes[i].width != 64);
		assert_sized("screen_ladder_long", &sizes[i]);
	}
	canvas_init(&canvas, 128, 32);
	assert_true(screen_draw_ladder(&canvas, font, &view, 2));
	canvas_init(&canvas, 128, 32);
	assert_false(screen_draw_ladder(&canvas, font, &view, 3));
	assert_golden(&canvas, "screen_ladder_scrolled_128x32");
}

/* Draws a message and returns whether there is more to see. */
static bool draw_message(const char *topic, const char *payload, size_t len, size_t first)
{
	/* In memory of its own size, so that reading too far is noticed. */
	char *copy = NULL;
	bool more;

	if (len > 0) {
		copy = malloc(len);
		assert_non_null(copy);
		memcpy(copy, payload, len);
	}
	more = screen_draw_message(&canvas, font, topic, copy, len, first);
	free(copy);
	return more;
}

static void check_message(const char *topic, const char *payload, size_t len,
			  const char *golden)
{
	assert_false(draw_message(topic, payload, len, 0));
	assert_golden(&canvas, golden);
}

#define MESSAGE(topic, payload, golden)                                                  \
	check_message(topic, payload, sizeof(payload) - 1, golden)

static void shows_a_message(void **state)
{
	(void)state;
	MESSAGE("/public/01Studio/2", "Hello from the other side, this is MQTT!",
		"screen_message");
}

static void shows_a_short_topic_in_one_line(void **state)
{
	(void)state;
	MESSAGE("home/door", "open\r\nsince 12:00\nby the cat", "screen_message_lines");
}

static void shows_the_end_of_a_long_topic(void **state)
{
	(void)state;
	MESSAGE("factory/hall-7/line-3/oven/zone-12/temperature", "21.5 °C",
		"screen_message_long_topic");
}

static void a_long_payload_is_scrolled_up_to_its_size(void **state)
{
	char payload[10000];
	size_t first = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = i % 7 == 6 ? ' ' : (char)('a' + i / 7 % 26);
	assert_true(draw_message("log", payload, sizeof(payload), 0));
	assert_golden(&canvas, "screen_message_long");
	do {
		canvas_init(&canvas, 128, 64);
		first++;
	} while (draw_message("log", payload, sizeof(payload), first));
	assert_in_range(first, 50, 80);
	assert_golden(&canvas, "screen_message_long_end");
}

static void a_payload_that_is_a_little_too_long_is_drawn_small(void **state)
{
	(void)state;
	MESSAGE("home/news",
		"The quick brown fox jumps over the lazy dog, and the dog, which is not as "
		"lazy as they say, gets up and barks.",
		"screen_message_small");
}

static void shows_any_language(void **state)
{
	(void)state;
	MESSAGE("home/温度", "温度 25°C", "screen_message_chinese");
	set_up(NULL);
	MESSAGE("cafe/menu", "naïve façade\nCrème brûlée 4 €\nŁódź, Übergröße",
		"screen_message_accents");
	set_up(NULL);
	MESSAGE("news/gr", "Καλημέρα κόσμε\nПривет, мир",
		"screen_message_greek_cyrillic");
	set_up(NULL);
	MESSAGE("news/he", "שלום עולם\nטמפרטורה 25 (בבית)", "screen_message_hebrew");
	set_up(NULL);
	MESSAGE("news/emoji", "👍🏽 done 👨‍👩‍👧 ❤️ 🇩🇪!",
		"screen_message_emoji");
	set_up(NULL);
	MESSAGE("客厅/门", "客厅的门打开，请注意！设备在线 online",
		"screen_message_mixed");
}

static void shows_chinese_as_boxes_without_a_font_file(void **state)
{
	(void)state;
	assert_false(screen_draw_message(&canvas, NULL, "t", "温度 25°C",
					 strlen("温度 25°C"), 0));
	assert_golden(&canvas, "screen_message_no_file");
}

static void messages_fit_every_panel(void **state)
{
	static const char text[] = "温度 25°C\nnaïve façade";

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		canvas_init(&canvas, sizes[i].width, sizes[i].height);
		(void)draw_message("/public/01Studio/2", text, strlen(text), 0);
		assert_sized("screen_message", &sizes[i]);
	}
}

static void shows_bytes_that_are_no_text_as_numbers(void **state)
{
	(void)state;
	MESSAGE("raw", "\0\1\xff\033[2Jend\\ \xe2\x80\xae!", "screen_message_binary");
}

static void shows_that_a_message_is_empty(void **state)
{
	(void)state;
	MESSAGE("switch", "", "screen_message_empty");
}

static void shows_control_characters_of_a_topic_as_numbers(void **state)
{
	(void)state;
	MESSAGE("a\nb\033c", " ", "screen_message_odd_topic");
}

static void survives_any_payload(void **state)
{
	char payload[700], topic[300];

	(void)state;
	srand(1);
	for (int round = 0; round < 2000; round++) {
		size_t len = (size_t)rand() % sizeof(payload);

		for (size_t i = 0; i < len; i++)
			payload[i] = (char)(rand() % 8 ? rand() : '\n');
		for (size_t i = 0; i < sizeof(topic) - 1; i++)
			topic[i] = (char)(1 + rand() % 255);
		topic[1 + (size_t)rand() % (sizeof(topic) - 2)] = '\0';
		topic[sizeof(topic) - 1] = '\0';
		canvas_init(&canvas, 128, 64);
		(void)draw_message(topic, payload, len, (size_t)rand() % 30);
		/* The line under the topic is the only thing that is always there. */
		assert_true(canvas_get_pixel(&canvas, 64, 9) ||
			    canvas_get_pixel(&canvas, 64, 17) ||
			    canvas_get_pixel(&canvas, 64, 25) ||
			    canvas_get_pixel(&canvas, 64, 33));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_address_page_is_that_of_the_lesson, set_up),
		cmocka_unit_test_setup(the_longest_addresses_fit, set_up),
		cmocka_unit_test_setup(a_missing_gateway_is_named, set_up),
		cmocka_unit_test_setup(the_address_page_fits_every_panel, set_up),
		cmocka_unit_test_setup(shows_a_missing_chip, set_up),
		cmocka_unit_test_setup(shows_a_missing_cable, set_up),
		cmocka_unit_test_setup(shows_that_it_waits_for_an_address, set_up),
		cmocka_unit_test_setup(shows_what_the_broker_refused, set_up),
		cmocka_unit_test_setup(shows_all_rungs_when_all_are_used, set_up),
		cmocka_unit_test_setup(shows_that_nothing_is_known_yet, set_up),
		cmocka_unit_test_setup(shows_a_ladder_without_trouble, set_up),
		cmocka_unit_test_setup(a_cause_too_long_for_the_panel_is_scrolled,
				       set_up),
		cmocka_unit_test_setup(shows_a_message, set_up),
		cmocka_unit_test_setup(shows_a_short_topic_in_one_line, set_up),
		cmocka_unit_test_setup(shows_the_end_of_a_long_topic, set_up),
		cmocka_unit_test_setup(a_long_payload_is_scrolled_up_to_its_size, set_up),
		cmocka_unit_test_setup(a_payload_that_is_a_little_too_long_is_drawn_small,
				       set_up),
		cmocka_unit_test_setup(shows_any_language, set_up),
		cmocka_unit_test_setup(shows_chinese_as_boxes_without_a_font_file,
				       set_up),
		cmocka_unit_test_setup(messages_fit_every_panel, set_up),
		cmocka_unit_test_setup(shows_bytes_that_are_no_text_as_numbers, set_up),
		cmocka_unit_test_setup(shows_that_a_message_is_empty, set_up),
		cmocka_unit_test_setup(shows_control_characters_of_a_topic_as_numbers,
				       set_up),
		cmocka_unit_test_setup(survives_any_payload, set_up),
	};

	return cmocka_run_group_tests_name("screen", tests, open_font, close_font);
}
