// SPDX-License-Identifier: MIT
/* test_mqtt_refusals.c — what the broker refuses is named, and not too often */
#include "../../src/app/mqtt_refusals.h"

#include <string.h>

#include "unit.h"

#include "mqttnode/bytes.h"
#include "mqttnode/cleanup.h"

#include "log_rig.h"
#include "mqtt_rig.h"

#define SOON_MS 5000
#define WHY	"Not authorized (135)"

static struct rig rig;
static struct broker *const broker = &rig.broker;
static struct mqtt_refusals refusals;

static int set_up(void **state)
{
	(void)state;
	mqtt_refusals_init(&refusals);
	log_rig_watch("refused a message");
	return 0;
}

static int set_up_rig(void **state)
{
	rig_make(&rig);
	rig.settings.status = true;
	rig.settings.protocol = MQTT_PROTOCOL_5;
	return set_up(state);
}

static int tear_down_rig(void **state)
{
	(void)state;
	rig_free(&rig);
	return 0;
}

static void a_refusal_names_the_topic_and_the_reason(void **state)
{
	(void)state;
	mqtt_refusals_sent(&refusals, 1, "one");
	mqtt_refusals_sent(&refusals, 2, "two");
	mqtt_refusals_answered(&refusals, 1, WHY);
	assert_string_equal(log_rig_last(), "The broker refused a message on one: " WHY);
	mqtt_refusals_answered(&refusals, 2, WHY);
	assert_string_equal(log_rig_last(), "The broker refused a message on two: " WHY);
}

static void what_was_taken_is_not_mentioned_nor_remembered(void **state)
{
	(void)state;
	mqtt_refusals_sent(&refusals, 1, "one");
	mqtt_refusals_answered(&refusals, 1, NULL);
	assert_int_equal(log_rig_count(), 0);
	mqtt_refusals_answered(&refusals, 1, WHY);
	assert_string_equal(log_rig_last(), "The broker refused a message: " WHY);
}

static void a_number_stands_for_what_was_sent_last(void **state)
{
	(void)state;
	mqtt_refusals_sent(&refusals, 1, "one");
	mqtt_refusals_sent(&refusals, 1, "another");
	mqtt_refusals_answered(&refusals, 1, WHY);
	assert_string_equal(log_rig_last(),
			    "The broker refused a message on another: " WHY);
	mqtt_refusals_answered(&refusals, 1, WHY);
	assert_string_equal(log_rig_last(), "The broker refused a message: " WHY);
}

static void what_has_no_place_has_no_name(void **state)
{
	const int places = ARRAY_SIZE(refusals.under_way);

	(void)state;
	for (int id = 1; id <= places + 1; id++)
		mqtt_refusals_sent(&refusals, id, "t");
	mqtt_refusals_answered(&refusals, places + 1, WHY);
	assert_string_equal(log_rig_last(), "The broker refused a message: " WHY);
	mqtt_refusals_answered(&refusals, places, NULL);
	mqtt_refusals_sent(&refusals, places + 1, "again");
	mqtt_refusals_answered(&refusals, places + 1, WHY);
	assert_string_equal(log_rig_last(),
			    "The broker refused a message on again: " WHY);
}

static void a_topic_is_shown_printable_and_cut(void **state)
{
	char topic[1000];

	(void)state;
	memset(topic, 'x', sizeof(topic) - 1);
	topic[sizeof(topic) - 1] = '\0';
	topic[1] = '\n';
	mqtt_refusals_sent(&refusals, 1, topic);
	mqtt_refusals_answered(&refusals, 1, WHY);
	assert_null(strchr(log_rig_last(), '\n'));
	assert_in_range(strlen(log_rig_last()), 80, 80 + MQTT_REFUSED_TOPIC_SIZE);
}

static void three_a_minute_are_logged_and_the_others_counted(void **state)
{
	(void)state;
	for (int id = 1; id <= 5; id++)
		mqtt_refusals_answered(&refusals, id, WHY);
	assert_int_equal(log_rig_count(), 3);
	refusals.limit.interval_s = 0; /* as if the minute were over */
	mqtt_refusals_answered(&refusals, 6, WHY);
	assert_string_equal(log_rig_last(), "The broker refused a message: " WHY
					    " (2 more were not logged)");
}

static void another_client_has_other_numbers_but_no_other_minute(void **state)
{
	(void)state;
	mqtt_refusals_sent(&refusals, 1, "one");
	mqtt_refusals_clear(&refusals);
	for (int i = 0; i < 5; i++)
		mqtt_refusals_answered(&refusals, 1, WHY);
	assert_string_equal(log_rig_last(), "The broker refused a message: " WHY);
	mqtt_refusals_clear(&refusals);
	mqtt_refusals_answered(&refusals, 1, WHY);
	assert_int_equal(log_rig_count(), 3);
}

/* --- of the status --------------------------------------------------------- */

/* A session of MQTT 5; the number of "online". */
static uint16_t come_online(void)
{
	static const char connack[] = "\x20\x03\0\0\0";

	rig_start_on_path(&rig);
	broker_accept(broker);
	broker_expect(broker, PACKET_CONNECT);
	broker_send(broker, connack, sizeof(connack) - 1);
	return broker_expect(broker, PACKET_PUBLISH)->id;
}

/* The end of a packet, whatever properties are before it. */
static void assert_says(const struct packet *p, const char *payload)
{
	size_t len = strlen(payload);

	assert_true(p->len > len);
	assert_memory_equal(p->body + p->len - len, payload, len);
}

static void refuse(uint16_t id)
{
	char puback[] = "\x40\x04\0\0\x87\0"; /* not authorized */

	put_be16((uint8_t *)puback + 2, id);
	broker_send(broker, puback, sizeof(puback) - 1);
}

static void a_refused_online_is_named(void **state)
{
	(void)state;
	refuse(come_online());
	rig_expect_counter(&rig, refused, 1);
	assert_string_equal(log_rig_last(),
			    "The broker refused a message on base/status: " WHY);
}

static void a_refused_correction_is_named(void **state)
{
	/* With no properties. */
	static const char wrong[] = "\x30\x15\0\x0b"
				    "base/status\0offline";
	struct packet *p;

	(void)state;
	broker_puback(broker, come_online());
	broker_send(broker, wrong, sizeof(wrong) - 1);
	p = broker_expect(broker, PACKET_PUBLISH);
	assert_says(p, "online");
	refuse(p->id);
	rig_expect_counter(&rig, refused, 1);
	assert_string_equal(log_rig_last(),
			    "The broker refused a message on base/status: " WHY);
}

static void a_refused_offline_is_named_and_not_waited_for(void **state)
{
	struct packet *p;

	(void)state;
	broker_puback(broker, come_online());
	rig_expect_counter(&rig, connects, 1);
	mqtt_stop(rig.mqtt, 10000);
	p = broker_expect(broker, PACKET_PUBLISH);
	assert_says(p, "offline");
	refuse(p->id);
	broker_expect(broker, PACKET_DISCONNECT);
	broker_hang_up(broker);
	assert_true(rig_ends_within(&rig, SOON_MS));
	assert_string_equal(log_rig_last(),
			    "The broker refused a message on base/status: " WHY);
}

/* A message that says @outline; its number at the broker. */
static uint16_t announce(const char *outline)
{
	const struct mqtt_outgoing message = {
		.topic = "t", .qos = 1, .retain = true, .outline = outline
	};

	assert_int_equal(mqtt_publish(rig.mqtt, &message), 0);
	return broker_expect(broker, PACKET_PUBLISH)->id;
}

static void what_a_refused_message_was_to_take_back_is_remembered(void **state)
{
	static const char *const remembered[] = { "one", "two" };
	const char *topic, *text;
	size_t i = 0;

	(void)state;
	broker_puback(broker, come_online());
	broker_puback(broker, announce("zero"));
	broker_puback(broker, announce("one"));
	rig_expect_counter(&rig, published, 2);
	refuse(announce("two"));
	rig_expect_counter(&rig, refused, 1);
	broker_hang_up(broker);
	mqtt_stop(rig.mqtt, 0);
	assert_true(rig_ends_within(&rig, SOON_MS));
	for (; spool_outline(rig.spool, i, &topic, &text); i++) {
		assert_true(i < ARRAY_SIZE(remembered));
		assert_string_equal(text, remembered[i]);
	}
	assert_int_equal(i, ARRAY_SIZE(remembered));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f)	    cmocka_unit_test_setup(f, set_up)
#define TEST_RIG(f) cmocka_unit_test_setup_teardown(f, set_up_rig, tear_down_rig)
		TEST(a_refusal_names_the_topic_and_the_reason),
		TEST(what_was_taken_is_not_mentioned_nor_remembered),
		TEST(a_number_stands_for_what_was_sent_last),
		TEST(what_has_no_place_has_no_name),
		TEST(a_topic_is_shown_printable_and_cut),
		TEST(three_a_minute_are_logged_and_the_others_counted),
		TEST(another_client_has_other_numbers_but_no_other_minute),
		TEST_RIG(a_refused_online_is_named),
		TEST_RIG(a_refused_correction_is_named),
		TEST_RIG(a_refused_offline_is_named_and_not_waited_for),
		TEST_RIG(what_a_refused_message_was_to_take_back_is_remembered),
#undef TEST
#undef TEST_RIG
	};

	return cmocka_run_group_tests_name("mqtt_refusals", tests, NULL, NULL);
}
