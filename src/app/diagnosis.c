// SPDX-License-Identifier: MIT
/* diagnosis.c — from what a daemon reports to findings: what is wrong, and where */
#include "mqttnode/diagnosis.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "mqttnode/cleanup.h"
#include "mqttnode/ladder.h"
#include "mqttnode/text.h"

/* The usual spidev.bufsiz: two frames in a message. */
#define SMALL_BUFFER 4096

/* A session that ends more often than once in so many seconds is taken away; */
#define SESSION_S 60

/* one end may be that of the broker. */
#define SESSIONS_MIN 2

/* A word takes less to come back. */
#define ECHO_S 3

#define EXIT_CONFIGURATION 78

/* Places in the order in which they are climbed, with their exit status. */
static const struct {
	const char *where;
	int status;
} places[] = {
	{ "configuration", EXIT_CONFIGURATION },
	{ "interface", 9 },
	{ "chip", 10 },
	{ "link", 11 },
	{ "address", 12 },
	{ "route", 13 },
	{ "name", 14 },
	{ "tcp", 15 },
	{ "tls", 16 },
	{ "connack", 17 },
	{ "suback", 18 },
	{ "publish", 19 },
	{ "display", 20 },
};

static const char *const level_names[] = {
	[FINDING_FAILED] = "failed",
	[FINDING_HINT] = "hint",
};

const char *finding_level_to_string(enum finding_level level)
{
	return level_names[level];
}

void diagnosis_add(struct diagnosis *d, enum finding_level level, const char *where,
		   enum cause_id cause, const char *format, ...)
{
	struct finding f = { .level = level, .cause = cause };
	char raw[sizeof(f.seen)];
	size_t at = d->n;
	va_list ap;

	va_start(ap, format);
	if (vsnprintf(raw, sizeof(raw), format, ap) < 0)
		raw[0] = '\0';
	va_end(ap);
	text_escape_rest(f.seen, sizeof(f.seen), raw);
	text_escape_str(f.where, sizeof(f.where), where);
	for (size_t i = 0; i < d->n; i++)
		if (d->findings[i].cause == cause &&
		    strcmp(d->findings[i].where, f.where) == 0 &&
		    strcmp(d->findings[i].seen, f.seen) == 0)
			return;
	if (d->n == DIAGNOSIS_MAX) {
		d->left_out++;
		return;
	}
	while (level == FINDING_FAILED && at > 0 &&
	       d->findings[at - 1].level == FINDING_HINT) {
		d->findings[at] = d->findings[at - 1];
		at--;
	}
	d->findings[at] = f;
	d->n++;
}

int diagnosis_exit_status(const struct diagnosis *d)
{
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		for (size_t j = 0; j < d->n; j++)
			if (d->findings[j].level == FINDING_FAILED &&
			    strcmp(d->findings[j].where, places[i].where) == 0)
				return places[i].status;
	return 0;
}

/* --- the status ------------------------------------------------------------- */

static json_object *member(json_object *o, const char *name)
{
	json_object *value = NULL;

	if (!json_object_is_type(o, json_type_object))
		return NULL;
	(void)json_object_object_get_ex(o, name, &value);
	return value;
}

static const char *string(json_object *o, const char *name)
{
	json_object *value = member(o, name);

	return json_object_is_type(value, json_type_string)
		       ? json_object_get_string(value)
		       : "";
}

static uint64_t number(json_object *o, const char *name)
{
	return json_object_get_uint64(member(o, name));
}

static bool is_true(json_object *o, const char *name)
{
	return json_object_get_boolean(member(o, name));
}

static enum cause_id cause(json_object *o, const char *name)
{
	return cause_from_string(string(o, name));
}

static void read_rung(struct diagnosis *d, json_object *rung)
{
	const char *state = string(rung, "state");
	const char *text = string(rung, "text");
	enum cause_id id = cause(rung, "cause_id");

	if (strcmp(state, rung_state_to_string(RUNG_STATE_FAILED)) == 0 ||
	    strcmp(state, rung_state_to_string(RUNG_STATE_TRYING)) == 0)
		diagnosis_add(d, FINDING_FAILED, string(rung, "rung"), id, "%s", text);
	else if (id != CAUSE_NONE)
		diagnosis_add(d, FINDING_HINT, string(rung, "rung"), id, "%s", text);
}

/* Whether the rung has been all right for long enough that a word can have come back. */
static bool is_settled(json_object *ladder, enum rung wanted)
{
	json_object *rung = json_object_array_get_idx(ladder, wanted);

	return strcmp(string(rung, "state"), rung_state_to_string(RUNG_STATE_OK)) == 0 &&
	       number(rung, "since_s") >= ECHO_S;
}

static void read_chip(struct diagnosis *d, json_object *chip)
{
	if (string(chip, "hint")[0])
		diagnosis_add(d, FINDING_HINT, "chip", cause(chip, "hint_id"), "%s",
			      string(chip, "hint"));
}

/* What is only slow is not worth a word beside what does not work. */
static void read_limits(struct diagnosis *d, json_object *chip)
{
	uint64_t bytes = number(chip, "spi_bufsiz");

	if (diagnosis_exit_status(d) == 0 && bytes > 0 && bytes <= SMALL_BUFFER)
		diagnosis_add(d, FINDING_HINT, "chip", CAUSE_SPI_SMALL_BUFFER,
			      "One SPI message carries %" PRIu64 " bytes", bytes);
}

/* Sessions that are taken away again and again, until lately. */
static void read_sessions(struct diagnosis *d, json_object *status)
{
	json_object *rung =
		json_object_array_get_idx(member(status, "ladder"), RUNG_CONNACK);
	uint64_t ends = number(member(status, "mqtt"), "taken_over");
	uint64_t up_s = number(status, "uptime_s");

	if (ends >= SESSIONS_MIN && up_s / ends < SESSION_S &&
	    number(rung, "since_s") < SESSION_S)
		diagnosis_add(d, FINDING_FAILED, "connack", CAUSE_CLIENT_ID_TWICE,
			      "The broker ended the session %" PRIu64 " times in %" PRIu64
			      " s",
			      ends, up_s);
}

static void read_mqtt(struct diagnosis *d, json_object *status)
{
	json_object *mqtt = member(status, "mqtt");
	uint64_t refused = number(mqtt, "refused");

	read_sessions(d, status);
	if (refused > 0)
		diagnosis_add(d, FINDING_FAILED, "publish", CAUSE_PUBLISH_REFUSED,
			      "The broker refused %" PRIu64 " of the messages published",
			      refused);
	else if (number(mqtt, "status_sent") > 0 && number(mqtt, "status_heard") == 0 &&
		 is_settled(member(status, "ladder"), RUNG_CONNACK))
		diagnosis_add(
			d, FINDING_HINT, "publish", CAUSE_PUBLISH_REFUSED,
			"The broker does not pass on what this node publishes on its "
			"status topic");
}

/* A ladder that is not climbed needs a reason; the last resort. */
static void read_rest(struct diagnosis *d, json_object *status)
{
	json_object *ladder = member(status, "ladder");

	if (is_true(status, "online") || diagnosis_exit_status(d) != 0)
		return;
	for (size_t i = 0; i < json_object_array_length(ladder); i++) {
		json_object *rung = json_object_array_get_idx(ladder, i);

		if (strcmp(string(rung, "state"),
			   rung_state_to_string(RUNG_STATE_WAITING)) != 0)
			continue;
		diagnosis_add(d, FINDING_FAILED, string(rung, "rung"), CAUSE_NONE,
			      "This rung was not reached");
		return;
	}
}

static void read_display(struct diagnosis *d, json_object *display)
{
	if (!display)
		return;
	if (!is_true(display, "present") && cause(display, "cause_id") != CAUSE_NONE)
		diagnosis_add(d, FINDING_FAILED, "display", cause(display, "cause_id"),
			      "%s", string(display, "cause"));
	else if (string(display, "hint")[0])
		diagnosis_add(d, FINDING_HINT, "display", cause(display, "hint_id"), "%s",
			      string(display, "hint"));
}

void diagnosis_read_status(struct diagnosis *d, json_object *status)
{
	json_object *ladder = member(status, "ladder");

	if (json_object_is_type(ladder, json_type_array))
		for (size_t i = 0; i < json_object_array_length(ladder); i++)
			read_rung(d, json_object_array_get_idx(ladder, i));
	else
		ladder = NULL;
	read_chip(d, member(status, "chip"));
	if (ladder) {
		read_mqtt(d, status);
		read_rest(d, status);
	}
	read_display(d, member(status, "display"));
	read_limits(d, member(status, "chip"));
}
