// SPDX-License-Identifier: MIT
/* test_netlink_foreign.c — what others do on an interface, against the kernel */
#include "mqttnode/netlink.h"

#include <arpa/inet.h>
#include <net/if.h>

#include "netns.h"
#include "unit.h"

#include "mqttnode/clock.h"

struct fixture {
	sd_event *event;
	struct netlink *nl;
	struct netlink_events events;
	unsigned int ifindex;
	unsigned int routes; /* how often news of them came */
};

static void on_route(void *ctx)
{
	struct fixture *f = ctx;

	f->routes++;
}

/* Two interfaces joined by a cable: mqtt0, which is ours, and far0; both up. */
static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	netns_run("ip link add mqtt0 type veth peer name far0");
	netns_run("ip link set mqtt0 up; ip link set far0 up");
	f->ifindex = if_nametoindex("mqtt0");
	f->events = (struct netlink_events){ .ctx = f, .on_route = on_route };
	assert_int_equal(sd_event_new(&f->event), 0);
	assert_int_equal(netlink_new(&f->nl, f->event, &f->events), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	netlink_free(f->nl);
	sd_event_unref(f->event);
	free(f);
	netns_run("ip link del mqtt0");
	return 0;
}

/* Runs the event loop until nothing has come for 50 ms. */
static void settle(struct fixture *f)
{
	int r;

	while ((r = sd_event_run(f->event, 50000)) > 0)
		;
	assert_int_equal(r, 0);
}

/* Runs the event loop until there was news of @n routes, at most 6 s. */
static void wait_for_routes(struct fixture *f, unsigned int n)
{
	uint64_t limit = clock_now_ns(&clock_system) + 6 * NSEC_PER_SEC;

	while (f->routes < n && clock_now_ns(&clock_system) < limit)
		assert_true(sd_event_run(f->event, 100000) >= 0);
	assert_int_equal(f->routes, n);
}

static void expect_foreign(struct fixture *f, const char *address, uint8_t prefix_len,
			   const char *gateway)
{
	struct netlink_foreign there;

	assert_int_equal(netlink_foreign_find(f->nl, f->ifindex, &there), 0);
	assert_int_equal(there.address.s_addr, inet_addr(address));
	assert_int_equal(there.prefix_len, prefix_len);
	assert_int_equal(there.gateway.s_addr, inet_addr(gateway));
}

static void finds_what_others_put_on_the_interface(void **state)
{
	struct fixture *f = *state;

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

	netns_run(
		"ip addr add 10.77.0.5/24 dev mqtt0; ip addr add 10.88.0.5/24 dev far0");
	netlink_watch(f->nl, f->ifindex);
	settle(f);
	f->routes = 0;
	netns_run("ip route add default via 10.77.0.1 dev mqtt0 metric 300");
	wait_for_routes(f, 1);
	netns_run("ip route add default via 10.88.0.1 dev far0");
	netns_run("ip route del default via 10.77.0.1 dev mqtt0 metric 300");
	wait_for_routes(f, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(finds_what_others_put_on_the_interface),
		TEST(tells_of_routes_by_the_interface),
	};

	netns_enter();
	return cmocka_run_group_tests_name("netlink_foreign", tests, NULL, NULL);
}
