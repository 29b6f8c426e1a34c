// SPDX-License-Identifier: MIT
/* test_dhcp.c — leases from the real client and server */
#include "dhcp_rig.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static void gets_renews_and_releases_a_lease(void **state)
{
	struct dhcp_rig *f = *state;
	struct in_addr address;
	uint64_t start;

	server_start(f, 77, RANGE_77);
	start = clock_now_ns(&clock_system);
	dhcp_link(f->dhcp, true);
	dhcp_link(f->dhcp, true); /* says nothing new */
	WAIT_FOR(f, 10, f->leases == 1);
	print_message("# lease after %.2f s\n", seconds_since(start));
	address = f->lease.address;
	assert_in_range(ntohl(address.s_addr), 0x0a4d0032, 0x0a4d003c);
	assert_int_equal(f->lease.prefix_len, 24);
	assert_int_equal(f->lease.gateway.s_addr, inet_addr("10.77.0.1"));
	assert_int_equal(f->lease.server.s_addr, inet_addr("10.77.0.1"));
	assert_int_equal(f->lease.n_dns, 2);
	assert_int_equal(f->lease.dns[1].s_addr, inet_addr("10.77.0.2"));
	assert_int_equal(f->lease.lifetime_s, 120);
	assert_int_equal(f->lease.mtu, 1400);
	assert_int_equal(server_count("client provides name: node-7"), 2);

	/* The cable comes back to the same network: confirmed, not begun anew. */
	dhcp_link(f->dhcp, false);
	start = clock_now_ns(&clock_system);
	dhcp_link(f->dhcp, true);
	WAIT_FOR(f, 6, f->leases == 2);
	print_message("# confirmed after %.2f s\n", seconds_since(start));
	assert_int_equal(f->lease.address.s_addr, address.s_addr);
	assert_int_equal(server_count("DHCPDISCOVER("), 1);
	assert_int_equal(f->losses + f->troubles, 0);

	start = clock_now_ns(&clock_system);
	dhcp_stop(f->dhcp, 500);
	assert_int_equal(f->stops, 0); /* not from within */
	WAIT_FOR(f, 4, f->stops == 1);
	print_message("# stopped after %.2f s\n", seconds_since(start));
	netns_wait("grep -q 'DHCPRELEASE(' %s/dns.log", dhcp_rig_dir());
	assert_int_equal(f->losses + f->troubles, 0);
	dhcp_link(f->dhcp, false); /* too late to matter */
	dhcp_link(f->dhcp, true);
	assert_int_equal(sd_event_run(f->event, 100000), 0);
}

static void finds_the_server_of_another_network_without_a_release(void **state)
{
	struct dhcp_rig *f = *state;
	uint64_t start;

	server_start(f, 77, RANGE_77);
	dhcp_link(f->dhcp, true);
	WAIT_FOR(f, 10, f->leases == 1);
	dhcp_link(f->dhcp, false);
	server_stop(f);
	server_start(f, 78, "--dhcp-range=10.78.0.50,10.78.0.60,2m");
	start = clock_now_ns(&clock_system);
	dhcp_link(f->dhcp, true);
	WAIT_FOR(f, 12, f->leases == 2);
	print_message("# in the new network after %.2f s\n", seconds_since(start));
	assert_in_range(ntohl(f->lease.address.s_addr), 0x0a4e0032, 0x0a4e003c);
	assert_int_equal(f->losses, 0); /* replaced */
	assert_int_equal(server_count("DHCPRELEASE("), 0);
	/* and the new client renews as the old one did */
	dhcp_link(f->dhcp, false);
	dhcp_link(f->dhcp, true);
	WAIT_FOR(f, 6, f->leases == 3);
	assert_int_equal(server_count("DHCPDISCOVER("), 1);
}

static void tells_silence_and_goes_on_asking(void **state)
{
	struct dhcp_rig *f = *state;

	dhcp_link(f->dhcp, true);
	WAIT_FOR(f, 10, f->troubles == 1);
	assert_string_equal(f->cause, "No answer from a DHCP server (3 s)");
	WAIT_FOR(f, 4, f->troubles == 2);
	assert_string_equal(f->cause, "No answer from a DHCP server (4 s)");
	server_start(f, 77, RANGE_77);
	WAIT_FOR(f, 16, f->leases == 1);
	f->troubles = 0;
	assert_int_equal(sd_event_run(f->event, 1500000), 0); /* quiet again */
	assert_int_equal(f->troubles + f->losses, 0);
}

static void keeps_the_lease_while_the_server_is_away(void **state)
{
	struct dhcp_rig *f = *state;

	server_start(f, 77, RANGE_77);
	dhcp_link(f->dhcp, true);
	WAIT_FOR(f, 10, f->leases == 1);
	server_stop(f);
	dhcp_link(f->dhcp, false);
	dhcp_link(f->dhcp, true);
	WAIT_FOR(f, 10, f->troubles > 1); /* a second client asks now */
	assert_int_equal(f->losses, 0);
	server_start(f, 77, RANGE_77);
	WAIT_FOR(f, 16, f->leases == 2);
	assert_int_equal(f->losses, 0);
}

static void tells_a_conflict_with_its_address(void **state)
{
	struct dhcp_rig *f = *state;

	/* The machine at the other end answers for the one address that is offered. */
	server_start(f, 77, "--dhcp-range=10.77.0.50,10.77.0.50,2m");
	netns_run(
		"nsenter -t %d -n sh -c 'ip link set lo up; ip addr add 10.77.0.50/32 dev lo'",
		f->wire.pid);
	dhcp_link(f->dhcp, true);
	WAIT_FOR(f, 8, f->troubles > 0);
	assert_string_equal(f->cause,
			    "Address conflict: 10.77.0.50 is in use by another machine");
	assert_int_equal(f->leases, 0);
	netns_wait("grep -q 'DHCPDECLINE(' %s/dns.log", dhcp_rig_dir());
}

static void gives_the_lease_up_when_the_server_refuses_it(void **state)
{
	struct dhcp_rig *f = *state;

	server_start(f, 77, RANGE_77 " --dhcp-authoritative");
	dhcp_link(f->dhcp, true);
	WAIT_FOR(f, 10, f->leases == 1);
	dhcp_link(f->dhcp, false);
	server_stop(f);
	server_start(f, 77,
		     "--dhcp-range=10.77.0.100,10.77.0.110,2m --dhcp-authoritative");
	dhcp_link(f->dhcp, true);
	WAIT_FOR(f, 6, f->losses == 1);
	assert_int_equal(strncmp(f->why, "The DHCP server refused the address (NAK)", 41),
			 0);
	print_message("# %s\n", f->why);
	WAIT_FOR(f, 16, f->leases == 2);
	assert_in_range(ntohl(f->lease.address.s_addr), 0x0a4d0064, 0x0a4d006e);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		DHCP_TEST(gets_renews_and_releases_a_lease),
		DHCP_TEST(finds_the_server_of_another_network_without_a_release),
		DHCP_TEST(tells_silence_and_goes_on_asking),
		DHCP_TEST(keeps_the_lease_while_the_server_is_away),
		DHCP_TEST(tells_a_conflict_with_its_address),
		DHCP_TEST(gives_the_lease_up_when_the_server_refuses_it),
	};

	return dhcp_rig_main(argc, argv, "dhcp", tests);
}
