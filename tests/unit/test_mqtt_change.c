// SPDX-License-Identifier: MIT
/* test_mqtt_change.c — a running connection is changed over to another configuration */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include "mqtt_rig.h"

#define SOON_MS 5000

static struct rig rig;
static struct broker *const broker = &rig.broker;

static struct subscription_settings before[2], after[2];
static struct mqtt_settings other; /* what it is changed over to */

static struct subscription_settings to(const char *filter)
{
	return (struct subscription_settings){
		.topic = (char *)(uintptr_t)filter,
		.actions = SUBSCRIPTION_OLED,
		.max_size = 100,
	};
}

static int set_up(void **state)
{
	(void)state;
	rig_make(&rig);
	rig.settings.status = true;
	rig.settings.subscribe = before;
	other = rig.settings;
	other.subscribe = after;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	rig_free(&rig);
	return 0;
}

static int make(struct mqtt_session **ret, const char *base_topic,
		enum mqtt_change change)
{
	const struct mqtt_config config = {
		.client_id = "node",
		.base_topic = base_topic,
		.settings = &other,
		.ladder = rig.ladder,
		.inbox = rig.inbox,
	};

	return mqtt_session_new(ret, rig.mqtt, &config, change, rig.error,
				sizeof(rig.error));
}

static void change_to(const char *base_topic, enum mqtt_change change)
{
	struct mqtt_session *session;

	assert_int_equal(make(&session, base_topic, change), 0);
	mqtt_change(rig.mqtt, session);
}

static void expect_changed(void)
{
	struct pollfd fd = { .fd = mqtt_change_fd(rig.mqtt), .events = POLLIN };

	assert_int_equal(poll(&fd, 1, SOON_MS), 1);
	assert_true(mqtt_has_changed(rig.mqtt));
	assert_false(mqtt_has_changed(rig.mqtt));
}

static void expect_filter(enum packet_type type, const char *filter)
{
	struct packet *p = broker_expect(broker, type);

	assert_int_equal(p->body[3], strlen(filter));
	assert_memory_equal(p->body + 4, filter, strlen(filter));
	if (type == PACKET_SUBSCRIBE)
		broker_suback(broker, p->id, 0);
}

/* A word on the status topic, which is acknowledged. */
static void expect_status(const char *topic, const char *word)
{
	struct packet *p = broker_expect(broker, PACKET_PUBLISH);

	assert_string_equal(p->topic, topic);
	assert_string_equal(p->payload, word);
	assert_true(p->retain);
	broker_puback(broker, p->id);
}

static void expect_session(void)
{
	broker_accept(broker);
	broker_expect(broker, PACKET_CONNECT);
	broker_connack(broker, 0);
}

static void publish(const char *text)
{
	const struct mqtt_outgoing message = {
		.topic = "out", .payload = text, .len = strlen(text), .qos = 1
	};

	assert_int_equal(mqtt_publish(rig.mqtt, &message), 0);
}

static void only_what_differs_is_subscribed(void **state)
{
	(void)state;
	rig.settings.n_subscribe = other.n_subscribe = 2;
	before[0] = to("old");
	before[1] = after[0] = to("both");
	after[1] = to("new");
	rig_online(&rig);
	expect_filter(PACKET_SUBSCRIBE, "old");
	expect_filter(PACKET_SUBSCRIBE, "both");
	expect_status("base/status", "online");
	change_to("base", MQTT_CHANGE_SUBSCRIPTIONS);
	expect_changed();
	expect_filter(PACKET_UNSUBSCRIBE, "old");
	expect_filter(PACKET_SUBSCRIBE, "new");
	rig_expect_rung(&rig, RUNG_SUBACK, RUNG_STATE_OK, "2 subscriptions");
	broker_publish(broker, "new", "x", 1, 0, false);
	rig_expect_counter(&rig, received, 1);
	assert_int_equal(rig_counter(&rig, offsetof(struct mqtt_counters, connects)), 1);
}

static void none_at_all_and_some_again(void **state)
{
	(void)state;
	rig.settings.n_subscribe = 1;
	before[0] = to("old");
	rig_online(&rig);
	expect_filter(PACKET_SUBSCRIBE, "old");
	expect_status("base/status", "online");
	change_to("base", MQTT_CHANGE_SUBSCRIPTIONS);
	expect_changed();
	expect_filter(PACKET_UNSUBSCRIBE, "old");
	rig_expect_rung(&rig, RUNG_SUBACK, RUNG_STATE_UNUSED, "No subscriptions");
	other = rig.settings;
	change_to("base", MQTT_CHANGE_SUBSCRIPTIONS);
	expect_changed();
	expect_filter(PACKET_SUBSCRIBE, "old");
	rig_expect_rung(&rig, RUNG_SUBACK, RUNG_STATE_OK, "1 subscription");
}

static void what_is_given_up_offline_is_unsubscribed_in_the_next_session(void **state)
{
	(void)state;
	rig.settings.n_subscribe = other.n_subscribe = 1;
	rig.settings.clean_session = other.clean_session = false;
	before[0] = to("old");
	after[0] = to("new");
	rig_online(&rig);
	expect_filter(PACKET_SUBSCRIBE, "old");
	expect_status("base/status", "online");
	rig_path(&rig, false, "127.0.0.1");
	assert_true(broker_expect_closed(broker));
	change_to("base", MQTT_CHANGE_SUBSCRIPTIONS);
	expect_changed();
	rig_path(&rig, true, "127.0.0.1");
	expect_session();
	expect_filter(PACKET_UNSUBSCRIBE, "old");
	expect_filter(PACKET_SUBSCRIBE, "new");
}

/* How the node leaves a connection for another one. */
static void expect_goodbye(void)
{
	expect_status("base/status", "offline");
	broker_expect(broker, PACKET_DISCONNECT);
	broker_hang_up(broker);
}

static void before_another_connection_it_is_offline(void **state)
{
	(void)state;
	other.keepalive_s = 77;
	rig_online(&rig);
	expect_status("base/status", "online");
	change_to("base", MQTT_CHANGE_CONNECTION);
	expect_goodbye();
	expect_changed();
	broker_accept(broker);
	assert_int_equal(broker_expect(broker, PACKET_CONNECT)->body[9], 77);
	broker_connack(broker, 0);
	expect_status("base/status", "online");
}

static void the_words_go_to_the_topic_of_their_connection(void **state)
{
	(void)state;
	rig_online(&rig);
	expect_status("base/status", "online");
	change_to("other", MQTT_CHANGE_CONNECTION);
	expect_goodbye();
	expect_changed();
	expect_session();
	expect_status("other/status", "online");
}

static void another_longest_wait_is_of_effect_at_once(void **state)
{
	(void)state;
	rig.settings.reconnect_max_s = 7200;
	other.reconnect_max_s = 1;
	rig_start_on_path(&rig);
	broker_accept(broker);
	broker_expect(broker, PACKET_CONNECT);
	broker_connack(broker, 5); /* that will not change soon: half of it at least */
	rig_expect_counter(&rig, connect_failures, 1);
	change_to("base", MQTT_CHANGE_SUBSCRIPTIONS);
	expect_changed();
	expect_session();
	expect_status("base/status", "online");
}

static void acknowledgements_are_waited_for(void **state)
{
	struct packet *p;

	(void)state;
	rig_online(&rig);
	expect_status("base/status", "online");
	publish("one");
	p = broker_expect(broker, PACKET_PUBLISH);
	change_to("base", MQTT_CHANGE_CONNECTION);
	broker_puback(broker, p->id);
	expect_goodbye();
	publish("two");
	expect_session();
	expect_status("base/status", "online");
	assert_string_equal(broker_expect(broker, PACKET_PUBLISH)->payload, "two");
}

static void what_a_silent_broker_did_not_acknowledge_goes_to_the_next(void **state)
{
	uint16_t ids[3];

	(void)state;
	rig_online(&rig);
	expect_status("base/status", "online");
	publish("one");
	publish("two");
	publish("three");
	for (int i = 0; i < 3; i++)
		ids[i] = broker_expect(broker, PACKET_PUBLISH)->id;
	broker_puback(broker, ids[1]); /* out of order: it is done all the same */
	rig_expect_counter(&rig, published, 1);
	change_to("base", MQTT_CHANGE_CONNECTION);
	expect_goodbye();
	expect_session();
	expect_status("base/status", "online");
	assert_string_equal(broker_expect(broker, PACKET_PUBLISH)->payload, "one");
	broker_puback(broker, broker->in.id);
	assert_string_equal(broker_expect(broker, PACKET_PUBLISH)->payload, "three");
	broker_puback(broker, broker->in.id);
	rig_expect_counter(&rig, published, 3);
}

static void a_configuration_that_is_of_no_use_changes_nothing(void **state)
{
	struct mqtt_session *session = NULL;

	(void)state;
	rig_online(&rig);
	expect_status("base/status", "online");
	assert_true(make(&session, "a/#", MQTT_CHANGE_CONNECTION) < 0);
	assert_string_equal(rig.error, "Cannot set up MQTT: Invalid argument");
	assert_null(session);
	publish("still here");
	broker_expect(broker, PACKET_PUBLISH);
}

static void a_larger_packet_needs_another_connection_in_mqtt_5(void **state)
{
	(void)state;
	rig.settings.protocol = other.protocol = MQTT_PROTOCOL_5;
	other.n_subscribe = 1;
	after[0] = to("new");
	rig_start_on_path(&rig);
	broker_accept(broker);
	broker_expect(broker, PACKET_CONNECT);
	change_to("base", MQTT_CHANGE_SUBSCRIPTIONS);
	expect_changed();
	broker_expect_closed(broker);
	broker_accept(broker);
	broker_expect(broker, PACKET_CONNECT);
}

static void a_stop_in_the_middle_of_a_change_ends_it(void **state)
{
	(void)state;
	rig_online(&rig);
	expect_status("base/status", "online");
	publish("never acknowledged");
	broker_expect(broker, PACKET_PUBLISH);
	change_to("base", MQTT_CHANGE_CONNECTION);
	mqtt_stop(rig.mqtt, SOON_MS);
	expect_goodbye();
	assert_true(rig_ends_within(&rig, SOON_MS));
}

static void what_is_composed_meanwhile_is_kept_at_a_stop(void **state)
{
	struct spool_status kept;
	struct packet *p;

	(void)state;
	rig_online(&rig);
	expect_status("base/status", "online");
	change_to("base", MQTT_CHANGE_CONNECTION);
	p = broker_expect(broker, PACKET_PUBLISH);
	assert_string_equal(p->payload, "offline");
	publish("later");
	mqtt_stop(rig.mqtt, SOON_MS);
	broker_puback(broker, p->id);
	broker_expect(broker, PACKET_DISCONNECT);
	broker_hang_up(broker);
	assert_true(rig_ends_within(&rig, SOON_MS));
	spool_get_status(rig.spool, &kept);
	assert_int_equal(kept.messages, 1);
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(only_what_differs_is_subscribed),
		test(none_at_all_and_some_again),
		test(what_is_given_up_offline_is_unsubscribed_in_the_next_session),
		test(before_another_connection_it_is_offline),
		test(the_words_go_to_the_topic_of_their_connection),
		test(another_longest_wait_is_of_effect_at_once),
		test(acknowledgements_are_waited_for),
		test(what_a_silent_broker_did_not_acknowledge_goes_to_the_next),
		test(a_configuration_that_is_of_no_use_changes_nothing),
		test(a_larger_packet_needs_another_connection_in_mqtt_5),
		test(a_stop_in_the_middle_of_a_change_ends_it),
		test(what_is_composed_meanwhile_is_kept_at_a_stop),
	};

	return cmocka_run_group_tests_name("mqtt_change", tests, NULL, NULL);
}
