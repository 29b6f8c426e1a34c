// SPDX-License-Identifier: MIT
/* test_spawn.c — what a program finds when the daemon starts it */
#include "mqttnode/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

static int wait_for(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Runs a shell script by spawn() and returns its exit status; @out gets what it printed.
 */
static int shell(const char *script, const char *const *env, int pass_fd, char *out,
		 size_t size)
{
	const char *argv[] = { "sh", "-c", script, NULL };
	struct spawn_options options = {
		.argv = argv, .env = env, .pass_fd = pass_fd, .in_fd = -1, .err_fd = -1
	};
	size_t used = 0;
	int fds[2];
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(fds), 0); /* not close-on-exec, on purpose */
	options.out_fd = fds[1];
	assert_int_equal(spawn(&pid, &options), 0);
	close(fds[1]);
	while ((n = read(fds[0], out + used, size - 1 - used)) > 0)
		used += (size_t)n;
	out[used] = '\0';
	close(fds[0]);
	return wait_for(pid);
}

/* A new pipe, and what came out of it once all writers are gone. */
static void read_all(int fd, char *buf, size_t size)
{
	size_t used = 0;
	ssize_t n;

	while ((n = read(fd, buf + used, size - 1 - used)) > 0)
		used += (size_t)n;
	buf[used] = '\0';
	close(fd);
}

static void stdin_and_stderr_are_told_apart(void **state)
{
	static const char *const argv[] = { "sh", "-c", "cat; echo complaint >&2", NULL };
	struct spawn_options options = { .argv = argv, .pass_fd = -1 };
	int in[2], out[2], err[2];
	char text[64];
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(in) | pipe(out) | pipe(err), 0);
	options.in_fd = in[0];
	options.out_fd = out[1];
	options.err_fd = err[1];
	assert_int_equal(write(in[1], "input", 5), 5);
	assert_int_equal(spawn(&pid, &options), 0);
	close(in[0]);
	close(in[1]);
	close(out[1]);
	close(err[1]);
	read_all(out[0], text, sizeof(text));
	assert_string_equal(text, "input");
	read_all(err[0], text, sizeof(text));
	assert_string_equal(text, "complaint\n");
	assert_int_equal(wait_for(pid), 0);
}

static void environment_is_clean(void **state)
{
	static const char *const extra[] = { "MQTTNODE_TEST=a b", NULL };
	char out[4096];

	(void)state;
	setenv("NOTIFY_SOCKET", "/secret", 1);
	assert_int_equal(
		shell("env | grep -v -e ^PWD= -e ^_= -e ^SHLVL= -e ^OLDPWD= | sort",
		      extra, -1, out, sizeof(out)),
		0);
	assert_string_equal(out, "MQTTNODE_TEST=a b\nPATH=" SPAWN_PATH "\n");
}

static void descriptors_of_ours_are_closed(void **state)
{
	char out[4096];
	int leak[20];

	(void)state;
	for (size_t i = 0; i < 20; i++) {
		leak[i] = open("/dev/null", O_RDONLY);
		assert_true(leak[i] > 2);
	}
	/* The test [ opens nothing itself. */
	shell("i=3; while [ $i -lt 60 ]; do [ -e /proc/$$/fd/$i ] && echo $i; i=$((i+1)); done; "
	      "readlink /proc/$$/fd/0",
	      NULL, -1, out, sizeof(out));
	assert_string_equal(out, "/dev/null\n");
	for (size_t i = 0; i < 20; i++)
		close(leak[i]);
}

static void passed_descriptor_becomes_10(void **state)
{
	int fds[2];
	char out[4096], byte;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	shell("bash -c 'printf x >&10'; i=3; while [ $i -lt 60 ]; do [ -e /proc/$$/fd/$i ] && echo $i; "
	      "i=$((i+1)); done",
	      NULL, fds[0], out, sizeof(out));
	assert_string_equal(out, "10\n");
	assert_int_equal(read(fds[1], &byte, 1), 1);
	assert_int_equal(byte, 'x');

	/* also when it has that number already, and is close-on-exec */
	assert_int_equal(dup3(fds[0], SPAWN_PASS_FD, O_CLOEXEC), SPAWN_PASS_FD);
	shell("bash -c 'printf y >&10'", NULL, SPAWN_PASS_FD, out, sizeof(out));
	assert_int_equal(read(fds[1], &byte, 1), 1);
	assert_int_equal(byte, 'y');
	close(SPAWN_PASS_FD);
	close(fds[0]);
	close(fds[1]);
}

static void output_goes_to_dev_null_if_not_wanted(void **state)
{
	static const char *const argv[] = {
		"sh", "-c",
		"[ $(readlink /proc/$$/fd/1) = /dev/null ] && [ $(readlink /proc/$$/fd/2) = "
		"/dev/null ] && exit 42",
		NULL
	};
	struct spawn_options options = {
		.argv = argv, .pass_fd = -1, .in_fd = -1, .out_fd = -1, .err_fd = -1
	};
	pid_t pid;

	(void)state;
	assert_int_equal(spawn(&pid, &options), 0);
	assert_int_equal(wait_for(pid), 42);
}

static void signals_are_as_they_should_be(void **state)
{
	sigset_t some, before;
	unsigned long long blocked, ignored;
	char out[4096];
	pid_t group;

	(void)state;
	sigemptyset(&some);
	sigaddset(&some, SIGTERM);
	sigaddset(&some, SIGCHLD);
	sigprocmask(SIG_BLOCK, &some, &before);
	signal(SIGPIPE, SIG_IGN);
	shell("grep -E '^Sig(Blk|Ign)' /proc/self/status | cut -f 2", NULL, -1, out,
	      sizeof(out));
	assert_int_equal(sscanf(out, "%llx %llx", &blocked, &ignored), 2);
	assert_int_equal(blocked, 0);
	assert_int_equal(ignored & 0x7fffffff, 0); /* 32 and 33 are the C library's own */
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &before, NULL);

	/* its own process group: a Ctrl-C at our terminal is ours alone */
	shell("cut -d ' ' -f 5 /proc/$$/stat; echo $$", NULL, -1, out, sizeof(out));
	group = atoi(out);
	assert_int_equal(atoi(strchr(out, '\n') + 1), group);
	assert_int_not_equal(group, getpgrp());
}

static void says_what_cannot_be_started(void **state)
{
	static const char *const missing[] = { "no-such-program-here", NULL };
	static const char *const no_file[] = { "/no/such/file", NULL };
	static const char *const directory[] = { "/usr", NULL };
	struct spawn_options options = {
		.argv = missing, .pass_fd = -1, .in_fd = -1, .out_fd = -1, .err_fd = -1
	};
	pid_t pid;

	(void)state;
	assert_int_equal(spawn(&pid, &options), -ENOENT);
	options.argv = no_file;
	assert_int_equal(spawn(&pid, &options), -ENOENT);
	options.argv = directory;
	assert_int_equal(spawn(&pid, &options), -EACCES);
}

static void finds_programs_in_path_first(void **state)
{
	char dir[] = "/tmp/test-spawn-XXXXXX", path[64], program[64], found[128],
	     small[4];
	const char *saved = getenv("PATH");
	char *copy = saved ? strdup(saved) : NULL;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(program, sizeof(program), "%s/sh", dir);
	fd = open(program, O_CREAT | O_WRONLY | O_CLOEXEC, 0755);
	assert_true(fd >= 0);
	close(fd);
	snprintf(path, sizeof(path), ":.:%s:", dir);
	setenv("PATH", path, 1);
	assert_int_equal(spawn_find("sh", found, sizeof(found)), 0);
	assert_string_equal(found, program);
	assert_int_equal(spawn_find("sh", small, sizeof(small)), -ENAMETOOLONG);
	assert_int_equal(spawn_find("/bin/sh", small, sizeof(small)), -ENAMETOOLONG);

	/* not executable there: the next one is taken; none left: that is why */
	assert_int_equal(chmod(program, 0644), 0);
	assert_int_equal(spawn_find("sh", found, sizeof(found)), 0);
	assert_string_not_equal(found, program);
	snprintf(found, sizeof(found), "%s/only-here", dir);
	assert_int_equal(rename(program, found), 0);
	assert_int_equal(spawn_find("only-here", found, sizeof(found)), -EACCES);

	/* an empty PATH is no reason not to find udhcpc */
	unsetenv("PATH");
	assert_int_equal(spawn_find("sh", found, sizeof(found)), 0);

	snprintf(found, sizeof(found), "%s/only-here", dir);
	unlink(found);
	rmdir(dir);
	if (copy)
		setenv("PATH", copy, 1);
	free(copy);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(environment_is_clean),
		cmocka_unit_test(stdin_and_stderr_are_told_apart),
		cmocka_unit_test(descriptors_of_ours_are_closed),
		cmocka_unit_test(passed_descriptor_becomes_10),
		cmocka_unit_test(output_goes_to_dev_null_if_not_wanted),
		cmocka_unit_test(signals_are_as_they_should_be),
		cmocka_unit_test(says_what_cannot_be_started),
		cmocka_unit_test(finds_programs_in_path_first),
	};

	return cmocka_run_group_tests_name("spawn", tests, NULL, NULL);
}
