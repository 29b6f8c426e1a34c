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
#include "mqtt_handover.h"
#include "mqtt_outbox.h"
#include "mqtt_refusals.h"
#include "mqtt_status.h"
#include "mqtt_subscribe.h"
#include "mqtt_tls.h"

/* What main has to say: the latest counts. */
struct mail {
	struct mqtt_path path;
	bool stop;
	uint64_t stop_deadline_ns;
	uint64_t park_ns; /* what is not delivered is written to the disk then */
};

enum stop_phase {
	STOP_NOT,
	STOP_SAYING_OFFLINE, /* waiting for the PUBACK of "offline" */
	STOP_DISCONNECTING,  /* DISCONNECT sent, waiting for the broker to close */
	STOP_DONE,
};

struct mqtt {
	const struct mqtt_settings *settings; /* borrowed, as the next */
	const struct mqtt_timing *timing;

	pthread_mutex_t lock; /* protects the next two */
	struct mail mailbox;
	struct mqtt_counters shared_counters;

	pthread_t thread;
	bool started;
	int mail_fd;
	int ended_fd;
	struct mqtt_handover *handover;
	void (*on_session)(void *ctx, bool online);
	void *session_ctx;

	/* From here on: the thread's alone while it runs. */
	struct mail mail;
	struct mqtt_counters counters;
	struct mqtt_tls *tls; /* NULL: off */
	struct mqtt_client *client;
	struct mqtt_connection connection;
	struct mqtt_outbox *outbox;
	struct mqtt_subscriber *subscriber;
	struct ladder *ladder; /* borrowed, as the next */
	struct spool *spool;
	bool was_online;
	struct mqtt_status status;
	bool parked;
	enum stop_phase stop_phase;
	unsigned int quick_rounds;
	struct mqtt_refusals refusals;
};

/* What the library tells; the ctx is a struct mqtt. */
extern const struct mqtt_client_events mqtt_thread_events;

/* Sends for the outbox, whose ctx is a struct mqtt: see mqtt_sender. */
int mqtt_thread_send(void *ctx, const struct mqtt_outgoing *message, int *id);

/* The thread, from mqtt_start() until its work is done; @arg is a struct mqtt. */
void *mqtt_thread(void *arg);

#endif
