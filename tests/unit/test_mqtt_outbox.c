// SPDX-License-Identifier: MIT
/* test_mqtt_outbox.c — a window, a bounded backlog, counted drops */
#include "../../src/app/mqtt_outbox.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "unit.h"

#include "mqttnode/cleanup.h"

/* A sender that remembers. */
static struct sent {
	char topic[32];
	char payload[64];
	int qos;
	bool retain;
} sent[4096];
static size_t n_sent;
static int sender_result;

static struct mqtt_counters counters;
static struct mqtt_outbox *outbox;

static int sender(void *ctx, const struct mqtt_outgoing *message, int *id)
{
	struct sent *s = &sent[n_sent];

	assert_ptr_equal(ctx, &counters);
	if (sender_result < 0)
		return sender_result;
	assert_true(n_sent < ARRAY_SIZE(sent));
	snprintf(s->topic, sizeof(s->topic), "%s", message->topic);
	snprintf(s->payload, sizeof(s->payload), "%.*s", (int)message->len,
		 (const char *)message->payload);
	s->qos = message->qos;
	s->retain = message->retain;
	*id = (int)++n_sent;
	return 0;
}

static int set_up(void **state)
{
	(void)state;
	memset(sent, 0, sizeof(sent));
	memset(&counters, 0, sizeof(counters));
	n_sent = 0;
	sender_result = 0;
	return mqtt_outbox_new(&outbox, &counters, sender, &counters);
}

static int tear_down(void **state)
{
	(void)state;
	outbox = mqtt_outbox_free(outbox);
	return 0;
}

static void put(int qos, const char *payload)
{
	/* A copy: what is put may be gone afterwards. */
	char topic[] = "topic", copy[64];
	struct mqtt_outgoing message = {
		.topic = topic,
		.payload = copy,
		.len = strlen(payload),
		.qos = qos,
		.retain = qos > 0,
	};

	memcpy(copy, payload, message.len);
	mqtt_outbox_put(outbox, &message);
	memset(topic, 'x', sizeof(topic) - 1);
	memset(copy, 'x', sizeof(copy));
}

static void put_number(unsigned int i)
{
	char payload[16];

	snprintf(payload, sizeof(payload), "%u", i);
	put(1, payload);
}

static void qos_0_is_sent_at_once_or_dropped_and_counted(void **state)
{
	(void)state;
	put(0, "1");
	assert_int_equal(counters.dropped_offline, 1);
	mqtt_outbox_set_online(outbox, true);
	put(0, "2");
	assert_int_equal(counters.published, 1);
	sender_result = -EAGAIN;
	put(0, "3");
	assert_int_equal(counters.dropped_stalled, 1);
	sender_result = -ENOTCONN;
	put(0, "4");
	assert_int_equal(counters.dropped_offline, 2);
	mqtt_outbox_set_online(outbox, false);
	put(0, "5");
	assert_int_equal(counters.dropped_offline, 3);
	assert_int_equal(n_sent, 1);
	assert_string_equal(sent[0].payload, "2");
	assert_false(sent[0].retain);
	assert_int_equal(mqtt_outbox_undelivered(outbox), 0);
}

static void qos_1_waits_for_a_session(void **state)
{
	(void)state;
	for (unsigned int i = 1; i <= 5; i++)
		put_number(i);
	mqtt_outbox_turn(outbox);
	assert_int_equal(n_sent, 0);
	assert_int_equal(counters.backlog, 5);
	assert_int_equal(mqtt_outbox_undelivered(outbox), 5);
	mqtt_outbox_set_online(outbox, true);
	mqtt_outbox_turn(outbox);
	assert_int_equal(n_sent, 5);
	for (size_t i = 0; i < n_sent; i++) {
		assert_string_equal(sent[i].topic, "topic");
		assert_int_equal(sent[i].payload[0], '1' + (int)i);
		assert_int_equal(sent[i].qos, 1);
		assert_true(sent[i].retain);
	}
	assert_int_equal(counters.backlog, 0);
	assert_int_equal(counters.published, 0);
	assert_int_equal(mqtt_outbox_undelivered(outbox), 5);
	mqtt_outbox_acknowledged(outbox, 99); /* not ours */
	for (int id = 1; id <= 5; id++)
		mqtt_outbox_acknowledged(outbox, id);
	mqtt_outbox_acknowledged(outbox, 5); /* twice */
	assert_int_equal(counters.published, 5);
	assert_int_equal(mqtt_outbox_undelivered(outbox), 0);
}

static void a_full_backlog_loses_the_oldest(void **state)
{
	(void)state;
	for (unsigned int i = 1; i <= MQTT_BACKLOG_MAX + 30; i++)
		put_number(i);
	assert_int_equal(counters.backlog, MQTT_BACKLOG_MAX);
	assert_int_equal(counters.dropped_queue, 30);
	mqtt_outbox_set_online(outbox, true);
	mqtt_outbox_turn(outbox);
	assert_string_equal(sent[0].payload, "31");
}

static void the_backlog_is_bounded_in_bytes(void **state)
{
	static char text[100000];
	const struct mqtt_outgoing message = {
		.topic = "topic",
		.payload = text,
		.len = sizeof(text),
		.qos = 1,
	};

	(void)state;
	for (unsigned int i = 0; i < 50; i++)
		mqtt_outbox_put(outbox, &message);
	assert_int_equal(counters.backlog, MQTT_BACKLOG_MAX_BYTES / sizeof(text));
	assert_int_equal(counters.dropped_queue,
			 50 - MQTT_BACKLOG_MAX_BYTES / sizeof(text));
}

static void at_most_so_many_are_unacknowledged(void **state)
{
	(void)state;
	mqtt_outbox_set_online(outbox, true);
	for (unsigned int i = 1; i <= 100; i++) {
		put_number(i);
		mqtt_outbox_turn(outbox);
	}
	assert_int_equal(n_sent, MQTT_INFLIGHT_MAX);
	assert_int_equal(counters.backlog, 100 - MQTT_INFLIGHT_MAX);
	for (int id = 1; id <= 3; id++)
		mqtt_outbox_acknowledged(outbox, id);
	mqtt_outbox_turn(outbox);
	assert_int_equal(n_sent, MQTT_INFLIGHT_MAX + 3);
	/* order is kept */
	assert_string_equal(sent[n_sent - 1].payload, "23");
}

static void a_stalled_connection_keeps_the_backlog(void **state)
{
	(void)state;
	mqtt_outbox_set_online(outbox, true);
	sender_result = -EAGAIN;
	put_number(1);
	put_number(2);
	mqtt_outbox_turn(outbox);
	assert_int_equal(counters.backlog, 2);
	sender_result = 0;
	mqtt_outbox_turn(outbox);
	assert_int_equal(n_sent, 2);
	assert_string_equal(sent[0].payload, "1");
}

static void what_the_library_refuses_is_dropped_and_blocks_nothing(void **state)
{
	(void)state;
	mqtt_outbox_set_online(outbox, true);
	sender_result = -EINVAL;
	put_number(1);
	mqtt_outbox_turn(outbox);
	assert_int_equal(counters.backlog, 0);
	assert_int_equal(counters.dropped_queue, 1);
	sender_result = 0;
	put_number(2);
	mqtt_outbox_turn(outbox);
	assert_int_equal(n_sent, 1);
	assert_string_equal(sent[0].payload, "2");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		TEST(qos_0_is_sent_at_once_or_dropped_and_counted),
		TEST(qos_1_waits_for_a_session),
		TEST(a_full_backlog_loses_the_oldest),
		TEST(the_backlog_is_bounded_in_bytes),
		TEST(at_most_so_many_are_unacknowledged),
		TEST(a_stalled_connection_keeps_the_backlog),
		TEST(what_the_library_refuses_is_dropped_and_blocks_nothing),
#undef TEST
	};

	return cmocka_run_group_tests_name("mqtt_outbox", tests, NULL, NULL);
}
