// SPDX-License-Identifier: MIT
/* test_mqtt_session.c — what is said in a session, and how it may end */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "unit.h"

#include "mqtt_rig.h"
#include "mqttnode/bytes.h"
#include "mqttnode/clock.h"

static struct rig rig;
static struct broker *const broker = &rig.broker;

static struct publication_settings publications[2];
static struct subscription_settings subscriptions[3];

static int set_up(void **state)
{
	(void)state;
	rig_make(&rig);
	memset(publications, 0, sizeof(publications));
	memset(subscriptions, 0, sizeof(subscriptions));
	rig.settings.publish = publications;
	rig.settings.subscribe = subscriptions;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	rig_free(&rig);
	return 0;
}

static void publish(const char *topic, const char *text, uint64_t interval_ms, int qos)
{
	struct publication_settings *p = &publications[rig.settings.n_publish++];
	static char topics[2][32], texts[2][64];
	size_t i = rig.settings.n_publish - 1;

	snprintf(topics[i], sizeof(topics[i]), "%s", topic);
	snprintf(texts[i], sizeof(texts[i]), "%s", text);
	p->topic = topics[i];
	p->text = texts[i];
	p->triggers = PUBLISH_INTERVAL;
	p->interval_ms = interval_ms;
	p->qos = qos;
}

static void subscribe(const char *filter, unsigned int actions, size_t max_size)
{
	struct subscription_settings *s = &subscriptions[rig.settings.n_subscribe++];
	static char filters[3][32];
	size_t i = rig.settings.n_subscribe - 1;

	snprintf(filters[i], sizeof(filters[i]), "%s", filter);
	s->topic = filters[i];
	s->actions = actions;
	s->max_size = max_size;
	s->qos = (int)i;
}

/* Another session after the last one ended. */
static void session(void)
{
	broker_accept(broker);
	broker_expect(broker, PACKET_CONNECT);
	broker_connack(broker, 0);
}

static struct packet *expect_publish(const char *topic, const char *payload)
{
	struct packet *p = broker_expect(broker, PACKET_PUBLISH);

	assert_string_equal(p->topic, topic);
	assert_string_equal(p->payload, payload);
	return p;
}

/* --- CONNECT, SUBSCRIBE, birth ----------------------------------------------- */

static void connect_carries_will_credentials_and_keepalive(void **state)
{
	static const char expected[] = "\0\4MQTT\4\xee\0\x3c"
				       "\0\4node"
				       "\0\x0b"
				       "base/status"
				       "\0\7offline"
				       "\0\4user"
				       "\0\6secret";
	static char user[] = "user";
	struct packet *p;

	(void)state;
	rig.settings.status = true;
	rig.settings.username = user;
	rig_start_on_path(&rig);
	broker_accept(broker);
	p = broker_expect(broker, PACKET_CONNECT);
	assert_int_equal(p->len, sizeof(expected) - 1);
	assert_memory_equal(p->body, expected, p->len);
}

static void connect_can_do_without(void **state)
{
	static const char expected[] = "\0\4MQTT\4\0\0\x3c"
				       "\0\4node";
	struct packet *p;

	(void)state;
	rig.settings.clean_session = false;
	rig_start_on_path(&rig);
	broker_accept(broker);
	p = broker_expect(broker, PACKET_CONNECT);
	assert_int_equal(p->len, sizeof(expected) - 1);
	assert_memory_equal(p->body, expected, p->len);
}

static void every_session_subscribes_and_says_online(void **state)
{
	struct packet *p;

	(void)state;
	rig.settings.status = true;
	subscribe("a/+", SUBSCRIPTION_OLED, 100);
	subscribe("b/#", SUBSCRIPTION_OLED, 100);
	rig_online(&rig);
	for (int i = 0; i < 3; i++) {
		p = broker_expect(broker, PACKET_SUBSCRIBE);
		assert_int_equal(p->len, 2 + 2 + 3 + 1);
		assert_memory_equal(p->body + 2, "\0\3a/+\0", 6);
		rig_expect_rung(&rig, RUNG_SUBACK, RUNG_STATE_TRYING,
				"Waiting for SUBACK");
		broker_suback(broker, p->id, 0);
		p = broker_expect(broker, PACKET_SUBSCRIBE);
		assert_memory_equal(p->body + 2, "\0\3b/#\1", 6);
		broker_suback(broker, p->id, 1);
		rig_expect_rung(&rig, RUNG_SUBACK, RUNG_STATE_OK, "2 subscriptions");
		p = expect_publish("base/status", "online");
		assert_true(p->retain);
		assert_int_equal(p->qos, 1);
		assert_false(p->dup);
		broker_puback(broker, p->id);
		broker_expect(broker, PACKET_SUBSCRIBE); /* base/status */
		/* The answer is seen before the end of the session. */
		broker_publish(broker, "a/x", "x", 1, 0, false);
		rig_expect_counter(&rig, received, (uint64_t)i + 1);
		if (i < 2) {
			broker_hang_up(broker);
			rig_expect_rung(
				&rig, RUNG_CONNACK, RUNG_STATE_FAILED,
				"The broker closed the connection: is the client id "
				"used twice?");
			session();
		}
	}
	rig_expect_counter(&rig, connects, 3);
	rig_expect_counter(&rig, taken_over, 2);
}

static void a_wrong_status_is_corrected(void **state)
{
	struct packet *p;

	(void)state;
	rig.settings.status = true;
	rig_online(&rig);
	p = expect_publish("base/status", "online");
	broker_puback(broker, p->id);
	p = broker_expect(broker, PACKET_SUBSCRIBE);
	assert_memory_equal(p->body + 2,
			    "\0\x0b"
			    "base/status\1",
			    14);
	broker_suback(broker, p->id, 1);
	/* the echo, and then a late will */
	broker_publish(broker, "base/status", "online", 6, 0, false);
	assert_true(broker_is_quiet(broker, 100));
	broker_publish(broker, "base/status", "offline", 7, 0, false);
	p = expect_publish("base/status", "online");
	assert_true(p->retain);
	broker_puback(broker, p->id);
	rig_expect_counter(&rig, status_corrected, 1);
	/* somebody insists: not again at once */
	broker_publish(broker, "base/status", "", 0, 0, false);
	assert_true(broker_is_quiet(broker, 500));
	/* nobody subscribed to it: no business of anybody else */
	assert_int_equal(rig_counter(&rig, offsetof(struct mqtt_counters, received)), 0);
}

static void an_unanswered_birth_is_repeated_not_multiplied(void **state)
{
	struct packet *p;

	(void)state;
	rig.settings.status = true;
	rig_online(&rig);
	expect_publish("base/status", "online");
	for (int i = 0; i < 3; i++) {
		broker_hang_up(broker);
		session();
		p = expect_publish("base/status", "online");
		assert_true(p->dup);
		assert_true(p->retain);
		broker_expect(broker, PACKET_SUBSCRIBE); /* base/status */
		assert_true(broker_is_quiet(broker, 50));
	}
	broker_puback(broker, p->id);
}

/* --- SUBACK ------------------------------------------------------------------ */

static void a_refused_subscription_fails_its_rung_only(void **state)
{
	struct packet *p;

	(void)state;
	subscribe("a", SUBSCRIPTION_OLED, 100);
	subscribe("b", SUBSCRIPTION_OLED, 100);
	rig_online(&rig);
	p = broker_expect(broker, PACKET_SUBSCRIBE);
	broker_suback(broker, p->id, 0);
	p = broker_expect(broker, PACKET_SUBSCRIBE);
	broker_suback(broker, p->id, 0x80);
	rig_expect_rung(&rig, RUNG_SUBACK, RUNG_STATE_FAILED,
			"Subscription to b refused: may this client read there? "
			"(MQTT 3.1.1 gives no reason)");
	rig_expect_rung(&rig, RUNG_CONNACK, RUNG_STATE_OK, "broker 127.0.0.1:%u",
			broker->port);
	broker_publish(broker, "a", "x", 1, 0, false); /* and goes on */
	rig_expect_counter(&rig, received, 1);
}

static void all_subscriptions_refused(void **state)
{
	(void)state;
	subscribe("a", SUBSCRIPTION_OLED, 100);
	subscribe("b", SUBSCRIPTION_OLED, 100);
	subscribe("c", SUBSCRIPTION_OLED, 100);
	rig_online(&rig);
	for (int i = 0; i < 3; i++) {
		broker_suback(broker, broker_expect(broker, PACKET_SUBSCRIBE)->id, 0x80);
		if (i == 1)
			rig_expect_rung(
				&rig, RUNG_SUBACK, RUNG_STATE_FAILED,
				"Subscription to a and 1 other refused: may this "
				"client read there? (MQTT 3.1.1 gives no reason)");
	}
	rig_expect_rung(&rig, RUNG_SUBACK, RUNG_STATE_FAILED,
			"Subscription to a and 2 others refused: may this client read "
			"there? (MQTT 3.1.1 gives no reason)");
}

static void a_missing_suback_is_noticed_and_a_late_one_accepted(void **state)
{
	uint16_t id;

	(void)state;
	subscribe("a", SUBSCRIPTION_OLED, 100);
	rig.timing.connack_ms = 1000;
	rig_online(&rig);
	id = broker_expect(broker, PACKET_SUBSCRIBE)->id;
	rig_expect_rung(&rig, RUNG_SUBACK, RUNG_STATE_FAILED, "No SUBACK for a");
	broker_suback(broker, id, 0);
	rig_expect_rung(&rig, RUNG_SUBACK, RUNG_STATE_OK, "1 subscription");
}

/* --- publications ------------------------------------------------------------ */

static void publications_arrive_in_order_after_connack_only(void **state)
{
	(void)state;
	publish("hello", "{client_id} {seq}", 10, 0);
	rig_start_on_path(&rig);
	broker_accept(broker);
	broker_expect(broker, PACKET_CONNECT);
	assert_true(broker_is_quiet(broker, 60)); /* several beats long */
	broker_connack(broker, 0);
	expect_publish("hello", "node 1");
	expect_publish("hello", "node 2");
	expect_publish("hello", "node 3");
	rig_expect_counter(&rig, published, 3);
}

static void room_is_told_after_something_had_none(void **state)
{
	struct mqtt_outgoing message = { .topic = "t" };

	(void)state;
	rig.hold = true;
	rig_online(&rig);
	rig_wait_held(&rig);
	for (int i = 0; i < MQTT_HANDOVER_MAX; i++)
		assert_int_equal(mqtt_publish(rig.mqtt, &message), 0);
	assert_int_equal(mqtt_publish(rig.mqtt, &message), -ENOBUFS);
	message.again = true;
	assert_int_equal(mqtt_publish(rig.mqtt, &message), -ENOBUFS);
	assert_int_equal(atomic_load(&rig.made_room), 0);
	rig_release(&rig);
	rig_expect_counter(&rig, dropped_handover, 1);
	assert_int_equal(atomic_load(&rig.made_room), 1);
	assert_int_equal(mqtt_publish(rig.mqtt, &message), 0);
	assert_int_equal(
		rig_counter(&rig, offsetof(struct mqtt_counters, dropped_handover)), 1);
}

static void qos_0_between_sessions_is_counted_and_leaves_a_gap(void **state)
{
	unsigned int last, next;

	(void)state;
	publish("hello", "{seq}", 5, 0);
	rig_online(&rig);
	last = (unsigned int)atoi(broker_expect(broker, PACKET_PUBLISH)->payload);
	assert_int_equal(last, 1);
	broker_reset(broker);
	rig_expect_counter(&rig, dropped_offline, 5);
	session();
	next = (unsigned int)atoi(broker_expect(broker, PACKET_PUBLISH)->payload);
	assert_true(next > 5);
}

static void qos_1_survives_a_lost_session(void **state)
{
	struct packet *p;
	uint16_t id;

	(void)state;
	publish("sure", "{seq}", 20, 1);
	rig_online(&rig);
	p = expect_publish("sure", "1");
	assert_int_equal(p->qos, 1);
	id = p->id;
	broker_reset(broker);
	rig_expect_counter(&rig, backlog, 3); /* composed while offline */
	session();
	/* What the library had comes first, what waited follows, in order. */
	for (int seq = 1; seq <= 4; seq++) {
		char payload[8];

		snprintf(payload, sizeof(payload), "%d", seq);
		p = expect_publish("sure", payload);
		if (seq == 1) {
			assert_true(p->dup);
			assert_int_equal(p->id, id);
		}
		broker_puback(broker, p->id);
	}
	rig_expect_counter(&rig, published, 4);
}

static void at_most_so_many_are_unacknowledged(void **state)
{
	uint16_t first = 0;

	(void)state;
	publish("sure", "{seq}", 1, 1);
	rig_online(&rig);
	for (int i = 0; i < MQTT_INFLIGHT_MAX; i++) {
		struct packet *p = broker_expect(broker, PACKET_PUBLISH);

		if (i == 0)
			first = p->id;
	}
	rig_expect_counter(&rig, backlog, 10);
	assert_true(broker_is_quiet(broker, 50));
	broker_puback(broker, first);
	broker_expect(broker, PACKET_PUBLISH);
	assert_true(broker_is_quiet(broker, 50));
	rig_expect_counter(&rig, published, 1);
}

static void qos_2_is_published_when_it_is_complete(void **state)
{
	uint8_t packet[] = { 0x50, 2, 0, 0 };
	struct packet *p;

	(void)state;
	publish("once", "{seq}", 3600 * 1000, 2);
	rig_online(&rig);
	p = expect_publish("once", "1");
	assert_int_equal(p->qos, 2);
	put_be16(packet + 2, p->id);
	broker_send(broker, packet, sizeof(packet)); /* PUBREC */
	broker_expect(broker, PACKET_PUBREL);
	assert_int_equal(rig_counter(&rig, offsetof(struct mqtt_counters, published)), 0);
	packet[0] = 0x70;
	broker_send(broker, packet, sizeof(packet)); /* PUBCOMP */
	rig_expect_counter(&rig, published, 1);
}

static void a_stalled_connection_drops_and_counts(void **state)
{
	static char text[60001] = "{seq} ";
	unsigned int last = 0, missing = 0;
	struct packet *p;
	uint64_t dropped;

	(void)state;
	memset(text + strlen(text), 'x', sizeof(text) - 1 - strlen(text));
	publish("big", "", 1, 0);
	publications[0].text = text;
	rig_online(&rig);
	/* Nobody reads: kernel buffers fill, then nothing more is taken. */
	rig_expect_counter(&rig, dropped_stalled, 20);
	dropped = rig_counter(&rig, offsetof(struct mqtt_counters, dropped_stalled));
	/* When somebody reads again, the gap shows. */
	while (missing < dropped) {
		p = broker_expect(broker, PACKET_PUBLISH);
		assert_true(p->payload_len > 59990);
		assert_true((unsigned int)atoi(p->payload) > last);
		missing += (unsigned int)atoi(p->payload) - last - 1;
		last = (unsigned int)atoi(p->payload);
	}
	assert_int_equal(rig_counter(&rig, offsetof(struct mqtt_counters, disconnects)),
			 0);
}

/* --- how a session ends ------------------------------------------------------ */

/* Not one without CONNACK, which would be asked whether it wants TLS. */
static void an_end_right_after_connack_is_that_of_a_session(void **state)
{
	(void)state;
	rig_start_on_path(&rig);
	for (uint64_t i = 1; i <= 3; i++) {
		session();
		broker_hang_up(broker);
		rig_expect_counter(&rig, disconnects, i);
	}
	assert_int_equal(
		rig_counter(&rig, offsetof(struct mqtt_counters, connect_failures)), 0);
}

static void a_reset_is_named(void **state)
{
	(void)state;
	rig.hold_end = true; /* the next attempt comes as far as TCP soon */
	rig_online(&rig);
	broker_reset(broker);
	rig_wait_held(&rig);
	rig_expect_rung(&rig, RUNG_TCP, RUNG_STATE_FAILED,
			"127.0.0.1:%u reset the connection", broker->port);
	rig.hold_end = false;
	rig_release(&rig);
	rig_expect_counter(&rig, disconnects, 1);
	assert_int_equal(rig_counter(&rig, offsetof(struct mqtt_counters, taken_over)),
			 0);
	session();
	rig_expect_rung(&rig, RUNG_CONNACK, RUNG_STATE_OK, "broker 127.0.0.1:%u",
			broker->port);
}

static void garbage_ends_the_session(void **state)
{
	static const char garbage[] = { 0, 0 };

	(void)state;
	rig_online(&rig);
	broker_send(broker, garbage, sizeof(garbage));
	rig_expect_rung(&rig, RUNG_CONNACK, RUNG_STATE_FAILED,
			"The broker broke the rules of MQTT");
	session();
}

static void an_end_inside_a_packet_is_noticed_at_once(void **state)
{
	static const char part[] = { 0x30, 100, 0, 1, 't', 'x' };

	(void)state;
	rig_online(&rig);
	broker_send(broker, part, sizeof(part));
	assert_true(broker_is_quiet(broker, 50));
	assert_int_equal(shutdown(broker->fd, SHUT_WR), 0);
	rig_expect_rung(&rig, RUNG_CONNACK, RUNG_STATE_FAILED,
			"The broker closed the connection: is the client id used twice?");
	session();
}

static void a_silent_broker_is_given_up(void **state)
{
	(void)state;
	rig.settings.keepalive_s = 5; /* the library takes nothing less */
	rig_online(&rig);
	broker_expect(broker, PACKET_PINGREQ);
	rig_expect_rung(&rig, RUNG_CONNACK, RUNG_STATE_FAILED, "Broker silent for 5 s");
	assert_false(broker_expect_closed(broker));
	session();
}

static void a_broker_that_never_says_connack_is_given_up_with_the_keepalive(void **state)
{
	(void)state;
	rig.settings.keepalive_s = 5;
	rig_start_on_path(&rig);
	rig_expect_rung(&rig, RUNG_CONNACK, RUNG_STATE_FAILED,
			"No CONNACK within 5 s: is this an MQTT broker?");
}

static void an_idle_session_sleeps(void **state)
{
	struct timespec before, after;
	clockid_t cpu;

	(void)state;
	rig_online(&rig);
	assert_int_equal(clock_getcpuclockid(getpid(), &cpu), 0);
	assert_int_equal(clock_gettime(cpu, &before), 0);
	assert_true(broker_is_quiet(broker, 1500));
	assert_int_equal(clock_gettime(cpu, &after), 0);
	/* a busy loop would take 1500 ms */
	assert_true((after.tv_sec - before.tv_sec) * 1000 +
			    (after.tv_nsec - before.tv_nsec) / 1000000 <
		    200);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		TEST(connect_carries_will_credentials_and_keepalive),
		TEST(connect_can_do_without),
		TEST(every_session_subscribes_and_says_online),
		TEST(a_wrong_status_is_corrected),
		TEST(an_unanswered_birth_is_repeated_not_multiplied),
		TEST(a_refused_subscription_fails_its_rung_only),
		TEST(all_subscriptions_refused),
		TEST(a_missing_suback_is_noticed_and_a_late_one_accepted),
		TEST(publications_arrive_in_order_after_connack_only),
		TEST(room_is_told_after_something_had_none),
		TEST(qos_0_between_sessions_is_counted_and_leaves_a_gap),
		TEST(qos_1_survives_a_lost_session),
		TEST(at_most_so_many_are_unacknowledged),
		TEST(qos_2_is_published_when_it_is_complete),
		TEST(a_stalled_connection_drops_and_counts),
		TEST(an_end_right_after_connack_is_that_of_a_session),
		TEST(a_reset_is_named),
		TEST(garbage_ends_the_session),
		TEST(an_end_inside_a_packet_is_noticed_at_once),
		TEST(a_silent_broker_is_given_up),
		TEST(a_broker_that_never_says_connack_is_given_up_with_the_keepalive),
		TEST(an_idle_session_sleeps),
#undef TEST
	};

	return cmocka_run_group_tests_name("mqtt_session", tests, NULL, NULL);
}
