// SPDX-License-Identifier: MIT
/* test_vitals.c — info and health are published when they are due, and only then */
#include "mqttnode/vitals.h"

#include <errno.h>
#include <string.h>

#include "unit.h"

#include "mqttnode/clock.h"

static struct vitals *vitals;
static unsigned int n_info, n_health, n_message;
static int result; /* of publishing */

static void describe(void *ctx, json_object *o)
{
	assert_ptr_equal(ctx, &vitals);
	json_object_object_add(o, "answer", json_object_new_int(42));
}

static int publish(void *ctx, const struct mqtt_outgoing *message)
{
	static const char text[] = "{\"answer\":42}";
	bool info = strcmp(message->topic, "home/node/info") == 0;
	bool last = strcmp(message->topic, "home/node/message") == 0;

	assert_ptr_equal(ctx, &vitals);
	if (!info && !last)
		assert_string_equal(message->topic, "home/node/health");
	assert_int_equal(message->len, sizeof(text) - 1);
	assert_memory_equal(message->payload, text, message->len);
	assert_int_equal(message->qos, info ? 1 : 0);
	assert_int_equal(message->retain, info);
	if (last)
		n_message++;
	else if (info)
		n_info++;
	else
		n_health++;
	return result;
}

static void make(bool info, unsigned int health_interval_s)
{
	char base[] = "home/node";
	const struct vitals_config config = {
		.base_topic = base,
		.info = info,
		.health_interval_s = health_interval_s,
		.describe_info = describe,
		.describe_health = describe,
		.describe_message = describe,
		.message = true,
		.publish = publish,
		.ctx = &vitals,
	};

	n_info = n_health = n_message = 0;
	result = 0;
	assert_int_equal(vitals_new(&vitals, &config), 0);
	memset(base, 'x', sizeof(base) - 1); /* it was copied */
}

static int tear_down(void **state)
{
	(void)state;
	vitals = vitals_free(vitals);
	return 0;
}

static void turn(bool online, uint64_t sessions, unsigned int seconds)
{
	vitals_turn(vitals, online, sessions, seconds * NSEC_PER_SEC);
}

static void assert_published(unsigned int info, unsigned int health)
{
	assert_int_equal(n_info, info);
	assert_int_equal(n_health, health);
}

static void every_session_begins_with_both(void **state)
{
	(void)state;
	make(true, 60);
	turn(false, 0, 100);
	assert_published(0, 0);
	turn(true, 1, 101);
	assert_published(1, 1);
	turn(true, 1, 102);
	turn(false, 1, 103);
	assert_published(1, 1);
	/* an interruption that was over before anybody looked */
	turn(true, 2, 104);
	assert_published(2, 2);
}

static void health_comes_at_its_interval(void **state)
{
	(void)state;
	make(true, 60);
	for (unsigned int s = 0; s <= 180; s++)
		turn(true, 1, 1000 + s);
	assert_published(1, 4);
}

static void a_change_is_told(void **state)
{
	(void)state;
	make(true, 60);
	turn(true, 1, 1);
	vitals_changed(vitals);
	turn(true, 1, 2);
	turn(true, 1, 3);
	assert_published(2, 1);
}

static void the_last_message_is_told_once(void **state)
{
	(void)state;
	make(false, 0);
	turn(true, 1, 1);
	assert_int_equal(n_message, 0); /* there is none */
	vitals_message(vitals, 7);
	turn(false, 1, 2);
	turn(true, 1, 3);
	turn(true, 1, 4);
	assert_int_equal(n_message, 1);
	vitals_message(vitals, 9);
	turn(true, 1, 5);
	assert_int_equal(n_message, 2);
	vitals_announce(vitals);
	turn(true, 1, 6);
	assert_int_equal(n_message, 3);
	assert_published(0, 0);
}

static void both_are_told_to_somebody_new(void **state)
{
	(void)state;
	make(true, 60);
	turn(true, 1, 1);
	vitals_announce(vitals);
	turn(true, 1, 2);
	turn(true, 1, 3);
	assert_published(2, 2);
	turn(true, 1, 62); /* the interval begins anew */
	assert_published(2, 3);
}

static void what_finds_no_room_is_tried_again(void **state)
{
	(void)state;
	make(true, 60);
	result = -ENOBUFS;
	turn(true, 1, 1);
	result = 0;
	turn(true, 1, 2);
	turn(true, 1, 3);
	assert_published(2, 2);
}

static void both_can_be_turned_off(void **state)
{
	(void)state;
	make(false, 60);
	turn(true, 1, 1);
	assert_published(0, 1);
	(void)tear_down(state);
	make(true, 0);
	turn(true, 1, 1);
	turn(true, 1, 1000);
	assert_published(1, 0);
	assert_null(vitals_free(NULL));
}

#define TEST(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_session_begins_with_both),
		TEST(health_comes_at_its_interval),
		TEST(a_change_is_told),
		TEST(the_last_message_is_told_once),
		TEST(both_are_told_to_somebody_new),
		TEST(what_finds_no_room_is_tried_again),
		TEST(both_can_be_turned_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
