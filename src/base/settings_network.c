// SPDX-License-Identifier: MIT
/* settings_network.c — names and addresses of the configuration: checked and stored */
#include "settings_schema.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mqttnode/ip.h"
#include "mqttnode/text.h"

/* Routing tables of the kernel: default, main, local (linux/rtnetlink.h). */
#define KERNEL_TABLE_FIRST 253
#define KERNEL_TABLE_LAST  255

#define LETTERS_DIGITS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

/* The text of a string node, or NULL. */
static const char *string_of(const struct conf_node *v)
{
	return conf_node_type(v) == CONF_STRING ? conf_node_string(v) : NULL;
}

int store_interface(const struct settings_key *key, const struct conf_node *v,
		    void *section, char *why, size_t size)
{
	static const char *const reserved[] = { "lo", "all", "default", ".", ".." };
	struct ethernet_settings *ethernet = section;
	const char *s = string_of(v);

	(void)key;
	if (!s || !s[0] || strlen(s) >= IFNAMSIZ || s[strspn(s, LETTERS_DIGITS "-_.")])
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++) {
		if (strcmp(s, reserved[i]) == 0) {
			text_format(why, size, "the kernel uses that name itself");
			return -EINVAL;
		}
	}
	text_format(ethernet->interface, sizeof(ethernet->interface), "%s", s);
	return 0;
}

/* "02:00:00:12:34:56" */
static bool parse_mac(const char *s, uint8_t mac[6])
{
	char pair[3] = "";

	if (strlen(s) != 17)
		return false;
	for (size_t i = 0; i < 6; i++, s += 3) {
		if (!isxdigit((unsigned char)s[0]) || !isxdigit((unsigned char)s[1]) ||
		    s[2] != (i < 5 ? ':' : '\0'))
			return false;
		pair[0] = s[0];
		pair[1] = s[1];
		mac[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return true;
}

int store_mac(const struct settings_key *key, const struct conf_node *v, void *section,
	      char *why, size_t size)
{
	static const uint8_t zero[6];
	struct ethernet_settings *ethernet = section;
	const char *s = string_of(v);
	uint8_t mac[6];

	(void)key;
	if (!s)
		return -EINVAL;
	if (strcmp(s, "auto") == 0) {
		ethernet->mac_auto = true;
		return 0;
	}
	if (!parse_mac(s, mac))
		return -EINVAL;
	if (mac[0] & 1) {
		text_format(why, size, "this is a multicast address");
		return -EINVAL;
	}
	if (memcmp(mac, zero, sizeof(mac)) == 0)
		return -EINVAL;
	memcpy(ethernet->mac, mac, sizeof(mac));
	return 0;
}

/* Whether @a can be the address of one host. */
static bool is_host_address(struct in_addr a)
{
	uint32_t h = ntohl(a.s_addr);

	return h >> 24 != 0 && h >> 24 != 127 && h >> 24 < 224;
}

static bool parse_host_address(const char *s, struct in_addr *ret)
{
	return s && inet_pton(AF_INET, s, ret) == 1 && is_host_address(*ret);
}

int store_address(const struct settings_key *key, const struct conf_node *v,
		  void *section, char *why, size_t size)
{
	struct network_settings *network = section;
	const char *s = string_of(v), *slash = s ? strchr(s, '/') : NULL;
	char address[INET_ADDRSTRLEN];
	unsigned long prefix_len;
	struct in_addr a;
	uint32_t host;

	(void)key;
	if (!slash || (size_t)(slash - s) >= sizeof(address) || !slash[1] ||
	    strlen(slash) > 3 || slash[1 + strspn(slash + 1, "0123456789")])
		return -EINVAL;
	text_format(address, sizeof(address), "%.*s", (int)(slash - s), s);
	prefix_len = strtoul(slash + 1, NULL, 10);
	if (!parse_host_address(address, &a) || prefix_len < 1 || prefix_len > 32)
		return -EINVAL;
	if (prefix_len < 31) {
		host = ntohl(a.s_addr) & (UINT32_MAX >> prefix_len);
		if (host == 0 || host == UINT32_MAX >> prefix_len) {
			text_format(why, size, "this is the address of the whole subnet");
			return -EINVAL;
		}
	}
	network->address = a;
	network->prefix_len = (uint8_t)prefix_len;
	return 0;
}

int store_gateway(const struct settings_key *key, const struct conf_node *v,
		  void *section, char *why, size_t size)
{
	struct network_settings *network = section;
	struct in_addr a;

	(void)key;
	(void)why;
	(void)size;
	if (!parse_host_address(string_of(v), &a))
		return -EINVAL;
	network->gateway = a;
	return 0;
}

int store_dns(const struct settings_key *key, const struct conf_node *v, void *section,
	      char *why, size_t size)
{
	struct network_settings *network = section;
	const char *s = string_of(v);
	struct in_addr a;
	char shown[48];

	(void)key;
	if (s && strcmp(s, "system") == 0) {
		network->dns_system = true;
		return 0;
	}
	if (conf_node_type(v) != CONF_LIST || conf_node_length(v) == 0 ||
	    conf_node_length(v) > SETTINGS_DNS_MAX)
		return -EINVAL;
	for (size_t i = 0; i < conf_node_length(v); i++) {
		s = string_of(conf_node_at(v, i));
		/* a resolver on this very machine is allowed */
		if (!s || inet_pton(AF_INET, s, &a) != 1 ||
		    (!is_host_address(a) && ntohl(a.s_addr) >> 24 != 127)) {
			if (s)
				text_format(why, size, "\"%s\" is no such address",
					    text_escape_str(shown, sizeof(shown), s));
			network->n_dns = 0;
			return -EINVAL;
		}
		network->dns[network->n_dns++] = a;
	}
	return 0;
}

int store_table(const struct settings_key *key, const struct conf_node *v, void *section,
		char *why, size_t size)
{
	if (conf_node_type(v) == CONF_INT && conf_node_int(v) >= KERNEL_TABLE_FIRST &&
	    conf_node_int(v) <= KERNEL_TABLE_LAST) {
		text_format(why, size, "the kernel uses that table itself");
		return -EINVAL;
	}
	return store_int(key, v, section, why, size);
}

static bool can_be_a_broker(const struct ip *ip)
{
	if (ip->family == AF_INET6)
		return !IN6_IS_ADDR_UNSPECIFIED(&ip->v6) &&
		       !IN6_IS_ADDR_MULTICAST(&ip->v6);
	return ntohl(ip->v4.s_addr) >> 24 != 0 && ntohl(ip->v4.s_addr) >> 24 < 224;
}

/* RFC 1123, 2.1, and "_", which local names contain; one dot at the end is fine. */
int check_host(const char *s, char *why, size_t size)
{
	size_t label = 0;
	struct ip ip;

	if (!s[0]) /* as good as not set, which is noticed elsewhere */
		return 0;
	if (ip_parse(&ip, s))
		return can_be_a_broker(&ip) ? 0 : -EINVAL;
	if (strstr(s, "://")) {
		text_format(why, size, "a name alone, not a URL");
		return -EINVAL;
	}
	if (strchr(s, ':')) {
		text_format(why, size,
			    strchr(s, ':') == strrchr(s, ':')
				    ? "the port belongs to mqtt.port"
				    : "this looks like an address but is none");
		return -EINVAL;
	}
	if (s[strspn(s, "0123456789.")] == '\0') {
		text_format(why, size, "this looks like an address but is none");
		return -EINVAL;
	}
	for (const char *p = s;; p++) {
		if (*p == '.' || !*p) {
			if ((label == 0 && *p) || label > 63 || p[-1] == '-')
				return -EINVAL;
			if (!*p)
				return 0;
			label = 0;
		} else if (strchr(LETTERS_DIGITS "_", *p) || (*p == '-' && label > 0)) {
			label++;
		} else {
			return -EINVAL;
		}
	}
}
