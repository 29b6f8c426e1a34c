// SPDX-License-Identifier: MIT
/*
 * test_discovery_recall.c — what earlier runs announced is removed after a restart
 *
 * Runs of a daemon follow each other: each recalls what the spool remembers and has one
 * session, in which the broker gets so many messages and acknowledges them.
 */
#include "mqttnode/discovery.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "discovery_rig.h"
#include "spool_rig.h"
#include "temp_dir.h"
#include "unit.h"

static const struct facts_view node = { .client_id = "garage",
					.mac = { 0x02, 0, 0, 0x12, 0x34, 0xab } };
static struct facts_view self;
static char prefix[] = "homeassistant", elsewhere[] = "elsewhere";
static char door[] = "home/door", name_door[] = "Door", line17[] = "GPIO17";

/* Of the publication to door. */
static const char door_key[] = "publish_7de97456540c05d3";

static struct publication_settings publication;
static struct mqtt_settings mqtt;
static bool off; /* discovery is */
static struct discoveries discoveries;

/* What the broker got in the last run. */
static struct {
	char topic[128];
	json_object *root; /* NULL: an empty message */
} got[8];
static size_t n_got;

static void forget_got(void)
{
	while (n_got > 0)
		json_object_put(got[--n_got].root);
}

static int set_up(void **state)
{
	self = node;
	off = false;
	publication = (struct publication_settings){ .topic = door,
						     .name = name_door,
						     .input = { .line = line17 } };
	mqtt = (struct mqtt_settings){ .discovery = prefix,
				       .status = true,
				       .discovery_restart = true,
				       .publish = &publication,
				       .n_publish = 1 };
	return spool_rig_set_up(state);
}

static int tear_down(void **state)
{
	forget_got();
	discoveries_clear(&discoveries);
	return spool_rig_tear_down(state);
}

/* As the MQTT thread does it. */
static int publish(void *ctx, const struct mqtt_outgoing *message)
{
	(void)ctx;
	assert_non_null(message->outline);
	spool_note_outline(spool, message->topic, message->outline);
	spool_put(spool, &(struct spool_message){
				 .topic = message->topic,
				 .payload = message->payload,
				 .len = message->len,
				 .qos = message->qos,
				 .retain = message->retain,
				 .outline = message->outline,
			 });
	return 0;
}

/* A daemon starts. */
static void start(void)
{
	open_spool();
	assert_int_equal(discoveries_recall(&discoveries, spool, self.mac), 0);
	if (!off)
		assert_int_equal(
			discovery_new(&discoveries.now, &mqtt, &self, "base", false), 0);
}

/* A session, in which the broker gets at most @most messages and acknowledges them. */
static void session(size_t most)
{
	struct spool_message m;

	forget_got();
	discoveries_announce(&discoveries, publish, NULL);
	turn(true);
	while (n_got < most && spool_next(spool, &m)) {
		assert_true(n_got < ARRAY_SIZE(got));
		snprintf(got[n_got].topic, sizeof(got[0].topic), "%s", m.topic);
		got[n_got].root = NULL;
		if (m.len > 0) {
			got[n_got].root = json_tokener_parse(m.payload);
			assert_non_null(got[n_got].root);
		}
		spool_sent(spool, (int)++n_got);
		assert_true(spool_acknowledged(spool, (int)n_got));
	}
}

/* The machine goes off; @whole: what was to be written is. */
static void end(bool whole)
{
	if (whole) {
		now += 60 * SECOND;
		turn(true);
	}
	discoveries_clear(&discoveries);
	spool = spool_free(spool);
	reboot_machine();
}

/* A whole run. How many messages the broker got. */
static size_t run(void)
{
	start();
	session(SIZE_MAX);
	end(true);
	return n_got;
}

/* The entity of message @i under @key; NULL: none. */
static json_object *component(size_t i, const char *key)
{
	assert_true(i < n_got);
	return discovery_component(got[i].root, key);
}

/* The messages that the broker got take the button away, and nothing else. */
static void expect_button_to_go(void)
{
	assert_int_equal(n_got, 2);
	assert_string_equal(got[0].topic, got[1].topic);
	expect_reduced(component(0, "restart"), "button");
	assert_true(json_object_object_length(component(0, door_key)) > 1);
	assert_null(component(1, "restart"));
	assert_non_null(component(1, door_key));
}

static void an_entity_that_a_restart_takes_away_is_removed_once(void **state)
{
	(void)state;
	assert_int_equal(run(), 1);
	mqtt.discovery_restart = false;
	run();
	expect_button_to_go();
	assert_int_equal(run(), 1);
	assert_null(component(0, "restart"));
}

static void what_is_the_same_is_announced_once_and_not_written(void **state)
{
	uint64_t written;

	(void)state;
	run();
	start();
	turn(true);
	written = status().disk_bytes_written;
	session(SIZE_MAX);
	now += 60 * SECOND;
	turn(true);
	assert_int_equal(n_got, 1);
	assert_int_equal(status().disk_bytes_written, written);
}

static void names_and_values_may_change_without_being_written(void **state)
{
	static char other[] = "Gate";
	uint64_t written;

	(void)state;
	run();
	publication.name = other;
	start();
	turn(true);
	written = status().disk_bytes_written;
	session(SIZE_MAX);
	turn(true);
	assert_int_equal(n_got, 1);
	assert_int_equal(status().disk_bytes_written, written);
}

static void an_entity_of_another_platform_is_removed_first(void **state)
{
	json_object *value;

	(void)state;
	run();
	publication.input.line = NULL;
	assert_int_equal(run(), 2);
	expect_reduced(component(0, door_key), "binary_sensor");
	assert_true(
		json_object_object_get_ex(component(1, door_key), "platform", &value));
	assert_string_equal(json_object_get_string(value), "sensor");
	assert_int_equal(run(), 1);
}

static void discovery_that_is_turned_off_empties_its_topic_once(void **state)
{
	(void)state;
	run();
	off = true;
	assert_int_equal(run(), 1);
	assert_null(got[0].root);
	assert_string_equal(got[0].topic,
			    "homeassistant/device/mqttnode_0200001234ab/config");
	assert_int_equal(run(), 0);
	off = false;
	assert_int_equal(run(), 1);
}

static void another_prefix_empties_the_topic_of_the_one_before(void **state)
{
	(void)state;
	run();
	mqtt.discovery = elsewhere;
	assert_int_equal(run(), 2);
	assert_null(got[0].root);
	assert_string_equal(got[0].topic,
			    "homeassistant/device/mqttnode_0200001234ab/config");
	assert_string_equal(got[1].topic,
			    "elsewhere/device/mqttnode_0200001234ab/config");
	assert_int_equal(run(), 1);
}

/* The card may be a copy. */
static void the_topic_of_another_device_is_left_alone(void **state)
{
	(void)state;
	run();
	self.mac[5]++;
	assert_int_equal(run(), 1);
	assert_non_null(got[0].root);
	self.mac[5]--;
	mqtt.discovery_restart = false;
	run();
	expect_button_to_go();
}

/* The machine goes off after each number of messages, with or without the last write. */
static void a_power_cut_loses_no_removal(void **state)
{
	(void)state;
	for (size_t most = 0; most <= 1; most++) {
		for (int whole = 0; whole <= 1; whole++) {
			mqtt.discovery_restart = true;
			run();
			mqtt.discovery_restart = false;
			start();
			session(most);
			assert_int_equal(n_got, most);
			end(whole);
			start();
			session(SIZE_MAX);
			assert_true(n_got >= 2);
			expect_reduced(component(0, "restart"), "button");
			assert_null(component(n_got - 1, "restart"));
			end(true);
			assert_int_equal(run(), 1);
			assert_null(component(0, "restart"));
		}
	}
}

static void what_was_added_before_a_power_cut_goes_too(void **state)
{
	(void)state;
	mqtt.n_publish = 0;
	run();
	mqtt.n_publish = 1;
	mqtt.discovery_restart = false;
	start();
	session(1);
	end(false);
	mqtt.n_publish = 0;
	start();
	session(SIZE_MAX);
	assert_null(component(n_got - 1, door_key));
	assert_null(component(n_got - 1, "restart"));
	for (size_t i = 0; i < n_got && !component(i, door_key); i++)
		assert_true(i + 2 < n_got);
	end(true);
	assert_int_equal(run(), 1);
}

static void of_two_platforms_before_a_power_cut_both_are_removed(void **state)
{
	bool sensor = false, binary_sensor = false;

	(void)state;
	run();
	publication.input.line = NULL;
	start();
	session(0);
	end(false);
	mqtt.n_publish = 0;
	run();
	for (size_t i = 0; i + 1 < n_got; i++) {
		const char *text = json_object_to_json_string(component(i, door_key));

		if (!text)
			continue;
		sensor |= strstr(text, "\"sensor\"") != NULL;
		binary_sensor |= strstr(text, "\"binary_sensor\"") != NULL;
	}
	assert_true(sensor && binary_sensor);
	assert_null(component(n_got - 1, door_key));
	assert_int_equal(run(), 1);
}

static void a_reload_before_the_first_session_removes_what_was_announced(void **state)
{
	struct discovery *next;

	(void)state;
	run();
	mqtt.discovery_restart = false;
	publication.name = NULL;
	start();
	publication.name = name_door;
	assert_int_equal(discovery_new(&next, &mqtt, &self, "base", false), 0);
	discoveries_change(&discoveries, next, false, publish, NULL);
	session(SIZE_MAX);
	expect_button_to_go();
	end(true);
	assert_int_equal(run(), 1);
}

static void what_is_forgotten_is_not_removed(void **state)
{
	static const char *const topics[] = {
		"homeassistant/device/mqttnode_0200001234ab/config"
	};

	(void)state;
	run();
	start();
	session(SIZE_MAX);
	spool_forget_retained(spool, topics, 1);
	end(true);
	mqtt.discovery_restart = false;
	assert_int_equal(run(), 1);
}

static void what_is_no_outline_is_not_looked_at(void **state)
{
	static const char *const outlines[] = {
		"no json", "[]", "{}", "{\"components\":1}",
		("{\"components\":{\"a\":null,\"b\":1,\"c\":{},\"d\":{\"platform\":\"\"},"
		 "\"e\":{\"platform\":null},\"f\":{\"platform\":[]}}}")
	};
	size_t n;

	(void)state;
	open_spool();
	for (size_t i = 0; i < ARRAY_SIZE(outlines); i++)
		spool_note_outline(spool,
				   "homeassistant/device/mqttnode_0200001234ab/config",
				   outlines[i]);
	spool_note_outline(spool, "short", "{\"components\":{}}");
	end(true);
	n = run();
	assert_int_equal(n, 1);
	assert_non_null(component(0, "restart"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		TEST(an_entity_that_a_restart_takes_away_is_removed_once),
		TEST(what_is_the_same_is_announced_once_and_not_written),
		TEST(names_and_values_may_change_without_being_written),
		TEST(an_entity_of_another_platform_is_removed_first),
		TEST(discovery_that_is_turned_off_empties_its_topic_once),
		TEST(another_prefix_empties_the_topic_of_the_one_before),
		TEST(the_topic_of_another_device_is_left_alone),
		TEST(a_power_cut_loses_no_removal),
		TEST(what_was_added_before_a_power_cut_goes_too),
		TEST(of_two_platforms_before_a_power_cut_both_are_removed),
		TEST(a_reload_before_the_first_session_removes_what_was_announced),
		TEST(what_is_forgotten_is_not_removed),
		TEST(what_is_no_outline_is_not_looked_at),
#undef TEST
	};

	return cmocka_run_group_tests_name("discovery_recall", tests, temp_dir_enter,
					   temp_dir_leave);
}
