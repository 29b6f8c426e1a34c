// SPDX-License-Identifier: MIT
/* test_screen.c — the pages of the display, compared with reviewed pictures */
#include "mqttnode/screen.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "picture.h"
#include "unit.h"

static struct canvas canvas;

static int set_up(void **state)
{
	(void)state;
	canvas_init(&canvas, 128, 64);
	return 0;
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

	screen_draw_ladder(&canvas, &view);
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
	screen_draw_ladder(&canvas, &view);
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
	screen_draw_ladder(&canvas, &view);
	assert_golden(&canvas, "screen_ladder_online");
}

static void check_message(const char *topic, const char *payload, size_t len,
			  const char *golden)
{
	/* In memory of its own size, so that reading too far is noticed. */
	char *copy = NULL;

	if (len > 0) {
		copy = malloc(len);
		assert_non_null(copy);
		memcpy(copy, payload, len);
	}
	screen_draw_message(&canvas, topic, copy, len);
	free(copy);
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

static void shows_the_beginning_of_a_long_payload(void **state)
{
	char payload[10000];

	(void)state;
	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = i % 7 == 6 ? ' ' : (char)('a' + i / 7 % 26);
	check_message("log", payload, sizeof(payload), "screen_message_long");
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
		screen_draw_message(&canvas, topic, payload, len);
		/* The line under the topic is the only thing that is always there. */
		assert_true(canvas_get_pixel(&canvas, 64, 11) ||
			    canvas_get_pixel(&canvas, 64, 19));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_address_page_is_that_of_the_lesson, set_up),
		cmocka_unit_test_setup(the_longest_addresses_fit, set_up),
		cmocka_unit_test_setup(a_missing_gateway_is_named, set_up),
		cmocka_unit_test_setup(shows_a_missing_chip, set_up),
		cmocka_unit_test_setup(shows_a_missing_cable, set_up),
		cmocka_unit_test_setup(shows_that_it_waits_for_an_address, set_up),
		cmocka_unit_test_setup(shows_what_the_broker_refused, set_up),
		cmocka_unit_test_setup(shows_all_rungs_when_all_are_used, set_up),
		cmocka_unit_test_setup(shows_that_nothing_is_known_yet, set_up),
		cmocka_unit_test_setup(shows_a_ladder_without_trouble, set_up),
		cmocka_unit_test_setup(shows_a_message, set_up),
		cmocka_unit_test_setup(shows_a_short_topic_in_one_line, set_up),
		cmocka_unit_test_setup(shows_the_end_of_a_long_topic, set_up),
		cmocka_unit_test_setup(shows_the_beginning_of_a_long_payload, set_up),
		cmocka_unit_test_setup(shows_bytes_that_are_no_text_as_numbers, set_up),
		cmocka_unit_test_setup(shows_that_a_message_is_empty, set_up),
		cmocka_unit_test_setup(shows_control_characters_of_a_topic_as_numbers,
				       set_up),
		cmocka_unit_test_setup(survives_any_payload, set_up),
	};

	return cmocka_run_group_tests_name("screen", tests, NULL, NULL);
}
