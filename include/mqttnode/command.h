/* SPDX-License-Identifier: MIT */
/*
 * command.h — programs that the user configured, kept within limits
 *
 * Each runs without a shell, in a process group of its own, with a limit of
 * time and of output; a few run at once, the rest waits for its turn. When the
 * program ends, and at a limit, everything left in its group is killed. All
 * functions belong to the thread of the event loop, and none of them waits.
 */
#ifndef MQTTNODE_COMMAND_H
#define MQTTNODE_COMMAND_H

#include "mqttnode/cleanup.h"

#include <stddef.h>
#include <systemd/sd-event.h>

/* How many run at once, and how many may wait. */
#define COMMANDS_RUNNING_MAX 8
#define COMMANDS_WAITING_MAX 256

struct commands;

struct command_request {
	const char *const *argv; /* must stay until the command is done */
	const char *const *env;	 /* added to PATH; copied; NULL: nothing */
	const void *input;	 /* stdin; copied; NULL: /dev/null */
	size_t input_len;
	size_t output_max;     /* more bytes on stdout are an error; 0: thrown away */
	unsigned int limit_ms; /* of running; waiting does not count */
};

struct command_result {
	int error;  /* 0, or -errno: could not be started; -ETIME, -E2BIG: killed at
		       that limit */
	int status; /* exit status, or minus the number of the signal that ended it */
	const char *out; /* stdout, @len bytes */
	size_t len;
	const char *complaint; /* the first line on stderr, escaped; "" if none */
};

/* Everything in @result is gone after the call. */
typedef void (*command_done)(void *ctx, const struct command_result *result);

/* 0 or -errno. */
int commands_new(struct commands **ret, sd_event *event);

/* Kills what runs; nobody is told. Accepts NULL, returns NULL. */
struct commands *commands_free(struct commands *c);

/*
 * Has a command run; @done is called once, perhaps before this returns. 0, or
 * -ENOMEM or another -errno, or -ENOBUFS if too many wait: @done is not called.
 */
int commands_run(struct commands *c, const struct command_request *request,
		 command_done done, void *ctx);

/*
 * Why it failed, as the end of a sentence that begins with its name: "cannot be
 * started: ...", "ended with status 3: complaint". Returns @buf.
 */
char *command_explain(const struct command_result *result, char *buf, size_t size);

DEFINE_CLEANUP(struct commands, commands_free);

#endif
