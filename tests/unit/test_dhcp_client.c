// SPDX-License-Identifier: MIT
/* test_dhcp_client.c — clients that misbehave, and what is a hook */
#include "dhcp_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

static void tells_the_client_what_it_needs_and_no_more(void **state)
{
	struct dhcp_rig *f = *state;
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
		  dhcp_rig_dir());
	f->dhcp = dhcp_free(f->dhcp);

	/* Text that is no host name is not passed on. */
	assert_int_equal(dhcp_new(&f->dhcp, f->event, "mqtt0", "x\"y;z", &f->events), 0);
	dhcp_link(f->dhcp, true);
	WAIT_FOR(f, 10, f->leases == 2);
	netns_run("! tail -n 1 %s/args | grep -e -x", dhcp_rig_dir());
}

static void freeing_kills_and_reaps(void **state)
{
	struct dhcp_rig *f = *state;
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
	struct dhcp_rig *f = *state;
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
	struct dhcp_rig *f = *state;

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
	struct dhcp_rig *f = *state;
	char args[4096];

	fake_client(
		"if [ $n = 2 ]; then \"$hook\" deconfig; bound 10.77.0.5 120; exit 0; fi\n"
		"[ $n = 4 ] && kill -9 $$\n"
		"echo 'udhcpc: socket: Operation not permitted' >&2; exit 1");
	dhcp_rig_speed(20);
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
	struct dhcp_rig *f = *state;
	uint64_t start;
	int n;

	fake_client("exit 1");
	dhcp_rig_speed(100);
	start = clock_now_ns(&clock_system);
	dhcp_link(f->dhcp, true);
	/* 1 + 2 + 4 + 8 + 16 + 30 + 30 = 91 s */
	WAIT_FOR(f, 20, starts() >= 8);
	assert_true(seconds_since(start) > 0.9);
	/* out: none; in: at once, and from 1 s again */
	dhcp_link(f->dhcp, false);
	n = starts();
	dhcp_rig_speed(1);
	assert_int_equal(sd_event_run(f->event, 500000), 0);
	assert_int_equal(starts(), n);
	dhcp_link(f->dhcp, true);
	WAIT_FOR(f, 6, starts() == n + 2);
}

static void the_lease_ends_with_its_time(void **state)
{
	struct dhcp_rig *f = *state;

	fake_client("\"$hook\" deconfig; bound 10.77.0.5 60; sleep 100");
	dhcp_rig_speed(60);
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
	struct dhcp_rig *f = *state;

	fake_client("\"$hook\" deconfig; bound 10.77.0.5 60; sleep 100");
	dhcp_rig_speed(60);
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
	struct dhcp_rig *f = *state;

	fake_client("\"$hook\" deconfig; [ $n -le 2 ] && bound 10.77.0.5 60; sleep 100");
	dhcp_link(f->dhcp, true);
	WAIT_FOR(f, 10, f->leases == 1);
	dhcp_interface_gone(f->dhcp);
	dhcp_interface_gone(f->dhcp);
	dhcp_link(f->dhcp, true);
	dhcp_rig_speed(20); /* the time of the next lease only */
	WAIT_FOR(f, 10, f->leases == 2);
	netns_run("tail -n 1 %s/args | grep -q -e '-r 10.77.0.5$'", dhcp_rig_dir());
	assert_int_equal(f->losses, 0);
	dhcp_interface_gone(f->dhcp);
	WAIT_FOR(f, 10, f->losses == 1);
	assert_string_equal(f->why, "The lease of 10.77.0.5 ran out");
	assert_int_equal(starts(), 2);
}

static void the_clients_word_ends_the_lease(void **state)
{
	struct dhcp_rig *f = *state;

	fake_client(
		"\"$hook\" deconfig; bound 10.77.0.5 120; \"$hook\" deconfig; sleep 100");
	dhcp_link(f->dhcp, true);
	WAIT_FOR(f, 10, f->losses == 1);
	assert_int_equal(f->leases, 1);
	assert_string_equal(f->why, "The lease of 10.77.0.5 ran out");

	/* a conflict found while renewing: the line comes before the report */
	dhcp_link(f->dhcp, false);
	netns_run("mkfifo %s/go", dhcp_rig_dir());
	fake_client(
		"\"$hook\" deconfig; bound 10.77.0.5 120\n"
		"read go < go\n"
		"echo udhcpc: lease of 10.77.0.5 obtained from 10.77.0.1, lease time 120\n"
		"echo 'udhcpc: offered address is in use (got ARP reply), declining'\n"
		"\"$hook\" deconfig; sleep 100");
	dhcp_link(f->dhcp, true);
	WAIT_FOR(f, 10, f->leases == 2);
	netns_run("echo > %s/go", dhcp_rig_dir());
	WAIT_FOR(f, 10, f->losses == 2);
	assert_string_equal(f->why,
			    "Address conflict: 10.77.0.5 is in use by another machine");
}

static void nonsense_is_told_and_asked_for_again(void **state)
{
	struct dhcp_rig *f = *state;

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
	struct dhcp_rig *f = *state;

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
	struct dhcp_rig *f = *state;
	const char *path = getenv("PATH");
	char saved[1024];

	snprintf(saved, sizeof(saved), "%s", path ? path : "");
	setenv("PATH", "/nonexistent", 1);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		(void)mount("/dev/null", places[i], NULL, MS_BIND, NULL);
	dhcp_rig_speed(10);
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

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		DHCP_TEST(tells_the_client_what_it_needs_and_no_more),
		DHCP_TEST(freeing_kills_and_reaps),
		DHCP_TEST(a_client_that_will_not_stop_is_killed),
		DHCP_TEST(stopping_without_a_lease_takes_no_time),
		DHCP_TEST(a_client_that_dies_is_started_again_and_the_lease_stays),
		DHCP_TEST(starts_are_further_and_further_apart),
		DHCP_TEST(the_lease_ends_with_its_time),
		DHCP_TEST(the_lease_ends_without_a_cable_too),
		DHCP_TEST(the_lease_outlives_its_interface_but_not_its_time),
		DHCP_TEST(the_clients_word_ends_the_lease),
		DHCP_TEST(nonsense_is_told_and_asked_for_again),
		DHCP_TEST(endless_output_is_survived),
		DHCP_TEST(without_a_client_it_says_what_to_install),
		cmocka_unit_test(only_a_hook_is_a_hook),
	};

	return dhcp_rig_main(argc, argv, "dhcp_client", tests);
}
