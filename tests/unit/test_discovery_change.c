// SPDX-License-Identifier: MIT
/* test_discovery_change.c — what Home Assistant is told when the configuration changes */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "discovery_rig.h"
#include "unit.h"

#include "mqttnode/discovery.h"

static const struct facts_view self = { .client_id = "garage",
					.mac = { 0x02, 0, 0, 0x12, 0x34, 0xab } };
static char prefix[] = "homeassistant", elsewhere[] = "elsewhere";
static char door[] = "home/door", name_door[] = "Door", line17[] = "GPIO17";
static char in[] = "in";

/* Of the publication to door. */
static const char door_key[] = "publish_7de97456540c05d3";

static struct publication_settings publication;
static struct subscription_settings subscription;
static struct mqtt_settings settings;
static struct discoveries discoveries;

/* What was published: at most so many. */
static struct {
	char topic[128];
	json_object *root; /* NULL: an empty message */
} told[3];
static size_t n_told;
static size_t room; /* for so many more */

static void forget_told(void)
{
	for (size_t i = 0; i < n_told; i++)
		json_object_put(told[i].root);
	n_told = 0;
}

static int set_up(void **state)
{
	(void)state;
	publication = (struct publication_settings){ .topic = door,
						     .name = name_door,
						     .input = { .line = line17 } };
	subscription = (struct subscription_settings){ .topic = in };
	settings = (struct mqtt_settings){ .discovery = prefix,
					   .publish = &publication,
					   .n_publish = 1,
					   .subscribe = &subscription,
					   .n_subscribe = 1 };
	discoveries = (struct discoveries){ 0 };
	room = SIZE_MAX;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	forget_told();
	discoveries_clear(&discoveries);
	return 0;
}

static int note(void *ctx, const struct mqtt_outgoing *message)
{
	(void)ctx;
	assert_true(message->retain);
	assert_int_equal(message->qos, 1);
	if (room == 0)
		return -ENOBUFS;
	room--;
	assert_true(n_told < ARRAY_SIZE(told));
	snprintf(told[n_told].topic, sizeof(told[0].topic), "%s", message->topic);
	told[n_told].root = NULL;
	if (message->len > 0) {
		assert_int_equal(message->len, strlen(message->payload));
		told[n_told].root = json_tokener_parse(message->payload);
		assert_non_null(told[n_told].root);
	}
	n_told++;
	return 0;
}

static struct discovery *make(void)
{
	struct discovery *d;

	assert_int_equal(discovery_new(&d, &settings, &self, "base", false), 0);
	return d;
}

/* A session begins. How many messages that takes. */
static size_t begin_session(void)
{
	forget_told();
	discoveries_announce(&discoveries, note, NULL);
	return n_told;
}

/* A reload to what the settings say now, in a session or without. */
static size_t change(bool in_session)
{
	forget_told();
	discoveries_change(&discoveries, make(), in_session, note, NULL);
	return n_told;
}

/* The first session, with a button that restarts the connection. */
static void begin_with_a_button(void)
{
	settings.discovery_restart = true;
	assert_int_equal(change(false), 0);
	assert_int_equal(begin_session(), 1);
}

/* The entity of message @i under @key; NULL: none. */
static json_object *component(size_t i, const char *key)
{
	assert_true(i < n_told);
	return discovery_component(told[i].root, key);
}

/* Both messages that take the button away, and nothing else. */
static void expect_button_to_go(void)
{
	assert_int_equal(n_told, 2);
	assert_string_equal(told[0].topic, told[1].topic);
	expect_reduced(component(0, "restart"), "button");
	assert_null(component(1, "restart"));
	assert_true(json_object_object_length(component(0, "message")) > 1);
}

static void an_entity_that_goes_is_removed_in_two_steps(void **state)
{
	(void)state;
	begin_with_a_button();
	settings.discovery_restart = false;
	change(true);
	expect_button_to_go();
	assert_int_equal(begin_session(), 1); /* that was all */
}

static void an_entity_that_becomes_another_is_removed_first(void **state)
{
	json_object *value;

	(void)state;
	begin_with_a_button();
	publication.input.line = NULL;
	assert_int_equal(change(true), 2);
	expect_reduced(component(0, door_key), "binary_sensor");
	assert_true(
		json_object_object_get_ex(component(1, door_key), "platform", &value));
	assert_string_equal(json_object_get_string(value), "sensor");
}

static void what_is_new_or_the_same_takes_no_step_before(void **state)
{
	(void)state;
	assert_int_equal(change(false), 0);
	assert_int_equal(begin_session(), 1);
	settings.discovery_restart = true;
	assert_int_equal(change(true), 1);
	assert_non_null(component(0, "restart"));
	assert_int_equal(change(true), 0);
}

static void another_topic_is_emptied_with_all_its_entities(void **state)
{
	(void)state;
	begin_with_a_button();
	settings.discovery_restart = false;
	settings.discovery = elsewhere;
	assert_int_equal(change(true), 2);
	assert_null(told[0].root);
	assert_non_null(told[1].root);
	assert_string_not_equal(told[0].topic, told[1].topic);
	assert_null(component(1, "restart"));
}

static void what_goes_outside_a_session_is_removed_in_the_next(void **state)
{
	(void)state;
	begin_with_a_button();
	settings.discovery_restart = false;
	assert_int_equal(change(false), 0);
	begin_session();
	expect_button_to_go();
	assert_int_equal(begin_session(), 1);
	assert_null(component(0, "restart"));
}

static void of_many_changes_outside_a_session_only_what_was_announced_counts(void **state)
{
	(void)state;
	begin_with_a_button();
	settings.discovery_restart = false;
	publication.name = NULL;
	assert_int_equal(change(false), 0);
	publication.name = name_door;
	assert_int_equal(change(false), 0);
	begin_session();
	expect_button_to_go();
	assert_true(json_object_object_length(component(0, door_key)) > 1);
	/* there and back again */
	settings.discovery_restart = true;
	assert_int_equal(change(false), 0);
	settings.discovery_restart = false;
	assert_int_equal(change(false), 0);
	assert_int_equal(begin_session(), 1);
}

static void discovery_may_be_switched_off_and_on_outside_a_session(void **state)
{
	(void)state;
	begin_with_a_button();
	discoveries_change(&discoveries, NULL, false, note, NULL);
	assert_int_equal(begin_session(), 1);
	assert_null(told[0].root);
	assert_int_equal(begin_session(), 0);
	assert_int_equal(change(false), 0);
	assert_int_equal(begin_session(), 1);
	assert_non_null(component(0, "restart"));
}

static void what_found_no_room_is_told_in_the_next_session(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		begin_with_a_button();
		settings.discovery_restart = false;
		room = i;
		assert_int_equal(change(true), i);
		room = SIZE_MAX;
		begin_session();
		expect_button_to_go();
	}
}

static void what_was_told_by_half_goes_too(void **state)
{
	(void)state;
	settings.n_publish = 0;
	begin_with_a_button();
	/* The message that reduces the button has the door, and is the last taken. */
	settings.n_publish = 1;
	settings.discovery_restart = false;
	room = 1;
	assert_int_equal(change(true), 1);
	assert_true(json_object_object_length(component(0, door_key)) > 1);
	room = SIZE_MAX;
	settings.n_publish = 0;
	assert_int_equal(change(false), 0);
	assert_int_equal(begin_session(), 2);
	expect_reduced(component(0, door_key), "binary_sensor");
	expect_reduced(component(0, "restart"), "button");
	assert_null(component(1, door_key));
	assert_null(component(1, "restart"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		TEST(an_entity_that_goes_is_removed_in_two_steps),
		TEST(an_entity_that_becomes_another_is_removed_first),
		TEST(what_is_new_or_the_same_takes_no_step_before),
		TEST(another_topic_is_emptied_with_all_its_entities),
		TEST(what_goes_outside_a_session_is_removed_in_the_next),
		TEST(of_many_changes_outside_a_session_only_what_was_announced_counts),
		TEST(discovery_may_be_switched_off_and_on_outside_a_session),
		TEST(what_found_no_room_is_told_in_the_next_session),
		TEST(what_was_told_by_half_goes_too),
#undef TEST
	};

	return cmocka_run_group_tests_name("discovery_change", tests, NULL, NULL);
}
