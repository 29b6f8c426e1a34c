// SPDX-License-Identifier: MIT
/*
 * cli_forget.c — "mqttnode forget": the daemon empties its retained topics and stops
 *
 * The verb begins it when it is asked first, and tells how far it is afterwards.
 */
#include "mqttnode/cli.h"

#include <inttypes.h>
#include <stdio.h>

#include "mqttnode/clock.h"

#define INTERVAL_NS (100 * NSEC_PER_MSEC)

static uint64_t number(json_object *o, const char *key)
{
	json_object *value;

	return json_object_object_get_ex(o, key, &value) ? json_object_get_uint64(value)
							 : 0;
}

static bool is_done(json_object *answer)
{
	json_object *done;

	return json_object_object_get_ex(answer, "done", &done) &&
	       json_object_get_boolean(done);
}

static enum cli_exit tell(json_object *answer)
{
	uint64_t topics = number(answer, "topics"), left = number(answer, "left");
	uint64_t refused = number(answer, "refused");

	if (number(answer, "begun") == 0) {
		fputs("mqttnode: the connection ended, or the broker did not acknowledge "
		      "what was under way: nothing was emptied. Start the daemon and try "
		      "again\n",
		      stderr);
		return CLI_FAILURE;
	}
	if (left > 0) {
		fprintf(stderr,
			"mqttnode: the connection ended before all was done: %" PRIu64
			" of %" PRIu64 " topics are left, and remembered. Start the "
			"daemon and try again\n",
			left, topics);
		return CLI_FAILURE;
	}
	if (refused > 0) {
		fprintf(stderr,
			"mqttnode: the broker refused to empty %" PRIu64 " of %" PRIu64
			" topics, which stay remembered: the journal says which\n",
			refused, topics);
		return CLI_FAILURE;
	}
	printf("%" PRIu64
	       " retained topic%s of this node %s empty now, and the daemon stops.\n"
	       "It fills them again when it is started: \"systemctl disable mqttnode\" keeps\n"
	       "it from starting with the machine.\n",
	       topics, topics == 1 ? "" : "s", topics == 1 ? "is" : "are");
	return CLI_OK;
}

enum cli_exit cli_forget(const struct cli_arguments *args)
{
	enum cli_exit status;
	json_object *answer;

	if (!cli_daemon_runs(args)) {
		fputs("mqttnode: no daemon runs, and only the daemon reaches the broker "
		      "through its interface: start it (systemctl start mqttnode), then "
		      "try again\n",
		      stderr);
		return CLI_FAILURE;
	}
	answer = cli_ask_object(args, "{\"verb\":\"forget\"}");
	while (answer && !is_done(answer)) {
		json_object_put(answer);
		clock_sleep_ns(&clock_system, INTERVAL_NS);
		answer = cli_ask_object(args, "{\"verb\":\"forget\"}");
	}
	if (!answer)
		return CLI_FAILURE;
	status = tell(answer);
	json_object_put(answer);
	return status;
}
