/* SPDX-License-Identifier: MIT */
/*
 * spawn.h — start another program, cleanly
 *
 * Every command that the daemon runs is started here: no shell, a clean
 * environment, default signal dispositions and an empty mask, its own process
 * group, and no descriptor of ours but those asked for (libmosquitto's socket
 * is not close-on-exec). Ambient capabilities pass on to the program, which is
 * what lets a DHCP client work for an unprivileged daemon. Any thread.
 */
#ifndef MQTTNODE_SPAWN_H
#define MQTTNODE_SPAWN_H

#include <stddef.h>
#include <sys/types.h>

/* Where spawn_options.pass_fd appears in the child (udhcpc overwrites 3 and 4). */
#define SPAWN_PASS_FD 10

/* Where programs are looked for after $PATH, and the PATH that they are given. */
#define SPAWN_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct spawn_options {
	const char *const
		*argv; /* NULL-terminated; argv[0] is looked up by spawn_find() */
	const char *const
		*env; /* added to PATH, the only other variable; NULL: nothing */
	int pass_fd;  /* becomes SPAWN_PASS_FD in the child; -1: none */
	int in_fd;    /* becomes stdin; -1: /dev/null */
	int out_fd;   /* becomes stdout; -1: /dev/null */
	int err_fd;   /* becomes stderr; -1: the same as stdout */
};

/*
 * Finds an executable regular file: a name with a slash is taken as it is, any
 * other is looked for in $PATH (empty and relative entries are left out), then
 * in SPAWN_PATH. Writes its path to @buf. Returns 0, -ENOENT, -EACCES (found,
 * but not executable) or -ENAMETOOLONG.
 */
int spawn_find(const char *name, char *buf, size_t size);

/*
 * Starts the program. Returns 0 and its pid (whoever calls reaps it), or
 * -errno: what spawn_find() or execve(2) said. The descriptors must be above 2
 * and stay open for the caller to close.
 */
int spawn(pid_t *ret, const struct spawn_options *options);

#endif
