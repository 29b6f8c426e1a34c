/* SPDX-License-Identifier: MIT */
/*
 * spawn.h — start another program, cleanly
 *
 * Every command that the daemon runs is started here: no shell, a clean
 * environment, default signal dispositions and an empty mask, its own process
 * group, and no descriptor of ours but those asked for (libmosquitto's socket
 * is not close-on-exec). Main thread.
 */
#ifndef MQTTNODE_SPAWN_H
#define MQTTNODE_SPAWN_H

#include <sys/types.h>

/* Where spawn_options.pass_fd appears in the child (udhcpc overwrites 3 and 4). */
#define SPAWN_PASS_FD 10

struct spawn_options {
	const char *const *argv;   /* argv[0] with a slash is a path, else looked up in PATH */
	const char *const *env;	   /* the whole environment, NULL-terminated; NULL: only PATH */
	int pass_fd;		   /* becomes SPAWN_PASS_FD in the child; -1: none */
	int out_fd;		   /* becomes stdout and stderr; -1: /dev/null */
};

/*
 * Starts the program. Returns 0 and its pid (whoever calls reaps it), or
 * -errno (-ENOENT: not found). stdin is /dev/null.
 */
int spawn(pid_t *ret, const struct spawn_options *options);

#endif
