// SPDX-License-Identifier: MIT
/*
 * test_pages.c — which picture is shown when
 *
 * Drawing and display are faked at link time: a fake page is a few bytes that
 * tell what was drawn. Timers fire as soon as the event loop runs.
 */
#include "mqttnode/pages.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include "mqttnode/figures.h"
#include "mqttnode/screen.h"

enum drawn {
	DRAWN_NOTHING,
	DRAWN_ADDRESS,
	DRAWN_LADDER,
	DRAWN_MESSAGE,
	DRAWN_MESSAGES,
	DRAWN_FIGURES,
	DRAWN_ITEMS,
	DRAWN_LAST_WORD,
};

static unsigned int posts, wakes, measured;
static struct canvas posted;
static uint64_t delay_us;
static size_t lines; /* of what can be scrolled; one is visible */
static char message[64], title[64];
static struct item_view items[2];

void screen_draw_address(struct canvas *c, const struct facts_view *facts)
{
	c->data[0] = DRAWN_ADDRESS;
	c->data[1] = facts->prefix_len;
}

bool screen_draw_ladder(struct canvas *c, struct font_file *font,
			const struct ladder_view *view, size_t first)
{
	(void)font;
	c->data[0] = DRAWN_LADDER;
	c->data[1] = (uint8_t)view->first_bad;
	c->data[2] = (uint8_t)first;
	return view->first_bad >= 0 && first + 1 < lines;
}

bool screen_draw_message(struct canvas *c, struct font_file *font, const char *topic,
			 const char *payload, size_t len, size_t first)
{
	(void)font;
	assert_string_equal(topic, "a/b");
	assert_true(len < sizeof(message));
	memcpy(message, payload, len);
	message[len] = '\0';
	c->data[0] = DRAWN_MESSAGE;
	c->data[1] = len > 0 ? (uint8_t)payload[0] : 0;
	c->data[2] = (uint8_t)first;
	return first + 1 < lines;
}

void screen_draw_messages(struct canvas *c, struct font_file *font,
			  const struct history *history)
{
	(void)font;
	c->data[0] = DRAWN_MESSAGES;
	c->data[1] = (uint8_t)history->n;
}

void screen_draw_figures(struct canvas *c, const struct figures *figures)
{
	c->data[0] = DRAWN_FIGURES;
	c->data[1] = (uint8_t)figures->published;
}

void screen_draw_items(struct canvas *c, struct font_file *font, const char *heading,
		       const struct item_view *views, size_t n)
{
	(void)font;
	assert_int_equal(n, 2);
	memcpy(items, views, sizeof(items));
	strcpy(title, heading);
	c->data[0] = DRAWN_ITEMS;
	strcpy((char *)c->data + 1, views[0].text);
}

void screen_draw_last_word(struct canvas *c)
{
	c->data[0] = DRAWN_LAST_WORD;
}

void figures_measure(struct figures_meter *meter, struct pump *pump, struct mqtt *mqtt,
		     uint64_t now_ns, struct figures *ret)
{
	(void)meter;
	(void)pump;
	(void)mqtt;
	(void)now_ns;
	*ret = (struct figures){ .published = ++measured };
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

/* --- a rig ------------------------------------------------------------------ */

static char none[] = "", temperature[] = "t/temperature", fill[] = "t/fill",
	    value[] = "{value} °C", plain[] = "{value}", heading[] = "On {hostname}";
static struct item_settings item_settings[] = {
	{ .kind = ITEM_TEXT, .topic = temperature, .text = value },
	{ .kind = ITEM_BAR, .topic = fill, .text = plain, .min = 0, .max = 200 },
};
static struct page_settings page_settings[] = {
	{ .kind = PAGE_ADDRESS },
	{ .kind = PAGE_MESSAGES },
	{ .kind = PAGE_TRAFFIC },
	{ .kind = PAGE_LADDER },
	{ .kind = PAGE_ITEMS, .title = heading, .items = item_settings, .n_items = 2 },
};

struct rig {
	struct oled_settings settings;
	struct ladder_view view;
	struct facts *facts;
	struct queue *inbox;
	struct pages *pages;
	sd_event *event;
};

static struct rig rig;

static void make(size_t n_pages)
{
	const struct facts_view self = { .prefix_len = 24, .hostname = "node" };

	rig = (struct rig){ .settings = { .width = 128,
					  .height = 64,
					  .message_time_ms = 5000,
					  .page_time_ms = 8000,
					  .font_file = none,
					  .pages = page_settings,
					  .n_pages = n_pages },
			    .view = { .online = true, .first_bad = -1 } };
	posts = 0;
	lines = 1;
	assert_true(sd_event_new(&rig.event) >= 0);
	assert_int_equal(facts_new(&rig.facts), 0);
	facts_set(rig.facts, &self);
	assert_int_equal(queue_new(&rig.inbox, 100, mqtt_message_free), 0);
	assert_int_equal(pages_new(&rig.pages, rig.event, NULL, rig.facts, &rig.settings,
				   CHARSET_GB18030),
			 0);
	pages_update(rig.pages, &rig.view);
	wakes = 0;
}

static int tear_down(void **state)
{
	(void)state;
	rig.pages = pages_free(rig.pages);
	rig.inbox = queue_free(rig.inbox);
	rig.facts = facts_free(rig.facts);
	rig.event = sd_event_unref(rig.event);
	return 0;
}

static void put(const char *topic, const char *payload, unsigned int actions)
{
	struct mqtt_message *m = mqtt_message_new(topic, payload, strlen(payload));

	assert_non_null(m);
	m->actions = actions;
	assert_int_equal(queue_push(rig.inbox, m), 0);
}

static void arrives(const char *payload)
{
	put("a/b", payload, SUBSCRIPTION_OLED | SUBSCRIPTION_JOURNAL);
	pages_read(rig.pages, rig.inbox);
}

static void fails(int rung, enum rung_state state, bool online)
{
	memset(&rig.view.rungs, 0, sizeof(rig.view.rungs));
	rig.view.first_bad = rung;
	rig.view.online = online;
	if (rung >= 0)
		rig.view.rungs[rung].state = state;
	pages_update(rig.pages, &rig.view);
}

/* Lets the timer fire, which must be set to @after_ms. */
static void time_passes(uint64_t after_ms)
{
	assert_int_equal(delay_us, after_ms * 1000);
	assert_true(sd_event_run(rig.event, 1000000) > 0);
}

/* Lets the loop run once; nothing may happen. */
static void nothing_happens(void)
{
	unsigned int before = posts;

	assert_int_equal(sd_event_run(rig.event, 0), 0);
	assert_int_equal(posts, before);
}

static void assert_shown(enum drawn what, uint8_t detail)
{
	assert_int_equal(posted.data[0], what);
	assert_int_equal(posted.data[1], detail);
}

static void assert_shown_line(enum drawn what, uint8_t first)
{
	assert_int_equal(posted.data[0], what);
	assert_int_equal(posted.data[2], first);
}

/* --- what is shown when ------------------------------------------------------ */

static void without_pages_it_is_the_address(void **state)
{
	(void)state;
	make(0);
	assert_shown(DRAWN_ADDRESS, 24);
	assert_int_equal(posted.width, 128);
	pages_update(rig.pages, &rig.view); /* the same picture is not posted again */
	pages_tick(rig.pages, NULL, NULL);
	assert_int_equal(posts, 1);
	nothing_happens();
}

static void what_is_not_all_right_takes_the_place_of_the_pages(void **state)
{
	(void)state;
	make(5);
	fails(RUNG_LINK, RUNG_STATE_FAILED, false);
	assert_shown(DRAWN_LADDER, RUNG_LINK);
	assert_int_equal(wakes, 1);
	pages_update(rig.pages, &rig.view); /* no news */
	assert_int_equal(wakes, 1);
	nothing_happens();
	fails(RUNG_ADDRESS, RUNG_STATE_TRYING, false);
	assert_shown(DRAWN_LADDER, RUNG_ADDRESS);
	fails(-1, RUNG_STATE_OK, false); /* the top is not reached yet */
	assert_shown(DRAWN_LADDER, (uint8_t)-1);
	fails(-1, RUNG_STATE_OK, true);
	assert_shown(DRAWN_ADDRESS, 24);
}

static void a_message_is_shown_for_its_time(void **state)
{
	(void)state;
	make(0);
	arrives("x");
	assert_shown(DRAWN_MESSAGE, 'x');
	assert_int_equal(wakes, 1);
	arrives("y");
	assert_shown(DRAWN_MESSAGE, 'y');
	put("a/b", "1", SUBSCRIPTION_OLED);
	put("a/b", "2", SUBSCRIPTION_OLED);
	put("c", "3", SUBSCRIPTION_JOURNAL); /* not for us */
	pages_read(rig.pages, rig.inbox);
	assert_shown(DRAWN_MESSAGE, '2');
	arrives("");
	assert_shown(DRAWN_MESSAGE, 0);
	time_passes(5000);
	assert_shown(DRAWN_ADDRESS, 24);
	nothing_happens();
}

static void a_long_message_is_scrolled_and_then_has_its_time(void **state)
{
	(void)state;
	make(0);
	lines = 3;
	arrives("long");
	assert_shown_line(DRAWN_MESSAGE, 0);
	time_passes(3000);
	assert_shown_line(DRAWN_MESSAGE, 1);
	time_passes(1000);
	assert_shown_line(DRAWN_MESSAGE, 2);
	arrives("next"); /* begins anew */
	assert_shown_line(DRAWN_MESSAGE, 0);
	time_passes(3000);
	time_passes(1000);
	assert_shown_line(DRAWN_MESSAGE, 2);
	time_passes(5000);
	assert_shown(DRAWN_ADDRESS, 24);
}

static void a_new_failure_ends_a_message(void **state)
{
	(void)state;
	make(0);
	arrives("x");
	fails(RUNG_LINK, RUNG_STATE_FAILED, false);
	assert_shown(DRAWN_LADDER, RUNG_LINK);
	nothing_happens();

	fails(-1, RUNG_STATE_OK, true);
	arrives("y");
	fails(RUNG_SUBACK, RUNG_STATE_FAILED, true);
	assert_shown(DRAWN_LADDER, RUNG_SUBACK);

	/* one that is known lets messages through, for their time */
	arrives("z");
	assert_shown(DRAWN_MESSAGE, 'z');
	pages_update(rig.pages, &rig.view);
	assert_shown(DRAWN_MESSAGE, 'z');
	fails(RUNG_ROUTE, RUNG_STATE_TRYING, true); /* no failure yet */
	assert_shown(DRAWN_MESSAGE, 'z');
	fails(RUNG_ROUTE, RUNG_STATE_FAILED, true);
	assert_shown(DRAWN_LADDER, RUNG_ROUTE);
	arrives("z");
	time_passes(5000);
	assert_shown(DRAWN_LADDER, RUNG_ROUTE);
}

static void a_long_cause_is_scrolled_in_circles(void **state)
{
	(void)state;
	make(0);
	lines = 3;
	fails(RUNG_CHIP, RUNG_STATE_FAILED, false);
	for (int round = 0; round < 2; round++) {
		assert_shown_line(DRAWN_LADDER, 0);
		time_passes(3000);
		assert_shown_line(DRAWN_LADDER, 1);
		time_passes(1000);
		assert_shown_line(DRAWN_LADDER, 2);
		time_passes(3000);
	}
	time_passes(3000);
	assert_shown_line(DRAWN_LADDER, 1);
	fails(RUNG_LINK, RUNG_STATE_FAILED, false); /* another one begins anew */
	assert_shown_line(DRAWN_LADDER, 0);
}

static void a_cause_that_grows_begins_to_move(void **state)
{
	(void)state;
	make(0);
	fails(RUNG_CHIP, RUNG_STATE_FAILED, false);
	nothing_happens();
	lines = 2;
	pages_update(rig.pages, &rig.view);
	time_passes(3000);
	assert_shown_line(DRAWN_LADDER, 1);
}

static void pages_take_turns(void **state)
{
	(void)state;
	make(5);
	for (int round = 0; round < 2; round++) {
		assert_shown(DRAWN_ADDRESS, 24);
		time_passes(8000);
		assert_shown(DRAWN_MESSAGES, 0);
		time_passes(8000);
		assert_int_equal(posted.data[0], DRAWN_FIGURES);
		time_passes(8000);
		assert_shown(DRAWN_LADDER, (uint8_t)-1);
		time_passes(8000);
		assert_int_equal(posted.data[0], DRAWN_ITEMS);
		time_passes(8000);
	}
	/* after a message the same page is back, and has its whole time */
	time_passes(8000);
	arrives("x");
	time_passes(5000);
	assert_shown(DRAWN_MESSAGES, 1);
	time_passes(8000);
	assert_int_equal(posted.data[0], DRAWN_FIGURES);
}

static void figures_are_measured_and_drawn_each_second(void **state)
{
	(void)state;
	make(5);
	measured = 0;
	pages_tick(rig.pages, NULL, NULL);
	assert_shown(DRAWN_ADDRESS, 24);
	time_passes(8000);
	time_passes(8000);
	assert_shown(DRAWN_FIGURES, 1);
	pages_tick(rig.pages, NULL, NULL);
	assert_shown(DRAWN_FIGURES, 2);
}

static void items_show_the_last_value_of_their_topic(void **state)
{
	(void)state;
	make(5);
	for (int i = 0; i < 4; i++)
		time_passes(8000);
	assert_string_equal(title, "On node");
	assert_string_equal(items[0].text, "- °C");
	assert_false(items[1].known);

	put("t/temperature", "21.5\n", SUBSCRIPTION_PAGE);
	put("t/fill", "50 l", SUBSCRIPTION_PAGE | SUBSCRIPTION_JOURNAL);
	put("t/other", "1", SUBSCRIPTION_PAGE);
	pages_read(rig.pages, rig.inbox);
	assert_string_equal(items[0].text, "21.5 °C");
	assert_true(items[1].known);
	assert_true(items[1].portion > 0.249 && items[1].portion < 0.251);

	put("t/fill", "1e9", SUBSCRIPTION_PAGE);
	put("t/temperature", "22\033[2J", SUBSCRIPTION_PAGE);
	pages_read(rig.pages, rig.inbox);
	assert_true(items[1].portion >= 1 && items[1].portion <= 1);
	assert_string_equal(items[0].text, "22\\x1b[2J °C");
	put("t/fill", "nan", SUBSCRIPTION_PAGE);
	pages_read(rig.pages, rig.inbox);
	assert_false(items[1].known);
	put("t/fill", "-3", SUBSCRIPTION_PAGE);
	pages_read(rig.pages, rig.inbox);
	assert_true(items[1].known && items[1].portion >= 0 && items[1].portion <= 0);
}

static void what_we_publish_ourselves_is_shown_too(void **state)
{
	const struct mqtt_outgoing wanted = { .topic = temperature,
					      .payload = "7",
					      .len = 1 },
				   other = { .topic = "t/x", .payload = "8", .len = 1 };

	(void)state;
	make(5);
	for (int i = 0; i < 4; i++)
		time_passes(8000);
	items_published(&rig.settings, rig.inbox, &other);
	assert_int_equal(queue_length(rig.inbox), 0);
	items_published(&rig.settings, rig.inbox, &wanted);
	pages_read(rig.pages, rig.inbox);
	assert_string_equal(items[0].text, "7 °C");
	for (int i = 0; i < 200; i++) /* nobody reads: nothing grows */
		items_published(&rig.settings, rig.inbox, &wanted);
	assert_int_equal(queue_length(rig.inbox), 100);
}

static void payloads_of_desktop_tools_are_converted(void **state)
{
	(void)state;
	make(5);
	for (int i = 0; i < 4; i++)
		time_passes(8000);
	put("t/temperature", "\xce\xc2\xb6\xc8", SUBSCRIPTION_PAGE);
	pages_read(rig.pages, rig.inbox);
	assert_string_equal(items[0].text, "温度 °C");
	arrives("\xce\xc2\xb6\xc8");
	assert_string_equal(message, "温度");
}

static void the_last_word_is_the_last(void **state)
{
	(void)state;
	make(5);
	arrives("x");
	pages_stop(rig.pages);
	assert_int_equal(posted.data[0], DRAWN_LAST_WORD);
	arrives("y");
	fails(RUNG_LINK, RUNG_STATE_FAILED, false);
	pages_tick(rig.pages, NULL, NULL);
	assert_int_equal(posted.data[0], DRAWN_LAST_WORD);
	nothing_happens();
	assert_null(pages_free(NULL));
}

static void a_bad_font_is_no_reason_not_to_start(void **state)
{
	char path[] = "/dev/null";
	struct pages *pages = NULL;

	(void)state;
	make(0);
	rig.settings.font_file = path;
	assert_int_equal(pages_new(&pages, rig.event, NULL, rig.facts, &rig.settings,
				   CHARSET_NONE),
			 0);
	pages_free(pages);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_teardown(f, tear_down)
		TEST(without_pages_it_is_the_address),
		TEST(what_is_not_all_right_takes_the_place_of_the_pages),
		TEST(a_message_is_shown_for_its_time),
		TEST(a_long_message_is_scrolled_and_then_has_its_time),
		TEST(a_new_failure_ends_a_message),
		TEST(a_long_cause_is_scrolled_in_circles),
		TEST(a_cause_that_grows_begins_to_move),
		TEST(pages_take_turns),
		TEST(figures_are_measured_and_drawn_each_second),
		TEST(items_show_the_last_value_of_their_topic),
		TEST(what_we_publish_ourselves_is_shown_too),
		TEST(payloads_of_desktop_tools_are_converted),
		TEST(the_last_word_is_the_last),
		TEST(a_bad_font_is_no_reason_not_to_start),
#undef TEST
	};

	return cmocka_run_group_tests_name("pages", tests, NULL, NULL);
}
