/* SPDX-License-Identifier: MIT */
/*
 * cli.h — the sub-commands of the program
 *
 * main() reads the arguments and calls one of these; each has its own file
 * src/cli/cli_NAME.c. A sub-command talks to people: results on standard
 * output, everything else on standard error, and an exit status.
 */
#ifndef MQTTNODE_CLI_H
#define MQTTNODE_CLI_H

#include "mqttnode/settings.h"

#include <json-c/json_object.h>
#include <stdbool.h>

enum cli_exit {
	CLI_OK = 0,
	CLI_FAILURE = 1,
	CLI_USAGE = 2,
	CLI_CONFIG = 78, /* EX_CONFIG of sysexits.h */
};

/* What the arguments said; strings belong to the caller. */
struct cli_arguments {
	const char *command;
	const char *config; /* a path, never NULL */
	const char *socket; /* NULL: the default */
	bool host_set;
	bool json;	 /* for programs, not for people */
	bool watch;	 /* again and again, until interrupted */
	const char *png; /* a file to write instead of showing; NULL: none */
};

/* "run": the daemon in the foreground. Does not return if a thread was left behind. */
enum cli_exit cli_run(const struct cli_arguments *args);

/* "check": tells every error and warning in the configuration. */
enum cli_exit cli_check(const struct cli_arguments *args);

/* "status": what the running daemon sees, laid out or as JSON. */
enum cli_exit cli_status(const struct cli_arguments *args);

/*
 * "doctor": what is wrong, what it means and what to do; the exit status tells the
 * rung (diagnosis.h).
 */
enum cli_exit cli_doctor(const struct cli_arguments *args);

/* "screen": what the display of the running daemon shows, or would show. */
enum cli_exit cli_screen(const struct cli_arguments *args);

/* "forget": empties all retained topics the node ever wrote; the daemon stops then. */
enum cli_exit cli_forget(const struct cli_arguments *args);

/* --- for the sub-commands -------------------------------------------------- */

/*
 * Reads the configuration @path and tells what is wrong or unwise: on standard
 * error if @plain, else as log messages. NULL if it cannot be used; the caller
 * frees the result.
 */
struct settings *cli_load_settings(const char *path, bool plain);

/*
 * Sends the JSON line @request to the running daemon and stores its answer, a
 * JSON line, in @ret_answer; the caller frees it. Waits for at most a few
 * seconds. 0 or -errno, told on standard error with what to do about it.
 */
int cli_ask(const struct cli_arguments *args, const char *request, char **ret_answer);

/* Whether a daemon is there to be asked: also one that refuses or does not answer. */
bool cli_daemon_runs(const struct cli_arguments *args);

/*
 * The same as cli_ask(), as an object that says that it is "ok"; the caller puts it. NULL
 * after an error that was told.
 */
json_object *cli_ask_object(const struct cli_arguments *args, const char *request);

#endif
