/* SPDX-License-Identifier: MIT */
/*
 * gpio_spec.h — from the name of a line to a chip and an offset
 *
 * Private to the GPIO adapter. gpio_spec.c holds all that does not depend on
 * the version of libgpiod; the back-ends gpio_v1.c and gpio_v2.c request lines
 * and answer the two questions below.
 */
#ifndef MQTTNODE_HW_GPIO_SPEC_H
#define MQTTNODE_HW_GPIO_SPEC_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

/* Appears as the user of a line in gpioinfo. */
#define GPIO_CONSUMER "mqttnode"

/* Events that the kernel keeps for a line: the default of both interfaces. */
#define GPIO_EVENTS_MAX 16

struct gpio_place {
	char path[64]; /* of the chip */
	unsigned int offset;
};

/*
 * Finds the line that @spec means (see gpio.h). Returns 0, -EINVAL (not a
 * spec), -ENOENT, -ENOTUNIQ, -EACCES or -EPERM (not found, but a chip could
 * not be looked into), or another -errno. That an offset exists is not checked.
 */
int gpio_resolve(const char *spec, struct gpio_place *ret);

/*
 * What a refused request for edges of an existing line means: kernels answer a
 * line without interrupts with various errors, callers get -ENXIO.
 */
int gpio_edge_error(int error);

/* Whether a request failed with @error because the line has no interrupts. */
static inline bool gpio_is_edge_error(int error)
{
	return gpio_edge_error(error) == -ENXIO;
}

struct gpio_chip_look {
	char label[64];
	int offset; /* of the line asked for; -1: the chip has none of that name */
};

/*
 * Looks into the chip at @path, and for the line @line_name unless it is NULL.
 * Returns 0 or -errno. Implemented by the back-end.
 */
int gpio_chip_look(const char *path, const char *line_name, struct gpio_chip_look *ret);

/*
 * Stores who uses the line at @place. Returns 1, 0 if it is free (@buf is then
 * empty), or -errno. Implemented by the back-end.
 */
int gpio_line_user(const struct gpio_place *place, char *buf, size_t size);

#endif
