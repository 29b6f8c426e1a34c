// SPDX-License-Identifier: MIT
/* cli_status.c — "mqttnode status" */
#include "mqttnode/cli.h"

#include <stdio.h>

#include "mqttnode/cleanup.h"

enum cli_exit cli_status(const struct cli_arguments *args)
{
	_cleanup_free_ char *answer = NULL;

	if (cli_ask(args, "{\"verb\":\"status\"}", &answer) < 0)
		return CLI_FAILURE;
	puts(answer);
	return CLI_OK;
}
