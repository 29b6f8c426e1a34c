/* SPDX-License-Identifier: MIT */
/*
 * fake_gpio.h — GPIO chips for the tests of both back-ends
 *
 * The chips, their lines and what the kernel would answer. test_gpio_v1.c and
 * test_gpio_v2.c put the interface of their libgpiod over it; gpio_cases.c
 * holds the tests, which are the same for both.
 */
#ifndef MQTTNODE_TESTS_FAKE_GPIO_H
#define MQTTNODE_TESTS_FAKE_GPIO_H

#include <stdbool.h>
#include <stddef.h>

#include "mqttnode/gpio.h"

struct fake_line {
	const char *name;
	const char *user; /* who has it; NULL: free */
	bool output, level;
	bool falling, both; /* edges requested */
	enum gpio_bias bias;
	int events[2]; /* pipe of those edges */
};

struct fake_chip {
	char path[64];
	const char *label;
	struct fake_line lines[8];
	size_t n_lines;
	int open_error;
	int pull_up_error; /* requests with pull-up fail */
	int edge_error;	   /* requests for edges fail */
	int io_error;	   /* reading and setting lines fail */
	unsigned int requests;
};

struct fake_request {
	const char *user;
	bool output, level;
	bool falling, both;
	enum gpio_bias bias;
};

/* What back-ends have not given back: chips, requests and other objects of the library.
 */
extern int fake_gpio_objects;

/* Forgets all chips; fails if a back-end left objects behind. For each test's set-up. */
void fake_gpio_reset(void);

/* Adds /dev/@name with @n_lines nameless lines. Owned by the machine. */
struct fake_chip *fake_gpio_add(const char *name, const char *label, size_t n_lines);

/* A line falls, or changes: one event. */
void fake_gpio_fall(struct fake_line *line);
void fake_gpio_change(struct fake_line *line, bool level);

/* For the fakes of the library: 0 or an object on success, else errno is set. */
struct fake_chip *fake_gpio_open(const char *path);
struct fake_line *fake_gpio_line(struct fake_chip *chip, unsigned int offset);
struct fake_line *fake_gpio_find(struct fake_chip *chip, const char *name,
				 int *ret_offset);
int fake_gpio_request(struct fake_chip *chip, unsigned int offset,
		      const struct fake_request *request);
void fake_gpio_release(struct fake_line *line);
int fake_gpio_read_events(struct fake_line *line, size_t n);

/* The tests; the library's name in the output is @name. */
int gpio_cases_run(const char *name);

#endif
