// SPDX-License-Identifier: MIT
/*
 * test_slaac.c — addresses from advertisements, in the kernel of a namespace
 *
 * mqtt0 and far0 are the ends of a cable; the test is the router at far0.
 */
#include "mqttnode/slaac.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/icmp6.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mqttnode/bytes.h"
#include "mqttnode/clock.h"
#include "mqttnode/log.h"
#include "netns.h"
#include "unit.h"

static const uint8_t mac[6] = { 0x02, 0, 0, 0, 0, 1 };
#define OWN	   "fd77::ff:fe00:1" /* fd77::/64 and the MAC */
#define LINK_LOCAL "fe80::ff:fe00:1%mqtt0"

struct fixture {
	sd_event *event;
	struct netlink *nl;
	struct netlink_events events;
	struct network_settings settings;
	struct slaac *slaac;
	unsigned int changes;
	int router, ear; /* sockets at far0 */
};

static void on_change(void *ctx)
{
	struct fixture *f = ctx;

	f->changes++;
}

static void on_address(void *ctx, const struct netlink_address *news)
{
	struct fixture *f = ctx;

	if (f->slaac)
		slaac_on_address(f->slaac, news);
}

/* A socket that speaks as a router at far0. */
static int open_router(int hops)
{
	int fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMPV6);

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "far0", 4), 0);
	assert_int_equal(
		setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof(hops)),
		0);
	return fd;
}

/* A socket that hears all of IPv6 at far0. */
static int open_ear(void)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_IPV6),
				  .sll_ifindex = (int)if_nametoindex("far0") };
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			htons(ETH_P_IPV6));

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	netns_run("ip link add mqtt0 type veth peer name far0; "
		  "ip link set mqtt0 addrgenmode none; "
		  "echo 0 > /proc/sys/net/ipv6/conf/mqtt0/accept_ra; "
		  "echo 0 > /proc/sys/net/ipv6/conf/mqtt0/router_solicitation_delay; "
		  "echo 50 > /proc/sys/net/ipv6/neigh/mqtt0/retrans_time_ms; "
		  "ip link set far0 addrgenmode none; ip link set far0 up; "
		  "ip link set mqtt0 up; ip addr add fe80::1/64 dev far0 nodad");
	f->settings = (struct network_settings){ .table = 7700, .default_route = true };
	f->events = (struct netlink_events){ .ctx = f, .on_address = on_address };
	assert_int_equal(sd_event_new(&f->event), 0);
	assert_int_equal(netlink_new(&f->nl, f->event, &f->events), 0);
	netlink_watch(f->nl, if_nametoindex("mqtt0"));
	f->router = open_router(255);
	f->ear = open_ear();
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	f->slaac = slaac_free(f->slaac);
	netlink_free(f->nl);
	sd_event_unref(f->event);
	close(f->router);
	close(f->ear);
	free(f);
	netns_run("ip link del mqtt0");
	return 0;
}

/* Runs the event loop until @condition, which is looked at once a time, at most 8 s. */
#define WAIT_FOR(f, condition)                                                           \
	do {                                                                             \
		uint64_t limit = clock_now_ns(&clock_system) + 8 * NSEC_PER_SEC;         \
		bool met;                                                                \
		while (!(met = (condition)) && clock_now_ns(&clock_system) < limit)      \
			assert_true(sd_event_run((f)->event, 50000) >= 0);               \
		assert_true(met);                                                        \
	} while (0)

static void start(struct fixture *f)
{
	assert_int_equal(slaac_new(&f->slaac, f->event, f->nl, &f->settings,
				   if_nametoindex("mqtt0"), "mqtt0", mac, on_change, f),
			 0);
}

static bool has(struct fixture *f, const char *address)
{
	struct ip addresses[SLAAC_ADDRESSES_MAX], wanted;
	size_t n = slaac_addresses(f->slaac, addresses);

	assert_true(ip_parse(&wanted, address));
	for (size_t i = 0; i < n; i++)
		if (ip_equal(&addresses[i], &wanted))
			return true;
	return false;
}

/* Whether a solicitation has come since the last time. */
static bool was_asked(struct fixture *f)
{
	uint8_t packet[200];
	bool any = false;

	while (recv(f->ear, packet, sizeof(packet), 0) > 0)
		any = any || (packet[6] == IPPROTO_ICMPV6 && packet[7] == 255 &&
			      packet[40] == ND_ROUTER_SOLICIT);
	return any;
}

/* The link-local address is there, and a router is asked for. */
static void bring_up(struct fixture *f)
{
	start(f);
	slaac_link(f->slaac, true);
	WAIT_FOR(f, has(f, LINK_LOCAL));
	WAIT_FOR(f, was_asked(f));
}

static void advertise_by(int fd, uint16_t lifetime_s, uint32_t valid_s, uint32_t server_s)
{
	struct sockaddr_in6 to = { .sin6_family = AF_INET6,
				   .sin6_scope_id = if_nametoindex("far0") };
	uint8_t m[16 + 32 + 24] = { 134 };

	put_be16(m + 6, lifetime_s);
	m[16] = 3;
	m[17] = 4;
	m[18] = 64;
	m[19] = 0xc0;
	put_be32(m + 20, valid_s);
	put_be32(m + 24, valid_s);
	m[48] = 25;
	m[49] = 3;
	put_be32(m + 52, server_s);
	assert_int_equal(inet_pton(AF_INET6, "fd77::", m + 32), 1);
	assert_int_equal(inet_pton(AF_INET6, "fd77::53", m + 56), 1);
	assert_int_equal(inet_pton(AF_INET6, "ff02::1", &to.sin6_addr), 1);
	assert_int_equal(sendto(fd, m, sizeof(m), 0, (struct sockaddr *)&to, sizeof(to)),
			 sizeof(m));
}

/* Advertises @prefix alone; it is valid for two hours. */
static void advertise_prefix(struct fixture *f, const char *prefix, uint8_t len,
			     uint8_t flags, uint32_t preferred_s)
{
	struct sockaddr_in6 to = { .sin6_family = AF_INET6,
				   .sin6_scope_id = if_nametoindex("far0") };
	uint8_t m[16 + 32] = { 134, [16] = 3, 4, len, flags };

	put_be16(m + 6, 1800);
	put_be32(m + 20, 7200);
	put_be32(m + 24, preferred_s);
	assert_int_equal(inet_pton(AF_INET6, prefix, m + 32), 1);
	assert_int_equal(inet_pton(AF_INET6, "ff02::1", &to.sin6_addr), 1);
	assert_int_equal(
		sendto(f->router, m, sizeof(m), 0, (struct sockaddr *)&to, sizeof(to)),
		sizeof(m));
}

static void assert_kernel(const char *command, const char *phrase, bool there)
{
	char out[4096];

	netns_output(out, sizeof(out), "%s", command);
	if ((strstr(out, phrase) != NULL) != there)
		fail_msg("%s: \"%s\" is%s in: %s", command, phrase, there ? " not" : "",
			 out);
}

static void a_router_gives_an_address_with_its_routes_and_rules(void **state)
{
	struct fixture *f = *state;
	struct ip server, router;
	char text[IP_TEXT_SIZE];

	bring_up(f);
	advertise_by(f->router, 1800, 7200, 600);
	WAIT_FOR(f, has(f, OWN));
	router = slaac_router(f->slaac);
	assert_string_equal(ip_text(&router, text), "fe80::1%mqtt0");
	assert_int_equal(slaac_servers(f->slaac, &server, 1), 1);
	assert_string_equal(ip_text(&server, text), "fd77::53");
	assert_kernel("ip -6 route show table 7700", "default via fe80::1 dev mqtt0",
		      true);
	assert_kernel("ip -6 route show table 7700", "fd77::/64 dev mqtt0", true);
	assert_kernel("ip -6 route show",
		      "default via fe80::1 dev mqtt0 proto 77 metric 4096", true);
	assert_kernel("ip -6 rule show", "from " OWN " lookup 7700 proto 77", true);
	assert_kernel("ip -6 rule show", "to fd77::53 uidrange", true);
	assert_kernel("ip -6 addr show dev mqtt0", "noprefixroute", true);

	/* All of it goes. */
	f->slaac = slaac_free(f->slaac);
	assert_kernel("ip -6 route show table all", "mqtt0 proto 77", false);
	assert_kernel("ip -6 rule show", "proto 77", false);
	assert_kernel("ip -6 addr show dev mqtt0", "inet6", false);
}

static void what_ends_is_taken_away(void **state)
{
	struct fixture *f = *state;
	struct ip server, router;

	bring_up(f);
	advertise_by(f->router, 1800, 2, 1800);
	WAIT_FOR(f, has(f, OWN));
	/* It says that it is no router and no name server any more. */
	advertise_by(f->router, 0, 2, 0);
	WAIT_FOR(f, (router = slaac_router(f->slaac), !ip_is_set(&router)));
	assert_int_equal(slaac_servers(f->slaac, &server, 1), 0);
	assert_kernel("ip -6 route show table all", "default via fe80::1", false);
	WAIT_FOR(f, was_asked(f)); /* for another one */
	WAIT_FOR(f, !has(f, OWN));
	assert_kernel("ip -6 rule show", OWN, false);
	assert_kernel("ip -6 addr show dev mqtt0", "fd77:", false);
	assert_true(has(f, LINK_LOCAL));
}

static void a_forged_end_does_not_take_an_address_away(void **state)
{
	struct fixture *f = *state;

	bring_up(f);
	advertise_by(f->router, 1800, 86400, 600);
	WAIT_FOR(f, has(f, OWN));
	f->changes = 0;
	advertise_by(f->router, 1800, 0, 600);
	WAIT_FOR(f, f->changes > 0);
	assert_true(has(f, OWN));
	assert_kernel("ip -6 addr show dev mqtt0", "valid_lft 72", true); /* two hours */
}

static void a_short_prefix_is_not_for_the_rest_of_the_machine(void **state)
{
	struct fixture *f = *state;

	bring_up(f);
	f->changes = 0;
	advertise_prefix(f, "2000::", 3, 0x80, 7200);
	WAIT_FOR(f, f->changes > 0);
	assert_kernel("ip -6 route show table 7700", "2000::/3 dev mqtt0", true);
	assert_kernel("ip -6 route show dev mqtt0", "2000::/3", false);
}

static void a_deprecated_address_is_used_only_without_another(void **state)
{
	struct fixture *f = *state;

	bring_up(f);
	advertise_prefix(f, "fd77::", 64, 0xc0, 7200);
	advertise_prefix(f, "fd78::", 64, 0xc0, 7200);
	WAIT_FOR(f, has(f, OWN) && has(f, "fd78::ff:fe00:1"));
	advertise_prefix(f, "fd77::", 64, 0xc0, 1);
	WAIT_FOR(f, !has(f, OWN)); /* when its second is over */
	assert_true(has(f, "fd78::ff:fe00:1"));
	assert_kernel("ip -6 addr show dev mqtt0", OWN "/64 scope global deprecated",
		      true);
	advertise_prefix(f, "fd78::", 64, 0xc0, 0);
	WAIT_FOR(f, has(f, OWN));
	assert_true(has(f, "fd78::ff:fe00:1"));
	advertise_prefix(f, "fd77::", 64, 0xc0, 7200);
	WAIT_FOR(f, !has(f, "fd78::ff:fe00:1"));
	assert_true(has(f, OWN));
}

static void words_from_afar_are_not_believed(void **state)
{
	struct fixture *f = *state;
	struct ip router;
	int far = open_router(64);

	bring_up(f);
	f->changes = 0;
	advertise_by(far, 1800, 7200, 600);
	close(far);
	for (int i = 0; i < 5; i++)
		assert_true(sd_event_run(f->event, 20000) >= 0);
	router = slaac_router(f->slaac);
	assert_false(ip_is_set(&router));
	assert_int_equal(f->changes, 0);
}

static void an_address_that_somebody_has_is_not_used(void **state)
{
	struct fixture *f = *state;

	netns_run("ip addr add " OWN "/64 dev far0 nodad");
	bring_up(f);
	advertise_by(f->router, 1800, 7200, 600);
	WAIT_FOR(f, f->changes >= 3); /* found, then found to be a duplicate */
	assert_false(has(f, OWN));
	assert_true(has(f, LINK_LOCAL));
}

static void an_address_that_is_removed_is_put_back(void **state)
{
	struct fixture *f = *state;

	bring_up(f);
	advertise_by(f->router, 1800, 7200, 600);
	WAIT_FOR(f, has(f, OWN));
	netns_run("ip addr del " OWN "/64 dev mqtt0");
	WAIT_FOR(f, !has(f, OWN));
	WAIT_FOR(f, has(f, OWN));
}

static void the_link_comes_back_and_routers_are_asked_again(void **state)
{
	struct fixture *f = *state;

	bring_up(f);
	advertise_by(f->router, 1800, 7200, 600);
	WAIT_FOR(f, has(f, OWN));
	assert_false(was_asked(f));
	slaac_link(f->slaac, false);
	slaac_link(f->slaac, true);
	WAIT_FOR(f, was_asked(f));
	assert_true(has(f, OWN));
}

static void without_ipv6_there_is_an_error(void **state)
{
	struct fixture *f = *state;

	netns_run("echo 1 > /proc/sys/net/ipv6/conf/mqtt0/disable_ipv6");
	assert_true(slaac_new(&f->slaac, f->event, f->nl, &f->settings,
			      if_nametoindex("mqtt0"), "mqtt0", mac, on_change, f) < 0);
	assert_null(f->slaac);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(a_router_gives_an_address_with_its_routes_and_rules),
		TEST(what_ends_is_taken_away),
		TEST(a_forged_end_does_not_take_an_address_away),
		TEST(a_short_prefix_is_not_for_the_rest_of_the_machine),
		TEST(a_deprecated_address_is_used_only_without_another),
		TEST(words_from_afar_are_not_believed),
		TEST(an_address_that_somebody_has_is_not_used),
		TEST(an_address_that_is_removed_is_put_back),
		TEST(the_link_comes_back_and_routers_are_asked_again),
		TEST(without_ipv6_there_is_an_error),
	};

	log_set_max_level(LOG_EMERG);
	netns_enter();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
