// SPDX-License-Identifier: MIT
/* test_mqtt_receive.c — messages reach journal and main, bounded and never raw */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "unit.h"

#include "mqtt_rig.h"
#include "mqttnode/log.h"

static struct rig rig;
static struct broker *const broker = &rig.broker;

static struct subscription_settings subscriptions[2];

static int set_up(void **state)
{
	(void)state;
	rig_make(&rig);
	memset(subscriptions, 0, sizeof(subscriptions));
	rig.settings.subscribe = subscriptions;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	rig_free(&rig);
	return 0;
}

static void subscribe(const char *filter, unsigned int actions, size_t max_size)
{
	struct subscription_settings *s = &subscriptions[rig.settings.n_subscribe++];
	static char filters[2][32];
	size_t i = rig.settings.n_subscribe - 1;

	snprintf(filters[i], sizeof(filters[i]), "%s", filter);
	s->topic = filters[i];
	s->actions = actions;
	s->max_size = max_size;
}

static struct mqtt_message *expect_message(void)
{
	struct pollfd p = { .fd = queue_fd(rig.inbox), .events = POLLIN };

	assert_int_equal(poll(&p, 1, 20000), 1);
	return queue_pop(rig.inbox);
}

static void messages_for_the_screen_reach_main(void **state)
{
	static const char payload[] = "a\0b\xff\033[31m";
	struct mqtt_message *m;

	(void)state;
	subscribe("in/+", SUBSCRIPTION_OLED, 100);
	rig_online(&rig);
	broker_expect(broker, PACKET_SUBSCRIBE);
	broker_publish(broker, "in/1", payload, sizeof(payload) - 1, 0, true);
	m = expect_message();
	assert_string_equal(m->topic, "in/1");
	assert_int_equal(m->len, sizeof(payload) - 1);
	assert_memory_equal(m->payload, payload, sizeof(payload)); /* and a zero byte */
	assert_true(m->retain);
	assert_int_equal(m->qos, 0);
	assert_int_equal(m->actions, SUBSCRIPTION_OLED);
	mqtt_message_free(m);

	broker_publish(broker, "in/2", "", 0, 0, false);
	m = expect_message();
	assert_string_equal(m->topic, "in/2");
	assert_int_equal(m->len, 0);
	assert_int_equal(m->payload[0], '\0');
	assert_false(m->retain);
	mqtt_message_free(m);
}

static void nobody_is_woken_for_a_screen_that_is_not_there(void **state)
{
	(void)state;
	subscribe("in", SUBSCRIPTION_OLED, 100);
	rig.inbox = queue_free(rig.inbox);
	rig_online(&rig);
	broker_expect(broker, PACKET_SUBSCRIBE);
	broker_publish(broker, "in", "x", 1, 1, false);
	assert_int_equal(broker_expect(broker, PACKET_PUBACK)->id, 4711);
	rig_expect_counter(&rig, received, 1);
	assert_int_equal(
		rig_counter(&rig, offsetof(struct mqtt_counters, received_queue_full)),
		0);
}

static void qos_1_messages_are_acknowledged(void **state)
{
	(void)state;
	subscribe("in", SUBSCRIPTION_OLED, 100);
	rig_online(&rig);
	broker_expect(broker, PACKET_SUBSCRIBE);
	broker_publish(broker, "in", "x", 1, 1, false);
	assert_int_equal(broker_expect(broker, PACKET_PUBACK)->id, 4711);
	mqtt_message_free(expect_message());
}

static void a_message_of_5_mb_is_ignored_and_counted(void **state)
{
	size_t size = 5 * 1024 * 1024;
	char *big = calloc(1, size);
	struct mqtt_message *m;

	(void)state;
	assert_non_null(big);
	subscribe("in", SUBSCRIPTION_OLED | SUBSCRIPTION_JOURNAL, 65536);
	rig_online(&rig);
	broker_expect(broker, PACKET_SUBSCRIBE);
	broker_publish(broker, "in", big, size, 0, false);
	broker_publish(broker, "in", big, 65537, 0, false);
	broker_publish(broker, "in", big, 65536, 0, false);
	free(big);
	m = expect_message();
	assert_int_equal(m->len, 65536);
	mqtt_message_free(m);
	rig_expect_counter(&rig, received, 3);
	assert_int_equal(
		rig_counter(&rig, offsetof(struct mqtt_counters, received_oversize)), 2);
}

static void overlapping_filters_join_their_actions_within_their_sizes(void **state)
{
	struct mqtt_message *m;

	(void)state;
	subscribe("in/#", SUBSCRIPTION_OLED, 100);
	subscribe("in/+", SUBSCRIPTION_OLED | SUBSCRIPTION_JOURNAL, 3);
	rig_online(&rig);
	broker_expect(broker, PACKET_SUBSCRIBE);
	broker_publish(broker, "in/1", "abc", 3, 0, false);
	m = expect_message();
	assert_int_equal(m->actions, SUBSCRIPTION_OLED | SUBSCRIPTION_JOURNAL);
	mqtt_message_free(m);
	broker_publish(broker, "in/1", "abcd", 4, 0, false);
	m = expect_message();
	assert_int_equal(m->actions, SUBSCRIPTION_OLED);
	mqtt_message_free(m);
	/* One of the two did not see it. */
	rig_expect_counter(&rig, received_oversize, 1);
	rig_expect_counter(&rig, received, 2);
}

static void what_acts_gets_one_copy_a_subscription(void **state)
{
	struct queue *orders = NULL;
	struct mqtt_message *m;

	(void)state;
	assert_int_equal(queue_new(&orders, 4, mqtt_message_free), 0);
	rig.orders = orders;
	subscribe("in/#", SUBSCRIPTION_GPIO, 100);
	subscribe("in/1", SUBSCRIPTION_FILE | SUBSCRIPTION_OLED, 100);
	rig_online(&rig);
	broker_expect(broker, PACKET_SUBSCRIBE);
	broker_publish(broker, "in/1", "on", 2, 0, true);
	m = expect_message();
	assert_int_equal(m->actions, SUBSCRIPTION_OLED);
	mqtt_message_free(m);
	for (size_t i = 0; i < 2; i++) {
		m = queue_pop(orders);
		assert_non_null(m);
		assert_int_equal(m->subscription, i);
		assert_string_equal((const char *)m->payload, "on");
		assert_true(m->retain);
		mqtt_message_free(m);
	}
	assert_null(queue_pop(orders));
}

static void a_shared_subscription_matches_by_its_end(void **state)
{
	struct mqtt_message *m;

	(void)state;
	subscribe("$share/group/in/+", SUBSCRIPTION_OLED, 100);
	rig_online(&rig);
	broker_expect(broker, PACKET_SUBSCRIBE);
	broker_publish(broker, "in/1", "x", 1, 0, false);
	m = expect_message();
	assert_string_equal(m->topic, "in/1");
	mqtt_message_free(m);
}

static void topics_that_nobody_subscribed_to_are_counted(void **state)
{
	(void)state;
	subscribe("in", SUBSCRIPTION_OLED, 100);
	rig_online(&rig);
	broker_expect(broker, PACKET_SUBSCRIBE);
	broker_publish(broker, "other", "x", 1, 0, false);
	rig_expect_counter(&rig, received_unexpected, 1);
	assert_int_equal(queue_length(rig.inbox), 0);
}

static void a_full_inbox_drops_and_counts(void **state)
{
	(void)state;
	subscribe("in", SUBSCRIPTION_OLED, 100);
	rig_online(&rig);
	broker_expect(broker, PACKET_SUBSCRIBE);
	for (int i = 0; i < 10; i++)
		broker_publish(broker, "in", "x", 1, 0, false);
	rig_expect_counter(&rig, received, 10);
	rig_expect_counter(&rig, received_queue_full, 6);
	assert_int_equal(queue_length(rig.inbox), 4);
}

static void the_journal_shows_messages_escaped_and_cut(void **state)
{
	static const char attack[] = "x\nMESSAGE=forged\033[2J\xff\0y";
	static char shown[8192];
	int saved, file;
	char longer[1000];

	(void)state;
	memset(longer, 'z', sizeof(longer));
	rig.settings.fallback_charset = CHARSET_GB18030;
	subscribe("#", SUBSCRIPTION_JOURNAL, 65536);
	file = memfd_create("stderr", MFD_CLOEXEC);
	saved = dup(STDERR_FILENO);
	assert_true(file >= 0 && saved >= 0);
	log_setup(LOG_TARGET_STDERR, LOG_INFO);
	assert_int_equal(dup2(file, STDERR_FILENO), STDERR_FILENO);
	rig_online(&rig);
	broker_expect(broker, PACKET_SUBSCRIBE);
	broker_publish(broker, "in/attack", attack, sizeof(attack) - 1, 0, false);
	broker_publish(broker, "in/long", longer, sizeof(longer), 0, false);
	broker_publish(broker, "in/empty", "", 0, 0, false);
	broker_publish(broker, "in/gbk", "\xce\xc2\xb6\xc8 25", 7, 0, false);
	rig_expect_counter(&rig, received, 4);
	assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	assert_true(pread(file, shown, sizeof(shown) - 1, 0) > 0);
	close(file);
	close(saved);
	assert_non_null(strstr(shown, " Message on in/attack: "
				      "x\\nMESSAGE=forged\\x1b[2J\\xff\\x00y\n"));
	assert_non_null(strstr(shown, " Message on in/long: zzz"));
	assert_non_null(strstr(shown, "zzz\xe2\x80\xa6\n"));
	assert_non_null(strstr(shown, " Message on in/empty: \n"));
	assert_non_null(strstr(shown, " Message on in/gbk: 温度 25\n"));
	assert_null(strchr(shown, '\033'));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		TEST(messages_for_the_screen_reach_main),
		TEST(nobody_is_woken_for_a_screen_that_is_not_there),
		TEST(qos_1_messages_are_acknowledged),
		TEST(a_message_of_5_mb_is_ignored_and_counted),
		TEST(overlapping_filters_join_their_actions_within_their_sizes),
		TEST(what_acts_gets_one_copy_a_subscription),
		TEST(a_shared_subscription_matches_by_its_end),
		TEST(topics_that_nobody_subscribed_to_are_counted),
		TEST(a_full_inbox_drops_and_counts),
		TEST(the_journal_shows_messages_escaped_and_cut),
#undef TEST
	};

	return cmocka_run_group_tests_name("mqtt_receive", tests, NULL, NULL);
}
