/* SPDX-License-Identifier: MIT */
/*
 * node_internal.h — what the files of the node share: the object and its parts
 *
 * node.c makes and takes down, node_events.c wires and hears, node_verbs.c
 * answers the control socket, node_stop.c ends. All of it runs in main.
 */
#ifndef MQTTNODE_NODE_INTERNAL_H
#define MQTTNODE_NODE_INTERNAL_H

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

struct node {
	const struct settings *settings; /* borrowed */
	sd_event *event;
	struct ladder *ladder;
	struct facts *facts;
	struct facts_view self; /* main's copy */
	struct identity identity;

	struct display *display; /* NULL: none configured */
	struct pages *pages;	 /* as display */
	struct pump *pump;
	struct queue *inbox; /* as display: nobody else shows messages */
	struct spool *spool; /* the mqtt thread's, while that runs */
	struct mqtt *mqtt;
	struct discovery *discovery; /* NULL: off */
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
	uint64_t heartbeat;
	uint64_t tx_dropped;
	bool watchdog;
	bool climbs;	      /* it is a temporary node: node_climb() */
	json_object *climbed; /* what it saw in the end */
	enum { NODE_RUNNING, NODE_STOPPING_MQTT, NODE_STOPPING_UPLINK } phase;
};

/* What the uplink tells; the ctx is the node. */
extern const struct uplink_events node_uplink_events;

/* What the publications compose goes to the connection; @ctx is the node. */
void node_on_composed(void *ctx, const struct mqtt_outgoing *message);

/* A session has begun or ended: called in the mqtt thread; @ctx is the node. */
void node_on_session(void *ctx, bool online);

/*
 * Registers everything that main waits for: news of the threads, the tick and
 * the signals. 0 or -errno.
 */
int node_watch(struct node *n);

/* Looks at the chip's state as the pump sees it, and tells who must know. */
void node_look_at_chip(struct node *n);

/* Shows the ladder's state on journal, service manager and screen. */
void node_look_at_ladder(struct node *n);

/*
 * Opens the control socket and adds the verbs. @socket_path is NULL for the
 * default. A socket that cannot be made is a warning; another daemon that
 * holds it is -EADDRINUSE, logged.
 */
int node_make_control(struct node *n, const char *socket_path);

/* What the node tells the broker about itself: made once, looked at once a second. */
int node_make_vitals(struct node *n);
void node_turn_vitals(struct node *n);

/* What there is to report on. */
struct report_sources node_sources(const struct node *n);

/* A temporary node: looks again and again, and stops when there is nothing more to see. */
int node_begin_climb(struct node *n);

/* Starts the stop, for the reason @why; once. 0 or -errno. */
int node_begin_stop(struct node *n, const char *why);

/* SIGTERM and SIGINT: starts the stop, see the theory in node.c. */
int node_on_terminate(sd_event_source *source, const struct signalfd_siginfo *si,
		      void *userdata);

/* The mqtt thread has ended: on with the stop. */
int node_on_mqtt_ended(sd_event_source *source, int fd, uint32_t revents, void *userdata);

/* The uplink is down: the event loop may end. */
void node_on_uplink_stopped(void *ctx);

#endif
