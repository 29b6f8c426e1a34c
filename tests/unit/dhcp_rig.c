// SPDX-License-Identifier: MIT
/* dhcp_rig.c — a supervised client between an event loop and a wire */
#include "dhcp_rig.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char dir[] = "/tmp/test-dhcp-XXXXXX";
static uint64_t speed = 1;

const char *dhcp_rig_dir(void)
{
	return dir;
}

void dhcp_rig_speed(uint64_t times)
{
	speed = times;
}

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

/* --- What is told --------------------------------------------------------- */

static void on_lease(void *ctx, const struct lease *lease)
{
	struct dhcp_rig *f = ctx;
	char text[INET_ADDRSTRLEN];

	f->leases++;
	f->lease = *lease;
	/* as the daemon does: renewals and the release come from this address */
	inet_ntop(AF_INET, &lease->address, text, sizeof(text));
	netns_run("ip addr replace %s/%u dev mqtt0", text, lease->prefix_len);
}

static void on_lost(void *ctx, enum cause_id id, const char *why)
{
	struct dhcp_rig *f = ctx;

	assert_int_not_equal(id, CAUSE_NONE);
	f->losses++;
	snprintf(f->why, sizeof(f->why), "%s", why);
}

static void on_trouble(void *ctx, enum cause_id id, const char *cause)
{
	struct dhcp_rig *f = ctx;

	assert_int_not_equal(id, CAUSE_NONE);
	f->troubles++;
	snprintf(f->cause, sizeof(f->cause), "%s", cause);
}

static void on_stopped(void *ctx)
{
	struct dhcp_rig *f = ctx;

	f->stops++;
}

double seconds_since(uint64_t start_ns)
{
	return (double)(clock_now_ns(&clock_system) - start_ns) / (double)NSEC_PER_SEC;
}

/* --- The wire and its server ---------------------------------------------- */

void server_start(struct dhcp_rig *f, int net, const char *options)
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

void server_stop(struct dhcp_rig *f)
{
	if (f->server <= 0)
		return;
	kill(f->server, SIGKILL);
	waitpid(f->server, NULL, 0);
	f->server = 0;
}

int server_count(const char *text)
{
	char out[32];

	return atoi(netns_output(out, sizeof(out), "grep -c '%s' %s/dns.log", text, dir));
}

/* --- A client that misbehaves --------------------------------------------- */

void fake_client(const char *script)
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

char *read_kept(char *buf, size_t size, const char *name)
{
	return netns_output(buf, size, "cat %s/%s 2> /dev/null", dir, name);
}

int starts(void)
{
	char out[32];

	return atoi(
		netns_output(out, sizeof(out), "cat %s/args 2> /dev/null | wc -l", dir));
}

/* --- Fixture -------------------------------------------------------------- */

int dhcp_rig_setup(void **state)
{
	struct dhcp_rig *f = calloc(1, sizeof(*f));

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

int dhcp_rig_teardown(void **state)
{
	struct dhcp_rig *f = *state;

	dhcp_free(f->dhcp);
	sd_event_unref(f->event);
	server_stop(f);
	netns_peer_kill(&f->wire);
	netns_run("ip link del mqtt0 2> /dev/null || true");
	free(f);
	return 0;
}

/* --- The program ---------------------------------------------------------- */

int dhcp_rig_run(int argc, char **argv, const char *group, const struct CMUnitTest *tests,
		 size_t n_tests)
{
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
	failed = _cmocka_run_group_tests(group, tests, n_tests, NULL, NULL);
	netns_run("rm -rf %s", dir);
	return failed;
}
