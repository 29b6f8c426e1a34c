// SPDX-License-Identifier: MIT
/* test_tap.c — the interface of a real kernel: how it is made, used, taken and lost */
#include "mqttnode/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "netns.h"
#include "unit.h"

static const uint8_t mac[6] = { 0x02, 0x11, 0x22, 0x33, 0x44, 0x55 };

/* An ARP request, as short as they come: 42 bytes. */
static const uint8_t arp[42] = {
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0xaa, 0xbb, 0xcc, 0xdd,
	0xee, 0x08, 0x06, 0x00, 0x01, 0x08, 0x00, 0x06, 0x04, 0x00, 0x01,
	0x02, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 10,	  77,	0,    1,    0,
	0,    0,    0,	  0,	0,    10,   77,	  0,	2,
};

static void makes_the_interface_down_without_carrier(void **state)
{
	int fd = tap_open("mqtt0", mac, false);
	char out[512];

	(void)state;
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	netns_output(out, sizeof(out), "ip -o link show mqtt0");
	assert_non_null(strstr(out, "02:11:22:33:44:55"));
	assert_non_null(strstr(out, "mtu 1500"));
	assert_non_null(strstr(out, "qlen 64"));
	assert_null(strstr(out, "UP"));
	netns_run("ip link set mqtt0 up");
	netns_run("ip -o link show mqtt0 | grep -q NO-CARRIER");
	close(fd);
	netns_run("! ip link show mqtt0 2> /dev/null");
}

static void carrier_follows(void **state)
{
	int fd = tap_open("mqtt0", mac, false);

	(void)state;
	assert_true(fd >= 0);
	netns_run("ip link set mqtt0 up");
	assert_int_equal(tap_set_carrier(fd, true), 0);
	netns_wait("ip -o link show mqtt0 | grep -q LOWER_UP");
	assert_int_equal(tap_set_carrier(fd, false), 0);
	netns_wait("ip -o link show mqtt0 | grep -q NO-CARRIER");
	close(fd);
}

static void carries_frames_both_ways_and_short_ones_unpadded(void **state)
{
	struct pollfd p = { .fd = tap_open("mqtt0", mac, false), .events = POLLIN };
	uint8_t frame[2048];
	ssize_t n;

	(void)state;
	assert_true(p.fd >= 0);
	netns_run(
		"ip link set mqtt0 addrgenmode none up && ip addr add 10.77.0.2/24 dev mqtt0");
	assert_int_equal(tap_set_carrier(p.fd, true), 0);
	/* The kernel notices a little later; before that, what it sends is lost. */
	netns_wait("ip -o link show mqtt0 | grep -q 'state UP'");
	assert_int_equal(tap_write(p.fd, arp, sizeof(arp)), 0);
	do {
		assert_int_equal(poll(&p, 1, 5000), 1);
		n = tap_read(p.fd, frame, sizeof(frame));
		assert_true(n > 0);
	} while (frame[12] != 0x08 || frame[13] != 0x06); /* IGMP and the like */
	assert_int_equal(n, 42);
	assert_memory_equal(frame, arp + 6, 6);
	assert_memory_equal(frame + 6, mac, 6);
	assert_int_equal(frame[21], 2); /* a reply */
	close(p.fd);
}

static void tells_down_from_empty_from_deleted(void **state)
{
	struct pollfd p = { .fd = tap_open("mqtt0", mac, false), .events = POLLIN };
	uint8_t frame[2048];

	(void)state;
	assert_true(p.fd >= 0);
	assert_int_equal(tap_write(p.fd, arp, sizeof(arp)), -EIO);
	assert_int_equal(tap_read(p.fd, frame, sizeof(frame)), -EAGAIN);
	netns_run("ip link set mqtt0 up");
	assert_int_equal(tap_write(p.fd, arp, sizeof(arp)), 0);
	assert_int_equal(tap_write(p.fd, arp, 13), -EINVAL);
	netns_run("ip link del mqtt0");
	assert_int_equal(poll(&p, 1, 5000), 1);
	assert_true(p.revents & POLLERR);
	assert_int_equal(tap_read(p.fd, frame, sizeof(frame)), -EBADFD);
	assert_int_equal(tap_write(p.fd, arp, sizeof(arp)), -EBADFD);
	assert_int_equal(tap_set_carrier(p.fd, true), -EBADFD);
	close(p.fd);
}

static void refuses_what_is_not_a_tap(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds), 0);
	assert_true(tap_set_carrier(fds[0], true) < 0);
	close(fds[0]);
	close(fds[1]);
}

static void refuses_a_name_that_is_taken(void **state)
{
	int fd = tap_open("mqtt0", mac, false);
	char text[256];

	(void)state;
	/* by ourselves in another process */
	assert_true(fd >= 0);
	assert_int_equal(tap_open("mqtt0", mac, false), -EBUSY);
	close(fd);

	/* by a TAP that somebody left behind, though the kernel would let us in */
	netns_run("ip tuntap add dev mqtt0 mode tap");
	assert_int_equal(tap_open("mqtt0", mac, false), -EBUSY);
	tap_explain("mqtt0", -EBUSY, text, sizeof(text));
	assert_string_equal(
		text, "The TAP mqtt0 exists already: another mqttnode runs, or it was "
		      "left behind; stop the other one, or \"ip link delete mqtt0\", "
		      "or set ethernet.interface");
	netns_run("ip link del mqtt0");

	/* by another kind of interface */
	netns_run("ip link add mqtt0 type veth peer name other0");
	assert_int_equal(tap_open("mqtt0", mac, false), -EBUSY);
	tap_explain("mqtt0", -EBUSY, text, sizeof(text));
	assert_string_equal(text, "mqtt0 is the name of another network interface: set "
				  "ethernet.interface to a name that is free");
	netns_run("ip link del mqtt0");
}

static void joins_a_tap_that_others_made_to_stay(void **state)
{
	int fd;

	(void)state;
	netns_run("ip tuntap add dev mqtt0 mode tap && ip link set mqtt0 up");
	fd = tap_open("mqtt0", mac, true);
	assert_true(fd >= 0);
	netns_run("ip -o link show mqtt0 | grep -q 02:11:22:33:44:55");
	netns_run("ip -o link show mqtt0 | grep -q 'qlen 64'");
	netns_run("ip -o link show mqtt0 | grep -q NO-CARRIER");
	assert_int_equal(tap_open("mqtt0", mac, true), -EBUSY); /* by another process */
	close(fd);
	netns_run("ip link del mqtt0"); /* is still there */

	/* Without one it is made, and goes. */
	fd = tap_open("mqtt0", mac, true);
	assert_true(fd >= 0);
	close(fd);
	netns_run("! ip link show mqtt0 2> /dev/null");

	netns_run("ip link add mqtt0 type veth peer name other0");
	assert_int_equal(tap_open("mqtt0", mac, true), -EBUSY);
	netns_run("ip link del mqtt0");
}

static void refuses_names_and_addresses_that_are_none(void **state)
{
	static const uint8_t group[6] = { 0x03, 0x11, 0x22, 0x33, 0x44, 0x55 };

	(void)state;
	assert_int_equal(tap_open("", mac, false), -EINVAL);
	assert_int_equal(tap_open("mqtt%d", mac, false), -EINVAL);
	assert_int_equal(tap_open("a/b", mac, false), -EINVAL);
	assert_int_equal(tap_open("sixteen-is-much1", mac, false), -EINVAL);
	assert_int_equal(tap_open("mqtt0", group, false), -EINVAL);
	netns_run("! ip link show mqtt0 2> /dev/null");
}

/* Runs @prepare in a child and returns the errno of tap_open() there. */
static int open_in_child(void (*prepare)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		int r;

		prepare();
		r = tap_open("mqtt0", mac, false);
		_exit(r < 0 ? -r : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version =
							   _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { 0, 0, 0 }, { 0, 0, 0 } };

	if (syscall(SYS_capset, &header, data) < 0)
		_exit(120);
}

static void hide_device(void)
{
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/dev/net", "tmpfs", 0, NULL) < 0)
		_exit(120);
}

static void says_why_it_may_not(void **state)
{
	char text[256];

	(void)state;
	assert_int_equal(open_in_child(drop_capabilities), EPERM);
	tap_explain("mqtt0", -EPERM, text, sizeof(text));
	assert_string_equal(
		text, "No permission to create mqtt0: CAP_NET_ADMIN is missing; start "
		      "the service, or run as root");

	assert_int_equal(open_in_child(hide_device), ENOENT);
	tap_explain("mqtt0", ENOENT, text, sizeof(text));
	assert_string_equal(text,
			    "This kernel offers no TAP interface: try \"modprobe tun\"; "
			    "after a kernel update, restart the machine");

	tap_explain("mqtt0", -EACCES, text, sizeof(text));
	assert_string_equal(
		text, "No permission to open /dev/net/tun: its mode should be 0666");
	tap_explain("a/b", -EINVAL, text, sizeof(text));
	assert_string_equal(
		text, "Cannot create a/b: not a valid interface name or MAC address");
	tap_explain("mqtt0", -ENOMEM, text, sizeof(text));
	assert_string_equal(text,
			    "Cannot create the interface mqtt0: Cannot allocate memory");
	tap_explain("mqtt0", -4000, text, sizeof(text));
	assert_string_equal(text, "Cannot create the interface mqtt0: unknown error");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_the_interface_down_without_carrier),
		cmocka_unit_test(carrier_follows),
		cmocka_unit_test(carries_frames_both_ways_and_short_ones_unpadded),
		cmocka_unit_test(tells_down_from_empty_from_deleted),
		cmocka_unit_test(refuses_what_is_not_a_tap),
		cmocka_unit_test(refuses_a_name_that_is_taken),
		cmocka_unit_test(joins_a_tap_that_others_made_to_stay),
		cmocka_unit_test(refuses_names_and_addresses_that_are_none),
		cmocka_unit_test(says_why_it_may_not),
	};

	netns_enter();
	return cmocka_run_group_tests_name("tap", tests, NULL, NULL);
}
