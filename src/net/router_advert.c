// SPDX-License-Identifier: MIT
/*
 * router_advert.c — what a router says about its network
 *
 *	 0		 1		 2		 3
 *	 type 134	 code 0		 checksum
 *	 hop limit	 M|O|...	 router lifetime, s
 *	 reachable time, ms
 *	 retransmission time, ms
 *	 options: type, length in units of 8 bytes, ...
 */
#include "router_advert.h"

#include <errno.h>
#include <netinet/icmp6.h>
#include <string.h>

#include "mqttnode/bytes.h"

#define HEADER_SIZE   16
#define OPTION_UNIT   8
#define OPTION_RDNSS  25 /* RFC 8106 */
#define PREFIX_OPTION 32 /* bytes */

/* Clears what is not part of the prefix. */
static void cut(struct in6_addr *prefix, uint8_t len)
{
	for (unsigned int bit = len; bit < 128; bit++)
		prefix->s6_addr[bit / 8] &= (uint8_t) ~(0x80u >> bit % 8);
}

/*
 *	 3	 prefix, 4 units	 prefix length	 L|A|...
 *	 valid lifetime, preferred lifetime, reserved, prefix
 */
static void take_prefix(struct router_advert *ret, const uint8_t *option, size_t len)
{
	struct advert_prefix prefix = { .len = option[2] };

	if (len != PREFIX_OPTION || prefix.len > 128 ||
	    ret->n_prefixes == ADVERT_PREFIXES_MAX)
		return;
	prefix.on_link = option[3] & ND_OPT_PI_FLAG_ONLINK;
	prefix.autonomous = option[3] & ND_OPT_PI_FLAG_AUTO;
	prefix.valid_s = get_be32(option + 4);
	prefix.preferred_s = get_be32(option + 8);
	memcpy(&prefix.prefix, option + 16, sizeof(prefix.prefix));
	cut(&prefix.prefix, prefix.len);
	/* RFC 4862 section 5.5.3, a to c. */
	if (IN6_IS_ADDR_LINKLOCAL(&prefix.prefix) ||
	    IN6_IS_ADDR_MULTICAST(&prefix.prefix) || prefix.preferred_s > prefix.valid_s)
		return;
	ret->prefixes[ret->n_prefixes++] = prefix;
}

/*
 *	 25	 1 + 2 n units	 reserved
 *	 lifetime, n addresses
 */
static void take_servers(struct router_advert *ret, const uint8_t *option, size_t len)
{
	for (size_t at = 8; at + 16 <= len && ret->n_servers < ADVERT_SERVERS_MAX;
	     at += 16) {
		struct in6_addr server;

		memcpy(&server, option + at, sizeof(server));
		if (IN6_IS_ADDR_UNSPECIFIED(&server) || IN6_IS_ADDR_MULTICAST(&server) ||
		    IN6_IS_ADDR_LOOPBACK(&server))
			continue;
		ret->servers_s[ret->n_servers] = get_be32(option + 4);
		ret->servers[ret->n_servers++] = server;
	}
}

int router_advert_parse(struct router_advert *ret, const uint8_t *message, size_t len)
{
	*ret = (struct router_advert){ 0 };
	if (len < HEADER_SIZE || message[0] != ND_ROUTER_ADVERT || message[1] != 0)
		return -EBADMSG;
	ret->lifetime_s = get_be16(message + 6);
	for (size_t at = HEADER_SIZE; at < len;) {
		const uint8_t *option = message + at;
		size_t size;

		if (len - at < OPTION_UNIT)
			return -EBADMSG;
		size = (size_t)option[1] * OPTION_UNIT;
		if (size == 0 || size > len - at)
			return -EBADMSG;
		if (option[0] == ND_OPT_PREFIX_INFORMATION)
			take_prefix(ret, option, size);
		else if (option[0] == OPTION_RDNSS)
			take_servers(ret, option, size);
		at += size;
	}
	return 0;
}

size_t router_solicit_make(uint8_t message[ROUTER_SOLICIT_SIZE], const uint8_t mac[6])
{
	memset(message, 0, ROUTER_SOLICIT_SIZE);
	message[0] = ND_ROUTER_SOLICIT;
	message[8] = ND_OPT_SOURCE_LINKADDR;
	message[9] = 1;
	memcpy(message + 10, mac, 6);
	return ROUTER_SOLICIT_SIZE;
}
