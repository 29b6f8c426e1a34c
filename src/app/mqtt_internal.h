/* SPDX-License-Identifier: MIT */
/* mqtt_internal.h — what main's side of MQTT and its thread share; see mqtt.c */
#ifndef MQTTNODE_MQTT_INTERNAL_H
#define MQTTNODE_MQTT_INTERNAL_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "mqttnode/mqtt.h"

#include "mqtt_client.h"
#include "mqtt_connection.h"
#include "mqtt_forget.h"
#include "mqtt_handover.h"
#include "mqtt_outbox.h"
#include "mqtt_poison.h"
#include "mqtt_refusals.h"
#include "mqtt_status.h"
#include "mqtt_subscribe.h"
#include "mqtt_tls.h"

/* What main has to say: the latest counts. */
struct mail {
	struct mqtt_path path;
	bool stop;
	bool forget; /* when it stops */
	uint64_t stop_deadline_ns;
	unsigned int status_wanted; /* counts mqtt_say_status() */
	uint64_t park_ns; /* what is not delivered is written to the disk then */
};

/* What is made of a configuration, in main, and used by the thread. */
struct mqtt_session {
	const struct mqtt_settings *settings; /* borrowed */
	struct mqtt_tls *tls;		      /* NULL: off, or see the next */
	struct mqtt_client *client; /* NULL: the connection goes on, with its status */
	struct mqtt_status status;
	struct mqtt_subscriber *subscriber;
};

/* How a connection is left: at a stop, or for another one. */
enum leave_phase {
	LEAVE_NOT,
	LEAVE_DRAINING,	      /* waiting for what is under way to be acknowledged */
	LEAVE_FORGETTING,     /* emptying all retained topics */
	LEAVE_SAYING_OFFLINE, /* waiting for the PUBACK of "offline" */
	LEAVE_DISCONNECTING,  /* DISCONNECT sent, waiting for the broker to close */
	LEAVE_DONE,
};

struct mqtt {
	const struct mqtt_timing *timing; /* borrowed */

	pthread_mutex_t lock; /* protects the next seven */
	struct mail mailbox;
	struct mqtt_session *next;    /* to change to; NULL: none */
	struct mqtt_session *retired; /* the thread is done with it; NULL: none */
	struct mqtt_counters shared_counters;
	struct mqtt_last last[MQTT_LAST_MAX]; /* a ring */
	size_t n_last;			      /* that were ever put into it */
	unsigned int requests;		      /* for main: enum subscription_action */

	pthread_t thread;
	bool started;
	int mail_fd;
	int ended_fd;
	int changed_fd; /* something has retired */
	int requests_fd;
	uint32_t packet_max; /* main's: of what was made last */
	struct mqtt_handover *handover;
	void (*on_session)(void *ctx, bool online);
	void *session_ctx;
	void (*on_room)(void *ctx);
	void *room_ctx;

	/* From here on: the thread's alone while it runs. */
	struct mail mail;
	struct mqtt_counters counters;
	struct mqtt_session *session;
	struct mqtt_connection connection;
	struct mqtt_outbox *outbox;
	struct ladder *ladder; /* borrowed, as the next */
	struct spool *spool;
	bool was_online;
	bool forgets; /* before the next session the broker forgets that of an earlier
			 client */
	unsigned int status_said; /* of those wanted */
	bool parked;
	enum leave_phase leave_phase;
	struct mqtt_forget forget;
	uint64_t leave_deadline_ns;
	struct mqtt_session *coming; /* what it is left for; NULL: a stop */
	unsigned int quick_rounds;
	struct mqtt_refusals refusals;
	struct mqtt_poison poison;
	bool take_back; /* what was under way, as it says */
};

/* What the library tells; the ctx is a struct mqtt. */
extern const struct mqtt_client_events mqtt_thread_events;

/* Sends for the outbox, whose ctx is a struct mqtt: see mqtt_sender. */
int mqtt_thread_send(void *ctx, const struct mqtt_outgoing *message, int *id);

/* --- mqtt.c ---------------------------------------------------------------- */

/* Will, "online" and "offline" are retained: notes where, before a connection. */
void mqtt_note_status(struct mqtt *m);

/* --- mqtt_leave.c ---------------------------------------------------------- */

/* Begins to leave the connection, for m->coming or for good. */
void mqtt_leave(struct mqtt *m, uint64_t now);

/* Goes on with that. */
void mqtt_go_on_leaving(struct mqtt *m, uint64_t now);

/* Goes over to m->coming, which is NULL then. The old session retires. */
void mqtt_go_over(struct mqtt *m, uint64_t now);

/* --- mqtt_thread.c --------------------------------------------------------- */

/* Begins without a connection, for m->session. */
void mqtt_init_connection(struct mqtt *m);

/* Takes what others want published, and sends what can be sent. */
void mqtt_thread_publish(struct mqtt *m, uint64_t now);

/* Decides, for a new client, whether it goes on with the session of the one before. */
void mqtt_choose_session(struct mqtt *m);

/* Tells everybody that the session has begun or ended, if it has. */
void mqtt_follow_session(struct mqtt *m, uint64_t now);

/* The thread, from mqtt_start() until its work is done; @arg is a struct mqtt. */
void *mqtt_thread(void *arg);

#endif
