/* SPDX-License-Identifier: MIT */
/*
 * output.h — a GPIO line that is switched, with a safe state
 *
 * All functions belong to the thread of the event loop.
 */
#ifndef MQTTNODE_OUTPUT_H
#define MQTTNODE_OUTPUT_H

#include "mqttnode/cleanup.h"
#include "mqttnode/settings.h"

#include <stdbool.h>
#include <stddef.h>
#include <systemd/sd-event.h>

enum output_order {
	OUTPUT_OFF,
	OUTPUT_ON,
	OUTPUT_TOGGLE,
	OUTPUT_PULSE, /* on for the configured time, then off */
};

/*
 * What a payload of @len bytes orders: "on", "off", "toggle" or "pulse", also
 * "1", "0", "true" and "false", in any case, with white space around it. An
 * enum output_order or -EINVAL. Any thread.
 */
int output_order_parse(const void *payload, size_t len);

struct output;

/* An output whose line is not requested yet. @settings must outlive it. 0 or -errno. */
int output_new(struct output **ret, sd_event *event,
	       const struct output_settings *settings);

/* Releases the line as it is. Accepts NULL, returns NULL. */
struct output *output_free(struct output *out);

/*
 * Requests the line, unless it is, in its safe state. 0 or -errno, which
 * gpio_explain() can explain.
 */
int output_request(struct output *out);

/* Carries out an order; requests the line before if need be. 0 or -errno. */
int output_apply(struct output *out, enum output_order order);

/* Whether both are the same line, used in the same way. Any thread. */
bool output_is_same(const struct output *out, const struct output *old);

/*
 * @out, not requested yet, takes the line of @old over as it is, with the rest of
 * a pulse. While no thread uses either.
 */
void output_follow(struct output *out, struct output *old);

/* Whether it is on: 1 or 0; -1: not requested, or not known. */
int output_state(const struct output *out);

/* Ends a pulse and goes to the safe state, if there is one. 0 or -errno. */
int output_make_safe(struct output *out);

DEFINE_CLEANUP(struct output, output_free);

#endif
