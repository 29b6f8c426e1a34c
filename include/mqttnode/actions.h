/* SPDX-License-Identifier: MIT */
/*
 * actions.h — what a message that arrived does: lines, programs, files
 *
 * Theory of operation
 *
 * The journal is written by the MQTT thread and the screen by main. All else
 * that a subscription may do could take its time, so it belongs to a thread of
 * its own, "actions", which is there only if a subscription needs it:
 *
 *	mqtt ── queue of struct mqtt_message, one a subscription ──> actions
 *	mqtt ── actions_session() ─────────────────────────────────> actions
 *
 * "gpio" switches a line at once. "file" and "command" take one message after
 * another of their subscription; those of different subscriptions do not wait
 * for each other. Files are written by workers, programs are watched
 * (command.h); the thread itself waits for nothing.
 *
 * Outputs are requested in their safe state at the start, and go back to it
 * when the session with the broker ends and when the daemon stops. After
 * SIGKILL the kernel releases the lines; what level they have then is up to
 * the chip, mostly the last one.
 *
 * A retained message is an old one: it does nothing unless the subscription
 * says so. More messages than the rate allows are dropped. All of it is
 * counted. The thread gives up the daemon's capabilities.
 */
#ifndef MQTTNODE_ACTIONS_H
#define MQTTNODE_ACTIONS_H

#include "mqttnode/cleanup.h"
#include "mqttnode/queue.h"
#include "mqttnode/settings.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What this module does of a subscription's actions. */
#define ACTIONS_MASK (SUBSCRIPTION_GPIO | SUBSCRIPTION_COMMAND | SUBSCRIPTION_FILE)

/* Messages on their way to the thread, and of each subscription waiting in it. */
#define ACTIONS_INBOX_MAX   256
#define ACTIONS_PENDING_MAX 64

struct actions;

struct actions_counters {
	uint64_t actions_done;
	uint64_t actions_failed;
	uint64_t actions_retained; /* ignored, because they were retained */
	uint64_t actions_rate;	   /* dropped, because they came too fast */
	uint64_t actions_pending;  /* dropped, because too many waited */
};

/*
 * @list and @inbox, a queue of struct mqtt_message, must outlive it. Files with
 * a relative path are below @directory, which is copied. 0 or -errno; release
 * with actions_free(). Main.
 */
int actions_new(struct actions **ret, const struct subscription_settings *list, size_t n,
		struct queue *inbox, const char *directory);

/*
 * Who is told whether an output is on: of each at the begin of a session, and during
 * it whenever that changes, also to the safe state of a stop. Called in the thread.
 * What it does not take, which is other than 0, it is told once more, with @again, when
 * actions_tell_again() says so or something else happens. Main, before actions_start().
 */
void actions_set_line_callback(struct actions *a,
			       int (*on_line)(void *ctx,
					      const struct output_settings *line, bool on,
					      bool again),
			       void *ctx);

/* Stops the thread if it runs. Accepts NULL, returns NULL. Main. */
struct actions *actions_free(struct actions *a);

/* Starts the thread. 0 or -errno. Main. */
int actions_start(struct actions *a);

/* Makes all outputs safe and ends the thread. Main. */
void actions_stop(struct actions *a);

/*
 * Stops @old, whose place @a takes, which was not started yet. Outputs that both
 * have keep their state, and the counters go on; programs that run are ended. Main.
 */
void actions_follow(struct actions *a, struct actions *old);

/*
 * A session with the broker has begun or ended. That it has begun may be said again:
 * all outputs are told again. Any thread; never waits.
 */
void actions_session(struct actions *a, bool online);

/* States of outputs that were not taken would be now. Any thread; never waits. */
void actions_tell_again(struct actions *a);

/* A copy of the counters. Any thread. */
void actions_get_counters(struct actions *a, struct actions_counters *ret);

/* Whether any subscription needs the thread. */
bool actions_needed(const struct subscription_settings *list, size_t n);

DEFINE_CLEANUP(struct actions, actions_free);

#endif
