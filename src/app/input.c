// SPDX-License-Identifier: MIT
/*
 * input.c — a GPIO line that is watched, debounced
 *
 * The first edge starts a timer, and until it ends nobody looks at the line. If
 * there were more edges meanwhile it starts again; if not, the level counts. So
 * a line costs one look in the time of debouncing, however much it bounces.
 */
#include "input.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "mqttnode/gpio.h"

struct input {
	sd_event *event; /* borrowed, as the next */
	const struct input_settings *settings;
	void (*on_change)(void *ctx);
	void *ctx;
	struct gpio_line *line; /* NULL: not requested */
	sd_event_source *edges; /* NULL: it has none */
	sd_event_source *timer;
	int level; /* debounced, 1 for active */
};

static void release(struct input *in)
{
	in->edges = sd_event_source_disable_unref(in->edges);
	(void)sd_event_source_set_enabled(in->timer, SD_EVENT_OFF);
	in->line = gpio_close(in->line);
}

/* The level now: 1 for active, or -errno: the line is released then. */
static int look(struct input *in)
{
	int r = gpio_get(in->line);

	if (r < 0) {
		release(in);
		return r;
	}
	return in->settings->active_low ? !r : r;
}

static int start_timer(struct input *in)
{
	int r = sd_event_source_set_time_relative(in->timer, in->settings->debounce_ms *
								     UINT64_C(1000));

	return r < 0 ? r : sd_event_source_set_enabled(in->timer, SD_EVENT_ONESHOT);
}

static int on_edge(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct input *in = userdata;

	(void)fd;
	(void)revents;
	if (gpio_drain_events(in->line) < 0) {
		release(in); /* the next input_read() tells */
		return 0;
	}
	(void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
	return start_timer(in);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct input *in = userdata;
	struct pollfd more = { .fd = gpio_event_fd(in->line), .events = POLLIN };
	int level;

	(void)source;
	(void)usec;
	if (poll(&more, 1, 0) > 0 && gpio_drain_events(in->line) == 0)
		return start_timer(in);
	(void)sd_event_source_set_enabled(in->edges, SD_EVENT_ON);
	level = look(in);
	if (level < 0 || level == in->level)
		return 0;
	in->level = level;
	in->on_change(in->ctx);
	return 0;
}

static int request(struct input *in)
{
	static const enum gpio_bias biases[] = {
		[LINE_BIAS_AS_IS] = GPIO_BIAS_AS_IS,
		[LINE_BIAS_PULL_UP] = GPIO_BIAS_PULL_UP,
		[LINE_BIAS_PULL_DOWN] = GPIO_BIAS_PULL_DOWN,
		[LINE_BIAS_DISABLED] = GPIO_BIAS_DISABLED,
	};
	int r;

	r = gpio_open_input(&in->line, in->settings->line, biases[in->settings->bias]);
	if (r < 0)
		return r;
	if (gpio_event_fd(in->line) >= 0)
		r = sd_event_add_io(in->event, &in->edges, gpio_event_fd(in->line),
				    EPOLLIN, on_edge, in);
	if (r < 0) {
		release(in);
		return r;
	}
	r = look(in);
	if (r >= 0)
		in->level = r;
	return r;
}

int input_new(struct input **ret, sd_event *event, const struct input_settings *settings,
	      void (*on_change)(void *ctx), void *ctx)
{
	_cleanup_(input_freep) struct input *in = calloc(1, sizeof(*in));
	int r;

	if (!in)
		return -ENOMEM;
	in->event = event;
	in->settings = settings;
	in->on_change = on_change;
	in->ctx = ctx;
	r = sd_event_add_time_relative(event, &in->timer, CLOCK_MONOTONIC, 0, 1, on_timer,
				       in);
	if (r >= 0)
		r = sd_event_source_set_enabled(in->timer, SD_EVENT_OFF);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(in);
	return 0;
}

struct input *input_free(struct input *in)
{
	if (!in)
		return NULL;
	if (in->timer)
		release(in);
	in->timer = sd_event_source_disable_unref(in->timer);
	free(in);
	return NULL;
}

int input_read(struct input *in)
{
	int r;

	if (!in->line)
		return request(in);
	if (in->edges)
		return in->level;
	r = look(in);
	if (r >= 0)
		in->level = r;
	return r;
}
