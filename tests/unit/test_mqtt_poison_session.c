// SPDX-License-Identifier: MIT
/* test_mqtt_poison_session.c — sessions that the broker ends, and what is sent in them */
#include "unit.h"

#include "../../src/app/mqtt_poison.h"
#include "mqttnode/cleanup.h"
#include "mqttnode/clock.h"

#include "log_rig.h"
#include "mqtt_rig.h"

#define LARGE 5000 /* what the broker does not take */

static struct rig rig;
static struct broker *const broker = &rig.broker;

static int set_up(void **state)
{
	(void)state;
	rig_make(&rig);
	log_rig_watch("is dropped");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	rig_free(&rig);
	return 0;
}

static void put(const char *topic, size_t len, int qos)
{
	static const char payload[LARGE];
	const struct mqtt_outgoing message = {
		.topic = topic, .payload = payload, .len = len, .qos = qos
	};

	assert_int_equal(mqtt_publish(rig.mqtt, &message), 0);
}

static void accept_session(void)
{
	broker_accept(broker);
	broker_expect(broker, PACKET_CONNECT);
	broker_connack(broker, 0);
}

static void expect_failed(const char *text)
{
	rig_expect_rung(&rig, RUNG_CONNACK, RUNG_STATE_FAILED, "%s", text);
}

#define TAKEN_OVER "The broker closed the connection: is the client id used twice?"
#define SUSPECTED                                                                        \
	"The broker ends the connection before it acknowledges a message: is one "       \
	"larger than it takes?"
#define TRIED                                                                            \
	"The broker ends the connection before it acknowledges a message: all are "      \
	"sent one by one now"
#define PROVEN                                                                           \
	"The broker ends the connection at a message that it does not take: it is "      \
	"dropped"

/* What the broker does with what comes next on "large": it ends the session. */
static void end_at_large(void)
{
	struct packet *p = broker_expect(broker, PACKET_PUBLISH);

	assert_string_equal(p->topic, "large");
	broker_reset(broker);
}

/* The next message is for @topic, and is acknowledged. */
static void take(const char *topic)
{
	struct packet *p = broker_expect(broker, PACKET_PUBLISH);

	assert_string_equal(p->topic, topic);
	if (p->qos > 0)
		broker_puback(broker, p->id);
}

/* Sessions that end at "large" until it is on trial. */
static void suspect(void)
{
	for (int i = 1; i < MQTT_POISON_SUSPICIONS; i++) {
		end_at_large();
		accept_session();
	}
	end_at_large();
}

static void the_cause_is_dropped_named_and_counted(void **state)
{
	(void)state;
	rig.settings.status = true;
	rig_online(&rig);
	take("base/status");
	put("small", 1, 1);
	take("small");
	rig_expect_counter(&rig, published, 1);
	put("large", LARGE, 1);
	put("small", 2, 1);
	end_at_large();
	/* The library sends again what was under way, and then we say "online". */
	for (int i = 1; i < MQTT_POISON_SUSPICIONS; i++) {
		accept_session();
		end_at_large();
	}
	for (int i = 0; i < MQTT_POISON_TRIALS; i++) {
		accept_session();
		assert_string_equal(broker_expect(broker, PACKET_PUBLISH)->topic,
				    "base/status");
		end_at_large();
	}
	accept_session();
	take("base/status");
	take("small");
	rig_expect_counter(&rig, dropped_unfit, 1);
	rig_expect_counter(&rig, published, 2);
	/* The next is known, whatever its QoS. */
	put("large", LARGE, 2);
	put("large", LARGE, 0);
	put("large", LARGE - 1, 1);
	assert_int_equal(broker_expect(broker, PACKET_PUBLISH)->payload_len, LARGE - 1);
	rig_expect_counter(&rig, dropped_unfit, 3);
	mqtt_stop(rig.mqtt, 100);
	assert_true(rig_ends_within(&rig, 20000));
	assert_string_equal(
		log_rig_last(),
		"A message of 5000 bytes on large is dropped: the broker ended the "
		"connection each time when one of 5000 bytes was sent there. Is its "
		"max_packet_size lower? With protocol = \"5\" it would say so");
}

static void a_message_on_trial_that_is_taken_is_not_dropped(void **state)
{
	(void)state;
	rig_online(&rig);
	put("large", LARGE, 1);
	put("small", 1, 1);
	suspect();
	accept_session();
	end_at_large();
	accept_session();
	take("large");
	take("small");
	rig_expect_counter(&rig, published, 2);
	assert_int_equal(rig_counter(&rig, offsetof(struct mqtt_counters, dropped_unfit)),
			 0);
}

static void on_trial_it_is_sent_alone_and_not_at_once(void **state)
{
	uint64_t began;

	(void)state;
	rig.timing.calm_ms = 300;
	rig_online(&rig);
	put("large", LARGE, 1);
	put("small", 1, 1);
	suspect();
	began = clock_now_ns(&clock_system);
	accept_session();
	assert_string_equal(broker_expect(broker, PACKET_PUBLISH)->topic, "large");
	assert_true(clock_now_ns(&clock_system) - began >= 300 * NSEC_PER_MSEC);
	assert_true(broker_is_quiet(broker, 50));
}

static void what_ends_sessions_without_it_acquits_it(void **state)
{
	(void)state;
	rig.timing.calm_ms = 20000;
	rig_online(&rig);
	put("large", LARGE, 1);
	suspect();
	accept_session();
	rig_expect_counter(&rig, connects, MQTT_POISON_SUSPICIONS + 1);
	broker_hang_up(broker);
	/* It is as at the beginning: nothing waits for the end of the calm. */
	accept_session();
	take("large");
	rig_expect_counter(&rig, published, 1);
}

/* --- what is said meanwhile -------------------------------------------------- */

static void the_ladder_says_what_is_known_and_done(void **state)
{
	(void)state;
	rig_online(&rig);
	put("large", LARGE, 1);
	end_at_large();
	rig_expect_counter(&rig, disconnects, 1);
	for (int i = 1; i < MQTT_POISON_SUSPICIONS; i++) {
		accept_session();
		end_at_large();
		expect_failed(i < MQTT_POISON_SUSPICIONS - 1 ? SUSPECTED : TRIED);
	}
	for (int i = 0; i < MQTT_POISON_TRIALS; i++) {
		accept_session();
		end_at_large();
		expect_failed(i < MQTT_POISON_TRIALS - 1 ? TRIED : PROVEN);
	}
	assert_int_equal(rig_counter(&rig, offsetof(struct mqtt_counters, taken_over)),
			 0);
}

static void another_client_with_our_id_is_named_whatever_is_under_way(void **state)
{
	(void)state;
	rig_online(&rig);
	for (uint64_t i = 1; i <= 2 * MQTT_POISON_SUSPICIONS; i++) {
		/* The last one is sent again, and acknowledged; then comes another. */
		if (i > 1)
			take("t");
		rig_expect_counter(&rig, published, i - 1);
		put("t", (size_t)i, 1);
		assert_string_equal(broker_expect(broker, PACKET_PUBLISH)->topic, "t");
		broker_hang_up(broker);
		expect_failed(TAKEN_OVER);
		rig_expect_counter(&rig, taken_over, i);
		accept_session();
	}
}

static void also_if_it_comes_before_anything_is_acknowledged(void **state)
{
	(void)state;
	rig.timing.calm_ms = 20000;
	rig_online(&rig);
	put("t", 1, 1);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < MQTT_POISON_SUSPICIONS; i++) {
			assert_string_equal(broker_expect(broker, PACKET_PUBLISH)->topic,
					    "t");
			broker_hang_up(broker);
			if (round > 0)
				expect_failed(TAKEN_OVER);
			accept_session();
		}
		/* The calm of a trial, in which nothing was sent. */
		rig_expect_rung(&rig, RUNG_CONNACK, RUNG_STATE_OK, "broker 127.0.0.1:%u",
				broker->port);
		broker_hang_up(broker);
		expect_failed(TAKEN_OVER);
		accept_session();
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		TEST(the_cause_is_dropped_named_and_counted),
		TEST(a_message_on_trial_that_is_taken_is_not_dropped),
		TEST(on_trial_it_is_sent_alone_and_not_at_once),
		TEST(what_ends_sessions_without_it_acquits_it),
		TEST(the_ladder_says_what_is_known_and_done),
		TEST(another_client_with_our_id_is_named_whatever_is_under_way),
		TEST(also_if_it_comes_before_anything_is_acknowledged),
#undef TEST
	};

	return cmocka_run_group_tests_name("mqtt_poison_session", tests, NULL, NULL);
}
