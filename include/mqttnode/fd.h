/* SPDX-License-Identifier: MIT */
/* fd.h — small helpers for file descriptors. Any thread. */
#ifndef MQTTNODE_FD_H
#define MQTTNODE_FD_H

#include <stddef.h>

/* Closes @fd if it is one, keeping errno. Returns -1, for "fd = fd_close(fd)". */
int fd_close(int fd);

/* A new non-blocking, close-on-exec eventfd with count 0, or -errno. The caller closes
 * it. */
int fd_event_new(void);

/* Makes an eventfd readable. Never blocks; signalling twice is the same as once. */
void fd_event_signal(int fd);

/* Makes an eventfd unreadable again. Returns 1 if it had been signalled, else 0. */
int fd_event_clear(int fd);

/* Sets O_NONBLOCK. Returns 0 or -errno. */
int fd_set_nonblock(int fd);

/*
 * Reads the whole of a small regular file into @buf, at most @size - 1 bytes,
 * and terminates it. Returns the number of bytes (bytes beyond @size - 1 are
 * left out, -E2BIG is returned then), or -errno; -EISDIR for a directory.
 */
int fd_read_file(const char *path, char *buf, size_t size);

#endif
