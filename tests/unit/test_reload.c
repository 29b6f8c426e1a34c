// SPDX-License-Identifier: MIT
/* test_reload.c — what another configuration means for a daemon that runs */
#include "mqttnode/reload.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "temp_dir.h"
#include "unit.h"

static struct settings *load(const char *text)
{
	struct settings_report report = { 0 };
	struct settings *s = NULL;

	temp_file("node.conf", text);
	assert_int_equal(settings_load(&s, "node.conf", &report), 0);
	settings_report_clear(&report);
	return s;
}

static void append(void *ctx, const char *path)
{
	char *list = ctx;

	strcat(list, path);
	strcat(list, " ");
}

/* The keys in which two texts differ, each with a blank behind it. */
static const char *differences(const char *a, const char *b)
{
	static char list[1000];
	struct settings *x = load(a), *y = load(b);

	list[0] = '\0';
	settings_compare(x, y, append, list);
	settings_free(x);
	settings_free(y);
	return list;
}

static void finds_the_keys_that_differ(void **state)
{
	(void)state;
	assert_string_equal(
		differences("mqtt: { host = \"h\"; };", "mqtt: { host = \"h\"; };"), "");
	assert_string_equal(differences("mqtt: { host = \"a\"; };",
					"mqtt: { host = \"b\"; };\n"
					"ethernet: { spi_speed_hz = 8000000; };\n"
					"log_level = \"debug\";"),
			    "ethernet.spi_speed_hz log_level mqtt.host ");
}

static void a_default_that_is_written_down_is_no_difference(void **state)
{
	(void)state;
	assert_string_equal(
		differences("mqtt: { host = \"h\"; };",
			    "mqtt: { host = \"h\"; port = 1883; clean_session = true; "
			    "spool: { sync = 5; }; };\n"
			    "oled: { address = 0x3c; };"),
		"");
}

static void lists_are_compared_element_by_element(void **state)
{
	(void)state;
	assert_string_equal(
		differences(
			"mqtt: { host = \"h\"; publish: ( { topic = \"a\"; text = \"1\"; "
			"trigger = [ \"connect\" ]; } ); };",
			"mqtt: { host = \"h\"; publish: ( { topic = \"a\"; text = \"1\"; "
			"trigger = [ \"connect\", \"change\" ]; } ); };"),
		"mqtt.publish[0].trigger ");
	assert_non_null(strstr(
		differences(
			"mqtt: { host = \"h\"; };",
			"mqtt: { host = \"h\"; subscribe: ( { topic = \"a\"; } ); };"),
		"mqtt.subscribe[0].topic "));
}

static void a_group_without_a_value_is_a_difference(void **state)
{
	(void)state;
	assert_non_null(strstr(differences("mqtt: { host = \"h\"; };",
					   "mqtt: { host = \"h\"; tls: { }; };"),
			       "mqtt.tls "));
}

static void texts_cannot_imitate_each_other(void **state)
{
	(void)state;
	assert_string_equal(
		differences("mqtt: { host = \"h\"; publish: ( { topic = \"a\"; "
			    "command = [ \"/x\", \"a\\\",1\\\"b\" ]; } ); };",
			    "mqtt: { host = \"h\"; publish: ( { topic = \"a\"; "
			    "command = [ \"/x\", \"a\", \"b\" ]; } ); };"),
		"mqtt.publish[0].command ");
}

static void every_key_has_a_part(void **state)
{
	struct settings_key_info key;

	(void)state;
	for (size_t i = 0; settings_key_info(i, &key); i++) {
		bool restart = reload_parts_of_key(key.path) & RELOAD_RESTART;
		bool fixed = strncmp(key.path, "ethernet", 8) == 0 ||
			     strncmp(key.path, "network", 7) == 0;

		if (restart != fixed)
			print_message("# %s\n", key.path);
		assert_int_equal(restart, fixed);
	}
}

static void parts_belong_to_whole_names(void **state)
{
	(void)state;
	assert_int_equal(reload_parts_of_key("mqtt.publish[12].interval"),
			 RELOAD_PUBLICATIONS | RELOAD_SELF);
	assert_int_equal(reload_parts_of_key("mqtt.keepalive"), RELOAD_CONNECTION);
	assert_int_equal(reload_parts_of_key("mqtt.tls.ca_file"), RELOAD_CONNECTION);
	assert_int_equal(reload_parts_of_key("mqtt.reconnect_max"), RELOAD_SUBSCRIPTIONS);
	assert_int_equal(reload_parts_of_key("oled.page[1].items[0].label"),
			 RELOAD_SCREEN | RELOAD_SUBSCRIPTIONS);
	assert_int_equal(reload_parts_of_key("oledx"), RELOAD_RESTART);
	assert_int_equal(reload_parts_of_key("oled.i2c"),
			 RELOAD_SCREEN | RELOAD_SUBSCRIPTIONS | RELOAD_SELF);
	assert_int_equal(reload_parts_of_key("mqtt.discovery_restart"),
			 RELOAD_SUBSCRIPTIONS | RELOAD_SELF);
}

static void a_restart_is_needed_for_what_differs_from_the_start(void **state)
{
	struct settings *start = load("mqtt: { host = \"h\"; };");
	struct settings *now = load("mqtt: { host = \"h\"; };\n"
				    "network: { default_route = false; };");
	struct settings *back = load("mqtt: { host = \"h\"; keepalive = 30; };");
	char keys[200] = "";

	(void)state;
	assert_int_equal(reload_plan(start, start, now, append, keys), RELOAD_RESTART);
	assert_string_equal(keys, "network.default_route ");
	keys[0] = '\0';
	assert_int_equal(reload_plan(start, now, back, append, keys), RELOAD_CONNECTION);
	assert_string_equal(keys, "");
	settings_free(start);
	settings_free(now);
	settings_free(back);
}

static void settings_live_as_long_as_somebody_uses_them(void **state)
{
	struct settings *s = load("mqtt: { host = \"h\"; };");
	struct settings *other = settings_ref(s);

	(void)state;
	assert_ptr_equal(other, s);
	assert_null(settings_free(s));
	assert_string_equal(other->mqtt.host, "h");
	assert_null(settings_free(other));
}

static void a_secret_that_was_replaced_is_noticed(void **state)
{
	struct settings *s;
	uint64_t before;

	(void)state;
	temp_file("password", "one");
	assert_int_equal(chmod("password", 0600), 0);
	s = load("mqtt: { host = \"h\"; };");
	assert_int_equal(settings_secrets_stamp(&s->mqtt), 0);
	free(s->mqtt.password_file);
	s->mqtt.password_file = strdup("password");
	before = settings_secrets_stamp(&s->mqtt);
	assert_true(before != 0);
	assert_true(settings_secrets_stamp(&s->mqtt) == before);
	temp_file("password", "other");
	assert_true(settings_secrets_stamp(&s->mqtt) != before);
	settings_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_keys_that_differ),
		cmocka_unit_test(a_default_that_is_written_down_is_no_difference),
		cmocka_unit_test(lists_are_compared_element_by_element),
		cmocka_unit_test(a_group_without_a_value_is_a_difference),
		cmocka_unit_test(texts_cannot_imitate_each_other),
		cmocka_unit_test(every_key_has_a_part),
		cmocka_unit_test(parts_belong_to_whole_names),
		cmocka_unit_test(a_restart_is_needed_for_what_differs_from_the_start),
		cmocka_unit_test(settings_live_as_long_as_somebody_uses_them),
		cmocka_unit_test(a_secret_that_was_replaced_is_noticed),
	};

	return cmocka_run_group_tests(tests, temp_dir_enter, temp_dir_leave);
}
