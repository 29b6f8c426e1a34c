/* SPDX-License-Identifier: MIT */
/*
 * sim_report.h — what strict models object to, as sentences
 *
 * A violation is something that a driver must never do; a test fails on the
 * first. A warning is odd but legal. Whoever writes or reads a report holds the
 * lock of the models.
 */
#ifndef MQTTNODE_TESTS_SIM_REPORT_H
#define MQTTNODE_TESTS_SIM_REPORT_H

#include <stdint.h>

#define SIM_REPORT_KEPT 64
#define SIM_REPORT_TEXT 160

struct sim_note {
	const char *part; /* "ssd1306", "i2c", ...: a literal */
	char text[SIM_REPORT_TEXT];
};

/* All zero: an empty report. The oldest notes are kept, all are counted. */
struct sim_report {
	uint64_t n_violations, n_warnings;
	struct sim_note violations[SIM_REPORT_KEPT];
	struct sim_note warnings[SIM_REPORT_KEPT];
};

void sim_violation(struct sim_report *report, const char *part, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void sim_warning(struct sim_report *report, const char *part, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
