// SPDX-License-Identifier: MIT
/*
 * test_address.c — an address with its routes and rules in a real kernel
 *
 * In a namespace of its own, beside a second interface that has a default route
 * and a rule of somebody else: neither may change.
 */
#include "mqttnode/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netns.h"
#include "unit.h"

#include "mqttnode/log.h"
#include "mqttnode/tap.h"

struct fixture {
	sd_event *event;
	struct netlink_events events;
	struct netlink *nl;
	struct network_settings settings;
	struct address *address;
	int tap;
	unsigned int ifindex;
	char before[2048]; /* what belongs to others */
	int log_fd, saved_stderr;
};

static struct in_addr ip(const char *text)
{
	struct in_addr a;

	assert_int_equal(inet_pton(AF_INET, text, &a), 1);
	return a;
}

static struct lease a_lease(void)
{
	return (struct lease){ .address = ip("10.77.0.59"),
			       .prefix_len = 24,
			       .gateway = ip("10.77.0.1"),
			       .dns = { ip("10.77.0.1"), ip("9.9.9.9") },
			       .n_dns = 2,
			       .lifetime_s = 120 };
}

/* Routes and rules of everybody but us. */
static void others(char *buf, size_t size)
{
	netns_output(
		buf, size,
		"ip -4 route show table all | grep -v mqtt0; ip rule | grep -v 7700");
}

static int setup(void **state)
{
	static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 7 };
	struct fixture *f = calloc(1, sizeof(*f));

	netns_enter();
	netns_run(
		"ip link add eth0 type veth peer name lan0 && ip addr add 192.0.2.2/24 dev "
		"eth0 && ip link set eth0 up && ip link set lan0 up && "
		"ip route add default via 192.0.2.1 metric 100 && "
		"ip rule add from 192.0.2.77 table 7700 priority 7700");
	others(f->before, sizeof(f->before));
	assert_non_null(strstr(f->before, "default via 192.0.2.1"));
	assert_true(sd_event_new(&f->event) >= 0);
	assert_int_equal(netlink_new(&f->nl, f->event, &f->events), 0);
	f->tap = tap_open("mqtt0", mac, false);
	assert_true(f->tap >= 0);
	f->ifindex = if_nametoindex("mqtt0");
	assert_int_equal(netlink_link_up(f->nl, f->ifindex, 0), 0);
	assert_int_equal(tap_set_carrier(f->tap, true), 0);
	f->settings = (struct network_settings){ .table = 7700, .default_route = true };
	log_setup(LOG_TARGET_STDERR, LOG_ERR);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char after[2048];

	f->address = address_free(f->address);
	others(after, sizeof(after));
	assert_string_equal(after, f->before);
	netns_output(after, sizeof(after),
		     "ip rule | grep 7700 | grep -v 192.0.2.77; ip -4 addr show mqtt0 | "
		     "grep inet; ip -4 route show table all | grep mqtt0");
	assert_string_equal(after, "");
	netlink_free(f->nl);
	close(f->tap);
	sd_event_unref(f->event);
	free(f);
	return 0;
}

static void begin(struct fixture *f)
{
	assert_int_equal(
		address_new(&f->address, f->nl, &f->settings, f->ifindex, "mqtt0"), 0);
}

static void expect(const char *command, const char *what)
{
	char out[2048];

	netns_output(out, sizeof(out), "%s", command);
	if (!strstr(out, what))
		fail_msg("'%s' does not show '%s':\n%s", command, what, out);
}

static void expect_not(const char *command, const char *what)
{
	char out[2048];

	netns_output(out, sizeof(out), "%s", command);
	if (strstr(out, what))
		fail_msg("'%s' shows '%s':\n%s", command, what, out);
}

static void a_lease_gets_its_table_and_rules(void **state)
{
	struct lease lease = a_lease();
	struct fixture *f = *state;

	begin(f);
	assert_null(address_current(f->address));
	assert_int_equal(address_apply(f->address, &lease), 0);
	assert_int_equal(address_current(f->address)->address.s_addr,
			 lease.address.s_addr);
	expect("ip -4 addr show mqtt0", "inet 10.77.0.59/24");
	expect("ip -4 addr show mqtt0", "noprefixroute");
	expect("ip route show table 7700",
	       "default via 10.77.0.1 dev mqtt0 proto 77 src 10.77.0.59");
	expect("ip route show table 7700",
	       "10.77.0.0/24 dev mqtt0 proto 77 scope link src 10.77.0.59");
	expect("ip route", "default via 192.0.2.1 dev eth0 metric 100");
	expect("ip route",
	       "default via 10.77.0.1 dev mqtt0 proto 77 src 10.77.0.59 metric 4096");
	expect("ip route",
	       "10.77.0.0/24 dev mqtt0 proto 77 scope link src 10.77.0.59 metric 4096");
	expect("ip rule", "from 10.77.0.59 lookup 7700 proto 77");
	expect("ip rule", "to 9.9.9.9 uidrange 0-0 lookup 7700");
	expect("ip rule", "uidrange");
	/* what leaves with our source goes out here, everything else as before */
	expect("ip route get 198.51.100.9 from 10.77.0.59", "dev mqtt0");
	expect("ip route get 198.51.100.9", "dev eth0");
	address_clear(f->address);
	expect("ip route get 198.51.100.9", "dev eth0");
	assert_null(address_current(f->address));
	address_clear(f->address); /* nothing left to do */
}

static void a_renewal_only_refreshes(void **state)
{
	char before[2048], after[2048];
	struct lease lease = a_lease();
	struct fixture *f = *state;

	begin(f);
	assert_int_equal(address_apply(f->address, &lease), 0);
	netns_output(before, sizeof(before), "ip route show table all; ip rule");
	lease.lifetime_s = 3600;
	assert_int_equal(address_apply(f->address, &lease), 0);
	netns_output(after, sizeof(after), "ip route show table all; ip rule");
	assert_string_equal(before, after);
	expect("ip -4 addr show mqtt0", "valid_lft 36");
}

static void another_address_replaces_everything(void **state)
{
	struct lease lease = a_lease();
	struct fixture *f = *state;

	begin(f);
	assert_int_equal(address_apply(f->address, &lease), 0);
	lease.address = ip("172.16.5.5");
	lease.prefix_len = 16;
	lease.gateway = ip("172.16.0.1");
	lease.dns[0] = ip("172.16.0.1");
	lease.n_dns = 1;
	assert_int_equal(address_apply(f->address, &lease), 0);
	expect("ip route show table 7700", "default via 172.16.0.1");
	expect("ip route show table 7700", "172.16.0.0/16");
	address_settle(f->address);
	expect_not("ip route show table all; ip rule; ip addr show mqtt0", "10.77.0");
	expect_not("ip rule", "9.9.9.9");
}

static void a_changed_gateway_or_server_is_followed(void **state)
{
	struct lease lease = a_lease();
	struct fixture *f = *state;

	begin(f);
	assert_int_equal(address_apply(f->address, &lease), 0);
	lease.gateway = ip("10.77.0.254");
	lease.dns[1] = ip("1.1.1.1");
	assert_int_equal(address_apply(f->address, &lease), 0);
	expect("ip route show table 7700", "default via 10.77.0.254");
	expect_not("ip route show table all", "via 10.77.0.1 ");
	expect("ip rule", "to 1.1.1.1 uidrange 0-0 lookup 7700");
	address_settle(f->address);
	expect_not("ip rule", "9.9.9.9");
	lease.gateway.s_addr = 0;
	lease.n_dns = 0;
	assert_int_equal(address_apply(f->address, &lease), 0);
	address_settle(f->address);
	expect_not("ip route show table 7700", "default");
	expect_not("ip rule", "uidrange");
}

static void what_has_no_route_here_takes_no_other_way(void **state)
{
	static const char ask[] =
		"ip route get 198.51.100.9 from 10.77.0.59 2>&1; ip route get 9.9.9.9 2>&1";
	struct lease lease = a_lease();
	struct fixture *f = *state;

	begin(f);
	lease.gateway.s_addr = 0;
	assert_int_equal(address_apply(f->address, &lease), 0);
	expect(ask, "unreachable");
	expect_not(ask, "eth0");
	expect("ip route get 10.77.0.1 from 10.77.0.59", "dev mqtt0");
	expect("ip route get 198.51.100.9", "dev eth0"); /* others go as before */
	lease.gateway = ip("10.77.0.1");
	assert_int_equal(address_apply(f->address, &lease), 0);
	expect_not(ask, "unreachable");
	/* The kernel takes the routes away, the rules stay. */
	netns_run("ip link set mqtt0 down");
	expect(ask, "unreachable");
	expect_not(ask, "eth0");
	expect("ip rule", "from 192.0.2.77 lookup 7700");
	address_clear(f->address);
	address_settle(f->address);
	expect_not("ip rule", "unreachable");
}

static void a_question_under_way_takes_no_other_way(void **state)
{
	static const char ask[] = "ip route get 9.9.9.9 2>&1";
	struct lease lease = a_lease();
	struct fixture *f = *state;

	begin(f);
	assert_int_equal(address_apply(f->address, &lease), 0);
	expect(ask, "dev mqtt0");
	address_clear(f->address);
	expect(ask, "unreachable");
	expect_not("ip rule", "from 10.77.0.59");
	/* The same server is wanted again, another one not any more. */
	lease.dns[0] = ip("9.9.9.9");
	lease.dns[1] = ip("1.1.1.1");
	assert_int_equal(address_apply(f->address, &lease), 0);
	expect(ask, "dev mqtt0");
	expect("ip rule", "to 10.77.0.1 uidrange 0-0 lookup 7700");
	address_settle(f->address);
	expect_not("ip rule", "10.77.0.1 ");
	expect(ask, "dev mqtt0");
	/* What is cleared twice is there once. */
	address_clear(f->address);
	assert_int_equal(address_apply(f->address, &lease), 0);
	address_clear(f->address);
	expect(ask, "unreachable");
	address_settle(f->address);
	expect(ask, "dev eth0");
	expect_not("ip rule", "unreachable");
}

static void rules_that_somebody_removed_are_put_back(void **state)
{
	char before[2048], after[2048];
	struct lease lease = a_lease();
	struct fixture *f = *state;

	begin(f);
	assert_int_equal(address_apply(f->address, &lease), 0);
	lease.n_dns = 1; /* those for the other one linger */
	assert_int_equal(address_apply(f->address, &lease), 0);
	netns_output(before, sizeof(before), "ip rule | sort");
	assert_int_equal(address_restore_rules(f->address), 0);
	netns_run(
		"ip rule del from 10.77.0.59 pref 7700; ip rule del to 9.9.9.9 pref 7701");
	assert_int_equal(address_restore_rules(f->address), 2);
	netns_output(after, sizeof(after), "ip rule | sort");
	assert_string_equal(after, before);
	address_clear(f->address);
	address_settle(f->address);
	assert_int_equal(address_restore_rules(f->address), 0);
}

static void a_gateway_outside_the_subnet_is_reached_on_link(void **state)
{
	struct lease lease = a_lease();
	struct fixture *f = *state;

	begin(f);
	lease.prefix_len = 32;
	lease.gateway = ip("192.168.99.1");
	assert_int_equal(address_apply(f->address, &lease), 0);
	expect("ip route show table 7700",
	       "default via 192.168.99.1 dev mqtt0 proto 77 src "
	       "10.77.0.59 onlink");
	expect_not("ip route show table 7700", "10.77.0.59 dev");
}

static void without_default_route_the_main_table_has_none(void **state)
{
	struct lease lease = a_lease();
	struct fixture *f = *state;

	f->settings.default_route = false;
	begin(f);
	assert_int_equal(address_apply(f->address, &lease), 0);
	expect_not("ip route show default", "mqtt0");
	expect("ip route show table 7700", "default via 10.77.0.1");
}

static void configured_servers_get_the_rules(void **state)
{
	struct lease lease = a_lease();
	struct fixture *f = *state;

	f->settings.dns[0] = ip("8.8.4.4");
	f->settings.n_dns = 1;
	begin(f);
	assert_int_equal(address_apply(f->address, &lease), 0);
	expect("ip rule", "to 8.8.4.4 uidrange 0-0 lookup 7700");
	expect_not("ip rule", "9.9.9.9");
}

static void the_system_resolver_gets_no_rules(void **state)
{
	struct lease lease = a_lease();
	struct fixture *f = *state;

	f->settings.dns_system = true;
	begin(f);
	assert_int_equal(address_apply(f->address, &lease), 0);
	expect_not("ip rule", "uidrange");
	expect("ip rule", "from 10.77.0.59");
}

static void the_mtu_of_the_lease_is_used(void **state)
{
	struct lease lease = a_lease();
	struct fixture *f = *state;

	begin(f);
	lease.mtu = 1400;
	assert_int_equal(address_apply(f->address, &lease), 0);
	expect("ip link show mqtt0", "mtu 1400");
	lease.mtu = 0;
	assert_int_equal(address_apply(f->address, &lease), 0);
	expect("ip link show mqtt0", "mtu 1500");
}

static void rules_left_by_a_crash_are_removed(void **state)
{
	struct fixture *f = *state;

	netns_run("ip rule add from 10.1.1.1 table 7700 priority 7700 protocol 77");
	netns_run("ip rule add to 10.1.1.1 table 7700 priority 7700 protocol 77");
	begin(f);
	expect_not("ip rule", "10.1.1.1");
	expect("ip rule", "192.0.2.77"); /* somebody else's: no protocol 77 */
}

static void a_missing_interface_is_an_error(void **state)
{
	struct lease lease = a_lease();
	struct fixture *f = *state;

	log_set_max_level(LOG_EMERG);
	begin(f);
	f->tap = (close(f->tap), -1);
	assert_int_equal(address_apply(f->address, &lease), -ENODEV);
	assert_null(address_current(f->address));
	expect_not("ip rule", "10.77.0.59");
}

/* The kernel's news of rules ('r') and addresses ('a') in their order. */
static void read_news(int fd, char *buf, size_t size)
{
	char news[16384];
	ssize_t n;

	*buf = '\0';
	while ((n = recv(fd, news, sizeof(news), MSG_DONTWAIT)) > 0) {
		struct nlmsghdr *h = (struct nlmsghdr *)(void *)news;

		for (unsigned int left = (unsigned int)n; NLMSG_OK(h, left);
		     h = NLMSG_NEXT(h, left)) {
			assert_true(strlen(buf) + 1 < size);
			if (h->nlmsg_type == RTM_NEWRULE)
				strcat(buf, "r");
			else if (h->nlmsg_type == RTM_NEWADDR)
				strcat(buf, "a");
		}
	}
}

static void rules_are_there_before_the_address(void **state)
{
	struct sockaddr_nl groups = { .nl_family = AF_NETLINK,
				      .nl_groups = RTMGRP_IPV4_IFADDR };
	int rules = RTNLGRP_IPV4_RULE;
	struct lease lease = a_lease();
	struct fixture *f = *state;
	char news[32];
	int fd;

	begin(f);
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	assert_int_equal(bind(fd, (struct sockaddr *)&groups, sizeof(groups)), 0);
	assert_int_equal(setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &rules,
				    sizeof(rules)),
			 0);
	assert_int_equal(address_apply(f->address, &lease), 0);
	read_news(fd, news, sizeof(news));
	assert_string_equal(news, "rrrrrra");
	lease.address = ip("10.77.0.60");
	assert_int_equal(address_apply(f->address, &lease), 0);
	read_news(fd, news, sizeof(news));
	assert_string_equal(news, "rra"); /* those for the servers were there */
	close(fd);
}

static void what_failed_is_tried_again(void **state)
{
	struct fixture *f = *state;
	struct lease lease = a_lease();

	log_setup(LOG_TARGET_STDERR, LOG_CRIT);
	begin(f);
	netns_run("ip link set mqtt0 down");
	assert_int_equal(address_apply(f->address, &lease), -ENETDOWN);
	expect("ip -4 addr show mqtt0", "inet 10.77.0.59/24");
	expect("ip rule", "from 10.77.0.59 lookup 7700");
	netns_run("ip link set mqtt0 up");
	assert_int_equal(address_apply(f->address, &lease), 0);
	expect("ip route show table 7700", "default via 10.77.0.1 dev mqtt0");
	expect("ip route show table main", "default via 10.77.0.1 dev mqtt0");
}

static void a_vanished_interface_is_cleared_quietly(void **state)
{
	struct lease lease = a_lease();
	struct fixture *f = *state;

	begin(f);
	assert_int_equal(address_apply(f->address, &lease), 0);
	f->tap = (close(f->tap), -1);
	address_clear(f->address);
	expect_not("ip rule", "10.77.0.59");
}

/* What is logged while stderr is a file. */
static void capture_log(struct fixture *f)
{
	char path[] = "/tmp/mqttnode-address-XXXXXX";

	f->log_fd = mkostemp(path, O_CLOEXEC);
	assert_true(f->log_fd >= 0);
	unlink(path);
	f->saved_stderr = dup(STDERR_FILENO);
	assert_int_equal(dup2(f->log_fd, STDERR_FILENO), STDERR_FILENO);
	log_set_max_level(LOG_WARNING);
}

static void captured_log(struct fixture *f, char *buf, size_t size)
{
	ssize_t n = pread(f->log_fd, buf, size - 1, 0);

	assert_true(n >= 0);
	buf[n] = '\0';
	assert_int_equal(dup2(f->saved_stderr, STDERR_FILENO), STDERR_FILENO);
	close(f->saved_stderr);
	close(f->log_fd);
}

static void warns_about_arp_in_a_shared_subnet(void **state)
{
	struct lease lease = a_lease();
	struct fixture *f = *state;
	char log[2048];

	lease.address = ip("192.0.2.9");
	lease.gateway = ip("192.0.2.1");
	begin(f);
	capture_log(f);
	assert_int_equal(address_apply(f->address, &lease), 0);
	captured_log(f, log, sizeof(log));
	assert_non_null(strstr(log, "mqtt0 is in the same subnet as eth0: set "
				    "net.ipv4.conf.mqtt0.arp_ignore = 1"));
	/* the root user is told once what the rules for its servers mean */
	assert_non_null(strstr(log, "Running as root"));
	address_clear(f->address);
	netns_run("echo 1 > /proc/sys/net/ipv4/conf/mqtt0/arp_ignore; "
		  "echo 2 > /proc/sys/net/ipv4/conf/all/arp_announce");
	capture_log(f);
	assert_int_equal(address_apply(f->address, &lease), 0);
	captured_log(f, log, sizeof(log));
	assert_string_equal(log, "");
}

static void who_removes_addresses_all_the_time_is_told_of_now_and_then(void **state)
{
	struct fixture *f = *state;
	struct ip address = ip_from_v4(ip("10.77.0.5"));
	unsigned int lines = 0;
	char log[2048];

	capture_log(f);
	for (int i = 0; i < 10; i++)
		address_tell_removed("mqtt0", &address);
	captured_log(f, log, sizeof(log));
	assert_non_null(strstr(log,
			       "Address 10.77.0.5 was removed from mqtt0 by somebody, "
			       "putting it back\n"));
	for (const char *at = log; (at = strchr(at, '\n')); at++)
		lines++;
	assert_int_equal(lines, 3);
}

static void the_address_of_another_interface_is_left_to_it(void **state)
{
	struct lease lease = a_lease();
	struct fixture *f = *state;

	log_set_max_level(LOG_EMERG);
	begin(f);
	assert_int_equal(address_apply(f->address, &lease), 0);
	lease.address = ip("192.0.2.2");
	lease.gateway = ip("192.0.2.1");
	assert_int_equal(address_apply(f->address, &lease), -EADDRINUSE);
	assert_null(address_current(f->address));
	expect_not("ip -4 addr show mqtt0", "inet");
	expect_not("ip rule", "from 192.0.2.2 ");
	expect("ip route get 198.51.100.9 from 192.0.2.2", "dev eth0");
}

static void a_static_address_is_a_lease_for_ever(void **state)
{
	struct network_settings settings = { .address = ip("192.168.1.50"),
					     .prefix_len = 24,
					     .gateway = ip("192.168.1.1"),
					     .dns = { ip("192.168.1.1") },
					     .n_dns = 1,
					     .table = 7700 };
	struct lease lease = address_from_settings(&settings);
	struct fixture *f = *state;

	assert_int_equal(lease.lifetime_s, 0);
	assert_int_equal(lease.n_dns, 1);
	begin(f);
	assert_int_equal(address_apply(f->address, &lease), 0);
	expect("ip -4 addr show mqtt0", "inet 192.168.1.50/24");
	expect("ip -4 addr show mqtt0", "valid_lft forever");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CASE(a_lease_gets_its_table_and_rules),
		CASE(a_renewal_only_refreshes),
		CASE(another_address_replaces_everything),
		CASE(a_changed_gateway_or_server_is_followed),
		CASE(what_has_no_route_here_takes_no_other_way),
		CASE(a_question_under_way_takes_no_other_way),
		CASE(rules_that_somebody_removed_are_put_back),
		CASE(a_gateway_outside_the_subnet_is_reached_on_link),
		CASE(without_default_route_the_main_table_has_none),
		CASE(configured_servers_get_the_rules),
		CASE(the_system_resolver_gets_no_rules),
		CASE(the_mtu_of_the_lease_is_used),
		CASE(rules_left_by_a_crash_are_removed),
		CASE(a_missing_interface_is_an_error),
		CASE(rules_are_there_before_the_address),
		CASE(what_failed_is_tried_again),
		CASE(a_vanished_interface_is_cleared_quietly),
		CASE(warns_about_arp_in_a_shared_subnet),
		CASE(who_removes_addresses_all_the_time_is_told_of_now_and_then),
		CASE(the_address_of_another_interface_is_left_to_it),
		CASE(a_static_address_is_a_lease_for_ever),
	};

	return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
