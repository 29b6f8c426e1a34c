// SPDX-License-Identifier: MIT
/*
 * ladder.c — which rung from cable to broker is broken, and why
 *
 * Reporters know only their own rung and may be late: while the cable is out
 * the MQTT thread may still be looking up a name. What people are shown is
 * therefore worked out here, from the bottom up: above a rung that is not all
 * right, everything that is not fine itself is waiting. A rung that is fine
 * stays so: a session survives a cable that is out for a second.
 */
#include "mqttnode/ladder.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "mqttnode/clock.h"
#include "mqttnode/fd.h"
#include "mqttnode/text.h"

struct ladder {
	pthread_mutex_t lock; /* protects the two arrays */
	struct {
		enum rung_state state;
		enum cause_id cause;
		char text[LADDER_TEXT_SIZE];
	} reported[RUNGS];
	struct {
		enum rung_state state;
		uint64_t since_ns;
	} shown[RUNGS];
	int event_fd;
};

static const char *const rung_names[] = {
	[RUNG_CHIP] = "chip",	[RUNG_LINK] = "link",	    [RUNG_ADDRESS] = "address",
	[RUNG_ROUTE] = "route", [RUNG_NAME] = "name",	    [RUNG_TCP] = "tcp",
	[RUNG_TLS] = "tls",	[RUNG_CONNACK] = "connack", [RUNG_SUBACK] = "suback",
};
static_assert(ARRAY_SIZE(rung_names) == RUNGS, "every rung has a name");

static const char *const state_names[] = {
	[RUNG_STATE_OK] = "ok",		[RUNG_STATE_TRYING] = "trying",
	[RUNG_STATE_FAILED] = "failed", [RUNG_STATE_WAITING] = "waiting",
	[RUNG_STATE_UNUSED] = "unused",
};

const char *rung_to_string(enum rung rung)
{
	return rung_names[rung];
}

const char *rung_state_to_string(enum rung_state state)
{
	return state_names[state];
}

int ladder_new(struct ladder **ret)
{
	uint64_t now = clock_now_ns(&clock_system);
	struct ladder *l;

	l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->event_fd = fd_event_new();
	if (l->event_fd < 0) {
		int r = l->event_fd;

		free(l);
		return r;
	}
	(void)pthread_mutex_init(&l->lock, NULL);
	for (int i = 0; i < RUNGS; i++) {
		l->reported[i].state = l->shown[i].state = RUNG_STATE_WAITING;
		l->shown[i].since_ns = now;
	}
	*ret = l;
	return 0;
}

struct ladder *ladder_free(struct ladder *l)
{
	if (!l)
		return NULL;
	(void)fd_close(l->event_fd);
	(void)pthread_mutex_destroy(&l->lock);
	free(l);
	return NULL;
}

static bool not_all_right(enum rung_state state)
{
	return state != RUNG_STATE_OK && state != RUNG_STATE_UNUSED;
}

/* Works out what is shown. The lock is held. */
static void refresh(struct ladder *l)
{
	uint64_t now = clock_now_ns(&clock_system);
	bool broken_below = false;

	for (int i = 0; i < RUNGS; i++) {
		enum rung_state state = l->reported[i].state;

		if (broken_below && not_all_right(state))
			state = RUNG_STATE_WAITING;
		if (state != l->shown[i].state) {
			l->shown[i].state = state;
			l->shown[i].since_ns = now;
		}
		broken_below = broken_below || not_all_right(state);
	}
}

static void report(struct ladder *l, enum rung rung, enum rung_state state,
		   enum cause_id cause, const char *format, va_list ap)
	__attribute__((format(printf, 5, 0)));

static void report(struct ladder *l, enum rung rung, enum rung_state state,
		   enum cause_id cause, const char *format, va_list ap)
{
	char text[LADDER_TEXT_SIZE], raw[2 * LADDER_TEXT_SIZE];
	bool changed;

	if (vsnprintf(raw, sizeof(raw), format, ap) < 0)
		raw[0] = '\0';
	text_escape_rest(text, sizeof(text), raw);

	(void)pthread_mutex_lock(&l->lock);
	changed = l->reported[rung].state != state || l->reported[rung].cause != cause ||
		  strcmp(l->reported[rung].text, text) != 0;
	if (changed) {
		l->reported[rung].state = state;
		l->reported[rung].cause = cause;
		memcpy(l->reported[rung].text, text, sizeof(text));
		refresh(l);
	}
	(void)pthread_mutex_unlock(&l->lock);
	if (changed)
		fd_event_signal(l->event_fd);
}

void ladder_report(struct ladder *l, enum rung rung, enum rung_state state,
		   const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	report(l, rung, state, CAUSE_NONE, format, ap);
	va_end(ap);
}

void ladder_report_cause(struct ladder *l, enum rung rung, enum rung_state state,
			 enum cause_id cause, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	report(l, rung, state, cause, format, ap);
	va_end(ap);
}

void ladder_view(struct ladder *l, struct ladder_view *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->first_bad = -1;
	(void)pthread_mutex_lock(&l->lock);
	for (int i = 0; i < RUNGS; i++) {
		struct rung_status *rung = &ret->rungs[i];

		rung->state = l->shown[i].state;
		rung->since_ns = l->shown[i].since_ns;
		if (rung->state != RUNG_STATE_WAITING) {
			rung->cause = l->reported[i].cause;
			memcpy(rung->text, l->reported[i].text, sizeof(rung->text));
		}
		if (ret->first_bad < 0 && (rung->state == RUNG_STATE_TRYING ||
					   rung->state == RUNG_STATE_FAILED))
			ret->first_bad = i;
	}
	(void)pthread_mutex_unlock(&l->lock);

	/* A lease that nobody confirms is good until it runs out, and so is the session.
	 */
	ret->online = ret->rungs[RUNG_CHIP].state == RUNG_STATE_OK &&
		      ret->rungs[RUNG_LINK].state == RUNG_STATE_OK &&
		      ret->rungs[RUNG_CONNACK].state == RUNG_STATE_OK;
}

int ladder_event_fd(const struct ladder *l)
{
	return l->event_fd;
}

char *ladder_summary(const struct ladder_view *view, char *buf, size_t size)
{
	if (view->first_bad >= 0)
		return text_format(buf, size, "%s: %s",
				   rung_to_string((enum rung)view->first_bad),
				   view->rungs[view->first_bad].text);
	if (view->online)
		return text_format(buf, size, "online as %s, %s",
				   view->rungs[RUNG_ADDRESS].text,
				   view->rungs[RUNG_CONNACK].text);
	return text_format(buf, size, "starting");
}
