// SPDX-License-Identifier: MIT
/* test_mqtt_handover.c — messages from any thread: in order, bounded, counted */
#include "../../src/app/mqtt_handover.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

static struct mqtt_handover *handover;

static int set_up(void **state)
{
	(void)state;
	return mqtt_handover_new(&handover);
}

static int tear_down(void **state)
{
	(void)state;
	handover = mqtt_handover_free(handover);
	return 0;
}

static bool readable(void)
{
	struct pollfd p = { .fd = mqtt_handover_fd(handover), .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

static int push(const char *topic, const void *payload, size_t len)
{
	return mqtt_handover_push(handover, &(struct mqtt_outgoing){ .topic = topic,
								     .payload = payload,
								     .len = len });
}

static void a_message_is_a_copy(void **state)
{
	char topic[] = "a/b", payload[] = "x\0y", outline[] = "short";
	struct mqtt_outgoing message = { .topic = topic,
					 .payload = payload,
					 .len = 3,
					 .qos = 2,
					 .retain = true,
					 .outline = outline };
	struct mqtt_handed *handed;

	(void)state;
	assert_int_equal(mqtt_handover_push(handover, &message), 0);
	memset(topic, 0, sizeof(topic));
	memset(payload, 0, sizeof(payload));
	memset(outline, 0, sizeof(outline));
	handed = mqtt_handover_pop(handover);
	assert_string_equal(handed->message.topic, "a/b");
	assert_int_equal(handed->message.len, 3);
	assert_memory_equal(handed->message.payload, "x\0y", 3);
	assert_int_equal(handed->message.qos, 2);
	assert_true(handed->message.retain);
	assert_string_equal(handed->message.outline, "short");
	free(handed);
	assert_int_equal(push("t", NULL, 0), 0);
	handed = mqtt_handover_pop(handover);
	assert_null(handed->message.outline);
	assert_int_equal(handed->message.len, 0);
	free(handed);
}

static void first_in_first_out(void **state)
{
	struct mqtt_handed *handed;

	(void)state;
	assert_false(readable());
	assert_int_equal(push("one", "1", 1), 0);
	assert_int_equal(push("two", "2", 1), 0);
	assert_true(readable());
	handed = mqtt_handover_pop(handover);
	assert_string_equal(handed->message.topic, "one");
	free(handed);
	assert_true(readable());
	handed = mqtt_handover_pop(handover);
	assert_string_equal(handed->message.topic, "two");
	free(handed);
	assert_null(mqtt_handover_pop(handover));
	assert_false(readable());
	assert_int_equal(mqtt_handover_dropped(handover), 0);
}

static void it_is_bounded_in_messages(void **state)
{
	(void)state;
	for (int i = 0; i < MQTT_HANDOVER_MAX; i++)
		assert_int_equal(push("t", "x", 1), 0);
	assert_int_equal(push("t", "x", 1), -ENOBUFS);
	assert_int_equal(mqtt_handover_dropped(handover), 1);
	free(mqtt_handover_pop(handover));
	assert_int_equal(push("t", "x", 1), 0);
	assert_int_equal(mqtt_handover_dropped(handover), 1);
}

static void what_is_tried_again_is_counted_once_and_room_is_told_once(void **state)
{
	struct mqtt_outgoing message = { .topic = "t" };

	(void)state;
	for (int i = 0; i < MQTT_HANDOVER_MAX; i++)
		assert_int_equal(push("t", "x", 1), 0);
	assert_false(mqtt_handover_made_room(handover));
	for (int i = 0; i < 3; i++) {
		assert_int_equal(mqtt_handover_push(handover, &message), -ENOBUFS);
		message.again = true;
	}
	assert_int_equal(mqtt_handover_dropped(handover), 1);
	free(mqtt_handover_pop(handover));
	assert_true(mqtt_handover_made_room(handover));
	assert_false(mqtt_handover_made_room(handover));
	assert_int_equal(mqtt_handover_push(handover, &message), 0);
	assert_int_equal(mqtt_handover_dropped(handover), 1);
	assert_false(mqtt_handover_made_room(handover));
}

static void it_is_bounded_in_bytes_but_takes_one_of_any_size(void **state)
{
	static char big[MQTT_HANDOVER_MAX_BYTES + 1];

	(void)state;
	assert_int_equal(push("t", big, sizeof(big)), 0);
	assert_int_equal(push("t", "x", 1), -ENOBUFS);
	free(mqtt_handover_pop(handover));
	assert_int_equal(push("t", big, MQTT_HANDOVER_MAX_BYTES - 1), 0);
	assert_int_equal(push("t", "x", 1), 0);
	assert_int_equal(push("t", "x", 1), -ENOBUFS);
}

#define EACH 20000

static void *push_many(void *arg)
{
	const char *topic = arg;

	for (int i = 0; i < EACH; i++)
		while (push(topic, &i, sizeof(i)) < 0)
			(void)sched_yield();
	return NULL;
}

static void threads_lose_nothing(void **state)
{
	static char names[2][2] = { "a", "b" };
	int next[2] = { 0, 0 };
	pthread_t threads[2];

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, push_many, names[i]),
				 0);
	while (next[0] < EACH || next[1] < EACH) {
		struct pollfd p = { .fd = mqtt_handover_fd(handover), .events = POLLIN };
		struct mqtt_handed *handed;

		assert_int_equal(poll(&p, 1, 30000), 1);
		while ((handed = mqtt_handover_pop(handover))) {
			int *expected = &next[handed->message.topic[0] - 'a'], number;

			memcpy(&number, handed->message.payload, sizeof(number));
			assert_int_equal(number, *expected);
			++*expected;
			free(handed);
		}
	}
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		TEST(a_message_is_a_copy),
		TEST(first_in_first_out),
		TEST(it_is_bounded_in_messages),
		TEST(what_is_tried_again_is_counted_once_and_room_is_told_once),
		TEST(it_is_bounded_in_bytes_but_takes_one_of_any_size),
		TEST(threads_lose_nothing),
#undef TEST
	};

	return cmocka_run_group_tests_name("mqtt_handover", tests, NULL, NULL);
}
