// SPDX-License-Identifier: MIT
/* test_mqtt_publish.c — beats without drift, and what is composed */
#include "../../src/app/mqtt_publish.h"

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

static struct facts *facts;
static struct mqtt_counters counters;
static struct mqtt_outbox *outbox;
static struct mqtt_publisher *publisher;

static int sender(void *ctx, const struct mqtt_outgoing *message, int *id)
{
	struct sent *s = &sent[n_sent];

	assert_ptr_equal(ctx, &counters);
	assert_true(n_sent < ARRAY_SIZE(sent));
	snprintf(s->topic, sizeof(s->topic), "%s", message->topic);
	snprintf(s->payload, sizeof(s->payload), "%.*s", (int)message->len,
		 (const char *)message->payload);
	s->qos = message->qos;
	s->retain = message->retain;
	*id = (int)++n_sent;
	return 0;
}

static void make(const struct publication_settings *publications, size_t n)
{
	assert_int_equal(mqtt_outbox_new(&outbox, &counters, sender, &counters), 0);
	assert_int_equal(
		mqtt_publisher_new(&publisher, publications, n, facts, outbox, &counters),
		0);
}

/* A turn of the thread. */
static void turn(bool online, uint64_t now)
{
	mqtt_outbox_set_online(outbox, online);
	mqtt_publisher_turn(publisher, online, now);
	mqtt_outbox_turn(outbox);
}

static int set_up(void **state)
{
	struct facts_view view = { .hostname = "host", .client_id = "node" };

	(void)state;
	memset(sent, 0, sizeof(sent));
	memset(&counters, 0, sizeof(counters));
	n_sent = 0;
	if (facts_new(&facts) < 0)
		return -1;
	facts_set(facts, &view);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	publisher = mqtt_publisher_free(publisher);
	outbox = mqtt_outbox_free(outbox);
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
	turn(true, 5000 * MS);
	turn(true, 6000 * MS);
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
		turn(true, now);
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
	turn(true, 1000 * MS);
	turn(true, 2000 * MS - 1);
	assert_int_equal(n_sent, 1);
	turn(true, 2000 * MS);
	assert_int_equal(n_sent, 2);
}

static void missed_beats_are_skipped_and_counted(void **state)
{
	(void)state;
	make(&hello, 1);
	turn(true, 0);
	turn(true, 4300 * MS); /* due at 1, 2, 3 and 4 s */
	assert_int_equal(n_sent, 2);
	assert_string_equal(sent[1].payload, "2");
	assert_int_equal(counters.dropped_interval, 3);
	assert_int_equal(mqtt_publisher_next_ns(publisher), 5000 * MS);
}

static void qos_0_begins_with_the_first_session(void **state)
{
	(void)state;
	make(&hello, 1);
	turn(false, 0);
	turn(false, 9000 * MS);
	assert_int_equal(mqtt_publisher_next_ns(publisher), UINT64_MAX);
	assert_int_equal(counters.dropped_offline, 0);
	turn(true, 9500 * MS);
	assert_int_equal(n_sent, 1);
	assert_string_equal(sent[0].payload, "1");
}

static void qos_0_without_a_session_is_dropped_and_its_number_spent(void **state)
{
	(void)state;
	make(&hello, 1);
	turn(true, 0);
	for (unsigned int i = 1; i <= 5; i++)
		turn(false, 1000 * i * MS);
	turn(true, 6000 * MS);
	assert_int_equal(n_sent, 2);
	assert_string_equal(sent[1].payload, "7");
	assert_int_equal(counters.dropped_offline, 5);
	assert_int_equal(counters.published, 2);
}

static void qos_1_begins_at_once_with_all_that_it_says(void **state)
{
	(void)state;
	make(&sure, 1);
	for (unsigned int i = 0; i < 5; i++)
		turn(false, 10 * i * MS);
	assert_int_equal(n_sent, 0);
	turn(true, 41 * MS);
	assert_int_equal(n_sent, 5);
	assert_string_equal(sent[4].topic, "sure");
	assert_string_equal(sent[4].payload, "5");
	assert_int_equal(sent[4].qos, 1);
	assert_true(sent[4].retain);
}

static void publications_keep_their_own_beat_and_number(void **state)
{
	struct publication_settings publications[2] = { hello, sure };
	unsigned int hellos = 0;

	(void)state;
	publications[1].interval_ms = 250;
	make(publications, 2);
	for (uint64_t now = 0; now < 2000 * MS; now = mqtt_publisher_next_ns(publisher))
		turn(true, now);
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
		TEST(qos_1_begins_at_once_with_all_that_it_says),
		TEST(publications_keep_their_own_beat_and_number),
#undef TEST
	};

	return cmocka_run_group_tests_name("mqtt_publish", tests, NULL, NULL);
}
