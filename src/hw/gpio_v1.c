// SPDX-License-Identifier: MIT
/*
 * gpio_v1.c — GPIO lines by libgpiod 1.6
 *
 * One of the two files that know libgpiod; meson builds the one that fits the
 * library. Lines are requested without active-low: levels are physical.
 */
#include "mqttnode/gpio.h"

#include <errno.h>
#include <gpiod.h>
#include <string.h>

#include "gpio_spec.h"
#include "mqttnode/fd.h"
#include "mqttnode/text.h"

struct gpio_line {
	struct gpiod_chip *chip;
	struct gpiod_line *line; /* owned by the chip */
	bool has_events;
};

static struct gpiod_chip *chip_close(struct gpiod_chip *chip)
{
	if (chip)
		gpiod_chip_close(chip);
	return NULL;
}
DEFINE_CLEANUP(struct gpiod_chip, chip_close);

int gpio_chip_look(const char *path, const char *line_name, struct gpio_chip_look *ret)
{
	_cleanup_(chip_closep) struct gpiod_chip *chip = gpiod_chip_open(path);
	struct gpiod_line *line;

	if (!chip)
		return -errno;
	text_format(ret->label, sizeof(ret->label), "%s", gpiod_chip_label(chip));
	ret->offset = -1;
	if (line_name) {
		line = gpiod_chip_find_line(chip, line_name);
		if (line)
			ret->offset = (int)gpiod_line_offset(line);
	}
	return 0;
}

int gpio_line_user(const struct gpio_place *place, char *buf, size_t size)
{
	_cleanup_(chip_closep) struct gpiod_chip *chip = gpiod_chip_open(place->path);
	struct gpiod_line *line;
	const char *user;

	if (!chip)
		return -errno;
	line = gpiod_chip_get_line(chip, place->offset);
	if (!line)
		return -errno;
	user = gpiod_line_consumer(line);
	text_format(buf, size, "%s", user ? user : "");
	return gpiod_line_is_used(line);
}

/* The line that @spec means, not requested yet. Returns 0 or -errno. */
static int line_find(struct gpio_line **ret, const char *spec)
{
	_cleanup_(gpio_closep) struct gpio_line *line = NULL;
	struct gpio_place place;
	int r;

	r = gpio_resolve(spec, &place);
	if (r < 0)
		return r;
	line = calloc(1, sizeof(*line));
	if (!line)
		return -ENOMEM;
	line->chip = gpiod_chip_open(place.path);
	if (!line->chip)
		return -errno;
	line->line = gpiod_chip_get_line(line->chip, place.offset);
	if (!line->line)
		return -errno;
	*ret = TAKE_PTR(line);
	return 0;
}

int gpio_open_output(struct gpio_line **ret, const char *spec, bool level)
{
	_cleanup_(gpio_closep) struct gpio_line *line = NULL;
	int r;

	r = line_find(&line, spec);
	if (r < 0)
		return r;
	if (gpiod_line_request_output(line->line, GPIO_CONSUMER, level) < 0)
		return -errno;
	*ret = TAKE_PTR(line);
	return 0;
}

static int request_falling_edges(struct gpiod_line *line, int flags)
{
	if (gpiod_line_request_falling_edge_events_flags(line, GPIO_CONSUMER, flags) < 0)
		return -errno;
	return 0;
}

int gpio_open_interrupt(struct gpio_line **ret, const char *spec)
{
	_cleanup_(gpio_closep) struct gpio_line *line = NULL;
	int r;

	r = line_find(&line, spec);
	if (r < 0)
		return r;
	r = request_falling_edges(line->line, GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_UP);
	if (r < 0 && r != -EBUSY) /* a kernel before 5.5 or a chip without pull-ups */
		r = request_falling_edges(line->line, 0);
	if (r < 0)
		return gpio_edge_error(r);
	r = fd_set_nonblock(gpiod_line_event_get_fd(line->line));
	if (r < 0)
		return r;
	line->has_events = true;
	*ret = TAKE_PTR(line);
	return 0;
}

static int bias_flags(enum gpio_bias bias)
{
	switch (bias) {
	case GPIO_BIAS_AS_IS:
		break;
	case GPIO_BIAS_PULL_UP:
		return GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_UP;
	case GPIO_BIAS_PULL_DOWN:
		return GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_DOWN;
	case GPIO_BIAS_DISABLED:
		return GPIOD_LINE_REQUEST_FLAG_BIAS_DISABLE;
	}
	return 0;
}

int gpio_open_input(struct gpio_line **ret, const char *spec, enum gpio_bias bias)
{
	_cleanup_(gpio_closep) struct gpio_line *line = NULL;
	int flags = bias_flags(bias);
	int r;

	r = line_find(&line, spec);
	if (r < 0)
		return r;
	r = gpiod_line_request_both_edges_events_flags(line->line, GPIO_CONSUMER, flags);
	line->has_events = r == 0;
	if (r < 0 && gpio_is_edge_error(-errno))
		r = gpiod_line_request_input_flags(line->line, GPIO_CONSUMER, flags);
	if (r < 0)
		return -errno;
	if (line->has_events)
		r = fd_set_nonblock(gpiod_line_event_get_fd(line->line));
	if (r < 0)
		return r;
	*ret = TAKE_PTR(line);
	return 0;
}

struct gpio_line *gpio_close(struct gpio_line *line)
{
	if (!line)
		return NULL;
	chip_close(line->chip); /* releases its lines */
	free(line);
	return NULL;
}

int gpio_set(struct gpio_line *line, bool level)
{
	return gpiod_line_set_value(line->line, level) < 0 ? -errno : 0;
}

int gpio_get(struct gpio_line *line)
{
	int value = gpiod_line_get_value(line->line);

	return value < 0 ? -errno : value;
}

int gpio_event_fd(const struct gpio_line *line)
{
	return line->has_events ? gpiod_line_event_get_fd(line->line) : -1;
}

int gpio_drain_events(struct gpio_line *line)
{
	struct gpiod_line_event events[GPIO_EVENTS_MAX];
	int fd = gpio_event_fd(line), n;

	/* The kernel keeps no more than these. A second read meets what came meanwhile.
	 */
	for (int i = 0; i < 2; i++) {
		n = gpiod_line_event_read_fd_multiple(fd, events, GPIO_EVENTS_MAX);
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
	}
	return 0;
}
