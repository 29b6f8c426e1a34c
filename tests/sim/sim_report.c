// SPDX-License-Identifier: MIT
/* sim_report.c — what strict models object to, as sentences */
#include "sim_report.h"

#include <stdarg.h>
#include <stdio.h>

__attribute__((format(printf, 4, 0))) static void add(struct sim_note *notes,
						      uint64_t *count, const char *part,
						      const char *format, va_list ap)
{
	struct sim_note *note;

	if (*count < SIM_REPORT_KEPT) {
		note = &notes[*count];
		note->part = part;
		(void)vsnprintf(note->text, sizeof(note->text), format, ap);
	}
	(*count)++;
}

void sim_violation(struct sim_report *report, const char *part, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	add(report->violations, &report->n_violations, part, format, ap);
	va_end(ap);
}

void sim_warning(struct sim_report *report, const char *part, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	add(report->warnings, &report->n_warnings, part, format, ap);
	va_end(ap);
}
