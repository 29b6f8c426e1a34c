// SPDX-License-Identifier: MIT
/* announce.c — tells the journal and systemd when a rung changes */
#include "mqttnode/announce.h"

#include <ctype.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "mqttnode/log.h"
#include "mqttnode/text.h"

/* Whether two causes differ only in numbers: "(12 s)" is no news after "(8 s)". */
static bool same_but_numbers(const char *a, const char *b)
{
	for (;;) {
		while (isdigit((unsigned char)*a))
			a++;
		while (isdigit((unsigned char)*b))
			b++;
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
	};
	int level = status->state == RUNG_STATE_FAILED ? LOG_WARNING : LOG_INFO;

	(void)log_write(level, 0, fields, ARRAY_SIZE(fields), "%s %s%s: %s", name, state,
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
	    same_but_numbers(a->rungs[rung].text, status->text))
		return;
	log_rung(rung, status, a->rungs[rung].told && a->rungs[rung].bad && !bad);
	a->rungs[rung].told = true;
	a->rungs[rung].bad = bad;
	memcpy(a->rungs[rung].text, status->text, sizeof(status->text));
}

void announce(struct announcer *a, const struct ladder_view *view)
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
	(void)sd_notifyf(0, "STATUS=%s", status);
}
