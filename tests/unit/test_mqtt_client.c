// SPDX-License-Identifier: MIT
/* test_mqtt_client.c — what is told of messages that were published */
#include <string.h>
#include <sys/socket.h>

#include "unit.h"

#include "../../src/app/mqtt_client.h"
#include "mqtt_rig.h"

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

static void begin_session(void)
{
	struct ip loopback = ip_from_v4((struct in_addr){ htonl(INADDR_LOOPBACK) });
	struct mqtt_error error;

	accepted = false;
	assert_int_equal(
		mqtt_client_connect(client, &loopback, broker.port, &loopback, &error),
		0);
	broker_accept(&broker);
	turn();
	broker_expect(&broker, PACKET_CONNECT);
	broker_connack(&broker, 0);
	while (!accepted)
		turn();
}

static int set_up(void **state)
{
	const struct mqtt_client_config config = {
		.client_id = "node",
		.clean_session = true,
		.keepalive_s = 60,
		.inflight_max = 20,
	};

	(void)state;
	memset(&acknowledged, 0, sizeof(acknowledged));
	broker_open(&broker, false);
	assert_int_equal(mqtt_client_new(&client, &config, &events, NULL), 0);
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
	int id = 0;

	assert_int_equal(mqtt_client_publish(client, "t", payload, len, qos, false, &id),
			 0);
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

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		TEST(what_the_broker_acknowledges_is_told),
		TEST(a_message_of_qos_0_with_the_id_of_one_under_way_acknowledges_nothing),
		TEST(nor_does_one_that_is_written_later),
		TEST(nor_does_one_that_was_lost_with_its_connection_hide_anything),
#undef TEST
	};

	return cmocka_run_group_tests_name("mqtt_client", tests, NULL, NULL);
}
