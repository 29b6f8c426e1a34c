// SPDX-License-Identifier: MIT
/* test_mqtt_stop.c — the thread ends within its limit, whatever it is doing */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "unit.h"

#include "mqttnode/clock.h"

#include "../../src/app/mqtt_lookup.h"
#include "mqtt_leave_rig.h"

static struct publication_settings publication = { .topic = (char[]){ "out" } };

static void publish(char *text, uint64_t interval_ms)
{
	publication.text = text;
	publication.triggers = PUBLISH_INTERVAL;
	publication.interval_ms = interval_ms;
	rig.settings.publish = &publication;
	rig.settings.n_publish = 1;
}

static void an_instance_that_never_ran(void **state)
{
	(void)state;
	assert_int_equal(rig_new(&rig, "base", NULL), 0);
	assert_true(mqtt_joined(rig.mqtt));
	rig.mqtt = mqtt_free(rig.mqtt);
	assert_null(mqtt_free(NULL));
}

static void what_the_library_does_not_accept_is_an_error(void **state)
{
	(void)state;
	assert_true(rig_new(&rig, "a/#", NULL) < 0);
	assert_string_equal(rig.error, "Cannot set up MQTT: Invalid argument");
	assert_null(rig.mqtt);
}

static void while_offline(void **state)
{
	(void)state;
	rig_start(&rig);
	mqtt_stop(rig.mqtt, LIMIT_MS);
	assert_true(rig_ends_within(&rig, SOON_MS));
}

static void while_waiting_for_the_next_attempt(void **state)
{
	(void)state;
	rig.settings.reconnect_max_s = 3600;
	rig.timing.backoff_base_ms = 3600 * 1000;
	broker_close(broker);
	rig_start_on_path(&rig);
	rig_expect_counter(&rig, connect_failures, 1);
	mqtt_stop(rig.mqtt, LIMIT_MS);
	assert_true(rig_ends_within(&rig, SOON_MS));
}

static void while_a_syn_is_not_answered(void **state)
{
	(void)state;
	broker_close(broker);
	broker_open(broker, true);
	rig.settings.port = broker->port;
	rig_start_on_path(&rig);
	rig_expect_rung(&rig, RUNG_TCP, RUNG_STATE_TRYING, "Connecting to 127.0.0.1:%u",
			broker->port);
	mqtt_stop(rig.mqtt, LIMIT_MS);
	assert_true(rig_ends_within(&rig, SOON_MS));
}

static void while_waiting_for_connack(void **state)
{
	(void)state;
	rig_start_on_path(&rig);
	broker_accept(broker);
	broker_expect(broker, PACKET_CONNECT);
	mqtt_stop(rig.mqtt, LIMIT_MS);
	assert_true(rig_ends_within(&rig, SOON_MS));
	/* no DISCONNECT: should the broker have accepted meanwhile, it says "offline" */
	assert_true(broker_expect_closed(broker));
}

static void a_session_says_offline_and_disconnects(void **state)
{
	struct packet *p;

	(void)state;
	leave_rig_online();
	mqtt_stop(rig.mqtt, LIMIT_MS);
	p = broker_expect(broker, PACKET_PUBLISH);
	assert_string_equal(p->topic, "base/status");
	assert_string_equal(p->payload, "offline");
	assert_true(p->retain);
	assert_int_equal(p->qos, 1);
	assert_false(rig_ends_within(&rig, 100)); /* waits for PUBACK */
	broker_puback(broker, p->id);
	/* PUBACK is acted upon when it comes, not with the next tick of a second */
	broker_expect(broker, PACKET_DISCONNECT);
	assert_false(rig_ends_within(&rig, 100)); /* waits for the broker to close */
	broker_hang_up(broker);
	assert_true(rig_ends_within(&rig, 800));
}

static void a_flood_does_not_reset_the_disconnect(void **state)
{
	static uint8_t flood[200000];
	struct packet *p;

	(void)state;
	leave_rig_online();
	mqtt_stop(rig.mqtt, LIMIT_MS);
	p = broker_expect(broker, PACKET_PUBLISH);
	broker_puback(broker, p->id);
	broker_publish(broker, "t", flood, sizeof(flood), 0, false);
	broker_expect(broker, PACKET_DISCONNECT);
	/* more than TCP keeps: it is read, although nobody wants it any more */
	for (int i = 0; i < 100; i++)
		broker_publish(broker, "t", flood, sizeof(flood), 0, false);
	assert_int_equal(shutdown(broker->fd, SHUT_WR), 0);
	assert_false(broker_expect_closed(broker));
	assert_true(rig_ends_within(&rig, SOON_MS));
}

static void without_a_status_topic_it_only_disconnects(void **state)
{
	(void)state;
	rig.settings.status = false;
	rig_online(&rig);
	mqtt_stop(rig.mqtt, LIMIT_MS);
	broker_expect(broker, PACKET_DISCONNECT);
	broker_hang_up(broker);
	assert_true(rig_ends_within(&rig, SOON_MS));
	/* a connection that was given up is not one that was lost */
	rig_expect_rung(&rig, RUNG_CONNACK, RUNG_STATE_OK, "broker 127.0.0.1:%u",
			broker->port);
}

static void nothing_more_is_published_during_a_stop(void **state)
{
	static char text[] = "{seq}";
	struct packet *p;

	(void)state;
	publish(text, 10);
	rig_online(&rig);
	mqtt_stop(rig.mqtt, LIMIT_MS);
	do
		p = broker_expect(broker, PACKET_PUBLISH);
	while (strcmp(p->payload, "offline") != 0);
	assert_true(broker_is_quiet(broker, 50));
	broker_puback(broker, p->id);
	broker_expect(broker, PACKET_DISCONNECT);
}

static void a_broker_that_does_not_answer_is_left_to_the_will(void **state)
{
	(void)state;
	rig_online(&rig);
	broker_expect(broker, PACKET_PUBLISH); /* online */
	mqtt_stop(rig.mqtt, 200);
	broker_expect(broker, PACKET_PUBLISH); /* offline */
	assert_true(rig_ends_within(&rig, SOON_MS));
	assert_true(broker_expect_closed(broker)); /* a reset, no DISCONNECT */
}

static void a_connection_lost_during_a_stop_ends_it(void **state)
{
	(void)state;
	rig_online(&rig);
	broker_expect(broker, PACKET_PUBLISH);
	mqtt_stop(rig.mqtt, LIMIT_MS);
	broker_expect(broker, PACKET_PUBLISH);
	broker_hang_up(broker);
	assert_true(rig_ends_within(&rig, SOON_MS));
}

static void a_stalled_connection_does_not_hold_it_up(void **state)
{
	static char text[60001];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	publish(text, 1);
	rig_online(&rig);
	rig_expect_counter(&rig, dropped_stalled, 1);
	mqtt_stop(rig.mqtt, 200);
	assert_true(rig_ends_within(&rig, SOON_MS));
}

static void a_thread_that_is_held_up_is_left_behind(void **state)
{
	struct mqtt *left_behind;

	(void)state;
	rig.hold = true;
	rig_online(&rig);
	rig_wait_held(&rig);
	mqtt_stop(rig.mqtt, 50);
	assert_false(rig_ends_within(&rig, 200));
	left_behind = rig.mqtt;
	assert_null(mqtt_free(rig.mqtt));
	rig.mqtt = left_behind;
	rig_release(&rig);
	assert_true(rig_ends_within(&rig, SOON_MS));
}

static void a_lookup_is_waited_for_a_moment_only(void **state)
{
	struct resolver answers = { .addresses = { "127.0.0.1" }, .n_servers = 1 };

	(void)state;
	answers.blocks = true;
	resolver_set(&answers);
	free(rig.settings.host);
	rig.settings.host = strdup("mq.example");
	rig_start_on_path(&rig);
	resolver_expect_lookup();
	mqtt_stop(rig.mqtt, LIMIT_MS);
	assert_true(rig_ends_within(&rig, SOON_MS));

	/* It is left behind, everything else goes: it must not touch that any more. */
	rig.mqtt = mqtt_free(rig.mqtt);
	assert_false(mqtt_lookup_settle(0));
	answers.blocks = false;
	resolver_set(&answers);
	assert_true(mqtt_lookup_settle(clock_now_ns(&clock_system) +
				       SOON_MS * NSEC_PER_MSEC));
	assert_true(broker_is_quiet(broker, 50));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, leave_rig_set_up, leave_rig_tear_down)
		TEST(an_instance_that_never_ran),
		TEST(what_the_library_does_not_accept_is_an_error),
		TEST(while_offline),
		TEST(while_waiting_for_the_next_attempt),
		TEST(while_a_syn_is_not_answered),
		TEST(while_waiting_for_connack),
		TEST(a_session_says_offline_and_disconnects),
		TEST(a_flood_does_not_reset_the_disconnect),
		TEST(without_a_status_topic_it_only_disconnects),
		TEST(nothing_more_is_published_during_a_stop),
		TEST(a_broker_that_does_not_answer_is_left_to_the_will),
		TEST(a_connection_lost_during_a_stop_ends_it),
		TEST(a_stalled_connection_does_not_hold_it_up),
		TEST(a_thread_that_is_held_up_is_left_behind),
		TEST(a_lookup_is_waited_for_a_moment_only),
#undef TEST
	};

	return cmocka_run_group_tests_name("mqtt_stop", tests, NULL, NULL);
}
