// SPDX-License-Identifier: MIT
/*
 * test_settings_renamed.c — keys that had another name once
 *
 * The table of the program is replaced at link time.
 */
#include "mqttnode/settings.h"

#include <string.h>

#include "../../src/base/settings_schema.h"
#include "temp_dir.h"
#include "unit.h"

const struct settings_renamed settings_renamed[] = {
	{ "logging", "log_level", "7.0.0" },
	{ "mqtt.publish.every", "mqtt.publish.interval", "7.0.0" },
	{ "oled.brightness", "oled.contrast", "8.0.0" },
	{ NULL, NULL, NULL },
};

static struct settings *load(const char *text, struct settings_report *report)
{
	struct settings *s = NULL;

	temp_file("t.conf", text);
	(void)settings_load(&s, "t.conf", report);
	return s;
}

static void an_old_name_does_what_it_did_and_is_told_with_the_new_one(void **state)
{
	struct settings_report report = { 0 };
	struct settings *s;

	(void)state;
	s = load("logging = \"debug\";\n"
		 "mqtt: { host = \"h\"; publish: ( { topic = \"a\"; text = \"x\"; },\n"
		 "  { topic = \"b\"; text = \"x\"; every = 3; } ); };\n"
		 "oled: { brightness = 200; };\n",
		 &report);
	assert_non_null(s);
	assert_int_equal(s->log_level, 7);
	assert_int_equal(s->mqtt.publish[0].interval_ms, 1000);
	assert_int_equal(s->mqtt.publish[1].interval_ms, 3000);
	assert_int_equal(s->oled.contrast, 200);
	assert_int_equal(report.n_warnings, 3);
	assert_string_equal(
		report.warnings[0],
		"t.conf:1: logging: this key is called log_level now; the old "
		"name is accepted until version 7.0.0");
	assert_string_equal(report.warnings[1],
			    "t.conf:3: mqtt.publish[1].every: this key is called "
			    "mqtt.publish.interval now; the old name is accepted until "
			    "version 7.0.0");
	settings_free(s);
	settings_report_clear(&report);
}

static void a_bad_value_is_told_under_the_new_name(void **state)
{
	struct settings_report report = { 0 };

	(void)state;
	assert_null(load("mqtt: { host = \"h\"; };\noled: { brightness = 999; };\n",
			 &report));
	assert_int_equal(report.n_errors, 1);
	assert_string_equal(
		report.errors[0],
		"t.conf:2: oled.contrast: found 999; valid is a whole number from 0 to 255");
	settings_report_clear(&report);
}

static void both_names_are_one_too_many(void **state)
{
	struct settings_report report = { 0 };

	(void)state;
	assert_null(load("mqtt: { host = \"h\"; };\n"
			 "oled: { brightness = 9; contrast = 10; };\n",
			 &report));
	assert_int_equal(report.n_errors, 1);
	assert_string_equal(
		report.errors[0],
		"t.conf:2: oled.brightness: found beside oled.contrast, which is "
		"its name now; valid is the new name alone");
	settings_report_clear(&report);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			an_old_name_does_what_it_did_and_is_told_with_the_new_one),
		cmocka_unit_test(a_bad_value_is_told_under_the_new_name),
		cmocka_unit_test(both_names_are_one_too_many),
	};

	return cmocka_run_group_tests_name("settings_renamed", tests, temp_dir_enter,
					   temp_dir_leave);
}
