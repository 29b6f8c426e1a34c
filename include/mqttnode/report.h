/* SPDX-License-Identifier: MIT */
/*
 * report.h — the running daemon as JSON: the answers to "status" and "screen"
 *
 * Main thread.
 */
#ifndef MQTTNODE_REPORT_H
#define MQTTNODE_REPORT_H

#include "mqttnode/actions.h"
#include "mqttnode/display.h"
#include "mqttnode/facts.h"
#include "mqttnode/ladder.h"
#include "mqttnode/mqtt.h"
#include "mqttnode/publications.h"
#include "mqttnode/pump.h"

#include <json-c/json_object.h>
#include <stdint.h>

/* What is reported on; borrowed for the call. */
struct report_sources {
	const struct ladder_view *view; /* as it was announced */
	struct facts *facts;
	struct pump *pump;
	struct mqtt *mqtt;
	struct publications *publications;
	struct actions *actions; /* NULL: no subscription acts */
	struct display *display; /* NULL: none configured */
	uint64_t tap_tx_dropped;
};

/* Adds the members version, uptime, node, ladder, chip, mqtt, publications, actions,
 * display and log to @answer.
 */
void report_status(const struct report_sources *sources, json_object *answer);

/*
 * Adds to @answer what the display shows, or would show if it were there: the
 * members width, height, present, dark, and rows, a text each, of '#' for a lit
 * and '.' for a dark pixel.
 */
void report_screen(struct display *display, json_object *answer);

/*
 * Adds who the node is: version, boot_id, since (RFC 3339, when the daemon
 * started by the clock as it is now) and the members of node.
 */
void report_info(const struct report_sources *sources, json_object *answer);

/* Adds the last message that arrived: its topic and its payload, printable and cut. */
void report_message(const struct report_sources *sources, json_object *answer);

/* Adds the member messages, the last ones that arrived, the newest first: for who asks on
 * this machine, and not for the broker.
 */
void report_messages(const struct report_sources *sources, json_object *answer);

#endif
