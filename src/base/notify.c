// SPDX-License-Identifier: MIT
/* notify.c — what the service manager is told, without waiting for it */
#include "mqttnode/notify.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "mqttnode/clock.h"
#include "mqttnode/fd.h"
#include "mqttnode/text.h"

#define STATUS_SIZE 512

struct notifier {
	int fd; /* -1: nobody wants to know */
	struct sockaddr_un address;
	socklen_t address_len;

	/* Not sent yet. */
	bool reloading;
	uint64_t reloading_us; /* CLOCK_MONOTONIC, when that was told */
	bool ready;
	bool stopping;
	bool new_status;
	char status[STATUS_SIZE];
};

/* A path, or a name in the abstract namespace if it begins with "@". 0 or -errno. */
static int set_address(struct notifier *n, const char *name)
{
	size_t len = strlen(name);

	if (name[0] != '/' && name[0] != '@')
		return -EAFNOSUPPORT;
	if (len >= sizeof(n->address.sun_path))
		return -ENAMETOOLONG;
	n->address.sun_family = AF_UNIX;
	memcpy(n->address.sun_path, name, len);
	if (name[0] == '@')
		n->address.sun_path[0] = '\0';
	else
		len++; /* a path ends with a zero byte, an abstract name does not */
	n->address_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	return 0;
}

int notifier_new(struct notifier **ret)
{
	_cleanup_(notifier_freep) struct notifier *n = NULL;
	const char *name = getenv("NOTIFY_SOCKET");
	int r;

	n = calloc(1, sizeof(*n));
	if (!n)
		return -ENOMEM;
	n->fd = -1;
	if (name && *name) {
		r = set_address(n, name);
		if (r < 0)
			return r;
		n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (n->fd < 0)
			return -errno;
	}
	*ret = TAKE_PTR(n);
	return 0;
}

struct notifier *notifier_free(struct notifier *n)
{
	if (!n)
		return NULL;
	(void)fd_close(n->fd);
	free(n);
	return NULL;
}

/* Sends what was kept, and "WATCHDOG=1" if asked to. */
static void send_now(struct notifier *n, bool watchdog)
{
	char message[STATUS_SIZE + 128], reloading[64] = "";
	size_t len;

	if (n->reloading)
		text_format(reloading, sizeof(reloading),
			    "RELOADING=1\nMONOTONIC_USEC=%llu\n",
			    (unsigned long long)n->reloading_us);
	text_format(message, sizeof(message), "%s%s%s%s%s%s%s", reloading,
		    n->ready ? "READY=1\n" : "", n->stopping ? "STOPPING=1\n" : "", watchdog ? "WATCHDOG=1\n" : "",
		    n->new_status ? "STATUS=" : "", n->new_status ? n->status : "",
		    n->new_status ? "\n" : "");
	len = strlen(message);
	if (n->fd < 0 || len == 0)
		return;
	if (sendto(n->fd, message, len - 1, MSG_NOSIGNAL,
		   (const struct sockaddr *)&n->address, n->address_len) < 0)
		return; /* nobody reads at the moment: kept for the next time */
	n->reloading = n->ready = n->stopping = n->new_status = false;
}

void notifier_ready(struct notifier *n)
{
	/* One that could not be told is over: both in a message contradict each other. */
	n->reloading = false;
	n->ready = true;
	send_now(n, false);
}

void notifier_reloading(struct notifier *n)
{
	n->reloading = true;
	n->ready = false;
	n->reloading_us = clock_now_ns(&clock_system) / NSEC_PER_USEC;
	send_now(n, false);
}

void notifier_stopping(struct notifier *n)
{
	n->stopping = true;
	send_now(n, false);
}

void notifier_status(struct notifier *n, const char *text)
{
	text_format(n->status, sizeof(n->status), "%s", text);
	/* Another line would be another message. */
	for (char *p = n->status; (p = strchr(p, '\n'));)
		*p = ' ';
	n->new_status = true;
	send_now(n, false);
}

void notifier_watchdog(struct notifier *n)
{
	send_now(n, true);
}

void notifier_flush(struct notifier *n)
{
	send_now(n, false);
}
