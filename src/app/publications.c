// SPDX-License-Identifier: MIT
/* publications.c — what is published and when: the thread that composes */
#include "mqttnode/publications.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "mqttnode/clock.h"
#include "mqttnode/fd.h"
#include "mqttnode/log.h"
#include "mqttnode/privileges.h"
#include "mqttnode/template.h"
#include "mqttnode/text.h"
#include "mqttnode/workers.h"

#include "beat.h"
#include "file_source.h"
#include "shaping.h"

/* Failures of one publication that are told in its time, and the rest kept back. */
#define FAILURES_INTERVAL_S 60
#define FAILURES_BURST	    3

struct publication {
	struct publications *all;
	const struct publication_settings *settings; /* borrowed */
	struct beat beat;
	struct last_value last;
	uint64_t seq;	     /* the last one given out */
	unsigned int wanted; /* by which triggers; while @busy */
	bool busy;	     /* a source has been asked and has not answered */
	bool failed;	     /* the last answer was none, and that was told */
	struct log_limit failures;
};

/* What others tell the thread. */
struct mail {
	bool online;
	unsigned int sessions; /* that have begun */
	bool stop;
};

struct publications {
	struct facts *facts; /* borrowed */
	publications_sink sink;
	void *ctx;

	pthread_mutex_t lock; /* protects the next two */
	struct mail mailbox;
	struct publications_counters shared_counters;
	int mail_fd;
	pthread_t thread;
	bool started;

	/* From here on: the thread's alone while it runs. */
	sd_event *event;
	sd_event_source *timer;
	struct workers *workers;
	struct publications_counters counters;
	struct facts_texts texts;
	uint64_t texts_ns; /* the turn that they belong to */
	bool online;
	unsigned int sessions;

	size_t n;
	struct publication list[];
};

static void share_counters(struct publications *p)
{
	(void)pthread_mutex_lock(&p->lock);
	p->shared_counters = p->counters;
	(void)pthread_mutex_unlock(&p->lock);
}

/* --- composing ------------------------------------------------------------- */

static void give(struct publications *p, const struct publication *publication,
		 const char *payload, size_t len)
{
	const struct mqtt_outgoing message = {
		.topic = publication->settings->topic,
		.payload = payload,
		.len = len,
		.qos = publication->settings->qos,
		.retain = publication->settings->retain,
	};

	p->counters.composed++;
	p->sink(p->ctx, &message);
}

/* The values of the variables, as of the turn that began at @now. */
static const struct facts_texts *current_texts(struct publications *p, uint64_t now)
{
	struct facts_view view;

	if (p->texts_ns != now) {
		facts_get(p->facts, &view);
		facts_texts(&view, now, &p->texts);
		p->texts_ns = now;
	}
	return &p->texts;
}

/* Publishes what a source gave, if a trigger wants it. Returns whether one did. */
static bool publish_shaped(struct publication *publication, const struct shaped *shaped)
{
	const struct publication_settings *settings = publication->settings;

	if (!(publication->wanted & (PUBLISH_INTERVAL | PUBLISH_CONNECT)) &&
	    !last_value_differs(&publication->last, &settings->shaping, shaped))
		return false;
	if (settings->triggers & PUBLISH_CHANGE)
		last_value_set(&publication->last, shaped);
	give(publication->all, publication, shaped->data, shaped->len);
	return true;
}

static void look_at_text(struct publication *publication, uint64_t now)
{
	const struct facts_texts *texts = current_texts(publication->all, now);
	const char *values[TEMPLATE_VARIABLES];
	_cleanup_free_ char *payload = NULL;
	struct shaped shaped = { 0 };
	char seq[24];

	for (size_t v = 0; v < TEMPLATE_VARIABLES; v++)
		values[v] = texts->text[v];
	values[TEMPLATE_SEQ] = text_format(seq, sizeof(seq), "%llu",
					   (unsigned long long)publication->seq + 1);
	payload = template_expand(publication->settings->text, values);
	if (!payload) {
		publication->all->counters.failed++;
		return;
	}
	shaped.data = payload;
	shaped.len = strlen(payload);
	/* A number is spent even if the message is dropped: the gap shows it. */
	if (publish_shaped(publication, &shaped))
		publication->seq++;
}

/* A source had nothing to give. @cause completes "Nothing to publish on TOPIC: ". */
static void source_failed(struct publication *publication, const char *cause)
{
	unsigned int held_back;
	char topic[128];

	publication->all->counters.failed++;
	if (publication->failed || !log_allow(&publication->failures, &held_back))
		return;
	publication->failed = true;
	log_warning("Nothing to publish on %s: %s",
		    text_escape_str(topic, sizeof(topic), publication->settings->topic),
		    cause);
}

static void source_gave(struct publication *publication, const char *data, size_t len)
{
	char topic[128], cause[160], found[64];
	struct shaped shaped;

	if (shape(&publication->settings->shaping, data, len, &shaped) < 0) {
		text_escape(found, sizeof(found), shaped.data, shaped.len);
		source_failed(publication,
			      text_format(cause, sizeof(cause),
					  "found \"%s\", which is not a number", found));
		return;
	}
	if (publication->failed)
		log_info("Publishing on %s again",
			 text_escape_str(topic, sizeof(topic),
					 publication->settings->topic));
	publication->failed = false;
	(void)publish_shaped(publication, &shaped);
}

static void explain_file(const struct publication *publication, int error, char *buf,
			 size_t size)
{
	const char *what = strerrordesc_np(-error) ?: "unknown error";
	char path[256];

	text_escape_str(path, sizeof(path), publication->settings->file);
	if (error == -E2BIG)
		text_format(buf, size, "%s holds more than max_size = %zu bytes", path,
			    publication->settings->max_size);
	else if (error == -ENOTSUP)
		text_format(buf, size, "%s is not a regular file", path);
	else
		text_format(buf, size, "cannot read %s: %s", path, what);
}

static void on_file(void *ctx, int error, const char *data, size_t len)
{
	struct publication *publication = ctx;
	char cause[400];

	publication->busy = false;
	if (error < 0) {
		explain_file(publication, error, cause, sizeof(cause));
		source_failed(publication, cause);
	} else {
		source_gave(publication, data, len);
	}
	share_counters(publication->all);
}

static void look_at_file(struct publication *publication)
{
	const struct publication_settings *settings = publication->settings;

	publication->busy = true;
	if (file_source_read(publication->all->workers, settings->file,
			     settings->max_size, on_file, publication) < 0) {
		publication->busy = false;
		source_failed(publication, "no thread to read the file with");
	}
}

/* Looks at a source because of the triggers @wanted. */
static void look(struct publication *publication, unsigned int wanted, uint64_t now)
{
	if (publication->busy) {
		/* The answer that is on its way serves a new session, but no beat. */
		publication->all->counters.missed += !(wanted & PUBLISH_CONNECT);
		publication->wanted |= wanted & PUBLISH_CONNECT;
		return;
	}
	publication->wanted = wanted;
	if (publication->settings->text)
		look_at_text(publication, now);
	else
		look_at_file(publication);
}

/* --- the thread ------------------------------------------------------------ */

static void take_mail(struct publications *p, struct mail *ret)
{
	(void)fd_event_clear(p->mail_fd);
	(void)pthread_mutex_lock(&p->lock);
	*ret = p->mailbox;
	(void)pthread_mutex_unlock(&p->lock);
}

/* Which triggers of a publication fire at @now. */
static unsigned int fired(struct publication *publication, bool new_session, uint64_t now)
{
	const struct publication_settings *settings = publication->settings;
	const unsigned int of_beats =
		settings->triggers & (PUBLISH_INTERVAL | PUBLISH_CHANGE);
	unsigned int wanted = 0;

	if (new_session)
		wanted |= settings->triggers & PUBLISH_CONNECT;
	if (of_beats == 0)
		return wanted;
	if (settings->qos > 0 || publication->all->online)
		beat_start(&publication->beat, now);
	if (beat_take(&publication->beat, settings->interval_ms * NSEC_PER_MSEC, now,
		      &publication->all->counters.missed))
		wanted |= of_beats;
	return wanted;
}

/* Looks at all sources that are due, and sets the timer for the next one. */
static void turn(struct publications *p, bool new_session)
{
	uint64_t now = clock_now_ns(&clock_system), next = UINT64_MAX;

	for (size_t i = 0; i < p->n; i++) {
		struct publication *publication = &p->list[i];
		unsigned int wanted;

		/* QoS 0 may have been dropped meanwhile: what the broker has is not
		 * known. */
		if (new_session && publication->settings->qos == 0)
			last_value_clear(&publication->last);
		wanted = fired(publication, new_session, now);
		if (wanted)
			look(publication, wanted, now);
		if (beat_next_ns(&publication->beat) < next)
			next = beat_next_ns(&publication->beat);
	}
	share_counters(p);
	if (next == UINT64_MAX)
		return;
	/* sd-event counts microseconds: never wake too early. */
	(void)sd_event_source_set_time(p->timer,
				       (next + NSEC_PER_USEC - 1) / NSEC_PER_USEC);
	(void)sd_event_source_set_enabled(p->timer, SD_EVENT_ONESHOT);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	(void)source;
	(void)usec;
	turn(userdata, false);
	return 0;
}

static int on_mail(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct publications *p = userdata;
	struct mail mail;
	bool new_session;

	(void)source;
	(void)fd;
	(void)revents;
	take_mail(p, &mail);
	if (mail.stop)
		return sd_event_exit(p->event, 0);
	new_session = mail.sessions != p->sessions;
	p->sessions = mail.sessions;
	p->online = mail.online;
	turn(p, new_session);
	return 0;
}

static void *publications_thread(void *arg)
{
	struct publications *p = arg;

	privileges_drop();
	(void)sd_event_loop(p->event);
	return NULL;
}

/* --- from outside ---------------------------------------------------------- */

static int watch(struct publications *p)
{
	int r;

	r = sd_event_new(&p->event);
	if (r >= 0)
		r = sd_event_add_io(p->event, NULL, p->mail_fd, EPOLLIN, on_mail, p);
	if (r >= 0)
		r = sd_event_add_time(p->event, &p->timer, CLOCK_MONOTONIC, 0, 1,
				      on_timer, p);
	if (r >= 0) /* each has at most one file being read */
		r = workers_new(&p->workers, p->event, (unsigned int)p->n);
	return r < 0 ? r : 0;
}

int publications_new(struct publications **ret, const struct publication_settings *list,
		     size_t n, struct facts *facts, publications_sink sink, void *ctx)
{
	_cleanup_(publications_freep) struct publications *p = NULL;
	int r;

	p = calloc(1, sizeof(*p) + n * sizeof(p->list[0]));
	if (!p)
		return -ENOMEM;
	(void)pthread_mutex_init(&p->lock, NULL);
	p->facts = facts;
	p->sink = sink;
	p->ctx = ctx;
	p->n = n;
	for (size_t i = 0; i < n; i++) {
		p->list[i].all = p;
		p->list[i].settings = &list[i];
		p->list[i].failures.interval_s = FAILURES_INTERVAL_S;
		p->list[i].failures.burst = FAILURES_BURST;
	}
	p->mail_fd = fd_event_new();
	if (p->mail_fd < 0)
		return p->mail_fd;
	r = watch(p);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(p);
	return 0;
}

struct publications *publications_free(struct publications *p)
{
	if (!p)
		return NULL;
	publications_stop(p);
	p->workers = workers_free(p->workers);
	for (size_t i = 0; i < p->n; i++)
		last_value_clear(&p->list[i].last);
	p->timer = sd_event_source_disable_unref(p->timer);
	p->event = sd_event_unref(p->event);
	(void)fd_close(p->mail_fd);
	(void)pthread_mutex_destroy(&p->lock);
	free(p);
	return NULL;
}

int publications_start(struct publications *p)
{
	int r;

	if (p->n == 0)
		return 0;
	r = -pthread_create(&p->thread, NULL, publications_thread, p);
	if (r < 0)
		return r;
	p->started = true;
	fd_event_signal(p->mail_fd); /* QoS 1 and 2 begin now */
	(void)pthread_setname_np(p->thread, "publish");
	return 0;
}

void publications_stop(struct publications *p)
{
	if (!p->started)
		return;
	(void)pthread_mutex_lock(&p->lock);
	p->mailbox.stop = true;
	(void)pthread_mutex_unlock(&p->lock);
	fd_event_signal(p->mail_fd);
	(void)pthread_join(p->thread, NULL);
	p->started = false;
}

void publications_session(struct publications *p, bool online)
{
	(void)pthread_mutex_lock(&p->lock);
	p->mailbox.online = online;
	p->mailbox.sessions += online;
	(void)pthread_mutex_unlock(&p->lock);
	fd_event_signal(p->mail_fd);
}

void publications_get_counters(struct publications *p, struct publications_counters *ret)
{
	(void)pthread_mutex_lock(&p->lock);
	*ret = p->shared_counters;
	(void)pthread_mutex_unlock(&p->lock);
}
