// SPDX-License-Identifier: MIT
/* device_bind.c — a connection that ends on the interface it began on */
#include "mqttnode/device_bind.h"

#include <errno.h>
#include <ifaddrs.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "mqttnode/ip.h"

/* Whether @ip is an address of @interface, or of any (NULL). */
static bool is_own(const struct ifaddrs *list, const struct ip *ip, const char *interface)
{
	for (; list; list = list->ifa_next) {
		struct ip address = { 0 };

		if (list->ifa_addr)
			address = ip_from_sockaddr(list->ifa_addr);
		if (ip_is_set(&address) && ip_equal(&address, ip) &&
		    (!interface || strcmp(list->ifa_name, interface) == 0))
			return true;
	}
	return false;
}

static int own_address(int fd, struct ip *ret)
{
	struct sockaddr_storage name = { 0 };
	socklen_t len = sizeof(name);

	if (getsockname(fd, (struct sockaddr *)&name, &len) < 0)
		return -errno;
	*ret = ip_from_sockaddr((const struct sockaddr *)&name);
	return 0;
}

int device_bind(int fd, const char *interface, const struct ip *peer)
{
	struct ifaddrs *list;
	struct ip local;
	bool wanted;
	int r;

	r = own_address(fd, &local);
	if (r < 0)
		return r;
	if (getifaddrs(&list) < 0)
		return -errno;
	wanted = is_own(list, &local, interface) && !is_own(list, peer, NULL);
	freeifaddrs(list);
	if (!wanted)
		return 0;
	if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface,
		       (socklen_t)strlen(interface)) < 0)
		return -errno;
	return 1;
}
