/* SPDX-License-Identifier: MIT */
/*
 * node_internal.h — what the files of the node share: the object and its parts
 *
 * node.c makes and takes down, node_parts.c makes what a configuration says,
 * node_events.c wires and hears, node_reload.c exchanges, node_verbs.c answers the
 * control socket, node_requests.c obeys messages, node_stop.c ends. All of it runs
 * in main.
 */
#ifndef MQTTNODE_NODE_INTERNAL_H
#define MQTTNODE_NODE_INTERNAL_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/signalfd.h>

#include <systemd/sd-event.h>

#include "mqttnode/actions.h"
#include "mqttnode/announce.h"
#include "mqttnode/control.h"
#include "mqttnode/discovery.h"
#include "mqttnode/display.h"
#include "mqttnode/facts.h"
#include "mqttnode/identity.h"
#include "mqttnode/incidents.h"
#include "mqttnode/ladder.h"
#include "mqttnode/mqtt.h"
#include "mqttnode/node.h"
#include "mqttnode/notify.h"
#include "mqttnode/pages.h"
#include "mqttnode/publications.h"
#include "mqttnode/pump.h"
#include "mqttnode/queue.h"
#include "mqttnode/report.h"
#include "mqttnode/rungs.h"
#include "mqttnode/uplink.h"
#include "mqttnode/vitals.h"

/* Messages on their way from the mqtt thread to the screen. */
#define NODE_INBOX_MAX 64

/* Who uses a configuration, maybe an earlier one. */
enum node_user {
	USER_PUBLICATIONS,
	USER_ACTIONS,
	USER_SESSION,
	USER_SCREEN,
	USER_LEAVING_SCREEN,
	USERS,
};

/* What is made of a configuration. */
struct node_parts {
	struct settings *settings; /* a reference */
	struct facts_view self;
	struct identity identity;
	struct display *display;
	struct pages *pages;
	struct publications *publications;
	struct discovery *discovery;
	struct vitals *vitals;
	struct queue *orders;
	struct actions *actions;
	struct mqtt_session *session;
};

struct node {
	struct settings *start;	   /* whose ethernet and network are in effect */
	struct settings *settings; /* the latest */
	struct settings *used_by[USERS];
	uint64_t secrets; /* settings_secrets_stamp() */

	/*
	 * Protects what a reload exchanges and other threads look at: discoveries,
	 * publications, actions, inbox, display, used_by[USER_SCREEN]; and the next.
	 */
	pthread_mutex_t lock;
	bool in_session; /* as node_on_session() was told last */

	/* A reload that is on its way. */
	struct node_parts changing; /* when the mqtt thread has gone over; or all NULL */
	bool changing_actions;
	struct display *leaving; /* it is cleared; or NULL */
	sd_event_source *left;	 /* its end */
	bool reload_again;

	sd_event *event;
	struct ladder *ladder;
	struct ladder_view view; /* of it, as announced last */
	struct facts *facts;
	struct facts_view self; /* main's copy */
	struct identity identity;

	struct display *display; /* NULL: none configured */
	struct pages *pages;	 /* as display */
	struct pump *pump;
	struct queue *inbox; /* as display: nobody else shows messages */
	struct spool *spool; /* the mqtt thread's, while that runs */
	struct mqtt *mqtt;
	struct discoveries discoveries;
	struct publications *publications;
	struct vitals *vitals;
	struct queue *orders; /* NULL: no subscription acts; as the next */
	struct actions *actions;
	struct uplink *uplink;
	struct uplink_events uplink_events;
	struct control *control;
	struct notifier *notifier;

	struct announcer announcer;
	struct rungs_chip chip;
	struct rungs_address address;
	struct incidents incidents;
	bool link_up;
	char hint[sizeof(((struct pump_status *)NULL)->hint)];

	sd_event_source *tick;
	sd_event_source *announcement; /* it is about to be made again; NULL: not */
	sd_event_source *farewell;     /* all is forgotten: the end; NULL: not yet */
	bool forgotten_told;	       /* whoever asked for that knows */
	uint64_t heartbeat;
	uint64_t tx_dropped;
	bool watchdog;
	bool climbs;	      /* it is a temporary node: node_climb() */
	json_object *climbed; /* what it saw in the end */
	enum {
		NODE_RUNNING,
		NODE_FORGETTING, /* see node_forget() */
		NODE_STOPPING_MQTT,
		NODE_STOPPING_UPLINK,
	} phase;
};

/* What the uplink tells; the ctx is the node. */
extern const struct uplink_events node_uplink_events;

/* What the publications compose goes to the connection; @ctx is the node. */
void node_on_composed(void *ctx, const struct mqtt_outgoing *message);

/* A session has begun or ended: called in the mqtt thread; @ctx is the node. */
void node_on_session(void *ctx, bool online);

/* There may be room for what was refused: called in the mqtt thread; @ctx is the node. */
void node_on_room(void *ctx);

/* An output is on or off: called in the thread "actions"; @ctx is the node. */
int node_on_line(void *ctx, const struct output_settings *line, bool on, bool again);

/*
 * Registers everything that main waits for: news of the threads, the tick and
 * the signals. 0 or -errno.
 */
int node_watch(struct node *n);

/* Looks at the chip's state as the pump sees it, and tells who must know. */
void node_look_at_chip(struct node *n);

/* Tells journal, service manager and screen of the ladder; keeps it as @n->view. */
void node_look_at_ladder(struct node *n);

/*
 * Opens the control socket and adds the verbs. @socket_path is NULL for the
 * default. A socket that cannot be made is a warning; another daemon that
 * holds it is -EADDRINUSE, logged.
 */
int node_make_control(struct node *n, const char *socket_path);

/* Publishes a copy of @message; @ctx is the node. 0 or -errno. Any thread. */
int node_publish(void *ctx, const struct mqtt_outgoing *message);

/* Whether there is a session with the broker, as of now. */
bool node_is_online(struct node *n);

/* What the node tells the broker about itself: looked at once a second. */
int node_make_vitals(struct node *n, struct node_parts *p);
void node_turn_vitals(struct node *n);

/*
 * What there is to report on, for this moment. What is reported of the ladder is in the
 * journal first: who was told "online" and then ends the broker finds both the "Online"
 * and the "Offline" there.
 */
struct report_sources node_sources(struct node *n);

/* A temporary node: looks again and again, and stops when there is nothing more to see.
 */
int node_begin_climb(struct node *n);

/* Starts the stop, for the reason @why; once. 0 or -errno. */
int node_begin_stop(struct node *n, const char *why);

/*
 * Empties all retained topics and stops; once. 0, or -errno with a sentence in @error:
 * it is not possible now. Tells how far it is: "mqttnode forget" asks again and again.
 */
int node_forget(struct node *n, json_object *answer, char *error, size_t error_size);

/*
 * Makes those of @which (enum reload_part: screen, publications, self, actions) of
 * p->settings, p->self and p->identity. 0, or -errno after logging it; what was made
 * is released by node_clear_parts() either way.
 */
int node_make_parts(struct node *n, struct node_parts *p, unsigned int which);
void node_clear_parts(struct node_parts *p);

/*
 * The connection of @p: n->mqtt at the start, p->session to change that later; what
 * is to be done goes to @orders (NULL: nothing is). 0, or -errno after logging it.
 */
int node_make_session(struct node *n, struct node_parts *p, struct queue *orders,
		      enum mqtt_change change);

/* Makes and watches n->inbox unless it is there. 0 or -errno. */
int node_make_inbox(struct node *n);

/* @user uses @settings (NULL: none) from now on, and not the ones before. */
void node_use(struct node *n, enum node_user user, struct settings *settings);

static inline void node_lock(struct node *n)
{
	(void)pthread_mutex_lock(&n->lock);
}

static inline void node_unlock(struct node *n)
{
	(void)pthread_mutex_unlock(&n->lock);
}

/* SIGHUP: see the theory in node_reload.c. */
int node_on_hangup(sd_event_source *source, const struct signalfd_siginfo *si,
		   void *userdata);

/* A message asked for something: Home Assistant has started, or its button. */
int node_on_request(sd_event_source *source, int fd, uint32_t revents, void *userdata);

/* Leaves the broker and connects again, unless that is under way anyhow. */
void node_restart_connection(struct node *n);

/* The mqtt thread has gone over to another configuration. */
int node_on_mqtt_changed(sd_event_source *source, int fd, uint32_t revents,
			 void *userdata);

/* SIGTERM and SIGINT: starts the stop, see the theory in node.c. */
int node_on_terminate(sd_event_source *source, const struct signalfd_siginfo *si,
		      void *userdata);

/* The mqtt thread has ended: on with the stop. */
int node_on_mqtt_ended(sd_event_source *source, int fd, uint32_t revents, void *userdata);

/* The uplink is down: the event loop may end. */
void node_on_uplink_stopped(void *ctx);

#endif
