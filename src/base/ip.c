// SPDX-License-Identifier: MIT
/* ip.c — an address of either family */
#include "mqttnode/ip.h"

#include <arpa/inet.h>
#include <string.h>

#include "mqttnode/text.h"

struct ip ip_from_v4(struct in_addr address)
{
	if (address.s_addr == INADDR_ANY)
		return (struct ip){ 0 };
	return (struct ip){ .family = AF_INET, .v4 = address };
}

struct ip ip_from_v6(const struct in6_addr *address, unsigned int scope)
{
	struct ip ip = { .family = AF_INET6, .v6 = *address };

	if (IN6_IS_ADDR_UNSPECIFIED(address))
		return (struct ip){ 0 };
	if (IN6_IS_ADDR_LINKLOCAL(address))
		ip.scope = scope;
	return ip;
}

struct ip ip_from_sockaddr(const struct sockaddr *address)
{
	struct sockaddr_in6 v6;
	struct sockaddr_in v4;

	if (address->sa_family == AF_INET) {
		memcpy(&v4, address, sizeof(v4));
		return ip_from_v4(v4.sin_addr);
	}
	if (address->sa_family == AF_INET6) {
		memcpy(&v6, address, sizeof(v6));
		return ip_from_v6(&v6.sin6_addr, v6.sin6_scope_id);
	}
	return (struct ip){ 0 };
}

socklen_t ip_to_sockaddr(const struct ip *ip, in_port_t port,
			 struct sockaddr_storage *ret)
{
	struct sockaddr_in v4 = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr = ip->v4,
	};
	struct sockaddr_in6 v6 = {
		.sin6_family = AF_INET6,
		.sin6_port = htons(port),
		.sin6_addr = ip->v6,
		.sin6_scope_id = ip->scope,
	};

	memset(ret, 0, sizeof(*ret));
	if (ip->family == AF_INET)
		memcpy(ret, &v4, sizeof(v4));
	else
		memcpy(ret, &v6, sizeof(v6));
	return ip->family == AF_INET ? sizeof(v4) : sizeof(v6);
}

bool ip_parse(struct ip *ret, const char *text)
{
	const char *zone = strchr(text, '%');
	char address[INET6_ADDRSTRLEN];
	struct in6_addr v6;
	struct in_addr v4;

	*ret = (struct ip){ 0 };
	if (inet_pton(AF_INET, text, &v4) == 1) {
		*ret = (struct ip){ .family = AF_INET, .v4 = v4 };
		return true;
	}
	if (zone && (size_t)(zone - text) >= sizeof(address))
		return false;
	text_format(address, sizeof(address), "%.*s",
		    zone ? (int)(zone - text) : (int)sizeof(address), text);
	if (inet_pton(AF_INET6, address, &v6) != 1 ||
	    (zone && (!IN6_IS_ADDR_LINKLOCAL(&v6) || !zone[1])))
		return false;
	*ret = (struct ip){ .family = AF_INET6, .v6 = v6 };
	if (zone)
		ret->scope = if_nametoindex(zone + 1);
	return true;
}

const char *ip_text(const struct ip *ip, char buf[IP_TEXT_SIZE])
{
	char address[INET6_ADDRSTRLEN], name[IF_NAMESIZE];

	buf[0] = '\0';
	if (!ip_is_set(ip) ||
	    !inet_ntop(ip->family, ip_bytes(ip), address, sizeof(address)))
		return buf;
	if (ip->scope && if_indextoname(ip->scope, name))
		return text_format(buf, IP_TEXT_SIZE, "%s%%%s", address, name);
	return text_format(buf, IP_TEXT_SIZE, "%s", address);
}

bool ip_is_set(const struct ip *ip)
{
	return ip->family != AF_UNSPEC;
}

bool ip_equal(const struct ip *a, const struct ip *b)
{
	return a->family == b->family &&
	       memcmp(ip_bytes(a), ip_bytes(b), ip_size(a)) == 0;
}

const void *ip_bytes(const struct ip *ip)
{
	return ip->family == AF_INET ? (const void *)&ip->v4 : &ip->v6;
}

size_t ip_size(const struct ip *ip)
{
	switch (ip->family) {
	case AF_INET:
		return sizeof(ip->v4);
	case AF_INET6:
		return sizeof(ip->v6);
	default:
		return 0;
	}
}

bool ip_is_link_local(const struct ip *ip)
{
	return ip->family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&ip->v6);
}
