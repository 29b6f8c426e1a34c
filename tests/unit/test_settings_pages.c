// SPDX-License-Identifier: MIT
/* test_settings_pages.c — the pages of the display, and where their values come from */
#include "mqttnode/settings.h"

#include <string.h>

#include "temp_dir.h"
#include "unit.h"

static struct settings *load(const char *text)
{
	struct settings_report report = { 0 };
	struct settings *s = NULL;

	temp_file("t.conf", text);
	assert_int_equal(settings_load(&s, "t.conf", &report), 0);
	assert_int_equal(report.n_warnings, 0);
	settings_report_clear(&report);
	return s;
}

static void takes_every_kind_of_page_and_item(void **state)
{
	_cleanup_(settings_freep) struct settings *s = load(
		"mqtt: { host = \"h\"; };\n"
		"oled: { page_time = 4; pages: (\n"
		"  { show = \"address\"; }, { show = \"ladder\"; },\n"
		"  { show = \"messages\"; }, { show = \"traffic\"; },\n"
		"  { title = \"On {hostname}\"; items: (\n"
		"    { topic = \"a\"; },\n"
		"    { show = \"digits\"; label = \"L\"; text = \"{ip} {value}\"; },\n"
		"    { show = \"bar\"; topic = \"b\"; min = -5; max = 2.5; } ); }\n"
		"); };\n");
	const struct item_settings *items;

	(void)state;
	assert_int_equal(s->oled.page_time_ms, 4000);
	assert_int_equal(s->oled.n_pages, 5);
	assert_int_equal(s->oled.pages[0].kind, PAGE_ADDRESS);
	assert_int_equal(s->oled.pages[1].kind, PAGE_LADDER);
	assert_int_equal(s->oled.pages[2].kind, PAGE_MESSAGES);
	assert_int_equal(s->oled.pages[3].kind, PAGE_TRAFFIC);
	assert_null(s->oled.pages[3].title);
	assert_int_equal(s->oled.pages[4].kind, PAGE_ITEMS);
	assert_string_equal(s->oled.pages[4].title, "On {hostname}");
	assert_int_equal(s->oled.pages[4].n_items, 3);
	items = s->oled.pages[4].items;
	assert_int_equal(items[0].kind, ITEM_TEXT);
	assert_string_equal(items[0].text, "{value}");
	assert_null(items[0].label);
	assert_int_equal(items[1].kind, ITEM_DIGITS);
	assert_string_equal(items[1].label, "L");
	assert_null(items[1].topic);
	assert_int_equal(items[2].kind, ITEM_BAR);
	assert_true(items[2].min < -4.9 && items[2].min > -5.1);
	assert_true(items[2].max < 2.6 && items[2].max > 2.4);
}

#define ITEMS                                                                            \
	"pages: ( { items: ( { topic = \"in/a\"; }, { topic = \"out\"; },"               \
	" { topic = \"far\"; }, { topic = \"far\"; } ); } );"

static void topics_of_items_are_subscribed_to_if_nothing_brings_them(void **state)
{
	_cleanup_(settings_freep) struct settings *s =
		load("mqtt: { host = \"h\";\n"
		     "  publish: ( { topic = \"out\"; text = \"x\"; } );\n"
		     "  subscribe: ( { topic = \"in/#\"; actions = [ \"journal\" ]; },\n"
		     "               { topic = \"in/b\"; } ); };\n"
		     "oled: { " ITEMS " };\n");
	const struct mqtt_settings *m = &s->mqtt;

	(void)state;
	assert_int_equal(m->n_subscribe, 3);
	assert_int_equal(m->subscribe[0].actions,
			 SUBSCRIPTION_JOURNAL | SUBSCRIPTION_PAGE);
	assert_int_equal(m->subscribe[1].actions,
			 SUBSCRIPTION_JOURNAL | SUBSCRIPTION_OLED);
	assert_string_equal(m->subscribe[2].topic, "far");
	assert_int_equal(m->subscribe[2].actions, SUBSCRIPTION_PAGE);
	assert_int_equal(m->subscribe[2].qos, 0);
	assert_int_equal(m->subscribe[2].max_size, 4096);
}

static void without_a_display_nothing_is_subscribed_to_for_it(void **state)
{
	_cleanup_(settings_freep) struct settings *s =
		load("mqtt: { host = \"h\"; };\noled: { i2c = \"\"; " ITEMS " };\n");

	(void)state;
	assert_int_equal(s->mqtt.n_subscribe, 0);
	assert_int_equal(s->oled.n_pages, 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_every_kind_of_page_and_item),
		cmocka_unit_test(
			topics_of_items_are_subscribed_to_if_nothing_brings_them),
		cmocka_unit_test(without_a_display_nothing_is_subscribed_to_for_it),
	};

	return cmocka_run_group_tests_name("settings_pages", tests, temp_dir_enter,
					   temp_dir_leave);
}
