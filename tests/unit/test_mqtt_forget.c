// SPDX-License-Identifier: MIT
/* test_mqtt_forget.c — what the broker keeps of a node is emptied before it leaves */
#include <stdio.h>
#include <string.h>

#include "unit.h"

#include "mqttnode/bytes.h"
#include "mqttnode/log.h"

#include "../../src/app/mqtt_forget.h"
#include "mqtt_leave_rig.h"

static void publish(const char *topic, int qos, bool retain)
{
	const struct mqtt_outgoing message = {
		.topic = topic, .payload = "1", .len = 1, .qos = qos, .retain = retain
	};
	struct packet *p;

	assert_int_equal(mqtt_publish(rig.mqtt, &message), 0);
	p = broker_expect(broker, PACKET_PUBLISH);
	assert_string_equal(p->topic, topic);
	if (qos == 1)
		broker_puback(broker, p->id);
}

/* The next message empties @topic; its number. */
static uint16_t expect_emptied(const char *topic)
{
	struct packet *p = broker_expect(broker, PACKET_PUBLISH);

	assert_string_equal(p->topic, topic);
	assert_int_equal(p->payload_len, 0);
	assert_true(p->retain);
	assert_int_equal(p->qos, 1);
	return p->id;
}

static struct mqtt_forgetting result(void)
{
	struct mqtt_counters counters;

	mqtt_get_counters(rig.mqtt, &counters);
	return counters.forgetting;
}

static bool is_noted(const char *topic)
{
	const char *noted;

	for (size_t i = 0; (noted = spool_retained(rig.spool, i)); i++)
		if (strcmp(noted, topic) == 0)
			return true;
	return false;
}

static void
every_retained_topic_is_emptied_then_the_node_leaves_without_a_word(void **state)
{
	struct mqtt_forgetting got;

	(void)state;
	leave_rig_online();
	publish("z/kept", 1, true);
	publish("a/kept", 0, true);
	publish("not/kept", 1, false);
	mqtt_forget(rig.mqtt, LIMIT_MS);
	broker_puback(broker, expect_emptied("a/kept"));
	broker_puback(broker, expect_emptied("base/status"));
	broker_puback(broker, expect_emptied("z/kept"));
	broker_expect(broker, PACKET_DISCONNECT);
	broker_hang_up(broker);
	assert_true(rig_ends_within(&rig, SOON_MS));
	got = result();
	assert_int_equal(got.begun, 1);
	assert_int_equal(got.topics, 3);
	assert_int_equal(got.left, 0);
	assert_int_equal(got.refused, 0);
	assert_null(spool_retained(rig.spool, 0));
}

static void topics_of_an_earlier_configuration_are_emptied_too(void **state)
{
	(void)state;
	rig.settings.status = false;
	spool_note_retained(rig.spool, "old/topic");
	rig_online(&rig);
	mqtt_forget(rig.mqtt, LIMIT_MS);
	broker_puback(broker, expect_emptied("old/topic"));
	broker_expect(broker, PACKET_DISCONNECT);
	broker_hang_up(broker);
	assert_true(rig_ends_within(&rig, SOON_MS));
	assert_int_equal(result().topics, 1);
}

static void there_may_be_more_topics_than_may_be_under_way(void **state)
{
	char topic[16];

	(void)state;
	rig.settings.status = false;
	for (int i = 0; i < 3 * MQTT_INFLIGHT_MAX; i++) {
		snprintf(topic, sizeof(topic), "t/%03d", i);
		spool_note_retained(rig.spool, topic);
	}
	rig_online(&rig);
	mqtt_forget(rig.mqtt, LIMIT_MS);
	for (int i = 0; i < 3 * MQTT_INFLIGHT_MAX; i++) {
		snprintf(topic, sizeof(topic), "t/%03d", i);
		broker_puback(broker, expect_emptied(topic));
	}
	broker_expect(broker, PACKET_DISCONNECT);
	broker_hang_up(broker);
	assert_true(rig_ends_within(&rig, SOON_MS));
	assert_int_equal(result().left, 0);
}

static void what_is_under_way_is_waited_for_first(void **state)
{
	const struct mqtt_outgoing message = {
		.topic = "late", .payload = "1", .len = 1, .qos = 1, .retain = true
	};
	uint16_t id;

	(void)state;
	rig.settings.status = false;
	rig_online(&rig);
	assert_int_equal(mqtt_publish(rig.mqtt, &message), 0);
	id = broker_expect(broker, PACKET_PUBLISH)->id;
	mqtt_forget(rig.mqtt, LIMIT_MS);
	broker_puback(broker, id);
	broker_puback(broker, expect_emptied("late"));
	broker_expect(broker, PACKET_DISCONNECT);
}

static void a_message_that_is_never_acknowledged_keeps_it_from_beginning(void **state)
{
	const struct mqtt_outgoing message = {
		.topic = "late", .payload = "1", .len = 1, .qos = 2, .retain = true
	};

	(void)state;
	rig.settings.status = false;
	rig_online(&rig);
	assert_int_equal(mqtt_publish(rig.mqtt, &message), 0);
	broker_expect(broker, PACKET_PUBLISH);
	mqtt_forget(rig.mqtt, LIMIT_MS);
	assert_true(broker_is_quiet(broker, 700));
	mqtt_stop(rig.mqtt, 100);
	assert_true(rig_ends_within(&rig, SOON_MS));
	assert_int_equal(result().begun, 0);
	assert_string_equal(spool_retained(rig.spool, 0), "late");
}

static void without_any_retained_topic_the_node_just_leaves(void **state)
{
	(void)state;
	rig.settings.status = false;
	rig_online(&rig);
	mqtt_forget(rig.mqtt, LIMIT_MS);
	broker_expect(broker, PACKET_DISCONNECT);
	broker_hang_up(broker);
	assert_true(rig_ends_within(&rig, SOON_MS));
	assert_int_equal(result().begun, 1);
	assert_int_equal(result().topics, 0);
}

static void what_a_lost_connection_leaves_stays_noted(void **state)
{
	struct mqtt_forgetting got;

	(void)state;
	leave_rig_online();
	publish("a/kept", 1, true);
	mqtt_forget(rig.mqtt, LIMIT_MS);
	broker_puback(broker, expect_emptied("a/kept"));
	(void)expect_emptied("base/status");
	broker_reset(broker);
	assert_true(rig_ends_within(&rig, SOON_MS));
	got = result();
	assert_int_equal(got.topics, 2);
	assert_in_range(got.left, 1, 2); /* the reset may overtake the first answer */
	assert_true(is_noted("base/status"));
}

/* All is emptied, and DISCONNECT is sent. */
static void empty_all(void)
{
	leave_rig_online();
	publish("a/kept", 1, true);
	mqtt_forget(rig.mqtt, LIMIT_MS);
	broker_puback(broker, expect_emptied("a/kept"));
	broker_puback(broker, expect_emptied("base/status"));
	broker_expect(broker, PACKET_DISCONNECT);
}

static void expect_only_status_left(void)
{
	assert_true(rig_ends_within(&rig, SOON_MS));
	assert_int_equal(result().topics, 2);
	assert_int_equal(result().left, 1);
	assert_true(is_noted("base/status"));
	assert_false(is_noted("a/kept"));
}

static void a_broker_that_may_not_have_seen_disconnect_may_publish_the_will(void **state)
{
	(void)state;
	empty_all();
	mqtt_stop(rig.mqtt, 100);
	expect_only_status_left();
}

static void nor_has_it_if_the_network_goes_first(void **state)
{
	(void)state;
	empty_all();
	rig_path(&rig, true, "127.0.0.2");
	expect_only_status_left();
}

static void an_end_that_looks_like_a_reset_is_the_brokers_too(void **state)
{
	(void)state;
	empty_all();
	broker_reset(broker);
	assert_true(rig_ends_within(&rig, SOON_MS));
	assert_int_equal(result().left, 0);
	assert_null(spool_retained(rig.spool, 0));
}

static void what_was_emptied_is_not_noted_though_another_topic_is_refused(void **state)
{
	(void)state;
	rig.settings.status = false;
	spool_note_retained(rig.spool, "b");
	spool_note_retained(rig.spool, "refused/+"); /* of a damaged file, say */
	rig_online(&rig);
	mqtt_forget(rig.mqtt, LIMIT_MS);
	broker_puback(broker, expect_emptied("b"));
	broker_expect(broker, PACKET_DISCONNECT);
	broker_hang_up(broker);
	assert_true(rig_ends_within(&rig, SOON_MS));
	assert_int_equal(result().left, 0);
	assert_int_equal(result().refused, 1);
	assert_string_equal(spool_retained(rig.spool, 0), "refused/+");
	assert_null(spool_retained(rig.spool, 1));
}

static void what_the_broker_refuses_is_counted_and_stays_noted(void **state)
{
	static const char connack[] = "\x20\x03\0\0\0";
	char puback[] = "\x40\x04\0\0\x87\0"; /* not authorized */
	struct packet *p;

	(void)state;
	rig.settings.status = false;
	rig.settings.protocol = MQTT_PROTOCOL_5;
	spool_note_retained(rig.spool, "foreign");
	rig_start_on_path(&rig);
	broker_accept(broker);
	broker_expect(broker, PACKET_CONNECT);
	broker_send(broker, connack, sizeof(connack) - 1);
	rig_expect_counter(&rig, connects, 1);
	mqtt_forget(rig.mqtt, LIMIT_MS);
	p = broker_expect(broker, PACKET_PUBLISH);
	assert_string_equal(p->topic, "foreign");
	put_be16((uint8_t *)puback + 2, p->id);
	broker_send(broker, puback, sizeof(puback) - 1);
	broker_expect(broker, PACKET_DISCONNECT);
	broker_hang_up(broker);
	assert_true(rig_ends_within(&rig, SOON_MS));
	assert_int_equal(result().left, 0);
	assert_int_equal(result().refused, 1);
	assert_string_equal(spool_retained(rig.spool, 0), "foreign");
}

static void a_broker_that_does_not_answer_is_left_in_time(void **state)
{
	(void)state;
	leave_rig_online();
	mqtt_forget(rig.mqtt, 200);
	(void)expect_emptied("base/status");
	assert_true(rig_ends_within(&rig, SOON_MS));
	assert_int_equal(result().left, 1);
	assert_true(broker_expect_closed(broker)); /* no DISCONNECT: the will */
}

static void a_stop_meanwhile_shortens_it(void **state)
{
	(void)state;
	leave_rig_online();
	mqtt_forget(rig.mqtt, 3600 * 1000);
	(void)expect_emptied("base/status");
	mqtt_stop(rig.mqtt, 100);
	assert_true(rig_ends_within(&rig, SOON_MS));
	assert_int_equal(result().left, 1);
}

static int described(uint64_t begun, uint64_t left, uint64_t refused, char text[256])
{
	const struct mqtt_forgetting counts = {
		.begun = begun, .topics = 5, .left = left, .refused = refused
	};

	return mqtt_forget_describe(&counts, text, 256);
}

static void the_words_are_of_what_was_really_done(void **state)
{
	char text[256];

	(void)state;
	assert_int_equal(described(1, 0, 0, text), LOG_NOTICE);
	assert_non_null(strstr(text, "are empty (5)"));
	assert_int_equal(described(0, 0, 0, text), LOG_WARNING);
	assert_non_null(strstr(text, "No retained topic was emptied"));
	assert_int_equal(described(1, 2, 0, text), LOG_WARNING);
	assert_non_null(strstr(text, "2 of 5 retained topics may not be empty"));
	assert_int_equal(described(1, 0, 3, text), LOG_WARNING);
	assert_non_null(strstr(text, "refused to empty 3 of 5"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, leave_rig_set_up, leave_rig_tear_down)
		TEST(every_retained_topic_is_emptied_then_the_node_leaves_without_a_word),
		TEST(topics_of_an_earlier_configuration_are_emptied_too),
		TEST(there_may_be_more_topics_than_may_be_under_way),
		TEST(what_is_under_way_is_waited_for_first),
		TEST(a_message_that_is_never_acknowledged_keeps_it_from_beginning),
		TEST(without_any_retained_topic_the_node_just_leaves),
		TEST(what_a_lost_connection_leaves_stays_noted),
		TEST(a_broker_that_may_not_have_seen_disconnect_may_publish_the_will),
		TEST(nor_has_it_if_the_network_goes_first),
		TEST(an_end_that_looks_like_a_reset_is_the_brokers_too),
		TEST(what_was_emptied_is_not_noted_though_another_topic_is_refused),
		TEST(what_the_broker_refuses_is_counted_and_stays_noted),
		TEST(a_broker_that_does_not_answer_is_left_in_time),
		TEST(a_stop_meanwhile_shortens_it),
		TEST(the_words_are_of_what_was_really_done),
#undef TEST
	};

	return cmocka_run_group_tests_name("mqtt_forget", tests, NULL, NULL);
}
