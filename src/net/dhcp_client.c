// SPDX-License-Identifier: MIT
/*
 * dhcp_client.c — one running udhcpc: its process, its reports, its output
 *
 * Two channels lead here: the socket that it passes on to the hook, and a pipe
 * for what it prints. Each process has its own pair, so that a late report of
 * one that was killed cannot be taken for a word of its successor.
 */
#include "dhcp_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "mqttnode/fd.h"
#include "mqttnode/spawn.h"
#include "mqttnode/text.h"

/*
 * A round is four DISCOVERs, two seconds apart; then a pause of four. (A switch
 * port that has just come up may drop the first ones.) An offered address is
 * probed for half a second: a neighbour on the wire answers within a few ms.
 */
#define TRIES	      "4"
#define TRY_PAUSE_S   "2"
#define ROUND_PAUSE_S "4"
#define PROBE_OPTION  "-a500"

#define LINE_SIZE      160
#define HOOK_TIMEOUT_S 1

/* Lines are news about the reports that follow them. */
#define OUTPUT_PRIORITY (SD_EVENT_PRIORITY_NORMAL - 2)
#define REPORT_PRIORITY (SD_EVENT_PRIORITY_NORMAL - 1)

struct dhcp_client {
	const struct dhcp_client_events *events; /* borrowed, outlives us */
	sd_event_source *child;
	sd_event_source *reports;
	sd_event_source *output;
	int report_fd;
	int output_fd;
	char line[LINE_SIZE];
	size_t line_len;
	char buf[DHCP_REPORT_MAX + 1];
};

static void take_line(struct dhcp_client *c)
{
	char shown[LINE_SIZE];

	if (c->line_len > 0)
		c->events->on_output(c->events->ctx, text_escape(shown, sizeof(shown),
								 c->line, c->line_len));
	c->line_len = 0;
}

/* Reads what there is; the rest of a line that is too long is dropped. */
static int on_output(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct dhcp_client *c = userdata;
	ssize_t n = read(fd, c->buf, sizeof(c->buf));

	(void)revents;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) { /* the last writer is gone */
		take_line(c);
		return sd_event_source_set_enabled(source, SD_EVENT_OFF);
	}
	for (ssize_t i = 0; i < n; i++) {
		if (c->buf[i] == '\n')
			take_line(c);
		else if (c->line_len < sizeof(c->line))
			c->line[c->line_len++] = c->buf[i];
	}
	return 0;
}

static int on_report(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct dhcp_client *c = userdata;
	ssize_t n = recv(fd, c->buf, sizeof(c->buf), MSG_TRUNC);
	struct dhcp_report report;
	char error[128];
	int r;

	(void)revents;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0) /* nobody is left at the other end: on_child() follows */
		return sd_event_source_set_enabled(source, SD_EVENT_OFF);
	r = dhcp_report_parse(&report, c->buf, (size_t)n, error, sizeof(error));
	c->events->on_report(c->events->ctx, &report, r < 0 ? error : NULL);
	return 0;
}

static int on_child(sd_event_source *source, const siginfo_t *si, void *userdata)
{
	struct dhcp_client *c = userdata;
	char how[32];

	(void)source;
	text_format(how, sizeof(how),
		    si->si_code == CLD_EXITED ? "exit status %d" : "signal %d",
		    si->si_status);
	c->events->on_exit(c->events->ctx, how);
	return 0;
}

/*
 * The path of this program. After an upgrade ours is deleted, and the new one
 * has its place: it serves as well.
 */
static int find_hook(char *buf, size_t size)
{
	static const char deleted[] = " (deleted)";
	ssize_t n = readlink("/proc/self/exe", buf, size - 1);

	if (n < 0)
		return -errno;
	buf[n] = '\0';
	if (n > (ssize_t)strlen(deleted) &&
	    strcmp(buf + n - strlen(deleted), deleted) == 0)
		buf[n - (ssize_t)strlen(deleted)] = '\0';
	return 0;
}

/* Returns 0, -ENOENT if there is no client on this machine, or -errno. */
static int start_process(pid_t *ret, const char *interface, const char *hostname,
			 struct in_addr wanted, int pass_fd, int out_fd)
{
	static const char *const env[] = { DHCP_HOOK_VARIABLE "=1", NULL };
	char hook[PATH_MAX], program[PATH_MAX], address[INET_ADDRSTRLEN], name[80];
	const char *argv[40];
	size_t n = 0;
	int r;

	r = find_hook(hook, sizeof(hook));
	if (r < 0)
		return r;

	if (spawn_find("udhcpc", program, sizeof(program)) == 0) {
		argv[n++] = program;
	} else if (spawn_find("busybox", program, sizeof(program)) == 0) {
		argv[n++] = program;
		argv[n++] = "udhcpc";
	} else {
		return -ENOENT;
	}
	/* In the foreground, released on exit, and only the options that are used. */
	for (const char *const *p =
		     (const char *const[]){
			     "-f",	  "-R", "-t",	       TRIES,	     "-T",
			     TRY_PAUSE_S, "-A", ROUND_PAUSE_S, PROBE_OPTION, "-V",
			     "mqttnode",  "-o", "-O",	       "subnet",     "-O",
			     "router",	  "-O", "dns",	       "-O",	     "mtu",
			     NULL };
	     *p; p++)
		argv[n++] = *p;
	argv[n++] = "-i";
	argv[n++] = interface;
	argv[n++] = "-s";
	argv[n++] = hook;
	if (hostname[0]) {
		argv[n++] = "-x";
		argv[n++] = text_format(name, sizeof(name), "hostname:%s", hostname);
	}
	if (wanted.s_addr) {
		argv[n++] = "-r";
		argv[n++] = inet_ntop(AF_INET, &wanted, address, sizeof(address));
	}
	argv[n] = NULL;
	return spawn(ret, &(const struct spawn_options){ .argv = argv,
							 .env = env,
							 .pass_fd = pass_fd,
							 .in_fd = -1,
							 .out_fd = out_fd,
							 .err_fd = -1 });
}

static int add_channel(sd_event *event, sd_event_source **ret, int fd,
		       sd_event_io_handler_t handler, struct dhcp_client *c,
		       int64_t priority, const char *description)
{
	int r;

	r = sd_event_add_io(event, ret, fd, EPOLLIN, handler, c);
	if (r < 0)
		return r;
	(void)sd_event_source_set_description(*ret, description);
	return sd_event_source_set_priority(*ret, priority);
}

/* Makes the two channels; *hook_fd and *print_fd are the ends for the process. */
static int open_channels(struct dhcp_client *c, sd_event *event, int *hook_fd,
			 int *print_fd)
{
	const struct timeval patience = { .tv_sec = HOOK_TIMEOUT_S };
	int fds[2];
	int r;

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	c->report_fd = fds[0];
	*hook_fd = fds[1];
	if (setsockopt(*hook_fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) <
	    0)
		return -errno;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	c->output_fd = fds[0];
	*print_fd = fds[1];

	r = fd_set_nonblock(c->report_fd);
	if (r < 0)
		return r;
	r = fd_set_nonblock(c->output_fd);
	if (r < 0)
		return r;
	r = add_channel(event, &c->reports, c->report_fd, on_report, c, REPORT_PRIORITY,
			"dhcp reports");
	if (r < 0)
		return r;
	return add_channel(event, &c->output, c->output_fd, on_output, c, OUTPUT_PRIORITY,
			   "dhcp output");
}

int dhcp_client_start(struct dhcp_client **ret, sd_event *event, const char *interface,
		      const char *hostname, struct in_addr wanted,
		      const struct dhcp_client_events *events)
{
	_cleanup_(dhcp_client_freep) struct dhcp_client *c = NULL;
	_cleanup_close_ int hook_fd = -1, print_fd = -1;
	pid_t pid;
	int r;

	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->events = events;
	c->report_fd = -1;
	c->output_fd = -1;
	r = open_channels(c, event, &hook_fd, &print_fd);
	if (r < 0)
		return r;
	r = start_process(&pid, interface, hostname, wanted, hook_fd, print_fd);
	if (r < 0)
		return r;
	r = sd_event_add_child(event, &c->child, pid, WEXITED, on_child, c);
	if (r < 0) {
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
		return r;
	}
	(void)sd_event_source_set_description(c->child, "dhcp client");
	/* From here on releasing the source kills and reaps the process. */
	(void)sd_event_source_set_child_process_own(c->child, 1);
	*ret = TAKE_PTR(c);
	return 0;
}

struct dhcp_client *dhcp_client_free(struct dhcp_client *c)
{
	if (!c)
		return NULL;
	sd_event_source_disable_unref(c->child);
	sd_event_source_disable_unref(c->reports);
	sd_event_source_disable_unref(c->output);
	c->report_fd = fd_close(c->report_fd);
	c->output_fd = fd_close(c->output_fd);
	free(c);
	return NULL;
}

void dhcp_client_signal(struct dhcp_client *c, int signal)
{
	/* Fails only if the process has ended, which on_child() tells. */
	(void)sd_event_source_send_child_signal(c->child, signal, NULL, 0);
}
