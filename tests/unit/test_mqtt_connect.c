// SPDX-License-Identifier: MIT
/* test_mqtt_connect.c — the way to the broker: every failure has its rung and cause */
#include <arpa/inet.h>
#include <mosquitto.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit.h"

#include "mqtt_rig.h"

#define ANSWER_MS 20000

static struct rig rig;
static struct broker *const broker = &rig.broker;

/* Whether a connection is begun only to be looked at when the broker has answered. */
static bool await_answer;

int __wrap_mosquitto_connect_bind_async(struct mosquitto *mosq, const char *host,
					int port, int keepalive, const char *local);
int __real_mosquitto_connect_bind_async(struct mosquitto *mosq, const char *host,
					int port, int keepalive, const char *local);

int __wrap_mosquitto_connect_bind_async(struct mosquitto *mosq, const char *host,
					int port, int keepalive, const char *local)
{
	int rc = __real_mosquitto_connect_bind_async(mosq, host, port, keepalive, local);
	struct pollfd answer = { .fd = mosquitto_socket(mosq), .events = POLLIN };

	if (rc == MOSQ_ERR_SUCCESS && await_answer)
		(void)poll(&answer, 1, ANSWER_MS);
	return rc;
}

static int set_up(void **state)
{
	(void)state;
	await_answer = false;
	rig_make(&rig);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	rig_free(&rig);
	return 0;
}

/* All these sentences name the broker's port. */
#define expect_failed(rung, text)                                                        \
	rig_expect_rung(&rig, rung, RUNG_STATE_FAILED, text, broker->port)

/* --- TCP --------------------------------------------------------------------- */

static void a_broker_that_is_not_there(void **state)
{
	(void)state;
	broker_close(broker);
	rig_start_on_path(&rig);
	expect_failed(
		RUNG_TCP,
		"127.0.0.1:%u refused the connection: no broker is listening there");
	rig_expect_rung(&rig, RUNG_NAME, RUNG_STATE_UNUSED,
			"The broker is given by its address");
	rig_expect_rung(&rig, RUNG_TLS, RUNG_STATE_UNUSED, "TLS is off");
	rig_expect_rung(&rig, RUNG_CONNACK, RUNG_STATE_WAITING, "%s", "");
	rig_expect_rung(&rig, RUNG_SUBACK, RUNG_STATE_UNUSED, "No subscriptions");
	rig_expect_counter(&rig, connect_failures, 3); /* and it tries again */
}

static void a_broker_that_drops_syns(void **state)
{
	(void)state;
	broker_close(broker);
	broker_open(broker, true);
	rig.settings.port = broker->port;
	rig.timing.connect_ms = 300;
	rig_start_on_path(&rig);
	expect_failed(RUNG_TCP, "No answer from 127.0.0.1:%u");
	rig_expect_counter(&rig, connect_failures, 2);
}

static void routes_may_choose_the_way(void **state)
{
	(void)state;
	rig.routed = true;
	rig_start(&rig);
	rig_path(&rig, true, "192.0.2.1"); /* which is not here */
	broker_accept(broker);
	broker_expect(broker, PACKET_CONNECT);
	broker_connack(broker, 0);
	rig_expect_rung(&rig, RUNG_TCP, RUNG_STATE_OK,
			"Connected to 127.0.0.1:%u from 127.0.0.1", broker->port);
	rig_path(&rig, true, "0.0.0.0"); /* without an address it is over all the same */
	(void)broker_expect_closed(broker);
}

static void a_local_address_that_is_gone(void **state)
{
	(void)state;
	rig_start(&rig);
	rig_path(&rig, true, "192.0.2.1");
	rig_expect_rung(&rig, RUNG_TCP, RUNG_STATE_FAILED,
			"The local address 192.0.2.1 is gone");
}

static void connects_from_the_given_address(void **state)
{
	struct sockaddr_in peer = { 0 };
	socklen_t len = sizeof(peer);

	(void)state;
	rig_start(&rig);
	rig_path(&rig, true, "127.0.0.7");
	broker_accept(broker);
	assert_int_equal(getpeername(broker->fd, (struct sockaddr *)&peer, &len), 0);
	assert_int_equal(peer.sin_addr.s_addr, inet_addr("127.0.0.7"));
	rig_expect_rung(&rig, RUNG_TCP, RUNG_STATE_OK,
			"Connected to 127.0.0.1:%u from 127.0.0.7", broker->port);
}

/* --- CONNACK ------------------------------------------------------------------- */

static void a_broker_that_says_nothing(void **state)
{
	(void)state;
	rig.timing.connack_ms = 1000;
	rig_start_on_path(&rig);
	broker_accept(broker);
	broker_expect(broker, PACKET_CONNECT);
	rig_expect_rung(&rig, RUNG_CONNACK, RUNG_STATE_TRYING, "Waiting for CONNACK");
	rig_expect_rung(&rig, RUNG_CONNACK, RUNG_STATE_FAILED,
			"No CONNACK within 1 s: is this an MQTT broker?");
	assert_true(broker_expect_closed(broker)); /* reset, without DISCONNECT */
	broker_accept(broker);
}

static void a_broker_that_refuses(void **state)
{
	static const char *const causes[] = {
		"Refused: MQTT 3.1.1 is not supported",
		"Refused: client id rejected",
		"Refused: the broker is not available",
		"Refused: bad user name or password",
		"Refused: not authorised (no user name is configured)",
	};

	(void)state;
	rig_start_on_path(&rig);
	for (uint8_t code = 1; code <= 5; code++) {
		broker_accept(broker);
		broker_expect(broker, PACKET_CONNECT);
		broker_connack(broker, code);
		rig_expect_rung(&rig, RUNG_CONNACK, RUNG_STATE_FAILED, "%s",
				causes[code - 1]);
		rig_expect_rung(&rig, RUNG_TCP, RUNG_STATE_OK,
				"Connected to 127.0.0.1:%u from 127.0.0.1", broker->port);
	}
	/* a refusal with a code that does not exist */
	broker_accept(broker);
	broker_expect(broker, PACKET_CONNECT);
	broker_connack(broker, 77);
	rig_expect_rung(&rig, RUNG_CONNACK, RUNG_STATE_FAILED,
			"Refused: unknown reason 77");
}

static void a_broker_that_refuses_before_tcp_is_seen_to_be_up(void **state)
{
	(void)state;
	rig.settings.reconnect_max_s = 3600;
	await_answer = true;
	rig_start_on_path(&rig);
	broker_accept(broker);
	broker_connack(broker, 4);
	rig_expect_rung(&rig, RUNG_CONNACK, RUNG_STATE_FAILED,
			"Refused: bad user name or password");
	rig_expect_rung(&rig, RUNG_TCP, RUNG_STATE_OK,
			"Connected to 127.0.0.1:%u from 127.0.0.1", broker->port);
}

static void bad_credentials_are_not_tried_again_soon(void **state)
{
	(void)state;
	rig.settings.reconnect_max_s = 3600;
	rig_start_on_path(&rig);
	broker_accept(broker);
	broker_expect(broker, PACKET_CONNECT);
	broker_connack(broker, 4);
	rig_expect_rung(&rig, RUNG_CONNACK, RUNG_STATE_FAILED,
			"Refused: bad user name or password");
	(void)broker_expect_closed(broker);
	assert_true(broker_is_quiet(broker, 400));
}

static void a_server_that_closes_at_once(void **state)
{
	(void)state;
	rig_start_on_path(&rig);
	broker_accept(broker);
	broker_expect(broker, PACKET_CONNECT);
	broker_hang_up(broker);
	broker_answer_tls(broker, "", 0);
	expect_failed(RUNG_CONNACK,
		      "127.0.0.1:%u closed the connection without CONNACK: is it an MQTT "
		      "broker?");
	broker_accept(broker);
	broker_hang_up(broker); /* even before CONNECT is read: a reset */
	broker_answer_tls(broker, "", 0);
	rig_expect_counter(&rig, connect_failures, 2);
}

static void a_server_that_resets(void **state)
{
	(void)state;
	rig_start_on_path(&rig);
	broker_accept(broker);
	broker_expect(broker, PACKET_CONNECT);
	broker_reset(broker);
	broker_accept(broker);
	broker_reset(broker);
	expect_failed(RUNG_CONNACK, "127.0.0.1:%u reset the connection before CONNACK");
}

static void a_server_for_tls(void **state)
{
	static const uint8_t alert[] = { 21, 3, 3, 0, 2, 2, 40 };
	static const uint8_t hello[] = { 22, 3, 3, 0, 122, 2 };
	static const struct {
		const void *answer;
		size_t len;
	} answers[] = { { hello, sizeof(hello) }, { alert, sizeof(alert) } };

	(void)state;
	rig_start_on_path(&rig);
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		broker_accept(broker);
		broker_expect(broker, PACKET_CONNECT);
		if (i == 0)
			broker_hang_up(broker);
		else
			broker_reset(broker);
		broker_answer_tls(broker, answers[i].answer, answers[i].len);
		expect_failed(RUNG_CONNACK,
			      "127.0.0.1:%u speaks TLS, and mqtt.tls is not set");
		rig_wait_counter(&rig, offsetof(struct mqtt_counters, connect_failures),
				 i + 1);
	}
}

static void a_server_that_speaks_something_else(void **state)
{
	static const char garbage[] = "\x00\x00\xff\xff";
	static const char http[] = "HTTP/1.1 400 Bad Request\r\n\r\n";

	(void)state;
	rig_start_on_path(&rig);
	broker_accept(broker);
	broker_expect(broker, PACKET_CONNECT);
	broker_send(broker, garbage, sizeof(garbage));
	broker_answer_tls(broker, garbage, sizeof(garbage));
	expect_failed(RUNG_CONNACK,
		      "127.0.0.1:%u does not speak MQTT: is it an MQTT broker?");
	broker_accept(broker);
	broker_expect(broker, PACKET_CONNECT);
	broker_send(broker, http, sizeof(http) - 1);
	broker_hang_up(broker);
	broker_answer_tls(broker, http, 1);
	expect_failed(RUNG_CONNACK,
		      "127.0.0.1:%u closed the connection without CONNACK: is it an MQTT "
		      "broker?");
}

static void a_server_that_hangs_up_and_then_says_nothing(void **state)
{
	static const uint8_t alert[] = { 21, 3, 3, 0, 2, 2, 40 };

	(void)state;
	rig.timing.probe_ms = 2000; /* enough for an answer */
	rig.timing.probed_ms = 3600 * 1000;
	rig_start_on_path(&rig);
	broker_accept(broker);
	broker_expect(broker, PACKET_CONNECT);
	broker_hang_up(broker);
	broker_accept(broker);
	expect_failed(RUNG_CONNACK,
		      "127.0.0.1:%u closed the connection without CONNACK: is it an MQTT "
		      "broker?");
	/* That was no answer to believe: it is asked again. */
	broker_accept(broker);
	broker_expect(broker, PACKET_CONNECT);
	broker_hang_up(broker);
	broker_answer_tls(broker, alert, sizeof(alert));
	expect_failed(RUNG_CONNACK, "127.0.0.1:%u speaks TLS, and mqtt.tls is not set");
}

static void what_a_server_answered_is_believed_for_a_while(void **state)
{
	static const uint8_t alert[] = { 21, 3, 3, 0, 2, 2, 40 };

	(void)state;
	rig.timing.probed_ms = 3600 * 1000;
	rig_start_on_path(&rig);
	broker_accept(broker);
	broker_expect(broker, PACKET_CONNECT);
	broker_hang_up(broker);
	broker_answer_tls(broker, alert, sizeof(alert));
	/* The next connection is one for MQTT again, and so on. */
	for (unsigned int i = 1; i <= 3; i++) {
		rig_expect_counter(&rig, connect_failures, i);
		expect_failed(RUNG_CONNACK,
			      "127.0.0.1:%u speaks TLS, and mqtt.tls is not set");
		broker_accept(broker);
		broker_expect(broker, PACKET_CONNECT);
		if (i < 3)
			broker_hang_up(broker);
	}
	broker_connack(broker, 0);
	rig_expect_counter(&rig, connects, 1);
	/* That it wants TLS was wrong, or is over. */
	broker_hang_up(broker);
	broker_accept(broker);
	broker_expect(broker, PACKET_CONNECT);
	broker_hang_up(broker);
	broker_answer_tls(broker, "", 0);
	expect_failed(RUNG_CONNACK,
		      "127.0.0.1:%u closed the connection without CONNACK: is it an MQTT "
		      "broker?");
}

static void a_server_that_closes_is_not_asked_at_each_attempt(void **state)
{
	(void)state;
	rig.timing.probed_ms = 3600 * 1000;
	rig_start_on_path(&rig);
	broker_accept(broker);
	broker_expect(broker, PACKET_CONNECT);
	broker_hang_up(broker);
	broker_answer_tls(broker, "", 0);
	for (int i = 0; i < 3; i++) {
		broker_accept(broker);
		broker_expect(broker, PACKET_CONNECT);
		broker_hang_up(broker);
	}
	/* In another network it may be another server. */
	broker_accept(broker);
	rig_path(&rig, false, "0.0.0.0");
	(void)broker_expect_closed(broker);
	rig_path(&rig, true, "127.0.0.1");
	broker_accept(broker);
	broker_expect(broker, PACKET_CONNECT);
	broker_hang_up(broker);
	broker_answer_tls(broker, "", 0);
	expect_failed(RUNG_CONNACK,
		      "127.0.0.1:%u closed the connection without CONNACK: is it an MQTT "
		      "broker?");
}

static void a_path_lost_while_it_is_asked_for_tls_ends_the_question(void **state)
{
	(void)state;
	rig_start_on_path(&rig);
	broker_accept(broker);
	broker_expect(broker, PACKET_CONNECT);
	broker_hang_up(broker);
	broker_accept(broker);
	rig_path(&rig, false, "0.0.0.0");
	(void)broker_expect_closed(broker);
	rig_expect_rung(&rig, RUNG_CONNACK, RUNG_STATE_WAITING, "%s", "");
}

static void a_message_before_connack_is_a_breach(void **state)
{
	(void)state;
	rig_start_on_path(&rig);
	broker_accept(broker);
	broker_expect(broker, PACKET_CONNECT);
	broker_publish(broker, "t", "x", 1, 0, false);
	broker_answer_tls(broker, "", 0);
	expect_failed(RUNG_CONNACK,
		      "127.0.0.1:%u does not speak MQTT: is it an MQTT broker?");
	assert_int_equal(rig_counter(&rig, offsetof(struct mqtt_counters, received)), 0);
}

static void a_cause_stays_until_the_rung_is_passed(void **state)
{
	struct ladder_view view;

	(void)state;
	rig_start_on_path(&rig);
	broker_accept(broker);
	broker_expect(broker, PACKET_CONNECT);
	broker_connack(broker, 3);
	rig_expect_rung(&rig, RUNG_CONNACK, RUNG_STATE_FAILED,
			"Refused: the broker is not available");
	broker_accept(broker);
	broker_expect(broker, PACKET_CONNECT); /* so TCP was passed a second time */
	ladder_view(rig.ladder, &view);
	assert_int_equal(view.first_bad, RUNG_CONNACK);
	assert_int_equal(view.rungs[RUNG_CONNACK].state, RUNG_STATE_FAILED);
	broker_connack(broker, 0);
	rig_expect_rung(&rig, RUNG_CONNACK, RUNG_STATE_OK, "broker 127.0.0.1:%u",
			broker->port);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		TEST(a_broker_that_is_not_there),
		TEST(a_broker_that_drops_syns),
		TEST(routes_may_choose_the_way),
		TEST(a_local_address_that_is_gone),
		TEST(connects_from_the_given_address),
		TEST(a_broker_that_says_nothing),
		TEST(a_broker_that_refuses),
		TEST(a_broker_that_refuses_before_tcp_is_seen_to_be_up),
		TEST(bad_credentials_are_not_tried_again_soon),
		TEST(a_server_that_closes_at_once),
		TEST(a_server_that_resets),
		TEST(a_server_for_tls),
		TEST(a_server_that_speaks_something_else),
		TEST(a_server_that_hangs_up_and_then_says_nothing),
		TEST(what_a_server_answered_is_believed_for_a_while),
		TEST(a_server_that_closes_is_not_asked_at_each_attempt),
		TEST(a_path_lost_while_it_is_asked_for_tls_ends_the_question),
		TEST(a_message_before_connack_is_a_breach),
		TEST(a_cause_stays_until_the_rung_is_passed),
#undef TEST
	};

	return cmocka_run_group_tests_name("mqtt_connect", tests, NULL, NULL);
}
