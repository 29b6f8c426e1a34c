// SPDX-License-Identifier: MIT
/*
 * command.c — programs that the user configured, kept within limits
 *
 * A command that runs has three sources of events: its process as a pidfd, so
 * that no other thread's children are in the way, and the pipes at its stdout
 * and stderr. It is done when its process is: what others of its group still
 * have to say is not waited for. Its input is a file in memory, so there is
 * nothing to feed.
 */
#include "mqttnode/command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/queue.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mqttnode/fd.h"
#include "mqttnode/spawn.h"
#include "mqttnode/text.h"

#define ENV_MAX	      8
#define COMPLAINT_MAX 160
#define CHUNK	      4096
#define KILL_WAIT_MS  100

struct command {
	TAILQ_ENTRY(command) link;
	struct commands *all;
	const char *const *argv; /* borrowed */
	char *env[ENV_MAX + 1];
	int in_fd;
	size_t output_max;
	uint64_t limit_us;
	command_done done;
	void *ctx;

	pid_t pid;
	int pid_fd, out_fd, err_fd;
	sd_event_source *ended, *out_ready, *err_ready, *limit;
	int error;
	char *out;
	size_t out_len, out_size;
	char complaint[COMPLAINT_MAX];
	size_t complaint_len;
};

TAILQ_HEAD(command_list, command);

struct commands {
	sd_event *event; /* borrowed */
	struct command_list running, waiting;
	unsigned int n_running, n_waiting;
};

static void start_waiting(struct commands *c);

static struct command *command_free(struct command *cmd)
{
	cmd->ended = sd_event_source_disable_unref(cmd->ended);
	cmd->out_ready = sd_event_source_disable_unref(cmd->out_ready);
	cmd->err_ready = sd_event_source_disable_unref(cmd->err_ready);
	cmd->limit = sd_event_source_disable_unref(cmd->limit);
	(void)fd_close(cmd->in_fd);
	(void)fd_close(cmd->pid_fd);
	(void)fd_close(cmd->out_fd);
	(void)fd_close(cmd->err_fd);
	for (size_t i = 0; cmd->env[i]; i++)
		free(cmd->env[i]);
	free(cmd->out);
	free(cmd);
	return NULL;
}

/* --- output ---------------------------------------------------------------- */

/* Kills the group, whose leader is not reaped yet: its number is still its own. */
static void kill_group(struct command *cmd, int error)
{
	if (cmd->error == 0)
		cmd->error = error;
	(void)kill(-cmd->pid, SIGKILL);
}

/* Appends to the output as much as the limit allows. */
static void keep_output(struct command *cmd, const char *data, size_t len)
{
	size_t wanted = cmd->out_len + len;
	char *out;

	if (cmd->output_max == 0) /* nobody wants it */
		return;
	if (wanted > cmd->output_max) {
		kill_group(cmd, -E2BIG);
		return;
	}
	if (wanted > cmd->out_size) {
		size_t size = wanted > 2 * cmd->out_size ? wanted : 2 * cmd->out_size;

		out = realloc(cmd->out, size);
		if (!out) {
			kill_group(cmd, -ENOMEM);
			return;
		}
		cmd->out = out;
		cmd->out_size = size;
	}
	memcpy(cmd->out + cmd->out_len, data, len);
	cmd->out_len = wanted;
}

static void keep_complaint(struct command *cmd, const char *data, size_t len)
{
	size_t room = sizeof(cmd->complaint) - 1 - cmd->complaint_len;

	if (len > room)
		len = room;
	memcpy(cmd->complaint + cmd->complaint_len, data, len);
	cmd->complaint_len += len;
}

/* Reads what is there. Returns whether there may be more later. */
static bool read_some(struct command *cmd, int fd,
		      void (*keep)(struct command *cmd, const char *data, size_t len))
{
	char chunk[CHUNK];
	ssize_t n = read(fd, chunk, sizeof(chunk));

	if (n > 0)
		keep(cmd, chunk, (size_t)n);
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static int on_output(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct command *cmd = userdata;

	(void)revents;
	if (!read_some(cmd, fd, keep_output))
		(void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
	return 0;
}

static int on_complaint(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct command *cmd = userdata;

	(void)revents;
	if (!read_some(cmd, fd, keep_complaint))
		(void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
	return 0;
}

/* What the pipe still holds, but no more than a pipe can. */
static void drain(struct command *cmd, int fd,
		  void (*keep)(struct command *cmd, const char *data, size_t len))
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };

	for (int i = 0; i < 1 << 20; i += CHUNK)
		if (cmd->error < 0 || poll(&ready, 1, 0) <= 0 ||
		    !read_some(cmd, fd, keep))
			break;
}

/* --- the end --------------------------------------------------------------- */

static void tell(struct command *cmd, int status)
{
	char complaint[COMPLAINT_MAX];
	const char *newline = memchr(cmd->complaint, '\n', cmd->complaint_len);
	struct command_result result = {
		.error = cmd->error,
		.status = status,
		.out = cmd->out,
		.len = cmd->out_len,
		.complaint = complaint,
	};

	text_escape(complaint, sizeof(complaint), cmd->complaint,
		    newline ? (size_t)(newline - cmd->complaint) : cmd->complaint_len);
	cmd->done(cmd->ctx, &result);
}

static int on_ended(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct command *cmd = userdata;
	struct commands *c = cmd->all;
	int status = 0;

	(void)source;
	(void)fd;
	(void)revents;
	kill_group(cmd, 0);
	if (waitpid(cmd->pid, &status, WNOHANG) != cmd->pid)
		return 0;
	drain(cmd, cmd->out_fd, keep_output);
	drain(cmd, cmd->err_fd, keep_complaint);
	TAILQ_REMOVE(&c->running, cmd, link);
	c->n_running--;
	tell(cmd, WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
	(void)command_free(cmd);
	start_waiting(c);
	return 0;
}

static int on_limit(sd_event_source *source, uint64_t usec, void *userdata)
{
	(void)source;
	(void)usec;
	kill_group(userdata, -ETIME);
	return 0;
}

/* --- the start ------------------------------------------------------------- */

static int watch(struct command *cmd)
{
	sd_event *event = cmd->all->event;
	int r;

	cmd->pid_fd = (int)syscall(SYS_pidfd_open, cmd->pid, 0);
	if (cmd->pid_fd < 0)
		return -errno;
	r = sd_event_add_io(event, &cmd->ended, cmd->pid_fd, EPOLLIN, on_ended, cmd);
	if (r >= 0)
		r = sd_event_add_io(event, &cmd->out_ready, cmd->out_fd, EPOLLIN,
				    on_output, cmd);
	if (r >= 0)
		r = sd_event_add_io(event, &cmd->err_ready, cmd->err_fd, EPOLLIN,
				    on_complaint, cmd);
	if (r >= 0) /* first what it said, then its end */
		r = sd_event_source_set_priority(cmd->ended,
						 SD_EVENT_PRIORITY_NORMAL + 1);
	if (r >= 0)
		r = sd_event_add_time_relative(event, &cmd->limit, CLOCK_MONOTONIC,
					       cmd->limit_us, 1000, on_limit, cmd);
	return r < 0 ? r : 0;
}

/* Starts the program. 0 or -errno. */
static int start(struct command *cmd)
{
	_cleanup_close_ int out_end = -1, err_end = -1;
	int out[2], err[2];
	int r;

	if (pipe2(out, O_CLOEXEC) < 0)
		return -errno;
	cmd->out_fd = out[0];
	out_end = out[1];
	if (pipe2(err, O_CLOEXEC) < 0)
		return -errno;
	cmd->err_fd = err[0];
	err_end = err[1];
	r = fd_set_nonblock(cmd->out_fd);
	if (r == 0)
		r = fd_set_nonblock(cmd->err_fd);
	if (r == 0)
		r = spawn(&cmd->pid, &(struct spawn_options){
					     .argv = cmd->argv,
					     .env = (const char *const *)cmd->env,
					     .pass_fd = -1,
					     .in_fd = cmd->in_fd,
					     .out_fd = out_end,
					     .err_fd = err_end,
				     });
	if (r < 0)
		return r;
	cmd->in_fd = fd_close(cmd->in_fd);
	r = watch(cmd);
	if (r < 0) {
		kill_group(cmd, r);
		(void)waitpid(cmd->pid, NULL, 0); /* it was killed: not for long */
	}
	return r;
}

/* Starts as many as may run; those that cannot be started are done. */
static void start_waiting(struct commands *c)
{
	struct command *cmd;

	while (c->n_running < COMMANDS_RUNNING_MAX && (cmd = TAILQ_FIRST(&c->waiting))) {
		TAILQ_REMOVE(&c->waiting, cmd, link);
		c->n_waiting--;
		cmd->error = start(cmd);
		if (cmd->error == 0) {
			TAILQ_INSERT_TAIL(&c->running, cmd, link);
			c->n_running++;
			continue;
		}
		tell(cmd, 0);
		(void)command_free(cmd);
	}
}

/* A file in memory that holds @input. The descriptor or -errno. */
static int input_new(const void *input, size_t len)
{
	_cleanup_close_ int fd = memfd_create("input", MFD_CLOEXEC);
	const char *p = input;

	if (fd < 0)
		return -errno;
	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	return take_fd(&fd);
}

static int copy_request(struct command *cmd, const struct command_request *request)
{
	cmd->argv = request->argv;
	cmd->output_max = request->output_max;
	cmd->limit_us = request->limit_ms * UINT64_C(1000);
	for (size_t i = 0; request->env && request->env[i] && i < ENV_MAX; i++) {
		cmd->env[i] = strdup(request->env[i]);
		if (!cmd->env[i])
			return -ENOMEM;
	}
	if (!request->input)
		return 0;
	cmd->in_fd = input_new(request->input, request->input_len);
	return cmd->in_fd < 0 ? cmd->in_fd : 0;
}

int commands_run(struct commands *c, const struct command_request *request,
		 command_done done, void *ctx)
{
	struct command *cmd;
	int r;

	if (c->n_waiting >= COMMANDS_WAITING_MAX)
		return -ENOBUFS;
	cmd = calloc(1, sizeof(*cmd));
	if (!cmd)
		return -ENOMEM;
	cmd->all = c;
	cmd->in_fd = cmd->pid_fd = cmd->out_fd = cmd->err_fd = -1;
	cmd->done = done;
	cmd->ctx = ctx;
	r = copy_request(cmd, request);
	if (r < 0) {
		(void)command_free(cmd);
		return r;
	}
	TAILQ_INSERT_TAIL(&c->waiting, cmd, link);
	c->n_waiting++;
	start_waiting(c);
	return 0;
}

int commands_new(struct commands **ret, sd_event *event)
{
	struct commands *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->event = event;
	TAILQ_INIT(&c->running);
	TAILQ_INIT(&c->waiting);
	*ret = c;
	return 0;
}

struct commands *commands_free(struct commands *c)
{
	struct command *cmd;

	if (!c)
		return NULL;
	TAILQ_FOREACH(cmd, &c->running, link)
	kill_group(cmd, 0);
	while ((cmd = TAILQ_FIRST(&c->running))) {
		struct pollfd ended = { .fd = cmd->pid_fd, .events = POLLIN };

		TAILQ_REMOVE(&c->running, cmd, link);
		/* One that is inside the kernel is left to init. */
		(void)poll(&ended, 1, KILL_WAIT_MS);
		(void)waitpid(cmd->pid, NULL, WNOHANG);
		(void)command_free(cmd);
	}
	while ((cmd = TAILQ_FIRST(&c->waiting))) {
		TAILQ_REMOVE(&c->waiting, cmd, link);
		(void)command_free(cmd);
	}
	free(c);
	return NULL;
}

char *command_explain(const struct command_result *result, char *buf, size_t size)
{
	const char *colon = result->complaint[0] ? ": " : "";

	if (result->error == -ETIME)
		return text_format(buf, size, "took too long and was killed%s%s", colon,
				   result->complaint);
	if (result->error == -E2BIG)
		return text_format(buf, size,
				   "printed more than max_size and was killed");
	if (result->error < 0)
		return text_format(buf, size, "cannot be started: %s",
				   strerrordesc_np(-result->error) ?: "unknown error");
	if (result->status < 0)
		return text_format(buf, size, "was killed by signal %d%s%s",
				   -result->status, colon, result->complaint);
	return text_format(buf, size, "ended with status %d%s%s", result->status, colon,
			   result->complaint);
}
