// SPDX-License-Identifier: MIT
/*
 * mqtt_outbox.c — messages on their way out: what waits, what is under way, what is lost
 *
 * QoS 0 is sent now or never. QoS 1 and 2 go through the spool, which is bounded
 * and keeps their order. From its head a window of MQTT_INFLIGHT_MAX(_BYTES) is
 * handed to the library, which keeps each until it is acknowledged, over reconnects
 * too. So the library's own queues, which have no limit, stay small whatever the
 * broker does.
 *
 * What has waited when a session begins is sent at a limited rate, so that a
 * thousand nodes that find their broker again do not drown it. Each new message
 * allows one more: however many there are, the queue gets shorter at that rate.
 * Once it is empty there is no limit.
 */
#include "mqtt_outbox.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "mqttnode/clock.h"

static_assert(MQTT_INFLIGHT_MAX <= SPOOL_IN_FLIGHT_MAX, "the spool has room for them");

/* While it catches up it wakes up so often per second, not for each message. */
#define BURSTS_PER_SECOND 50

/* Without memory the next try is made after this. */
#define RETRY_NS NSEC_PER_SEC

struct mqtt_outbox {
	struct spool *spool; /* borrowed, as the next */
	struct mqtt_counters *counters;
	mqtt_sender sender;
	void *ctx;
	bool online;
	bool stalled;	   /* TCP takes nothing */
	uint64_t retry_ns; /* there was no memory: not before; 0: there is */

	/* Catching up: how many messages may be sent, as of @allowed_ns. */
	bool catching_up;
	double rate, burst, allowed;
	uint64_t allowed_ns;
};

int mqtt_outbox_new(struct mqtt_outbox **ret, struct spool *spool, uint32_t rate,
		    struct mqtt_counters *counters, mqtt_sender sender, void *ctx)
{
	struct mqtt_outbox *o;

	o = calloc(1, sizeof(*o));
	if (!o)
		return -ENOMEM;
	o->spool = spool;
	mqtt_outbox_set_rate(o, rate);
	o->counters = counters;
	o->sender = sender;
	o->ctx = ctx;
	*ret = o;
	return 0;
}

struct mqtt_outbox *mqtt_outbox_free(struct mqtt_outbox *o)
{
	free(o);
	return NULL;
}

void mqtt_outbox_set_rate(struct mqtt_outbox *o, uint32_t rate)
{
	o->rate = rate;
	o->burst = rate > BURSTS_PER_SECOND ? o->rate / BURSTS_PER_SECOND : 1;
}

void mqtt_outbox_set_online(struct mqtt_outbox *o, bool online)
{
	o->online = online;
	o->stalled = false;
	o->retry_ns = 0;
	o->catching_up = online && spool_waiting(o->spool) > 0;
	o->allowed = 1;
	o->allowed_ns = 0;
}

/* Whether @r says that the broker does not take such a message. */
static bool is_unfit(int r)
{
	return r == -EMSGSIZE || r == -ENOTSUP;
}

static void send_or_drop(struct mqtt_outbox *o, const struct mqtt_outgoing *message)
{
	int id, r;

	if (!o->online) {
		o->counters->dropped_offline++;
		return;
	}
	if (message->retain) /* others wait for spool_turn() anyway */
		spool_save_retained(o->spool);
	r = o->sender(o->ctx, message, &id);
	if (r == 0)
		o->counters->published++;
	else if (r == -EAGAIN)
		o->counters->dropped_stalled++;
	else if (is_unfit(r))
		o->counters->dropped_unfit++;
	else
		o->counters->dropped_offline++;
}

void mqtt_outbox_announce(struct mqtt_outbox *o, const struct mqtt_outgoing *message)
{
	bool lost = message->qos == 0 && !o->online;

	if (message->retain && message->len > 0 && !lost)
		spool_note_retained(o->spool, message->topic);
	if (message->outline)
		spool_note_outline(o->spool, message->topic, message->outline);
}

void mqtt_outbox_put(struct mqtt_outbox *o, const struct mqtt_outgoing *message)
{
	mqtt_outbox_announce(o, message);
	if (message->qos == 0) {
		send_or_drop(o, message);
		return;
	}
	spool_put(o->spool, &(struct spool_message){
				    .topic = message->topic,
				    .payload = message->payload,
				    .len = message->len,
				    .qos = message->qos,
				    .retain = message->retain,
				    .store = message->store,
				    .expiry_s = message->expiry_s,
				    .outline = message->outline,
			    });
	o->allowed++;
}

/* Time allows more, up to two bursts: one may be late. */
static void allow(struct mqtt_outbox *o, uint64_t now)
{
	double more = (double)(now - o->allowed_ns) * o->rate / (double)NSEC_PER_SEC;
	double most = 2 * o->burst;

	if (o->allowed_ns && o->allowed < most)
		o->allowed = o->allowed + more < most ? o->allowed + more : most;
	o->allowed_ns = now;
	if (spool_waiting(o->spool) == 0)
		o->catching_up = false;
}

static bool has_room(const struct mqtt_outbox *o)
{
	const struct spool_in_flight in_flight = spool_in_flight(o->spool);

	return in_flight.messages < MQTT_INFLIGHT_MAX &&
	       in_flight.bytes < MQTT_INFLIGHT_MAX_BYTES;
}

/* A message of QoS 2 that has to wait holds up the others: they keep their order. */
static bool has_room_for(const struct mqtt_outbox *o, int qos)
{
	return qos < 2 || spool_in_flight(o->spool).qos2 < MQTT_INFLIGHT_MAX_QOS2;
}

static bool may_send(const struct mqtt_outbox *o)
{
	return has_room(o) && (!o->catching_up || o->allowed >= 1);
}

/* Hands what waits to the library as far as it goes. */
static void send_waiting(struct mqtt_outbox *o, uint64_t now)
{
	struct spool_message m;

	while (may_send(o) && spool_next(o->spool, &m) && has_room_for(o, m.qos)) {
		const struct mqtt_outgoing message = {
			.topic = m.topic,
			.payload = m.payload,
			.len = m.len,
			.qos = m.qos,
			.retain = m.retain,
			.store = m.store,
			.expiry_s = m.expiry_s,
		};
		int id = 0;
		int r = o->sender(o->ctx, &message, &id);

		if (r == -EAGAIN) {
			o->stalled = true;
			return;
		}
		if (r == -ENOMEM) {
			o->retry_ns = now + RETRY_NS;
			return;
		}
		o->counters->dropped_unfit += is_unfit(r);
		if (r < 0)
			spool_refused(o->spool);
		else
			spool_sent(o->spool, id);
		o->allowed--;
	}
}

void mqtt_outbox_turn(struct mqtt_outbox *o, uint64_t now)
{
	spool_turn(o->spool, o->online, now);
	o->stalled = false;
	if (o->online && now >= o->retry_ns) {
		o->retry_ns = 0;
		allow(o, now);
		send_waiting(o, now);
	}
	o->counters->backlog = spool_waiting(o->spool);
}

uint64_t mqtt_outbox_next_ns(const struct mqtt_outbox *o)
{
	uint64_t next = spool_next_ns(o->spool), at;

	if (o->online && o->retry_ns)
		return o->retry_ns < next ? o->retry_ns : next;
	/* Otherwise the next acknowledgement, or room in TCP, is what to wait for. */
	if (o->online && o->catching_up && !o->stalled && o->allowed < 1 && has_room(o)) {
		at = o->allowed_ns +
		     (uint64_t)((o->burst - o->allowed) / o->rate *
				(double)NSEC_PER_SEC) +
		     1;
		next = at < next ? at : next;
	}
	return next;
}

void mqtt_outbox_not_taken(struct mqtt_outbox *o, int id)
{
	spool_not_taken(o->spool, id);
}

bool mqtt_outbox_acknowledged(struct mqtt_outbox *o, int id)
{
	if (!spool_acknowledged(o->spool, id))
		return false;
	o->counters->published++;
	return true;
}
