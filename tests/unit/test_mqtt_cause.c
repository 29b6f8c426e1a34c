// SPDX-License-Identifier: MIT
/* test_mqtt_cause.c — every cause has its sentence */
#include "../../src/app/mqtt_cause.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <string.h>

#include "unit.h"

#include "mqttnode/cleanup.h"

static struct mqtt_peer peer = { .port = 1883 };
static struct mqtt_cause cause;

static int set_up(void **state)
{
	(void)state;
	assert_true(ip_parse(&peer.address, "10.0.0.1"));
	assert_true(ip_parse(&peer.local, "10.0.0.5"));
	memset(&cause, 0xff, sizeof(cause));
	return 0;
}

static void assert_cause(enum rung rung, bool persistent, const char *text)
{
	assert_string_equal(cause.text, text);
	assert_int_equal(cause.rung, rung);
	assert_int_equal(cause.persistent, persistent);
	assert_in_range(cause.id, CAUSE_NONE + 1, CAUSE_IDS - 1);
}

static void names_that_cannot_be_looked_up(void **state)
{
	static const struct {
		int eai;
		int error;
		unsigned int n_servers;
		uint64_t took_ms;
		const char *text;
	} cases[] = {
		{ EAI_NONAME, 0, 1, 5, "Name mq.example not found" },
		{ EAI_NODATA, 0, 1, 5, "Name mq.example has no IPv4 address" },
		{ EAI_AGAIN, 0, 1, 3000, "No answer from the DNS server 10.0.0.1" },
		{ EAI_AGAIN, 0, 1, 5,
		  "The DNS server 10.0.0.1 could not look up mq.example" },
		{ EAI_FAIL, 0, 1, 5,
		  "The DNS server 10.0.0.1 could not look up mq.example" },
		{ EAI_NONAME, 0, 0, 5, "No DNS server known to look up mq.example" },
		{ EAI_SYSTEM, EMFILE, 1, 5,
		  "Name mq.example could not be looked up: Too many open files" },
		{ EAI_SYSTEM, 99999, 1, 5,
		  "Name mq.example could not be looked up: unknown error" },
		{ EAI_MEMORY, 0, 1, 5,
		  "Name mq.example could not be looked up: Memory allocation failure" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct mqtt_lookup_failure failure = {
			.host = "mq.example",
			.eai = cases[i].eai,
			.error = cases[i].error,
			.n_servers = cases[i].n_servers,
			.server = peer.address,
			.family = AF_INET,
			.took_ms = cases[i].took_ms,
		};

		mqtt_cause_lookup(&cause, &failure);
		assert_cause(RUNG_NAME, false, cases[i].text);
	}
}

static void an_ipv6_address_is_refused_by_name(void **state)
{
	struct mqtt_lookup_failure failure = { .host = "2001:db8::1",
					       .eai = EAI_ADDRFAMILY };

	(void)state;
	mqtt_cause_lookup(&cause, &failure);
	assert_cause(RUNG_NAME, true, "2001:db8::1 is an IPv6 address, and IPv6 is off");
}

static void an_ipv6_broker_is_told_as_such(void **state)
{
	struct mqtt_lookup_failure failure = { .host = "mq.example",
					       .eai = EAI_NODATA,
					       .n_servers = 1,
					       .family = AF_INET6 };

	(void)state;
	mqtt_cause_lookup(&cause, &failure);
	assert_cause(RUNG_NAME, false, "Name mq.example has no IPv6 address");
	failure.family = AF_UNSPEC;
	mqtt_cause_lookup(&cause, &failure);
	assert_cause(RUNG_NAME, false, "Name mq.example has no address");
	assert_true(ip_parse(&peer.address, "fd00::1"));
	mqtt_cause_tcp_timeout(&cause, &peer);
	assert_cause(RUNG_TCP, false, "No answer from [fd00::1]:1883");
	mqtt_cause_no_source(&cause, &peer);
	assert_cause(RUNG_TCP, false, "There is no IPv6 address to reach fd00::1 from");
}

static void names_are_shown_escaped(void **state)
{
	struct mqtt_lookup_failure failure = {
		.host = "mq\033[31m",
		.eai = EAI_NONAME,
		.n_servers = 1,
	};

	(void)state;
	mqtt_cause_lookup(&cause, &failure);
	assert_cause(RUNG_NAME, false, "Name mq\\x1b[31m not found");
}

static void lookups_that_cannot_be_begun(void **state)
{
	(void)state;
	mqtt_cause_no_lookup(&cause, "mq.example", EBUSY);
	assert_cause(
		RUNG_NAME, false,
		"Earlier lookups of mq.example still hang: does the DNS server answer?");
	mqtt_cause_no_lookup(&cause, "mq\033", EAGAIN);
	assert_cause(
		RUNG_NAME, false,
		"No thread to look up mq\\x1b with: Resource temporarily unavailable "
		"(see TasksMax= and ulimit -u)");
}

static void connections_that_cannot_be_made(void **state)
{
	static const struct {
		int error;
		const char *text;
	} cases[] = {
		{ ECONNREFUSED,
		  "10.0.0.1:1883 refused the connection: no broker is listening there" },
		{ ETIMEDOUT, "No answer from 10.0.0.1:1883" },
		{ EHOSTUNREACH, "10.0.0.1 cannot be reached: nobody there answers" },
		{ ENETUNREACH, "No route to 10.0.0.1: is a gateway configured?" },
		{ ECONNRESET, "10.0.0.1:1883 reset the connection" },
		{ EADDRNOTAVAIL, "The local address 10.0.0.5 is gone" },
		{ EPERM,
		  "A firewall on this machine forbids connecting to 10.0.0.1:1883" },
		{ EMFILE, "Cannot connect to 10.0.0.1:1883: Too many open files" },
		{ 4095, "Cannot connect to 10.0.0.1:1883: unknown error" },
	};
	struct mqtt_error error = { .kind = MQTT_ERROR_SYSTEM };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		error.error = cases[i].error;
		mqtt_cause_tcp(&cause, &peer, &error);
		assert_cause(RUNG_TCP, false, cases[i].text);
	}
	error = (struct mqtt_error){ .kind = MQTT_ERROR_OTHER, .text = "out of memory" };
	mqtt_cause_tcp(&cause, &peer, &error);
	assert_cause(RUNG_TCP, false, "Cannot connect to 10.0.0.1:1883: out of memory");
	error.kind = MQTT_ERROR_SILENT;
	mqtt_cause_tcp(&cause, &peer, &error);
	assert_cause(RUNG_TCP, false, "No answer from 10.0.0.1:1883");
	mqtt_cause_tcp_timeout(&cause, &peer);
	assert_cause(RUNG_TCP, false, "No answer from 10.0.0.1:1883");
}

static void connections_that_end_before_connack(void **state)
{
	struct mqtt_error error = { .kind = MQTT_ERROR_CLOSED };

	(void)state;
	mqtt_cause_no_connack(&cause, &peer, &error);
	assert_cause(RUNG_CONNACK, false,
		     "10.0.0.1:1883 closed the connection without CONNACK: is it an MQTT "
		     "broker?");
	assert_int_equal(cause.id, CAUSE_NOT_A_BROKER);
	error = (struct mqtt_error){ .kind = MQTT_ERROR_SYSTEM, .error = ECONNRESET };
	mqtt_cause_no_connack(&cause, &peer, &error);
	assert_cause(RUNG_CONNACK, false,
		     "10.0.0.1:1883 reset the connection before CONNACK");
	assert_int_equal(cause.id, CAUSE_TCP_RESET);
	mqtt_cause_wants_tls(&cause, &peer);
	assert_cause(RUNG_CONNACK, false,
		     "10.0.0.1:1883 speaks TLS, and mqtt.tls is not set");
	assert_int_equal(cause.id, CAUSE_WANTS_TLS);
	error.error = EHOSTUNREACH;
	mqtt_cause_no_connack(&cause, &peer, &error);
	assert_cause(RUNG_TCP, false, "10.0.0.1 cannot be reached: nobody there answers");
	error.kind = MQTT_ERROR_PROTOCOL;
	mqtt_cause_no_connack(&cause, &peer, &error);
	assert_cause(RUNG_CONNACK, false,
		     "10.0.0.1:1883 does not speak MQTT: is it an MQTT broker?");
	error = (struct mqtt_error){ .kind = MQTT_ERROR_OTHER, .text = "out of memory" };
	mqtt_cause_no_connack(&cause, &peer, &error);
	assert_cause(RUNG_CONNACK, false, "No CONNACK from 10.0.0.1:1883: out of memory");
	mqtt_cause_connack_timeout(&cause, 10);
	assert_cause(RUNG_CONNACK, false,
		     "No CONNACK within 10 s: is this an MQTT broker?");
}

static void refusals(void **state)
{
	static const char *const texts[] = {
		"Refused: unknown reason 0",
		"Refused: MQTT 3.1.1 is not supported",
		"Refused: client id rejected",
		"Refused: the broker is not available",
		"Refused: bad user name or password",
		"Refused: not authorised (no user name is configured)",
		"Refused: unknown reason 6",
	};

	(void)state;
	for (int code = 0; code < (int)ARRAY_SIZE(texts); code++) {
		mqtt_cause_refused(&cause, &(struct mqtt_connack){ .code = code }, NULL);
		assert_cause(RUNG_CONNACK, code != 3, texts[code]);
	}
	mqtt_cause_refused(&cause, &(struct mqtt_connack){ .code = 4 }, "node");
	assert_cause(RUNG_CONNACK, true, "Refused: bad user name or password");
}

static void a_user_who_is_refused_is_named(void **state)
{
	char name[200];

	(void)state;
	mqtt_cause_refused(&cause, &(struct mqtt_connack){ .code = 5 }, "no\033de");
	assert_cause(RUNG_CONNACK, true,
		     "Refused: not authorised (user \"no\\x1bde\": check user name and "
		     "password)");
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	mqtt_cause_refused(&cause, &(struct mqtt_connack){ .code = 5 }, name);
	assert_non_null(strstr(cause.text, "nnn"));
	assert_non_null(strstr(cause.text, "\": check user name and password)"));
}

static void sessions_that_end(void **state)
{
	struct mqtt_error error = { .kind = MQTT_ERROR_CLOSED };

	(void)state;
	mqtt_cause_lost(&cause, &peer, &error, 20);
	assert_cause(RUNG_CONNACK, false,
		     "The broker closed the connection: is the client id used twice?");
	error.kind = MQTT_ERROR_SILENT;
	mqtt_cause_lost(&cause, &peer, &error, 20);
	assert_cause(RUNG_CONNACK, false, "Broker silent for 20 s");
	error.kind = MQTT_ERROR_PROTOCOL;
	mqtt_cause_lost(&cause, &peer, &error, 20);
	assert_cause(RUNG_CONNACK, false, "The broker broke the rules of MQTT");
	error = (struct mqtt_error){ .kind = MQTT_ERROR_SYSTEM, .error = ECONNRESET };
	mqtt_cause_lost(&cause, &peer, &error, 20);
	assert_cause(RUNG_TCP, false, "10.0.0.1:1883 reset the connection");
	error = (struct mqtt_error){ .kind = MQTT_ERROR_OTHER, .text = "out of memory" };
	mqtt_cause_lost(&cause, &peer, &error, 20);
	assert_cause(RUNG_CONNACK, false, "Connection lost: out of memory");
}

static void messages_at_which_sessions_end(void **state)
{
	(void)state;
	mqtt_cause_message(&cause, MQTT_POISON_SUSPECTED);
	assert_cause(
		RUNG_CONNACK, false,
		"The broker ends the connection before it acknowledges a message: is "
		"one larger than it takes?");
	assert_int_equal(cause.id, CAUSE_MESSAGE_NOT_TAKEN);
	mqtt_cause_message(&cause, MQTT_POISON_TRIED);
	assert_cause(RUNG_CONNACK, false,
		     "The broker ends the connection before it acknowledges a message: "
		     "all are sent one by one now");
	mqtt_cause_message(&cause, MQTT_POISON_PROVEN);
	assert_cause(RUNG_CONNACK, false,
		     "The broker ends the connection at a message that it does not take: "
		     "it is dropped");
}

static void a_certificate_that_is_refused(void **state)
{
	/* 2026-11-22 */
	const struct mqtt_tls_view system = { .host = "mq.example", .now = 1795305600 };
	const struct mqtt_tls_view own = { .host = "mq.example",
					   .own_ca = true,
					   .certificate = true,
					   .now = 1795305600 };
	const struct mqtt_tls_view unset = { .host = "mq.example", .now = 90000 };
	const struct {
		struct mqtt_tls_failure failure;
		const struct mqtt_tls_view *view;
		bool persistent;
		const char *text;
	} cases[] = {
		{ { .kind = MQTT_TLS_ISSUER },
		  &system,
		  true,
		  "The certificate of mq.example is not from a CA that this system trusts: name "
		  "it in mqtt.tls.ca_file" },
		{ { .kind = MQTT_TLS_ISSUER },
		  &own,
		  true,
		  "The certificate of mq.example was not issued by a CA in mqtt.tls.ca_file" },
		{ { .kind = MQTT_TLS_NAME, .text = "other.example" },
		  &own,
		  true,
		  "The certificate is for other.example, not for mq.example" },
		{ { .kind = MQTT_TLS_EXPIRED, .when = 1735689600 },
		  &own,
		  true,
		  "The certificate of mq.example expired on 2025-01-01 (the clock here says "
		  "2026-11-22)" },
		{ { .kind = MQTT_TLS_NOT_YET_VALID, .when = 1830297600 },
		  &own,
		  false,
		  "The certificate of mq.example is not valid before 2028-01-01, and the clock "
		  "here says 2026-11-22: is it right?" },
		{ { .kind = MQTT_TLS_NOT_YET_VALID, .when = 1735689600 },
		  &unset,
		  false,
		  "The clock of this machine is not set, it says 1970-01-02: no certificate can "
		  "be checked before it is" },
		{ { .kind = MQTT_TLS_CERTIFICATE, .text = "CRL has expired" },
		  &own,
		  true,
		  "The certificate of mq.example is refused: CRL has expired" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		mqtt_cause_tls(&cause, &peer, &cases[i].failure, cases[i].view);
		assert_cause(RUNG_TLS, cases[i].persistent, cases[i].text);
	}
}

static void a_handshake_that_failed(void **state)
{
	const struct mqtt_tls_view system = { .host = "mq.example", .now = 1795305600 };
	const struct mqtt_tls_view own = { .host = "mq.example",
					   .own_ca = true,
					   .certificate = true,
					   .now = 1795305600 };
	const struct {
		struct mqtt_tls_failure failure;
		const struct mqtt_tls_view *view;
		bool persistent;
		const char *text;
	} cases[] = {
		{ { .kind = MQTT_TLS_NOT_TLS },
		  &own,
		  false,
		  "10.0.0.1:1883 does not speak TLS: is this the port for MQTT without it?" },
		{ { .kind = MQTT_TLS_VERSION },
		  &own,
		  false,
		  "10.0.0.1:1883 offers no TLS 1.2 or newer" },
		{ { .kind = MQTT_TLS_CLIENT, .text = "unknown CA" },
		  &own,
		  true,
		  "10.0.0.1:1883 refused our client certificate: unknown CA" },
		{ { .kind = MQTT_TLS_CLIENT, .text = "certificate required" },
		  &system,
		  true,
		  "10.0.0.1:1883 wants a client certificate: set mqtt.tls.cert_file" },
		{ { .kind = MQTT_TLS_ALERT, .text = "internal error" },
		  &own,
		  false,
		  "10.0.0.1:1883 ended the TLS handshake: internal error" },
		{ { .kind = MQTT_TLS_OTHER, .text = "bad key share" },
		  &own,
		  false,
		  "TLS with 10.0.0.1:1883 failed: bad key share" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		mqtt_cause_tls(&cause, &peer, &cases[i].failure, cases[i].view);
		assert_cause(RUNG_TLS, cases[i].persistent, cases[i].text);
	}
	mqtt_cause_tls_timeout(&cause, &peer, 10);
	assert_cause(
		RUNG_TLS, false,
		"No answer to TLS from 10.0.0.1:1883 within 10 s: is this the port for "
		"TLS?");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(names_that_cannot_be_looked_up, set_up),
		cmocka_unit_test_setup(an_ipv6_address_is_refused_by_name, set_up),
		cmocka_unit_test_setup(an_ipv6_broker_is_told_as_such, set_up),
		cmocka_unit_test_setup(names_are_shown_escaped, set_up),
		cmocka_unit_test_setup(lookups_that_cannot_be_begun, set_up),
		cmocka_unit_test_setup(connections_that_cannot_be_made, set_up),
		cmocka_unit_test_setup(connections_that_end_before_connack, set_up),
		cmocka_unit_test_setup(refusals, set_up),
		cmocka_unit_test_setup(a_user_who_is_refused_is_named, set_up),
		cmocka_unit_test_setup(sessions_that_end, set_up),
		cmocka_unit_test_setup(messages_at_which_sessions_end, set_up),
		cmocka_unit_test_setup(a_certificate_that_is_refused, set_up),
		cmocka_unit_test_setup(a_handshake_that_failed, set_up),
	};

	return cmocka_run_group_tests_name("mqtt_cause", tests, NULL, NULL);
}
