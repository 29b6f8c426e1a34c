// SPDX-License-Identifier: MIT
/* cli_ask.c — a question to the running daemon */
#include "mqttnode/cli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "mqttnode/control.h"
#include "mqttnode/node.h"

#define ASK_TIMEOUT_MS 3000

static const char *advice(int r)
{
	if (r == -EACCES)
		return " (only root and the group mqttnode may ask)";
	if (r == -ENOENT || r == -ECONNREFUSED)
		return " (is the daemon running?)";
	return "";
}

int cli_ask(const struct cli_arguments *args, const char *request, char **ret_answer)
{
	const char *path = args->socket;
	char standard[256];
	int r;

	if (!path) {
		node_socket_path(standard, sizeof(standard));
		path = standard;
	}
	r = control_ask(path, request, ASK_TIMEOUT_MS, ret_answer);
	if (r < 0)
		fprintf(stderr, "mqttnode: no answer at %s: %s%s\n", path, strerror(-r),
			advice(r));
	return r;
}
