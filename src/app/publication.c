// SPDX-License-Identifier: MIT
/* publication.c — one publication: looks at its source and composes its messages */
#include "publication.h"

#include <errno.h>
#include <string.h>

#include "mqttnode/cleanup.h"
#include "mqttnode/clock.h"
#include "mqttnode/gpio.h"
#include "mqttnode/template.h"
#include "mqttnode/text.h"

#include "envelope.h"
#include "file_source.h"

/* Failures of one publication that are told in its time, and the rest kept back. */
#define FAILURES_INTERVAL_S 60
#define FAILURES_BURST	    3

static void give(const struct publication *p, const char *payload, size_t len)
{
	const struct mqtt_outgoing message = {
		.topic = p->settings->topic,
		.payload = payload,
		.len = len,
		.qos = p->settings->qos,
		.retain = p->settings->retain,
		.store = p->settings->store,
		.expiry_s = p->settings->expiry_s,
	};

	p->composer->counters.composed++;
	p->composer->sink(p->composer->sink_ctx, &message);
}

/* The values of the variables, as of the turn that began at @now. */
static const struct facts_texts *current_texts(struct composer *c, uint64_t now)
{
	struct facts_view view;

	if (c->texts_ns != now) {
		facts_get(c->facts, &view);
		facts_texts(&view, now, &c->texts);
		c->texts_ns = now;
	}
	return &c->texts;
}

/* The value in an envelope that tells its unit and time. */
static void give_json(struct publication *p, const struct shaped *shaped)
{
	const struct facts_texts *texts =
		current_texts(p->composer, clock_now_ns(&clock_system));
	_cleanup_free_ char *text = envelope_new(
		shaped->data, shaped->len, p->settings->unit, texts->text[TEMPLATE_TIME]);

	if (text)
		give(p, text, strlen(text));
	else
		p->composer->counters.failed++;
}

/* Publishes what a source gave, if a trigger wants it. Returns whether one did. */
static bool publish_shaped(struct publication *p, const struct shaped *shaped)
{
	const struct publication_settings *settings = p->settings;

	if (!(p->wanted & (PUBLISH_INTERVAL | PUBLISH_CONNECT)) &&
	    !last_value_differs(&p->last, &settings->shaping, shaped))
		return false;
	if (settings->triggers & PUBLISH_CHANGE)
		last_value_set(&p->last, shaped);
	if (settings->json)
		give_json(p, shaped);
	else
		give(p, shaped->data, shaped->len);
	return true;
}

/* Sees to it that there is a number, if one is shown. Whether there is. */
static bool take_number(struct publication *p)
{
	if (p->sequence >= 0 && p->number == 0)
		p->number = spool_number(p->composer->spool, p->sequence);
	return p->sequence < 0 || p->number > 0;
}

static void look_at_text(struct publication *p, uint64_t now)
{
	const struct facts_texts *texts = current_texts(p->composer, now);
	const char *values[TEMPLATE_VARIABLES];
	_cleanup_free_ char *payload = NULL;
	struct shaped shaped = { 0 };
	char seq[24];

	if (!take_number(p)) {
		p->composer->counters.failed++;
		return;
	}
	for (size_t v = 0; v < TEMPLATE_VARIABLES; v++)
		values[v] = texts->text[v];
	values[TEMPLATE_SEQ] =
		text_format(seq, sizeof(seq), "%llu", (unsigned long long)p->number);
	payload = template_expand(p->settings->text, values);
	if (!payload) {
		p->composer->counters.failed++;
		return;
	}
	shaped.data = payload;
	shaped.len = strlen(payload);
	/* A number is spent even if the message is dropped: the gap shows it. */
	if (publish_shaped(p, &shaped))
		p->number = 0;
}

/* A source had nothing to give. @cause completes "Nothing to publish on TOPIC: ". */
static void source_failed(struct publication *p, const char *cause)
{
	unsigned int held_back;
	char topic[128];

	p->composer->counters.failed++;
	if (p->failed || !log_allow(&p->failures, &held_back))
		return;
	p->failed = true;
	log_warning("Nothing to publish on %s: %s",
		    text_escape_str(topic, sizeof(topic), p->settings->topic), cause);
}

static void source_works(struct publication *p)
{
	char topic[128];

	if (p->failed)
		log_info("Publishing on %s again",
			 text_escape_str(topic, sizeof(topic), p->settings->topic));
	p->failed = false;
}

static void source_gave(struct publication *p, const char *data, size_t len)
{
	char cause[160], found[64];
	struct shaped shaped;

	if (shape(&p->settings->shaping, data, len, &shaped) < 0) {
		text_escape(found, sizeof(found), shaped.data, shaped.len);
		source_failed(p,
			      text_format(cause, sizeof(cause),
					  "found \"%s\", which is not a number", found));
		return;
	}
	source_works(p);
	(void)publish_shaped(p, &shaped);
}

static void explain_file(const struct publication *p, int error, char *buf, size_t size)
{
	const char *what = strerrordesc_np(-error) ?: "unknown error";
	char path[256];

	text_escape_str(path, sizeof(path), p->settings->file);
	if (error == -E2BIG)
		text_format(buf, size, "%s holds more than max_size = %zu bytes", path,
			    p->settings->max_size);
	else if (error == -ENOTSUP)
		text_format(buf, size, "%s is not a regular file", path);
	else
		text_format(buf, size, "cannot read %s: %s", path, what);
}

static void on_file(void *ctx, int error, const char *data, size_t len)
{
	struct publication *p = ctx;
	char cause[400];

	p->busy = false;
	if (error < 0) {
		explain_file(p, error, cause, sizeof(cause));
		source_failed(p, cause);
	} else {
		source_gave(p, data, len);
	}
	p->composer->on_answer(p->composer->answer_ctx);
}

static void look_at_file(struct publication *p)
{
	const struct publication_settings *settings = p->settings;

	p->busy = true;
	if (file_source_read(p->composer->workers, settings->file, settings->max_size,
			     on_file, p) < 0) {
		p->busy = false;
		source_failed(p, "no thread to read the file with");
	}
}

static void explain_command(const struct publication *p,
			    const struct command_result *result, char *buf, size_t size)
{
	char name[128], what[256];

	text_escape_str(name, sizeof(name), p->settings->command[0]);
	text_format(buf, size, "%s %s", name,
		    command_explain(result, what, sizeof(what)));
}

static void on_command(void *ctx, const struct command_result *result)
{
	struct publication *p = ctx;
	char cause[400];

	p->busy = false;
	if (result->error < 0 || result->status != 0) {
		explain_command(p, result, cause, sizeof(cause));
		source_failed(p, cause);
	} else {
		source_gave(p, result->out, result->len);
	}
	p->composer->on_answer(p->composer->answer_ctx);
}

static void look_at_command(struct publication *p)
{
	const struct command_request request = {
		.argv = (const char *const *)p->settings->command,
		.output_max = p->settings->max_size,
		.limit_ms = p->settings->timeout_ms,
	};

	p->busy = true;
	if (commands_run(p->composer->commands, &request, on_command, p) < 0) {
		p->busy = false;
		source_failed(p, "no memory to run the command with");
	}
}

static void look_at_gpio(struct publication *p)
{
	struct shaped shaped = { .len = 1 };
	char cause[256];
	int r = input_read(p->input);

	if (r < 0) {
		(void)gpio_explain(p->settings->input.line, -r, cause, sizeof(cause));
		source_failed(p, cause);
		return;
	}
	shaped.data = r ? "1" : "0";
	source_works(p);
	(void)publish_shaped(p, &shaped);
}

/* The line has another level: a look that comes of itself. */
static void on_input(void *ctx)
{
	struct publication *p = ctx;

	if (p->settings->triggers & PUBLISH_CHANGE)
		publication_look(p, PUBLISH_CHANGE, 0);
	p->composer->on_answer(p->composer->answer_ctx);
}

void publication_look(struct publication *p, unsigned int wanted, uint64_t now)
{
	if (p->busy) {
		/* The answer that is on its way serves a new session, but no beat. */
		p->composer->counters.missed += !(wanted & PUBLISH_CONNECT);
		p->wanted |= wanted & PUBLISH_CONNECT;
		return;
	}
	p->wanted = wanted;
	if (p->settings->text)
		look_at_text(p, now);
	else if (p->settings->file)
		look_at_file(p);
	else if (p->input)
		look_at_gpio(p);
	else
		look_at_command(p);
}

int publication_init(struct publication *p, struct composer *composer,
		     const struct publication_settings *settings)
{
	*p = (struct publication){
		.composer = composer,
		.settings = settings,
		.fresh = true,
		.failures = { .interval_s = FAILURES_INTERVAL_S,
			      .burst = FAILURES_BURST },
	};
	if (!settings->input.line)
		return 0;
	return input_new(&p->input, composer->event, &settings->input, on_input, p);
}

void publication_fini(struct publication *p)
{
	p->input = input_free(p->input);
	last_value_clear(&p->last);
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_command(char *const *a, char *const *b)
{
	if (!a || !b)
		return a == b;
	for (; *a && *b; a++, b++)
		if (strcmp(*a, *b) != 0)
			return false;
	return *a == *b;
}

/* Whether two of them publish the same, at the same times. */
static bool same_publication(const struct publication_settings *a,
			     const struct publication_settings *b)
{
	return same_text(a->topic, b->topic) && same_text(a->text, b->text) &&
	       same_text(a->file, b->file) && same_text(a->input.line, b->input.line) &&
	       same_command(a->command, b->command) && a->triggers == b->triggers &&
	       a->interval_ms == b->interval_ms;
}

bool publication_follow(struct publication *p, struct publication *old)
{
	if (old->fresh || !same_publication(p->settings, old->settings))
		return false;
	p->beat = old->beat;
	p->fresh = false;
	p->number = p->sequence == old->sequence ? old->number : 0;
	p->failed = old->failed;
	last_value_clear(&p->last);
	p->last = old->last;
	old->last = (struct last_value){ 0 };
	old->fresh = true; /* it has a heir */
	return true;
}
