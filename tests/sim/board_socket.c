// SPDX-License-Identifier: MIT
/* board_socket.c — lines of text in, lines of text out, for a few clients */
#include "board_socket.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "board_thread.h"
#include "mqttnode/fd.h"

#define CLIENTS_MAX    8
#define WRITE_LIMIT_MS 2000

struct client {
	int fd; /* -1: free */
	size_t used;
	char line[BOARD_LINE_MAX + 1];
};

struct board_socket {
	int wake_fd;
	int listen_fd; /* -1: the only client was connected from the start */
	struct client clients[CLIENTS_MAX];
	char *(*answer)(void *ctx, char *line);
	void *ctx;
	pthread_t thread;
	bool started;
	atomic_bool stop;
};

/* Writes all of @len bytes, with patience for a slow reader. False if he is too slow or
 * gone. */
static bool send_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		struct pollfd p = { .fd = fd, .events = POLLOUT };
		ssize_t n = send(fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n >= 0) {
			data += n;
			len -= (size_t)n;
		} else if (errno != EAGAIN && errno != EINTR) {
			return false;
		} else if (poll(&p, 1, WRITE_LIMIT_MS) == 0) {
			return false;
		}
	}
	return true;
}

static bool answer_line(struct board_socket *s, struct client *c)
{
	_cleanup_free_ char *text = s->answer(s->ctx, c->line);

	return text && send_all(c->fd, text, strlen(text)) && send_all(c->fd, "\n", 1);
}

/* Answers the lines that are complete. False if the client is to go. */
static bool answer_lines(struct board_socket *s, struct client *c)
{
	char *end;

	while ((end = memchr(c->line, '\n', c->used))) {
		size_t len = (size_t)(end - c->line) + 1;
		char rest[sizeof(c->line)];

		/* What answers may cut its line to pieces. */
		memcpy(rest, end + 1, c->used - len);
		*end = '\0';
		if (!answer_line(s, c))
			return false;
		c->used -= len;
		memcpy(c->line, rest, c->used);
	}
	return c->used < sizeof(c->line);
}

static void serve(struct board_socket *s, struct client *c)
{
	ssize_t n =
		recv(c->fd, c->line + c->used, sizeof(c->line) - c->used, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0) {
		c->used += (size_t)n;
		if (answer_lines(s, c))
			return;
	}
	c->fd = fd_close(c->fd);
}

static void accept_client(struct board_socket *s, int fd)
{
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		if (s->clients[i].fd < 0) {
			s->clients[i].fd = fd;
			s->clients[i].used = 0;
			return;
		}
	(void)fd_close(fd);
}

static void *socket_thread(void *arg)
{
	struct board_socket *s = arg;

	while (!atomic_load(&s->stop)) {
		struct pollfd fds[2 + CLIENTS_MAX] = {
			{ .fd = s->wake_fd, .events = POLLIN },
			{ .fd = s->listen_fd, .events = POLLIN },
		};

		for (size_t i = 0; i < CLIENTS_MAX; i++)
			fds[2 + i] = (struct pollfd){ .fd = s->clients[i].fd,
						      .events = POLLIN };
		if (poll(fds, 2 + CLIENTS_MAX, -1) <= 0)
			continue;
		for (size_t i = 0; i < CLIENTS_MAX; i++)
			if (fds[2 + i].revents)
				serve(s, &s->clients[i]);
		if (fds[1].revents) {
			int fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC);

			if (fd >= 0)
				accept_client(s, fd);
		}
	}
	return NULL;
}

int board_socket_new(struct board_socket **ret, int fd,
		     char *(*answer)(void *ctx, char *line), void *ctx)
{
	_cleanup_(board_socket_freep) struct board_socket *s = calloc(1, sizeof(*s));
	socklen_t len = sizeof(int);
	int listening, r;

	if (!s) {
		(void)fd_close(fd);
		return -ENOMEM;
	}
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		s->clients[i].fd = -1;
	s->clients[0].fd = fd;
	s->listen_fd = -1;
	s->answer = answer;
	s->ctx = ctx;
	s->wake_fd = fd_event_new();
	if (s->wake_fd < 0)
		return s->wake_fd;
	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) < 0)
		return -errno;
	if (listening)
		s->listen_fd = take_fd(&s->clients[0].fd);
	r = board_thread_start(&s->thread, "board-socket", socket_thread, s);
	if (r < 0)
		return r;
	s->started = true;
	*ret = TAKE_PTR(s);
	return 0;
}

static void end_thread(struct board_socket *s)
{
	if (!s->started)
		return;
	atomic_store(&s->stop, true);
	fd_event_signal(s->wake_fd);
	(void)pthread_join(s->thread, NULL);
	s->started = false;
}

void board_socket_end(struct board_socket *s, const char *last)
{
	end_thread(s);
	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		struct client *c = &s->clients[i];

		if (c->fd >= 0 && send_all(c->fd, last, strlen(last)))
			(void)send_all(c->fd, "\n", 1);
		c->fd = fd_close(c->fd);
	}
}

struct board_socket *board_socket_free(struct board_socket *s)
{
	if (!s)
		return NULL;
	end_thread(s);
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		s->clients[i].fd = fd_close(s->clients[i].fd);
	(void)fd_close(s->listen_fd);
	(void)fd_close(s->wake_fd);
	free(s);
	return NULL;
}
