// SPDX-License-Identifier: MIT
/* test_mqtt_path.c — what the connection follows: link and addresses that come and go */
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

#include "unit.h"

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

/* --- link and address -------------------------------------------------------- */

static void without_a_path_nothing_is_tried(void **state)
{
	(void)state;
	rig_start(&rig);
	assert_true(broker_is_quiet(broker, 50));
	rig_path(&rig, true, "0.0.0.0");
	assert_true(broker_is_quiet(broker, 50));
	rig_path(&rig, false, "127.0.0.1");
	assert_true(broker_is_quiet(broker, 50));
	rig_expect_rung(&rig, RUNG_TCP, RUNG_STATE_WAITING, "%s", "");
	rig_path(&rig, true, "127.0.0.1");
	broker_accept(broker);
}

static void a_short_loss_of_the_link_keeps_the_session(void **state)
{
	(void)state;
	rig.timing.link_grace_ms = 10000;
	rig_online(&rig);
	mqtt_set_link(rig.mqtt, false);
	assert_true(broker_is_quiet(broker, 100));
	mqtt_set_link(rig.mqtt, true);
	rig_path(&rig, true, "127.0.0.1");
	assert_true(broker_is_quiet(broker, 100));
	assert_int_equal(rig_counter(&rig, offsetof(struct mqtt_counters, disconnects)),
			 0);
}

static void
a_long_loss_ends_the_session_and_a_confirmed_address_begins_another(void **state)
{
	(void)state;
	rig.settings.reconnect_max_s = 3600;
	rig.timing.backoff_base_ms = 3600 * 1000; /* it must be skipped */
	rig_online(&rig);
	mqtt_set_link(rig.mqtt, false);
	assert_true(broker_expect_closed(broker));
	rig_expect_rung(&rig, RUNG_CONNACK, RUNG_STATE_WAITING, "%s", "");
	rig_expect_counter(&rig, disconnects, 1);
	assert_int_equal(rig_counter(&rig, offsetof(struct mqtt_counters, taken_over)),
			 0);
	mqtt_set_link(rig.mqtt, true);
	assert_true(broker_is_quiet(broker, 100)); /* the address may be another one */
	rig_path(&rig, true, "127.0.0.1");
	broker_accept(broker);
	broker_expect(broker, PACKET_CONNECT);
}

static void an_address_that_nobody_confirms_is_tried_in_the_end(void **state)
{
	(void)state;
	rig.timing.confirm_ms = 200;
	rig_online(&rig);
	mqtt_set_link(rig.mqtt, false);
	assert_true(broker_expect_closed(broker));
	mqtt_set_link(rig.mqtt, true);
	broker_accept(broker);
}

static void another_address_is_used_at_once(void **state)
{
	struct sockaddr_in peer = { 0 };
	socklen_t len = sizeof(peer);

	(void)state;
	rig.settings.reconnect_max_s = 3600;
	rig.timing.backoff_base_ms = 3600 * 1000;
	rig_online(&rig);
	rig_path(&rig, true, "127.0.0.9");
	assert_true(broker_expect_closed(broker));
	broker_accept(broker);
	assert_int_equal(getpeername(broker->fd, (struct sockaddr *)&peer, &len), 0);
	assert_int_equal(peer.sin_addr.s_addr, inet_addr("127.0.0.9"));
}

static void a_lost_address_ends_the_session(void **state)
{
	(void)state;
	rig_online(&rig);
	rig_path(&rig, true, "0.0.0.0");
	assert_true(broker_expect_closed(broker));
	assert_true(broker_is_quiet(broker, 200));
	rig_expect_rung(&rig, RUNG_TCP, RUNG_STATE_WAITING, "%s", "");
}

static void a_link_that_flaps_does_not_flood_the_broker(void **state)
{
	(void)state;
	rig.settings.reconnect_max_s = 3600;
	rig.timing.backoff_base_ms = 3600 * 1000;
	rig.timing.hurry_ms = 3600 * 1000;
	rig_online(&rig);
	rig_path(&rig, true, "127.0.0.2");
	(void)broker_expect_closed(broker);
	broker_accept(broker); /* the one attempt that skips the back-off */
	rig_path(&rig, true, "127.0.0.1");
	(void)broker_expect_closed(broker);
	for (int i = 0; i < 10; i++) {
		rig_path(&rig, false, "127.0.0.1");
		rig_path(&rig, true, i % 2 ? "127.0.0.1" : "127.0.0.2");
	}
	assert_true(broker_is_quiet(broker, 300));
}

static void a_lost_link_is_not_blamed_on_the_broker(void **state)
{
	(void)state;
	rig.timing.link_grace_ms = 10000;
	rig_online(&rig);
	mqtt_set_link(rig.mqtt, false);
	broker_hang_up(broker);
	rig_expect_rung(&rig, RUNG_CONNACK, RUNG_STATE_WAITING, "%s", "");
	assert_true(broker_is_quiet(broker, 200));
}

/* --- the machine's own network ------------------------------------------------- */

static void needs_neither_link_nor_address_if_it_is_unbound(void **state)
{
	(void)state;
	rig.unbound = true;
	rig_start(&rig);
	broker_accept(broker);
	broker_expect(broker, PACKET_CONNECT);
	broker_connack(broker, 0);
	rig_expect_rung(&rig, RUNG_TCP, RUNG_STATE_OK,
			"Connected to 127.0.0.1:%u from 127.0.0.1", broker->port);
	/* Longer than a link may be gone otherwise. */
	mqtt_set_link(rig.mqtt, true);
	mqtt_set_link(rig.mqtt, false);
	assert_true(broker_is_quiet(broker, 2 * (int)rig.timing.link_grace_ms));
	rig_expect_counter(&rig, connects, 1);
}

/* --- several local addresses ------------------------------------------------- */

static void connects_from_the_nearest_address(void **state)
{
	struct sockaddr_in peer = { 0 };
	socklen_t len = sizeof(peer);
	struct ip sources[3];

	(void)state;
	assert_true(ip_parse(&sources[0], "fd00::1"));
	assert_true(ip_parse(&sources[1], "127.0.0.9"));
	assert_true(ip_parse(&sources[2], "127.0.0.7"));
	rig_start(&rig);
	mqtt_set_sources(rig.mqtt, sources, 3);
	mqtt_set_link(rig.mqtt, true);
	broker_accept(broker);
	assert_int_equal(getpeername(broker->fd, (struct sockaddr *)&peer, &len), 0);
	assert_int_equal(peer.sin_addr.s_addr, inet_addr("127.0.0.7"));
	broker_expect(broker, PACKET_CONNECT);
	broker_connack(broker, 0);
	/* Others may come and go. */
	sources[0] = sources[2];
	mqtt_set_sources(rig.mqtt, sources, 1);
	assert_true(broker_is_quiet(broker, 100));
	mqtt_set_sources(rig.mqtt, sources, 0);
	assert_true(broker_expect_closed(broker));
}

static void a_broker_of_another_family_cannot_be_reached(void **state)
{
	(void)state;
	rig_use_host(&rig, "fd00::1");
	rig_start_on_path(&rig);
	rig_expect_rung(&rig, RUNG_TCP, RUNG_STATE_FAILED,
			"There is no IPv6 address to reach fd00::1 from");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		TEST(without_a_path_nothing_is_tried),
		TEST(a_short_loss_of_the_link_keeps_the_session),
		TEST(a_long_loss_ends_the_session_and_a_confirmed_address_begins_another),
		TEST(an_address_that_nobody_confirms_is_tried_in_the_end),
		TEST(another_address_is_used_at_once),
		TEST(a_lost_address_ends_the_session),
		TEST(a_link_that_flaps_does_not_flood_the_broker),
		TEST(a_lost_link_is_not_blamed_on_the_broker),
		TEST(needs_neither_link_nor_address_if_it_is_unbound),
		TEST(connects_from_the_nearest_address),
		TEST(a_broker_of_another_family_cannot_be_reached),
#undef TEST
	};

	return cmocka_run_group_tests_name("mqtt_path", tests, NULL, NULL);
}
