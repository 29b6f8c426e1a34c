/* SPDX-License-Identifier: MIT */
/*
 * findings.h — what each cause means, and what to do about it
 *
 * One table for "mqttnode doctor" and the manual (mqttnode(8), CAUSES; a test
 * compares them). Written for somebody with a Raspberry Pi and a few wires: names
 * the line of the file, the command, the pin. Any thread.
 */
#ifndef MQTTNODE_FINDINGS_H
#define MQTTNODE_FINDINGS_H

#include "mqttnode/cause.h"

struct finding_advice {
	const char *meaning; /* sentences, with full stops */
	const char *action;
};

/* The advice for @cause; that for CAUSE_NONE is general. */
const struct finding_advice *findings_advice(enum cause_id cause);

#endif
