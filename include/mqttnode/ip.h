/* SPDX-License-Identifier: MIT */
/*
 * ip.h — an address of either family
 *
 * For what does not care whether it is IPv4 or IPv6. What is IPv4 alone (DHCP,
 * the static configuration) keeps struct in_addr. Any thread.
 */
#ifndef MQTTNODE_IP_H
#define MQTTNODE_IP_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

struct ip {
	sa_family_t family; /* AF_INET or AF_INET6; AF_UNSPEC: none */
	unsigned int scope; /* index of the interface of a link-local IPv6 address */
	union {
		struct in_addr v4;
		struct in6_addr v6;
	};
};

/* The longest text: an address, "%" and the name of an interface. */
#define IP_TEXT_SIZE (INET6_ADDRSTRLEN + IF_NAMESIZE)

/* 0.0.0.0 and :: become none. */
struct ip ip_from_v4(struct in_addr address);
struct ip ip_from_v6(const struct in6_addr *address, unsigned int scope);

/* Of AF_INET and AF_INET6; anything else is none. */
struct ip ip_from_sockaddr(const struct sockaddr *address);

/* Fills @ret for port @port and returns its length. @ip is not none. */
socklen_t ip_to_sockaddr(const struct ip *ip, in_port_t port,
			 struct sockaddr_storage *ret);

/* "10.0.0.1", "fd00::1", "fe80::1%mqtt0". Returns whether it is one; else none. */
bool ip_parse(struct ip *ret, const char *text);

/* As above; "" for none. Returns @buf. */
const char *ip_text(const struct ip *ip, char buf[IP_TEXT_SIZE]);

/* Whether there is an address. */
bool ip_is_set(const struct ip *ip);

/* The same address, be it on another interface. */
bool ip_equal(const struct ip *a, const struct ip *b);

/* The address as in a packet: 4 or 16 bytes, 0 of none. */
const void *ip_bytes(const struct ip *ip);
size_t ip_size(const struct ip *ip);

/* fe80::/10 */
bool ip_is_link_local(const struct ip *ip);

#endif
