// SPDX-License-Identifier: MIT
/* fake_gpio.c — GPIO chips for the tests of both back-ends */
#include "fake_gpio.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fake_dev.h"
#include "unit.h"

static struct fake_chip chips[4];
static size_t n_chips;
int fake_gpio_objects;

void fake_gpio_reset(void)
{
	assert_int_equal(fake_gpio_objects, 0);
	memset(chips, 0, sizeof(chips));
	n_chips = 0;
	fake_dev_reset();
}

struct fake_chip *fake_gpio_add(const char *name, const char *label, size_t n_lines)
{
	struct fake_chip *chip = &chips[n_chips++];

	assert_true(n_chips <= sizeof(chips) / sizeof(chips[0]));
	assert_true(n_lines <= sizeof(chip->lines) / sizeof(chip->lines[0]));
	snprintf(chip->path, sizeof(chip->path), "/dev/%s", name);
	chip->label = label;
	chip->n_lines = n_lines;
	fake_dev_add(chip->path);
	return chip;
}

void fake_gpio_fall(struct fake_line *line)
{
	line->level = false;
	assert_true(line->falling);
	assert_int_equal(write(line->events[1], "f", 1), 1);
}

void fake_gpio_change(struct fake_line *line, bool level)
{
	line->level = level;
	assert_true(line->both);
	assert_int_equal(write(line->events[1], "c", 1), 1);
}

struct fake_chip *fake_gpio_open(const char *path)
{
	for (size_t i = 0; i < n_chips; i++) {
		if (strcmp(chips[i].path, path) != 0)
			continue;
		errno = chips[i].open_error;
		if (errno != 0)
			return NULL;
		fake_gpio_objects++;
		return &chips[i];
	}
	errno = ENOENT;
	return NULL;
}

struct fake_line *fake_gpio_line(struct fake_chip *chip, unsigned int offset)
{
	if (offset < chip->n_lines)
		return &chip->lines[offset];
	errno = EINVAL;
	return NULL;
}

struct fake_line *fake_gpio_find(struct fake_chip *chip, const char *name,
				 int *ret_offset)
{
	for (size_t i = 0; i < chip->n_lines; i++)
		if (chip->lines[i].name && strcmp(chip->lines[i].name, name) == 0) {
			*ret_offset = (int)i;
			return &chip->lines[i];
		}
	errno = ENOENT;
	return NULL;
}

int fake_gpio_request(struct fake_chip *chip, unsigned int offset,
		      const struct fake_request *request)
{
	struct fake_line *line = fake_gpio_line(chip, offset);

	chip->requests++;
	if (!line)
		return -1;
	errno = 0;
	if (line->user)
		errno = EBUSY;
	else if (request->bias == GPIO_BIAS_PULL_UP && chip->pull_up_error != 0)
		errno = chip->pull_up_error;
	else if (request->falling || request->both)
		errno = chip->edge_error;
	if (errno != 0)
		return -1;
	line->user = request->user;
	line->output = request->output;
	if (request->output)
		line->level = request->level;
	line->falling = request->falling;
	line->both = request->both;
	line->bias = request->bias;
	if (request->falling || request->both)
		assert_int_equal(pipe(line->events), 0);
	fake_gpio_objects++;
	return 0;
}

void fake_gpio_release(struct fake_line *line)
{
	if (line->falling || line->both) {
		close(line->events[0]);
		close(line->events[1]);
	}
	line->user = NULL;
	line->falling = line->both = false;
	fake_gpio_objects--;
}

int fake_gpio_read_events(struct fake_line *line, size_t n)
{
	char buf[64];

	assert_true(n <= sizeof(buf));
	return (int)read(line->events[0], buf, n);
}
