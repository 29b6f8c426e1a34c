// SPDX-License-Identifier: MIT
/*
 * test_report.c — the status as JSON: complete, and well-formed whatever the texts
 *
 * Pump, MQTT and display are faked at link time.
 */
#include "mqttnode/report.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "unit.h"

#include "mqttnode/clock.h"
#include "mqttnode/discovery.h"

void pump_get_status(struct pump *p, struct pump_status *ret)
{
	(void)p;
	*ret = (struct pump_status){ .chip = CHIP_STATE_RUNNING,
				     .spi_speed_hz = 33400000,
				     .link_up = true,
				     .link_mbit = 100 };
	snprintf(ret->hint, sizeof(ret->hint), "quote \" and \\ and \xe2\x82\xac");
}

void pump_get_counters(struct pump *p, struct pump_counters *ret)
{
	(void)p;
	memset(ret, 0, sizeof(*ret));
	ret->rx_frames = UINT64_C(5000000000);
	ret->interrupt_missed = 3;
}

void mqtt_get_counters(struct mqtt *m, struct mqtt_counters *ret)
{
	(void)m;
	memset(ret, 0, sizeof(*ret));
	ret->published = 12;
}

size_t mqtt_get_last(struct mqtt *m, struct mqtt_last *ret, size_t max)
{
	(void)m;
	ret[0] = (struct mqtt_last){ .number = 2, .topic = "in", .payload = "\"" };
	ret[0].at_ns = clock_now_ns(&clock_system) - 8 * NSEC_PER_SEC;
	if (max > 1)
		ret[1] = (struct mqtt_last){ .number = 1, .topic = "in" };
	return max > 1 ? 2 : 1;
}

void publications_get_counters(struct publications *p, struct publications_counters *ret)
{
	(void)p;
	*ret = (struct publications_counters){ .composed = 7 };
}

void actions_get_counters(struct actions *a, struct actions_counters *ret)
{
	(void)a;
	*ret = (struct actions_counters){ .actions_done = 5 };
}

void display_get_status(struct display *d, struct display_status *ret)
{
	(void)d;
	*ret = (struct display_status){ .present = true, .dark = true, .frames = 4 };
}

void display_get_picture(struct display *d, struct canvas *ret)
{
	(void)d;
	canvas_init(ret, 32, 16);
	canvas_set_pixel(ret, 31, 15, true);
}

static struct json_object *at(struct json_object *o, const char *key)
{
	struct json_object *value;

	assert_true(json_object_object_get_ex(o, key, &value));
	return value;
}

static struct json_object *status_with(struct display *display)
{
	static struct facts_view self = { .hostname = "pi",
					  .interface = "mqtt0",
					  .client_id = "node",
					  .mac = { 2, 0, 0, 0, 0, 0x1f },
					  .prefix_len = 24 };
	struct json_object *answer = json_object_new_object(), *parsed;
	struct ladder_view view;
	struct ladder *ladder;
	struct report_sources sources = {
		.view = &view,
		.display = display,
		.actions = (struct actions *)(void *)display,
		.tap_tx_dropped = 9,
	};

	assert_int_equal(ladder_new(&ladder), 0);
	assert_int_equal(facts_new(&sources.facts), 0);
	self.started_ns = clock_now_ns(&clock_system) - 90 * NSEC_PER_SEC;
	self.address.s_addr = htonl(0x0a000005);
	facts_set(sources.facts, &self);
	ladder_report(ladder, RUNG_CHIP, RUNG_STATE_OK, "fine");
	ladder_view(ladder, &view);
	report_status(&sources, answer);
	parsed = json_tokener_parse(json_object_to_json_string(answer));
	assert_non_null(parsed);
	json_object_put(answer);
	ladder_free(ladder);
	facts_free(sources.facts);
	return parsed;
}

static void tells_everything(void **state)
{
	static char display;
	struct json_object *o = status_with((struct display *)(void *)&display);
	struct json_object *ladder = at(o, "ladder"), *chip = at(o, "chip");

	(void)state;
	assert_int_equal(json_object_get_int(at(o, "uptime_s")), 90);
	assert_false(json_object_get_boolean(at(o, "online")));
	assert_string_equal(json_object_get_string(at(at(o, "node"), "address")),
			    "10.0.0.5");
	assert_null(at(at(o, "node"), "gateway"));
	assert_string_equal(json_object_get_string(at(at(o, "node"), "mac")),
			    "02:00:00:00:00:1f");
	assert_int_equal(json_object_array_length(ladder), RUNGS);
	assert_string_equal(
		json_object_get_string(at(json_object_array_get_idx(ladder, 0), "state")),
		"ok");
	assert_string_equal(
		json_object_get_string(at(json_object_array_get_idx(ladder, 1), "state")),
		"waiting");
	assert_string_equal(json_object_get_string(at(chip, "state")), "running");
	assert_string_equal(json_object_get_string(at(chip, "hint")),
			    "quote \" and \\ and \xe2\x82\xac");
	assert_int_equal(json_object_get_int64(at(at(chip, "counters"), "rx_frames")),
			 5000000000);
	assert_int_equal(
		json_object_get_int(at(at(chip, "counters"), "tx_dropped_kernel")), 9);
	assert_int_equal(
		json_object_get_int(at(at(chip, "counters"), "interrupt_missed")), 3);
	assert_int_equal(json_object_get_int(at(at(o, "mqtt"), "published")), 12);
	assert_int_equal(json_object_get_int(at(at(o, "publications"), "composed")), 7);
	assert_true(json_object_get_boolean(at(at(o, "display"), "dark")));
	assert_int_equal(json_object_get_int(at(at(o, "actions"), "actions_done")), 5);
	assert_int_equal(json_object_get_int(at(at(o, "display"), "frames")), 4);
	json_object_put(o);
}

static void the_last_messages_are_told_with_their_age(void **state)
{
	struct json_object *o = json_object_new_object(), *list, *newest;

	(void)state;
	report_messages(&(struct report_sources){ 0 }, o);
	list = at(o, "messages");
	assert_int_equal(json_object_array_length(list), 2);
	newest = json_object_array_get_idx(list, 0);
	assert_string_equal(json_object_get_string(at(newest, "topic")), "in");
	assert_string_equal(json_object_get_string(at(newest, "payload")), "\"");
	assert_in_range(json_object_get_int(at(newest, "ago_s")), 7, 60);
	json_object_put(o);
}

static void the_picture_is_a_text_for_each_row(void **state)
{
	struct json_object *o = json_object_new_object(), *rows;

	(void)state;
	report_screen(NULL, o);
	assert_int_equal(json_object_get_int(at(o, "width")), 32);
	assert_int_equal(json_object_get_int(at(o, "height")), 16);
	assert_true(json_object_get_boolean(at(o, "present")));
	assert_true(json_object_get_boolean(at(o, "dark")));
	rows = at(o, "rows");
	assert_int_equal(json_object_array_length(rows), 16);
	assert_string_equal(json_object_get_string(json_object_array_get_idx(rows, 0)),
			    "................................");
	assert_string_equal(json_object_get_string(json_object_array_get_idx(rows, 15)),
			    "...............................#");
	json_object_put(o);
}

static void without_a_display_there_is_none(void **state)
{
	struct json_object *o = status_with(NULL);

	(void)state;
	assert_null(at(o, "display"));
	json_object_put(o);
}

/* Whether every "value_json.A.B" in @template is in @o. */
static void expect_values(struct json_object *o, const char *template)
{
	static const char root[] = "value_json.";
	static const char name[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
	const char *s = template;

	assert_non_null(strstr(template, root));
	while ((s = strstr(s, root))) {
		struct json_object *value = o;

		s += sizeof(root) - 2;
		while (*s == '.') {
			size_t len = strspn(++s, name);
			char key[64];

			snprintf(key, sizeof(key), "%.*s", (int)len, s);
			if (!json_object_object_get_ex(value, key, &value))
				fail_msg("%s: there is no %s", template, key);
			s += len;
		}
	}
}

/* What is announced to Home Assistant is what is published. */
static void every_template_of_discovery_finds_its_values(void **state)
{
	static char prefix[] = "h", in[] = "in";
	static struct subscription_settings subscription = { .topic = in };
	const struct mqtt_settings settings = { .discovery = prefix,
						.info = true,
						.health_interval_s = 60,
						.subscribe = &subscription,
						.n_subscribe = 1 };
	const struct facts_view self = { .client_id = "node" };
	_cleanup_(discovery_freep) struct discovery *discovery = NULL;
	struct json_object *info = json_object_new_object(), *root;
	struct json_object *message = json_object_new_object();
	struct json_object *health = status_with(NULL);
	struct report_sources sources = { 0 };
	struct mqtt_outgoing outgoing;
	int n = 0;

	(void)state;
	assert_int_equal(facts_new(&sources.facts), 0);
	report_info(&sources, info);
	report_message(&sources, message);
	facts_free(sources.facts);
	assert_int_equal(discovery_new(&discovery, &settings, &self, "b", false), 0);
	discovery_message(discovery, &outgoing);
	root = json_tokener_parse(outgoing.payload);
	json_object_object_foreach(at(root, "components"), key, o)
	{
		const char *topic = json_object_get_string(at(o, "state_topic"));
		const char *template = json_object_get_string(at(o, "value_template"));

		(void)key;
		expect_values(strcmp(topic, "b/info") == 0	? info
			      : strcmp(topic, "b/message") == 0 ? message
								: health,
			      template);
		n++;
	}
	assert_true(n > 10);
	json_object_put(root);
	json_object_put(info);
	json_object_put(message);
	json_object_put(health);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_everything),
		cmocka_unit_test(every_template_of_discovery_finds_its_values),
		cmocka_unit_test(the_last_messages_are_told_with_their_age),
		cmocka_unit_test(the_picture_is_a_text_for_each_row),
		cmocka_unit_test(without_a_display_there_is_none),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
