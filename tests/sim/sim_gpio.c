// SPDX-License-Identifier: MIT
/* sim_gpio.c — the simulated GPIO lines behind mqttnode/gpio.h */
#include "sim_gpio.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "first_open.h"
#include "mqttnode/fd.h"
#include "mqttnode/gpio.h"
#include "mqttnode/text.h"
#include "sim_fields.h"

#define CHIP_NAME  "gpiochip0"
#define CHIP_LABEL "pinctrl-bcm2835"

struct gpio_line {
	struct sim_gpio *gpio; /* borrowed */
	unsigned int offset;
	bool output;
	bool both;	       /* events of both edges, not of falling ones */
	int event_fd;	       /* -1 for an output */
	unsigned int n_events; /* waiting to be read */
};

struct sim_gpio {
	struct w5500_sim *chip;	   /* borrowed */
	struct board_time *time;   /* borrowed */
	struct sim_report *report; /* borrowed */
	unsigned int int_offset, reset_offset;
	struct sim_gpio_faults faults;
	struct sim_gpio_stats stats;
	struct gpio_line *requested[SIM_GPIO_LINES]; /* borrowed */
	bool driven[SIM_GPIO_LINES];	   /* levels of the outputs; kept when a line is
					      released */
	bool outside[SIM_GPIO_LINES];	   /* levels that the world gives to inputs ... */
	bool from_outside[SIM_GPIO_LINES]; /* ... where it does */
	bool was_output[SIM_GPIO_LINES];
	bool int_level; /* at the machine's end of the wire, when last looked at */
};

/* The controller of the simulated machine. */
static struct sim_gpio *controller;
static pthread_mutex_t controller_lock = PTHREAD_MUTEX_INITIALIZER;

static struct sim_gpio *get_controller(void)
{
	struct sim_gpio *g;

	(void)pthread_mutex_lock(&controller_lock);
	g = controller;
	(void)pthread_mutex_unlock(&controller_lock);
	return g;
}

/* ---- wires ---- */

static bool int_wire_level(const struct sim_gpio *g)
{
	if (g->faults.int_stuck_low)
		return false;
	if (g->faults.int_stuck_high || g->faults.int_unwired)
		return true;
	return w5500_sim_intn(g->chip);
}

static void queue_event(struct sim_gpio *g, struct gpio_line *line)
{
	if (line->n_events == SIM_GPIO_EVENTS_MAX) {
		g->stats.int_events_dropped++;
		return;
	}
	line->n_events++;
	g->stats.int_events++;
	fd_event_signal(line->event_fd);
}

static void update_int(struct sim_gpio *g)
{
	struct gpio_line *line = g->requested[g->int_offset];
	bool level = int_wire_level(g);
	bool fell = g->int_level && !level;

	g->int_level = level;
	if (!fell)
		return;
	g->stats.int_edges++;
	if (line && !line->output && !g->faults.int_deaf)
		queue_event(g, line);
}

/* The level of a line that nothing in the machine drives now: the last one driven. */
static bool input_level(const struct sim_gpio *g, unsigned int offset)
{
	return g->from_outside[offset] ? g->outside[offset] : g->driven[offset];
}

/* The world changes the level of a line that leads nowhere else. */
static void set_outside(struct sim_gpio *g, unsigned int offset, bool level)
{
	struct gpio_line *line = g->requested[offset];
	bool changed = input_level(g, offset) != level;

	g->outside[offset] = level;
	g->from_outside[offset] = true;
	if (changed && line && !line->output && (line->both || !level))
		queue_event(g, line);
}

static void on_intn(void *ctx, bool level)
{
	(void)level;
	update_int(ctx);
}

static void update_reset(struct sim_gpio *g)
{
	w5500_sim_set_rstn(g->chip,
			   g->faults.reset_unwired || g->driven[g->reset_offset]);
}

void sim_gpio_update(struct sim_gpio *g)
{
	update_reset(g);
	update_int(g);
}

static void drive(struct sim_gpio *g, unsigned int offset, bool level)
{
	if (offset == g->reset_offset && g->driven[offset] && !level)
		g->stats.reset_pulses++;
	g->driven[offset] = level;
	g->was_output[offset] = true;
	update_reset(g);
}

/* ---- for the board ---- */

int sim_gpio_new(struct sim_gpio **ret, struct w5500_sim *chip, unsigned int int_offset,
		 unsigned int reset_offset, struct sim_report *report)
{
	struct sim_gpio *g = calloc(1, sizeof(*g));

	if (!g)
		return -ENOMEM;
	g->chip = chip;
	g->time = w5500_sim_time(chip);
	g->report = report;
	g->int_offset = int_offset;
	g->reset_offset = reset_offset;
	memset(g->driven, true, sizeof(g->driven)); /* pull-ups */

	(void)pthread_mutex_lock(&controller_lock);
	if (controller) {
		(void)pthread_mutex_unlock(&controller_lock);
		free(g);
		return -EEXIST;
	}
	controller = g;
	(void)pthread_mutex_unlock(&controller_lock);

	board_lock(g->time);
	g->int_level = int_wire_level(g);
	w5500_sim_set_intn_callback(chip, on_intn, g);
	board_unlock(g->time);
	*ret = g;
	return 0;
}

struct sim_gpio *sim_gpio_free(struct sim_gpio *g)
{
	if (!g)
		return NULL;
	(void)pthread_mutex_lock(&controller_lock);
	controller = NULL;
	(void)pthread_mutex_unlock(&controller_lock);
	board_lock(g->time);
	w5500_sim_set_intn_callback(g->chip, NULL, NULL);
	board_unlock(g->time);
	free(g);
	return NULL;
}

bool sim_gpio_int_level(const struct sim_gpio *g)
{
	return int_wire_level(g);
}

bool sim_gpio_reset_level(const struct sim_gpio *g)
{
	return g->driven[g->reset_offset];
}

struct sim_gpio_faults *sim_gpio_faults(struct sim_gpio *g)
{
	return &g->faults;
}

const struct sim_gpio_stats *sim_gpio_stats(const struct sim_gpio *g)
{
	return &g->stats;
}

static const struct sim_field fault_fields[] = {
	SIM_FIELD(struct sim_gpio_faults, int_open_errno),
	SIM_FIELD(struct sim_gpio_faults, reset_open_errno),
	SIM_FIELD(struct sim_gpio_faults, int_deaf),
	SIM_FIELD(struct sim_gpio_faults, int_stuck_low),
	SIM_FIELD(struct sim_gpio_faults, int_stuck_high),
	SIM_FIELD(struct sim_gpio_faults, int_unwired),
	SIM_FIELD(struct sim_gpio_faults, reset_unwired),
};

static const struct sim_field stats_fields[] = {
	SIM_FIELD(struct sim_gpio_stats, int_edges),
	SIM_FIELD(struct sim_gpio_stats, int_events),
	SIM_FIELD(struct sim_gpio_stats, int_events_dropped),
	SIM_FIELD(struct sim_gpio_stats, reset_pulses),
};

static int parse_offset(const char *digits)
{
	unsigned long offset;

	if (digits[0] == '\0' || strlen(digits) > 9 ||
	    strspn(digits, "0123456789") != strlen(digits))
		return -EINVAL;
	offset = strtoul(digits, NULL, 10);
	return offset < SIM_GPIO_LINES ? (int)offset : -EINVAL;
}

/* The offset that "line17" names, if that line leads to no other model; or -1. */
static int free_line(const struct sim_gpio *g, const char *name)
{
	int offset = strncmp(name, "line", 4) == 0 ? parse_offset(name + 4) : -1;

	return offset == (int)g->int_offset || offset == (int)g->reset_offset ? -1
									      : offset;
}

int sim_gpio_set(struct sim_gpio *g, const char *name, uint64_t value)
{
	int offset = free_line(g, name), r;

	if (offset >= 0) {
		set_outside(g, (unsigned int)offset, value != 0);
		return 0;
	}
	r = sim_fields_set(fault_fields, ARRAY_SIZE(fault_fields), &g->faults, name,
			   value);
	if (r == 0)
		sim_gpio_update(g);
	return r;
}

void sim_gpio_each_setting(const struct sim_gpio *g,
			   void (*each)(void *ctx, const char *name, uint64_t value),
			   void *ctx)
{
	sim_fields_each(fault_fields, ARRAY_SIZE(fault_fields), &g->faults, each, ctx);
}

void sim_gpio_each_counter(const struct sim_gpio *g,
			   void (*each)(void *ctx, const char *name, uint64_t value),
			   void *ctx)
{
	sim_fields_each(stats_fields, ARRAY_SIZE(stats_fields), &g->stats, each, ctx);
	for (unsigned int i = 0; i < SIM_GPIO_LINES; i++) {
		char name[16];

		if (g->was_output[i])
			each(ctx, text_format(name, sizeof(name), "line%u", i),
			     g->driven[i]);
	}
}

/* ---- the seam ---- */

int sim_gpio_offset(const char *spec)
{
	const char *colon = strrchr(spec, ':');
	const char *chip = spec;
	size_t len;

	if (!colon) {
		for (int i = 0; i < SIM_GPIO_LINES; i++) {
			char name[8];

			if (strcmp(text_format(name, sizeof(name), "GPIO%d", i), spec) ==
			    0)
				return i;
		}
		return spec[0] == '\0' ? -EINVAL : -ENOENT;
	}
	if (strncmp(chip, "/dev/", 5) == 0)
		chip += 5;
	len = (size_t)(colon - chip);
	if (!(len == strlen(CHIP_NAME) && memcmp(chip, CHIP_NAME, len) == 0) &&
	    !(len == strlen(CHIP_LABEL) && memcmp(chip, CHIP_LABEL, len) == 0))
		return -ENOENT;
	return parse_offset(colon + 1);
}

/* Whether line @offset may be requested, with the lock held: 0 or -errno. */
static int check_request(const struct sim_gpio *g, unsigned int offset)
{
	if (offset == g->int_offset && g->faults.int_open_errno)
		return -(int)g->faults.int_open_errno;
	if (offset == g->reset_offset && g->faults.reset_open_errno)
		return -(int)g->faults.reset_open_errno;
	return g->requested[offset] ? -EBUSY : 0;
}

enum direction { OUTPUT, FALLING, BOTH };

static int open_line(struct gpio_line **ret, const char *spec, enum direction direction,
		     bool level)
{
	bool output = direction == OUTPUT;
	_cleanup_(gpio_closep) struct gpio_line *line = NULL;
	struct sim_gpio *g;
	int offset, r;

	first_open();
	g = get_controller();
	if (!g)
		return -ENOENT;
	offset = sim_gpio_offset(spec);
	if (offset < 0)
		return offset;
	line = calloc(1, sizeof(*line));
	if (!line)
		return -ENOMEM;
	line->offset = (unsigned int)offset;
	line->output = output;
	line->both = direction == BOTH;
	line->event_fd = -1;
	if (!output) {
		line->event_fd = fd_event_new();
		if (line->event_fd < 0)
			return line->event_fd;
	}

	board_lock(g->time);
	board_time_catch_up(g->time);
	r = check_request(g, line->offset);
	if (r == 0) {
		line->gpio = g;
		g->requested[offset] = line;
		if (output && line->offset == g->int_offset)
			sim_violation(
				g->report, "gpio",
				"The INT line is driven as an output, against the chip");
		if (output)
			drive(g, line->offset, level);
	}
	board_unlock(g->time);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(line);
	return 0;
}

int gpio_open_output(struct gpio_line **ret, const char *spec, bool level)
{
	return open_line(ret, spec, OUTPUT, level);
}

int gpio_open_interrupt(struct gpio_line **ret, const char *spec)
{
	return open_line(ret, spec, FALLING, true);
}

int gpio_open_input(struct gpio_line **ret, const char *spec, enum gpio_bias bias)
{
	(void)bias; /* the world drives every line */
	return open_line(ret, spec, BOTH, true);
}

struct gpio_line *gpio_close(struct gpio_line *line)
{
	if (!line)
		return NULL;
	if (line->gpio) {
		board_lock(line->gpio->time);
		line->gpio->requested[line->offset] = NULL;
		board_unlock(line->gpio->time);
	}
	(void)fd_close(line->event_fd);
	free(line);
	return NULL;
}

int gpio_set(struct gpio_line *line, bool level)
{
	struct sim_gpio *g = line->gpio;

	if (!line->output)
		return -EPERM;
	board_lock(g->time);
	board_time_catch_up(g->time);
	drive(g, line->offset, level);
	board_unlock(g->time);
	return 0;
}

int gpio_get(struct gpio_line *line)
{
	struct sim_gpio *g = line->gpio;
	bool level;

	board_lock(g->time);
	board_time_catch_up(g->time);
	if (line->offset == g->int_offset && !line->output)
		level = int_wire_level(g);
	else if (!line->output)
		level = input_level(g, line->offset);
	else
		level = g->driven[line->offset];
	board_unlock(g->time);
	return level;
}

int gpio_event_fd(const struct gpio_line *line)
{
	return line->event_fd;
}

int gpio_drain_events(struct gpio_line *line)
{
	if (line->output)
		return -EPERM;
	board_lock(line->gpio->time);
	(void)fd_event_clear(line->event_fd);
	line->n_events = 0;
	board_unlock(line->gpio->time);
	return 0;
}

enum cause_id gpio_explain(const char *spec, int error, char *buf, size_t size)
{
	switch (error) {
	case ENOENT:
		text_format(buf, size, "There is no GPIO line %s: see gpioinfo", spec);
		return CAUSE_GPIO_UNKNOWN;
	case EBUSY:
		text_format(buf, size, "GPIO line %s is in use", spec);
		return CAUSE_GPIO_BUSY;
	case EACCES:
		text_format(buf, size,
			    "GPIO line %s may not be used: join the group gpio", spec);
		return CAUSE_GPIO_NOT_PERMITTED;
	case EINVAL:
		text_format(buf, size,
			    "%s is no GPIO line: name it GPIO25 or " CHIP_NAME ":25",
			    spec);
		return CAUSE_GPIO_INVALID;
	case ENXIO:
		text_format(buf, size, "GPIO line %s cannot give interrupts", spec);
		return CAUSE_GPIO_NO_INTERRUPT;
	default:
		text_format(buf, size, "GPIO line %s: %s", spec,
			    strerrordesc_np(error) ?: "unknown error");
		return CAUSE_GPIO_ERROR;
	}
}
