// SPDX-License-Identifier: MIT
/*
 * test_device_bind.c — a connection that ends on its interface, in a real kernel
 *
 * In a namespace of its own with two interfaces: mqtt0, and eth0 with a default
 * route. That nothing leaves by eth0 is what its counter says.
 */
#include "mqttnode/device_bind.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netns.h"
#include "unit.h"

#include "mqttnode/fd.h"

static struct ip ip(const char *text)
{
	struct ip a;

	assert_true(ip_parse(&a, text));
	return a;
}

static int setup(void **state)
{
	(void)state;
	netns_enter();
	netns_run("for i in mqtt0 eth0; do ip link add $i type veth peer name "
		  "far-$i; ip link set far-$i up; ip link set $i up; done");
	netns_run(
		"ip addr add 10.77.0.59/24 dev mqtt0; ip addr add 192.0.2.2/24 dev eth0; "
		"ip addr add fd77::59/64 dev mqtt0 nodad; "
		"ip route add default via 192.0.2.1");
	return 0;
}

/* A socket on its way to @peer; from @local, or from where the routes say (NULL). */
static int connecting(const char *local, const char *peer)
{
	struct ip from, to = ip(peer);
	struct sockaddr_storage address;
	socklen_t len;
	int fd;

	fd = socket(to.family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	if (local) {
		from = ip(local);
		len = ip_to_sockaddr(&from, 0, &address);
		assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
	}
	len = ip_to_sockaddr(&to, 1883, &address);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, len), -1);
	assert_true(errno == EINPROGRESS || errno == ECONNREFUSED);
	return fd;
}

static void expect_device(int fd, const char *name)
{
	char device[IFNAMSIZ] = "";
	socklen_t len = sizeof(device);

	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, &len), 0);
	assert_string_equal(device, name);
}

/* Tries a connection from @local to @peer, which is to end up bound, or not. */
static void try(const char *local, const char *peer, bool bound)
{
	struct ip to = ip(peer);
	int fd = connecting(local, peer);

	assert_int_equal(device_bind(fd, "mqtt0", &to), bound);
	expect_device(fd, bound ? "mqtt0" : "");
	close(fd);
}

static void binds_what_has_an_address_of_the_interface(void **state)
{
	(void)state;
	try("10.77.0.59", "10.77.0.1", true);
	try(NULL, "10.77.0.1", true);
	try("10.77.0.59", "203.0.113.9", true);
	try(NULL, "fd77::1", true);
}

static void leaves_what_the_routes_lead_elsewhere(void **state)
{
	(void)state;
	try(NULL, "203.0.113.9", false);
	try("192.0.2.2", "10.77.0.1", false);
}

static void leaves_what_stays_in_this_machine(void **state)
{
	(void)state;
	try(NULL, "127.0.0.1", false);
	try("10.77.0.59", "192.0.2.2", false);
	try("10.77.0.59", "10.77.0.59", false);
}

/* What a shell says of that; /sys may be that of another namespace. */
#define SENT "ip -s link show %s | awk '/TX:/ { getline; print $2 }'"

/* How many packets left by @interface. */
static int sent_by(const char *interface)
{
	char out[32];

	netns_output(out, sizeof(out), SENT, interface);
	return atoi(out);
}

static void has_no_other_way_when_the_routes_are_gone(void **state)
{
	struct ip to = ip("10.77.0.1");
	struct sockaddr_storage address;
	socklen_t len = ip_to_sockaddr(&to, 7, &address);
	int before, fd = connecting("10.77.0.59", "10.77.0.1");
	int free_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)state;
	assert_int_equal(device_bind(fd, "mqtt0", &to), 1);
	/* Nothing of its own accord. */
	netns_run("echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6");
	netns_run("ip neigh replace 192.0.2.1 lladdr 02:00:00:00:00:01 dev eth0");
	netns_run("ip route flush dev mqtt0");
	before = sent_by("eth0");
	/* A control: what is not bound takes the other way. */
	assert_int_equal(sendto(free_fd, "x", 1, 0, (struct sockaddr *)&address, len), 1);
	assert_int_equal(sent_by("eth0"), before + 1);
	/* SYN is repeated after a second. */
	netns_run("ip neigh replace 10.77.0.1 lladdr 02:00:00:00:00:02 dev mqtt0");
	before = sent_by("mqtt0");
	netns_wait("test $(" SENT ") -gt %d", "mqtt0", before);
	close(fd);
	close(free_fd);
}

static void says_what_is_wrong(void **state)
{
	struct ip to = ip("10.77.0.1");
	int fd = connecting("10.77.0.59", "10.77.0.1");

	(void)state;
	assert_int_equal(device_bind(fd, "mqtt1", &to), 0); /* it has no address */
	close(fd);
	assert_int_equal(device_bind(-1, "mqtt0", &to), -EBADF);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(binds_what_has_an_address_of_the_interface),
		cmocka_unit_test(leaves_what_the_routes_lead_elsewhere),
		cmocka_unit_test(leaves_what_stays_in_this_machine),
		cmocka_unit_test(says_what_is_wrong),
		cmocka_unit_test(has_no_other_way_when_the_routes_are_gone),
	};

	return cmocka_run_group_tests_name("device_bind", tests, setup, NULL);
}
