// SPDX-License-Identifier: MIT
/* test_netlink_foreign.c — what others do on an interface, against the kernel */
#include "mqttnode/netlink.h"

#include <arpa/inet.h>

#include "netlink_rig.h"
#include "netns.h"
#include "unit.h"

static void expect_foreign(struct fixture *f, const char *address, uint8_t prefix_len,
			   const char *gateway)
{
	struct netlink_foreign there;

	assert_int_equal(netlink_foreign_find(f->nl, f->ifindex, &there), 0);
	assert_int_equal(there.address.s_addr, inet_addr(address));
	assert_int_equal(there.prefix_len, prefix_len);
	assert_int_equal(there.gateway.s_addr, inet_addr(gateway));
	/* Each address here brings the route to its subnet. */
	assert_int_equal(there.routed, prefix_len > 0);
}

static void an_address_may_be_without_a_route(void **state)
{
	struct fixture *f = *state;
	struct netlink_foreign there;

	netns_run("ip link set mqtt0 up");
	netns_run("ip addr add 10.77.0.5/24 dev mqtt0 noprefixroute");
	assert_int_equal(netlink_foreign_find(f->nl, f->ifindex, &there), 0);
	assert_int_equal(there.prefix_len, 24);
	assert_false(there.routed);
	netns_run("ip route add 10.99.0.0/16 dev mqtt0 table 7700");
	assert_int_equal(netlink_foreign_find(f->nl, f->ifindex, &there), 0);
	assert_true(there.routed);
}

static void finds_what_others_put_on_the_interface(void **state)
{
	struct fixture *f = *state;

	netns_run("ip link set mqtt0 up; ip link set far0 up");
	netns_run("ip addr add 10.88.0.1/24 dev far0");
	netns_run("ip route add default via 10.88.0.2 dev far0");
	expect_foreign(f, "0.0.0.0", 0, "0.0.0.0");
	netns_run("ip addr add 169.254.7.7/16 scope link dev mqtt0");
	expect_foreign(f, "169.254.7.7", 16, "0.0.0.0");
	netns_run("ip addr add 10.77.0.5/24 dev mqtt0");
	netns_run("ip addr add 10.77.0.6/24 dev mqtt0");
	expect_foreign(f, "10.77.0.5", 24, "0.0.0.0");
	netns_run("ip route add default via 10.77.0.9 dev mqtt0 table 7700");
	expect_foreign(f, "10.77.0.5", 24, "10.77.0.9");
	netns_run("ip route add default via 10.77.0.3 dev mqtt0 metric 900");
	netns_run("ip route add default via 10.77.0.1 dev mqtt0 metric 300");
	netns_run("ip route add default via 10.77.0.4 dev mqtt0 metric 400");
	expect_foreign(f, "10.77.0.5", 24, "10.77.0.1");
	netns_run("ip route del default dev mqtt0 metric 300");
	netns_run("ip route del default dev mqtt0 metric 400");
	expect_foreign(f, "10.77.0.5", 24, "10.77.0.3");
}

static void tells_of_routes_by_the_interface(void **state)
{
	struct fixture *f = *state;

	netns_run("ip link set mqtt0 up; ip link set far0 up");
	netns_run(
		"ip addr add 10.77.0.5/24 dev mqtt0; ip addr add 10.88.0.5/24 dev far0");
	netlink_watch(f->nl, f->ifindex);
	settle(f);
	f->told.routes = 0;
	netns_run("ip route add default via 10.77.0.1 dev mqtt0 metric 300");
	WAIT_FOR(f, f->told.routes == 1);
	netns_run("ip route add default via 10.88.0.1 dev far0");
	netns_run("ip route del default via 10.77.0.1 dev mqtt0 metric 300");
	WAIT_FOR(f, f->told.routes == 2);
}

#define TEST(name)                                                                       \
	cmocka_unit_test_setup_teardown(name, netlink_rig_set_up, netlink_rig_tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(finds_what_others_put_on_the_interface),
		TEST(an_address_may_be_without_a_route),
		TEST(tells_of_routes_by_the_interface),
	};

	netns_enter();
	return cmocka_run_group_tests_name("netlink_foreign", tests, NULL, NULL);
}
