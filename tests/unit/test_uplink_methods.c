// SPDX-License-Identifier: MIT
/* test_uplink_methods.c — the interface with an address of another kind than a lease */
#include "uplink_rig.h"

#include <errno.h>

#include "unit.h"

static void servers_of_the_configuration_are_asked_with_a_lease_only(void **state)
{
	struct fixture *f = *state;

	f->settings.ipv6 = true;
	f->settings.dns[0] = host(77);
	f->settings.n_dns = 1;
	start(f);
	uplink_link(f->uplink, true);
	carrier(true);
	/* Without it there are no rules that lead to them by this interface. */
	done[0] = '\0';
	slaac_change(slaac_ctx);
	expect("names 0;on ipv6 fd77::5;");
	lease_arrives(5);
	expect("apply 5;names 77;on gateway 1;probe 7;on lease 5;");
	dhcp_events->on_lost(dhcp_events->ctx, CAUSE_LEASE_EXPIRED, "The lease ran out");
	expect("on gateway 0;names 0;clear;on lease 0;on trouble 1 The lease ran out;");
}

static void ipv6_stands_beside_the_lease(void **state)
{
	struct fixture *f = *state;

	f->settings.ipv6 = true;
	start(f);
	expect("names 0;tap mqtt0;up 7;watch 7;slaac 7;dhcp for pi;on tap;");
	uplink_link(f->uplink, true);
	carrier(true);
	expect("dhcp link 1;slaac link 1;");
	/* The router of IPv6 is watched as long as there is none of IPv4. */
	assert_true(ip_parse(&slaac_gateway, "fe80::1"));
	slaac_change(slaac_ctx);
	expect("names 66;on gateway 1;probe 7;on ipv6 fd77::5;");
	lease_arrives(5);
	expect("apply 5;names 9;on gateway 1;probe 7;on lease 5;");
	tell_address(5, true);
	expect("slaac address 10.0.0.5;");
	/* Somebody sets it down, which takes the addresses, and up again. */
	tell_link(true, false, false, 0);
	expect("dhcp link 0;slaac link 0;on trouble 1 The interface was set down by "
	       "somebody;");
	tell_address(5, true);
	expect("");
	tell_link(true, true, false, 0);
	expect("slaac free;slaac 7;slaac link 0;clear;apply 5;names 9;on lease 5;");
	/* Somebody deletes it. */
	ifindex = 0;
	tell_link(false, false, false, 0);
	expect("dhcp gone;on gateway 0;names 0;slaac free;on ipv6 none;watch 0;on trouble 1 "
	       "The interface was deleted by somebody;");
	ifindex = 7;
}

static void without_ipv6_in_the_kernel_there_is_still_ipv4(void **state)
{
	struct fixture *f = *state;

	f->settings.ipv6 = true;
	slaac_result = -EACCES;
	start(f);
	expect("names 0;tap mqtt0;up 7;watch 7;slaac 7;dhcp for pi;on tap;");
	uplink_link(f->uplink, true);
	carrier(true);
	expect("dhcp link 1;");
}

static void a_port_of_a_bridge_has_no_address(void **state)
{
	struct fixture *f = *state;

	f->settings.method = NETWORK_METHOD_NONE;
	start(f);
	expect("names 0;tap mqtt0;up 7;watch 7;on tap;");
	tell_link(true, true, false, 0);
	expect("on port none;");
	uplink_link(f->uplink, true);
	tell_link(true, true, true, BRIDGE);
	expect("on port br0;");
	tell_link(true, true, true, 0);
	expect("on port none;");
	uplink_stop(f->uplink, 500);
	expect("on stopped;");
}

static void external_lease_arrives(uint32_t address, uint32_t gateway)
{
	struct lease lease = { .address = host(address),
			       .prefix_len = 24,
			       .gateway = host(gateway),
			       .lifetime_s = UINT32_MAX };

	external_events->on_lease(external_events->ctx, &lease);
}

static void an_external_address_is_watched_and_never_touched(void **state)
{
	struct fixture *f = *state;

	f->settings.method = NETWORK_METHOD_EXTERNAL;
	start(f);
	expect("names 0;tap mqtt0, joined;up 7;watch 7;device 7;on tap;");
	uplink_link(f->uplink, true);
	carrier(true);
	expect("link 1;look;");
	external_events->on_trouble(external_events->ctx, CAUSE_ADDRESS_NOBODYS,
				    "Nobody");
	expect("on trouble 1 Nobody;");
	tell_address(5, true);
	netlink_events->on_route(netlink_events->ctx);
	expect("look;look;");
	external_lease_arrives(5, 1);
	expect("names 0;on gateway 1;probe 7;on lease 5;");
	external_lease_arrives(5, 2);
	expect("names 0;on gateway 1;probe 7;on lease 5;");
	tell_address(5, false);
	expect("look;");
	external_events->on_lease(external_events->ctx, NULL);
	expect("on gateway 0;names 0;clear;on lease 0;");
	uplink_stop(f->uplink, 500);
	expect("on stopped;");
	external_lease_arrives(5, 1);
	external_events->on_trouble(external_events->ctx, CAUSE_ADDRESS_NOBODYS,
				    "Nobody");
	expect("");
}

static void
an_external_address_goes_with_the_interface_and_stays_with_the_link(void **state)
{
	struct fixture *f = *state;

	f->settings.method = NETWORK_METHOD_EXTERNAL;
	start(f);
	uplink_link(f->uplink, true);
	carrier(true);
	external_lease_arrives(5, 1);
	done[0] = '\0';
	carrier(false);
	expect("link 0;look;");
	carrier(true); /* told again: it is good for the new link too */
	expect("link 1;names 0;on lease 5;on gateway 0;on gateway 1;probe 7;look;");
	netlink_events->on_overrun(netlink_events->ctx);
	expect("look;on gateway 0;on gateway 1;probe 7;");
	ifindex = 8;
	tell_link(false, false, false, 0);
	expect("device 0;on gateway 0;names 0;clear;on lease 0;names 0;watch 0;"
	       "on trouble 1 The interface was deleted by somebody;");
	for (int i = 0; i < 3; i++)
		(void)sd_event_run(f->event, 1000);
	expect("tap mqtt0, joined;up 8;watch 8;device 8;on tap;");
}

static void an_external_address_is_not_looked_for_while_set_down(void **state)
{
	struct fixture *f = *state;

	f->settings.method = NETWORK_METHOD_EXTERNAL;
	start(f);
	external_lease_arrives(5, 1);
	done[0] = '\0';
	tell_link(true, false, false, 0);
	expect("on trouble 1 The interface was set down by somebody;");
	tell_link(true, false, false, 0);
	tell_address(5, false);
	netlink_events->on_route(netlink_events->ctx);
	expect("");
	netlink_events->on_overrun(netlink_events->ctx);
	expect("on gateway 0;on gateway 1;probe 7;");
	tell_link(true, true, false, 0);
	expect("look;clear;names 0;on lease 5;");
	tell_address(5, false);
	expect("look;");
}

static void a_port_that_is_set_down_is_told_and_is_a_port_again(void **state)
{
	struct fixture *f = *state;

	f->settings.method = NETWORK_METHOD_NONE;
	start(f);
	done[0] = '\0';
	tell_link(true, false, false, BRIDGE);
	expect("on trouble 1 The interface was set down by somebody;");
	tell_link(true, true, false, BRIDGE);
	expect("on port br0;");
}

#define CASE(name)                                                                       \
	cmocka_unit_test_setup_teardown(name, uplink_rig_set_up, uplink_rig_tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CASE(servers_of_the_configuration_are_asked_with_a_lease_only),
		CASE(ipv6_stands_beside_the_lease),
		CASE(without_ipv6_in_the_kernel_there_is_still_ipv4),
		CASE(a_port_of_a_bridge_has_no_address),
		CASE(an_external_address_is_watched_and_never_touched),
		CASE(an_external_address_goes_with_the_interface_and_stays_with_the_link),
		CASE(an_external_address_is_not_looked_for_while_set_down),
		CASE(a_port_that_is_set_down_is_told_and_is_a_port_again),
	};

	return cmocka_run_group_tests_name("uplink_methods", tests, NULL, NULL);
}
