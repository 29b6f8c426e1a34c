// SPDX-License-Identifier: MIT
/* spawn.c — start another program, cleanly */
#include "mqttnode/spawn.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mqttnode/cleanup.h"

#define SPAWN_ENV_MAX 8

/* 0 if @path is a regular file that we may execute, else -errno. */
static int check_executable(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EACCES;
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0 ? -errno : 0;
}

/* Looks through the directories of @list; keeps in @denied whether one was not
 * executable. */
static int find_in(const char *list, const char *name, char *buf, size_t size,
		   bool *denied)
{
	while (*list) {
		int len = (int)strcspn(list, ":");
		int n, r;

		if (list[0] == '/') {
			n = snprintf(buf, size, "%.*s/%s", len, list, name);
			if (n < 0 || (size_t)n >= size)
				return -ENAMETOOLONG;
			r = check_executable(buf);
			if (r == 0)
				return 0;
			if (r == -EACCES)
				*denied = true;
		}
		list += len;
		if (*list == ':')
			list++;
	}
	return -ENOENT;
}

int spawn_find(const char *name, char *buf, size_t size)
{
	const char *path = getenv("PATH");
	bool denied = false;
	int r = -ENOENT;

	if (strchr(name, '/')) {
		if (strlen(name) >= size)
			return -ENAMETOOLONG;
		strcpy(buf, name);
		return check_executable(buf);
	}
	if (path)
		r = find_in(path, name, buf, size, &denied);
	if (r == -ENOENT)
		r = find_in(SPAWN_PATH, name, buf, size, &denied);
	return r == -ENOENT && denied ? -EACCES : r;
}

/* Descriptors 0 to 2 and SPAWN_PASS_FD as asked for, everything else closed. */
static int set_descriptors(posix_spawn_file_actions_t *actions,
			   const struct spawn_options *options)
{
	int in = options->in_fd, out = options->out_fd;
	int err = options->err_fd >= 0 ? options->err_fd : STDOUT_FILENO;
	int r;

	r = in >= 0 ? posix_spawn_file_actions_adddup2(actions, in, STDIN_FILENO)
		    : posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null",
						       O_RDONLY, 0);
	if (!r)
		r = out >= 0 ? posix_spawn_file_actions_adddup2(actions, out,
								STDOUT_FILENO)
			     : posix_spawn_file_actions_addopen(actions, STDOUT_FILENO,
								"/dev/null", O_WRONLY, 0);
	if (!r)
		r = posix_spawn_file_actions_adddup2(actions, err, STDERR_FILENO);
	if (options->pass_fd < 0) {
		if (!r)
			r = posix_spawn_file_actions_addclosefrom_np(actions,
								     STDERR_FILENO + 1);
		return -r;
	}
	if (!r)
		r = posix_spawn_file_actions_adddup2(actions, options->pass_fd,
						     SPAWN_PASS_FD);
	for (int fd = STDERR_FILENO + 1; !r && fd < SPAWN_PASS_FD; fd++)
		r = posix_spawn_file_actions_addclose(actions, fd);
	if (!r)
		r = posix_spawn_file_actions_addclosefrom_np(actions, SPAWN_PASS_FD + 1);
	return -r;
}

static int set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t none, all;
	int r;

	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	r = posix_spawnattr_setsigmask(attributes, &none);
	if (!r)
		r = posix_spawnattr_setsigdefault(attributes, &all);
	if (!r)
		r = posix_spawnattr_setpgroup(attributes, 0);
	if (!r)
		r = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK |
								 POSIX_SPAWN_SETSIGDEF |
								 POSIX_SPAWN_SETPGROUP);
	return -r;
}

/* posix_spawn() wants pointers to non-const strings and promises not to write them. */
static char *const *unconst(const char *const *strings)
{
	return (char *const *)(uintptr_t)strings;
}

int spawn(pid_t *ret, const struct spawn_options *options)
{
	const char *env[SPAWN_ENV_MAX + 2] = { "PATH=" SPAWN_PATH };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	char path[PATH_MAX];
	int r;

	assert(options->pass_fd < 0 || options->pass_fd > STDERR_FILENO);
	assert(options->in_fd < 0 || options->in_fd > STDERR_FILENO);
	assert(options->out_fd < 0 || options->out_fd > STDERR_FILENO);
	assert(options->err_fd < 0 || options->err_fd > STDERR_FILENO);

	for (size_t i = 0; options->env && options->env[i]; i++) {
		assert(i < SPAWN_ENV_MAX);
		env[i + 1] = options->env[i];
	}
	r = spawn_find(options->argv[0], path, sizeof(path));
	if (r < 0)
		return r;

	r = -posix_spawn_file_actions_init(&actions);
	if (r < 0)
		return r;
	r = -posix_spawnattr_init(&attributes);
	if (r < 0)
		goto out_actions;

	r = set_descriptors(&actions, options);
	if (r == 0)
		r = set_attributes(&attributes);
	if (r == 0)
		r = -posix_spawn(ret, path, &actions, &attributes, unconst(options->argv),
				 unconst(env));

	(void)posix_spawnattr_destroy(&attributes);
out_actions:
	(void)posix_spawn_file_actions_destroy(&actions);
	return r;
}
