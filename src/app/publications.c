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
#include "mqttnode/template.h"
#include "mqttnode/text.h"

#include "beat.h"

struct publication {
	const struct publication_settings *settings; /* borrowed */
	struct beat beat;
	uint64_t seq; /* the last one given out */
};

/* What others tell the thread. */
struct mail {
	bool online;
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
	struct publications_counters counters;
	struct facts_texts texts;
	uint64_t texts_ns; /* the turn that they belong to */
	bool online;

	size_t n;
	struct publication list[];
};

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

static void publish_text(struct publications *p, struct publication *publication,
			 uint64_t now)
{
	const struct facts_texts *texts = current_texts(p, now);
	const char *values[TEMPLATE_VARIABLES];
	_cleanup_free_ char *payload = NULL;
	char seq[24];

	for (size_t v = 0; v < TEMPLATE_VARIABLES; v++)
		values[v] = texts->text[v];
	/* A number is spent even if the message is dropped: the gap shows it. */
	values[TEMPLATE_SEQ] = text_format(seq, sizeof(seq), "%llu",
					   (unsigned long long)++publication->seq);
	payload = template_expand(publication->settings->text, values);
	if (payload)
		give(p, publication, payload, strlen(payload));
	else
		p->counters.failed++;
}

/* --- the thread ------------------------------------------------------------ */

static void take_mail(struct publications *p, struct mail *ret)
{
	(void)fd_event_clear(p->mail_fd);
	(void)pthread_mutex_lock(&p->lock);
	*ret = p->mailbox;
	(void)pthread_mutex_unlock(&p->lock);
}

static void share_counters(struct publications *p)
{
	(void)pthread_mutex_lock(&p->lock);
	p->shared_counters = p->counters;
	(void)pthread_mutex_unlock(&p->lock);
}

/* Looks at all sources that are due, and sets the timer for the next one. */
static void turn(struct publications *p)
{
	uint64_t now = clock_now_ns(&clock_system), next = UINT64_MAX;

	for (size_t i = 0; i < p->n; i++) {
		struct publication *publication = &p->list[i];
		uint64_t interval = publication->settings->interval_ms * NSEC_PER_MSEC;

		if (publication->settings->qos > 0 || p->online)
			beat_start(&publication->beat, now);
		if (beat_take(&publication->beat, interval, now, &p->counters.missed))
			publish_text(p, publication, now);
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
	turn(userdata);
	return 0;
}

static int on_mail(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct publications *p = userdata;
	struct mail mail;

	(void)source;
	(void)fd;
	(void)revents;
	take_mail(p, &mail);
	if (mail.stop)
		return sd_event_exit(p->event, 0);
	p->online = mail.online;
	turn(p);
	return 0;
}

static void *publications_thread(void *arg)
{
	struct publications *p = arg;

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
	for (size_t i = 0; i < n; i++)
		p->list[i].settings = &list[i];
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
	(void)pthread_mutex_unlock(&p->lock);
	fd_event_signal(p->mail_fd);
}

void publications_get_counters(struct publications *p, struct publications_counters *ret)
{
	(void)pthread_mutex_lock(&p->lock);
	*ret = p->shared_counters;
	(void)pthread_mutex_unlock(&p->lock);
}
