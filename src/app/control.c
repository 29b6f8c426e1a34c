// SPDX-License-Identifier: MIT
/*
 * control.c — the daemon's socket: one JSON object per line, each way
 *
 * A client is a little machine: read a line, answer it, write the answer out,
 * read the next. While an answer is being written nothing is read, so a client
 * that does not take its answers holds up itself only.
 */
#include "mqttnode/control.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <json-c/json_tokener.h>

#include "mqttnode/clock.h"
#include "mqttnode/fd.h"
#include "mqttnode/log.h"
#include "mqttnode/text.h"

#define CLIENTS_MAX 8
#define VERBS_MAX   16
#define LINE_MAX_IN 4096
#define JSON_DEPTH  8
/* Of the daemon, to who asks: the picture of a display is the longest. */
#define ANSWER_MAX ((size_t)16 << 20)

/* Connections are taken so many in a period. */
#define CONNECTIONS_PERIOD_US UINT64_C(1000000)
#define CONNECTIONS_BURST     20

struct client {
	struct control *control; /* borrowed */
	int fd;
	sd_event_source *source;
	char in[LINE_MAX_IN];
	size_t in_len;
	char *out; /* NULL: nothing to write */
	size_t out_len, out_done;
};

struct control {
	sd_event *event; /* borrowed, outlives us */
	char *path;
	int fd;
	sd_event_source *source;
	struct client *clients[CLIENTS_MAX];
	struct {
		const char *name;
		control_handler handler;
		void *ctx;
	} verbs[VERBS_MAX];
	size_t n_verbs;
};

static void client_free(struct client *client)
{
	struct control *c = client->control;

	for (size_t i = 0; i < CLIENTS_MAX; i++)
		if (c->clients[i] == client)
			c->clients[i] = NULL;
	sd_event_source_disable_unref(client->source);
	(void)fd_close(client->fd);
	free(client->out);
	free(client);
}

/* Writes what is left of the answer. Returns 1 when all is out, 0 to wait, -errno. */
static int client_write(struct client *client)
{
	while (client->out_done < client->out_len) {
		ssize_t n = send(client->fd, client->out + client->out_done,
				 client->out_len - client->out_done,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return 0;
		if (n < 0)
			return -errno;
		client->out_done += (size_t)n;
	}
	free(client->out);
	client->out = NULL;
	return 1;
}

/* Lets the verb of @request fill in @answer. */
static int dispatch(struct control *c, json_object *request, json_object *answer,
		    char *error, size_t size)
{
	json_object *verb;

	if (!json_object_is_type(request, json_type_object) ||
	    !json_object_object_get_ex(request, "verb", &verb) ||
	    !json_object_is_type(verb, json_type_string)) {
		text_format(error, size,
			    "a request is a JSON object with a string \"verb\"");
		return -EINVAL;
	}
	for (size_t i = 0; i < c->n_verbs; i++)
		if (strcmp(c->verbs[i].name, json_object_get_string(verb)) == 0)
			return c->verbs[i].handler(c->verbs[i].ctx, request, answer,
						   error, size);
	text_format(error, size, "unknown verb");
	return -EOPNOTSUPP;
}

/* Answers one request line. Returns 0 or -ENOMEM. */
static int client_answer(struct client *client, const char *line, size_t len)
{
	struct json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH);
	json_object *request = NULL, *answer = json_object_new_object();
	char error[160] = "";
	const char *text;
	int r = -ENOMEM;

	if (!tokener || !answer)
		goto finish;
	request = json_tokener_parse_ex(tokener, line, (int)len);
	if (json_tokener_get_error(tokener) != json_tokener_success) {
		text_format(error, sizeof(error), "not valid JSON");
		r = -EBADMSG;
	} else {
		r = dispatch(client->control, request, answer, error, sizeof(error));
	}
	if (r < 0) {
		json_object_put(answer);
		answer = json_object_new_object();
		if (!answer)
			goto finish;
		json_object_object_add(answer, "error", json_object_new_string(error));
	}
	json_object_object_add(answer, "ok", json_object_new_boolean(r >= 0));
	text = json_object_to_json_string_ext(
		answer, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	r = -ENOMEM;
	if (!text)
		goto finish;
	client->out_len = strlen(text) + 1;
	client->out_done = 0;
	client->out = malloc(client->out_len + 1);
	if (!client->out)
		goto finish;
	memcpy(client->out, text, client->out_len - 1);
	client->out[client->out_len - 1] = '\n';
	r = 0;

finish:
	json_object_put(answer);
	json_object_put(request);
	if (tokener)
		json_tokener_free(tokener);
	return r;
}

/* Answers the lines read so far until one answer has to wait. 1 to go on, 0 to wait,
 * -errno. */
static int client_work(struct client *client)
{
	for (;;) {
		char *end;
		size_t len;
		int r;

		if (client->out) {
			r = client_write(client);
			if (r <= 0)
				return r;
		}
		end = memchr(client->in, '\n', client->in_len);
		if (!end)
			return client->in_len == sizeof(client->in) ? -EMSGSIZE : 1;
		len = (size_t)(end - client->in);
		r = client_answer(client, client->in, len);
		if (r < 0)
			return r;
		client->in_len -= len + 1;
		memmove(client->in, end + 1, client->in_len);
	}
}

static int on_client(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct client *client = userdata;
	ssize_t n;
	int r;

	if (!client->out) {
		n = recv(fd, client->in + client->in_len,
			 sizeof(client->in) - client->in_len, MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return 0;
		if (n <= 0) {
			client_free(client);
			return 0;
		}
		client->in_len += (size_t)n;
	} else if (revents & (EPOLLERR | EPOLLHUP)) {
		client_free(client);
		return 0;
	}
	r = client_work(client);
	if (r < 0) {
		client_free(client);
		return 0;
	}
	(void)sd_event_source_set_io_events(source, r == 0 ? EPOLLOUT : EPOLLIN);
	return 0;
}

static int on_connection(sd_event_source *source, int listen_fd, uint32_t revents,
			 void *userdata)
{
	struct control *c = userdata;
	struct client *client;
	size_t slot = 0;
	int fd;

	(void)source;
	(void)revents;
	fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return 0; /* gone again, or out of descriptors: the next one will do */
	while (slot < CLIENTS_MAX && c->clients[slot])
		slot++;
	client = slot < CLIENTS_MAX ? calloc(1, sizeof(*client)) : NULL;
	if (!client) {
		(void)fd_close(fd);
		return 0;
	}
	client->control = c;
	client->fd = fd;
	c->clients[slot] = client;
	if (sd_event_add_io(c->event, &client->source, fd, EPOLLIN, on_client, client) <
	    0)
		client_free(client);
	return 0;
}

static int socket_address(struct sockaddr_un *sa, const char *path)
{
	*sa = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(sa->sun_path))
		return -ENAMETOOLONG;
	memcpy(sa->sun_path, path, strlen(path) + 1);
	return 0;
}

/* Connects to @path. Returns a descriptor or -errno. */
static int connect_to(const char *path)
{
	_cleanup_close_ int fd = -1;
	struct sockaddr_un sa;
	int r;

	r = socket_address(&sa, path);
	if (r < 0)
		return r;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&sa, sizeof(sa)) < 0)
		return -errno;
	return take_fd(&fd);
}

/* Binds @fd to @path, over the socket that a dead daemon left behind. */
static int bind_to(int fd, const char *path)
{
	struct sockaddr_un sa;
	struct stat st;
	int other, r;

	r = socket_address(&sa, path);
	if (r < 0)
		return r;
	if (bind(fd, (const struct sockaddr *)&sa, sizeof(sa)) < 0) {
		if (errno != EADDRINUSE || lstat(path, &st) < 0)
			return -errno;
		if (!S_ISSOCK(st.st_mode))
			return -EEXIST; /* somebody's file: connect() would not tell */
		other = connect_to(path);
		if (other >= 0 || other == -EAGAIN) {
			(void)fd_close(other);
			return -EADDRINUSE;
		}
		if (other != -ECONNREFUSED)
			return other;
		if (unlink(path) < 0 ||
		    bind(fd, (const struct sockaddr *)&sa, sizeof(sa)) < 0)
			return -errno;
	}
	/* The directory is closed to others until the mode is right: nothing listens yet.
	 */
	if (chmod(path, 0660) < 0)
		return -errno;
	return 0;
}

int control_new(struct control **ret, sd_event *event, const char *path)
{
	_cleanup_(control_freep) struct control *c = NULL;
	_cleanup_close_ int fd = -1;
	int r;

	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->event = event;
	c->fd = -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	r = bind_to(fd, path);
	if (r < 0)
		return r;
	c->fd = take_fd(&fd);
	c->path = strdup(path); /* from here on control_free() removes the socket */
	if (!c->path) {
		(void)unlink(path);
		return -ENOMEM;
	}
	if (listen(c->fd, CLIENTS_MAX) < 0)
		return -errno;
	r = sd_event_add_io(event, &c->source, c->fd, EPOLLIN, on_connection, c);
	if (r < 0)
		return r;
	(void)sd_event_source_set_description(c->source, "control");
	/* Out of descriptors the socket stays readable: look again, but not for ever. */
	(void)sd_event_source_set_ratelimit(c->source, CONNECTIONS_PERIOD_US,
					    CONNECTIONS_BURST);
	*ret = TAKE_PTR(c);
	return 0;
}

struct control *control_free(struct control *c)
{
	if (!c)
		return NULL;
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		if (c->clients[i])
			client_free(c->clients[i]);
	sd_event_source_disable_unref(c->source);
	(void)fd_close(c->fd);
	if (c->path)
		(void)unlink(c->path);
	free(c->path);
	free(c);
	return NULL;
}

int control_add_verb(struct control *c, const char *verb, control_handler handler,
		     void *ctx)
{
	if (c->n_verbs == VERBS_MAX)
		return -ENOSPC;
	c->verbs[c->n_verbs].name = verb;
	c->verbs[c->n_verbs].handler = handler;
	c->verbs[c->n_verbs].ctx = ctx;
	c->n_verbs++;
	return 0;
}

/* Waits for @events on @fd until the deadline. 0 or -ETIMEDOUT or -errno. */
static int wait_until(int fd, short events, uint64_t deadline_ns)
{
	for (;;) {
		struct pollfd p = { .fd = fd, .events = events };
		uint64_t now = clock_now_ns(&clock_system);
		int n;

		if (now >= deadline_ns)
			return -ETIMEDOUT;
		n = poll(&p, 1, (int)((deadline_ns - now) / NSEC_PER_MSEC) + 1);
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
	}
}

/* Sends @line and a newline. 0 or -errno. */
static int send_line(int fd, const char *line, uint64_t deadline_ns)
{
	size_t len = strlen(line), done = 0;

	while (done <= len) {
		ssize_t n = done < len ? send(fd, line + done, len - done, MSG_NOSIGNAL)
				       : send(fd, "\n", 1, MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN) {
			int r = wait_until(fd, POLLOUT, deadline_ns);

			if (r < 0)
				return r;
			continue;
		}
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			done += (size_t)n;
	}
	return 0;
}

int control_ask(const char *path, const char *request, unsigned int timeout_ms,
		char **ret)
{
	uint64_t deadline = clock_now_ns(&clock_system) + timeout_ms * NSEC_PER_MSEC;
	size_t used = 0, size = 0;
	_cleanup_close_ int fd = -1;
	_cleanup_free_ char *line = NULL;
	int r;

	fd = connect_to(path);
	if (fd < 0)
		return fd;
	r = send_line(fd, request, deadline);
	if (r < 0)
		return r;
	for (;;) {
		ssize_t n;

		if (size - used < 2) {
			char *more;

			if (size >= ANSWER_MAX)
				return -EMSGSIZE;
			more = realloc(line, size + 8192);
			if (!more)
				return -ENOMEM;
			line = more;
			size += 8192;
		}
		n = recv(fd, line + used, size - used - 1, 0);
		if (n < 0 && errno == EAGAIN) {
			r = wait_until(fd, POLLIN, deadline);
			if (r < 0)
				return r;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -ECONNRESET;
		used += (size_t)n;
		if (line[used - 1] == '\n') {
			line[used - 1] = '\0';
			*ret = TAKE_PTR(line);
			return 0;
		}
	}
}
