/* SPDX-License-Identifier: MIT */
/*
 * ladder.h — which rung from cable to broker is broken, and why
 *
 * Whoever knows the truth about a rung reports it here; the ladder keeps state,
 * cause and since when, and tells main that something changed. The first rung
 * that is not all right is what screen, journal and systemctl status show.
 */
#ifndef MQTTNODE_LADDER_H
#define MQTTNODE_LADDER_H

#include "mqttnode/cause.h"
#include "mqttnode/cleanup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rung {
	RUNG_CHIP,
	RUNG_LINK,
	RUNG_ADDRESS,
	RUNG_ROUTE,
	RUNG_NAME,
	RUNG_TCP,
	RUNG_TLS,
	RUNG_CONNACK,
	RUNG_SUBACK,
	RUNGS,
};

enum rung_state {
	RUNG_STATE_OK,
	RUNG_STATE_TRYING,
	RUNG_STATE_FAILED,
	RUNG_STATE_WAITING, /* a lower one is not all right */
	RUNG_STATE_UNUSED,  /* not needed here: no TLS, no gateway, a literal address */
};

#define LADDER_TEXT_SIZE 160

struct rung_status {
	enum rung_state state;
	enum cause_id cause; /* of @text; of a rung that is ok: what could be better */
	char text[LADDER_TEXT_SIZE]; /* a sentence: the cause, or when ok the fact ("100
					Mbit/s full duplex") */
	uint64_t since_ns;	     /* CLOCK_MONOTONIC of the last change of state */
};

struct ladder;

/* All rungs begin as waiting. 0 or -errno; release with ladder_free(). */
int ladder_new(struct ladder **ret);
struct ladder *ladder_free(struct ladder *l);

/*
 * Reports a rung. The text is printf-formatted and has no trailing full stop;
 * a long one is cut at a character, an unprintable one escaped. A report equal to the last one changes nothing and wakes nobody. Any thread.
 */
void ladder_report(struct ladder *l, enum rung rung, enum rung_state state,
		   const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The same with the name of the cause: for all that is failed, where it is known. */
void ladder_report_cause(struct ladder *l, enum rung rung, enum rung_state state,
			 enum cause_id cause, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/*
 * A whole look at the ladder. Above a rung that is not all right, what is not
 * fine itself is waiting and has no text.
 */
struct ladder_view {
	struct rung_status rungs[RUNGS];
	int first_bad; /* lowest rung that is trying or failed, or -1 */
	bool online;   /* chip, link and CONNACK are all right: messages flow */
};
void ladder_view(struct ladder *l, struct ladder_view *ret); /* any thread */

/*
 * Readable when a report changed something; main clears it with
 * fd_event_clear(), then looks. Owned by the ladder.
 */
int ladder_event_fd(const struct ladder *l);

/* "chip", "link", ...; "ok", "trying", ... */
const char *rung_to_string(enum rung rung);
const char *rung_state_to_string(enum rung_state state);

/*
 * One line for STATUS=: "online as ADDRESS..., BROKER..." or the first rung
 * that is not all right: "link: No cable on the W5500". Returns @buf.
 */
char *ladder_summary(const struct ladder_view *view, char *buf, size_t size);

DEFINE_CLEANUP(struct ladder, ladder_free);

#endif
