// SPDX-License-Identifier: MIT
/* cli_ask.c — a question to the running daemon */
#include "mqttnode/cli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <json-c/json_tokener.h>

#include "mqttnode/cleanup.h"
#include "mqttnode/control.h"
#include "mqttnode/node.h"
#include "mqttnode/text.h"

#define ASK_TIMEOUT_MS 3000

static const char *advice(int r)
{
	if (r == -EACCES)
		return " (only root and the group mqttnode may ask)";
	if (r == -ENOENT || r == -ECONNREFUSED)
		return " (is the daemon running?)";
	return "";
}

static const char *socket_path(const struct cli_arguments *args, char *buf, size_t size)
{
	if (args->socket)
		return args->socket;
	node_socket_path(buf, size);
	return buf;
}

bool cli_daemon_runs(const struct cli_arguments *args)
{
	_cleanup_free_ char *answer = NULL;
	char buf[256];
	int r = control_ask(socket_path(args, buf, sizeof(buf)), "{}", ASK_TIMEOUT_MS,
			    &answer);

	return r != -ENOENT && r != -ECONNREFUSED;
}

int cli_ask(const struct cli_arguments *args, const char *request, char **ret_answer)
{
	char buf[256];
	const char *path = socket_path(args, buf, sizeof(buf));
	int r;

	r = control_ask(path, request, ASK_TIMEOUT_MS, ret_answer);
	if (r < 0)
		fprintf(stderr, "mqttnode: no answer at %s: %s%s\n", path, strerror(-r),
			advice(r));
	return r;
}

json_object *cli_ask_object(const struct cli_arguments *args, const char *request)
{
	_cleanup_free_ char *line = NULL;
	json_object *answer, *ok, *error = NULL;
	char text[200];

	if (cli_ask(args, request, &line) < 0)
		return NULL;
	answer = json_tokener_parse(line);
	if (!json_object_object_get_ex(answer, "ok", &ok)) {
		fputs("mqttnode: the answer is not that of a mqttnode\n", stderr);
		goto refused;
	}
	if (!json_object_get_boolean(ok)) {
		(void)json_object_object_get_ex(answer, "error", &error);
		fprintf(stderr, "mqttnode: the daemon refuses: %s\n",
			text_escape_str(text, sizeof(text),
					error ? json_object_get_string(error)
					      : "it does not say why"));
		goto refused;
	}
	return answer;

refused:
	(void)json_object_put(answer);
	return NULL;
}
