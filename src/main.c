// SPDX-License-Identifier: MIT
/* main.c — arguments, sub-commands, exit status */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "mqttnode/control.h"
#include "mqttnode/dhcp.h"
#include "mqttnode/log.h"
#include "mqttnode/node.h"
#include "mqttnode/settings.h"
#include "mqttnode/version.h"

#define STATUS_TIMEOUT_MS 3000

enum {
	EXIT_USAGE = 2,
};

static const char usage[] =
	"Usage: mqttnode [run] [-c FILE] [--socket PATH]   run in the foreground\n"
	"       mqttnode check [--host-set] [FILE]         check the configuration\n"
	"       mqttnode status [--socket PATH]            what the running daemon sees\n"
	"       mqttnode --help | --version\n"
	"\n"
	"The configuration is read from " SETTINGS_DEFAULT_PATH
	" unless said otherwise.\n"
	"See mqttnode(8) and mqttnode.conf(5).\n";

struct arguments {
	const char *command;
	const char *config;
	const char *socket;
	bool host_set;
};

static int usage_error(const char *what, const char *which)
{
	fprintf(stderr, "mqttnode: %s%s\n%s", what, which, usage);
	return EXIT_USAGE;
}

/* One finding in the configuration: plain for "check", as a log line for "run". */
static void tell(bool plain, int level, const char *kind, const char *finding)
{
	if (plain)
		fprintf(stderr, "%s%s\n", kind, finding);
	else
		(void)log_write(level, 0, NULL, 0, "%s", finding);
}

/* Reads the file and tells what is wrong or unwise. NULL if it cannot be used. */
static struct settings *load(const char *path, bool plain)
{
	struct settings_report report = { 0 };
	struct settings *settings = NULL;
	int r;

	r = settings_load(&settings, path, &report);
	for (size_t i = 0; i < report.n_warnings; i++)
		tell(plain, LOG_WARNING, "warning: ", report.warnings[i]);
	for (size_t i = 0; i < report.n_errors; i++)
		tell(plain, LOG_ERR, "", report.errors[i]);
	if (r == -ENOMEM)
		tell(plain, LOG_ERR, "", "Out of memory");
	settings_report_clear(&report);
	return settings;
}

static int command_check(const struct arguments *args)
{
	_cleanup_(settings_freep) struct settings *settings = NULL;

	if (args->host_set)
		return settings_host_is_unset(args->config) ? EXIT_FAILURE : EXIT_SUCCESS;
	settings = load(args->config, true);
	if (!settings)
		return EX_CONFIG;
	printf("%s: OK\n", args->config);
	return EXIT_SUCCESS;
}

static int command_run(const struct arguments *args)
{
	struct settings *settings = load(args->config, false);
	bool left_behind;
	int r;

	if (!settings)
		return EX_CONFIG;
	log_set_max_level(settings->log_level);
	r = node_run(settings, args->socket, &left_behind);
	if (left_behind)
		_exit(r < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
	settings_free(settings);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int command_status(const struct arguments *args)
{
	_cleanup_free_ char *answer = NULL;
	char path[256];
	int r;

	if (!args->socket)
		node_socket_path(path, sizeof(path));
	r = control_ask(args->socket ? args->socket : path, "{\"verb\":\"status\"}",
			STATUS_TIMEOUT_MS, &answer);
	if (r < 0) {
		fprintf(stderr, "mqttnode: no answer at %s: %s%s\n",
			args->socket ? args->socket : path, strerror(-r),
			r == -EACCES ? " (only root and the group mqttnode may ask)"
			: r == -ENOENT || r == -ECONNREFUSED ? " (is the daemon running?)"
							     : "");
		return EXIT_FAILURE;
	}
	puts(answer);
	return EXIT_SUCCESS;
}

static const struct {
	const char *name;
	int (*run)(const struct arguments *args);
	const char *options; /* those that it takes: c, s(ocket), h(ost-set), f(ile
				operand) */
} commands[] = {
	{ "run", command_run, "cs" },
	{ "check", command_check, "chf" },
	{ "status", command_status, "s" },
};

int main(int argc, char **argv)
{
	enum { OPT_SOCKET = 256, OPT_HOST_SET };
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "socket", required_argument, NULL, OPT_SOCKET },
		{ "host-set", no_argument, NULL, OPT_HOST_SET },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	struct arguments args = { .command = "run", .config = SETTINGS_DEFAULT_PATH };
	char used[4] = "";
	int c;

	/* Started by udhcpc: report and be gone, before anything else. */
	if (dhcp_is_hook())
		return dhcp_hook_main(argc, argv);

	while ((c = getopt_long(argc, argv, "c:hV", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			args.config = optarg;
			used[0] = 'c';
			break;
		case OPT_SOCKET:
			args.socket = optarg;
			used[1] = 's';
			break;
		case OPT_HOST_SET:
			args.host_set = true;
			used[2] = 'h';
			break;
		case 'h':
			fputs(usage, stdout);
			return EXIT_SUCCESS;
		case 'V':
			puts("mqttnode " MQTTNODE_VERSION);
			return EXIT_SUCCESS;
		default:
			fputs(usage, stderr);
			return EXIT_USAGE;
		}
	}
	if (optind < argc)
		args.command = argv[optind++];
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(commands[i].name, args.command) != 0)
			continue;
		for (size_t k = 0; k < sizeof(used); k++)
			if (used[k] && !strchr(commands[i].options, used[k]))
				return usage_error("an option does not belong to ",
						   args.command);
		if (optind < argc && strchr(commands[i].options, 'f'))
			args.config = argv[optind++];
		if (optind < argc)
			return usage_error("unexpected argument: ", argv[optind]);
		log_setup(LOG_TARGET_AUTO, LOG_INFO);
		return commands[i].run(&args);
	}
	return usage_error("unknown command: ", args.command);
}
