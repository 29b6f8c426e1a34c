// SPDX-License-Identifier: MIT
/* test_mqtt_client.c — what is told of messages that were published */
#include <linux/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "unit.h"

#include "../../src/app/mqtt_client.h"
#include "mqtt_rig.h"
#include "mqttnode/clock.h"
#include "mqttnode/fd.h"

#define IDS 65535

static struct mqtt_client *client;
static struct broker broker;

static struct {
	int n, last;
} acknowledged;
static bool accepted;

static void on_connack(void *ctx, const struct mqtt_connack *connack)
{
	(void)ctx;
	accepted = connack->code == 0;
}

static void on_acknowledged(void *ctx, int id, const char *refusal)
{
	(void)ctx;
	assert_null(refusal);
	acknowledged.n++;
	acknowledged.last = id;
}

static const struct mqtt_client_events events = {
	.on_connack = on_connack,
	.on_acknowledged = on_acknowledged,
};

static void turn(void)
{
	struct mqtt_error error;

	assert_int_equal(mqtt_client_turn(client, &error), 0);
}

static void connect_client(void)
{
	struct ip loopback = ip_from_v4((struct in_addr){ htonl(INADDR_LOOPBACK) });
	struct mqtt_error error;

	accepted = false;
	assert_int_equal(
		mqtt_client_connect(client, &loopback, broker.port, &loopback, &error),
		0);
}

static void begin_session(void)
{
	connect_client();
	broker_accept(&broker);
	turn();
	broker_expect(&broker, PACKET_CONNECT);
	broker_connack(&broker, 0);
	while (!accepted)
		turn();
}

static void make(bool clean_session)
{
	const struct mqtt_client_config config = {
		.client_id = "node",
		.clean_session = clean_session,
		.keepalive_s = 60,
		.will_topic = "will",
		.will_payload = "x",
		.inflight_max = 20,
	};

	assert_int_equal(mqtt_client_new(&client, &config, &events, NULL), 0);
}

static int set_up(void **state)
{
	(void)state;
	memset(&acknowledged, 0, sizeof(acknowledged));
	broker_open(&broker, false);
	make(true);
	begin_session();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	client = mqtt_client_free(client);
	broker_close(&broker);
	return 0;
}

static int publish(const char *payload, size_t len, int qos)
{
	const struct mqtt_outgoing message = {
		.topic = "t", .payload = payload, .len = len, .qos = qos
	};
	int id = 0;

	assert_int_equal(mqtt_client_publish(client, &message, &id), 0);
	return id;
}

/* The broker reads what has come, and answers nothing. */
static void swallow(void)
{
	static char buf[65536];

	while (recv(broker.fd, buf, sizeof(buf), MSG_DONTWAIT) > 0)
		;
}

/* Publishes as much as TCP takes, and a part of a message more; its id. */
static int publish_until_stalled(void)
{
	static char payload[60000];
	int id;

	do
		id = publish(payload, sizeof(payload), 0);
	while (!mqtt_client_wants_write(client));
	return id;
}

static void get_written(void)
{
	while (mqtt_client_wants_write(client)) {
		swallow();
		turn();
	}
}

static void await_acknowledged(int n)
{
	while (acknowledged.n < n)
		turn();
}

static void what_the_broker_acknowledges_is_told(void **state)
{
	struct packet *p;
	int id;

	(void)state;
	id = publish("x", 1, 1);
	p = broker_expect(&broker, PACKET_PUBLISH);
	assert_int_equal(p->id, id);
	broker_puback(&broker, p->id);
	await_acknowledged(1);
	assert_int_equal(acknowledged.last, id);
}

static void
a_message_of_qos_0_with_the_id_of_one_under_way_acknowledges_nothing(void **state)
{
	bool used = false;
	int id, other;

	(void)state;
	id = publish("x", 1, 1);
	for (int i = 0; i < IDS; i++) {
		other = publish("y", 1, 0);
		used = used || other == id;
		if (i % 256 == 0)
			swallow();
	}
	assert_true(used);
	assert_int_equal(acknowledged.n, 0);
	broker_puback(&broker, (uint16_t)id);
	await_acknowledged(1);
	assert_int_equal(acknowledged.last, id);
}

static void nor_does_one_that_is_written_later(void **state)
{
	int id;

	(void)state;
	publish_until_stalled();
	get_written();
	assert_int_equal(acknowledged.n, 0);
	id = publish("x", 1, 1);
	publish_until_stalled();
	get_written();
	swallow();
	assert_int_equal(acknowledged.n, 0);
	broker_puback(&broker, (uint16_t)id);
	await_acknowledged(1);
	assert_int_equal(acknowledged.last, id);
}

static void nor_does_one_that_was_lost_with_its_connection_hide_anything(void **state)
{
	int lost, id;

	(void)state;
	lost = publish_until_stalled();
	begin_session();
	for (int i = 0; publish("y", 1, 0) != lost - 1; i++) {
		assert_true(i < IDS);
		if (i % 256 == 0)
			swallow();
	}
	id = publish("x", 1, 1);
	assert_int_equal(id, lost);
	broker_puback(&broker, (uint16_t)id);
	await_acknowledged(1);
	assert_int_equal(acknowledged.last, id);
}

/* How many segments with data were sent, each counted once. */
static unsigned int segments(void)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	assert_int_equal(
		getsockopt(mqtt_client_fd(client), IPPROTO_TCP, TCP_INFO, &info, &len),
		0);
	return info.tcpi_data_segs_out - info.tcpi_total_retrans;
}

/*
 * The segments of ten messages while they gather and then, and of one more. The kernel
 * holds a segment back for 200 ms only: false if it may not have waited for us.
 */
static bool gather(unsigned int ret[3])
{
	uint64_t began = clock_now_ns(&clock_system);
	unsigned int before = segments();
	bool in_time;

	mqtt_client_gather(client, true);
	for (int i = 0; i < 10; i++)
		publish("x", 1, 0);
	ret[0] = segments() - before;
	mqtt_client_gather(client, false);
	ret[1] = segments() - before;
	publish("x", 1, 0);
	ret[2] = segments() - before;
	in_time = clock_now_ns(&clock_system) - began < 100 * NSEC_PER_MSEC;
	for (int i = 0; i < 11; i++)
		broker_expect(&broker, PACKET_PUBLISH);
	return in_time;
}

static void messages_that_gather_share_a_segment(void **state)
{
	unsigned int sent[3];

	(void)state;
	for (int tries = 1; !gather(sent); tries++)
		assert_true(tries < 100);
	assert_int_equal(sent[0], 0);
	assert_int_equal(sent[1], 1);
	assert_int_equal(sent[2], 2);
}

/* The flags of the next CONNECT, MQTT 3.1.1 section 3.1.2.3. */
static uint8_t expect_connect(void)
{
	struct packet *p;

	broker_accept(&broker);
	turn();
	p = broker_expect(&broker, PACKET_CONNECT);
	return p->body[7];
}

#define CLEAN 2
#define WILL  4

static void the_session_of_somebody_else_is_forgotten_once(void **state)
{
	struct mqtt_error error;
	int first;

	(void)state;
	client = mqtt_client_free(client);
	make(false);
	connect_client();
	assert_int_equal(expect_connect() & (CLEAN | WILL), CLEAN);
	/* A refusal is told, and the next attempt is the same. */
	broker_connack(&broker, 5);
	while (mqtt_client_turn(client, &error) == 0)
		;
	assert_false(accepted);
	connect_client();
	assert_int_equal(expect_connect() & (CLEAN | WILL), CLEAN);
	broker_connack(&broker, 0);
	first = broker.fd;
	broker.fd = -1;
	while (poll(&(struct pollfd){ .fd = broker.listener, .events = POLLIN }, 1, 1) <=
	       0)
		turn();
	assert_int_equal(expect_connect() & (CLEAN | WILL), WILL);
	assert_false(accepted);
	broker_connack(&broker, 0);
	while (!accepted)
		turn();
	/* The other ended with DISCONNECT. */
	broker.fd = fd_close(broker.fd);
	broker.fd = first;
	broker_expect(&broker, PACKET_DISCONNECT);
}

static void a_session_that_is_whole_is_kept(void **state)
{
	(void)state;
	client = mqtt_client_free(client);
	make(false);
	mqtt_client_keep_session(client);
	connect_client();
	assert_int_equal(expect_connect() & (CLEAN | WILL), WILL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		TEST(what_the_broker_acknowledges_is_told),
		TEST(a_message_of_qos_0_with_the_id_of_one_under_way_acknowledges_nothing),
		TEST(nor_does_one_that_is_written_later),
		TEST(nor_does_one_that_was_lost_with_its_connection_hide_anything),
		TEST(messages_that_gather_share_a_segment),
		TEST(the_session_of_somebody_else_is_forgotten_once),
		TEST(a_session_that_is_whole_is_kept),
#undef TEST
	};

	return cmocka_run_group_tests_name("mqtt_client", tests, NULL, NULL);
}
