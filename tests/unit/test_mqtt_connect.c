// SPDX-License-Identifier: MIT
/* test_mqtt_connect.c — the way to the broker: every failure has its rung and cause */
#include <arpa/inet.h>
#include <mosquitto.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit.h"

#include "../../src/app/mqtt_lookup.h"
#include "mqtt_rig.h"
#include "mqttnode/clock.h"

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

static void use_host(const char *host)
{
	free(rig.settings.host);
	rig.settings.host = strdup(host);
	assert_non_null(rig.settings.host);
}

static void start(void)
{
	rig_start(&rig);
	rig_path(&rig, true, "127.0.0.1");
}

/* All these sentences name the broker's port. */
#define expect_failed(rung, text)                                                        \
	rig_expect_rung(&rig, rung, RUNG_STATE_FAILED, text, broker->port)

/* --- TCP --------------------------------------------------------------------- */

static void a_broker_that_is_not_there(void **state)
{
	(void)state;
	broker_close(broker);
	start();
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
	start();
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
	start();
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
	start();
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
	start();
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
	start();
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
	start();
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
	start();
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
	start();
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
	start();
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
	(void)state;
	rig.timing.probe_ms = 50;
	start();
	broker_accept(broker);
	broker_expect(broker, PACKET_CONNECT);
	broker_hang_up(broker);
	broker_accept(broker);
	expect_failed(RUNG_CONNACK,
		      "127.0.0.1:%u closed the connection without CONNACK: is it an MQTT "
		      "broker?");
}

static void what_a_server_answered_is_believed_for_a_while(void **state)
{
	static const uint8_t alert[] = { 21, 3, 3, 0, 2, 2, 40 };

	(void)state;
	rig.timing.probed_ms = 3600 * 1000;
	start();
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
	start();
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
	start();
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
	start();
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
	start();
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

/* --- names ------------------------------------------------------------------- */

static void a_name_is_looked_up_before_each_attempt(void **state)
{
	(void)state;
	resolver_set(&(struct resolver){ .addresses = { "127.0.0.1" }, .n_servers = 1 });
	use_host("mq.example");
	start();
	assert_string_equal(resolver_expect_lookup(), "mq.example");
	broker_accept(broker);
	rig_expect_rung(&rig, RUNG_NAME, RUNG_STATE_OK, "mq.example is 127.0.0.1");
	broker_hang_up(broker);
	broker_answer_tls(broker, "", 0);
	assert_string_equal(resolver_expect_lookup(), "mq.example");
	broker_accept(broker);
	broker_expect(broker, PACKET_CONNECT);
	broker_connack(broker, 0);
	rig_expect_rung(&rig, RUNG_CONNACK, RUNG_STATE_OK, "broker mq.example:%u",
			broker->port);
}

static void a_name_that_does_not_exist(void **state)
{
	(void)state;
	use_host("mq.example");
	start();
	rig_expect_rung(&rig, RUNG_NAME, RUNG_STATE_FAILED, "Name mq.example not found");
	rig_expect_rung(&rig, RUNG_TCP, RUNG_STATE_WAITING, "%s", "");
	resolver_set(&(struct resolver){ .addresses = { "127.0.0.1" }, .n_servers = 1 });
	rig_expect_rung(&rig, RUNG_NAME, RUNG_STATE_OK, "mq.example is 127.0.0.1");
	broker_accept(broker);
}

static void no_dns_server(void **state)
{
	(void)state;
	resolver_set(&(struct resolver){ .eai = EAI_AGAIN, .n_servers = 0 });
	use_host("mq.example");
	start();
	rig_expect_rung(&rig, RUNG_NAME, RUNG_STATE_FAILED,
			"No DNS server known to look up mq.example");
}

static void a_dns_server_without_an_answer(void **state)
{
	(void)state;
	resolver_set(&(struct resolver){ .eai = EAI_AGAIN, .n_servers = 1 });
	use_host("mq.example");
	start();
	rig_expect_rung(&rig, RUNG_NAME, RUNG_STATE_FAILED,
			"The DNS server 10.9.8.7 could not look up mq.example");
}

/* --- the machine's own network ------------------------------------------------- */

static void needs_neither_link_nor_address_if_it_is_unbound(void **state)
{
	(void)state;
	rig.unbound = true;
	rig_start(&rig);
	broker_accept(broker);
	broker_expect(broker, PACKET_CONNECT);
	broker_connack(broker, 0);
	rig_expect_rung(&rig, RUNG_TCP, RUNG_STATE_OK,
			"Connected to 127.0.0.1:%u from 127.0.0.1", broker->port);
	/* Longer than a link may be gone otherwise. */
	mqtt_set_link(rig.mqtt, true);
	mqtt_set_link(rig.mqtt, false);
	assert_true(broker_is_quiet(broker, 2 * (int)rig.timing.link_grace_ms));
	rig_expect_counter(&rig, connects, 1);
}

/* --- several local addresses ------------------------------------------------- */

static void connects_from_the_nearest_address(void **state)
{
	struct sockaddr_in peer = { 0 };
	socklen_t len = sizeof(peer);
	struct ip sources[3];

	(void)state;
	assert_true(ip_parse(&sources[0], "fd00::1"));
	assert_true(ip_parse(&sources[1], "127.0.0.9"));
	assert_true(ip_parse(&sources[2], "127.0.0.7"));
	rig_start(&rig);
	mqtt_set_sources(rig.mqtt, sources, 3);
	mqtt_set_link(rig.mqtt, true);
	broker_accept(broker);
	assert_int_equal(getpeername(broker->fd, (struct sockaddr *)&peer, &len), 0);
	assert_int_equal(peer.sin_addr.s_addr, inet_addr("127.0.0.7"));
	broker_expect(broker, PACKET_CONNECT);
	broker_connack(broker, 0);
	/* Others may come and go. */
	sources[0] = sources[2];
	mqtt_set_sources(rig.mqtt, sources, 1);
	assert_true(broker_is_quiet(broker, 100));
	mqtt_set_sources(rig.mqtt, sources, 0);
	assert_true(broker_expect_closed(broker));
}

static void a_broker_of_another_family_cannot_be_reached(void **state)
{
	(void)state;
	use_host("fd00::1");
	start();
	rig_expect_rung(&rig, RUNG_TCP, RUNG_STATE_FAILED,
			"There is no IPv6 address to reach fd00::1 from");
}

static void several_addresses_take_turns(void **state)
{
	(void)state;
	/* nobody listens on 127.0.0.2 */
	resolver_set(&(struct resolver){ .addresses = { "127.0.0.2", "127.0.0.1" },
					 .n_servers = 1 });
	use_host("mq.example");
	start();
	for (int i = 0; i < 2; i++) {
		broker_accept(broker);
		broker_expect(broker, PACKET_CONNECT);
		broker_hang_up(broker);
		broker_answer_tls(broker, "", 0);
		rig_expect_rung(&rig, RUNG_TCP, RUNG_STATE_FAILED,
				"127.0.0.2:%u refused the connection: no broker is "
				"listening there",
				broker->port);
		/* the same news with each attempt: it is none */
		rig_expect_rung(&rig, RUNG_NAME, RUNG_STATE_OK,
				"mq.example has 2 addresses");
	}
}

/* Looking up the broker's name takes until resolver_answers(). */
static void resolver_blocks(struct resolver *answers)
{
	answers->blocks = true;
	resolver_set(answers);
	use_host("mq.example");
}

static void resolver_answers(struct resolver *answers)
{
	answers->blocks = false;
	resolver_set(answers);
}

static void a_path_lost_during_a_lookup_is_not_used(void **state)
{
	struct resolver answers = { .addresses = { "127.0.0.1" }, .n_servers = 1 };

	(void)state;
	resolver_blocks(&answers);
	start();
	resolver_expect_lookup();
	rig_expect_rung(&rig, RUNG_NAME, RUNG_STATE_TRYING, "Looking up mq.example");
	rig_path(&rig, true, "0.0.0.0");
	resolver_answers(&answers);
	rig_expect_rung(&rig, RUNG_NAME, RUNG_STATE_WAITING, "%s", "");
	assert_true(broker_is_quiet(broker, 100));
}

static void a_lookup_on_a_path_that_changed_begins_anew(void **state)
{
	struct resolver answers = { .addresses = { "127.0.0.1" }, .n_servers = 1 };

	(void)state;
	resolver_blocks(&answers);
	start();
	resolver_expect_lookup();
	rig_path(&rig, true, "127.0.0.2");
	resolver_expect_lookup();
	resolver_answers(&answers);
	broker_accept(broker);
	rig_expect_rung(&rig, RUNG_TCP, RUNG_STATE_OK,
			"Connected to 127.0.0.1:%u from 127.0.0.2", broker->port);
}

static void lookups_that_nobody_waits_for_are_limited(void **state)
{
	struct resolver answers = { .addresses = { "127.0.0.1" }, .n_servers = 1 };

	(void)state;
	resolver_blocks(&answers);
	start();
	for (int i = 1; i < MQTT_LOOKUPS_MAX; i++) {
		resolver_expect_lookup();
		rig_path(&rig, true, i % 2 ? "127.0.0.2" : "127.0.0.1");
	}
	resolver_expect_lookup();
	rig_path(&rig, true, "127.0.0.3");
	rig_expect_rung(&rig, RUNG_NAME, RUNG_STATE_FAILED,
			"Earlier lookups of mq.example still hang: does the DNS server "
			"answer?");
	resolver_answers(&answers);
	broker_accept(broker);
}

static void messages_are_taken_during_a_lookup(void **state)
{
	struct resolver answers = { .addresses = { "127.0.0.1" }, .n_servers = 1 };
	const struct mqtt_outgoing message = { .topic = "t", .qos = 1, .store = true };

	(void)state;
	resolver_blocks(&answers);
	rig.settings.spool.messages = 3 * MQTT_HANDOVER_MAX;
	start();
	resolver_expect_lookup();
	for (uint64_t i = 1; i <= 3; i++) {
		for (int n = 0; n < MQTT_HANDOVER_MAX; n++)
			assert_int_equal(mqtt_publish(rig.mqtt, &message), 0);
		rig_expect_counter(&rig, backlog, i * MQTT_HANDOVER_MAX);
	}
	resolver_answers(&answers);
	broker_accept(broker);
}

/* --- link and address -------------------------------------------------------- */

static void without_a_path_nothing_is_tried(void **state)
{
	(void)state;
	rig_start(&rig);
	assert_true(broker_is_quiet(broker, 50));
	rig_path(&rig, true, "0.0.0.0");
	assert_true(broker_is_quiet(broker, 50));
	rig_path(&rig, false, "127.0.0.1");
	assert_true(broker_is_quiet(broker, 50));
	rig_expect_rung(&rig, RUNG_TCP, RUNG_STATE_WAITING, "%s", "");
	rig_path(&rig, true, "127.0.0.1");
	broker_accept(broker);
}

static void a_short_loss_of_the_link_keeps_the_session(void **state)
{
	(void)state;
	rig.timing.link_grace_ms = 10000;
	rig_online(&rig);
	mqtt_set_link(rig.mqtt, false);
	assert_true(broker_is_quiet(broker, 100));
	mqtt_set_link(rig.mqtt, true);
	rig_path(&rig, true, "127.0.0.1");
	assert_true(broker_is_quiet(broker, 100));
	assert_int_equal(rig_counter(&rig, offsetof(struct mqtt_counters, disconnects)),
			 0);
}

static void
a_long_loss_ends_the_session_and_a_confirmed_address_begins_another(void **state)
{
	(void)state;
	rig.settings.reconnect_max_s = 3600;
	rig.timing.backoff_base_ms = 3600 * 1000; /* it must be skipped */
	rig_online(&rig);
	mqtt_set_link(rig.mqtt, false);
	assert_true(broker_expect_closed(broker));
	rig_expect_rung(&rig, RUNG_CONNACK, RUNG_STATE_WAITING, "%s", "");
	rig_expect_counter(&rig, disconnects, 1);
	assert_int_equal(rig_counter(&rig, offsetof(struct mqtt_counters, taken_over)),
			 0);
	mqtt_set_link(rig.mqtt, true);
	assert_true(broker_is_quiet(broker, 100)); /* the address may be another one */
	rig_path(&rig, true, "127.0.0.1");
	broker_accept(broker);
	broker_expect(broker, PACKET_CONNECT);
}

static void an_address_that_nobody_confirms_is_tried_in_the_end(void **state)
{
	(void)state;
	rig.timing.confirm_ms = 200;
	rig_online(&rig);
	mqtt_set_link(rig.mqtt, false);
	assert_true(broker_expect_closed(broker));
	mqtt_set_link(rig.mqtt, true);
	broker_accept(broker);
}

static void another_address_is_used_at_once(void **state)
{
	struct sockaddr_in peer = { 0 };
	socklen_t len = sizeof(peer);

	(void)state;
	rig.settings.reconnect_max_s = 3600;
	rig.timing.backoff_base_ms = 3600 * 1000;
	rig_online(&rig);
	rig_path(&rig, true, "127.0.0.9");
	assert_true(broker_expect_closed(broker));
	broker_accept(broker);
	assert_int_equal(getpeername(broker->fd, (struct sockaddr *)&peer, &len), 0);
	assert_int_equal(peer.sin_addr.s_addr, inet_addr("127.0.0.9"));
}

static void a_lost_address_ends_the_session(void **state)
{
	(void)state;
	rig_online(&rig);
	rig_path(&rig, true, "0.0.0.0");
	assert_true(broker_expect_closed(broker));
	assert_true(broker_is_quiet(broker, 200));
	rig_expect_rung(&rig, RUNG_TCP, RUNG_STATE_WAITING, "%s", "");
}

static void a_link_that_flaps_does_not_flood_the_broker(void **state)
{
	(void)state;
	rig.settings.reconnect_max_s = 3600;
	rig.timing.backoff_base_ms = 3600 * 1000;
	rig.timing.hurry_ms = 3600 * 1000;
	rig_online(&rig);
	rig_path(&rig, true, "127.0.0.2");
	(void)broker_expect_closed(broker);
	broker_accept(broker); /* the one attempt that skips the back-off */
	rig_path(&rig, true, "127.0.0.1");
	(void)broker_expect_closed(broker);
	for (int i = 0; i < 10; i++) {
		rig_path(&rig, false, "127.0.0.1");
		rig_path(&rig, true, i % 2 ? "127.0.0.1" : "127.0.0.2");
	}
	assert_true(broker_is_quiet(broker, 300));
}

static void a_lost_link_is_not_blamed_on_the_broker(void **state)
{
	(void)state;
	rig.timing.link_grace_ms = 10000;
	rig_online(&rig);
	mqtt_set_link(rig.mqtt, false);
	broker_hang_up(broker);
	rig_expect_rung(&rig, RUNG_CONNACK, RUNG_STATE_WAITING, "%s", "");
	assert_true(broker_is_quiet(broker, 200));
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
		TEST(a_name_is_looked_up_before_each_attempt),
		TEST(a_name_that_does_not_exist),
		TEST(no_dns_server),
		TEST(a_dns_server_without_an_answer),
		TEST(needs_neither_link_nor_address_if_it_is_unbound),
		TEST(connects_from_the_nearest_address),
		TEST(a_broker_of_another_family_cannot_be_reached),
		TEST(several_addresses_take_turns),
		TEST(a_path_lost_during_a_lookup_is_not_used),
		TEST(a_lookup_on_a_path_that_changed_begins_anew),
		TEST(lookups_that_nobody_waits_for_are_limited),
		TEST(messages_are_taken_during_a_lookup),
		TEST(without_a_path_nothing_is_tried),
		TEST(a_short_loss_of_the_link_keeps_the_session),
		TEST(a_long_loss_ends_the_session_and_a_confirmed_address_begins_another),
		TEST(an_address_that_nobody_confirms_is_tried_in_the_end),
		TEST(another_address_is_used_at_once),
		TEST(a_lost_address_ends_the_session),
		TEST(a_link_that_flaps_does_not_flood_the_broker),
		TEST(a_lost_link_is_not_blamed_on_the_broker),
#undef TEST
	};

	return cmocka_run_group_tests_name("mqtt_connect", tests, NULL, NULL);
}
