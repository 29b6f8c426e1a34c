// SPDX-License-Identifier: MIT
/* announce.c — tells the journal and systemd when a rung changes */
#include "mqttnode/announce.h"

#include <ctype.h>
#include <string.h>

#include "mqttnode/log.h"
#include "mqttnode/text.h"

/*
 * How much of @s may change without being news. Of a failure any number: "(12 s)"
 * follows "(8 s)", and several addresses of a broker take turns. Of what is fine
 * only a time, "lease 120 s": another address or speed is news.
 */
static size_t no_news(const char *s, bool bad)
{
	size_t digits = strspn(s, "0123456789");

	if (bad ||
	    (strncmp(s + digits, " s", 2) == 0 && !isalpha((unsigned char)s[digits + 2])))
		return digits;
	return 0;
}

static bool same_news(const char *a, const char *b, bool bad)
{
	for (;;) {
		a += no_news(a, bad);
		b += no_news(b, bad);
		if (*a != *b)
			return false;
		if (!*a)
			return true;
		a++;
		b++;
	}
}

static void log_rung(enum rung rung, const struct rung_status *status, bool mended)
{
	const char *name = rung_to_string(rung);
	const char *state = rung_state_to_string(status->state);
	struct log_field fields[] = {
		LOG_FIELD_STR("MQTTNODE_EVENT", "rung"),
		LOG_FIELD_STR("MQTTNODE_RUNG", name),
		LOG_FIELD_STR("MQTTNODE_RUNG_STATE", state),
		LOG_FIELD_STR("MQTTNODE_CAUSE", cause_to_string(status->cause)),
	};
	size_t n = status->cause ? ARRAY_SIZE(fields) : ARRAY_SIZE(fields) - 1;
	int level = status->state == RUNG_STATE_FAILED ? LOG_WARNING : LOG_INFO;

	(void)log_write(level, 0, fields, n, "%s %s%s: %s", name, state,
			mended ? " again" : "", status->text);
}

static void announce_rung(struct announcer *a, enum rung rung,
			  const struct rung_status *status)
{
	bool bad = status->state == RUNG_STATE_FAILED;

	/* Trying and waiting say nothing that the rung below has not said. */
	if (!bad && status->state != RUNG_STATE_OK)
		return;
	if (a->rungs[rung].told && a->rungs[rung].bad == bad &&
	    same_news(a->rungs[rung].text, status->text, bad))
		return;
	log_rung(rung, status, a->rungs[rung].told && a->rungs[rung].bad && !bad);
	a->rungs[rung].told = true;
	a->rungs[rung].bad = bad;
	memcpy(a->rungs[rung].text, status->text, sizeof(status->text));
}

void announce(struct announcer *a, struct notifier *notifier,
	      const struct ladder_view *view)
{
	char status[sizeof(a->status)];

	for (int i = 0; i < RUNGS; i++)
		announce_rung(a, (enum rung)i, &view->rungs[i]);

	if (view->online != a->was_online) {
		a->was_online = view->online;
		(void)log_event(LOG_NOTICE, view->online ? "online" : "offline", "%s",
				view->online ? "Online" : "Offline");
	}
	ladder_summary(view, status, sizeof(status));
	if (strcmp(status, a->status) == 0)
		return;
	memcpy(a->status, status, sizeof(status));
	notifier_status(notifier, status);
}
