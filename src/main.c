// SPDX-License-Identifier: MIT
/* main.c — arguments, sub-commands, exit status */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mqttnode/cleanup.h"
#include "mqttnode/cli.h"
#include "mqttnode/dhcp.h"
#include "mqttnode/log.h"
#include "mqttnode/settings.h"
#include "mqttnode/version.h"

#define INSTANCE_MAX 64

enum { OPT_SOCKET = 256, OPT_HOST_SET, OPT_JSON, OPT_PNG, OPT_WATCH };

static const char usage[] =
	"Usage: mqttnode [run] [-c FILE | -i NAME] [--socket PATH]  run in the foreground\n"
	"       mqttnode check [--host-set] [FILE | -i NAME]        check the configuration\n"
	"       mqttnode status [--json | --watch] [--socket PATH | -i NAME]\n"
	"                                                           what the running daemon sees\n"
	"       mqttnode doctor [--json] [-c FILE] [--socket PATH] [-i NAME]\n"
	"                                                           what is wrong, what to do\n"
	"       mqttnode screen [--watch | --png FILE] [--socket PATH | -i NAME]\n"
	"                                                           what the display shows\n"
	"       mqttnode forget [--socket PATH | -i NAME]\n"
	"                                                           empty its retained topics\n"
	"       mqttnode --help | --version\n"
	"\n"
	"-i NAME stands for the files of the instance mqttnode@NAME.service: the\n"
	"configuration /etc/mqttnode/NAME.conf and the socket of that daemon.\n"
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
 * h(ost-set), i(nstance), j(son), p(ng), w(atch); f is a file as operand.
 */
static const struct {
	const char *name;
	enum cli_exit (*run)(const struct cli_arguments *args);
	const char *options;
} commands[] = {
	{ "run", cli_run, "csi" },
	{ "check", cli_check, "chif" },
	{ "status", cli_status, "sijw" },
	{ "screen", cli_screen, "sipw" },
	{ "doctor", cli_doctor, "csij" },
	{ "forget", cli_forget, "si" },
};

/* Whether @name can be part of a file's name: what a unit's instance mostly is. */
static bool is_instance_name(const char *name)
{
	static const char valid[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_.:-";
	size_t len = strlen(name);

	return len > 0 && len <= INSTANCE_MAX && name[0] != '.' &&
	       strspn(name, valid) == len;
}

/* Puts the files of the instance @name where nothing else was said. */
static void use_instance(struct cli_arguments *args, const char *name)
{
	static char config[sizeof(SETTINGS_INSTANCE_DIRECTORY) + INSTANCE_MAX + 8];
	static char socket[sizeof("/run/mqttnode-/control") + INSTANCE_MAX];

	if (!args->config) {
		(void)snprintf(config, sizeof(config),
			       SETTINGS_INSTANCE_DIRECTORY "/%s.conf", name);
		args->config = config;
	}
	if (!args->socket && !getenv("RUNTIME_DIRECTORY")) {
		(void)snprintf(socket, sizeof(socket), "/run/mqttnode-%s/control", name);
		args->socket = socket;
	}
}

/* Adds @letter once; @used has room for every option. */
static void note_use(char *used, char letter)
{
	if (!strchr(used, letter))
		used[strlen(used)] = letter;
}

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "instance", required_argument, NULL, 'i' },
	{ "socket", required_argument, NULL, OPT_SOCKET },
	{ "host-set", no_argument, NULL, OPT_HOST_SET },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "png", required_argument, NULL, OPT_PNG },
	{ "watch", no_argument, NULL, OPT_WATCH },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ 0 },
};

/* What the command line holds beside the arguments of the sub-command. */
struct line {
	char used[ARRAY_SIZE(options)]; /* letters of the options that were given */
	const char *instance;
};

/* Takes one option. -1 to go on, else the status to exit with. */
static int take_option(int option, struct cli_arguments *args, struct line *line)
{
	switch (option) {
	case 'c':
		args->config = optarg;
		note_use(line->used, 'c');
		return -1;
	case 'i':
		if (!is_instance_name(optarg))
			return usage_error("not the name of an instance: ", optarg);
		line->instance = optarg;
		note_use(line->used, 'i');
		return -1;
	case OPT_SOCKET:
		args->socket = optarg;
		note_use(line->used, 's');
		return -1;
	case OPT_HOST_SET:
		args->host_set = true;
		note_use(line->used, 'h');
		return -1;
	case OPT_JSON:
		args->json = true;
		note_use(line->used, 'j');
		return -1;
	case OPT_PNG:
		args->png = optarg;
		note_use(line->used, 'p');
		return -1;
	case OPT_WATCH:
		args->watch = true;
		note_use(line->used, 'w');
		return -1;
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

int main(int argc, char **argv)
{
	struct cli_arguments args = { .command = "run" };
	struct line line = { 0 };
	int c, r;

	/* Started by udhcpc: report and be gone, before anything else. */
	if (dhcp_is_hook())
		return dhcp_hook_main(argc, argv);

	while ((c = getopt_long(argc, argv, "c:i:hV", options, NULL)) != -1) {
		r = take_option(c, &args, &line);
		if (r >= 0)
			return r;
	}
	if (optind < argc)
		args.command = argv[optind++];
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(commands[i].name, args.command) != 0)
			continue;
		for (const char *u = line.used; *u; u++)
			if (!strchr(commands[i].options, *u))
				return usage_error("an option does not belong to ",
						   args.command);
		if (optind < argc && strchr(commands[i].options, 'f'))
			args.config = argv[optind++];
		if (optind < argc)
			return usage_error("unexpected argument: ", argv[optind]);
		if (line.instance)
			use_instance(&args, line.instance);
		if (!args.config)
			args.config = SETTINGS_DEFAULT_PATH;
		log_setup(LOG_TARGET_AUTO, LOG_INFO);
		return (int)commands[i].run(&args);
	}
	return usage_error("unknown command: ", args.command);
}
