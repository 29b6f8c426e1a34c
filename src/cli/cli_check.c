// SPDX-License-Identifier: MIT
/* cli_check.c — "mqttnode check" */
#include "mqttnode/cli.h"

#include <stdio.h>

#include "mqttnode/cleanup.h"

enum cli_exit cli_check(const struct cli_arguments *args)
{
	_cleanup_(settings_freep) struct settings *settings = NULL;

	if (args->host_set)
		return settings_host_is_unset(args->config) ? CLI_FAILURE : CLI_OK;
	settings = cli_load_settings(args->config, true);
	if (!settings)
		return CLI_CONFIG;
	printf("%s: OK\n", args->config);
	return CLI_OK;
}
