// SPDX-License-Identifier: MIT
/* settings_report.c — collects what is wrong with a configuration */
#include "settings_file.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mqttnode/log.h"

static void add(char ***list, size_t *n, struct settings_report *r, const char *format,
		va_list ap) __attribute__((format(printf, 4, 0)));

static void add(char ***list, size_t *n, struct settings_report *r, const char *format,
		va_list ap)
{
	char *sentence;
	char **longer;

	if (*n > SETTINGS_REPORT_MAX)
		return;
	longer = reallocarray(*list, *n + 1, sizeof(**list));
	if (!longer) {
		r->out_of_memory = true;
		return;
	}
	*list = longer;
	if (*n == SETTINGS_REPORT_MAX)
		sentence = strdup("and more");
	else if (vasprintf(&sentence, format, ap) < 0)
		sentence = NULL;
	if (!sentence) {
		r->out_of_memory = true;
		return;
	}
	longer[(*n)++] = sentence;
}

void report_error(struct settings_report *r, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	add(&r->errors, &r->n_errors, r, format, ap);
	va_end(ap);
}

void report_warning(struct settings_report *r, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	add(&r->warnings, &r->n_warnings, r, format, ap);
	va_end(ap);
}

void settings_report_log(const struct settings_report *report)
{
	for (size_t i = 0; i < report->n_warnings; i++)
		(void)log_write(LOG_WARNING, 0, NULL, 0, "%s", report->warnings[i]);
	for (size_t i = 0; i < report->n_errors; i++)
		(void)log_write(LOG_ERR, 0, NULL, 0, "%s", report->errors[i]);
	if (report->out_of_memory)
		(void)log_write(LOG_ERR, 0, NULL, 0, "Out of memory");
}

void settings_report_clear(struct settings_report *report)
{
	for (size_t i = 0; i < report->n_errors; i++)
		free(report->errors[i]);
	for (size_t i = 0; i < report->n_warnings; i++)
		free(report->warnings[i]);
	free(report->errors);
	free(report->warnings);
	*report = (struct settings_report){ 0 };
}
