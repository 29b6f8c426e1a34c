// SPDX-License-Identifier: MIT
/* output.c — a GPIO line that is switched, with a safe state */
#include "output.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "mqttnode/gpio.h"

struct output {
	const struct output_settings *settings; /* borrowed */
	struct gpio_line *line;			/* NULL: not requested */
	sd_event_source *pulse;			/* its end */
	bool on;
	bool lost; /* setting it failed: what it is now is not known */
};

int output_order_parse(const void *payload, size_t len)
{
	static const struct {
		const char *word;
		enum output_order order;
	} words[] = {
		{ "on", OUTPUT_ON },	     { "off", OUTPUT_OFF },
		{ "1", OUTPUT_ON },	     { "0", OUTPUT_OFF },
		{ "true", OUTPUT_ON },	     { "false", OUTPUT_OFF },
		{ "toggle", OUTPUT_TOGGLE }, { "pulse", OUTPUT_PULSE },
	};
	const char *text = payload;

	while (len > 0 && isspace((unsigned char)text[0])) {
		text++;
		len--;
	}
	while (len > 0 && isspace((unsigned char)text[len - 1]))
		len--;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (len == strlen(words[i].word) &&
		    strncasecmp(text, words[i].word, len) == 0)
			return (int)words[i].order;
	return -EINVAL;
}

static int set(struct output *out, bool on)
{
	int r = gpio_set(out->line, on != out->settings->active_low);

	if (r < 0) { /* it is requested anew by the next order */
		out->line = gpio_close(out->line);
		out->lost = true;
	} else {
		out->on = on;
	}
	return r;
}

static int on_pulse_end(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct output *out = userdata;

	(void)source;
	(void)usec;
	if (out->line)
		(void)set(out, false);
	return 0;
}

int output_new(struct output **ret, sd_event *event,
	       const struct output_settings *settings)
{
	_cleanup_(output_freep) struct output *out = calloc(1, sizeof(*out));
	int r;

	if (!out)
		return -ENOMEM;
	out->settings = settings;
	r = sd_event_add_time_relative(event, &out->pulse, CLOCK_MONOTONIC, 0, 1,
				       on_pulse_end, out);
	if (r >= 0)
		r = sd_event_source_set_enabled(out->pulse, SD_EVENT_OFF);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(out);
	return 0;
}

struct output *output_free(struct output *out)
{
	if (!out)
		return NULL;
	out->pulse = sd_event_source_disable_unref(out->pulse);
	out->line = gpio_close(out->line);
	free(out);
	return NULL;
}

int output_request(struct output *out)
{
	bool on = out->settings->safe == LINE_SAFE_ON;
	int r;

	if (out->line)
		return 0;
	r = gpio_open_output(&out->line, out->settings->line,
			     on != out->settings->active_low);
	if (r == 0) {
		out->on = on;
		out->lost = false;
	}
	return r;
}

int output_apply(struct output *out, enum output_order order)
{
	int r = output_request(out);

	if (r < 0)
		return r;
	(void)sd_event_source_set_enabled(out->pulse, SD_EVENT_OFF);
	switch (order) {
	case OUTPUT_OFF:
	case OUTPUT_ON:
		return set(out, order == OUTPUT_ON);
	case OUTPUT_TOGGLE:
		return set(out, !out->on);
	case OUTPUT_PULSE:
		break;
	}
	r = set(out, true);
	if (r == 0)
		r = sd_event_source_set_time_relative(
			out->pulse, out->settings->pulse_ms * UINT64_C(1000));
	if (r >= 0)
		r = sd_event_source_set_enabled(out->pulse, SD_EVENT_ONESHOT);
	return r < 0 ? r : 0;
}

bool output_is_same(const struct output *out, const struct output *old)
{
	const struct output_settings *a = out->settings, *b = old->settings;

	return strcmp(a->line, b->line) == 0 && a->active_low == b->active_low &&
	       a->safe == b->safe && a->pulse_ms == b->pulse_ms;
}

void output_follow(struct output *out, struct output *old)
{
	int pulse = SD_EVENT_OFF;
	uint64_t end;

	out->line = TAKE_PTR(old->line);
	out->on = old->on;
	out->lost = old->lost;
	(void)sd_event_source_get_enabled(old->pulse, &pulse);
	if (pulse == SD_EVENT_OFF || sd_event_source_get_time(old->pulse, &end) < 0)
		return;
	(void)sd_event_source_set_time(out->pulse, end);
	(void)sd_event_source_set_enabled(out->pulse, SD_EVENT_ONESHOT);
}

int output_state(const struct output *out)
{
	return out->line ? out->on : -1;
}

int output_make_safe(struct output *out)
{
	int pulse = SD_EVENT_OFF;

	if (!out->line)
		return out->lost ? output_request(out) : 0;
	(void)sd_event_source_get_enabled(out->pulse, &pulse);
	(void)sd_event_source_set_enabled(out->pulse, SD_EVENT_OFF);
	if (out->settings->safe == LINE_SAFE_KEEP)
		return pulse != SD_EVENT_OFF ? set(out, false) : 0;
	return set(out, out->settings->safe == LINE_SAFE_ON);
}
