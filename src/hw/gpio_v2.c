// SPDX-License-Identifier: MIT
/*
 * gpio_v2.c — GPIO lines by libgpiod 2
 *
 * One of the two files that know libgpiod; meson builds the one that fits the
 * library. Lines are requested without active-low: levels are physical.
 */
#include "mqttnode/gpio.h"

#include <errno.h>
#include <gpiod.h>

#include "gpio_spec.h"
#include "mqttnode/fd.h"
#include "mqttnode/text.h"

struct gpio_line {
	struct gpiod_line_request *request;
	struct gpiod_edge_event_buffer *events; /* NULL: the line has none */
	unsigned int offset;
};

/* The library's destructors accept NULL. */
DEFINE_CLEANUP(struct gpiod_chip, gpiod_chip_close);
DEFINE_CLEANUP(struct gpiod_chip_info, gpiod_chip_info_free);
DEFINE_CLEANUP(struct gpiod_line_info, gpiod_line_info_free);
DEFINE_CLEANUP(struct gpiod_line_settings, gpiod_line_settings_free);
DEFINE_CLEANUP(struct gpiod_line_config, gpiod_line_config_free);
DEFINE_CLEANUP(struct gpiod_request_config, gpiod_request_config_free);

int gpio_chip_look(const char *path, const char *line_name, struct gpio_chip_look *ret)
{
	_cleanup_(gpiod_chip_closep) struct gpiod_chip *chip = gpiod_chip_open(path);
	_cleanup_(gpiod_chip_info_freep) struct gpiod_chip_info *info = NULL;

	if (!chip)
		return -errno;
	info = gpiod_chip_get_info(chip);
	if (!info)
		return -errno;
	text_format(ret->label, sizeof(ret->label), "%s",
		    gpiod_chip_info_get_label(info));
	ret->offset =
		line_name ? gpiod_chip_get_line_offset_from_name(chip, line_name) : -1;
	return 0;
}

int gpio_line_user(const struct gpio_place *place, char *buf, size_t size)
{
	_cleanup_(gpiod_chip_closep) struct gpiod_chip *chip =
		gpiod_chip_open(place->path);
	_cleanup_(gpiod_line_info_freep) struct gpiod_line_info *info = NULL;
	const char *user;

	if (!chip)
		return -errno;
	info = gpiod_chip_get_line_info(chip, place->offset);
	if (!info)
		return -errno;
	user = gpiod_line_info_get_consumer(info);
	text_format(buf, size, "%s", user ? user : "");
	return gpiod_line_info_is_used(info);
}

/* Requests one line as @settings say. Returns 0 or -errno. */
static int request_line(struct gpiod_line_request **ret, const struct gpio_place *place,
			struct gpiod_line_settings *settings)
{
	_cleanup_(gpiod_chip_closep) struct gpiod_chip *chip = NULL;
	_cleanup_(gpiod_line_config_freep) struct gpiod_line_config *config = NULL;
	_cleanup_(gpiod_request_config_freep) struct gpiod_request_config *request = NULL;

	chip = gpiod_chip_open(place->path);
	if (!chip)
		return -errno;
	config = gpiod_line_config_new();
	request = gpiod_request_config_new();
	if (!config || !request)
		return -ENOMEM;
	gpiod_request_config_set_consumer(request, GPIO_CONSUMER);
	if (gpiod_line_config_add_line_settings(config, &place->offset, 1, settings) < 0)
		return -errno;
	*ret = gpiod_chip_request_lines(chip, request, config);
	return *ret ? 0 : -errno;
}

/* An object without request for the line that @spec means. Returns 0 or -errno. */
static int line_new(struct gpio_line **ret, const char *spec, struct gpio_place *place)
{
	int r;

	r = gpio_resolve(spec, place);
	if (r < 0)
		return r;
	*ret = calloc(1, sizeof(**ret));
	if (!*ret)
		return -ENOMEM;
	(*ret)->offset = place->offset;
	return 0;
}

int gpio_open_output(struct gpio_line **ret, const char *spec, bool level)
{
	_cleanup_(gpiod_line_settings_freep) struct gpiod_line_settings *settings = NULL;
	_cleanup_(gpio_closep) struct gpio_line *line = NULL;
	struct gpio_place place;
	int r;

	r = line_new(&line, spec, &place);
	if (r < 0)
		return r;
	settings = gpiod_line_settings_new();
	if (!settings)
		return -ENOMEM;
	if (gpiod_line_settings_set_direction(settings, GPIOD_LINE_DIRECTION_OUTPUT) <
		    0 ||
	    gpiod_line_settings_set_output_value(settings,
						 level ? GPIOD_LINE_VALUE_ACTIVE
						       : GPIOD_LINE_VALUE_INACTIVE) < 0)
		return -errno;
	r = request_line(&line->request, &place, settings);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(line);
	return 0;
}

static int request_input(struct gpiod_line_request **ret, const struct gpio_place *place,
			 enum gpiod_line_edge edge, enum gpiod_line_bias bias)
{
	_cleanup_(gpiod_line_settings_freep) struct gpiod_line_settings *settings = NULL;

	settings = gpiod_line_settings_new();
	if (!settings)
		return -ENOMEM;
	if (gpiod_line_settings_set_direction(settings, GPIOD_LINE_DIRECTION_INPUT) < 0 ||
	    gpiod_line_settings_set_edge_detection(settings, edge) < 0 ||
	    gpiod_line_settings_set_bias(settings, bias) < 0)
		return -errno;
	return request_line(ret, place, settings);
}

/* Whether the chip at @place has a line of that offset. Returns 0 or -errno. */
static int check_offset(const struct gpio_place *place)
{
	char user[64];
	int r = gpio_line_user(place, user, sizeof(user));

	return r < 0 ? r : 0;
}

int gpio_open_interrupt(struct gpio_line **ret, const char *spec)
{
	_cleanup_(gpio_closep) struct gpio_line *line = NULL;
	struct gpio_place place;
	int r;

	r = line_new(&line, spec, &place);
	if (r < 0)
		return r;
	r = check_offset(&place);
	if (r < 0)
		return r;
	line->events = gpiod_edge_event_buffer_new(GPIO_EVENTS_MAX);
	if (!line->events)
		return -ENOMEM;
	r = request_input(&line->request, &place, GPIOD_LINE_EDGE_FALLING,
			  GPIOD_LINE_BIAS_PULL_UP);
	if (r < 0 && r != -EBUSY) /* a chip without pull-ups */
		r = request_input(&line->request, &place, GPIOD_LINE_EDGE_FALLING,
				  GPIOD_LINE_BIAS_AS_IS);
	if (r < 0)
		return gpio_edge_error(r);
	r = fd_set_nonblock(gpiod_line_request_get_fd(line->request));
	if (r < 0)
		return r;
	*ret = TAKE_PTR(line);
	return 0;
}

int gpio_open_input(struct gpio_line **ret, const char *spec, enum gpio_bias bias)
{
	static const enum gpiod_line_bias biases[] = {
		[GPIO_BIAS_AS_IS] = GPIOD_LINE_BIAS_AS_IS,
		[GPIO_BIAS_PULL_UP] = GPIOD_LINE_BIAS_PULL_UP,
		[GPIO_BIAS_PULL_DOWN] = GPIOD_LINE_BIAS_PULL_DOWN,
		[GPIO_BIAS_DISABLED] = GPIOD_LINE_BIAS_DISABLED,
	};
	_cleanup_(gpio_closep) struct gpio_line *line = NULL;
	struct gpio_place place;
	int r;

	r = line_new(&line, spec, &place);
	if (r < 0)
		return r;
	line->events = gpiod_edge_event_buffer_new(GPIO_EVENTS_MAX);
	if (!line->events)
		return -ENOMEM;
	r = request_input(&line->request, &place, GPIOD_LINE_EDGE_BOTH, biases[bias]);
	if (r < 0 && gpio_is_edge_error(r)) {
		gpiod_edge_event_buffer_free(line->events);
		line->events = NULL;
		r = request_input(&line->request, &place, GPIOD_LINE_EDGE_NONE,
				  biases[bias]);
	}
	if (r < 0)
		return r;
	if (line->events)
		r = fd_set_nonblock(gpiod_line_request_get_fd(line->request));
	if (r < 0)
		return r;
	*ret = TAKE_PTR(line);
	return 0;
}

struct gpio_line *gpio_close(struct gpio_line *line)
{
	if (!line)
		return NULL;
	gpiod_edge_event_buffer_free(line->events);
	gpiod_line_request_release(line->request);
	free(line);
	return NULL;
}

int gpio_set(struct gpio_line *line, bool level)
{
	enum gpiod_line_value value =
		level ? GPIOD_LINE_VALUE_ACTIVE : GPIOD_LINE_VALUE_INACTIVE;

	return gpiod_line_request_set_value(line->request, line->offset, value) < 0
		       ? -errno
		       : 0;
}

int gpio_get(struct gpio_line *line)
{
	enum gpiod_line_value value =
		gpiod_line_request_get_value(line->request, line->offset);

	return value == GPIOD_LINE_VALUE_ERROR ? -errno
					       : value == GPIOD_LINE_VALUE_ACTIVE;
}

int gpio_event_fd(const struct gpio_line *line)
{
	return line->events ? gpiod_line_request_get_fd(line->request) : -1;
}

int gpio_drain_events(struct gpio_line *line)
{
	/* The kernel keeps no more than these. A second read meets what came meanwhile.
	 */
	for (int i = 0; i < 2; i++)
		if (gpiod_line_request_read_edge_events(line->request, line->events,
							GPIO_EVENTS_MAX) < 0)
			return errno == EAGAIN ? 0 : -errno;
	return 0;
}
