// SPDX-License-Identifier: MIT
/* test_netlink.c — requests to and news from a real kernel, in a namespace of its own */
#include "mqttnode/netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/neighbour.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mqttnode/tap.h"
#include "netlink_rig.h"
#include "netns.h"
#include "unit.h"

static void up_without_ipv6(void **state)
{
	struct fixture *f = *state;
	char out[1024];

	assert_int_equal(netlink_link_up(f->nl, f->ifindex, 1400), 0);
	netns_run("ip link set far0 up");
	netns_wait("ip -o link show mqtt0 | grep -q 'state UP'");
	netns_output(out, sizeof(out), "ip addr show mqtt0");
	assert_non_null(strstr(out, "mtu 1400"));
	assert_null(strstr(out, "inet6"));
	/* far0 is as usual, so that the kernel does know IPv6 */
	netns_wait("ip addr show far0 | grep -q inet6");
	assert_int_equal(netlink_link_up(f->nl, f->ifindex, 0), 0);
	netns_run("ip link show mqtt0 | grep -q 'mtu 1400'");
	assert_int_equal(netlink_link_up(f->nl, 9999, 0), -ENODEV);
}

/* fe80::1 to all nodes: be my guest in 2001:db8:1::/64, and send the rest to me (RFC
 * 4861). */
static const uint8_t router_advertisement[] = {
	0x33, 0x33, 0x00, 0x00, 0x00, 0x01, 0x02, 0x00, 0x00, 0x00, 0x00, 0x01, 0x86,
	0xdd, 0x60, 0x00, 0x00, 0x00, 0x00, 0x30, 0x3a, 0xff, 0xfe, 0x80, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0xff,
	0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x01, 0x86, 0x00, 0x39, 0xc7, 0x40, 0x00, 0x07, 0x08, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0x04, 0x40, 0xc0, 0x00, 0x01, 0x51, 0x80,
	0x00, 0x00, 0x38, 0x40, 0x00, 0x00, 0x00, 0x00, 0x20, 0x01, 0x0d, 0xb8, 0x00,
	0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
};

static void no_router_gives_it_an_ipv6_address(void **state)
{
	static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 };
	struct fixture *f = *state;
	char out[1024];
	int with, without;

	/* one interface as it comes, one as we bring it up */
	with = tap_open("mqtt8", mac, false);
	without = tap_open("mqtt9", mac, false);
	assert_true(with >= 0 && without >= 0);
	netns_run("ip link set mqtt8 up");
	assert_int_equal(netlink_link_up(f->nl, if_nametoindex("mqtt9"), 0), 0);
	assert_int_equal(tap_set_carrier(with, true), 0);
	assert_int_equal(tap_set_carrier(without, true), 0);
	netns_wait("[ $(ip -o link show | grep mqtt[89] | grep -c 'state UP') = 2 ]");
	netns_wait(
		"ip -6 addr show dev mqtt8 scope link -tentative | grep -q fe80:"); /* is
										       known
										     */
	assert_int_equal(
		tap_write(without, router_advertisement, sizeof(router_advertisement)),
		0);
	assert_int_equal(
		tap_write(with, router_advertisement, sizeof(router_advertisement)), 0);
	netns_wait("ip -6 addr show mqtt8 | grep -q 2001:db8:1:");
	netns_output(out, sizeof(out),
		     "ip -6 addr show mqtt9; ip -6 route show dev mqtt9");
	assert_string_equal(out, "");
	close(with);
	close(without);
}

static void tells_of_the_link_and_of_nobody_elses(void **state)
{
	struct fixture *f = *state;

	netlink_watch(f->nl, f->ifindex);
	assert_int_equal(f->told.links, 0); /* not from within */
	WAIT_FOR(f, f->told.links > 0);
	assert_true(f->told.exists && !f->told.up && !f->told.carrier);

	netns_run("ip link set mqtt0 up");
	WAIT_FOR(f, f->told.up);
	assert_false(f->told.carrier);
	netns_run("ip link set far0 up");
	WAIT_FOR(f, f->told.carrier);
	netns_run("ip link set far0 down");
	WAIT_FOR(f, !f->told.carrier);
	assert_true(f->told.up);
	assert_int_equal(f->told.master, 0);
	netns_run("ip link add br0 type bridge; ip link set mqtt0 master br0");
	WAIT_FOR(f, f->told.master == if_nametoindex("br0"));
	netns_run("ip link set mqtt0 nomaster; ip link delete br0");
	WAIT_FOR(f, f->told.master == 0);

	settle(f);
	f->told = (struct told){ 0 };
	netns_run("ip link add other0 type veth peer name other1; ip link set other0 up; "
		  "ip addr add 10.1.1.1/24 dev other0; ip link del other0");
	settle(f);
	assert_int_equal(f->told.links + f->told.addresses, 0);

	/* The same name again is another interface. */
	netns_run("ip link del mqtt0");
	WAIT_FOR(f, f->told.links > 0 && !f->told.exists);
	f->told = (struct told){ 0 };
	netns_run("ip link add mqtt0 type veth peer name far0");
	settle(f);
	assert_int_equal(f->told.links, 0);
}

static void ipv6_addresses_are_tentative_at_first(void **state)
{
	static const struct netlink_lifetime hour = { 3600, 1800 };
	struct fixture *f = *state;
	struct ip address = ip("fd77::5");
	char out[512];

	netns_run("ip link set mqtt0 up; ip link set far0 up");
	netlink_watch(f->nl, f->ifindex);
	WAIT_FOR(f, f->told.carrier);
	assert_int_equal(netlink_address_add(f->nl, f->ifindex, address, 64, hour), 0);
	WAIT_FOR(f, is(&f->told.address, "fd77::5") && f->told.tentative);
	WAIT_FOR(f, is(&f->told.address, "fd77::5") && !f->told.tentative);
	assert_true(f->told.present);
	assert_int_equal(f->told.prefix_len, 64);
	netns_output(
		out, sizeof(out),
		"ip -6 route show dev mqtt0 to fd77::/64; ip -6 addr show dev mqtt0");
	assert_null(strstr(out, "fd77::/64 "));
	assert_non_null(strstr(out, "noprefixroute"));
	assert_non_null(strstr(out, "preferred_lft 1"));
	assert_int_equal(netlink_address_delete(f->nl, f->ifindex, address, 64), 0);
	WAIT_FOR(f, !f->told.present);
	assert_int_equal(netlink_address_delete(f->nl, f->ifindex, address, 64), 0);
}

static void addresses_come_with_a_lifetime_and_without_a_route(void **state)
{
	struct fixture *f = *state;
	char out[1024];

	assert_int_equal(netlink_link_up(f->nl, f->ifindex, 0), 0);
	assert_int_equal(netlink_address_add(f->nl, f->ifindex, ip("10.77.0.5"), 24,
					     (struct netlink_lifetime){ 3600, 3600 }),
			 0);
	netns_output(out, sizeof(out), "ip -4 addr show mqtt0");
	assert_non_null(strstr(out, "inet 10.77.0.5/24 brd 10.77.0.255"));
	assert_non_null(strstr(out, "noprefixroute"));
	assert_non_null(strstr(out, "valid_lft 3600sec"));
	netns_output(out, sizeof(out), "ip route show dev mqtt0");
	assert_string_equal(out, "");

	/* renewed, then for ever */
	assert_int_equal(netlink_address_add(f->nl, f->ifindex, ip("10.77.0.5"), 24,
					     (struct netlink_lifetime){ 7200, 7200 }),
			 0);
	netns_run("ip -4 addr show mqtt0 | grep -q 'valid_lft 7200sec'");
	assert_int_equal(netlink_address_add(f->nl, f->ifindex, ip("10.77.0.5"), 24,
					     (struct netlink_lifetime){ 0 }),
			 0);
	netns_run("ip -4 addr show mqtt0 | grep -q 'valid_lft forever'");

	/* a single host needs no broadcast address */
	assert_int_equal(netlink_address_add(f->nl, f->ifindex, ip("10.78.0.5"), 32,
					     (struct netlink_lifetime){ 0 }),
			 0);
	netns_output(out, sizeof(out), "ip -o -4 addr show mqtt0 | grep 10.78");
	assert_null(strstr(out, "brd"));

	assert_int_equal(netlink_address_delete(f->nl, f->ifindex, ip("10.77.0.5"), 24),
			 0);
	assert_int_equal(netlink_address_delete(f->nl, f->ifindex, ip("10.77.0.5"), 24),
			 0);
	netns_run("! ip -4 addr show mqtt0 | grep -q 10.77");
	assert_int_equal(netlink_address_delete(f->nl, 9999, ip("10.77.0.5"), 24), 0);
	assert_int_equal(netlink_address_add(f->nl, 9999, ip("10.77.0.5"), 24,
					     (struct netlink_lifetime){ 0 }),
			 -ENODEV);
}

static void tells_what_others_do_to_addresses(void **state)
{
	struct fixture *f = *state;

	netns_run("ip addr add 10.1.2.3/16 dev mqtt0");
	netlink_watch(f->nl, f->ifindex);
	settle(f);
	assert_true(f->told.addresses > 0); /* was there before */
	assert_true(is(&f->told.address, "10.1.2.3"));
	assert_int_equal(f->told.prefix_len, 16);
	assert_true(f->told.present);

	f->told.addresses = 1;
	assert_int_equal(netlink_address_add(f->nl, f->ifindex, ip("10.77.0.5"), 24,
					     (struct netlink_lifetime){ 0 }),
			 0);
	assert_int_equal(netlink_address_delete(f->nl, f->ifindex, ip("10.77.0.5"), 24),
			 0);
	assert_int_equal(netlink_address_add(f->nl, f->ifindex, ip("10.77.0.5"), 24,
					     (struct netlink_lifetime){ 0 }),
			 0);
	settle(f);
	assert_int_equal(f->told.addresses, 1);

	netns_run("ip addr del 10.77.0.5/24 dev mqtt0");
	WAIT_FOR(f, f->told.addresses == 2);
	assert_true(is(&f->told.address, "10.77.0.5"));
	assert_false(f->told.present);

	netlink_watch(f->nl, 0);
	netns_run("ip addr del 10.1.2.3/16 dev mqtt0");
	settle(f);
	assert_int_equal(f->told.addresses, 2);
}

static void news_from_before_the_watch_are_not_told(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 3; i++)
		netns_run("ip link set mqtt0 down; ip link set mqtt0 up");
	f->told = (struct told){ 0 };
	netlink_watch(f->nl, f->ifindex);
	settle(f);
	assert_int_equal(f->told.links, 1);
	assert_true(f->told.up);
}

static void neighbours_are_asked_and_told(void **state)
{
	struct fixture *f = *state;
	struct netns_peer peer;

	netns_peer_start(&peer, "ip link set far0 up; ip addr add 10.77.0.1/24 dev far0; "
				"exec sleep 60");
	netns_run("ip link set far0 netns %d", peer.pid);
	netns_peer_go(&peer);
	assert_int_equal(netlink_link_up(f->nl, f->ifindex, 0), 0);
	netlink_watch(f->nl, f->ifindex);
	WAIT_FOR(f, f->told.carrier);
	netns_run("ip addr add 10.77.0.5/24 dev mqtt0");
	settle(f);

	assert_int_equal(netlink_neighbour_state(f->nl, f->ifindex, ip("10.77.0.9")), 0);
	assert_int_equal(netlink_neighbour_probe(f->nl, f->ifindex, ip("10.77.0.9")), 0);
	assert_int_equal(netlink_neighbour_state(f->nl, f->ifindex, ip("10.77.0.9")),
			 NUD_INCOMPLETE);
	assert_int_equal(netlink_neighbour_probe(f->nl, f->ifindex, ip("10.77.0.1")), 0);
	WAIT_FOR(f,
		 is(&f->told.neighbour, "10.77.0.1") && f->told.state == NUD_REACHABLE);
	assert_int_equal(netlink_neighbour_state(f->nl, f->ifindex, ip("10.77.0.1")),
			 NUD_REACHABLE);
	WAIT_FOR(f, is(&f->told.neighbour, "10.77.0.9") &&
			    f->told.state == NUD_FAILED); /* after 3 s */
	netns_run("ip neigh flush dev mqtt0 nud reachable");
	WAIT_FOR(f, is(&f->told.neighbour, "10.77.0.1") &&
			    (f->told.state == 0 || f->told.state == NUD_FAILED));
	netns_peer_kill(&peer);
}

static void counts_what_a_full_queue_dropped(void **state)
{
	static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 };
	struct netlink_link_stats stats;
	struct fixture *f = *state;
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };
	unsigned int ifindex;
	int tap, sock;

	tap = tap_open("mqtt9", mac, false);
	assert_true(tap >= 0);
	ifindex = if_nametoindex("mqtt9");
	assert_int_equal(netlink_link_up(f->nl, ifindex, 0), 0);
	assert_int_equal(tap_set_carrier(tap, true), 0);
	netns_wait("ip -o link show mqtt9 | grep -q 'state UP'");
	netns_run("ip addr add 10.88.0.1/24 dev mqtt9; "
		  "ip neigh add 10.88.0.2 lladdr 02:00:00:00:00:02 dev mqtt9");
	assert_int_equal(netlink_link_stats(f->nl, ifindex, &stats), 0);
	assert_int_equal(stats.tx_dropped, 0);

	sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	to.sin_addr = ip("10.88.0.2").v4;
	for (int i = 0; i < 2 * TAP_TXQUEUELEN; i++)
		assert_int_equal(
			sendto(sock, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)), 1);
	assert_int_equal(netlink_link_stats(f->nl, ifindex, &stats), 0);
	assert_in_range(stats.tx_dropped, TAP_TXQUEUELEN, 2 * TAP_TXQUEUELEN);
	close(sock);
	close(tap);
	assert_int_equal(netlink_link_stats(f->nl, ifindex, &stats), -ENODEV);
}

static void finds_another_interface_in_the_same_subnet(void **state)
{
	struct fixture *f = *state;
	char name[IF_NAMESIZE];

	netns_run(
		"ip addr add 10.77.0.5/24 dev mqtt0; ip addr add 10.77.4.5/22 dev far0");
	assert_int_equal(
		netlink_subnet_elsewhere(f->nl, f->ifindex, ip("10.77.0.5").v4, 24, name),
		0);
	assert_int_equal(
		netlink_subnet_elsewhere(f->nl, f->ifindex, ip("10.77.5.5").v4, 24, name),
		1);
	assert_string_equal(name, "far0");
	assert_int_equal(
		netlink_subnet_elsewhere(f->nl, f->ifindex, ip("10.77.9.9").v4, 16, name),
		1);
	assert_int_equal(
		netlink_subnet_elsewhere(f->nl, f->ifindex, ip("10.77.9.9").v4, 32, name),
		0);
	netns_run("ip addr add 10.77.4.6/22 dev far0");
	assert_int_equal(
		netlink_subnet_elsewhere(f->nl, f->ifindex, ip("10.77.4.5").v4, 24, name),
		2);
	assert_string_equal(name, "far0");
	/* a default route's worth of prefix is in no subnet */
	assert_int_equal(
		netlink_subnet_elsewhere(f->nl, f->ifindex, ip("10.77.9.9").v4, 0, name),
		0);
}

static void tells_everything_again_after_an_overrun(void **state)
{
	struct fixture *f = *state;

	netlink_watch(f->nl, f->ifindex);
	settle(f);
	/* Far more news than the socket holds, and nobody reads. */
	netns_run(
		"for i in $(seq 1500); do echo link set far0 mtu $((1000 + i %% 2)); echo "
		"link set mqtt0 mtu $((1000 + i %% 2)); done | ip -batch -");
	netns_run(
		"ip link set mqtt0 up; ip addr add 10.77.0.5/24 dev mqtt0; ip neigh add "
		"10.77.0.1 lladdr 02:00:00:00:00:02 dev mqtt0");
	f->told = (struct told){ 0 };
	settle(f);
	assert_true(f->told.overruns > 0);
	assert_true(f->told.exists && f->told.up);
	assert_true(f->told.present);
	assert_true(is(&f->told.address, "10.77.0.5"));
	assert_int_equal(f->told.state, NUD_PERMANENT);
	/* and requests go on */
	assert_int_equal(netlink_link_up(f->nl, f->ifindex, 0), 0);
}

static struct netlink *asked_back;

/* Changes something the moment it is told of the link, as uplink.c does. */
static void on_link_ask_back(void *ctx, const struct netlink_link *link)
{
	struct told *t = ctx;

	netlink_rig_on_link(ctx, link);
	assert_int_equal(netlink_address_add(asked_back, if_nametoindex("mqtt0"),
					     ip("10.77.0.9"), 24,
					     (struct netlink_lifetime){ 0 }),
			 0);
	assert_int_equal(t->addresses, 0);
}

static void callbacks_may_ask_for_changes(void **state)
{
	struct fixture *f = *state;

	netns_run(
		"ip link set mqtt0 up; ip addr add 10.77.0.5/24 dev mqtt0; ip neigh add "
		"10.77.0.1 lladdr 02:00:00:00:00:02 dev mqtt0");
	f->events.on_link = on_link_ask_back;
	asked_back = f->nl;
	netlink_watch(f->nl, f->ifindex);
	WAIT_FOR(f, f->told.links > 0);
	/* What was asked for before it did is told all the same. */
	assert_true(is(&f->told.address, "10.77.0.5"));
	assert_true(f->told.present);
	assert_int_equal(f->told.state, NUD_PERMANENT);
}

static void callbacks_may_be_missing(void **state)
{
	struct netlink_events none = { 0 };
	struct fixture *f = *state;
	struct netlink *nl;

	assert_int_equal(netlink_new(&nl, f->event, &none), 0);
	netlink_watch(nl, f->ifindex);
	netns_run(
		"ip link set mqtt0 up; ip addr add 10.77.0.5/24 dev mqtt0; ip neigh add "
		"10.77.0.1 lladdr 02:00:00:00:00:02 dev mqtt0");
	settle(f);
	netlink_free(nl);
	netlink_free(NULL);
}

#define TEST(name)                                                                       \
	cmocka_unit_test_setup_teardown(name, netlink_rig_set_up, netlink_rig_tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(up_without_ipv6),
		TEST(no_router_gives_it_an_ipv6_address),
		TEST(tells_of_the_link_and_of_nobody_elses),
		TEST(addresses_come_with_a_lifetime_and_without_a_route),
		TEST(ipv6_addresses_are_tentative_at_first),
		TEST(tells_what_others_do_to_addresses),
		TEST(news_from_before_the_watch_are_not_told),
		TEST(neighbours_are_asked_and_told),
		TEST(counts_what_a_full_queue_dropped),
		TEST(finds_another_interface_in_the_same_subnet),
		TEST(tells_everything_again_after_an_overrun),
		TEST(callbacks_may_ask_for_changes),
		TEST(callbacks_may_be_missing),
	};

	netns_enter();
	return cmocka_run_group_tests_name("netlink", tests, NULL, NULL);
}
