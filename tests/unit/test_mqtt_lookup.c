// SPDX-License-Identifier: MIT
/* test_mqtt_lookup.c — the broker's name: looked up when it is needed, and not waited for
 */
#include "../../src/app/mqtt_lookup.h"

#include <netdb.h>
#include <string.h>

#include "unit.h"

#include "mqttnode/clock.h"

#include "mqtt_rig.h"

static struct rig rig;
static struct broker *const broker = &rig.broker;

static int set_up(void **state)
{
	(void)state;
	rig_make(&rig);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	rig_free(&rig);
	return 0;
}

static void a_name_is_looked_up_before_each_attempt(void **state)
{
	(void)state;
	resolver_set(&(struct resolver){ .addresses = { "127.0.0.1" }, .n_servers = 1 });
	rig_use_host(&rig, "mq.example");
	rig_start_on_path(&rig);
	assert_string_equal(resolver_expect_lookup(), "mq.example");
	broker_accept(broker);
	rig_expect_rung(&rig, RUNG_NAME, RUNG_STATE_OK, "mq.example is 127.0.0.1");
	broker_hang_up(broker);
	broker_answer_tls(broker, "", 0);
	assert_string_equal(resolver_expect_lookup(), "mq.example");
	broker_accept(broker);
	broker_expect(broker, PACKET_CONNECT);
	broker_connack(broker, 0);
	rig_expect_rung(&rig, RUNG_CONNACK, RUNG_STATE_OK, "broker mq.example:%u",
			broker->port);
}

static void a_name_that_does_not_exist(void **state)
{
	(void)state;
	rig_use_host(&rig, "mq.example");
	rig_start_on_path(&rig);
	rig_expect_rung(&rig, RUNG_NAME, RUNG_STATE_FAILED, "Name mq.example not found");
	rig_expect_rung(&rig, RUNG_TCP, RUNG_STATE_WAITING, "%s", "");
	resolver_set(&(struct resolver){ .addresses = { "127.0.0.1" }, .n_servers = 1 });
	rig_expect_rung(&rig, RUNG_NAME, RUNG_STATE_OK, "mq.example is 127.0.0.1");
	broker_accept(broker);
}

static void no_dns_server(void **state)
{
	(void)state;
	resolver_set(&(struct resolver){ .eai = EAI_AGAIN, .n_servers = 0 });
	rig_use_host(&rig, "mq.example");
	rig_start_on_path(&rig);
	rig_expect_rung(&rig, RUNG_NAME, RUNG_STATE_FAILED,
			"No DNS server known to look up mq.example");
}

static void a_dns_server_without_an_answer(void **state)
{
	(void)state;
	resolver_set(&(struct resolver){ .eai = EAI_AGAIN, .n_servers = 1 });
	rig_use_host(&rig, "mq.example");
	rig_start_on_path(&rig);
	rig_expect_rung(&rig, RUNG_NAME, RUNG_STATE_FAILED,
			"The DNS server 10.9.8.7 could not look up mq.example");
}

static void several_addresses_take_turns(void **state)
{
	/* Nobody listens on 127.0.0.2. An attempt on each, and the next one waits. */
	struct resolver answers = { .addresses = { "127.0.0.2", "127.0.0.1" },
				    .n_servers = 1,
				    .blocks = true };

	(void)state;
	resolver_set(&answers); /* before the first lookup, which waits as well */
	rig_use_host(&rig, "mq.example");
	rig_start_on_path(&rig);
	for (int i = 0; i < 2; i++) {
		answers.passes = 2;
		resolver_set(&answers);
		broker_accept(broker);
		broker_expect(broker, PACKET_CONNECT);
		broker_hang_up(broker);
		broker_answer_tls(broker, "", 0);
		rig_expect_rung(&rig, RUNG_TCP, RUNG_STATE_FAILED,
				"127.0.0.2:%u refused the connection: no broker is "
				"listening there",
				broker->port);
		/* the same news with each attempt: it is none */
		rig_expect_rung(&rig, RUNG_NAME, RUNG_STATE_OK,
				"mq.example has 2 addresses");
	}
	answers.blocks = false;
	resolver_set(&answers);
}

/* Looking up the broker's name takes until resolver_answers(). */
static void resolver_blocks(struct resolver *answers)
{
	answers->blocks = true;
	resolver_set(answers);
	rig_use_host(&rig, "mq.example");
}

static void resolver_answers(struct resolver *answers)
{
	answers->blocks = false;
	resolver_set(answers);
}

static void a_path_lost_during_a_lookup_is_not_used(void **state)
{
	struct resolver answers = { .addresses = { "127.0.0.1" }, .n_servers = 1 };

	(void)state;
	resolver_blocks(&answers);
	rig_start_on_path(&rig);
	resolver_expect_lookup();
	rig_expect_rung(&rig, RUNG_NAME, RUNG_STATE_TRYING, "Looking up mq.example");
	rig_path(&rig, true, "0.0.0.0");
	resolver_answers(&answers);
	rig_expect_rung(&rig, RUNG_NAME, RUNG_STATE_WAITING, "%s", "");
	assert_true(broker_is_quiet(broker, 100));
}

static void a_lookup_on_a_path_that_changed_begins_anew(void **state)
{
	struct resolver answers = { .addresses = { "127.0.0.1" }, .n_servers = 1 };

	(void)state;
	resolver_blocks(&answers);
	rig_start_on_path(&rig);
	resolver_expect_lookup();
	rig_path(&rig, true, "127.0.0.2");
	resolver_expect_lookup();
	resolver_answers(&answers);
	broker_accept(broker);
	rig_expect_rung(&rig, RUNG_TCP, RUNG_STATE_OK,
			"Connected to 127.0.0.1:%u from 127.0.0.2", broker->port);
}

static void lookups_that_nobody_waits_for_are_limited(void **state)
{
	struct resolver answers = { .addresses = { "127.0.0.1" }, .n_servers = 1 };

	(void)state;
	resolver_blocks(&answers);
	rig_start_on_path(&rig);
	for (int i = 1; i < MQTT_LOOKUPS_MAX; i++) {
		resolver_expect_lookup();
		rig_path(&rig, true, i % 2 ? "127.0.0.2" : "127.0.0.1");
	}
	resolver_expect_lookup();
	rig_path(&rig, true, "127.0.0.3");
	rig_expect_rung(&rig, RUNG_NAME, RUNG_STATE_FAILED,
			"Earlier lookups of mq.example still hang: does the DNS server "
			"answer?");
	resolver_answers(&answers);
	broker_accept(broker);
}

static void messages_are_taken_during_a_lookup(void **state)
{
	struct resolver answers = { .addresses = { "127.0.0.1" }, .n_servers = 1 };
	const struct mqtt_outgoing message = { .topic = "t", .qos = 1, .store = true };

	(void)state;
	resolver_blocks(&answers);
	rig.settings.spool.messages = 3 * MQTT_HANDOVER_MAX;
	rig_start_on_path(&rig);
	resolver_expect_lookup();
	for (uint64_t i = 1; i <= 3; i++) {
		for (int n = 0; n < MQTT_HANDOVER_MAX; n++)
			assert_int_equal(mqtt_publish(rig.mqtt, &message), 0);
		rig_expect_counter(&rig, backlog, i * MQTT_HANDOVER_MAX);
	}
	resolver_answers(&answers);
	broker_accept(broker);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		TEST(a_name_is_looked_up_before_each_attempt),
		TEST(a_name_that_does_not_exist),
		TEST(no_dns_server),
		TEST(a_dns_server_without_an_answer),
		TEST(several_addresses_take_turns),
		TEST(a_path_lost_during_a_lookup_is_not_used),
		TEST(a_lookup_on_a_path_that_changed_begins_anew),
		TEST(lookups_that_nobody_waits_for_are_limited),
		TEST(messages_are_taken_during_a_lookup),
#undef TEST
	};

	return cmocka_run_group_tests_name("mqtt_lookup", tests, NULL, NULL);
}
