/* SPDX-License-Identifier: MIT */
/*
 * netns.h — network namespaces for tests
 *
 * Nothing outside is touched, and the kernel removes all of it when the test
 * ends, however it ends.
 */
#ifndef MQTTNODE_TESTS_NETNS_H
#define MQTTNODE_TESTS_NETNS_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Moves the test into a network namespace of its own (as another user than
 * root, into a user namespace first) and brings its loopback up. A machine
 * that does not allow it fails the test: skipping would hide it.
 */
void netns_enter(void);

/* Runs a shell command; its failure fails the test. */
void netns_run(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Runs a shell command and returns what it printed, cut to fit. */
char *netns_output(char *buf, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * A second namespace, held by a child process. Runs @command there by sh -c
 * after standard input gave it a line, so that interfaces can be moved there
 * by its pid first: netns_peer_start(); "ip link set X netns PID";
 * netns_peer_go(). netns_peer_kill() ends it.
 */
struct netns_peer {
	pid_t pid;
	int go_fd;
};

void netns_peer_start(struct netns_peer *peer, const char *command);
void netns_peer_go(struct netns_peer *peer);
void netns_peer_kill(struct netns_peer *peer);

/* Waits until the shell command @format succeeds; fails the test after 5 s. */
void netns_wait(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
