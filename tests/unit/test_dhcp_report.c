// SPDX-License-Identifier: MIT
/* test_dhcp_report.c — sense is taken, nonsense is not, and it is said which */
#include "mqttnode/dhcp_report.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "unit.h"

struct reported {
	struct dhcp_report report;
	char error[128];
	int r;
};

/* Parses an argument and settings separated by newlines, as the hook sends them. */
static struct reported parse(const char *argument, const char *lines)
{
	char data[4096];
	struct reported ret;
	size_t len;

	len = (size_t)snprintf(data, sizeof(data), "%s\n%s", argument, lines) + 1;
	for (size_t i = 0; i < len; i++)
		if (data[i] == '\n')
			data[i] = '\0';
	ret.error[0] = '\0';
	ret.r = dhcp_report_parse(&ret.report, data, len, ret.error, sizeof(ret.error));
	return ret;
}

static void assert_address(struct in_addr a, const char *expected)
{
	char text[INET_ADDRSTRLEN];

	assert_string_equal(inet_ntop(AF_INET, &a, text, sizeof(text)), expected);
}

/* What busybox 1.35 sent for a lease of dnsmasq 2.90. */
#define REAL                                                                             \
	"PATH=/usr/bin\nMQTTNODE_DHCP_HOOK=1\ninterface=mqtt0\nip=10.77.0.52\n"          \
	"subnet=255.255.255.0\nmask=24\nrouter=10.77.0.1\ndns=10.77.0.1 10.77.0.2\n"     \
	"lease=120\nmtu=1400\nserverid=10.77.0.1\nsiaddr=10.77.0.1\nopt53=05\n"          \
	"opt58=0000003c\nopt59=00000069\nbroadcast=10.77.0.255"

static void a_real_lease_is_taken_whole(void **state)
{
	struct reported a = parse("bound", REAL);
	const struct lease *lease = &a.report.lease;

	(void)state;
	assert_int_equal(a.r, 0);
	assert_int_equal(a.report.reason, DHCP_REASON_BOUND);
	assert_address(lease->address, "10.77.0.52");
	assert_int_equal(lease->prefix_len, 24);
	assert_address(lease->gateway, "10.77.0.1");
	assert_int_equal(lease->n_dns, 2);
	assert_address(lease->dns[0], "10.77.0.1");
	assert_address(lease->dns[1], "10.77.0.2");
	assert_address(lease->server, "10.77.0.1");
	assert_int_equal(lease->lifetime_s, 120);
	assert_int_equal(lease->mtu, 1400);
	assert_string_equal(a.report.note, "");
	assert_int_equal(parse("renew", REAL).report.reason, DHCP_REASON_RENEW);
}

static void the_other_reasons_need_no_lease(void **state)
{
	struct reported a;

	(void)state;
	a = parse("deconfig", "interface=mqtt0");
	assert_int_equal(a.r, 0);
	assert_int_equal(a.report.reason, DHCP_REASON_DECONFIG);
	a = parse("leasefail", "");
	assert_int_equal(a.r, 0);
	assert_int_equal(a.report.reason, DHCP_REASON_LEASEFAIL);
	a = parse("nak", "message=wrong \033[31mnetwork\nip=nonsense");
	assert_int_equal(a.r, 0);
	assert_int_equal(a.report.reason, DHCP_REASON_NAK);
	assert_string_equal(a.report.message, "wrong \\x1b[31mnetwork");
	assert_string_equal(parse("nak", "").report.message, "");
	/* a message belongs to a refusal only */
	assert_string_equal(parse("bound", REAL "\nmessage=x").report.message, "");
}

static void nonsense_is_refused_with_a_reason(void **state)
{
	static const struct {
		const char *lines, *error;
	} cases[] = {
		{ "subnet=255.255.255.0", "the lease has no address" },
		{ "ip=10.0.0.5", "the lease has no subnet mask" },
		{ "ip=\nsubnet=255.0.0.0", " is not an address for a machine" },
		{ "ip=0.0.0.0\nsubnet=255.0.0.0",
		  "0.0.0.0 is not an address for a machine" },
		{ "ip=0.1.2.3\nsubnet=255.0.0.0",
		  "0.1.2.3 is not an address for a machine" },
		{ "ip=127.0.0.1\nsubnet=255.0.0.0",
		  "127.0.0.1 is not an address for a machine" },
		{ "ip=224.0.0.1\nsubnet=255.0.0.0",
		  "224.0.0.1 is not an address for a machine" },
		{ "ip=239.255.255.255\nsubnet=255.0.0.0",
		  "239.255.255.255 is not an address for a machine" },
		{ "ip=255.255.255.255\nsubnet=255.0.0.0",
		  "255.255.255.255 is not an address for a machine" },
		{ "ip=10.0.0\nsubnet=255.0.0.0",
		  "10.0.0 is not an address for a machine" },
		{ "ip=10.0.0.256\nsubnet=255.0.0.0",
		  "10.0.0.256 is not an address for a machine" },
		{ "ip=10.0.0.5 10.0.0.6\nsubnet=255.0.0.0",
		  "10.0.0.5 10.0.0.6 is not an address for a machine" },
		{ "ip=0x0a000005\nsubnet=255.0.0.0",
		  "0x0a000005 is not an address for a machine" },
		{ "ip=;reboot\033c\nsubnet=255.0.0.0",
		  ";reboot\\x1bc is not an address for a machine" },
		{ "ip=fe80::1\nsubnet=255.0.0.0",
		  "fe80::1 is not an address for a machine" },
		{ "ip=10.0.0.5\nsubnet=0.0.0.0", "0.0.0.0 is not a subnet mask" },
		{ "ip=10.0.0.5\nsubnet=128.0.0.0", "128.0.0.0 is not a subnet mask" },
		{ "ip=10.0.0.5\nsubnet=254.0.0.0", "254.0.0.0 is not a subnet mask" },
		{ "ip=10.0.0.5\nsubnet=255.0.255.0", "255.0.255.0 is not a subnet mask" },
		{ "ip=10.0.0.5\nsubnet=0.0.0.255", "0.0.0.255 is not a subnet mask" },
		{ "ip=10.0.0.5\nsubnet=24", "24 is not a subnet mask" },
		{ "ip=10.0.0.5\nsubnet=255.255.255.253",
		  "255.255.255.253 is not a subnet mask" },
		{ "ip=10.0.0.0\nsubnet=255.255.255.0",
		  "10.0.0.0/24 is the address of a subnet or its broadcast" },
		{ "ip=10.0.0.255\nsubnet=255.255.255.0",
		  "10.0.0.255/24 is the address of a subnet or its broadcast" },
		{ "ip=10.0.0.7\nsubnet=255.255.255.252",
		  "10.0.0.7/30 is the address of a subnet or its broadcast" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct reported a = parse("bound", cases[i].lines);

		assert_int_equal(a.r, -EBADMSG);
		assert_string_equal(a.error, cases[i].error);
	}
}

static void unusual_masks_are_taken(void **state)
{
	static const struct {
		const char *lines;
		uint8_t prefix_len;
	} cases[] = {
		{ "ip=10.0.0.5\nsubnet=255.0.0.0", 8 },
		{ "ip=10.0.0.5\nsubnet=255.255.255.252", 30 },
		{ "ip=10.0.0.4\nsubnet=255.255.255.254", 31 }, /* RFC 3021 */
		{ "ip=10.0.0.4\nsubnet=255.255.255.255", 32 },
		{ "ip=10.0.0.5\nsubnet=255.255.254.0\nmask=99", 23 },
		{ "ip=169.254.7.8\nsubnet=255.255.0.0", 16 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct reported a = parse("bound", cases[i].lines);

		assert_int_equal(a.r, 0);
		assert_int_equal(a.report.lease.prefix_len, cases[i].prefix_len);
	}
}

static void the_rest_of_a_lease_may_be_wrong(void **state)
{
	static const struct {
		const char *lines, *gateway, *note;
		unsigned int n_dns;
		uint32_t lifetime_s;
		uint16_t mtu;
	} cases[] = {
		{ "", "0.0.0.0", "", 0, 3600, 0 },
		{ "router=", "0.0.0.0", "", 0, 3600, 0 },
		{ "router=10.0.0.5", "0.0.0.0", "gateway 10.0.0.5", 0, 3600, 0 },
		{ "router=10.0.0.255 10.0.0.1", "10.0.0.1", "gateway 10.0.0.255", 0, 3600,
		  0 },
		{ "router=224.0.0.1 nonsense 10.0.0.2 10.0.0.3", "10.0.0.2",
		  "gateway 224.0.0.1, gateway nonsense", 0, 3600, 0 },
		{ "router=192.168.9.1", "192.168.9.1", "", 0, 3600,
		  0 }, /* outside: on link */
		{ "router=192.168.9.255", "192.168.9.255", "", 0, 3600, 0 },
		{ "router=1234567890123456789012", "0.0.0.0", "gateway 123456789012345",
		  0, 3600, 0 },
		{ "dns=1.1.1.1  2.2.2.2 3.3.3.3 4.4.4.4", "0.0.0.0", "", 3, 3600, 0 },
		{ "dns=1.1.1.1 1.1.1.1 2.2.2.2", "0.0.0.0", "", 2, 3600, 0 },
		{ "dns=127.0.0.53 0.0.0.0 9.9.9.9", "0.0.0.0",
		  "DNS server 127.0.0.53, DNS server 0.0.0.0", 1, 3600, 0 },
		{ "dns=10.0.0.5 ::1", "0.0.0.0", "DNS server 10.0.0.5, DNS server ::1", 0,
		  3600, 0 },
		{ "lease=0", "0.0.0.0", "lease time 0", 0, 60, 0 },
		{ "lease=59", "0.0.0.0", "lease time 59", 0, 60, 0 },
		{ "lease=60", "0.0.0.0", "", 0, 60, 0 },
		{ "lease=4294967295", "0.0.0.0", "", 0, UINT32_MAX, 0 },
		{ "lease=4294967294", "0.0.0.0", "", 0, 315360000, 0 },
		{ "lease=99999999999999999999", "0.0.0.0",
		  "lease time 99999999999999999999", 0, 3600, 0 },
		{ "lease=-1", "0.0.0.0", "lease time -1", 0, 3600, 0 },
		{ "lease=1 year", "0.0.0.0", "lease time 1 year", 0, 3600, 0 },
		{ "lease=", "0.0.0.0", "lease time ", 0, 3600, 0 },
		{ "mtu=576", "0.0.0.0", "", 0, 3600, 576 },
		{ "mtu=1500", "0.0.0.0", "", 0, 3600, 1500 },
		{ "mtu=575", "0.0.0.0", "MTU 575", 0, 3600, 0 },
		{ "mtu=9000", "0.0.0.0", "MTU 9000", 0, 3600, 0 },
		{ "mtu=0", "0.0.0.0", "MTU 0", 0, 3600, 0 },
		{ "mtu=\033[2J", "0.0.0.0", "MTU \\x1b[2J", 0, 3600, 0 },
		{ "noequals\n=novalue\nIP=1.2.3.4\nipx=1.2.3.4\nlease", "0.0.0.0", "", 0,
		  3600, 0 },
		{ "serverid=224.0.0.9", "0.0.0.0", "", 0, 3600, 0 },
		{ "serverid=nonsense", "0.0.0.0", "", 0, 3600, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char lines[512];
		struct reported a;

		snprintf(lines, sizeof(lines), "ip=10.0.0.5\nsubnet=255.255.255.0\n%s",
			 cases[i].lines);
		a = parse("bound", lines);
		assert_int_equal(a.r, 0);
		assert_string_equal(a.report.note, cases[i].note);
		assert_address(a.report.lease.gateway, cases[i].gateway);
		assert_int_equal(a.report.lease.n_dns, cases[i].n_dns);
		assert_int_equal(a.report.lease.lifetime_s, cases[i].lifetime_s);
		assert_int_equal(a.report.lease.mtu, cases[i].mtu);
		assert_int_equal(a.report.lease.server.s_addr, 0);
	}
}

static void a_long_note_ends_with_a_whole_clause(void **state)
{
	static const char last[] = ", gateway 127.0.0.8";
	struct reported a =
		parse("bound", "ip=10.0.0.5\nsubnet=255.255.255.0\n"
			       "router=127.0.0.1 127.0.0.2 127.0.0.3 127.0.0.4 "
			       "127.0.0.5 127.0.0.6 127.0.0.7 127.0.0.8 127.0.0.9 "
			       "127.0.0.10 127.0.0.11 127.0.0.12");

	(void)state;
	assert_int_equal(a.r, 0);
	assert_in_range(strlen(a.report.note), sizeof(a.report.note) - sizeof(last),
			sizeof(a.report.note) - 1);
	assert_string_equal(a.report.note + strlen(a.report.note) - strlen(last), last);
}

static void malformed_reports_are_refused(void **state)
{
	static char big[DHCP_REPORT_MAX + 1] = "bound";
	struct dhcp_report report;
	struct reported a;
	char error[128];

	(void)state;
	assert_int_equal(dhcp_report_parse(&report, "", 0, error, sizeof(error)),
			 -EBADMSG);
	assert_int_equal(dhcp_report_parse(&report, "bound", 5, error, sizeof(error)),
			 -EBADMSG);
	assert_string_equal(error, "the report of the DHCP client was cut");
	assert_int_equal(
		dhcp_report_parse(&report, big, sizeof(big), error, sizeof(error)),
		-EBADMSG);
	assert_int_equal(dhcp_report_parse(&report, "", 1, error, sizeof(error)),
			 -EBADMSG);
	a = parse("reboot\033[1m", "");
	assert_int_equal(a.r, -EBADMSG);
	assert_string_equal(a.error, "the DHCP client reported \"reboot\\x1b[1m\"");
	/* an error text that does not fit */
	assert_int_equal(dhcp_report_parse(&report, "x", 2, error, 8), -EBADMSG);
	assert_string_equal(error, "the DHC");
}

static void any_bytes_are_survived(void **state)
{
	uint32_t seed = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		char data[sizeof("bound\0" REAL)] = "bound\n" REAL;
		struct dhcp_report report;
		char error[64];

		for (size_t i = 0; i < sizeof(data); i++)
			if (data[i] == '\n')
				data[i] = '\0';
		for (int i = 0; i < 4; i++) {
			seed = seed * 1664525 + 1013904223;
			data[(seed >> 8) % (sizeof(data) - 1)] = (char)(seed >> 24);
		}
		if (dhcp_report_parse(&report, data, sizeof(data), error, sizeof(error)) <
			    0 ||
		    report.reason != DHCP_REASON_BOUND)
			continue;
		/* Whatever is taken can be used. */
		assert_in_range(report.lease.prefix_len, 8, 32);
		assert_in_range(ntohl(report.lease.address.s_addr), 0x01000000,
				0xdfffffff);
		if (report.lease.lifetime_s != UINT32_MAX)
			assert_in_range(report.lease.lifetime_s, DHCP_LIFETIME_MIN,
					DHCP_LIFETIME_MAX);
		assert_in_range(report.lease.n_dns, 0, DHCP_DNS_MAX);
		assert_true(report.lease.mtu == 0 ||
			    (report.lease.mtu >= 576 && report.lease.mtu <= 1500));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_real_lease_is_taken_whole),
		cmocka_unit_test(the_other_reasons_need_no_lease),
		cmocka_unit_test(nonsense_is_refused_with_a_reason),
		cmocka_unit_test(unusual_masks_are_taken),
		cmocka_unit_test(the_rest_of_a_lease_may_be_wrong),
		cmocka_unit_test(a_long_note_ends_with_a_whole_clause),
		cmocka_unit_test(malformed_reports_are_refused),
		cmocka_unit_test(any_bytes_are_survived),
	};

	return cmocka_run_group_tests_name("dhcp_report", tests, NULL, NULL);
}
