// SPDX-License-Identifier: MIT
/* netns.c — network namespaces for tests */
#include "netns.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

#include "mqttnode/cleanup.h"
#include "mqttnode/clock.h"

#define COMMAND_MAX 2048

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

void netns_enter(void)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	char map[32];

	if (uid == 0) {
		assert_int_equal(unshare(CLONE_NEWNET | CLONE_NEWNS), 0);
	} else {
		assert_int_equal(unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS), 0);
		write_file("/proc/self/setgroups", "deny");
		snprintf(map, sizeof(map), "0 %u 1", uid);
		write_file("/proc/self/uid_map", map);
		snprintf(map, sizeof(map), "0 %u 1", gid);
		write_file("/proc/self/gid_map", map);
	}
	assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	netns_run("ip link set lo up");
}

static void format_command(char buf[COMMAND_MAX], const char *format, va_list ap)
	__attribute__((format(printf, 2, 0)));

static void format_command(char buf[COMMAND_MAX], const char *format, va_list ap)
{
	int n = vsnprintf(buf, COMMAND_MAX, format, ap);

	assert_in_range(n, 1, COMMAND_MAX - 1);
}

/* Runs @command by the shell and returns its exit status; its output goes to @out_fd. */
static int run(const char *command, int out_fd)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		sigset_t none;

		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		dup2(out_fd, STDOUT_FILENO);
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

void netns_run(const char *format, ...)
{
	char command[COMMAND_MAX];
	va_list ap;

	va_start(ap, format);
	format_command(command, format, ap);
	va_end(ap);
	if (run(command, STDERR_FILENO) != 0)
		fail_msg("failed: %s", command);
}

char *netns_output(char *buf, size_t size, const char *format, ...)
{
	char path[] = "/tmp/netns-output-XXXXXX";
	char command[COMMAND_MAX];
	va_list ap;
	ssize_t n;
	int fd;

	va_start(ap, format);
	format_command(command, format, ap);
	va_end(ap);
	fd = mkostemp(path, O_CLOEXEC);
	assert_true(fd >= 0);
	unlink(path);
	(void)run(command, fd);
	n = pread(fd, buf, size - 1, 0);
	assert_true(n >= 0);
	buf[n] = '\0';
	close(fd);
	return buf;
}

void netns_wait(const char *format, ...)
{
	uint64_t deadline = clock_now_ns(&clock_system) + 5 * NSEC_PER_SEC;
	char command[COMMAND_MAX];
	va_list ap;

	va_start(ap, format);
	format_command(command, format, ap);
	va_end(ap);
	while (run(command, STDERR_FILENO) != 0) {
		if (clock_now_ns(&clock_system) > deadline)
			fail_msg("still not true after 5 s: %s", command);
		clock_sleep_ns(&clock_system, 20 * NSEC_PER_MSEC);
	}
}

void netns_peer_start(struct netns_peer *peer, const char *command)
{
	pid_t parent = getpid();
	int go[2], ready[2];
	char byte;

	assert_int_equal(pipe2(go, O_CLOEXEC), 0);
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	peer->pid = fork();
	assert_true(peer->pid >= 0);
	if (peer->pid == 0) {
		sigset_t none;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		if (getppid() != parent || unshare(CLONE_NEWNET) < 0 ||
		    setpgid(0, 0) < 0 || write(ready[1], "r", 1) != 1 ||
		    read(go[0], &byte, 1) != 1)
			_exit(126);
		dup2(STDERR_FILENO, STDOUT_FILENO);
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(127);
	}
	close(go[0]);
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	peer->go_fd = go[1];
}

void netns_peer_go(struct netns_peer *peer)
{
	assert_int_equal(write(peer->go_fd, "g", 1), 1);
	close(peer->go_fd);
	peer->go_fd = -1;
}

void netns_peer_kill(struct netns_peer *peer)
{
	int status;

	if (peer->pid <= 0)
		return;
	kill(-peer->pid, SIGKILL);
	waitpid(peer->pid, &status, 0);
	peer->pid = 0;
	if (peer->go_fd >= 0)
		close(peer->go_fd);
	peer->go_fd = -1;
}
