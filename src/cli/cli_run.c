// SPDX-License-Identifier: MIT
/* cli_run.c — "mqttnode run" */
#include "mqttnode/cli.h"

#include <unistd.h>

#include "mqttnode/log.h"
#include "mqttnode/node.h"

enum cli_exit cli_run(const struct cli_arguments *args)
{
	struct settings *settings = cli_load_settings(args->config, false);
	bool left_behind;
	int r;

	if (!settings)
		return CLI_CONFIG;
	log_set_max_level(settings->log_level);
	r = node_run(settings, args->socket, &left_behind);
	if (left_behind)
		_exit(r < 0 ? CLI_FAILURE : CLI_OK);
	settings_free(settings);
	return r < 0 ? CLI_FAILURE : CLI_OK;
}
