// SPDX-License-Identifier: MIT
/* test_uplink.c — the interface with its address, over faked parts: see uplink_fakes.h */
#include "mqttnode/uplink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <linux/neighbour.h>

#include "unit.h"

#include "mqttnode/log.h"
#include "uplink_fakes.h"

static void on_tap(void *ctx, int fd)
{
	(void)ctx;
	note("on tap");
	close(fd);
}

static void on_lease(void *ctx, const struct lease *lease)
{
	(void)ctx;
	note("on lease %u", lease ? ntohl(lease->address.s_addr) & 255 : 0);
}

static void on_port(void *ctx, const char *master)
{
	(void)ctx;
	note("on port %s", master ? master : "none");
}

static void on_addresses6(void *ctx, const struct ip *addresses, size_t n)
{
	char text[IP_TEXT_SIZE] = "none";

	(void)ctx;
	note("on ipv6 %s", n > 0 ? ip_text(addresses, text) : text);
}

static void on_trouble(void *ctx, bool failed, enum cause_id id, const char *cause)
{
	assert_int_not_equal(id, CAUSE_NONE);
	(void)ctx;
	note("on trouble %d %s", failed, cause);
}

static void on_gateway(void *ctx, enum gateway_state state, struct ip gateway)
{
	(void)ctx;
	(void)gateway;
	note("on gateway %d", (int)state);
}

static void on_stopped(void *ctx)
{
	(void)ctx;
	note("on stopped");
}

static const struct uplink_events events = {
	.on_tap = on_tap,
	.on_lease = on_lease,
	.on_port = on_port,
	.on_addresses6 = on_addresses6,
	.on_trouble = on_trouble,
	.on_gateway = on_gateway,
	.on_stopped = on_stopped,
};
static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 };

static struct in_addr host(uint32_t n)
{
	return (struct in_addr){ .s_addr = htonl(0x0a000000 + n) };
}

struct fixture {
	sd_event *event;
	struct uplink *uplink;
	struct network_settings settings;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	done[0] = '\0';
	tap_result = apply_result = slaac_result = 0;
	slaac_gateway = (struct ip){ 0 };
	ifindex = 7;
	dropped = 0;
	lookup_us = UINT64_C(3600000000);
	log_set_max_level(LOG_EMERG);
	assert_true(sd_event_new(&f->event) >= 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	f->uplink = uplink_free(f->uplink);
	sd_event_unref(f->event);
	free(f);
	return 0;
}

static void start(struct fixture *f)
{
	assert_int_equal(uplink_new(&f->uplink, f->event, "mqtt0", mac, "pi",
				    &f->settings, &events),
			 0);
}

static void lease_arrives(uint32_t address)
{
	struct lease lease = { .address = host(address),
			       .prefix_len = 24,
			       .gateway = host(1),
			       .dns = { host(9) },
			       .n_dns = 1 };

	dhcp_events->on_lease(dhcp_events->ctx, &lease);
}

static void tell_link(bool exists, bool up, bool on, unsigned int master)
{
	netlink_events->on_link(
		netlink_events->ctx,
		&(struct netlink_link){
			.exists = exists, .up = up, .carrier = on, .master = master });
}

static void tell_address(uint32_t address, bool present)
{
	netlink_events->on_address(
		netlink_events->ctx,
		&(struct netlink_address){ .address = ip_from_v4(host(address)),
					   .prefix_len = 24,
					   .present = present });
}

static void carrier(bool on)
{
	tell_link(true, true, on, 0);
}

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
	struct uplink *none = NULL;

	tap_result = -EBUSY;
	assert_int_equal(
		uplink_new(&none, f->event, "mqtt0", mac, "pi", &f->settings, &events),
		-EBUSY);
	assert_null(none);
	expect("names 0;tap mqtt0;");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CASE(dhcp_follows_the_link),
		CASE(configured_servers_replace_those_of_the_lease),
		CASE(a_static_address_is_there_at_once),
		CASE(servers_of_the_configuration_are_asked_with_a_lease_only),
		CASE(ipv6_stands_beside_the_lease),
		CASE(without_ipv6_in_the_kernel_there_is_still_ipv4),
		CASE(a_port_of_a_bridge_has_no_address),
		CASE(an_external_address_is_watched_and_never_touched),
		CASE(an_external_address_goes_with_the_interface_and_stays_with_the_link),
		CASE(a_deleted_interface_comes_back_with_its_lease),
		CASE(a_late_word_about_the_device_before_is_ignored),
		CASE(what_a_deleted_interface_loses_is_no_news),
		CASE(servers_of_before_are_let_go_when_no_lookup_can_be_under_way),
		CASE(an_address_that_was_refused_is_tried_again),
		CASE(what_is_dropped_before_frames_can_be_sent_is_no_overrun),
		CASE(a_removed_address_is_put_back),
		CASE(an_interface_set_down_is_told_and_equipped_when_up),
		CASE(without_a_lease_only_the_trouble_ends_when_it_is_up),
		CASE(an_external_address_is_not_looked_for_while_set_down),
		CASE(a_port_that_is_set_down_is_told_and_is_a_port_again),
		CASE(lost_news_are_made_up_for),
		CASE(rules_that_somebody_removes_are_put_back),
		CASE(stopping_releases_and_says_so),
		CASE(no_interface_no_uplink),
	};

	return cmocka_run_group_tests_name("uplink", tests, NULL, NULL);
}
