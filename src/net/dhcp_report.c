// SPDX-License-Identifier: MIT
/*
 * dhcp_report.c — what the hook of udhcpc said, checked
 *
 * A lease is refused when its address cannot work. What is wrong with the rest
 * of it costs only that part: a network with a nonsensical third name server
 * is better than none.
 */
#include "mqttnode/dhcp_report.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "mqttnode/text.h"

/* The largest network anybody was given. A larger one would take the place of the
 * default routes of other interfaces. */
#define PREFIX_MIN 8

#define MTU_MIN 576 /* RFC 791: what every host must take */
#define MTU_MAX 1500

/* The values as they came; NULL where there was none. */
struct values {
	const char *ip, *subnet, *router, *dns, *serverid, *lease, *mtu, *message;
};

static int parse_reason(enum dhcp_reason *ret, const char *s)
{
	static const char *const names[] = {
		[DHCP_REASON_DECONFIG] = "deconfig",
		[DHCP_REASON_BOUND] = "bound",
		[DHCP_REASON_RENEW] = "renew",
		[DHCP_REASON_LEASEFAIL] = "leasefail",
		[DHCP_REASON_NAK] = "nak",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(s, names[i]) == 0) {
			*ret = (enum dhcp_reason)i;
			return 0;
		}
	}
	return -EBADMSG;
}

static void take_value(struct values *values, const char *string)
{
	const struct {
		const char *name;
		const char **value;
	} known[] = {
		{ "ip", &values->ip },
		{ "subnet", &values->subnet },
		{ "router", &values->router },
		{ "dns", &values->dns },
		{ "serverid", &values->serverid },
		{ "lease", &values->lease },
		{ "mtu", &values->mtu },
		{ "message", &values->message },
	};
	const char *equals = strchr(string, '=');

	if (!equals)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		size_t len = (size_t)(equals - string);

		if (strlen(known[i].name) == len &&
		    memcmp(known[i].name, string, len) == 0)
			*known[i].value = equals + 1;
	}
}

/* Adds a clause about @value, escaped, to the note if there is room for all of it. */
static void add_note(struct dhcp_report *report, const char *what, const char *value)
{
	size_t used = strlen(report->note);
	char shown[32], clause[64];

	text_format(clause, sizeof(clause), "%s%s %s", used > 0 ? ", " : "", what,
		    text_escape_str(shown, sizeof(shown), value));
	if (used + strlen(clause) < sizeof(report->note))
		memcpy(report->note + used, clause, strlen(clause) + 1);
}

/* Whether a machine can have this address: unicast, not 0/8, not loopback (RFC
 * 1122, 3.2.1.3). */
static bool is_host_address(struct in_addr address)
{
	uint32_t a = ntohl(address.s_addr);

	return a >> 24 >= 1 && a >> 24 <= 223 && a >> 24 != 127;
}

/* Whether all host bits are 0 or all are 1: the subnet itself, or everybody in it. */
static bool is_subnet_address(struct in_addr address, uint8_t prefix_len)
{
	uint32_t host_bits = prefix_len < 31 ? UINT32_MAX >> prefix_len : 0;
	uint32_t host = ntohl(address.s_addr) & host_bits;

	return host_bits && (host == 0 || host == host_bits);
}

static bool is_inside(struct in_addr address, const struct lease *lease)
{
	uint32_t differ = ntohl(address.s_addr ^ lease->address.s_addr);

	return differ >> (32 - lease->prefix_len) == 0; /* a lease has 8 to 32 */
}

static int parse_address(struct lease *lease, const char *value, char *error, size_t size)
{
	char shown[32];

	if (!value) {
		text_format(error, size, "the lease has no address");
		return -EBADMSG;
	}
	if (inet_pton(AF_INET, value, &lease->address) != 1 ||
	    !is_host_address(lease->address)) {
		text_format(error, size, "%s is not an address for a machine",
			    text_escape_str(shown, sizeof(shown), value));
		return -EBADMSG;
	}
	return 0;
}

static int parse_mask(struct lease *lease, const char *value, char *error, size_t size)
{
	struct in_addr mask;
	uint32_t inverse;
	char shown[32];

	if (!value) {
		text_format(error, size, "the lease has no subnet mask");
		return -EBADMSG;
	}
	if (inet_pton(AF_INET, value, &mask) == 1) {
		inverse = ~ntohl(mask.s_addr);
		/* ones, then zeros: the inverse is one below a power of two */
		if (inverse >> (32 - PREFIX_MIN) == 0 && (inverse & (inverse + 1)) == 0) {
			lease->prefix_len =
				(uint8_t)(32 - __builtin_popcount((unsigned int)inverse));
			return 0;
		}
	}
	text_format(error, size, "%s is not a subnet mask",
		    text_escape_str(shown, sizeof(shown), value));
	return -EBADMSG;
}

/* Takes the next of a list of addresses; @text gets it as it came. Returns whether there
 * was one. */
static bool next_address(const char **list, char text[INET_ADDRSTRLEN],
			 struct in_addr *ret)
{
	size_t len;

	*list += strspn(*list, " ");
	len = strcspn(*list, " ");
	if (len == 0)
		return false;
	ret->s_addr = 0;
	text_format(text, INET_ADDRSTRLEN, "%.*s",
		    (int)(len < INET_ADDRSTRLEN ? len : INET_ADDRSTRLEN - 1), *list);
	if (len < INET_ADDRSTRLEN && inet_pton(AF_INET, text, ret) != 1)
		ret->s_addr = 0;
	*list += len;
	return true;
}

static void parse_gateway(struct dhcp_report *report, const char *list)
{
	struct lease *lease = &report->lease;
	char text[INET_ADDRSTRLEN];
	struct in_addr a;

	while (list && !lease->gateway.s_addr && next_address(&list, text, &a)) {
		if (is_host_address(a) && a.s_addr != lease->address.s_addr &&
		    !(is_inside(a, lease) && is_subnet_address(a, lease->prefix_len)))
			lease->gateway = a;
		else
			add_note(report, "gateway", text);
	}
}

static void parse_dns(struct dhcp_report *report, const char *list)
{
	struct lease *lease = &report->lease;
	char text[INET_ADDRSTRLEN];
	struct in_addr a;

	while (list && lease->n_dns < DHCP_DNS_MAX && next_address(&list, text, &a)) {
		bool again = false;

		for (unsigned int i = 0; i < lease->n_dns; i++)
			again = again || lease->dns[i].s_addr == a.s_addr;
		if (is_host_address(a) && a.s_addr != lease->address.s_addr && !again)
			lease->dns[lease->n_dns++] = a;
		else if (!again)
			add_note(report, "DNS server", text);
	}
}

/* A number of digits only. Returns 0 or -EINVAL. */
static int parse_number(const char *s, uint64_t *ret)
{
	size_t digits = strspn(s, "0123456789");

	if (digits == 0 || digits > 18 || s[digits])
		return -EINVAL;
	*ret = 0;
	for (; *s; s++)
		*ret = *ret * 10 + (uint64_t)(*s - '0');
	return 0;
}

static void parse_lifetime(struct dhcp_report *report, const char *value)
{
	uint64_t lifetime = DHCP_LIFETIME_DEFAULT;

	if (value && parse_number(value, &lifetime) < 0)
		add_note(report, "lease time", value);
	/* 2^32 - 1 stands for "for ever" (RFC 2131, section 3.3). */
	if (lifetime < DHCP_LIFETIME_MIN) {
		add_note(report, "lease time", value);
		lifetime = DHCP_LIFETIME_MIN;
	} else if (lifetime > DHCP_LIFETIME_MAX && lifetime != UINT32_MAX) {
		lifetime = DHCP_LIFETIME_MAX;
	}
	report->lease.lifetime_s = (uint32_t)lifetime;
}

static void parse_mtu(struct dhcp_report *report, const char *value)
{
	uint64_t mtu;

	if (!value)
		return;
	if (parse_number(value, &mtu) == 0 && mtu >= MTU_MIN && mtu <= MTU_MAX)
		report->lease.mtu = (uint16_t)mtu;
	else
		add_note(report, "MTU", value);
}

static int parse_lease(struct dhcp_report *report, const struct values *values,
		       char *error, size_t size)
{
	struct lease *lease = &report->lease;
	char text[INET_ADDRSTRLEN];
	int r;

	r = parse_address(lease, values->ip, error, size);
	if (r < 0)
		return r;
	r = parse_mask(lease, values->subnet, error, size);
	if (r < 0)
		return r;
	if (is_subnet_address(lease->address, lease->prefix_len)) {
		text_format(error, size,
			    "%s/%u is the address of a subnet or its broadcast",
			    inet_ntop(AF_INET, &lease->address, text, sizeof(text)),
			    lease->prefix_len);
		return -EBADMSG;
	}
	parse_gateway(report, values->router);
	parse_dns(report, values->dns);
	parse_lifetime(report, values->lease);
	parse_mtu(report, values->mtu);
	if (values->serverid &&
	    (inet_pton(AF_INET, values->serverid, &lease->server) != 1 ||
	     !is_host_address(lease->server)))
		lease->server.s_addr = 0;
	return 0;
}

int dhcp_report_parse(struct dhcp_report *ret, const char *data, size_t len, char *error,
		      size_t error_size)
{
	struct values values = { 0 };
	char shown[32];

	*ret = (struct dhcp_report){ 0 };
	if (len == 0 || len > DHCP_REPORT_MAX || data[len - 1] != '\0') {
		text_format(error, error_size, "the report of the DHCP client was cut");
		return -EBADMSG;
	}
	if (parse_reason(&ret->reason, data) < 0) {
		text_format(error, error_size, "the DHCP client reported \"%s\"",
			    text_escape_str(shown, sizeof(shown), data));
		return -EBADMSG;
	}
	for (size_t i = strlen(data) + 1; i < len; i += strlen(data + i) + 1)
		take_value(&values, data + i);
	if (ret->reason == DHCP_REASON_NAK && values.message)
		text_escape_str(ret->message, sizeof(ret->message), values.message);
	if (ret->reason == DHCP_REASON_BOUND || ret->reason == DHCP_REASON_RENEW)
		return parse_lease(ret, &values, error, error_size);
	return 0;
}
