/* SPDX-License-Identifier: MIT */
/*
 * input.h — a GPIO line that is watched, debounced
 *
 * A level counts when no edge has come for the time of debouncing. That is done
 * here, since only one of the two versions of libgpiod can; it also bounds what
 * a line that never rests can cost. All functions belong to the thread of the
 * event loop.
 */
#ifndef MQTTNODE_INPUT_H
#define MQTTNODE_INPUT_H

#include "mqttnode/cleanup.h"
#include "mqttnode/settings.h"

#include <systemd/sd-event.h>

struct input;

/*
 * @on_change is called when the debounced level changed. The line is requested
 * by the first input_read(). @settings must outlive it. 0 or -ENOMEM.
 */
int input_new(struct input **ret, sd_event *event, const struct input_settings *settings,
	      void (*on_change)(void *ctx), void *ctx);

/* Accepts NULL, returns NULL. */
struct input *input_free(struct input *in);

/*
 * The debounced level, 1 for active, or -errno: gpio_explain() knows why. A
 * line that could not be requested or read is requested again.
 */
int input_read(struct input *in);

DEFINE_CLEANUP(struct input, input_free);

#endif
