/* SPDX-License-Identifier: MIT */
/* cli_layout.h — the daemon's status as text for a terminal */
#ifndef MQTTNODE_CLI_LAYOUT_H
#define MQTTNODE_CLI_LAYOUT_H

#include <stdbool.h>
#include <stdio.h>

#include <json-c/json.h>

/*
 * Writes the status @now to @out: the ladder, addresses, traffic with rates
 * against the status @before that is @seconds older, spool, last messages, and every
 * other counter that is not zero. What is missing in the objects is left out; their texts
 * are not trusted. @colour: with the control sequences of a terminal.
 */
void cli_layout_status(FILE *out, json_object *now, json_object *before, double seconds,
		       bool colour);

#endif
