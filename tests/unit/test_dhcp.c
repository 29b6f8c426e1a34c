// SPDX-License-Identifier: MIT
/*
 * test_dhcp.c — the supervised client: real udhcpc and dnsmasq, and false ones
 *
 * The interface mqtt0 of the test's namespace is joined by a cable to w0 in
 * another one, where dnsmasq runs. This very program is the hook. Where a
 * client has to misbehave, a script named udhcpc takes its place; there time
 * runs faster, by wrapping the one function that arms timers.
 */
#include "mqttnode/dhcp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "netns.h"
#include "unit.h"

#include "mqttnode/clock.h"

static char dir[] = "/tmp/test-dhcp-XXXXXX";
static uint64_t speed = 1;

int __real_sd_event_source_set_time(sd_event_source *s, uint64_t usec);
int __wrap_sd_event_source_set_time(sd_event_source *s, uint64_t usec);

int __wrap_sd_event_source_set_time(sd_event_source *s, uint64_t usec)
{
	struct timespec now;
	clockid_t clock;
	uint64_t now_us;

	assert_int_equal(sd_event_source_get_time_clock(s, &clock), 0);
	assert_int_equal(clock_gettime(clock, &now), 0);
	now_us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
	if (usec > now_us)
		usec = now_us + (usec - now_us) / speed;
	return __real_sd_event_source_set_time(s, usec);
}

struct fixture {
	sd_event *event;
	struct dhcp_events events;
	struct dhcp *dhcp;
	struct netns_peer wire;
	pid_t server;

	unsigned int leases, losses, troubles, stops;
	struct lease lease;
	char why[256], cause[256];
};

/* --- What is told --------------------------------------------------------- */

static void on_lease(void *ctx, const struct lease *lease)
{
	struct fixture *f = ctx;
	char text[INET_ADDRSTRLEN];

	f->leases++;
	f->lease = *lease;
	/* as the daemon does: renewals and the release come from this address */
	inet_ntop(AF_INET, &lease->address, text, sizeof(text));
	netns_run("ip addr replace %s/%u dev mqtt0", text, lease->prefix_len);
}

static void on_lost(void *ctx, const char *why)
{
	struct fixture *f = ctx;

	f->losses++;
	snprintf(f->why, sizeof(f->why), "%s", why);
}

static void on_trouble(void *ctx, const char *cause)
{
	struct fixture *f = ctx;

	f->troubles++;
	snprintf(f->cause, sizeof(f->cause), "%s", cause);
}

static void on_stopped(void *ctx)
{
	struct fixture *f = ctx;

	f->stops++;
}

/* Runs the event loop until @condition, at most @seconds. */
#define WAIT_FOR(f, seconds, condition)                                                  \
	do {                                                                             \
		uint64_t limit = clock_now_ns(&clock_system) + (seconds)*NSEC_PER_SEC;   \
		while (!(condition) && clock_now_ns(&clock_system) < limit)              \
			assert_true(sd_event_run((f)->event, 50000) >= 0);               \
		assert_true(condition);                                                  \
	} while (0)

static double seconds_since(uint64_t start_ns)
{
	return (double)(clock_now_ns(&clock_system) - start_ns) / (double)NSEC_PER_SEC;
}

/* --- The wire and its server ---------------------------------------------- */

/* Starts dnsmasq at the other end as 10.@net.0.1, with more options, separated by spaces.
 */
static void server_start(struct fixture *f, int net, const char *options)
{
	char command[1024], path[64];
	int fd;

	netns_run(
		"nsenter -t %d -n sh -c 'ip addr flush dev w0; ip addr add 10.%d.0.1/24 dev "
		"w0; ip link set w0 up'; rm -f %s/dns.*",
		f->wire.pid, net, dir);
	snprintf(
		command, sizeof(command),
		"exec dnsmasq --keep-in-foreground --conf-file=/dev/null --no-hosts "
		"--no-resolv --port=0 --interface=w0 --bind-interfaces --no-ping --user=root "
		"--dhcp-leasefile=%s/dns.leases --pid-file= --log-dhcp "
		"--log-facility=%s/dns.log %s",
		dir, dir, options);
	snprintf(path, sizeof(path), "/proc/%d/ns/net", f->wire.pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	f->server = fork();
	assert_true(f->server >= 0);
	if (f->server == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (setns(fd, CLONE_NEWNET) == 0)
			execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(127);
	}
	close(fd);
	netns_wait("grep -q 'DHCP, IP range' %s/dns.log 2> /dev/null", dir);
}

static void server_stop(struct fixture *f)
{
	if (f->server <= 0)
		return;
	kill(f->server, SIGKILL);
	waitpid(f->server, NULL, 0);
	f->server = 0;
}

/* How often the server logged @text. */
static int server_count(const char *text)
{
	char out[32];

	return atoi(netns_output(out, sizeof(out), "grep -c '%s' %s/dns.log", text, dir));
}

#define RANGE_77                                                                           \
	"--dhcp-range=10.77.0.50,10.77.0.60,2m --dhcp-option=option:dns-server,10.77.0.1," \
	"10.77.0.2 --dhcp-option=26,1400"

/* --- A client that misbehaves --------------------------------------------- */

/* Puts a script in udhcpc's place; $hook is the hook, $n counts the starts from 1. */
static void fake_client(const char *script)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "%s/udhcpc", dir);
	file = fopen(path, "we");
	assert_non_null(file);
	fprintf(file,
		"#!/bin/sh\n"
		"cd %s\n"
		"echo \"$*\" >> args\n"
		"echo $$ > pid\n"
		"n=$(wc -l < args)\n"
		"while [ $# -gt 0 ]; do [ \"$1\" = -s ] && hook=$2; shift; done\n"
		"bound() { env ip=$1 subnet=255.255.255.0 lease=$2 \"$hook\" bound; }\n"
		"%s\n",
		dir, script);
	fclose(file);
	assert_int_equal(chmod(path, 0755), 0);
}

static char *read_kept(char *buf, size_t size, const char *name)
{
	return netns_output(buf, size, "cat %s/%s 2> /dev/null", dir, name);
}

static int starts(void)
{
	char out[32];

	return atoi(
		netns_output(out, sizeof(out), "cat %s/args 2> /dev/null | wc -l", dir));
}

/* --- Fixture -------------------------------------------------------------- */

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	speed = 1;
	netns_run("rm -rf %s/*", dir);
	netns_peer_start(&f->wire, "exec sleep 1000");
	netns_run(
		"ip link add mqtt0 type veth peer name w0 && ip link set w0 netns %d && "
		"ip link set mqtt0 addrgenmode none up",
		f->wire.pid);
	netns_run("nsenter -t %d -n ip link set w0 addrgenmode none up", f->wire.pid);
	netns_peer_go(&f->wire);
	netns_wait("ip -o link show mqtt0 | grep -q 'state UP'");
	assert_int_equal(sd_event_new(&f->event), 0);
	f->events = (struct dhcp_events){
		.ctx = f,
		.on_lease = on_lease,
		.on_lost = on_lost,
		.on_trouble = on_trouble,
		.on_stopped = on_stopped,
	};
	assert_int_equal(dhcp_new(&f->dhcp, f->event, "mqtt0", "node-7", &f->events), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	dhcp_free(f->dhcp);
	sd_event_unref(f->event);
	server_stop(f);
	netns_peer_kill(&f->wire);
	netns_run("ip link del mqtt0 2> /dev/null || true");
	free(f);
	return 0;
}

/* --- With the real client and server -------------------------------------- */

static void gets_renews_and_releases_a_lease(void **state)
{
	struct fixture *f = *state;
	struct in_addr address;
	uint64_t start;

	server_start(f, 77, RANGE_77);
	start = clock_now_ns(&clock_system);
	dhcp_link(f->dhcp, true);
	dhcp_link(f->dhcp, true); /* says nothing new */
	WAIT_FOR(f, 10, f->leases == 1);
	print_message("# lease after %.2f s\n", seconds_since(start));
	address = f->lease.address;
	assert_in_range(ntohl(address.s_addr), 0x0a4d0032, 0x0a4d003c);
	assert_int_equal(f->lease.prefix_len, 24);
	assert_int_equal(f->lease.gateway.s_addr, inet_addr("10.77.0.1"));
	assert_int_equal(f->lease.server.s_addr, inet_addr("10.77.0.1"));
	assert_int_equal(f->lease.n_dns, 2);
	assert_int_equal(f->lease.dns[1].s_addr, inet_addr("10.77.0.2"));
	assert_int_equal(f->lease.lifetime_s, 120);
	assert_int_equal(f->lease.mtu, 1400);
	assert_int_equal(server_count("client provides name: node-7"), 2);

	/* The cable comes back to the same network: confirmed, not begun anew. */
	dhcp_link(f->dhcp, false);
	start = clock_now_ns(&clock_system);
	dhcp_link(f->dhcp, true);
	WAIT_FOR(f, 6, f->leases == 2);
	print_message("# confirmed after %.2f s\n", seconds_since(start));
	assert_int_equal(f->lease.address.s_addr, address.s_addr);
	assert_int_equal(server_count("DHCPDISCOVER("), 1);
	assert_int_equal(f->losses + f->troubles, 0);

	start = clock_now_ns(&clock_system);
	dhcp_stop(f->dhcp, 500);
	assert_int_equal(f->stops, 0); /* not from within */
	WAIT_FOR(f, 4, f->stops == 1);
	print_message("# stopped after %.2f s\n", seconds_since(start));
	netns_wait("grep -q 'DHCPRELEASE(' %s/dns.log", dir);
	assert_int_equal(f->losses + f->troubles, 0);
	dhcp_link(f->dhcp, false); /* too late to matter */
	dhcp_link(f->dhcp, true);
	assert_int_equal(sd_event_run(f->event, 100000), 0);
}

static void finds_the_server_of_another_network_without_a_release(void **state)
{
	struct fixture *f = *state;
	uint64_t start;

	server_start(f, 77, RANGE_77);
	dhcp_link(f->dhcp, true);
	WAIT_FOR(f, 10, f->leases == 1);
	dhcp_link(f->dhcp, false);
	server_stop(f);
	server_start(f, 78, "--dhcp-range=10.78.0.50,10.78.0.60,2m");
	start = clock_now_ns(&clock_system);
	dhcp_link(f->dhcp, true);
	WAIT_FOR(f, 12, f->leases == 2);
	print_message("# in the new network after %.2f s\n", seconds_since(start));
	assert_in_range(ntohl(f->lease.address.s_addr), 0x0a4e0032, 0x0a4e003c);
	assert_int_equal(f->losses, 0); /* replaced */
	assert_int_equal(server_count("DHCPRELEASE("), 0);
	/* and the new client renews as the old one did */
	dhcp_link(f->dhcp, false);
	dhcp_link(f->dhcp, true);
	WAIT_FOR(f, 6, f->leases == 3);
	assert_int_equal(server_count("DHCPDISCOVER("), 1);
}

static void tells_silence_and_goes_on_asking(void **state)
{
	struct fixture *f = *state;

	dhcp_link(f->dhcp, true);
	WAIT_FOR(f, 10, f->troubles == 1);
	assert_string_equal(f->cause, "No answer from a DHCP server (3 s)");
	WAIT_FOR(f, 4, f->troubles == 2);
	assert_string_equal(f->cause, "No answer from a DHCP server (4 s)");
	server_start(f, 77, RANGE_77);
	WAIT_FOR(f, 16, f->leases == 1);
	f->troubles = 0;
	assert_int_equal(sd_event_run(f->event, 1500000), 0); /* quiet again */
	assert_int_equal(f->troubles + f->losses, 0);
}

static void keeps_the_lease_while_the_server_is_away(void **state)
{
	struct fixture *f = *state;

	server_start(f, 77, RANGE_77);
	dhcp_link(f->dhcp, true);
	WAIT_FOR(f, 10, f->leases == 1);
	server_stop(f);
	dhcp_link(f->dhcp, false);
	dhcp_link(f->dhcp, true);
	WAIT_FOR(f, 10, f->troubles > 1); /* a second client asks now */
	assert_int_equal(f->losses, 0);
	server_start(f, 77, RANGE_77);
	WAIT_FOR(f, 16, f->leases == 2);
	assert_int_equal(f->losses, 0);
}

static void tells_a_conflict_with_its_address(void **state)
{
	struct fixture *f = *state;

	/* The machine at the other end answers for the one address that is offered. */
	server_start(f, 77, "--dhcp-range=10.77.0.50,10.77.0.50,2m");
	netns_run(
		"nsenter -t %d -n sh -c 'ip link set lo up; ip addr add 10.77.0.50/32 dev lo'",
		f->wire.pid);
	dhcp_link(f->dhcp, true);
	WAIT_FOR(f, 8, f->troubles > 0);
	assert_string_equal(f->cause,
			    "Address conflict: 10.77.0.50 is in use by another machine");
	assert_int_equal(f->leases, 0);
	netns_wait("grep -q 'DHCPDECLINE(' %s/dns.log", dir);
}

static void gives_the_lease_up_when_the_server_refuses_it(void **state)
{
	struct fixture *f = *state;

	server_start(f, 77, RANGE_77 " --dhcp-authoritative");
	dhcp_link(f->dhcp, true);
	WAIT_FOR(f, 10, f->leases == 1);
	dhcp_link(f->dhcp, false);
	server_stop(f);
	server_start(f, 77,
		     "--dhcp-range=10.77.0.100,10.77.0.110,2m --dhcp-authoritative");
	dhcp_link(f->dhcp, true);
	WAIT_FOR(f, 6, f->losses == 1);
	assert_int_equal(strncmp(f->why, "The DHCP server refused the address (NAK)", 41),
			 0);
	print_message("# %s\n", f->why);
	WAIT_FOR(f, 16, f->leases == 2);
	assert_in_range(ntohl(f->lease.address.s_addr), 0x0a4d0064, 0x0a4d006e);
}

/* --- With a client that misbehaves ---------------------------------------- */

static void tells_the_client_what_it_needs_and_no_more(void **state)
{
	struct fixture *f = *state;
	char args[1024];

	fake_client("env > environ; \"$hook\" deconfig; bound 10.77.0.5 120; sleep 100");
	dhcp_link(f->dhcp, true);
	WAIT_FOR(f, 10, f->leases == 1);
	read_kept(args, sizeof(args), "args");
	assert_non_null(strstr(args, "-f -R "));
	assert_non_null(strstr(args, " -i mqtt0 "));
	assert_non_null(strstr(args, " -x hostname:node-7\n"));
	assert_null(strstr(args, " -r "));
	netns_run("! grep -v -e ^PATH= -e ^PWD= -e ^OLDPWD= -e ^SHLVL= -e ^_= -e "
		  "^MQTTNODE_DHCP_HOOK=1$ %s/environ",
		  dir);
	f->dhcp = dhcp_free(f->dhcp);

	/* Text that is no host name is not passed on. */
	assert_int_equal(dhcp_new(&f->dhcp, f->event, "mqtt0", "x\"y;z", &f->events), 0);
	dhcp_link(f->dhcp, true);
	WAIT_FOR(f, 10, f->leases == 2);
	netns_run("! tail -n 1 %s/args | grep -e -x", dir);
}

static void freeing_kills_and_reaps(void **state)
{
	struct fixture *f = *state;
	char out[32];
	pid_t pid;

	fake_client("trap '' TERM; bound 10.77.0.5 120; while :; do sleep 1; done");
	dhcp_link(f->dhcp, true);
	WAIT_FOR(f, 10, f->leases == 1);
	pid = atoi(read_kept(out, sizeof(out), "pid"));
	assert_int_equal(kill(pid, 0), 0);
	f->dhcp = dhcp_free(f->dhcp);
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(errno, ESRCH);
	assert_null(dhcp_free(NULL));
}

static void a_client_that_will_not_stop_is_killed(void **state)
{
	struct fixture *f = *state;
	uint64_t start;

	fake_client("trap '' TERM; bound 10.77.0.5 120; while :; do sleep 1; done");
	dhcp_link(f->dhcp, true);
	WAIT_FOR(f, 10, f->leases == 1);
	start = clock_now_ns(&clock_system);
	dhcp_stop(f->dhcp, 300);
	WAIT_FOR(f, 6, f->stops == 1);
	assert_in_range(clock_now_ns(&clock_system) - start, 290 * NSEC_PER_MSEC,
			2 * NSEC_PER_SEC);
	assert_int_equal(f->losses + f->troubles, 0);
}

static void stopping_without_a_lease_takes_no_time(void **state)
{
	struct fixture *f = *state;

	/* nothing ever ran */
	dhcp_stop(f->dhcp, 60000);
	WAIT_FOR(f, 6, f->stops == 1);
	f->dhcp = dhcp_free(f->dhcp);

	/* a client that has no lease */
	fake_client("trap '' TERM; \"$hook\" deconfig; \"$hook\" leasefail; sleep 100");
	assert_int_equal(dhcp_new(&f->dhcp, f->event, "mqtt0", "", &f->events), 0);
	dhcp_link(f->dhcp, true);
	WAIT_FOR(f, 10, f->troubles == 1);
	dhcp_stop(f->dhcp, 60000);
	WAIT_FOR(f, 6, f->stops == 2);
}

static void a_client_that_dies_is_started_again_and_the_lease_stays(void **state)
{
	struct fixture *f = *state;
	char args[4096];

	fake_client(
		"if [ $n = 2 ]; then \"$hook\" deconfig; bound 10.77.0.5 120; exit 0; fi\n"
		"[ $n = 4 ] && kill -9 $$\n"
		"echo 'udhcpc: socket: Operation not permitted' >&2; exit 1");
	speed = 20;
	dhcp_link(f->dhcp, true);
	WAIT_FOR(f, 10, f->troubles == 1);
	assert_string_equal(f->cause, "The DHCP client ended (exit status 1): socket: "
				      "Operation not permitted");
	WAIT_FOR(f, 10, f->leases == 1);
	WAIT_FOR(f, 10, strstr(f->cause, "exit status 0): it did not say why"));
	WAIT_FOR(f, 10, strstr(f->cause, "signal 9): it did not say why"));
	WAIT_FOR(f, 10, starts() >= 5);
	/* The client after that is asked to get the same address. */
	read_kept(args, sizeof(args), "args");
	assert_non_null(strstr(args, " -r 10.77.0.5\n"));
	assert_int_equal(f->losses, 0);
}

static void starts_are_further_and_further_apart(void **state)
{
	struct fixture *f = *state;
	uint64_t start;
	int n;

	fake_client("exit 1");
	speed = 100;
	start = clock_now_ns(&clock_system);
	dhcp_link(f->dhcp, true);
	/* 1 + 2 + 4 + 8 + 16 + 30 + 30 = 91 s */
	WAIT_FOR(f, 20, starts() >= 8);
	assert_true(seconds_since(start) > 0.9);
	/* out: none; in: at once, and from 1 s again */
	dhcp_link(f->dhcp, false);
	n = starts();
	speed = 1;
	assert_int_equal(sd_event_run(f->event, 500000), 0);
	assert_int_equal(starts(), n);
	dhcp_link(f->dhcp, true);
	WAIT_FOR(f, 6, starts() == n + 2);
}

static void the_lease_ends_with_its_time(void **state)
{
	struct fixture *f = *state;

	fake_client("\"$hook\" deconfig; bound 10.77.0.5 60; sleep 100");
	speed = 60;
	dhcp_link(f->dhcp, true);
	WAIT_FOR(f, 10, f->leases == 1);
	WAIT_FOR(f, 10, f->losses == 1);
	assert_string_equal(f->why, "The lease of 10.77.0.5 ran out");
	/* its client slept: another one has asked */
	WAIT_FOR(f, 10, f->leases == 2);
	assert_int_equal(starts(), 2);
}

static void the_lease_ends_without_a_cable_too(void **state)
{
	struct fixture *f = *state;

	fake_client("\"$hook\" deconfig; bound 10.77.0.5 60; sleep 100");
	speed = 60;
	dhcp_link(f->dhcp, true);
	WAIT_FOR(f, 10, f->leases == 1);
	dhcp_link(f->dhcp, false);
	WAIT_FOR(f, 10, f->losses == 1);
	assert_int_equal(sd_event_run(f->event, 300000), 0);
	assert_int_equal(starts(), 1);
	assert_int_equal(f->troubles, 0);
	dhcp_link(f->dhcp, true);
	WAIT_FOR(f, 10, f->leases == 2);
}

static void the_lease_outlives_its_interface_but_not_its_time(void **state)
{
	struct fixture *f = *state;

	fake_client("\"$hook\" deconfig; [ $n -le 2 ] && bound 10.77.0.5 60; sleep 100");
	speed = 40;
	dhcp_link(f->dhcp, true);
	WAIT_FOR(f, 10, f->leases == 1);
	dhcp_interface_gone(f->dhcp);
	dhcp_interface_gone(f->dhcp);
	dhcp_link(f->dhcp, true);
	WAIT_FOR(f, 10, f->leases == 2);
	netns_run("tail -n 1 %s/args | grep -q -e '-r 10.77.0.5$'", dir);
	assert_int_equal(f->losses, 0);
	dhcp_interface_gone(f->dhcp);
	WAIT_FOR(f, 10, f->losses == 1);
	assert_string_equal(f->why, "The lease of 10.77.0.5 ran out");
	assert_int_equal(starts(), 2);
}

static void the_clients_word_ends_the_lease(void **state)
{
	struct fixture *f = *state;

	fake_client(
		"\"$hook\" deconfig; bound 10.77.0.5 120; \"$hook\" deconfig; sleep 100");
	dhcp_link(f->dhcp, true);
	WAIT_FOR(f, 10, f->losses == 1);
	assert_int_equal(f->leases, 1);
	assert_string_equal(f->why, "The lease of 10.77.0.5 ran out");

	/* a conflict found while renewing: the line comes before the report */
	dhcp_link(f->dhcp, false);
	netns_run("mkfifo %s/go", dir);
	fake_client(
		"\"$hook\" deconfig; bound 10.77.0.5 120\n"
		"read go < go\n"
		"echo udhcpc: lease of 10.77.0.5 obtained from 10.77.0.1, lease time 120\n"
		"echo 'udhcpc: offered address is in use (got ARP reply), declining'\n"
		"\"$hook\" deconfig; sleep 100");
	dhcp_link(f->dhcp, true);
	WAIT_FOR(f, 10, f->leases == 2);
	netns_run("echo > %s/go", dir);
	WAIT_FOR(f, 10, f->losses == 2);
	assert_string_equal(f->why,
			    "Address conflict: 10.77.0.5 is in use by another machine");
}

static void nonsense_is_told_and_asked_for_again(void **state)
{
	struct fixture *f = *state;

	fake_client("\"$hook\" deconfig\n"
		    "[ $n = 1 ] && { ip=10.77.0.5 \"$hook\" bound; sleep 100; }\n"
		    "ip=10.77.0.5 subnet=255.255.255.0 mtu=9 lease=120 \"$hook\" bound\n"
		    "sleep 100");
	dhcp_link(f->dhcp, true);
	WAIT_FOR(f, 10, f->troubles == 1);
	assert_string_equal(f->cause,
			    "The DHCP server's answer is of no use: the lease has no "
			    "subnet mask");
	WAIT_FOR(f, 10, f->leases == 1);
	assert_int_equal(f->lease.mtu, 0);
	assert_int_equal(starts(), 2);
}

static void endless_output_is_survived(void **state)
{
	struct fixture *f = *state;

	fake_client(
		"\"$hook\" deconfig\n"
		"head -c 300000 /dev/urandom; head -c 300000 /dev/zero | tr '\\0' x; echo\n"
		"i=0; while [ $i -lt 2000 ]; do echo udhcpc: line $i; i=$((i+1)); done\n"
		"bound 10.77.0.5 120; sleep 100");
	dhcp_link(f->dhcp, true);
	WAIT_FOR(f, 16, f->leases == 1);
}

static void without_a_client_it_says_what_to_install(void **state)
{
	static const char *const places[] = { "/usr/bin/busybox", "/bin/busybox",
					      "/usr/sbin/udhcpc", "/sbin/udhcpc",
					      "/usr/bin/udhcpc" };
	struct fixture *f = *state;
	const char *path = getenv("PATH");
	char saved[1024];

	snprintf(saved, sizeof(saved), "%s", path ? path : "");
	setenv("PATH", "/nonexistent", 1);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		(void)mount("/dev/null", places[i], NULL, MS_BIND, NULL);
	speed = 10;
	dhcp_link(f->dhcp, true);
	WAIT_FOR(f, 10, f->troubles == 1);
	assert_string_equal(f->cause,
			    "No DHCP client: install the package udhcpc or busybox");
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		(void)umount2(places[i], MNT_DETACH);
	setenv("PATH", saved, 1);
	/* somebody does */
	fake_client("bound 10.77.0.5 120; sleep 100");
	WAIT_FOR(f, 10, f->leases == 1);
}

static void only_a_hook_is_a_hook(void **state)
{
	char *none[] = { (char *)(uintptr_t) "x", NULL };
	int fds[2], saved = fcntl(10, F_DUPFD_CLOEXEC, 20);

	(void)state;
	close(10);
	assert_false(dhcp_is_hook());
	setenv(DHCP_HOOK_VARIABLE, "1", 1);
	assert_false(dhcp_is_hook()); /* nothing there */
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(dup2(fds[0], 10), 10);
	assert_false(dhcp_is_hook()); /* not a socket */
	close(fds[0]);
	close(fds[1]);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	assert_int_equal(dup2(fds[0], 10), 10);
	assert_false(dhcp_is_hook()); /* not of the kind */
	close(fds[0]);
	close(fds[1]);
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds), 0);
	assert_int_equal(dup2(fds[0], 10), 10);
	assert_true(dhcp_is_hook());
	assert_int_equal(dhcp_hook_main(1, none), 1); /* no argument */
	close(fds[0]);
	close(fds[1]);
	{
		char *argv[] = { none[0], (char *)(uintptr_t) "renew", NULL };

		assert_int_equal(dhcp_hook_main(2, argv), 1); /* nobody listens */
	}
	unsetenv(DHCP_HOOK_VARIABLE);
	assert_false(dhcp_is_hook());
	close(10);
	if (saved >= 0)
		dup2(saved, 10);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		TEST(gets_renews_and_releases_a_lease),
		TEST(finds_the_server_of_another_network_without_a_release),
		TEST(tells_silence_and_goes_on_asking),
		TEST(keeps_the_lease_while_the_server_is_away),
		TEST(tells_a_conflict_with_its_address),
		TEST(gives_the_lease_up_when_the_server_refuses_it),
		TEST(tells_the_client_what_it_needs_and_no_more),
		TEST(freeing_kills_and_reaps),
		TEST(a_client_that_will_not_stop_is_killed),
		TEST(stopping_without_a_lease_takes_no_time),
		TEST(a_client_that_dies_is_started_again_and_the_lease_stays),
		TEST(starts_are_further_and_further_apart),
		TEST(the_lease_ends_with_its_time),
		TEST(the_lease_ends_without_a_cable_too),
		TEST(the_lease_outlives_its_interface_but_not_its_time),
		TEST(the_clients_word_ends_the_lease),
		TEST(nonsense_is_told_and_asked_for_again),
		TEST(endless_output_is_survived),
		TEST(without_a_client_it_says_what_to_install),
		cmocka_unit_test(only_a_hook_is_a_hook),
	};
	char path[1024];
	sigset_t chld;
	int failed;

	if (dhcp_is_hook())
		return dhcp_hook_main(argc, argv);

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);
	netns_enter();
	if (!mkdtemp(dir))
		return 1;
	/* The false client, where there is one, is found first. */
	snprintf(path, sizeof(path), "%s:%s", dir, getenv("PATH"));
	setenv("PATH", path, 1);
	failed = cmocka_run_group_tests_name("dhcp", tests, NULL, NULL);
	netns_run("rm -rf %s", dir);
	return failed;
}
