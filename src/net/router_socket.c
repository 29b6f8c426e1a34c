// SPDX-License-Identifier: MIT
/* router_socket.c — where routers are asked and heard */
#include "router_socket.h"

#include <errno.h>
#include <netinet/icmp6.h>
#include <string.h>
#include <sys/socket.h>

#include "mqttnode/cleanup.h"
#include "mqttnode/fd.h"

#define MESSAGE_MAX 1500

int router_socket_open(const char *interface)
{
	_cleanup_close_ int fd = -1;
	struct icmp6_filter filter;
	int on = 1, hops = 255;

	fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMPV6);
	if (fd < 0)
		return -errno;
	ICMP6_FILTER_SETBLOCKALL(&filter);
	ICMP6_FILTER_SETPASS(ND_ROUTER_ADVERT, &filter);
	if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface,
		       (socklen_t)strlen(interface)) < 0 ||
	    setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof(filter)) < 0 ||
	    setsockopt(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, &on, sizeof(on)) < 0 ||
	    setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof(hops)) < 0)
		return -errno;
	return take_fd(&fd);
}

void router_socket_solicit(int fd, unsigned int ifindex, const uint8_t mac[6])
{
	static const struct in6_addr all_routers = { .s6_addr = { 0xff,
								  0x02, [15] = 2 } };
	const struct sockaddr_in6 to = { .sin6_family = AF_INET6,
					 .sin6_addr = all_routers,
					 .sin6_scope_id = ifindex };
	uint8_t message[ROUTER_SOLICIT_SIZE];
	size_t len = router_solicit_make(message, mac);

	(void)!sendto(fd, message, len, 0, (const struct sockaddr *)&to, sizeof(to));
}

/* Whether it comes from a neighbour. */
static bool is_from_a_router(const struct sockaddr_in6 *from, struct msghdr *msg,
			     unsigned int ifindex)
{
	int hops = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c))
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_HOPLIMIT)
			memcpy(&hops, CMSG_DATA(c), sizeof(hops));
	return hops == 255 && from->sin6_family == AF_INET6 &&
	       from->sin6_scope_id == ifindex && IN6_IS_ADDR_LINKLOCAL(&from->sin6_addr);
}

bool router_socket_receive(int fd, unsigned int ifindex, struct router_advert *ret,
			   struct ip *ret_router)
{
	_Alignas(struct cmsghdr) char control[64];
	uint8_t message[MESSAGE_MAX];
	struct sockaddr_in6 from = { 0 };
	struct iovec iov = { .iov_base = message, .iov_len = sizeof(message) };
	struct msghdr msg = { .msg_name = &from,
			      .msg_namelen = sizeof(from),
			      .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(fd, &msg, 0);

	if (n <= 0 || !is_from_a_router(&from, &msg, ifindex) ||
	    router_advert_parse(ret, message, (size_t)n) < 0)
		return false;
	*ret_router = ip_from_v6(&from.sin6_addr, ifindex);
	return true;
}
