// SPDX-License-Identifier: MIT
/* publications.c — what is published and when: the thread that composes */
#include "mqttnode/publications.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "mqttnode/clock.h"
#include "mqttnode/fd.h"
#include "mqttnode/privileges.h"
#include "mqttnode/template.h"
#include "mqttnode/workers.h"

#include "publication.h"

/* What others tell the thread. */
struct mail {
	bool online;
	unsigned int sessions;	/* that have begun */
	unsigned int announced; /* publications_announce() calls in a session */
	bool stop;
};

struct publications {
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
	struct commands *commands;
	struct composer composer;
	bool online;
	unsigned int sessions, announced;

	size_t n;
	struct publication list[];
};

static void share_counters(struct publications *p)
{
	(void)pthread_mutex_lock(&p->lock);
	p->shared_counters = p->composer.counters;
	(void)pthread_mutex_unlock(&p->lock);
}

/* --- the thread ------------------------------------------------------------ */

static void on_answer(void *ctx)
{
	share_counters(ctx);
}

static void take_mail(struct publications *p, struct mail *ret)
{
	(void)fd_event_clear(p->mail_fd);
	(void)pthread_mutex_lock(&p->lock);
	*ret = p->mailbox;
	(void)pthread_mutex_unlock(&p->lock);
}

/* Which triggers of a publication fire at @now. */
static unsigned int fired(struct publications *p, struct publication *publication,
			  bool new_session, uint64_t now)
{
	const struct publication_settings *settings = publication->settings;
	const unsigned int of_beats =
		settings->triggers & (PUBLISH_INTERVAL | PUBLISH_CHANGE);
	unsigned int wanted = 0;

	if (new_session || (publication->fresh && p->online))
		wanted |= settings->triggers & PUBLISH_CONNECT;
	publication->fresh = publication->fresh && !p->online;
	if (of_beats == 0)
		return wanted;
	if (settings->qos > 0 || p->online)
		beat_start(&publication->beat, now);
	if (beat_take(&publication->beat, settings->interval_ms * NSEC_PER_MSEC, now,
		      &p->composer.counters.missed))
		wanted |= of_beats;
	return wanted;
}

/* Looks at the sources of those that have a name, whatever their triggers are. */
static void announce(struct publications *p)
{
	uint64_t now = clock_now_ns(&clock_system);

	for (size_t i = 0; i < p->n; i++)
		if (p->list[i].settings->name)
			publication_look(&p->list[i], PUBLISH_CONNECT, now);
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
		wanted = fired(p, publication, new_session, now);
		if (wanted)
			publication_look(publication, wanted, now);
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
	if (mail.announced != p->announced && p->online)
		announce(p);
	p->announced = mail.announced;
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

/* Its numbers belong to its topic; a second one of the same topic has its own. */
static int find_sequence(struct publications *p, size_t i)
{
	const struct publication_settings *settings = p->list[i].settings;
	_cleanup_free_ char *name = NULL;
	unsigned int nth = 1;
	int r;

	p->list[i].sequence = -1;
	if (!settings->text || !template_uses(settings->text, TEMPLATE_SEQ))
		return 0;
	for (size_t j = 0; j < i; j++)
		nth += strcmp(p->list[j].settings->topic, settings->topic) == 0;
	if (nth == 1)
		name = strdup(settings->topic);
	else if (asprintf(&name, "%s#%u", settings->topic, nth) < 0)
		name = NULL;
	r = name ? spool_sequence(p->composer.spool, name) : -ENOMEM;
	if (r >= 0)
		p->list[i].sequence = r;
	return r < 0 ? r : 0;
}

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
	if (r >= 0)
		r = commands_new(&p->commands, p->event);
	p->composer.event = p->event;
	p->composer.workers = p->workers;
	p->composer.commands = p->commands;
	return r < 0 ? r : 0;
}

int publications_new(struct publications **ret, const struct publication_settings *list,
		     size_t n, struct facts *facts, struct spool *spool,
		     publications_sink sink, void *ctx)
{
	_cleanup_(publications_freep) struct publications *p = NULL;
	int r;

	p = calloc(1, sizeof(*p) + n * sizeof(p->list[0]));
	if (!p)
		return -ENOMEM;
	(void)pthread_mutex_init(&p->lock, NULL);
	p->composer.facts = facts;
	p->composer.spool = spool;
	p->composer.sink = sink;
	p->composer.sink_ctx = ctx;
	p->composer.on_answer = on_answer;
	p->composer.answer_ctx = p;
	p->n = n;
	p->mail_fd = fd_event_new();
	if (p->mail_fd < 0)
		return p->mail_fd;
	r = watch(p);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = publication_init(&p->list[i], &p->composer, &list[i]);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = find_sequence(p, i);
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
	p->commands = commands_free(p->commands);
	for (size_t i = 0; i < p->n; i++)
		publication_fini(&p->list[i]);
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
	p->commands = commands_free(p->commands); /* what runs is killed */
}

static bool is_online(struct publications *p)
{
	bool online;

	(void)pthread_mutex_lock(&p->lock);
	online = p->mailbox.online;
	(void)pthread_mutex_unlock(&p->lock);
	return online;
}

void publications_follow(struct publications *p, struct publications *old)
{
	assert(!p->started && !old->started);
	p->composer.counters = old->composer.counters;
	for (size_t i = 0; i < p->n; i++)
		for (size_t j = 0; j < old->n; j++)
			if (publication_follow(&p->list[i], &old->list[j]))
				break;
	share_counters(p);
}

void publications_join_session(struct publications *p, struct publications *old)
{
	p->online = p->mailbox.online = is_online(old);
}

void publications_session(struct publications *p, bool online)
{
	(void)pthread_mutex_lock(&p->lock);
	p->mailbox.online = online;
	p->mailbox.sessions += online;
	(void)pthread_mutex_unlock(&p->lock);
	fd_event_signal(p->mail_fd);
}

void publications_announce(struct publications *p)
{
	(void)pthread_mutex_lock(&p->lock);
	p->mailbox.announced += p->mailbox.online;
	(void)pthread_mutex_unlock(&p->lock);
	fd_event_signal(p->mail_fd);
}

void publications_get_counters(struct publications *p, struct publications_counters *ret)
{
	(void)pthread_mutex_lock(&p->lock);
	*ret = p->shared_counters;
	(void)pthread_mutex_unlock(&p->lock);
}
