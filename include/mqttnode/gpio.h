/* SPDX-License-Identifier: MIT */
/*
 * gpio.h — GPIO lines: interrupt and reset of the chip, inputs, outputs
 *
 * The seam to GPIO: implemented over libgpiod (gpio_v1.c or gpio_v2.c, chosen
 * by meson) and by the simulated board. Levels are physical: true is high. A
 * line is named "GPIO25" (line name, searched on all chips), "gpiochip0:25",
 * "/dev/gpiochip0:25" or "pinctrl-rp1:25" (chip label). One thread at a time
 * per line.
 */
#ifndef MQTTNODE_GPIO_H
#define MQTTNODE_GPIO_H

#include "mqttnode/cause.h"
#include "mqttnode/cleanup.h"

#include <stdbool.h>
#include <stddef.h>

struct gpio_line;

enum gpio_bias {
	GPIO_BIAS_AS_IS,
	GPIO_BIAS_PULL_UP,
	GPIO_BIAS_PULL_DOWN,
	GPIO_BIAS_DISABLED,
};

/*
 * Requests @spec as output with the initial @level. Returns 0 or -errno:
 * -ENOENT (no such line or chip), -ENOTUNIQ (the name exists on several chips),
 * -EBUSY (in use), -EACCES, -EINVAL (bad spec or offset). Undo with
 * gpio_close().
 */
int gpio_open_output(struct gpio_line **ret, const char *spec, bool level);

/*
 * Requests @spec as input with pull-up (best effort) and falling-edge events.
 * Errors as above, and -ENXIO if the chip has no interrupts.
 */
int gpio_open_interrupt(struct gpio_line **ret, const char *spec);

/*
 * Requests @spec as input with this @bias and events of both edges. Events say
 * that the level may have changed, not how; debouncing is the caller's. Errors
 * as of gpio_open_output(). A line without interrupts has no events: its
 * gpio_event_fd() is -1.
 */
int gpio_open_input(struct gpio_line **ret, const char *spec, enum gpio_bias bias);

/* Releases the line. Accepts NULL, returns NULL. */
struct gpio_line *gpio_close(struct gpio_line *line);

/* Sets an output. Returns 0 or -errno. */
int gpio_set(struct gpio_line *line, bool level);

/* Reads the level: 0, 1 or -errno. */
int gpio_get(struct gpio_line *line);

/* For an interrupt line or an input: readable after an edge. Owned by the line. */
int gpio_event_fd(const struct gpio_line *line);

/*
 * Discards pending events without blocking; events say "look at the chip",
 * their number means nothing. Returns 0 or -errno.
 */
int gpio_drain_events(struct gpio_line *line);

/*
 * A sentence for people: why @spec could not be requested (@error is a
 * positive errno), who uses it if that is the reason, and what to do. Returns the
 * cause's name.
 */
enum cause_id gpio_explain(const char *spec, int error, char *buf, size_t size);

DEFINE_CLEANUP(struct gpio_line, gpio_close);

#endif
