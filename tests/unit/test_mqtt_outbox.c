// SPDX-License-Identifier: MIT
/* test_mqtt_outbox.c — a window, a rate, counted drops */
#include "../../src/app/mqtt_outbox.h"

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
static size_t n_sent, n_acknowledged;
static int sender_result;
static uint64_t now;

static struct mqtt_counters counters;
static const struct spool_settings spool_settings = {
	.messages = 5000,
	.bytes = 1024 * 1024,
	.rate = 100,
	.sync_ms = 5000,
};
static struct spool *spool;
static struct mqtt_outbox *outbox;

static bool saved; /* all topics that were noted */

void __wrap_spool_save_retained(struct spool *s);
void __real_spool_save_retained(struct spool *s);

void __wrap_spool_save_retained(struct spool *s)
{
	saved = true;
	__real_spool_save_retained(s);
}

static int sender(void *ctx, const struct mqtt_outgoing *message, int *id)
{
	struct sent *s = &sent[n_sent];

	assert_ptr_equal(ctx, &counters);
	assert_true(saved || !message->retain);
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
	n_sent = n_acknowledged = 0;
	sender_result = 0;
	saved = false;
	now = 1000 * MS;
	if (spool_new(&spool, &spool_settings, NULL, NULL) < 0)
		return -1;
	spool_open(spool);
	return mqtt_outbox_new(&outbox, spool, spool_settings.rate, &counters, sender,
			       &counters);
}

static int tear_down(void **state)
{
	(void)state;
	outbox = mqtt_outbox_free(outbox);
	spool = spool_free(spool);
	return 0;
}

/* Messages that the broker does not have yet. */
static uint64_t undelivered(void)
{
	struct spool_status status;

	spool_get_status(spool, &status);
	return status.messages;
}

/* Everything that was sent is acknowledged. */
static void acknowledge_all(void)
{
	while (n_acknowledged < n_sent)
		mqtt_outbox_acknowledged(outbox, (int)++n_acknowledged);
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
		.store = qos > 0,
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
	assert_int_equal(undelivered(), 0);
}

static void qos_1_waits_for_a_session(void **state)
{
	(void)state;
	for (unsigned int i = 1; i <= 5; i++)
		put_number(i);
	mqtt_outbox_turn(outbox, now);
	assert_int_equal(n_sent, 0);
	assert_int_equal(counters.backlog, 5);
	assert_int_equal(undelivered(), 5);
	mqtt_outbox_set_online(outbox, true);
	for (; n_sent < 5; now += 10 * MS)
		mqtt_outbox_turn(outbox, now);
	for (size_t i = 0; i < n_sent; i++) {
		assert_string_equal(sent[i].topic, "topic");
		assert_int_equal(sent[i].payload[0], '1' + (int)i);
		assert_int_equal(sent[i].qos, 1);
		assert_true(sent[i].retain);
	}
	assert_int_equal(counters.backlog, 0);
	assert_int_equal(counters.published, 0);
	assert_int_equal(undelivered(), 5);
	mqtt_outbox_acknowledged(outbox, 99); /* not ours */
	for (int id = 1; id <= 5; id++)
		mqtt_outbox_acknowledged(outbox, id);
	mqtt_outbox_acknowledged(outbox, 5); /* twice */
	assert_int_equal(counters.published, 5);
	assert_int_equal(undelivered(), 0);
}

static void what_has_waited_is_sent_at_a_limited_rate(void **state)
{
	const uint64_t begin = now;
	uint64_t end = now;

	(void)state;
	for (unsigned int i = 1; i <= 150; i++)
		put_number(i);
	mqtt_outbox_turn(outbox, now);
	mqtt_outbox_set_online(outbox, true);
	while (n_sent < 150) {
		uint64_t limit = 3 + (now - begin) / MS * spool_settings.rate / 1000;

		mqtt_outbox_turn(outbox, now);
		acknowledge_all();
		assert_true(n_sent <= limit);
		assert_true(n_sent + 3 >= limit || n_sent == 150);
		/* Bursts, not a wake-up for each. */
		assert_true(mqtt_outbox_next_ns(outbox) >= now + 9 * MS);
		end = now;
		now = mqtt_outbox_next_ns(outbox);
	}
	assert_true(end - begin > 1400 * MS && end - begin < 1600 * MS);
}

static void new_messages_do_not_make_the_queue_longer(void **state)
{
	(void)state;
	for (unsigned int i = 1; i <= 1000; i++)
		put_number(i);
	mqtt_outbox_turn(outbox, now);
	mqtt_outbox_set_online(outbox, true);
	/* 500 new ones a second, and 100 of the old. */
	for (unsigned int i = 0; i < 500 * 5; i++, now += 2 * MS) {
		put_number(i);
		mqtt_outbox_turn(outbox, now);
		acknowledge_all();
	}
	assert_in_range(counters.backlog, 480, 520);
	assert_string_equal(sent[999].payload, "1000");
	assert_string_equal(sent[1000].payload, "0");
}

static struct mqtt_outgoing retained_message(const char *topic, int qos)
{
	return (struct mqtt_outgoing){
		.topic = topic, .payload = "x", .len = 1, .qos = qos, .retain = true
	};
}

static void topics_of_retained_messages_are_noted(void **state)
{
	struct mqtt_outgoing message = retained_message("b", 1);

	(void)state;
	message.retain = false;
	mqtt_outbox_put(outbox, &message);
	assert_null(spool_retained(spool, 0));
	message.retain = true;
	mqtt_outbox_put(outbox, &message);
	message.topic = "empty";
	message.len = 0;
	mqtt_outbox_put(outbox, &message);
	message = retained_message("a", 1);
	mqtt_outbox_put(outbox, &message);
	message = retained_message("lost", 0); /* offline */
	mqtt_outbox_put(outbox, &message);
	assert_string_equal(spool_retained(spool, 0), "a");
	assert_string_equal(spool_retained(spool, 1), "b");
	assert_null(spool_retained(spool, 2));
}

static void topics_are_written_before_anything_retained_is_sent(void **state)
{
	static const char *const topics[] = { "c", "b", "a" };

	(void)state;
	mqtt_outbox_set_online(outbox, true);
	for (int qos = 0; qos < 3; qos++) {
		const struct mqtt_outgoing message = retained_message(topics[qos], qos);

		mqtt_outbox_announce(outbox, &message);
	}
	assert_string_equal(spool_retained(spool, 2), "c");
	for (int qos = 0; qos < 3; qos++) {
		const struct mqtt_outgoing message = retained_message(topics[qos], qos);

		mqtt_outbox_put(outbox, &message);
	}
	assert_int_equal(n_sent, 1);
	mqtt_outbox_turn(outbox, now);
	assert_int_equal(n_sent, 3);
}

static void expect_outlines(const char *first, const char *second)
{
	const char *const expected[] = { first, second };
	const char *topic, *text;
	size_t i = 0;

	for (; i < ARRAY_SIZE(expected) && expected[i]; i++) {
		assert_true(spool_outline(spool, i, &topic, &text));
		assert_string_equal(topic, "a");
		assert_string_equal(text, expected[i]);
	}
	assert_false(spool_outline(spool, i, &topic, &text));
}

static void an_outline_is_noted_before_and_settled_by_what_is_accepted(void **state)
{
	static const char *const outlines[] = { "one", "two", "three" };
	struct mqtt_outgoing message = retained_message("a", 1);

	(void)state;
	mqtt_outbox_set_online(outbox, true);
	message.outline = "one";
	mqtt_outbox_announce(outbox, &message);
	expect_outlines("one", NULL);
	for (size_t i = 0; i < ARRAY_SIZE(outlines); i++) {
		message.outline = outlines[i];
		mqtt_outbox_put(outbox, &message);
	}
	mqtt_outbox_turn(outbox, now);
	assert_int_equal(n_sent, 3);
	mqtt_outbox_acknowledged(outbox, 1);
	mqtt_outbox_acknowledged(outbox, 2);
	mqtt_outbox_not_taken(outbox, 3);
	mqtt_outbox_acknowledged(outbox, 3);
	expect_outlines("two", "three");
}

static void without_a_backlog_there_is_no_limit(void **state)
{
	(void)state;
	put_number(1);
	mqtt_outbox_turn(outbox, now);
	mqtt_outbox_set_online(outbox, true);
	mqtt_outbox_turn(outbox, now);
	acknowledge_all();
	mqtt_outbox_turn(outbox, now);
	for (unsigned int i = 0; i < 1000; i++) {
		put_number(i);
		mqtt_outbox_turn(outbox, now);
		acknowledge_all();
	}
	assert_int_equal(n_sent, 1001);
	assert_int_equal(counters.backlog, 0);
}

static void nobody_wakes_up_for_a_connection_that_takes_nothing(void **state)
{
	(void)state;
	for (unsigned int i = 1; i <= 100; i++)
		put_number(i);
	mqtt_outbox_turn(outbox, now);
	mqtt_outbox_set_online(outbox, true);
	sender_result = -EAGAIN;
	now += 100 * MS;
	mqtt_outbox_turn(outbox, now);
	assert_true(mqtt_outbox_next_ns(outbox) > now + 1000 * MS);
	/* The same while the window is full. */
	sender_result = 0;
	for (unsigned int i = 0; n_sent < MQTT_INFLIGHT_MAX; i++, now += 100 * MS) {
		assert_true(i < 100);
		mqtt_outbox_turn(outbox, now);
	}
	mqtt_outbox_turn(outbox, now);
	assert_true(mqtt_outbox_next_ns(outbox) > now + 1000 * MS);
}

static void at_most_so_many_are_unacknowledged(void **state)
{
	char next[16];

	(void)state;
	mqtt_outbox_set_online(outbox, true);
	for (unsigned int i = 1; i <= 100; i++) {
		put_number(i);
		mqtt_outbox_turn(outbox, now);
	}
	assert_int_equal(n_sent, MQTT_INFLIGHT_MAX);
	assert_int_equal(counters.backlog, 100 - MQTT_INFLIGHT_MAX);
	for (int id = 1; id <= 3; id++)
		mqtt_outbox_acknowledged(outbox, id);
	mqtt_outbox_turn(outbox, now);
	assert_int_equal(n_sent, MQTT_INFLIGHT_MAX + 3);
	/* order is kept */
	snprintf(next, sizeof(next), "%d", MQTT_INFLIGHT_MAX + 3);
	assert_string_equal(sent[n_sent - 1].payload, next);
}

static void and_no_more_beside_so_many_bytes(void **state)
{
	static char payload[MQTT_INFLIGHT_MAX_BYTES / 2];
	const struct mqtt_outgoing large = {
		.topic = "topic", .payload = payload, .len = sizeof(payload), .qos = 1
	};

	(void)state;
	mqtt_outbox_set_online(outbox, true);
	for (int i = 0; i < 3; i++)
		mqtt_outbox_put(outbox, &large);
	put_number(1);
	mqtt_outbox_turn(outbox, now);
	assert_int_equal(n_sent, 2);
	mqtt_outbox_acknowledged(outbox, 2);
	mqtt_outbox_turn(outbox, now);
	assert_int_equal(n_sent, 3);
	mqtt_outbox_acknowledged(outbox, 1);
	mqtt_outbox_turn(outbox, now);
	assert_int_equal(n_sent, 4);
	assert_string_equal(sent[3].payload, "1");
}

static void at_most_so_many_of_qos_2_are_unacknowledged(void **state)
{
	(void)state;
	mqtt_outbox_set_online(outbox, true);
	put(1, "first");
	for (int i = 0; i <= MQTT_INFLIGHT_MAX_QOS2; i++)
		put(2, "once");
	put(1, "last");
	mqtt_outbox_turn(outbox, now);
	/* "last" keeps its place, although there would be room for it. */
	assert_int_equal(n_sent, 1 + MQTT_INFLIGHT_MAX_QOS2);
	assert_int_equal(counters.backlog, 2);
	mqtt_outbox_acknowledged(outbox, 1);
	mqtt_outbox_turn(outbox, now);
	assert_int_equal(n_sent, 1 + MQTT_INFLIGHT_MAX_QOS2);
	/* Any of them, not only the oldest. */
	mqtt_outbox_acknowledged(outbox, 5);
	mqtt_outbox_turn(outbox, now);
	assert_int_equal(n_sent, 3 + MQTT_INFLIGHT_MAX_QOS2);
	assert_string_equal(sent[n_sent - 1].payload, "last");
}

static void a_stalled_connection_keeps_the_backlog(void **state)
{
	(void)state;
	mqtt_outbox_set_online(outbox, true);
	sender_result = -EAGAIN;
	put_number(1);
	put_number(2);
	mqtt_outbox_turn(outbox, now);
	assert_int_equal(counters.backlog, 2);
	sender_result = 0;
	mqtt_outbox_turn(outbox, now);
	assert_int_equal(n_sent, 2);
	assert_string_equal(sent[0].payload, "1");
}

static void what_the_library_refuses_is_dropped_and_blocks_nothing(void **state)
{
	(void)state;
	mqtt_outbox_set_online(outbox, true);
	sender_result = -EINVAL;
	put_number(1);
	mqtt_outbox_turn(outbox, now);
	assert_int_equal(counters.backlog, 0);
	assert_int_equal(undelivered(), 0);
	sender_result = 0;
	put_number(2);
	mqtt_outbox_turn(outbox, now);
	assert_int_equal(n_sent, 1);
	assert_string_equal(sent[0].payload, "2");
}

static void what_the_broker_does_not_take_is_counted(void **state)
{
	(void)state;
	mqtt_outbox_set_online(outbox, true);
	sender_result = -EMSGSIZE;
	put(0, "1");
	put_number(2);
	mqtt_outbox_turn(outbox, now);
	assert_int_equal(counters.dropped_unfit, 2);
	sender_result = -ENOTSUP;
	put_number(3);
	mqtt_outbox_turn(outbox, now);
	assert_int_equal(counters.dropped_unfit, 3);
	assert_int_equal(counters.dropped_offline, 0);
	assert_int_equal(undelivered(), 0);
}

static void without_memory_what_waits_is_tried_again_later(void **state)
{
	(void)state;
	mqtt_outbox_set_online(outbox, true);
	sender_result = -ENOMEM;
	put_number(1);
	put_number(2);
	mqtt_outbox_turn(outbox, now);
	assert_int_equal(counters.backlog, 2);
	assert_int_equal(mqtt_outbox_next_ns(outbox), now + 1000 * MS);
	sender_result = 0;
	now += 999 * MS;
	mqtt_outbox_turn(outbox, now);
	assert_int_equal(n_sent, 0);
	now += MS;
	mqtt_outbox_turn(outbox, now);
	assert_int_equal(n_sent, 2);
	assert_string_equal(sent[0].payload, "1");
	assert_true(mqtt_outbox_next_ns(outbox) > now + 1000 * MS);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		TEST(qos_0_is_sent_at_once_or_dropped_and_counted),
		TEST(qos_1_waits_for_a_session),
		TEST(what_has_waited_is_sent_at_a_limited_rate),
		TEST(new_messages_do_not_make_the_queue_longer),
		TEST(topics_of_retained_messages_are_noted),
		TEST(topics_are_written_before_anything_retained_is_sent),
		TEST(an_outline_is_noted_before_and_settled_by_what_is_accepted),
		TEST(without_a_backlog_there_is_no_limit),
		TEST(nobody_wakes_up_for_a_connection_that_takes_nothing),
		TEST(at_most_so_many_are_unacknowledged),
		TEST(and_no_more_beside_so_many_bytes),
		TEST(at_most_so_many_of_qos_2_are_unacknowledged),
		TEST(a_stalled_connection_keeps_the_backlog),
		TEST(what_the_library_refuses_is_dropped_and_blocks_nothing),
		TEST(what_the_broker_does_not_take_is_counted),
		TEST(without_memory_what_waits_is_tried_again_later),
#undef TEST
	};

	return cmocka_run_group_tests_name("mqtt_outbox", tests, NULL, NULL);
}
