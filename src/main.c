// SPDX-License-Identifier: MIT
/* main.c — arguments, sub-commands, exit status */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "mqttnode/cleanup.h"
#include "mqttnode/cli.h"
#include "mqttnode/dhcp.h"
#include "mqttnode/log.h"
#include "mqttnode/settings.h"
#include "mqttnode/version.h"

static const char usage[] =
	"Usage: mqttnode [run] [-c FILE] [--socket PATH]   run in the foreground\n"
	"       mqttnode check [--host-set] [FILE]         check the configuration\n"
	"       mqttnode status [--socket PATH]            what the running daemon sees\n"
	"       mqttnode --help | --version\n"
	"\n"
	"The configuration is read from " SETTINGS_DEFAULT_PATH
	" unless said otherwise.\n"
	"See mqttnode(8) and mqttnode.conf(5).\n";

static int usage_error(const char *what, const char *which)
{
	fprintf(stderr, "mqttnode: %s%s\n%s", what, which, usage);
	return CLI_USAGE;
}

/*
 * The options that each sub-command takes, by letter: c(onfig), s(ocket),
 * h(ost-set); f is a file as operand.
 */
static const struct {
	const char *name;
	enum cli_exit (*run)(const struct cli_arguments *args);
	const char *options;
} commands[] = {
	{ "run", cli_run, "cs" },
	{ "check", cli_check, "chf" },
	{ "status", cli_status, "s" },
};

/* Adds @letter once; @used has room for every option. */
static void note_use(char *used, char letter)
{
	if (!strchr(used, letter))
		used[strlen(used)] = letter;
}

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
	struct cli_arguments args = { .command = "run", .config = SETTINGS_DEFAULT_PATH };
	char used[ARRAY_SIZE(options)] = ""; /* letters of those that were given */
	int c;

	/* Started by udhcpc: report and be gone, before anything else. */
	if (dhcp_is_hook())
		return dhcp_hook_main(argc, argv);

	while ((c = getopt_long(argc, argv, "c:hV", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			args.config = optarg;
			note_use(used, 'c');
			break;
		case OPT_SOCKET:
			args.socket = optarg;
			note_use(used, 's');
			break;
		case OPT_HOST_SET:
			args.host_set = true;
			note_use(used, 'h');
			break;
		case 'h':
			fputs(usage, stdout);
			return CLI_OK;
		case 'V':
			puts("mqttnode " MQTTNODE_VERSION);
			return CLI_OK;
		default:
			fputs(usage, stderr);
			return CLI_USAGE;
		}
	}
	if (optind < argc)
		args.command = argv[optind++];
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(commands[i].name, args.command) != 0)
			continue;
		for (const char *u = used; *u; u++)
			if (!strchr(commands[i].options, *u))
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
