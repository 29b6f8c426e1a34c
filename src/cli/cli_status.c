// SPDX-License-Identifier: MIT
/*
 * cli_status.c — "mqttnode status": the daemon's answer, once or again and again
 *
 * Rates need two answers. With --watch each is compared with the one before;
 * without it the daemon is asked twice, a second apart. --json prints the
 * first answer as it came.
 */
#include "mqttnode/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <json-c/json_object.h>

#include "mqttnode/cleanup.h"
#include "mqttnode/cli_layout.h"
#include "mqttnode/clock.h"

#define INTERVAL_NS NSEC_PER_SEC

/* Top left, and nothing left of the last picture below. */
static const char home[] = "\033[H\033[J";

DEFINE_CLEANUP(json_object, json_object_put);

static json_object *ask(const struct cli_arguments *args)
{
	return cli_ask_object(args, "{\"verb\":\"status\"}");
}

static enum cli_exit print_json(const struct cli_arguments *args)
{
	_cleanup_(json_object_putp) json_object *answer = ask(args);

	if (!answer)
		return CLI_FAILURE;
	/* Written anew: what a stranger's socket says is escaped on the way. */
	puts(json_object_to_json_string_ext(
		answer, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	return CLI_OK;
}

enum cli_exit cli_status(const struct cli_arguments *args)
{
	_cleanup_(json_object_putp) json_object *before = NULL;
	bool terminal = isatty(STDOUT_FILENO);
	uint64_t then, now;

	if (args->json)
		return print_json(args);
	before = ask(args);
	then = clock_now_ns(&clock_system);
	while (before) {
		json_object *answer;

		clock_sleep_ns(&clock_system, INTERVAL_NS);
		answer = ask(args);
		now = clock_now_ns(&clock_system);
		if (answer) {
			if (args->watch && terminal)
				fputs(home, stdout);
			cli_layout_status(stdout, answer, before,
					  (double)(now - then) / (double)NSEC_PER_SEC,
					  terminal && !getenv("NO_COLOR"));
			(void)fflush(stdout);
		}
		json_object_put(before);
		before = answer;
		then = now;
		if (answer && !args->watch)
			return ferror(stdout) ? CLI_FAILURE : CLI_OK;
	}
	return CLI_FAILURE;
}
