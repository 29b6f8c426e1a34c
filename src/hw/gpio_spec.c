// SPDX-License-Identifier: MIT
/*
 * gpio_spec.c — from the name of a line to a chip and an offset
 *
 * Neither chip numbers nor line names are stable or unique: a kernel update can
 * renumber the chips, and a name may exist twice. So names are searched on all
 * chips each time, and a name that fits twice is refused.
 */
#include "gpio_spec.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "devnode.h"
#include "mqttnode/gpio.h"
#include "mqttnode/text.h"

#define MATCHES_MAX 2 /* as many as a sentence names */

struct gpio_spec {
	char chip[64]; /* path, name or label; "": any chip */
	char line[64]; /* name of the line; "": by offset */
	unsigned int offset;
};

struct matches {
	int n; /* found; only the first MATCHES_MAX are kept */
	struct gpio_place places[MATCHES_MAX];
};

static int parse_spec(const char *text, struct gpio_spec *ret)
{
	const char *colon = strrchr(text, ':');
	unsigned long offset;
	char *end;

	*ret = (struct gpio_spec){ 0 };
	if (!colon) {
		if (text[0] == '\0' || strlen(text) >= sizeof(ret->line))
			return -EINVAL;
		text_format(ret->line, sizeof(ret->line), "%s", text);
		return 0;
	}
	if (colon == text || (size_t)(colon - text) >= sizeof(ret->chip))
		return -EINVAL;
	/* strtoul() would take a sign and spaces. */
	if (strspn(colon + 1, "0123456789") != strlen(colon + 1) || colon[1] == '\0')
		return -EINVAL;
	errno = 0;
	offset = strtoul(colon + 1, &end, 10);
	if (errno != 0 || offset > INT_MAX)
		return -EINVAL;
	ret->offset = (unsigned int)offset;
	memcpy(ret->chip, text, (size_t)(colon - text));
	return 0;
}

static void add_match(struct matches *m, const char *path, unsigned int offset)
{
	if (m->n < MATCHES_MAX) {
		text_format(m->places[m->n].path, sizeof(m->places[0].path), "%s", path);
		m->places[m->n].offset = offset;
	}
	m->n++;
}

/* Adds the chip @name if @spec means it or a line of it. Returns 0 or -errno. */
static int match_chip(const struct gpio_spec *spec, const char *name, struct matches *m)
{
	bool by_name = spec->line[0] != '\0';
	struct gpio_chip_look look;
	char path[64];
	int r;

	text_format(path, sizeof(path), "/dev/%s", name);
	if (!by_name && strcmp(spec->chip, name) == 0) {
		add_match(m, path, spec->offset);
		return 0;
	}
	r = gpio_chip_look(path, by_name ? spec->line : NULL, &look);
	if (r < 0)
		return r;
	if (by_name && look.offset >= 0)
		add_match(m, path, (unsigned int)look.offset);
	else if (!by_name && strcmp(spec->chip, look.label) == 0)
		add_match(m, path, spec->offset);
	return 0;
}

/* Finds all lines that @text can mean. Returns 0 (then m->n >= 1) or -errno. */
static int find_matches(const char *text, struct matches *m)
{
	struct gpio_spec spec;
	int n, r, failure = 0;
	char **chips;

	*m = (struct matches){ 0 };
	r = parse_spec(text, &spec);
	if (r < 0)
		return r;
	if (strchr(spec.chip, '/')) {
		add_match(m, spec.chip, spec.offset);
		return 0;
	}
	n = devnode_list("gpiochip", &chips);
	if (n < 0)
		return n;
	for (int i = 0; i < n; i++) {
		r = match_chip(&spec, chips[i], m);
		if (r < 0)
			failure = r;
	}
	devnode_list_free(chips, n);
	if (m->n > 0)
		return 0;
	return failure < 0 ? failure : -ENOENT;
}

int gpio_resolve(const char *spec, struct gpio_place *ret)
{
	struct matches m;
	int r;

	r = find_matches(spec, &m);
	if (r < 0)
		return r;
	if (m.n > 1)
		return -ENOTUNIQ;
	*ret = m.places[0];
	return 0;
}

int gpio_edge_error(int error)
{
	return error == -EINVAL || error == -ENODEV || error == -EOPNOTSUPP ? -ENXIO
									    : error;
}

static char *explain_busy(const char *spec, char *buf, size_t size)
{
	char user[64], shown[64];
	struct gpio_place place;

	if (gpio_resolve(spec, &place) < 0 ||
	    gpio_line_user(&place, user, sizeof(user)) <= 0 || user[0] == '\0')
		return text_format(
			buf, size,
			"GPIO line %s is in use by another program or driver: choose "
			"another pin or stop it",
			spec);
	return text_format(
		buf, size,
		"GPIO line %s is in use by \"%s\": choose another pin or stop its user",
		spec, text_escape_str(shown, sizeof(shown), user));
}

static enum cause_id explain_missing(const char *spec, char *buf, size_t size)
{
	char **chips;
	int n = devnode_list("gpiochip", &chips);

	if (n >= 0)
		devnode_list_free(chips, n);
	if (n <= 0) {
		text_format(
			buf, size,
			"GPIO line %s not found: this machine has no /dev/gpiochip at all",
			spec);
		return CAUSE_GPIO_ABSENT;
	}
	text_format(
		buf, size,
		"GPIO line %s not found: \"gpioinfo\" (package gpiod) lists chips and "
		"lines; write one as gpiochip0:25",
		spec);
	return CAUSE_GPIO_UNKNOWN;
}

static char *explain_ambiguous(const char *spec, char *buf, size_t size)
{
	struct matches m;

	if (find_matches(spec, &m) < 0 || m.n < 2)
		return text_format(buf, size, "GPIO line %s exists more than once", spec);
	return text_format(
		buf, size,
		"GPIO line %s exists more than once: write it as %s:%u or %s:%u", spec,
		m.places[0].path, m.places[0].offset, m.places[1].path,
		m.places[1].offset);
}

static char *explain_denied(const char *spec, int error, char *buf, size_t size)
{
	struct gpio_place place = { .path = "/dev/gpiochip0" };

	(void)gpio_resolve(spec, &place);
	return devnode_explain_denied(place.path, "gpio", error, buf, size);
}

enum cause_id gpio_explain(const char *spec, int error, char *buf, size_t size)
{
	switch (error) {
	case ENOENT:
		return explain_missing(spec, buf, size);
	case ENOTUNIQ:
		explain_ambiguous(spec, buf, size);
		return CAUSE_GPIO_AMBIGUOUS;
	case EBUSY:
		explain_busy(spec, buf, size);
		return CAUSE_GPIO_BUSY;
	case EACCES:
	case EPERM:
		explain_denied(spec, error, buf, size);
		return CAUSE_GPIO_NOT_PERMITTED;
	case EINVAL:
		text_format(
			buf, size,
			"\"%s\" is not a GPIO line of this machine: write a line name as "
			"GPIO25, or chip and number as gpiochip0:25",
			spec);
		return CAUSE_GPIO_INVALID;
	case ENXIO:
		text_format(
			buf, size,
			"GPIO line %s gives no interrupts: choose another pin, or set "
			"ethernet.interrupt = \"\" to poll",
			spec);
		return CAUSE_GPIO_NO_INTERRUPT;
	case ENOTTY:
		text_format(buf, size, "The chip named in %s is not a GPIO chip", spec);
		return CAUSE_GPIO_UNSUITABLE;
	case ENODEV:
		text_format(buf, size,
			    "The GPIO chip of %s is gone: its driver was removed", spec);
		return CAUSE_GPIO_GONE;
	default:
		text_format(buf, size, "GPIO line %s: %s", spec,
			    strerrordesc_np(error) ?: "unknown error");
		return CAUSE_GPIO_ERROR;
	}
}
