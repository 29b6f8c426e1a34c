// SPDX-License-Identifier: MIT
/* tap.c — the network interface: the only file that knows /dev/net/tun */
#include "mqttnode/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mqttnode/cleanup.h"
#include "mqttnode/text.h"

#define TUN_DEVICE "/dev/net/tun"

static int set_name(struct ifreq *request, const char *name)
{
	size_t len = strlen(name);

	/* The kernel would take an empty name, or a %d in it, as a pattern for a free
	 * one. */
	if (len == 0 || len >= IFNAMSIZ || strchr(name, '%'))
		return -EINVAL;
	*request = (struct ifreq){ 0 };
	memcpy(request->ifr_name, name, len + 1);
	return 0;
}

/* Queue length and MTU belong to the interface, not to the descriptor. */
static int set_limits(const char *name)
{
	_cleanup_close_ int sock = -1;
	struct ifreq request;
	int r;

	sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return -errno;
	r = set_name(&request, name);
	if (r < 0)
		return r;
	request.ifr_qlen = TAP_TXQUEUELEN;
	if (ioctl(sock, SIOCSIFTXQLEN, &request) < 0)
		return -errno;
	request.ifr_mtu = TAP_MTU;
	return ioctl(sock, SIOCSIFMTU, &request) < 0 ? -errno : 0;
}

int tap_open(const char *name, const uint8_t mac[6], bool join)
{
	_cleanup_close_ int fd = -1;
	struct ifreq request;
	int r;

	r = set_name(&request, name);
	if (r < 0)
		return r;
	if (mac[0] & 1)
		return -EINVAL;
	fd = open(TUN_DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;

	/* EXCL: an interface that exists is somebody else's, even if it would let us in.
	 */
	request.ifr_flags = (short)(IFF_TAP | IFF_NO_PI | (join ? 0 : IFF_TUN_EXCL));
	if (ioctl(fd, TUNSETIFF, &request) < 0)
		return join && errno == EINVAL ? -EBUSY : -errno; /* it is no TAP */

	/* At once: udev gives devices with a random address another one. */
	request.ifr_hwaddr.sa_family = ARPHRD_ETHER;
	memcpy(request.ifr_hwaddr.sa_data, mac, 6);
	if (ioctl(fd, SIOCSIFHWADDR, &request) < 0)
		return -errno;

	r = tap_set_carrier(fd, false);
	if (r < 0)
		return r;
	r = set_limits(name);
	if (r < 0)
		return r;
	return take_fd(&fd);
}

ssize_t tap_read(int fd, uint8_t *buf, size_t size)
{
	ssize_t n = read(fd, buf, size);

	return n < 0 ? -errno : n;
}

int tap_write(int fd, const uint8_t *frame, size_t len)
{
	ssize_t n = write(fd, frame, len);

	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EIO;
}

int tap_set_carrier(int fd, bool on)
{
	int carrier = on;

	return ioctl(fd, TUNSETCARRIER, &carrier) < 0 ? -errno : 0;
}

bool tap_exists(const char *name)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	_cleanup_close_ int sock = -1;
	struct ifreq request;

	sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock < 0 || set_name(&request, name) < 0)
		return false;
	request.ifr_data = (char *)&info;
	return ioctl(sock, SIOCETHTOOL, &request) == 0 && strcmp(info.driver, "tun") == 0;
}

enum cause_id tap_explain(const char *name, int error, char *buf, size_t size)
{
	switch (abs(error)) {
	case EBUSY:
		if (tap_exists(name)) {
			text_format(buf, size,
				    "The TAP %s exists already: another mqttnode runs, "
				    "or it was left behind; stop the other one, or \"ip "
				    "link delete %s\", or set ethernet.interface",
				    name, name);
			return CAUSE_INTERFACE_EXISTS;
		}
		text_format(buf, size,
			    "%s is the name of another network interface: set "
			    "ethernet.interface to a name that is free",
			    name);
		return CAUSE_INTERFACE_EXISTS;
	case EPERM:
		text_format(buf, size,
			    "No permission to create %s: CAP_NET_ADMIN is missing; "
			    "start the service, or run as root",
			    name);
		return CAUSE_TUN_NO_CAPABILITY;
	case EACCES:
		text_format(buf, size,
			    "No permission to open " TUN_DEVICE
			    ": its mode should be 0666");
		return CAUSE_TUN_NOT_PERMITTED;
	case ENOENT:
	case ENODEV:
	case ENXIO:
		text_format(buf, size,
			    "This kernel offers no TAP interface: try \"modprobe tun\"; "
			    "after a kernel update, restart the machine");
		return CAUSE_TUN_ABSENT;
	case EINVAL:
		text_format(buf, size,
			    "Cannot create %s: not a valid interface name or MAC address",
			    name);
		return CAUSE_INTERFACE_INVALID;
	default:
		text_format(buf, size, "Cannot create the interface %s: %s", name,
			    strerrordesc_np(abs(error)) ?: "unknown error");
		return CAUSE_INTERFACE_ERROR;
	}
}
