// SPDX-License-Identifier: MIT
/*
 * test_pages.c — which picture is shown when
 *
 * Drawing and display are faked at link time: a fake page is one lit pixel.
 */
#include "mqttnode/pages.h"

#include <string.h>

#include "unit.h"

#include "mqttnode/screen.h"

enum { PAGE_ADDRESS = 1, PAGE_LADDER, PAGE_MESSAGE };

static unsigned int posts, wakes;
static struct canvas posted;
static uint64_t delay_us;

void screen_draw_address(struct canvas *c, const struct facts_view *facts)
{
	c->data[0] = PAGE_ADDRESS;
	c->data[1] = facts->prefix_len;
}

bool screen_draw_ladder(struct canvas *c, struct font_file *font,
			const struct ladder_view *view, size_t first)
{
	(void)font;
	(void)first;
	c->data[0] = PAGE_LADDER;
	c->data[1] = (uint8_t)view->first_bad;
	return false;
}

bool screen_draw_message(struct canvas *c, struct font_file *font, const char *topic,
			 const char *payload, size_t len, size_t first)
{
	(void)font;
	(void)first;
	assert_string_equal(topic, "a/b");
	c->data[0] = PAGE_MESSAGE;
	if (len > 0)
		c->data[1] = (uint8_t)payload[0];
	return false;
}

void display_post(struct display *display, const struct canvas *picture)
{
	(void)display;
	posts++;
	posted = *picture;
}

void display_wake(struct display *display)
{
	(void)display;
	wakes++;
}

int __real_sd_event_source_set_time_relative(sd_event_source *s, uint64_t usec);
int __wrap_sd_event_source_set_time_relative(sd_event_source *s, uint64_t usec);
int __wrap_sd_event_source_set_time_relative(sd_event_source *s, uint64_t usec)
{
	delay_us = usec;
	return __real_sd_event_source_set_time_relative(s, 0);
}

static void shows_ladder_address_and_messages(void **state)
{
	static char i2c[] = "/dev/i2c-1", none[] = "";
	const struct oled_settings settings = { .i2c = i2c,
						.width = 128,
						.height = 64,
						.message_time_ms = 5000,
						.font_file = none };
	struct ladder_view view = { .first_bad = RUNG_LINK };
	struct facts_view self = { .prefix_len = 24 };
	_cleanup_(facts_freep) struct facts *facts = NULL;
	struct pages *pages;
	sd_event *event;

	(void)state;
	assert_true(sd_event_new(&event) >= 0);
	assert_int_equal(facts_new(&facts), 0);
	facts_set(facts, &self);
	assert_int_equal(pages_new(&pages, event, NULL, facts, &settings), 0);

	pages_update(pages, &view);
	assert_int_equal(posts, 1);
	assert_int_equal(wakes, 1);
	assert_int_equal(posted.width, 128);
	assert_int_equal(posted.data[0], PAGE_LADDER);
	assert_int_equal(posted.data[1], RUNG_LINK);
	pages_update(pages, &view); /* the same picture is not posted again */
	assert_int_equal(posts, 1);
	view.rungs[RUNG_LINK].text[0] = '?'; /* another word for it is no event */
	pages_update(pages, &view);
	assert_int_equal(wakes, 1);
	view.rungs[RUNG_LINK].state = RUNG_STATE_FAILED;
	pages_update(pages, &view);
	assert_int_equal(wakes, 2);

	/* nothing is broken, but the top is not reached yet */
	view.first_bad = -1;
	pages_update(pages, &view);
	assert_int_equal(posted.data[0], PAGE_LADDER);

	view.online = true;
	pages_update(pages, &view);
	assert_int_equal(posted.data[0], PAGE_ADDRESS);
	assert_int_equal(posted.data[1], 24);
	assert_int_equal(wakes, 4);

	pages_show_message(pages, "a/b", "x", 1);
	assert_int_equal(posted.data[0], PAGE_MESSAGE);
	assert_int_equal(delay_us, 5000000);
	assert_int_equal(wakes, 5);
	view.first_bad = RUNG_SUBACK; /* a failure waits until the message was seen */
	pages_update(pages, &view);
	assert_int_equal(posted.data[0], PAGE_MESSAGE);
	pages_show_message(pages, "a/b", "y", 1);
	assert_int_equal(posted.data[1], 'y');
	for (int i = 0; i < 3; i++)
		(void)sd_event_run(event, 1000);
	assert_int_equal(posted.data[0], PAGE_LADDER);
	assert_int_equal(posted.data[1], RUNG_SUBACK);

	assert_null(pages_free(pages));
	assert_null(pages_free(NULL));
	sd_event_unref(event);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(shows_ladder_address_and_messages),
	};

	return cmocka_run_group_tests_name("pages", tests, NULL, NULL);
}
