// SPDX-License-Identifier: MIT
/* test_mqtt_publish.c — beats without drift, a bounded backlog, counted drops */
#include "../../src/app/mqtt_publish.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "unit.h"

#include "mqttnode/cleanup.h"
#include "mqttnode/clock.h"

#define MS NSEC_PER_MSEC

/* A sender that remembers. */
static struct sent {
	char topic[32];
	char payload[64];
	int qos;
	bool retain;
} sent[4096];
static size_t n_sent;
static int sender_result;

static struct facts *facts;
static struct mqtt_counters counters;
static struct mqtt_publisher *publisher;

static int sender(void *ctx, const struct mqtt_outgoing *message, int *id)
{
	struct sent *s = &sent[n_sent];

	assert_ptr_equal(ctx, &counters);
	if (sender_result < 0)
		return sender_result;
	assert_true(n_sent < ARRAY_SIZE(sent));
	assert_int_equal(message->len, strlen(message->payload));
	snprintf(s->topic, sizeof(s->topic), "%s", message->topic);
	snprintf(s->payload, sizeof(s->payload), "%s", message->payload);
	s->qos = message->qos;
	s->retain = message->retain;
	*id = (int)++n_sent;
	return 0;
}

static void make(const struct publication_settings *publications, size_t n)
{
	assert_int_equal(mqtt_publisher_new(&publisher, publications, n, facts, &counters,
					    sender, &counters),
			 0);
}

static int set_up(void **state)
{
	struct facts_view view = { .hostname = "host", .client_id = "node" };

	(void)state;
	memset(sent, 0, sizeof(sent));
	memset(&counters, 0, sizeof(counters));
	n_sent = 0;
	sender_result = 0;
	if (facts_new(&facts) < 0)
		return -1;
	facts_set(facts, &view);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	publisher = mqtt_publisher_free(publisher);
	facts = facts_free(facts);
	return 0;
}

static struct publication_settings hello = {
	.topic = (char[]){ "hello" },
	.text = (char[]){ "{seq}" },
	.interval_ms = 1000,
};
static struct publication_settings sure = {
	.topic = (char[]){ "sure" },
	.text = (char[]){ "{seq}" },
	.interval_ms = 10,
	.qos = 1,
	.retain = true,
};

static void expands_variables_and_numbers_messages(void **state)
{
	struct publication_settings publication = hello;

	(void)state;
	publication.text = (char[]){ "{hostname} {client_id} {seq} {uptime} {ip}" };
	publication.retain = true;
	make(&publication, 1);
	mqtt_publisher_turn(publisher, true, 5000 * MS);
	mqtt_publisher_turn(publisher, true, 6000 * MS);
	assert_int_equal(n_sent, 2);
	assert_string_equal(sent[0].topic, "hello");
	assert_string_equal(sent[0].payload, "host node 1 5 ");
	assert_string_equal(sent[1].payload, "host node 2 6 ");
	assert_int_equal(sent[0].qos, 0);
	assert_true(sent[0].retain);
	assert_int_equal(counters.published, 2);
}

static void beats_do_not_drift(void **state)
{
	uint64_t now = 77 * MS;

	(void)state;
	make(&hello, 1);
	for (unsigned int i = 0; i < 1000; i++) {
		mqtt_publisher_turn(publisher, true, now);
		assert_int_equal(n_sent, i + 1);
		assert_int_equal(mqtt_publisher_next_ns(publisher),
				 (77 + 1000 * (i + 1)) * MS);
		now = mqtt_publisher_next_ns(publisher) +
		      (i % 7) * MS; /* always a bit late */
	}
	assert_int_equal(counters.dropped_interval, 0);
}

static void too_early_is_nothing(void **state)
{
	(void)state;
	make(&hello, 1);
	mqtt_publisher_turn(publisher, true, 1000 * MS);
	mqtt_publisher_turn(publisher, true, 2000 * MS - 1);
	assert_int_equal(n_sent, 1);
	mqtt_publisher_turn(publisher, true, 2000 * MS);
	assert_int_equal(n_sent, 2);
}

static void missed_beats_are_skipped_and_counted(void **state)
{
	(void)state;
	make(&hello, 1);
	mqtt_publisher_turn(publisher, true, 0);
	mqtt_publisher_turn(publisher, true, 4300 * MS); /* due at 1, 2, 3 and 4 s */
	assert_int_equal(n_sent, 2);
	assert_string_equal(sent[1].payload, "2");
	assert_int_equal(counters.dropped_interval, 3);
	assert_int_equal(mqtt_publisher_next_ns(publisher), 5000 * MS);
}

static void qos_0_begins_with_the_first_session(void **state)
{
	(void)state;
	make(&hello, 1);
	mqtt_publisher_turn(publisher, false, 0);
	mqtt_publisher_turn(publisher, false, 9000 * MS);
	assert_int_equal(mqtt_publisher_next_ns(publisher), UINT64_MAX);
	assert_int_equal(counters.dropped_offline, 0);
	mqtt_publisher_turn(publisher, true, 9500 * MS);
	assert_int_equal(n_sent, 1);
	assert_string_equal(sent[0].payload, "1");
}

static void qos_0_without_a_session_is_dropped_and_its_number_spent(void **state)
{
	(void)state;
	make(&hello, 1);
	mqtt_publisher_turn(publisher, true, 0);
	for (unsigned int i = 1; i <= 5; i++)
		mqtt_publisher_turn(publisher, false, 1000 * i * MS);
	mqtt_publisher_turn(publisher, true, 6000 * MS);
	assert_int_equal(n_sent, 2);
	assert_string_equal(sent[1].payload, "7");
	assert_int_equal(counters.dropped_offline, 5);
	assert_int_equal(counters.published, 2);
}

static void qos_0_is_dropped_while_tcp_is_stalled(void **state)
{
	(void)state;
	make(&hello, 1);
	sender_result = -EAGAIN;
	mqtt_publisher_turn(publisher, true, 0);
	sender_result = -ENOTCONN;
	mqtt_publisher_turn(publisher, true, 1000 * MS);
	sender_result = 0;
	mqtt_publisher_turn(publisher, true, 2000 * MS);
	assert_int_equal(counters.dropped_stalled, 1);
	assert_int_equal(counters.dropped_offline, 1);
	assert_int_equal(n_sent, 1);
	assert_string_equal(sent[0].payload, "3");
}

static void qos_1_waits_for_a_session(void **state)
{
	(void)state;
	make(&sure, 1);
	for (unsigned int i = 0; i < 5; i++)
		mqtt_publisher_turn(publisher, false, 10 * i * MS);
	assert_int_equal(n_sent, 0);
	assert_int_equal(counters.backlog, 5);
	assert_int_equal(mqtt_publisher_undelivered(publisher), 5);
	mqtt_publisher_turn(publisher, true, 41 * MS);
	assert_int_equal(n_sent, 5);
	for (size_t i = 0; i < n_sent; i++) {
		assert_int_equal(sent[i].payload[0], '1' + (int)i);
		assert_int_equal(sent[i].qos, 1);
		assert_true(sent[i].retain);
	}
	assert_int_equal(counters.backlog, 0);
	assert_int_equal(counters.published, 0);
	assert_int_equal(mqtt_publisher_undelivered(publisher), 5);
	mqtt_publisher_acknowledged(publisher, 99); /* not ours */
	for (int id = 1; id <= 5; id++)
		mqtt_publisher_acknowledged(publisher, id);
	mqtt_publisher_acknowledged(publisher, 5); /* twice */
	assert_int_equal(counters.published, 5);
	assert_int_equal(mqtt_publisher_undelivered(publisher), 0);
}

static void a_full_backlog_loses_the_oldest(void **state)
{
	(void)state;
	make(&sure, 1);
	for (unsigned int i = 0; i < MQTT_BACKLOG_MAX + 30; i++)
		mqtt_publisher_turn(publisher, false, 10 * i * MS);
	assert_int_equal(counters.backlog, MQTT_BACKLOG_MAX);
	assert_int_equal(counters.dropped_queue, 30);
	mqtt_publisher_turn(publisher, true, 1);
	assert_string_equal(sent[0].payload, "31");
}

static void the_backlog_is_bounded_in_bytes(void **state)
{
	static char text[100001];
	struct publication_settings publication = sure;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	publication.text = text;
	make(&publication, 1);
	for (unsigned int i = 0; i < 50; i++)
		mqtt_publisher_turn(publisher, false, 10 * i * MS);
	assert_int_equal(counters.backlog, MQTT_BACKLOG_MAX_BYTES / 100000);
	assert_int_equal(counters.dropped_queue, 50 - MQTT_BACKLOG_MAX_BYTES / 100000);
}

static void at_most_so_many_are_unacknowledged(void **state)
{
	uint64_t now = 0;

	(void)state;
	make(&sure, 1);
	for (unsigned int i = 0; i < 100; i++, now += 10 * MS)
		mqtt_publisher_turn(publisher, true, now);
	assert_int_equal(n_sent, MQTT_INFLIGHT_MAX);
	assert_int_equal(counters.backlog, 100 - MQTT_INFLIGHT_MAX);
	for (int id = 1; id <= 3; id++)
		mqtt_publisher_acknowledged(publisher, id);
	mqtt_publisher_turn(publisher, true, now - 1);
	assert_int_equal(n_sent, MQTT_INFLIGHT_MAX + 3);
	/* order is kept */
	assert_string_equal(sent[n_sent - 1].payload, "23");
}

static void a_stalled_connection_keeps_the_backlog(void **state)
{
	(void)state;
	make(&sure, 1);
	sender_result = -EAGAIN;
	mqtt_publisher_turn(publisher, true, 0);
	mqtt_publisher_turn(publisher, true, 10 * MS);
	assert_int_equal(counters.backlog, 2);
	sender_result = 0;
	mqtt_publisher_turn(publisher, true, 11 * MS);
	assert_int_equal(n_sent, 2);
	assert_string_equal(sent[0].payload, "1");
}

static void what_the_library_refuses_is_dropped_and_blocks_nothing(void **state)
{
	(void)state;
	make(&sure, 1);
	sender_result = -EINVAL;
	mqtt_publisher_turn(publisher, true, 0);
	assert_int_equal(counters.backlog, 0);
	assert_int_equal(counters.dropped_queue, 1);
	sender_result = 0;
	mqtt_publisher_turn(publisher, true, 10 * MS);
	assert_int_equal(n_sent, 1);
	assert_string_equal(sent[0].payload, "2");
}

static void publications_keep_their_own_beat_and_number(void **state)
{
	struct publication_settings publications[2] = { hello, sure };
	unsigned int hellos = 0;

	(void)state;
	publications[1].interval_ms = 250;
	make(publications, 2);
	for (uint64_t now = 0; now < 2000 * MS; now = mqtt_publisher_next_ns(publisher))
		mqtt_publisher_turn(publisher, true, now);
	assert_int_equal(n_sent, 2 + 8);
	for (size_t i = 0; i < n_sent; i++)
		hellos += strcmp(sent[i].topic, "hello") == 0;
	assert_int_equal(hellos, 2);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		TEST(expands_variables_and_numbers_messages),
		TEST(beats_do_not_drift),
		TEST(too_early_is_nothing),
		TEST(missed_beats_are_skipped_and_counted),
		TEST(qos_0_begins_with_the_first_session),
		TEST(qos_0_without_a_session_is_dropped_and_its_number_spent),
		TEST(qos_0_is_dropped_while_tcp_is_stalled),
		TEST(qos_1_waits_for_a_session),
		TEST(a_full_backlog_loses_the_oldest),
		TEST(the_backlog_is_bounded_in_bytes),
		TEST(at_most_so_many_are_unacknowledged),
		TEST(a_stalled_connection_keeps_the_backlog),
		TEST(what_the_library_refuses_is_dropped_and_blocks_nothing),
		TEST(publications_keep_their_own_beat_and_number),
#undef TEST
	};

	return cmocka_run_group_tests_name("mqtt_publish", tests, NULL, NULL);
}
