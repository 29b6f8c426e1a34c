// SPDX-License-Identifier: MIT
/* test_mqtt_own.c — what the node itself subscribes to, for Home Assistant */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include "mqtt_rig.h"

static struct rig rig;
static struct broker *const broker = &rig.broker;
static char prefix[] = "homeassistant", in[] = "in";
static struct subscription_settings subscription;

static int set_up(void **state)
{
	(void)state;
	rig_make(&rig);
	rig.settings.discovery = prefix;
	subscription = (struct subscription_settings){ .topic = in, .max_size = 100 };
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	rig_free(&rig);
	return 0;
}

/* The next SUBSCRIBE is for this filter; its number. */
static uint16_t expect_subscribe(const char *filter)
{
	struct packet *p = broker_expect(broker, PACKET_SUBSCRIBE);

	assert_int_equal(p->len, 2 + 2 + strlen(filter) + 1);
	assert_memory_equal(p->body + 4, filter, strlen(filter));
	return p->id;
}

static void say(const char *topic, const char *payload, bool retain)
{
	broker_publish(broker, topic, payload, strlen(payload), 0, retain);
}

static unsigned int expect_requests(void)
{
	struct pollfd p = { .fd = mqtt_requests_fd(rig.mqtt), .events = POLLIN };

	assert_int_equal(poll(&p, 1, 20000), 1);
	return mqtt_take_requests(rig.mqtt);
}

static void without_discovery_there_is_nothing(void **state)
{
	(void)state;
	rig.settings.discovery = NULL;
	rig.settings.discovery_restart = true;
	rig_online(&rig);
	assert_true(broker_is_quiet(broker, 100));
}

static void the_birth_of_home_assistant_is_heard(void **state)
{
	(void)state;
	rig_online(&rig);
	(void)expect_subscribe("homeassistant/status");
	(void)expect_subscribe("base/screen");
	assert_true(broker_is_quiet(broker, 100)); /* no button */
	say("homeassistant/status", "offline", false);
	say("homeassistant/status", "online", true); /* long ago */
	rig_expect_counter(&rig, received, 2);
	assert_int_equal(mqtt_take_requests(rig.mqtt), 0);
	say("homeassistant/status", "online", false);
	assert_int_equal(expect_requests(), SUBSCRIPTION_BIRTH);
	assert_int_equal(mqtt_take_requests(rig.mqtt), 0); /* taken once */
}

static void the_button_is_heard_if_it_is_allowed(void **state)
{
	(void)state;
	rig.settings.discovery_restart = true;
	rig_online(&rig);
	(void)expect_subscribe("homeassistant/status");
	(void)expect_subscribe("base/screen");
	(void)expect_subscribe("base/restart");
	say("base/restart", "restart", true); /* it would never end */
	say("base/restart", "", false);
	rig_expect_counter(&rig, received, 2);
	assert_int_equal(mqtt_take_requests(rig.mqtt), 0);
	say("base/restart", "restart", false);
	assert_int_equal(expect_requests(), SUBSCRIPTION_RESTART);
}

static void a_text_reaches_the_screen(void **state)
{
	struct pollfd p = { .events = POLLIN };
	struct mqtt_message *m;

	(void)state;
	rig_online(&rig);
	say("base/screen", "Hello", false);
	p.fd = queue_fd(rig.inbox);
	assert_int_equal(poll(&p, 1, 20000), 1);
	m = queue_pop(rig.inbox);
	assert_string_equal((const char *)m->payload, "Hello");
	assert_int_equal(m->actions, SUBSCRIPTION_OLED);
	mqtt_message_free(m);
}

static void without_a_display_there_is_no_text(void **state)
{
	(void)state;
	rig.inbox = queue_free(rig.inbox);
	rig_online(&rig);
	(void)expect_subscribe("homeassistant/status");
	assert_true(broker_is_quiet(broker, 100));
}

static void the_last_message_from_others_is_remembered(void **state)
{
	static char all[] = "#";
	char long_payload[301];
	struct mqtt_last last[MQTT_LAST_MAX + 1];

	(void)state;
	subscription.topic = all;
	subscription.max_size = 1000;
	rig.settings.subscribe = &subscription;
	rig.settings.n_subscribe = 1;
	rig_online(&rig);
	assert_int_equal(mqtt_get_last(rig.mqtt, last, ARRAY_SIZE(last)), 0);
	memset(long_payload, 'x', sizeof(long_payload) - 1);
	long_payload[sizeof(long_payload) - 1] = '\0';
	say("in", long_payload, false);
	say("in", "a\nb", false);
	say("base/message", "its own", false); /* would be another one each time */
	rig_expect_counter(&rig, received, 3);
	assert_int_equal(mqtt_get_last(rig.mqtt, last, ARRAY_SIZE(last)), 2);
	assert_int_equal(last[0].number, 2);
	assert_string_equal(last[0].topic, "in");
	assert_null(strchr(last[0].payload, '\n'));
	assert_int_equal(last[1].number, 1);
	say("in", long_payload, false);
	rig_expect_counter(&rig, received, 4);
	assert_int_equal(mqtt_get_last(rig.mqtt, last, 1), 1);
	assert_in_range(strlen(last[0].payload), 200, 255);
	for (int i = 0; i < MQTT_LAST_MAX; i++)
		say("in", "more", false);
	rig_expect_counter(&rig, received, 4 + MQTT_LAST_MAX);
	assert_int_equal(mqtt_get_last(rig.mqtt, last, ARRAY_SIZE(last)), MQTT_LAST_MAX);
	assert_int_equal(last[0].number, 4 + MQTT_LAST_MAX);
	assert_int_equal(last[MQTT_LAST_MAX - 1].number, 5);
}

/* The rung is about what the user subscribed to. */
static void a_refusal_of_its_own_does_not_fail_the_rung(void **state)
{
	uint16_t id;

	(void)state;
	rig.settings.subscribe = &subscription;
	rig.settings.n_subscribe = 1;
	rig_online(&rig);
	id = expect_subscribe("in");
	broker_suback(broker, expect_subscribe("homeassistant/status"), 0x80);
	broker_suback(broker, expect_subscribe("base/screen"), 0x80);
	rig_expect_rung(&rig, RUNG_SUBACK, RUNG_STATE_TRYING, "Waiting for SUBACK");
	broker_suback(broker, id, 0);
	rig_expect_rung(&rig, RUNG_SUBACK, RUNG_STATE_OK, "1 subscription");
}

static void online_is_said_again_on_request(void **state)
{
	struct packet *p;

	(void)state;
	rig.settings.discovery = NULL;
	rig.settings.status = true;
	rig_online(&rig);
	broker_puback(broker, broker_expect(broker, PACKET_PUBLISH)->id);
	rig_expect_counter(&rig, status_sent, 1);
	/* PUBACK must be known before: what is on its way is not said twice */
	say("base/status", "online", false);
	rig_expect_counter(&rig, status_heard, 1);
	mqtt_say_status(rig.mqtt);
	p = broker_expect(broker, PACKET_PUBLISH);
	assert_string_equal(p->topic, "base/status");
	assert_string_equal(p->payload, "online");
	assert_true(p->retain);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		TEST(without_discovery_there_is_nothing),
		TEST(the_birth_of_home_assistant_is_heard),
		TEST(the_button_is_heard_if_it_is_allowed),
		TEST(a_text_reaches_the_screen),
		TEST(without_a_display_there_is_no_text),
		TEST(the_last_message_from_others_is_remembered),
		TEST(a_refusal_of_its_own_does_not_fail_the_rung),
		TEST(online_is_said_again_on_request),
#undef TEST
	};

	return cmocka_run_group_tests_name("mqtt_own", tests, NULL, NULL);
}
