/* SPDX-License-Identifier: MIT */
/*
 * diagnosis.h — from what a daemon reports to findings: what is wrong, and where
 *
 * Works on the status as JSON (report.h), so that a running daemon and a
 * temporary one are judged alike. Texts from there are made safe for a terminal.
 * One thread.
 */
#ifndef MQTTNODE_DIAGNOSIS_H
#define MQTTNODE_DIAGNOSIS_H

#include "mqttnode/cause.h"

#include <json-c/json_object.h>
#include <stdbool.h>
#include <stddef.h>

#define DIAGNOSIS_MAX 32

enum finding_level {
	FINDING_FAILED, /* something does not work */
	FINDING_HINT,	/* it works, but could be better */
};

struct finding {
	enum finding_level level;
	enum cause_id cause; /* CAUSE_NONE if it has no name */
	char where[16];	     /* a rung, or "configuration", "interface", ... */
	char seen[256];
};

/* Begins zeroed. */
struct diagnosis {
	struct finding findings[DIAGNOSIS_MAX];
	size_t n;
	size_t left_out; /* for lack of room */
};

/*
 * Adds a finding, a failure before all hints; what was seen is printf-formatted. One
 * that is there is not added.
 */
void diagnosis_add(struct diagnosis *d, enum finding_level level, const char *where,
		   enum cause_id cause, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* Adds what is to be found in the answer to "status". */
void diagnosis_read_status(struct diagnosis *d, json_object *status);

/*
 * The exit status that tells where the first failure is, in the order of the
 * ladder: 0 if there is none; 78 configuration; 9 interface; 10 chip ... 18
 * suback; 19 publish; 20 display.
 */
int diagnosis_exit_status(const struct diagnosis *d);

/* "failed", "hint" */
const char *finding_level_to_string(enum finding_level level);

#endif
