// SPDX-License-Identifier: MIT
/* test_netlink_route.c — routes and rules in a real kernel, beside those of others */
#include "mqttnode/netlink.h"

#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "netlink_rig.h"
#include "netns.h"
#include "unit.h"

static void routes_stand_beside_those_of_others(void **state)
{
	struct fixture *f = *state;
	struct netlink_route subnet = {
		.destination = ip("10.77.0.0"),
		.prefix_len = 24,
		.source = ip("10.77.0.5"),
		.ifindex = f->ifindex,
		.table = 7700,
	};
	struct netlink_route gateway = {
		.gateway = ip("10.77.0.1"),
		.source = ip("10.77.0.5"),
		.ifindex = f->ifindex,
		.table = RT_TABLE_MAIN,
		.metric = 4096,
	};
	char out[1024];

	assert_int_equal(netlink_link_up(f->nl, f->ifindex, 0), 0);
	netns_run("ip link set far0 up");
	assert_int_equal(netlink_address_add(f->nl, f->ifindex, ip("10.77.0.5"), 24,
					     (struct netlink_lifetime){ 0 }),
			 0);
	assert_int_equal(netlink_route_add(f->nl, &subnet), 0);
	assert_int_equal(netlink_route_add(f->nl, &subnet), 0);
	netns_output(out, sizeof(out), "ip route show table 7700");
	assert_string_equal(
		out, "10.77.0.0/24 dev mqtt0 proto 77 scope link src 10.77.0.5 \n");

	/* Without a way to the gateway the kernel says why not. */
	assert_true(netlink_route_add(f->nl, &gateway) < 0);
	assert_string_not_equal(netlink_error(f->nl), "");
	gateway.onlink = true;
	netns_run("ip addr add 10.9.9.1/24 dev far0");
	netns_run("ip route add default via 10.9.9.9 dev far0 metric 4096");
	assert_int_equal(netlink_route_add(f->nl, &gateway), 0);
	assert_string_equal(netlink_error(f->nl), "");
	netns_output(out, sizeof(out), "ip route show default");
	assert_string_equal(
		out, "default via 10.9.9.9 dev far0 metric 4096 \n"
		     "default via 10.77.0.1 dev mqtt0 proto 77 src 10.77.0.5 metric "
		     "4096 onlink \n");

	/* What is not ours is not removed, even if all else is equal. */
	assert_int_equal(netlink_route_delete(f->nl, &gateway), 0);
	assert_int_equal(netlink_route_delete(f->nl, &gateway), 0);
	netns_run("ip route append default via 10.77.0.1 dev mqtt0 onlink src 10.77.0.5 "
		  "metric 4096");
	assert_int_equal(netlink_route_delete(f->nl, &gateway), 0);
	netns_output(out, sizeof(out), "ip route show default");
	assert_non_null(strstr(out, "10.9.9.9"));
	assert_non_null(strstr(out, "10.77.0.1"));

	assert_int_equal(netlink_route_delete(f->nl, &subnet), 0);
	netns_output(out, sizeof(out), "ip route show table 7700 2> /dev/null");
	assert_string_equal(out, "");
}

static void rules_bear_our_marks(void **state)
{
	struct fixture *f = *state;
	struct netlink_rule from = { .source = ip("10.77.0.5"), .table = 7700 };
	struct netlink_rule to = {
		.destination = ip("10.77.0.1"),
		.own_uid_only = true,
		.table = 7700,
	};
	char out[2048], expected[256];

	assert_int_equal(netlink_rule_add(f->nl, &from), 1);
	assert_int_equal(netlink_rule_add(f->nl, &from), 0); /* it is there */
	assert_int_equal(netlink_rule_add(f->nl, &to), 1);
	netns_output(out, sizeof(out), "ip rule show pref 7700");
	snprintf(expected, sizeof(expected),
		 "7700:	from 10.77.0.5 lookup 7700 proto 77\n"
		 "7700:	from all to 10.77.0.1 uidrange %u-%u lookup 7700 proto 77\n",
		 getuid(), getuid());
	assert_string_equal(out, expected);
	assert_int_equal(netlink_rule_delete(f->nl, &from), 0);
	assert_int_equal(netlink_rule_delete(f->nl, &from), 0);
	netns_output(out, sizeof(out), "ip rule show pref 7700");
	assert_null(strstr(out, "from 10.77"));
	assert_non_null(strstr(out, "10.77.0.1"));
	to.unreachable = true;
	assert_int_equal(netlink_rule_add(f->nl, &to), 1);
	assert_int_equal(netlink_rule_add(f->nl, &to), 0);
	netns_output(out, sizeof(out), "ip rule show pref 7701");
	assert_non_null(strstr(out, "from all to 10.77.0.1 uidrange"));
	assert_non_null(strstr(out, "unreachable proto 77"));
	assert_int_equal(netlink_rule_delete(f->nl, &to), 0);
	assert_int_equal(netlink_rule_delete(f->nl, &to), 0);
	netns_output(out, sizeof(out), "ip rule show");
	assert_null(strstr(out, "unreachable"));
	assert_non_null(strstr(out, "10.77.0.1"));
}

static void flush_takes_only_rules_with_all_three_marks(void **state)
{
	struct fixture *f = *state;
	char before[2048], after[2048];

	netns_run("ip rule add from 10.1.0.1 pref 7700 table 7700 protocol 4");
	netns_run("ip rule add from 10.1.0.2 pref 7701 table 7700 protocol 77");
	netns_run("ip rule add from 10.1.0.3 pref 7700 table 7701 protocol 77");
	netns_run("ip rule add from 10.1.0.4 pref 7701 unreachable protocol 77");
	netns_output(before, sizeof(before), "ip rule show");
	netns_run(
		"for i in 1 2 3 4 5; do ip rule add from 10.2.0.$i pref 7700 table 7700 "
		"protocol 77; ip rule add to 10.3.0.$i pref 7700 table 7700 protocol 77 "
		"uidrange 5-5; done");
	for (unsigned int i = 1; i <= 2; i++)
		assert_int_equal(
			netlink_rule_add(f->nl,
					 &(struct netlink_rule){
						 .source = ip_from_v4((struct in_addr){
							 htonl(0x0a030000 + i) }),
						 .unreachable = true,
						 .table = 7700 }),
			1);
	assert_int_equal(netlink_rules_flush(f->nl, 7700), 12);
	netns_output(after, sizeof(after), "ip rule show");
	assert_string_equal(after, before);
	assert_int_equal(netlink_rules_flush(f->nl, 7700), 0);
}

static void ipv6_routes_and_rules_are_ours_to_flush(void **state)
{
	struct fixture *f = *state;
	const struct netlink_route gateway = {
		.gateway = ip("fe80::1"),
		.ifindex = f->ifindex,
		.table = 7700,
	};
	const struct netlink_route prefix = {
		.destination = ip("fd77::"),
		.prefix_len = 64,
		.ifindex = f->ifindex,
		.table = 7700,
	};
	struct netlink_rule from = { .source = ip("fd77::5"), .table = 7700 };
	char out[1024];

	netns_run("ip link set mqtt0 up");
	assert_int_equal(netlink_route_add(f->nl, &prefix), 0);
	assert_int_equal(netlink_route_add(f->nl, &gateway), 0);
	assert_int_equal(netlink_route_add(f->nl, &gateway), 0);
	netns_output(out, sizeof(out), "ip -6 route show table 7700");
	assert_non_null(strstr(out, "fd77::/64 dev mqtt0 proto 77"));
	assert_non_null(strstr(out, "default via fe80::1 dev mqtt0 proto 77"));
	assert_int_equal(netlink_route_delete(f->nl, &gateway), 0);
	assert_int_equal(netlink_route_delete(f->nl, &prefix), 0);
	assert_int_equal(netlink_route_delete(f->nl, &prefix), 0);

	assert_int_equal(netlink_rule_add(f->nl, &from), 1);
	from.unreachable = true;
	assert_int_equal(netlink_rule_add(f->nl, &from), 1);
	netns_output(out, sizeof(out), "ip -6 rule show");
	assert_non_null(strstr(out, "7700:\tfrom fd77::5 lookup 7700 proto 77"));
	assert_non_null(
		strstr(out, "7701:\tfrom fd77::5 lookup 7700 unreachable proto 77"));
	assert_int_equal(netlink_rules_flush(f->nl, 7700), 2);
	assert_int_equal(netlink_rule_delete(f->nl, &from), 0);
}

static void tells_when_somebody_removes_our_rules(void **state)
{
	struct fixture *f = *state;
	struct netlink_rule v4 = { .source = ip("10.77.0.5"), .table = 7700 };
	struct netlink_rule v6 = { .source = ip("fd77::5"),
				   .table = 7700,
				   .unreachable = true };

	netlink_watch(f->nl, f->ifindex);
	assert_int_equal(netlink_rule_add(f->nl, &v4), 1);
	assert_int_equal(netlink_rule_add(f->nl, &v6), 1);
	assert_int_equal(netlink_rule_delete(f->nl, &v4), 0); /* ourselves: no news */
	assert_int_equal(netlink_rule_add(f->nl, &v4), 1);
	netns_run("ip rule add from 10.1.1.1 pref 7700 table 7700; "
		  "ip rule del from 10.1.1.1 pref 7700; "
		  "ip rule add from 10.1.1.1 pref 900 protocol 77 table 7700; "
		  "ip rule del from 10.1.1.1 pref 900"); /* nor are those of others */
	settle(f);
	assert_int_equal(f->told.rules, 0);
	netns_run("ip rule del pref 7700");
	WAIT_FOR(f, f->told.rules == 1);
	netns_run("ip -6 rule del pref 7701");
	WAIT_FOR(f, f->told.rules == 2);
	assert_int_equal(netlink_rule_add(f->nl, &v4), 1);
	assert_int_equal(netlink_rule_add(f->nl, &v6), 1);
}

#define TEST(name)                                                                       \
	cmocka_unit_test_setup_teardown(name, netlink_rig_set_up, netlink_rig_tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(routes_stand_beside_those_of_others),
		TEST(rules_bear_our_marks),
		TEST(flush_takes_only_rules_with_all_three_marks),
		TEST(ipv6_routes_and_rules_are_ours_to_flush),
		TEST(tells_when_somebody_removes_our_rules),
	};

	netns_enter();
	return cmocka_run_group_tests_name("netlink_route", tests, NULL, NULL);
}
