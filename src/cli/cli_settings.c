// SPDX-License-Identifier: MIT
/* cli_settings.c — the configuration, with its errors told to a person */
#include "mqttnode/cli.h"

#include <errno.h>
#include <stdio.h>

static void print(const struct settings_report *report)
{
	for (size_t i = 0; i < report->n_warnings; i++)
		fprintf(stderr, "warning: %s\n", report->warnings[i]);
	for (size_t i = 0; i < report->n_errors; i++)
		fprintf(stderr, "%s\n", report->errors[i]);
	if (report->out_of_memory)
		fputs("Out of memory\n", stderr);
}

struct settings *cli_load_settings(const char *path, bool plain)
{
	struct settings_report report = { 0 };
	struct settings *settings = NULL;

	if (settings_load(&settings, path, &report) == -ENOMEM)
		report.out_of_memory = true;
	if (plain)
		print(&report);
	else
		settings_report_log(&report);
	settings_report_clear(&report);
	return settings;
}
