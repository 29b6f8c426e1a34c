// SPDX-License-Identifier: MIT
/* test_screen.c — every page against a picture reviewed by eye */
#include "mqttnode/screen.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "picture.h"
#include "unit.h"

#include "mqttnode/font.h"

static struct canvas canvas;

static int set_up(void **state)
{
	(void)state;
	canvas_init(&canvas, 128, 64);
	return 0;
}

static struct facts_view facts_of(const char *address, uint8_t prefix_len,
				  const char *gateway)
{
	struct facts_view facts = { .prefix_len = prefix_len };

	assert_int_equal(inet_pton(AF_INET, address, &facts.address), 1);
	assert_int_equal(inet_pton(AF_INET, gateway, &facts.gateway), 1);
	return facts;
}

static void the_address_page_is_the_lessons(void **state)
{
	static const struct {
		int y;
		const char *text;
	} lines[] = { { 0, "IP/Subnet/GW:" },
		      { 20, "192.168.100.200" },
		      { 38, "255.255.255.0" },
		      { 56, "192.168.100.1" } };
	struct facts_view facts = facts_of("192.168.100.200", 24, "192.168.100.1");
	struct canvas expected;

	(void)state;
	screen_draw_address(&canvas, &facts);
	assert_golden(&canvas, "screen_address");
	/* and once more from the lesson's text: four strings at x 0 and these rows */
	canvas_init(&expected, 128, 64);
	for (size_t i = 0; i < 4; i++)
		(void)font_draw_text(&expected, 0, lines[i].y, lines[i].text,
				     strlen(lines[i].text));
	assert_memory_equal(&canvas, &expected, sizeof(canvas));
}

static void a_network_without_gateway_says_so(void **state)
{
	struct facts_view facts = facts_of("10.0.0.5", 8, "0.0.0.0");

	(void)state;
	screen_draw_address(&canvas, &facts);
	assert_golden(&canvas, "screen_address_no_gateway");
}

static struct ladder_view view_up_to(enum rung top)
{
	struct ladder_view view = { .first_bad = -1 };

	for (int i = 0; i < RUNGS; i++)
		view.rungs[i].state = i < (int)top ? RUNG_STATE_OK : RUNG_STATE_WAITING;
	return view;
}

static void the_ladder_page_explains_the_failing_rung(void **state)
{
	struct ladder_view view = view_up_to(RUNG_TCP);

	(void)state;
	view.rungs[RUNG_ROUTE].state = RUNG_STATE_UNUSED;
	view.rungs[RUNG_TCP].state = RUNG_STATE_FAILED;
	view.first_bad = RUNG_TCP;
	snprintf(view.rungs[RUNG_TCP].text, LADDER_TEXT_SIZE,
		 "10.77.0.1:1883 refused the connection: no broker is listening there");
	screen_draw_ladder(&canvas, &view);
	assert_golden(&canvas, "screen_ladder_failed");
}

static void the_ladder_page_shows_what_is_tried(void **state)
{
	struct ladder_view view = view_up_to(RUNG_ADDRESS);

	(void)state;
	view.rungs[RUNG_ADDRESS].state = RUNG_STATE_TRYING;
	view.first_bad = RUNG_ADDRESS;
	snprintf(view.rungs[RUNG_ADDRESS].text, LADDER_TEXT_SIZE,
		 "No answer from a DHCP server (12 s)");
	screen_draw_ladder(&canvas, &view);
	assert_golden(&canvas, "screen_ladder_trying");
}

static void a_cause_that_is_too_long_is_cut_visibly(void **state)
{
	struct ladder_view view = view_up_to(RUNG_CHIP);

	(void)state;
	view.rungs[RUNG_CHIP].state = RUNG_STATE_FAILED;
	view.first_bad = RUNG_CHIP;
	memset(view.rungs[RUNG_CHIP].text, 'W', LADDER_TEXT_SIZE - 1);
	screen_draw_ladder(&canvas, &view);
	assert_golden(&canvas, "screen_ladder_long");
}

static void before_anything_is_known_it_is_starting(void **state)
{
	struct ladder_view view = view_up_to(RUNG_CHIP);

	(void)state;
	screen_draw_ladder(&canvas, &view);
	assert_golden(&canvas, "screen_ladder_starting");
}

static void show_message(const char *topic, const void *payload, size_t len,
			 const char *golden)
{
	screen_draw_message(&canvas, topic, payload, len);
	assert_golden(&canvas, golden);
}

static void a_message_shows_topic_and_payload(void **state)
{
	(void)state;
	show_message("/public/01Studio/2", "Hello from the lesson!", 22,
		     "screen_message");
}

static void a_short_topic_leaves_room_for_the_payload(void **state)
{
	static const char text[] = "one\ntwo\nthree\nfour\nfive\nsix\nseven";

	(void)state;
	show_message("a/b", text, strlen(text), "screen_message_lines");
}

static void a_hostile_payload_is_tame(void **state)
{
	static const char payload[] =
		"\033[2J\033[31mred\0nul \xff\xfe \xe6\xb8\xa9 25\xc2\xb0";

	(void)state;
	show_message("t", payload, sizeof(payload) - 1, "screen_message_hostile");
}

static void an_empty_payload_is_told(void **state)
{
	(void)state;
	show_message("t", NULL, 0, "screen_message_empty");
}

static void a_huge_payload_is_cut_visibly(void **state)
{
	static char payload[5 << 20];

	(void)state;
	memset(payload, 'x', sizeof(payload));
	show_message("t", payload, sizeof(payload), "screen_message_huge");
}

#define CASE(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CASE(the_address_page_is_the_lessons),
		CASE(a_network_without_gateway_says_so),
		CASE(the_ladder_page_explains_the_failing_rung),
		CASE(the_ladder_page_shows_what_is_tried),
		CASE(a_cause_that_is_too_long_is_cut_visibly),
		CASE(before_anything_is_known_it_is_starting),
		CASE(a_message_shows_topic_and_payload),
		CASE(a_short_topic_leaves_room_for_the_payload),
		CASE(a_hostile_payload_is_tame),
		CASE(an_empty_payload_is_told),
		CASE(a_huge_payload_is_cut_visibly),
	};

	return cmocka_run_group_tests_name("screen", tests, NULL, NULL);
}
