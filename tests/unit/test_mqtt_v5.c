// SPDX-License-Identifier: MIT
/* test_mqtt_v5.c — what MQTT 5 says more than 3.1.1, packet by packet */
#include "mqtt_rig.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "unit.h"

#include "mqttnode/log.h"

static struct rig rig;
static struct broker *broker = &rig.broker;

static int set_up(void **state)
{
	(void)state;
	rig_make(&rig);
	rig.settings.protocol = MQTT_PROTOCOL_5;
	rig.settings.session_expiry_s = 0x01020304;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	rig_free(&rig);
	return 0;
}

static void start(void)
{
	rig_start_on_path(&rig);
	broker_accept(broker);
}

#define SEND(bytes) broker_send(broker, bytes, sizeof(bytes) - 1)

/* CONNACK without properties. */
static void go_online(void)
{
	start();
	broker_expect(broker, PACKET_CONNECT);
	SEND("\x20\x03\0\0\0");
	rig_expect_rung(&rig, RUNG_CONNACK, RUNG_STATE_OK, "broker 127.0.0.1:%u, MQTT 5",
			broker->port);
}

/* Whether @p holds these bytes in a row. */
static bool holds(const struct packet *p, const char *bytes, size_t len)
{
	for (size_t i = 0; i + len <= p->len; i++)
		if (memcmp(p->body + i, bytes, len) == 0)
			return true;
	return false;
}

static void connect_tells_the_largest_packet(void **state)
{
	struct packet *p;

	(void)state;
	start();
	p = broker_expect(broker, PACKET_CONNECT);
	assert_int_equal(p->body[6], 5);
	/* Maximum Packet Size, 72 KiB; no session expiry with a clean start */
	assert_true(holds(p, "\x27\0\x01\x20\0", 5));
	assert_false(holds(p, "\x11\x01\x02\x03\x04", 5));
}

static void connect_tells_how_long_to_keep_a_session(void **state)
{
	static char topic[] = "t";
	static struct subscription_settings subscription = { .topic = topic,
							     .max_size = 0x10000 };
	struct packet *p;

	(void)state;
	rig.settings.clean_session = false;
	rig.settings.subscribe = &subscription;
	rig.settings.n_subscribe = 1;
	/* on every connection */
	for (int i = 0; i < 2; i++) {
		if (i == 0)
			start();
		else
			broker_accept(broker);
		p = broker_expect(broker, PACKET_CONNECT);
		assert_true(holds(p, "\x27\0\x02\x20\0", 5));
		assert_true(holds(p, "\x11\x01\x02\x03\x04", 5));
		broker_hang_up(broker);
		broker_answer_tls(broker, "", 0);
	}
}

static void refusals_are_told_in_the_brokers_words(void **state)
{
	(void)state;
	start();
	broker_expect(broker, PACKET_CONNECT);
	/* 149, with a reason string */
	SEND("\x20\x0b\0\x95\x08\x1f\0\x05"
	     "no\\us");
	rig_expect_rung(&rig, RUNG_CONNACK, RUNG_STATE_FAILED,
			"Refused: Packet too large: no\\\\us");
	broker_accept(broker);
	broker_expect(broker, PACKET_CONNECT);
	SEND("\x20\x03\0\x87\0");
	rig_expect_rung(&rig, RUNG_CONNACK, RUNG_STATE_FAILED,
			"Refused: not authorised (no user name is configured)");
}

static void a_broker_that_knows_3_1_1_only(void **state)
{
	(void)state;
	start();
	broker_expect(broker, PACKET_CONNECT);
	SEND("\x20\x02\0\x01");
	rig_expect_rung(
		&rig, RUNG_CONNACK, RUNG_STATE_FAILED,
		"The broker does not speak MQTT 5: set mqtt.protocol to \"3.1.1\"");
}

static void the_broker_says_why_it_ends_a_session(void **state)
{
	(void)state;
	go_online();
	SEND("\xe0\x02\x8e\0");
	rig_expect_rung(
		&rig, RUNG_CONNACK, RUNG_STATE_FAILED,
		"Another client connected with our client id: every client needs one "
		"of its own");
	broker_accept(broker);
	broker_expect(broker, PACKET_CONNECT);
	SEND("\x20\x03\0\0\0");
	rig_expect_rung(&rig, RUNG_CONNACK, RUNG_STATE_OK, "broker 127.0.0.1:%u, MQTT 5",
			broker->port);
	/* the library of Debian 12 drops a reason string here */
	SEND("\xe0\x02\x8b\0");
	rig_expect_rung(&rig, RUNG_CONNACK, RUNG_STATE_FAILED,
			"The broker ended the session: Server shutting down");
}

static void a_refused_subscription_has_its_reason(void **state)
{
	static char topic[] = "t";
	static struct subscription_settings subscription = { .topic = topic,
							     .max_size = 0x10000 };
	char suback[] = "\x90\x08\0\0\x04\x1f\0\x01"
			"x\x87";
	struct packet *p;

	(void)state;
	rig.settings.subscribe = &subscription;
	rig.settings.n_subscribe = 1;
	go_online();
	p = broker_expect(broker, PACKET_SUBSCRIBE);
	memcpy(suback + 2, &(uint8_t[]){ (uint8_t)(p->id >> 8), (uint8_t)p->id }, 2);
	SEND(suback);
	rig_expect_rung(&rig, RUNG_SUBACK, RUNG_STATE_FAILED,
			"Subscription to t refused: Not authorized (135): x");
}

static void the_brokers_keepalive_counts(void **state)
{
	(void)state;
	rig.settings.keepalive_s = 60;
	start();
	broker_expect(broker, PACKET_CONNECT);
	/* Server Keep Alive 1 s: PINGREQ, and then the end */
	SEND("\x20\x06\0\0\x03\x13\0\x01");
	broker_expect(broker, PACKET_PINGREQ);
	rig_expect_rung(&rig, RUNG_CONNACK, RUNG_STATE_FAILED, "Broker silent for 1 s");
}

static void a_message_that_is_refused_is_counted(void **state)
{
	static struct mqtt_outgoing message = { .topic = "t", .qos = 1 };
	struct packet *p;
	char puback[] = "\x40\x04\0\0\x87\0";

	(void)state;
	go_online();
	assert_int_equal(mqtt_publish(rig.mqtt, &message), 0);
	p = broker_expect(broker, PACKET_PUBLISH);
	memcpy(puback + 2, &(uint8_t[]){ (uint8_t)(p->id >> 8), (uint8_t)p->id }, 2);
	broker_send(broker, puback, sizeof(puback) - 1);
	rig_expect_counter(&rig, refused, 1);
	rig_expect_counter(&rig, published, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static void the_broker_is_told_when_a_message_expires(void **state)
{
	struct mqtt_outgoing message = {
		.topic = "out", .payload = "x", .len = 1, .expiry_s = 0x01020304
	};

	(void)state;
	go_online();
	assert_int_equal(mqtt_publish(rig.mqtt, &message), 0);
	assert_true(holds(broker_expect(broker, PACKET_PUBLISH),
			  "\x05\x02\x01\x02\x03\x04", 6));
	message.qos = 1;
	assert_int_equal(mqtt_publish(rig.mqtt, &message), 0);
	/* While it waits its time runs: a second or two may be over. */
	assert_true(
		holds(broker_expect(broker, PACKET_PUBLISH), "\x05\x02\x01\x02\x03", 5));
	message.expiry_s = 0;
	assert_int_equal(mqtt_publish(rig.mqtt, &message), 0);
	assert_false(holds(broker_expect(broker, PACKET_PUBLISH), "\x05\x02", 2));
}

/* Calls @part; what is logged meanwhile. */
static const char *logged_during(void (*part)(void))
{
	static char shown[4096];
	int file = memfd_create("stderr", MFD_CLOEXEC), saved = dup(STDERR_FILENO);
	ssize_t n;

	assert_true(file >= 0 && saved >= 0);
	log_setup(LOG_TARGET_STDERR, LOG_INFO);
	assert_int_equal(dup2(file, STDERR_FILENO), STDERR_FILENO);
	part();
	assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	n = pread(file, shown, sizeof(shown) - 1, 0);
	assert_true(n >= 0);
	shown[n] = '\0';
	close(file);
	close(saved);
	return shown;
}

/* CONNACK with Maximum Packet Size @max, below 256; then the session. */
static void go_online_with_packets_up_to(uint8_t max)
{
	char connack[] = "\x20\x08\0\0\x05\x27\0\0\0\0";

	connack[9] = (char)max;
	start();
	broker_expect(broker, PACKET_CONNECT);
	broker_send(broker, connack, sizeof(connack) - 1);
	rig_expect_rung(&rig, RUNG_CONNACK, RUNG_STATE_OK, "broker 127.0.0.1:%u, MQTT 5",
			broker->port);
}

static char large[1000];

static void publish_large_and_small(void)
{
	struct mqtt_outgoing message = {
		.topic = "large", .payload = large, .len = sizeof(large), .store = true
	};

	for (int qos = 0; qos <= 2; qos++) {
		message.qos = qos;
		assert_int_equal(mqtt_publish(rig.mqtt, &message), 0);
	}
	message.topic = "small";
	message.qos = 1;
	message.len = 1;
	assert_int_equal(mqtt_publish(rig.mqtt, &message), 0);
	rig_expect_counter(&rig, dropped_unfit, 3);
}

static void
a_message_that_is_too_large_for_the_broker_is_told_and_blocks_nothing(void **state)
{
	const char *shown;

	(void)state;
	go_online_with_packets_up_to(100);
	shown = logged_during(publish_large_and_small);
	assert_string_equal(broker_expect(broker, PACKET_PUBLISH)->topic, "small");
	assert_non_null(strstr(shown, "A message of 1000 bytes on large is dropped: the "
				      "broker takes no packet of more than 100 bytes\n"));
}

/* Of the smallest packets with a length of one byte, and with one of two bytes. */
static void the_largest_packet_is_counted_to_the_byte(void **state)
{
	static const struct {
		uint8_t max;
		int header; /* type and length */
	} limits[] = { { 100, 2 }, { 200, 3 } };
	struct mqtt_outgoing message = { .topic = "t", .payload = large };
	uint64_t dropped = 0;

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		if (i > 0) {
			tear_down(state);
			set_up(state);
			dropped = 0;
		}
		go_online_with_packets_up_to(limits[i].max);
		for (int variant = 0; variant < 6; variant++) {
			/* header, topic, number, length of the properties, expiry */
			int others = limits[i].header + 3 + (variant % 3 ? 2 : 0) + 1 +
				     (variant < 3 ? 0 : 5);
			struct packet *p;

			message.qos = variant % 3;
			message.expiry_s = variant < 3 ? 0 : 1000;
			for (int more = 3; more >= 1; more--) {
				message.len = (size_t)(limits[i].max - others + more);
				assert_int_equal(mqtt_publish(rig.mqtt, &message), 0);
				rig_expect_counter(&rig, dropped_unfit, ++dropped);
			}
			for (int less = 1; less >= 0; less--) {
				message.len = (size_t)(limits[i].max - others - less);
				assert_int_equal(mqtt_publish(rig.mqtt, &message), 0);
				p = broker_expect(broker, PACKET_PUBLISH);
				assert_int_equal(p->qos, message.qos);
				assert_int_equal((int)p->len + limits[i].header,
						 limits[i].max - less);
			}
		}
		assert_int_equal(
			rig_counter(&rig, offsetof(struct mqtt_counters, dropped_unfit)),
			dropped);
	}
}

/* Ends the session, and begins another one with this CONNACK. */
static void go_on(const char *connack, size_t len)
{
	broker_hang_up(broker);
	broker_accept(broker);
	broker_expect(broker, PACKET_CONNECT);
	broker_send(broker, connack, len);
}

#define GO_ON(connack) go_on(connack, sizeof(connack) - 1)

/* The node does not use that session but asks for another one, with the same answer. */
static void expect_another_attempt(const char *connack, size_t len)
{
	int first = broker->fd;

	broker->fd = -1;
	broker_accept(broker);
	close(first);
	broker_expect(broker, PACKET_CONNECT);
	broker_send(broker, connack, len);
}

#define EXPECT_ANOTHER_ATTEMPT(connack)                                                  \
	expect_another_attempt(connack, sizeof(connack) - 1)

static void a_limit_that_the_broker_has_no_more_is_forgotten(void **state)
{
	struct mqtt_outgoing message = {
		.topic = "large", .payload = large, .len = sizeof(large), .qos = 1
	};
	struct packet *p;

	(void)state;
	start();
	broker_expect(broker, PACKET_CONNECT);
	/* Maximum QoS 1, no retained messages, Maximum Packet Size 100 */
	SEND("\x20\x0c\0\0\x09\x24\x01\x25\0\x27\0\0\0\x64");
	rig_expect_rung(&rig, RUNG_CONNACK, RUNG_STATE_OK, "broker 127.0.0.1:%u, MQTT 5",
			broker->port);
	assert_int_equal(mqtt_publish(rig.mqtt, &message), 0);
	rig_expect_counter(&rig, dropped_unfit, 1);
	GO_ON("\x20\x03\0\0\0");
	EXPECT_ANOTHER_ATTEMPT("\x20\x03\0\0\0");
	message.qos = 2;
	message.retain = true;
	assert_int_equal(mqtt_publish(rig.mqtt, &message), 0);
	p = broker_expect(broker, PACKET_PUBLISH);
	assert_int_equal(p->qos, 2);
	assert_true(p->retain);
	assert_int_equal(p->payload_len, 1 + sizeof(large)); /* no properties */
	rig_expect_counter(&rig, connects, 2);
}

static void a_refused_attempt_changes_no_limit(void **state)
{
	struct mqtt_outgoing message = { .topic = "t", .qos = 1 };

	(void)state;
	go_online_with_packets_up_to(100);
	GO_ON("\x20\x03\0\x88\0");
	rig_expect_rung(&rig, RUNG_CONNACK, RUNG_STATE_FAILED,
			"Refused: Server unavailable");
	broker_accept(broker);
	broker_expect(broker, PACKET_CONNECT);
	SEND("\x20\x08\0\0\x05\x27\0\0\0\x64");
	assert_int_equal(mqtt_publish(rig.mqtt, &message), 0);
	broker_expect(broker, PACKET_PUBLISH);
}

static void what_is_under_way_blocks_nothing_when_it_is_too_large_now(void **state)
{
	struct mqtt_outgoing message = {
		.topic = "large", .payload = large, .len = sizeof(large), .qos = 1
	};
	struct packet *p;

	(void)state;
	go_online();
	assert_int_equal(mqtt_publish(rig.mqtt, &message), 0);
	broker_expect(broker, PACKET_PUBLISH);
	message.topic = "small";
	message.len = 1;
	assert_int_equal(mqtt_publish(rig.mqtt, &message), 0);
	broker_expect(broker, PACKET_PUBLISH);
	GO_ON("\x20\x08\0\0\x05\x27\0\0\0\x64");
	EXPECT_ANOTHER_ATTEMPT("\x20\x08\0\0\x05\x27\0\0\0\x64");
	p = broker_expect(broker, PACKET_PUBLISH);
	assert_string_equal(p->topic, "small");
	rig_expect_counter(&rig, dropped_unfit, 1);
	broker_puback(broker, p->id);
	rig_expect_counter(&rig, published, 1);
}

static void what_is_under_way_goes_on_below_the_same_limits(void **state)
{
	struct mqtt_outgoing message = { .topic = "t", .qos = 1 };
	struct packet *p;

	(void)state;
	go_online_with_packets_up_to(100);
	assert_int_equal(mqtt_publish(rig.mqtt, &message), 0);
	broker_expect(broker, PACKET_PUBLISH);
	GO_ON("\x20\x08\0\0\x05\x27\0\0\0\x65");
	p = broker_expect(broker, PACKET_PUBLISH);
	assert_true(p->dup);
	broker_puback(broker, p->id);
	rig_expect_counter(&rig, published, 1);
}

static void who_begins_anew_says_that_it_is_online(void **state)
{
	struct mqtt_outgoing message = { .topic = "t", .qos = 1 };
	struct packet *p;

	(void)state;
	rig.settings.status = true;
	go_online_with_packets_up_to(100);
	assert_string_equal(broker_expect(broker, PACKET_PUBLISH)->topic, "base/status");
	/* It is not acknowledged, and its number is given to another message then. */
	GO_ON("\x20\x08\0\0\x05\x27\0\0\0\x50");
	EXPECT_ANOTHER_ATTEMPT("\x20\x08\0\0\x05\x27\0\0\0\x50");
	p = broker_expect(broker, PACKET_PUBLISH);
	assert_string_equal(p->topic, "base/status");
	assert_false(p->dup);
	broker_puback(broker, p->id);
	for (unsigned int i = 1; i <= 4; i++) {
		assert_int_equal(mqtt_publish(rig.mqtt, &message), 0);
		p = broker_expect(broker, PACKET_PUBLISH);
		assert_string_equal(p->topic, "t");
		broker_puback(broker, p->id);
		rig_expect_counter(&rig, published, i);
	}
}

/* In the place of the library's: it has sent the message, and then has no memory. */
int mosquitto_publish_v5(void *mosq, int *id, const char *topic, int len,
			 const void *payload, int qos, bool retain,
			 const void *properties);

static atomic_bool no_memory;

int mosquitto_publish_v5(void *mosq, int *id, const char *topic, int len,
			 const void *payload, int qos, bool retain,
			 const void *properties)
{
	__typeof__(&mosquitto_publish_v5) publish;
	int rc;

	*(void **)&publish = dlsym(RTLD_NEXT, "mosquitto_publish_v5");
	assert_non_null(publish);
	rc = publish(mosq, id, topic, len, payload, qos, retain, properties);
	return atomic_exchange(&no_memory, false) ? 1 /* MOSQ_ERR_NOMEM */ : rc;
}

static void without_memory_nothing_is_lost_and_nothing_left_over(void **state)
{
	struct mqtt_outgoing message = { .topic = "t", .qos = 1 };
	struct packet *p;

	(void)state;
	go_online();
	atomic_store(&no_memory, true);
	assert_int_equal(mqtt_publish(rig.mqtt, &message), 0);
	EXPECT_ANOTHER_ATTEMPT("\x20\x03\0\0\0");
	p = broker_expect(broker, PACKET_PUBLISH);
	assert_false(p->dup);
	broker_puback(broker, p->id);
	rig_expect_counter(&rig, published, 1);
	assert_int_equal(rig_counter(&rig, offsetof(struct mqtt_counters, backlog)), 0);
	assert_int_equal(mqtt_publish(rig.mqtt, &message), 0);
	broker_puback(broker, broker_expect(broker, PACKET_PUBLISH)->id);
	rig_expect_counter(&rig, published, 2);
}

static void publish_as_no_broker_can(void)
{
	struct mqtt_outgoing message = { .topic = "t", .qos = 2 };

	assert_int_equal(mqtt_publish(rig.mqtt, &message), 0);
	rig_expect_counter(&rig, dropped_unfit, 1);
	message.qos = 1;
	message.retain = true;
	assert_int_equal(mqtt_publish(rig.mqtt, &message), 0);
	rig_expect_counter(&rig, dropped_unfit, 2);
}

static void what_the_broker_does_not_support_is_told(void **state)
{
	const char *shown;

	(void)state;
	start();
	broker_expect(broker, PACKET_CONNECT);
	/* Maximum QoS 1, no retained messages */
	SEND("\x20\x07\0\0\x04\x24\x01\x25\0");
	rig_expect_rung(&rig, RUNG_CONNACK, RUNG_STATE_OK, "broker 127.0.0.1:%u, MQTT 5",
			broker->port);
	shown = logged_during(publish_as_no_broker_can);
	assert_non_null(strstr(shown, "A message on t is dropped: the broker takes none "
				      "with QoS 2\n"));
	assert_non_null(strstr(shown, "A message on t is dropped: the broker takes none "
				      "with QoS 1, or none that is retained\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(connect_tells_the_largest_packet),
		TEST(the_broker_is_told_when_a_message_expires),
		TEST(connect_tells_how_long_to_keep_a_session),
		TEST(refusals_are_told_in_the_brokers_words),
		TEST(a_broker_that_knows_3_1_1_only),
		TEST(the_broker_says_why_it_ends_a_session),
		TEST(a_refused_subscription_has_its_reason),
		TEST(the_brokers_keepalive_counts),
		TEST(a_message_that_is_refused_is_counted),
		TEST(a_message_that_is_too_large_for_the_broker_is_told_and_blocks_nothing),
		TEST(the_largest_packet_is_counted_to_the_byte),
		TEST(a_limit_that_the_broker_has_no_more_is_forgotten),
		TEST(a_refused_attempt_changes_no_limit),
		TEST(what_is_under_way_blocks_nothing_when_it_is_too_large_now),
		TEST(what_is_under_way_goes_on_below_the_same_limits),
		TEST(who_begins_anew_says_that_it_is_online),
		TEST(without_memory_nothing_is_lost_and_nothing_left_over),
		TEST(what_the_broker_does_not_support_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
