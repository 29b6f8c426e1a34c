// SPDX-License-Identifier: MIT
/* fd.c — small helpers for file descriptors */
#include "mqttnode/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "mqttnode/cleanup.h"

int fd_close(int fd)
{
	int saved = errno;

	if (fd >= 0)
		(void)close(fd);
	errno = saved;
	return -1;
}

int fd_event_new(void)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	return fd < 0 ? -errno : fd;
}

void fd_event_signal(int fd)
{
	static const uint64_t one = 1;

	/* EAGAIN means that the counter is at its limit: it is readable then. */
	while (write(fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

int fd_event_clear(int fd)
{
	uint64_t count;
	ssize_t n;

	do
		n = read(fd, &count, sizeof(count));
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(count);
}

int fd_set_nonblock(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	return 0;
}

int fd_read_file(const char *path, char *buf, size_t size)
{
	_cleanup_close_ int fd = -1;
	size_t used = 0;
	ssize_t n;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return -errno;

	while (used < size) {
		n = read(fd, buf + used, size - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0) {
			buf[used] = '\0';
			return (int)used;
		}
		used += (size_t)n;
	}
	buf[size - 1] = '\0';
	return -E2BIG;
}
