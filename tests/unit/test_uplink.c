// SPDX-License-Identifier: MIT
/* test_uplink.c — the interface with its address, over faked parts */
#include "uplink_rig.h"

#include <errno.h>

#include <linux/neighbour.h>

#include "unit.h"

static void dhcp_follows_the_link(void **state)
{
	struct fixture *f = *state;

	start(f);
	expect("names 0;tap mqtt0;up 7;watch 7;dhcp for pi;on tap;");
	uplink_link(f->uplink, true);
	expect(""); /* the kernel would drop what is sent now */
	carrier(true);
	carrier(true);
	expect("dhcp link 1;");
	dhcp_events->on_trouble(dhcp_events->ctx, CAUSE_DHCP_NO_ANSWER, "No answer");
	expect("on trouble 1 No answer;");
	lease_arrives(5);
	expect("apply 5;names 9;on gateway 1;probe 7;on lease 5;");
	netlink_events->on_neighbour(netlink_events->ctx, ip_from_v4(host(1)),
				     NUD_REACHABLE);
	expect("on gateway 2;");
	/* without an answer after that the lease is still good */
	dhcp_events->on_trouble(dhcp_events->ctx, CAUSE_DHCP_NO_ANSWER, "No answer");
	expect("on trouble 0 No answer;");
	uplink_link(f->uplink, false);
	expect("dhcp link 0;");
	uplink_link(f->uplink, true);
	expect("dhcp link 1;on gateway 0;on gateway 1;probe 7;");
	dhcp_events->on_lost(dhcp_events->ctx, CAUSE_LEASE_EXPIRED, "The lease ran out");
	expect("on gateway 0;names 0;clear;on lease 0;on trouble 1 The lease ran out;");
}

static void configured_servers_replace_those_of_the_lease(void **state)
{
	struct fixture *f = *state;

	f->settings.dns[0] = host(77);
	f->settings.n_dns = 1;
	start(f);
	done[0] = '\0';
	lease_arrives(5);
	expect("apply 5;names 77;on gateway 1;probe 7;on lease 5;");
}

static void a_static_address_is_there_at_once(void **state)
{
	struct fixture *f = *state;

	f->settings.method = NETWORK_METHOD_STATIC;
	f->settings.address = host(50);
	f->settings.prefix_len = 24;
	start(f);
	expect("names 0;tap mqtt0;up 7;watch 7;on tap;apply 50;names 0;on lease 50;");
	uplink_link(f->uplink, true);
	carrier(true);
	expect("apply 50;names 0;on lease 50;");
	uplink_stop(f->uplink, 500);
	expect("names 0;clear;on lease 0;on stopped;");
}

static void a_deleted_interface_comes_back_with_its_lease(void **state)
{
	struct fixture *f = *state;

	start(f);
	uplink_link(f->uplink, true);
	carrier(true);
	lease_arrives(5);
	dropped = 3;
	assert_int_equal(uplink_tx_dropped(f->uplink), 3);
	done[0] = '\0';
	ifindex = 8;
	tell_link(false, false, false, 0);
	uplink_tap_lost(f->uplink); /* the pump noticed it too */
	expect("dhcp gone;on gateway 0;names 0;watch 0;"
	       "on trouble 1 The interface was deleted by somebody;");
	for (int i = 0; i < 3; i++)
		(void)sd_event_run(f->event, 1000);
	expect("tap mqtt0;up 8;watch 8;on tap;");
	carrier(true);
	expect("dhcp link 1;apply 5;names 9;on gateway 1;probe 8;on lease 5;on gateway 0;"
	       "on gateway 1;probe 8;");
	carrier(false);
	carrier(true); /* that was the only time */
	expect("dhcp link 0;dhcp link 1;on gateway 0;on gateway 1;probe 8;");
	dropped = 2;
	assert_int_equal(uplink_tx_dropped(f->uplink), 5);
}

static void what_is_dropped_before_frames_can_be_sent_is_no_overrun(void **state)
{
	struct fixture *f = *state;

	start(f);
	dropped = 4; /* nobody reads yet */
	assert_int_equal(uplink_tx_dropped(f->uplink), 4);
	assert_int_equal(uplink_tx_overrun(f->uplink), 0);
	uplink_link(f->uplink, true);
	dropped = 6; /* no carrier */
	carrier(true);
	assert_int_equal(uplink_tx_overrun(f->uplink), 0);
	dropped = 9;
	assert_int_equal(uplink_tx_dropped(f->uplink), 9);
	assert_int_equal(uplink_tx_overrun(f->uplink), 3);
	uplink_link(f->uplink, false);
	dropped = 20;
	assert_int_equal(uplink_tx_dropped(f->uplink), 20);
	assert_int_equal(uplink_tx_overrun(f->uplink), 3);
	uplink_link(f->uplink, true);
	assert_int_equal(uplink_tx_overrun(f->uplink), 3);
	dropped = 21;
	(void)uplink_tx_dropped(f->uplink);
	assert_int_equal(uplink_tx_overrun(f->uplink), 4);
	/* A new device counts from 0. */
	ifindex = 8;
	tell_link(false, false, false, 0);
	dropped = 7;
	for (int i = 0; i < 3; i++)
		(void)sd_event_run(f->event, 1000);
	assert_int_equal(uplink_tx_dropped(f->uplink), 28);
	assert_int_equal(uplink_tx_overrun(f->uplink), 4);
}

static void a_late_word_about_the_device_before_is_ignored(void **state)
{
	struct fixture *f = *state;

	start(f);
	done[0] = '\0';
	uplink_tap_lost(f->uplink); /* it exists */
	expect("");
	ifindex = 8;
	uplink_tap_lost(f->uplink);
	expect("dhcp gone;names 0;watch 0;on trouble 1 The interface was deleted by somebody;");
}

static void what_a_deleted_interface_loses_is_no_news(void **state)
{
	struct fixture *f = *state;

	start(f);
	lease_arrives(5);
	done[0] = '\0';
	ifindex = 8;
	tell_address(5, false);
	expect("");
	tell_link(true, false, false, 0);
	expect("dhcp gone;on gateway 0;names 0;watch 0;"
	       "on trouble 1 The interface was deleted by somebody;");
}

static void servers_of_before_are_let_go_when_no_lookup_can_be_under_way(void **state)
{
	struct fixture *f = *state;

	f->settings.ipv6 = true;
	start(f);
	uplink_link(f->uplink, true);
	carrier(true);
	lease_arrives(5);
	done[0] = '\0';
	lookup_us = 0; /* instead of the time that a lookup may take */
	dhcp_events->on_lost(dhcp_events->ctx, CAUSE_LEASE_EXPIRED, "The lease ran out");
	assert_int_equal(delay_us, 8000000);
	done[0] = '\0';
	while (!done[0])
		assert_true(sd_event_run(f->event, 1000000) > 0);
	expect("settle;slaac settle;");
}

static void an_address_that_was_refused_is_tried_again(void **state)
{
	struct fixture *f = *state;

	start(f);
	uplink_link(f->uplink, true);
	carrier(true);
	lease_arrives(5);
	done[0] = '\0';
	apply_result = -EADDRINUSE;
	lease_arrives(6);
	expect("apply 6;on gateway 0;names 0;on lease 0;on trouble 1 Another interface of "
	       "this machine has the address; see the log;");
	assert_int_equal(delay_us, 30000000);
	/* there is no gateway to ask as long as there is no address */
	netlink_events->on_overrun(netlink_events->ctx);
	carrier(false);
	carrier(true);
	expect("restore;dhcp link 0;dhcp link 1;");
	apply_result = -EPERM;
	while (!done[0])
		assert_true(sd_event_run(f->event, 1000000) > 0);
	expect("apply 6;names 0;on lease 0;on trouble 1 The kernel refused the address; "
	       "see the log;");
	apply_result = 0;
	while (!done[0])
		assert_true(sd_event_run(f->event, 1000000) > 0);
	expect("apply 6;names 9;on gateway 1;probe 7;on lease 6;");
}

static void a_removed_address_is_put_back(void **state)
{
	struct fixture *f = *state;

	start(f);
	lease_arrives(5);
	done[0] = '\0';
	tell_address(6, false);
	tell_address(5, true);
	expect("");
	tell_address(5, false);
	expect("tell mqtt0 lost 10.0.0.5;clear;apply 5;names 9;on lease 5;");
}

static void an_interface_set_down_is_told_and_equipped_when_up(void **state)
{
	struct fixture *f = *state;

	start(f);
	lease_arrives(5);
	done[0] = '\0';
	tell_link(true, false, false, 0);
	tell_link(true, false, false, 0);
	expect("on trouble 1 The interface was set down by somebody;");
	tell_link(true, true, false, 0);
	expect("clear;apply 5;names 9;on lease 5;");
}

static void without_a_lease_only_the_trouble_ends_when_it_is_up(void **state)
{
	struct fixture *f = *state;

	start(f);
	done[0] = '\0';
	tell_link(true, false, false, 0);
	expect("on trouble 1 The interface was set down by somebody;");
	tell_link(true, true, false, 0);
	expect("on lease 0;");
}

static void lost_news_are_made_up_for(void **state)
{
	struct fixture *f = *state;

	start(f);
	netlink_events->on_overrun(netlink_events->ctx);
	lease_arrives(5);
	done[0] = '\0';
	netlink_events->on_overrun(netlink_events->ctx);
	expect("restore;on gateway 0;on gateway 1;probe 7;");
}

static void rules_that_somebody_removes_are_put_back(void **state)
{
	struct fixture *f = *state;

	f->settings.ipv6 = true;
	start(f);
	assert_null(netlink_events->on_route);
	done[0] = '\0';
	restored = 2;
	netlink_events->on_rule_removed(netlink_events->ctx);
	expect("restore;slaac restore;");
	restored = -EPERM;
	netlink_events->on_rule_removed(netlink_events->ctx);
	expect("restore;slaac restore;");
	restored = 0;
	uplink_stop(f->uplink, 100);
	done[0] = '\0';
	netlink_events->on_rule_removed(netlink_events->ctx); /* it is we who do */
	expect("");
}

static void stopping_releases_and_says_so(void **state)
{
	struct fixture *f = *state;

	start(f);
	lease_arrives(5);
	done[0] = '\0';
	uplink_stop(f->uplink, 500);
	expect("dhcp stop 500;");
	uplink_tap_lost(f->uplink); /* too late to matter */
	dhcp_events->on_stopped(dhcp_events->ctx);
	expect("on gateway 0;names 0;clear;on lease 0;on stopped;");
}

static void no_interface_no_uplink(void **state)
{
	struct fixture *f = *state;

	tap_result = -EBUSY;
	assert_int_equal(try_to_start(f), -EBUSY);
	assert_null(f->uplink);
	expect("names 0;tap mqtt0;");
}

#define CASE(name)                                                                       \
	cmocka_unit_test_setup_teardown(name, uplink_rig_set_up, uplink_rig_tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CASE(dhcp_follows_the_link),
		CASE(configured_servers_replace_those_of_the_lease),
		CASE(a_static_address_is_there_at_once),
		CASE(a_deleted_interface_comes_back_with_its_lease),
		CASE(a_late_word_about_the_device_before_is_ignored),
		CASE(what_a_deleted_interface_loses_is_no_news),
		CASE(servers_of_before_are_let_go_when_no_lookup_can_be_under_way),
		CASE(an_address_that_was_refused_is_tried_again),
		CASE(what_is_dropped_before_frames_can_be_sent_is_no_overrun),
		CASE(a_removed_address_is_put_back),
		CASE(an_interface_set_down_is_told_and_equipped_when_up),
		CASE(without_a_lease_only_the_trouble_ends_when_it_is_up),
		CASE(lost_news_are_made_up_for),
		CASE(rules_that_somebody_removes_are_put_back),
		CASE(stopping_releases_and_says_so),
		CASE(no_interface_no_uplink),
	};

	return cmocka_run_group_tests_name("uplink", tests, NULL, NULL);
}
