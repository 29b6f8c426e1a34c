// SPDX-License-Identifier: MIT
/*
 * settings_keys.c — tells the checkers of the documentation what the code knows
 *
 * Without an argument: every key, "PATH<tab>DEFAULT", or "PATH<tab>(refused)" for
 * one that is only there to be refused. With arguments: loads each file and
 * prints what is wrong with it; fails if anything is.
 */
#include <stdio.h>

#include "mqttnode/settings.h"

static int check(const char *path)
{
	struct settings_report report = { 0 };
	struct settings *s = NULL;
	int r;

	r = settings_load(&s, path, &report);
	for (size_t i = 0; i < report.n_errors; i++)
		puts(report.errors[i]);
	settings_report_clear(&report);
	settings_free(s);
	return r < 0;
}

int main(int argc, char **argv)
{
	struct settings_key_info key;
	int failed = 0;

	for (int i = 1; i < argc; i++)
		failed |= check(argv[i]);
	for (size_t i = 0; argc == 1 && settings_key_info(i, &key); i++)
		printf("%s\t%s\n", key.path,
		       key.refused    ? "(refused)"
		       : key.fallback ? key.fallback
				      : "");
	return failed;
}
