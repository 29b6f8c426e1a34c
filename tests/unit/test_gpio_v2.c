// SPDX-License-Identifier: MIT
/* test_gpio_v2.c — the back-end for libgpiod 2 on a libgpiod made for the test */
#include <errno.h>
#include <gpiod.h>
#include <stdlib.h>

#include "fake_gpio.h"
#include "unit.h"

struct gpiod_chip {
	struct fake_chip *fake;
};

struct gpiod_chip_info {
	const char *label;
};

struct gpiod_line_info {
	const char *user;
};

struct gpiod_line_settings {
	enum gpiod_line_direction direction;
	enum gpiod_line_edge edge;
	enum gpiod_line_bias bias;
	enum gpiod_line_value value;
};

struct gpiod_line_config {
	unsigned int offset;
	struct gpiod_line_settings settings;
};

struct gpiod_request_config {
	const char *user;
};

struct gpiod_line_request {
	struct fake_chip *chip;
	struct fake_line *line;
	unsigned int offset;
};

struct gpiod_edge_event_buffer {
	size_t capacity;
};

static void *new_object(size_t size)
{
	void *object = calloc(1, size);

	assert_non_null(object);
	fake_gpio_objects++;
	return object;
}

/* All destructors of the library accept NULL. */
static void free_object(void *object)
{
	if (!object)
		return;
	free(object);
	fake_gpio_objects--;
}

struct gpiod_chip *gpiod_chip_open(const char *path)
{
	struct fake_chip *fake = fake_gpio_open(path);
	struct gpiod_chip *chip;

	if (!fake)
		return NULL;
	fake_gpio_objects--; /* counted as the object */
	chip = new_object(sizeof(*chip));
	chip->fake = fake;
	return chip;
}

void gpiod_chip_close(struct gpiod_chip *chip)
{
	free_object(chip);
}

struct gpiod_chip_info *gpiod_chip_get_info(struct gpiod_chip *chip)
{
	struct gpiod_chip_info *info = new_object(sizeof(*info));

	info->label = chip->fake->label;
	return info;
}

void gpiod_chip_info_free(struct gpiod_chip_info *info)
{
	free_object(info);
}

const char *gpiod_chip_info_get_label(struct gpiod_chip_info *info)
{
	return info->label;
}

int gpiod_chip_get_line_offset_from_name(struct gpiod_chip *chip, const char *name)
{
	int offset;

	return fake_gpio_find(chip->fake, name, &offset) ? offset : -1;
}

struct gpiod_line_info *gpiod_chip_get_line_info(struct gpiod_chip *chip,
						 unsigned int offset)
{
	struct fake_line *fake = fake_gpio_line(chip->fake, offset);
	struct gpiod_line_info *info;

	if (!fake)
		return NULL;
	info = new_object(sizeof(*info));
	info->user = fake->user;
	return info;
}

void gpiod_line_info_free(struct gpiod_line_info *info)
{
	free_object(info);
}

bool gpiod_line_info_is_used(struct gpiod_line_info *info)
{
	return info->user != NULL;
}

const char *gpiod_line_info_get_consumer(struct gpiod_line_info *info)
{
	return info->user;
}

struct gpiod_line_settings *gpiod_line_settings_new(void)
{
	struct gpiod_line_settings *settings = new_object(sizeof(*settings));

	settings->direction = GPIOD_LINE_DIRECTION_AS_IS;
	settings->edge = GPIOD_LINE_EDGE_NONE;
	settings->bias = GPIOD_LINE_BIAS_AS_IS;
	return settings;
}

void gpiod_line_settings_free(struct gpiod_line_settings *settings)
{
	free_object(settings);
}

int gpiod_line_settings_set_direction(struct gpiod_line_settings *settings,
				      enum gpiod_line_direction direction)
{
	settings->direction = direction;
	return 0;
}

int gpiod_line_settings_set_edge_detection(struct gpiod_line_settings *settings,
					   enum gpiod_line_edge edge)
{
	settings->edge = edge;
	return 0;
}

int gpiod_line_settings_set_bias(struct gpiod_line_settings *settings,
				 enum gpiod_line_bias bias)
{
	settings->bias = bias;
	return 0;
}

int gpiod_line_settings_set_output_value(struct gpiod_line_settings *settings,
					 enum gpiod_line_value value)
{
	settings->value = value;
	return 0;
}

struct gpiod_line_config *gpiod_line_config_new(void)
{
	return new_object(sizeof(struct gpiod_line_config));
}

void gpiod_line_config_free(struct gpiod_line_config *config)
{
	free_object(config);
}

int gpiod_line_config_add_line_settings(struct gpiod_line_config *config,
					const unsigned int *offsets, size_t n,
					struct gpiod_line_settings *settings)
{
	assert_int_equal(n, 1);
	config->offset = offsets[0];
	config->settings = *settings;
	return 0;
}

struct gpiod_request_config *gpiod_request_config_new(void)
{
	return new_object(sizeof(struct gpiod_request_config));
}

void gpiod_request_config_free(struct gpiod_request_config *config)
{
	free_object(config);
}

void gpiod_request_config_set_consumer(struct gpiod_request_config *config,
				       const char *consumer)
{
	config->user = consumer;
}

static enum gpio_bias bias_of(enum gpiod_line_bias bias)
{
	assert_int_not_equal(bias, GPIOD_LINE_BIAS_UNKNOWN);
	return bias == GPIOD_LINE_BIAS_PULL_UP	   ? GPIO_BIAS_PULL_UP
	       : bias == GPIOD_LINE_BIAS_PULL_DOWN ? GPIO_BIAS_PULL_DOWN
	       : bias == GPIOD_LINE_BIAS_DISABLED  ? GPIO_BIAS_DISABLED
						   : GPIO_BIAS_AS_IS;
}

struct gpiod_line_request *
gpiod_chip_request_lines(struct gpiod_chip *chip,
			 struct gpiod_request_config *request_config,
			 struct gpiod_line_config *config)
{
	const struct gpiod_line_settings *settings = &config->settings;
	const struct fake_request wish = {
		.user = request_config->user,
		.output = settings->direction == GPIOD_LINE_DIRECTION_OUTPUT,
		.level = settings->value == GPIOD_LINE_VALUE_ACTIVE,
		.falling = settings->edge == GPIOD_LINE_EDGE_FALLING,
		.both = settings->edge == GPIOD_LINE_EDGE_BOTH,
		.bias = bias_of(settings->bias),
	};
	struct gpiod_line_request *request;

	assert_int_not_equal(settings->direction, GPIOD_LINE_DIRECTION_AS_IS);
	if (fake_gpio_request(chip->fake, config->offset, &wish) < 0)
		return NULL;
	request = new_object(sizeof(*request));
	request->chip = chip->fake;
	request->line = fake_gpio_line(chip->fake, config->offset);
	request->offset = config->offset;
	return request;
}

void gpiod_line_request_release(struct gpiod_line_request *request)
{
	if (request)
		fake_gpio_release(request->line);
	free_object(request);
}

enum gpiod_line_value gpiod_line_request_get_value(struct gpiod_line_request *request,
						   unsigned int offset)
{
	assert_int_equal(offset, request->offset);
	errno = request->chip->io_error;
	if (errno != 0)
		return GPIOD_LINE_VALUE_ERROR;
	return request->line->level ? GPIOD_LINE_VALUE_ACTIVE : GPIOD_LINE_VALUE_INACTIVE;
}

int gpiod_line_request_set_value(struct gpiod_line_request *request, unsigned int offset,
				 enum gpiod_line_value value)
{
	assert_int_equal(offset, request->offset);
	assert_true(request->line->output);
	errno = request->chip->io_error;
	if (errno != 0)
		return -1;
	request->line->level = value == GPIOD_LINE_VALUE_ACTIVE;
	return 0;
}

int gpiod_line_request_get_fd(struct gpiod_line_request *request)
{
	assert_true(request->line->falling || request->line->both);
	return request->line->events[0];
}

struct gpiod_edge_event_buffer *gpiod_edge_event_buffer_new(size_t capacity)
{
	struct gpiod_edge_event_buffer *buffer = new_object(sizeof(*buffer));

	buffer->capacity = capacity;
	return buffer;
}

void gpiod_edge_event_buffer_free(struct gpiod_edge_event_buffer *buffer)
{
	free_object(buffer);
}

int gpiod_line_request_read_edge_events(struct gpiod_line_request *request,
					struct gpiod_edge_event_buffer *buffer,
					size_t max)
{
	assert_in_range(max, 1, buffer->capacity);
	errno = request->chip->io_error;
	return errno ? -1 : fake_gpio_read_events(request->line, max);
}

int main(void)
{
	return gpio_cases_run("gpio_v2");
}
