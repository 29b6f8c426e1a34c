// SPDX-License-Identifier: MIT
/* cli_settings.c — the configuration, with its errors told to a person */
#include "mqttnode/cli.h"

#include <errno.h>
#include <stdio.h>

#include "mqttnode/log.h"

/* One finding in the configuration: plain for "check", as a log line for "run". */
static void tell(bool plain, int level, const char *kind, const char *finding)
{
	if (plain)
		fprintf(stderr, "%s%s\n", kind, finding);
	else
		(void)log_write(level, 0, NULL, 0, "%s", finding);
}

struct settings *cli_load_settings(const char *path, bool plain)
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
