// SPDX-License-Identifier: MIT
/* test_mqtt_poison.c — who is to blame for the end of a session */
#include "../../src/app/mqtt_poison.h"

#include <string.h>

#include "unit.h"

#define S      UINT64_C(1000000000)
#define CALM   S
#define POISON 7 /* its number */

static struct mqtt_poison p;
static uint64_t now;

static const struct mqtt_outgoing large = { .topic = "large", .len = 20000, .qos = 1 };

static int set_up(void **state)
{
	(void)state;
	now = 1000 * S;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	mqtt_poison_fini(&p);
	return 0;
}

static void begin(void)
{
	now += 10 * S;
	mqtt_poison_begin(&p, now + CALM);
}

/* A session that the broker ends with @oldest as the first under way. */
static bool session(uint64_t oldest)
{
	begin();
	if (oldest)
		mqtt_poison_sent(&p, &large, now);
	return mqtt_poison_ended(&p, true, oldest, now);
}

static void begin_trial(void)
{
	for (int i = 1; i < MQTT_POISON_SUSPICIONS; i++)
		assert_false(session(POISON));
	assert_true(session(POISON));
	assert_int_equal(p.phase, MQTT_POISON_TRIAL);
}

/* Sends @message when it is allowed. */
static void try(const struct mqtt_outgoing *message)
{
	begin();
	assert_true(mqtt_poison_holds(&p, now));
	assert_int_equal(mqtt_poison_next_ns(&p, now), now + CALM);
	now += CALM;
	assert_false(mqtt_poison_holds(&p, now));
	assert_true(mqtt_poison_next_ns(&p, now) == UINT64_MAX);
	mqtt_poison_sent(&p, message, now);
	assert_true(mqtt_poison_holds(&p, now)); /* alone */
	assert_int_equal(mqtt_poison_next_ns(&p, now), now + MQTT_POISON_SOON_NS);
}

/* All trials but the last. */
static void begin_last_trial(void)
{
	begin_trial();
	for (int i = 1; i < MQTT_POISON_TRIALS; i++) {
		try(&large);
		assert_true(mqtt_poison_ended(&p, true, POISON, now));
		assert_null(mqtt_poison_find(&p, &large, now));
	}
}

static void expect_clear(void)
{
	assert_int_equal(p.phase, MQTT_POISON_CLEAR);
	assert_false(mqtt_poison_holds(&p, now));
	assert_null(mqtt_poison_find(&p, &large, now));
	begin_trial(); /* from the beginning */
}

static void prove(const char *topic, size_t len)
{
	const struct mqtt_outgoing message = { .topic = topic, .len = len, .qos = 1 };

	begin_trial();
	for (int i = 0; i < MQTT_POISON_TRIALS; i++) {
		try(&message);
		assert_true(mqtt_poison_ended(&p, true, POISON, now));
	}
	assert_int_equal(p.phase, MQTT_POISON_CLEAR);
}

static bool is_known(const char *topic, size_t len, int qos)
{
	const struct mqtt_outgoing message = { .topic = topic, .len = len, .qos = qos };

	return mqtt_poison_find(&p, &message, now);
}

static void a_broker_that_does_not_acknowledge_holds_nothing_up(void **state)
{
	const struct mqtt_outgoing other = { .topic = "other", .len = 1, .qos = 1 };

	(void)state;
	begin_last_trial();
	try(&large);
	now += MQTT_POISON_SOON_NS;
	assert_false(mqtt_poison_holds(&p, now));
	assert_true(mqtt_poison_next_ns(&p, now) == UINT64_MAX);
	mqtt_poison_sent(&p, &other, now);
	assert_false(mqtt_poison_holds(&p, now));
	assert_false(mqtt_poison_ended(&p, true, POISON, now));
	assert_null(mqtt_poison_find(&p, &large, now));
	assert_null(mqtt_poison_find(&p, &other, now));
	assert_int_equal(p.phase, MQTT_POISON_SUSPICION);
}

static void without_suspicion_nothing_waits(void **state)
{
	(void)state;
	begin();
	assert_false(mqtt_poison_holds(&p, now));
	assert_true(mqtt_poison_next_ns(&p, now) == UINT64_MAX);
	mqtt_poison_sent(&p, &large, now);
	assert_false(mqtt_poison_holds(&p, now));
	for (int i = 1; i < MQTT_POISON_SUSPICIONS; i++)
		assert_false(session(POISON));
	begin();
	assert_false(mqtt_poison_holds(&p, now));
}

static void an_acknowledgement_ends_the_suspicion(void **state)
{
	(void)state;
	for (int i = 1; i < MQTT_POISON_SUSPICIONS; i++)
		assert_false(session(POISON));
	mqtt_poison_acknowledged(&p);
	expect_clear();
}

static void sessions_with_other_messages_are_no_row(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 10; i++)
		assert_false(session(POISON + i % 2));
	mqtt_poison_acknowledged(&p);
	expect_clear();
}

static void a_session_without_messages_that_ends_makes_it_clear(void **state)
{
	(void)state;
	for (int i = 1; i < MQTT_POISON_SUSPICIONS; i++)
		assert_false(session(POISON));
	assert_false(session(0));
	expect_clear();
	for (int i = 0; i < 10; i++) {
		mqtt_poison_acknowledged(&p);
		assert_false(session(0));
	}
}

static void what_the_network_ends_does_not_count(void **state)
{
	(void)state;
	for (int i = 1; i < MQTT_POISON_SUSPICIONS; i++)
		assert_false(session(POISON));
	for (int i = 0; i < 10; i++)
		assert_false(mqtt_poison_ended(&p, false, POISON, now));
	assert_int_equal(p.phase, MQTT_POISON_SUSPICION);
	assert_true(session(POISON));
}

static void what_is_proven_is_known(void **state)
{
	(void)state;
	begin_last_trial();
	try(&large);
	assert_true(mqtt_poison_ended(&p, true, POISON, now));
	assert_int_equal(p.phase, MQTT_POISON_CLEAR);
	assert_false(mqtt_poison_holds(&p, now));
	assert_int_equal(mqtt_poison_find(&p, &large, now)->len, large.len);
}

static void an_acknowledgement_ends_the_trial(void **state)
{
	(void)state;
	begin_last_trial();
	try(&large);
	mqtt_poison_acknowledged(&p);
	assert_false(mqtt_poison_ended(&p, true, 0, now));
	expect_clear();
}

static void a_session_that_ends_without_the_message_acquits_it(void **state)
{
	(void)state;
	begin_last_trial();
	begin();
	assert_false(mqtt_poison_ended(&p, true, 0, now));
	expect_clear();
}

static void so_does_one_that_the_network_ends(void **state)
{
	(void)state;
	begin_last_trial();
	try(&large);
	assert_false(mqtt_poison_ended(&p, false, POISON, now));
	expect_clear();
}

static void so_does_one_too_short_to_be_followed(void **state)
{
	(void)state;
	begin_last_trial();
	assert_false(mqtt_poison_ended(&p, true, POISON, now));
	expect_clear();
}

static void so_does_one_that_ends_late(void **state)
{
	(void)state;
	begin_last_trial();
	try(&large);
	now += MQTT_POISON_SOON_NS + 1;
	assert_false(mqtt_poison_ended(&p, true, POISON, now));
	expect_clear();
}

static void so_does_one_with_another_message_as_large(void **state)
{
	struct mqtt_outgoing other = large;

	(void)state;
	other.qos = 0;
	begin_last_trial();
	try(&large);
	mqtt_poison_sent(&p, &other, now);
	assert_false(mqtt_poison_ended(&p, true, POISON, now));
	expect_clear();
}

static void smaller_ones_beside_it_do_not(void **state)
{
	struct mqtt_outgoing other = large;

	(void)state;
	other.qos = 0;
	other.len--;
	begin_last_trial();
	try(&large);
	mqtt_poison_sent(&p, &other, now);
	now += MQTT_POISON_SOON_NS;
	assert_true(mqtt_poison_ended(&p, true, POISON, now));
	assert_non_null(mqtt_poison_find(&p, &large, now));
}

static void another_message_has_a_suspicion_of_its_own(void **state)
{
	(void)state;
	/* The one on trial became too old, and the next was sent. */
	begin_last_trial();
	try(&large);
	assert_false(mqtt_poison_ended(&p, true, POISON + 1, now));
	expect_clear();
}

/* --- the verdict on the session that ended last ------------------------------ */

static void one_end_is_no_sign(void **state)
{
	(void)state;
	session(POISON);
	assert_int_equal(p.verdict, MQTT_POISON_NO_SIGN);
	session(POISON);
	assert_int_equal(p.verdict, MQTT_POISON_SUSPECTED);
	session(POISON + 1);
	assert_int_equal(p.verdict, MQTT_POISON_NO_SIGN);
}

static void the_verdict_follows_what_is_done(void **state)
{
	(void)state;
	begin_trial();
	assert_int_equal(p.verdict, MQTT_POISON_TRIED);
	for (int i = 1; i < MQTT_POISON_TRIALS; i++) {
		try(&large);
		assert_true(mqtt_poison_ended(&p, true, POISON, now));
		assert_int_equal(p.verdict, MQTT_POISON_TRIED);
	}
	try(&large);
	assert_true(mqtt_poison_ended(&p, true, POISON, now));
	assert_int_equal(p.verdict, MQTT_POISON_PROVEN);
	session(0);
	assert_int_equal(p.verdict, MQTT_POISON_NO_SIGN);
}

static void an_end_by_the_network_is_no_sign(void **state)
{
	(void)state;
	session(POISON);
	session(POISON);
	assert_false(mqtt_poison_ended(&p, false, POISON, now));
	assert_int_equal(p.verdict, MQTT_POISON_NO_SIGN);
}

static void another_client_that_lets_messages_be_acknowledged_leaves_no_sign(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 10; i++) {
		begin();
		mqtt_poison_sent(&p, &large, now);
		mqtt_poison_acknowledged(&p);
		mqtt_poison_sent(&p, &large, now);
		assert_false(mqtt_poison_ended(&p, true, POISON + i, now));
		assert_int_equal(p.verdict, MQTT_POISON_NO_SIGN);
	}
}

/* The next trial begins all the same: the message may be found in that one. */
static void another_client_that_ends_the_calm_leaves_no_sign_from_then_on(void **state)
{
	(void)state;
	for (int round = 0; round < 3; round++) {
		begin_trial();
		assert_int_equal(p.verdict,
				 round == 0 ? MQTT_POISON_TRIED : MQTT_POISON_NO_SIGN);
		begin();
		assert_false(mqtt_poison_ended(&p, true, 0, now));
		assert_int_equal(p.verdict, MQTT_POISON_NO_SIGN);
		session(POISON);
		session(POISON);
		assert_int_equal(p.verdict, MQTT_POISON_NO_SIGN);
		session(0);
	}
	begin_trial();
	try(&large);
	assert_true(mqtt_poison_ended(&p, true, POISON, now));
	assert_int_equal(p.verdict, MQTT_POISON_TRIED);
}

static void nor_after_a_trial_that_the_network_ends(void **state)
{
	(void)state;
	begin_trial();
	begin();
	assert_false(mqtt_poison_ended(&p, true, 0, now));
	begin_trial();
	assert_false(mqtt_poison_ended(&p, false, POISON, now));
	session(POISON);
	session(POISON);
	assert_int_equal(p.verdict, MQTT_POISON_NO_SIGN);
}

static void until_something_is_acknowledged(void **state)
{
	(void)state;
	begin_trial();
	begin();
	assert_false(mqtt_poison_ended(&p, true, 0, now));
	mqtt_poison_acknowledged(&p);
	session(POISON);
	session(POISON);
	assert_int_equal(p.verdict, MQTT_POISON_SUSPECTED);
}

/* --- what is known ----------------------------------------------------------- */

static void known_is_a_topic_from_a_length_on(void **state)
{
	(void)state;
	prove("large", 20000);
	assert_true(is_known("large", 20000, 1));
	assert_true(is_known("large", 20001, 2));
	assert_true(is_known("large", 30000, 0));
	assert_false(is_known("large", 19999, 1));
	assert_false(is_known("other", 30000, 1));
}

static void and_for_an_hour(void **state)
{
	(void)state;
	prove("large", 20000);
	now += MQTT_POISON_KNOWN_NS - 1;
	assert_true(is_known("large", 20000, 1));
	now++;
	assert_false(is_known("large", 20000, 1));
}

static void the_oldest_gives_way(void **state)
{
	char topic[] = "a";

	(void)state;
	for (int i = 0; i <= MQTT_POISON_KNOWN_MAX; i++, topic[0]++)
		prove(topic, 1);
	assert_false(is_known("a", 1, 1));
	for (topic[0] = 'b'; topic[0] <= 'a' + MQTT_POISON_KNOWN_MAX; topic[0]++)
		assert_true(is_known(topic, 1, 1));
}

static void another_broker_is_not_told(void **state)
{
	(void)state;
	prove("large", 20000);
	begin_trial();
	mqtt_poison_fini(&p);
	expect_clear();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		TEST(a_broker_that_does_not_acknowledge_holds_nothing_up),
		TEST(without_suspicion_nothing_waits),
		TEST(an_acknowledgement_ends_the_suspicion),
		TEST(sessions_with_other_messages_are_no_row),
		TEST(a_session_without_messages_that_ends_makes_it_clear),
		TEST(what_the_network_ends_does_not_count),
		TEST(what_is_proven_is_known),
		TEST(an_acknowledgement_ends_the_trial),
		TEST(a_session_that_ends_without_the_message_acquits_it),
		TEST(so_does_one_that_the_network_ends),
		TEST(so_does_one_too_short_to_be_followed),
		TEST(so_does_one_that_ends_late),
		TEST(so_does_one_with_another_message_as_large),
		TEST(smaller_ones_beside_it_do_not),
		TEST(another_message_has_a_suspicion_of_its_own),
		TEST(one_end_is_no_sign),
		TEST(the_verdict_follows_what_is_done),
		TEST(an_end_by_the_network_is_no_sign),
		TEST(another_client_that_lets_messages_be_acknowledged_leaves_no_sign),
		TEST(another_client_that_ends_the_calm_leaves_no_sign_from_then_on),
		TEST(nor_after_a_trial_that_the_network_ends),
		TEST(until_something_is_acknowledged),
		TEST(known_is_a_topic_from_a_length_on),
		TEST(and_for_an_hour),
		TEST(the_oldest_gives_way),
		TEST(another_broker_is_not_told),
#undef TEST
	};

	return cmocka_run_group_tests_name("mqtt_poison", tests, NULL, NULL);
}
