// SPDX-License-Identifier: MIT
/* mqtt_thread.c — the thread that owns the session; see mqtt.c for the theory */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>

#include "mqttnode/clock.h"
#include "mqttnode/fd.h"
#include "mqttnode/log.h"
#include "mqttnode/text.h"

#include "mqtt_internal.h"

/*
 * While a connection is being made some versions of the library would have us
 * spin (a refused TLS connection): after this many quick rounds in one attempt
 * the socket is looked at every CALM_NS only.
 */
#define QUICK_ROUNDS 16
#define QUICK_NS     (5 * NSEC_PER_MSEC)
#define CALM_NS	     (20 * NSEC_PER_MSEC)

/* At the end a lookup may take so much longer. */
#define LOOKUP_GRACE_NS (200 * NSEC_PER_MSEC)

/* --- what the library tells ------------------------------------------------ */

static void on_connack(void *ctx, const struct mqtt_connack *connack)
{
	struct mqtt *m = ctx;

	mqtt_connection_connack(&m->connection, connack);
}

/* A refused message will not be taken later either: it is done with, and told. */
static void on_acknowledged(void *ctx, int id, const char *refusal)
{
	struct mqtt *m = ctx;

	if (refusal) {
		m->counters.refused++;
		mqtt_outbox_not_taken(m->outbox, id);
	}
	mqtt_refusals_answered(&m->refusals, id, refusal);
	if (m->leave_phase == LEAVE_FORGETTING)
		mqtt_forget_acknowledged(&m->forget, id, refusal);
	if (!mqtt_status_acknowledged(&m->session->status, id) &&
	    mqtt_outbox_acknowledged(m->outbox, id))
		mqtt_poison_acknowledged(&m->poison);
}

static void on_suback(void *ctx, int id, const char *refusal)
{
	struct mqtt *m = ctx;

	mqtt_subscriber_suback(m->session->subscriber, id, refusal);
}

/* For Home Assistant and "mqttnode status": the last ones, however many there are. */
static void remember(struct mqtt *m, const struct mqtt_incoming *message)
{
	struct mqtt_last last = {
		.number = m->counters.received,
		.at_ns = clock_now_ns(&clock_system),
	};

	text_escape_str(last.topic, sizeof(last.topic), message->topic);
	text_escape(last.payload, sizeof(last.payload), message->payload, message->len);
	(void)pthread_mutex_lock(&m->lock);
	m->last[m->n_last++ % MQTT_LAST_MAX] = last;
	(void)pthread_mutex_unlock(&m->lock);
}

static void on_message(void *ctx, const struct mqtt_incoming *message)
{
	struct mqtt *m = ctx;
	unsigned int requests;

	if (mqtt_status_heard(&m->session->status, message) &&
	    !mqtt_subscriber_wants(m->session->subscriber, message->topic))
		return;
	requests = mqtt_subscriber_message(m->session->subscriber, message);
	if (mqtt_subscriber_is_news(m->session->subscriber, message->topic))
		remember(m, message);
	if (!requests)
		return;
	(void)pthread_mutex_lock(&m->lock);
	m->requests |= requests;
	(void)pthread_mutex_unlock(&m->lock);
	fd_event_signal(m->requests_fd);
}

const struct mqtt_client_events mqtt_thread_events = {
	.on_connack = on_connack,
	.on_acknowledged = on_acknowledged,
	.on_suback = on_suback,
	.on_message = on_message,
};

/* --- publishing ------------------------------------------------------------ */

int mqtt_thread_send(void *ctx, const struct mqtt_outgoing *message, int *id)
{
	uint64_t now = clock_now_ns(&clock_system);
	const struct mqtt_poison_known *known;
	struct mqtt *m = ctx;
	int r;

	known = mqtt_poison_find(&m->poison, message, now);
	if (known) {
		mqtt_refusals_poison(&m->refusals, message, known->len);
		return -EMSGSIZE;
	}
	/* The library would queue without a limit what TCP does not take. */
	if (mqtt_client_wants_write(m->session->client) ||
	    (message->qos > 0 && mqtt_poison_holds(&m->poison, now)))
		return -EAGAIN;
	r = mqtt_client_publish(m->session->client, message, id);
	if (r == 0)
		mqtt_poison_sent(&m->poison, message, now);
	if (r == 0 && message->qos > 0)
		mqtt_refusals_sent(&m->refusals, *id, message->topic);
	if (r == -EMSGSIZE || r == -ENOTSUP)
		mqtt_refusals_unfit(&m->refusals, message, r,
				    mqtt_client_packet_max(m->session->client));
	return r;
}

void mqtt_choose_session(struct mqtt *m)
{
	m->forgets = spool_has_halves(m->spool);
	if (!m->forgets)
		mqtt_client_keep_session(m->session->client);
}

/* The library begins anew, and what it had not delivered waits again. 0 or -ENOMEM. */
static int begin_anew(struct mqtt *m)
{
	int r = mqtt_client_renew(m->session->client);

	if (r < 0)
		return r;
	mqtt_refusals_clear(&m->refusals);
	mqtt_status_forget(&m->session->status);
	spool_rewind(m->spool);
	mqtt_choose_session(m);
	return 0;
}

/* Of a session that may have been too short to be followed. */
static enum mqtt_poison_verdict judge_end(void *ctx, bool by_broker, uint64_t now)
{
	struct mqtt *m = ctx;

	m->take_back = mqtt_poison_ended(&m->poison, by_broker,
					 spool_in_flight(m->spool).oldest, now);
	return m->poison.verdict;
}

void mqtt_init_connection(struct mqtt *m)
{
	mqtt_connection_init(&m->connection, m->session->settings, m->timing,
			     m->session->client, m->ladder, &m->counters, judge_end, m);
}

/* So that messages can be tried one by one. */
static void take_back(struct mqtt *m)
{
	if (!m->take_back)
		return;
	m->take_back = false;
	if (begin_anew(m) == 0)
		m->connection.hurry = true;
}

void mqtt_follow_session(struct mqtt *m, uint64_t now)
{
	bool online = m->connection.state == MQTT_ONLINE;

	if (online == m->was_online)
		return;
	m->was_online = online;
	mqtt_outbox_set_online(m->outbox, online);
	if (!online) {
		mqtt_subscriber_end(m->session->subscriber);
	} else {
		mqtt_poison_begin(&m->poison, now + m->timing->calm_ms * NSEC_PER_MSEC);
		if (m->forgets)
			spool_halves_forgotten(m->spool);
		m->forgets = false;
		mqtt_subscriber_begin(m->session->subscriber, m->session->client,
				      now + m->timing->connack_ms * NSEC_PER_MSEC);
		mqtt_status_begin(&m->session->status, m->session->client);
	}
	m->on_session(m->session_ctx, online);
}

void mqtt_thread_publish(struct mqtt *m, uint64_t now)
{
	STAILQ_HEAD(, mqtt_handed) taken = STAILQ_HEAD_INITIALIZER(taken);
	struct mqtt_handed *handed;
	bool gather;

	/* Not for ever: the rest of a turn has its turn too. */
	for (int i = 0; i < MQTT_HANDOVER_MAX; i++) {
		handed = mqtt_handover_pop(m->handover);
		if (!handed)
			break;
		mqtt_outbox_announce(m->outbox, &handed->message);
		STAILQ_INSERT_TAIL(&taken, handed, link);
	}
	while ((handed = STAILQ_FIRST(&taken))) {
		STAILQ_REMOVE_HEAD(&taken, link);
		mqtt_outbox_put(m->outbox, &handed->message);
		free(handed);
	}
	m->counters.dropped_handover = mqtt_handover_dropped(m->handover);
	if (mqtt_handover_made_room(m->handover))
		m->on_room(m->room_ctx);
	gather = m->was_online && spool_waiting(m->spool) > 1;
	if (gather)
		mqtt_client_gather(m->session->client, true);
	mqtt_outbox_turn(m->outbox, now);
	if (gather)
		mqtt_client_gather(m->session->client, false);
}

/* --- stop ------------------------------------------------------------------ */

static void report_undelivered(const struct mqtt *m)
{
	struct spool_status status;

	spool_get_status(m->spool, &status);
	if (status.messages > 0)
		(void)log_event(
			LOG_WARNING, "undelivered",
			"%llu messages were not delivered before the stop, %llu of "
			"them are kept for the next start",
			(unsigned long long)status.messages,
			(unsigned long long)status.on_disk);
}

static void report_forgetting(const struct mqtt *m)
{
	char text[256];
	int level = mqtt_forget_describe(&m->counters.forgetting, text, sizeof(text));

	(void)log_event(level, "forgotten", "%s", text);
}

/* --- the thread ------------------------------------------------------------ */

static void take_mail(struct mqtt *m)
{
	(void)fd_event_clear(m->mail_fd);
	(void)pthread_mutex_lock(&m->lock);
	m->mail = m->mailbox;
	if (m->next && m->leave_phase == LEAVE_NOT && !m->mail.stop) {
		m->coming = m->next;
		m->next = NULL;
	}
	(void)pthread_mutex_unlock(&m->lock);
}

static void share_counters(struct mqtt *m)
{
	spool_get_status(m->spool, &m->counters.spool);
	(void)pthread_mutex_lock(&m->lock);
	m->shared_counters = m->counters;
	(void)pthread_mutex_unlock(&m->lock);
}

static uint64_t min_ns(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t next_ns(const struct mqtt *m, uint64_t now)
{
	uint64_t next = mqtt_connection_next_ns(&m->connection, now);

	if (m->leave_phase != LEAVE_NOT)
		next = min_ns(next, m->leave_deadline_ns);
	if (m->mail.stop)
		return m->parked ? next : min_ns(next, m->mail.park_ns);
	if (m->was_online)
		next = min_ns(next, mqtt_status_next_ns(&m->session->status));
	next = min_ns(next, mqtt_poison_next_ns(&m->poison, now));
	next = min_ns(next, mqtt_outbox_next_ns(m->outbox));
	return min_ns(next, mqtt_subscriber_next_ns(m->session->subscriber));
}

static bool is_connecting(const struct mqtt *m)
{
	return m->connection.state >= MQTT_CONNECTING &&
	       m->connection.state < MQTT_ONLINE;
}

/* Waits for the connection, the mailbox, the handover or the next deadline. */
static void wait_for_news(struct mqtt *m, uint64_t now)
{
	struct pollfd fds[] = {
		{ .fd = m->mail_fd, .events = POLLIN },
		{ .fd = -1 },
		{ .fd = m->leave_phase == LEAVE_NOT ? mqtt_handover_fd(m->handover) : -1,
		  .events = POLLIN },
	};
	uint64_t next = next_ns(m, now), timeout;
	struct timespec ts;
	int n;

	mqtt_connection_poll(&m->connection, &fds[1]);
	if (!is_connecting(m)) {
		m->quick_rounds = 0;
	} else if (m->quick_rounds >= QUICK_ROUNDS) {
		fds[1].fd = -1;
		next = min_ns(next, now + CALM_NS);
	}
	timeout = next > now ? next - now : 0;
	ts = (struct timespec){
		.tv_sec = (time_t)(timeout / NSEC_PER_SEC),
		.tv_nsec = (long)(timeout % NSEC_PER_SEC),
	};
	n = ppoll(fds, ARRAY_SIZE(fds), next == UINT64_MAX ? NULL : &ts, NULL);
	if (n > 0 && fds[1].revents && clock_now_ns(&clock_system) - now < QUICK_NS)
		m->quick_rounds++;
}

/* Ends what was left, or goes over to what it was left for. Whether work goes on. */
static bool finish_leaving(struct mqtt *m, uint64_t now)
{
	if (m->leave_phase != LEAVE_DONE)
		return true;
	if (!m->mail.stop)
		mqtt_go_over(m, now);
	return !m->mail.stop;
}

/* The library is of no use any more. Without memory for another one, later. */
static void renew(struct mqtt *m, uint64_t now)
{
	const char *why = mqtt_client_spoiled(m->session->client);

	mqtt_connection_drop(&m->connection, now);
	m->connection.hurry = true;
	mqtt_follow_session(m, now);
	if (begin_anew(m) < 0)
		return;
	log_info("Connecting to the broker again: %s", why);
}

/* After what was published before. */
static void say_status(struct mqtt *m)
{
	if (m->mail.status_wanted == m->status_said)
		return;
	m->status_said = m->mail.status_wanted;
	if (m->was_online)
		mqtt_status_again(&m->session->status, m->session->client);
}

/* What is done for a session. Whether work goes on. */
static bool turn(struct mqtt *m, uint64_t now)
{
	if (mqtt_client_spoiled(m->session->client))
		renew(m, now);
	mqtt_follow_session(m, now);
	take_back(m);
	mqtt_subscriber_turn(m->session->subscriber, now);
	if (m->leave_phase == LEAVE_NOT) {
		if (m->was_online)
			mqtt_status_turn(&m->session->status, m->session->client, now);
		mqtt_thread_publish(m, now);
		say_status(m);
	} else {
		mqtt_go_on_leaving(m, now);
	}
	return finish_leaving(m, now);
}

void *mqtt_thread(void *arg)
{
	uint64_t now = clock_now_ns(&clock_system);
	struct mqtt *m = arg;

	for (;;) {
		take_mail(m);
		if (m->leave_phase == LEAVE_NOT && (m->mail.stop || m->coming))
			mqtt_leave(m, now);
		if (!finish_leaving(m, now))
			break;
		mqtt_connection_set_path(&m->connection, &m->mail.path, now);
		mqtt_connection_turn(&m->connection, now);
		now = clock_now_ns(&clock_system);
		if (!turn(m, now))
			break;
		share_counters(m);
		wait_for_news(m, now);
		now = clock_now_ns(&clock_system);
	}
	/* What was composed while the connection was left is kept too. */
	mqtt_outbox_set_online(m->outbox, false);
	mqtt_thread_publish(m, now);
	spool_park(m->spool);
	report_undelivered(m);
	if (m->mail.forget)
		report_forgetting(m);
	share_counters(m);
	mqtt_client_abort(m->session->client);
	/*
	 * A query sent when the rules for the DNS servers are gone would leave by another
	 * interface. Servers that answer do so sooner; for a mute one nobody waits.
	 */
	now = clock_now_ns(&clock_system);
	(void)mqtt_lookup_settle(min_ns(now + LOOKUP_GRACE_NS, m->mail.stop_deadline_ns));
	fd_event_signal(m->ended_fd);
	return NULL;
}
