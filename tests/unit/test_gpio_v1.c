// SPDX-License-Identifier: MIT
/* test_gpio_v1.c — the back-end for libgpiod 1.6 on a libgpiod made for the test */
#include <errno.h>
#include <gpiod.h>
#include <stdlib.h>

#include "fake_gpio.h"
#include "unit.h"

/* The objects of the library; a line keeps its offset and what was asked for. */
struct gpiod_line {
	struct gpiod_chip *chip;
	struct fake_line *fake;
	unsigned int offset;
	bool requested;
};

struct gpiod_chip {
	struct fake_chip *fake;
	struct gpiod_line line; /* the adapter looks at one at a time */
};

/* The events of all lines are read by descriptor: this is the one requested. */
static struct gpiod_line *event_line;

struct gpiod_chip *gpiod_chip_open(const char *path)
{
	struct fake_chip *fake = fake_gpio_open(path);
	struct gpiod_chip *chip;

	if (!fake)
		return NULL;
	chip = calloc(1, sizeof(*chip));
	assert_non_null(chip);
	chip->fake = fake;
	return chip;
}

void gpiod_chip_close(struct gpiod_chip *chip)
{
	assert_non_null(chip); /* the real one would crash */
	if (chip->line.requested)
		fake_gpio_release(chip->line.fake);
	free(chip);
	fake_gpio_objects--;
}

const char *gpiod_chip_label(struct gpiod_chip *chip)
{
	return chip->fake->label;
}

struct gpiod_line *gpiod_chip_get_line(struct gpiod_chip *chip, unsigned int offset)
{
	struct fake_line *fake = fake_gpio_line(chip->fake, offset);

	if (!fake)
		return NULL;
	chip->line = (struct gpiod_line){ .chip = chip, .fake = fake, .offset = offset };
	return &chip->line;
}

struct gpiod_line *gpiod_chip_find_line(struct gpiod_chip *chip, const char *name)
{
	int offset;

	if (!fake_gpio_find(chip->fake, name, &offset))
		return NULL;
	return gpiod_chip_get_line(chip, (unsigned int)offset);
}

unsigned int gpiod_line_offset(struct gpiod_line *line)
{
	return line->offset;
}

const char *gpiod_line_consumer(struct gpiod_line *line)
{
	return line->fake->user;
}

bool gpiod_line_is_used(struct gpiod_line *line)
{
	return line->fake->user != NULL;
}

static int request(struct gpiod_line *line, const struct fake_request *wish)
{
	int r = fake_gpio_request(line->chip->fake, line->offset, wish);

	line->requested = r == 0;
	return r;
}

int gpiod_line_request_output(struct gpiod_line *line, const char *consumer, int value)
{
	return request(line, &(struct fake_request){ .user = consumer,
						     .output = true,
						     .level = value != 0 });
}

static enum gpio_bias bias_of(int flags)
{
	switch (flags) {
	case 0:
		return GPIO_BIAS_AS_IS;
	case GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_UP:
		return GPIO_BIAS_PULL_UP;
	case GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_DOWN:
		return GPIO_BIAS_PULL_DOWN;
	default:
		assert_int_equal(flags, GPIOD_LINE_REQUEST_FLAG_BIAS_DISABLE);
		return GPIO_BIAS_DISABLED;
	}
}

int gpiod_line_request_both_edges_events_flags(struct gpiod_line *line,
					       const char *consumer, int flags)
{
	event_line = line;
	return request(line, &(struct fake_request){ .user = consumer,
						     .both = true,
						     .bias = bias_of(flags) });
}

int gpiod_line_request_input_flags(struct gpiod_line *line, const char *consumer,
				   int flags)
{
	return request(
		line, &(struct fake_request){ .user = consumer, .bias = bias_of(flags) });
}

int gpiod_line_request_falling_edge_events_flags(struct gpiod_line *line,
						 const char *consumer, int flags)
{
	event_line = line;
	assert_int_equal(flags & ~GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_UP, 0);
	return request(line, &(struct fake_request){ .user = consumer,
						     .falling = true,
						     .bias = bias_of(flags) });
}

int gpiod_line_get_value(struct gpiod_line *line)
{
	assert_true(line->requested);
	errno = line->chip->fake->io_error;
	return errno ? -1 : line->fake->level;
}

int gpiod_line_set_value(struct gpiod_line *line, int value)
{
	assert_true(line->requested && line->fake->output);
	errno = line->chip->fake->io_error;
	if (errno != 0)
		return -1;
	line->fake->level = value != 0;
	return 0;
}

int gpiod_line_event_get_fd(struct gpiod_line *line)
{
	assert_true(line->requested && (line->fake->falling || line->fake->both));
	return line->fake->events[0];
}

int gpiod_line_event_read_fd_multiple(int fd, struct gpiod_line_event *events,
				      unsigned int n)
{
	assert_int_equal(fd, event_line->fake->events[0]);
	assert_non_null(events);
	assert_in_range(n, 1, 16);
	errno = event_line->chip->fake->io_error;
	return errno ? -1 : fake_gpio_read_events(event_line->fake, n);
}

int main(void)
{
	return gpio_cases_run("gpio_v1");
}
