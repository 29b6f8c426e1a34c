/* SPDX-License-Identifier: MIT */
/*
 * mqtt_outbox.h — messages on their way out: what waits, what is under way, what is lost
 *
 * Between whoever composes a message and the broker. Knows whether there is a
 * session and how much the broker has not acknowledged, but neither broker nor
 * library: it hands messages to a sender. MQTT thread only.
 */
#ifndef MQTTNODE_MQTT_OUTBOX_H
#define MQTTNODE_MQTT_OUTBOX_H

#include "mqttnode/mqtt.h"
#include "mqttnode/spool.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mqtt_outbox;

/*
 * Hands @message on. 0 when it was taken, with the number in *@id that
 * mqtt_outbox_acknowledged() will be told for QoS 1 and 2; -EAGAIN when
 * nothing can be taken now (TCP is stalled, or QoS 1 and 2 have to wait); -ENOMEM when it
 * may be taken later; -EMSGSIZE or -ENOTSUP when the broker takes no such message, which
 * the sender tells; any other -errno when this message cannot be sent.
 */
typedef int (*mqtt_sender)(void *ctx, const struct mqtt_outgoing *message, int *id);

/*
 * @spool, which is not opened here, and @counters must outlive it. Of what has
 * waited, @rate messages are sent per second. Counts published, dropped_offline,
 * dropped_stalled, dropped_unfit and backlog. 0 or -ENOMEM; release with
 * mqtt_outbox_free().
 */
int mqtt_outbox_new(struct mqtt_outbox **ret, struct spool *spool, uint32_t rate,
		    struct mqtt_counters *counters, mqtt_sender sender, void *ctx);
struct mqtt_outbox *mqtt_outbox_free(struct mqtt_outbox *o);

/* Another rate for what has waited. */
void mqtt_outbox_set_rate(struct mqtt_outbox *o, uint32_t rate);

/* A session has begun, or ended. */
void mqtt_outbox_set_online(struct mqtt_outbox *o, bool online);

/*
 * @message will be put soon. If it is retained its topic is noted, and its outline if it
 * has one, on the disk too before it can be sent: of messages that are all announced
 * before the first of them is put, in one go.
 */
void mqtt_outbox_announce(struct mqtt_outbox *o, const struct mqtt_outgoing *message);

/*
 * Takes a copy of @message. QoS 0 is sent now or dropped and counted. QoS 1 and
 * 2 are kept until the broker has acknowledged them and are sent in order. Announces
 * it itself.
 */
void mqtt_outbox_put(struct mqtt_outbox *o, const struct mqtt_outgoing *message);

/* Makes safe what was put, and sends what can be sent. May wait for the disk. */
void mqtt_outbox_turn(struct mqtt_outbox *o, uint64_t now);

/* When the next turn is due, or UINT64_MAX. */
uint64_t mqtt_outbox_next_ns(const struct mqtt_outbox *o);

/* Before the next, if so: it acknowledges the message without accepting it. */
void mqtt_outbox_not_taken(struct mqtt_outbox *o, int id);

/* The broker has acknowledged a message. Whether that was one of QoS 1 or 2 from here. */
bool mqtt_outbox_acknowledged(struct mqtt_outbox *o, int id);

#endif
