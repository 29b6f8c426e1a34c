// SPDX-License-Identifier: MIT
/*
 * mqtt_leave.c — how the thread leaves a connection: for good, or for another one
 *
 * At a stop: "offline" retained, its PUBACK, DISCONNECT, and the broker's end of the
 * connection: what arrives until then is thrown away. For another connection what
 * is under way is waited for first, so that nothing is sent twice without need;
 * then all is as at a stop: after DISCONNECT there is no will, and who knows when
 * the other connection comes about. All of it has a limit: a broker that does not
 * answer is left without a word, and publishes the will.
 *
 * To be forgotten: what is under way is waited for too, as long as it takes, since a
 * message of QoS 2 would arrive behind the empty one; then all retained topics are
 * emptied, that of the status with them. It is filled again by the will unless the
 * broker has read DISCONNECT, which its end of the connection shows.
 */
#include "mqttnode/cleanup.h"
#include "mqttnode/clock.h"
#include "mqttnode/fd.h"

#include "mqtt_internal.h"

/* For another connection: how long acknowledgements are waited for, and the rest. */
#define DRAIN_NS (500 * NSEC_PER_MSEC)
#define LEAVE_NS (1500 * NSEC_PER_MSEC)

static void disconnect(struct mqtt *m)
{
	mqtt_client_disconnect(m->session->client);
	m->leave_phase = LEAVE_DISCONNECTING;
}

static void say_goodbye(struct mqtt *m, uint64_t now)
{
	m->leave_deadline_ns = now + LEAVE_NS;
	if (m->mail.forget) {
		mqtt_forget_begin(&m->forget, m->spool, &m->counters.forgetting);
		m->leave_phase = LEAVE_FORGETTING;
	} else if (m->session->status.topic) {
		mqtt_status_end(&m->session->status, m->session->client);
		m->leave_phase = LEAVE_SAYING_OFFLINE;
	} else {
		disconnect(m);
	}
}

void mqtt_leave(struct mqtt *m, uint64_t now)
{
	bool stay = !m->mail.stop && !m->coming->client;

	mqtt_thread_publish(m, now); /* what was composed before comes before "offline" */
	if (stay || m->connection.state != MQTT_ONLINE) {
		m->leave_phase = LEAVE_DONE;
	} else if (m->mail.stop && !m->mail.forget) {
		say_goodbye(m, now);
	} else {
		m->leave_phase = LEAVE_DRAINING;
		m->leave_deadline_ns = now + DRAIN_NS;
	}
}

static bool is_drained(const struct mqtt *m, uint64_t now)
{
	bool enough = m->mail.stop || now >= m->leave_deadline_ns;

	return spool_in_flight(m->spool).messages == 0 || (enough && !m->mail.forget);
}

/* Whether the broker has closed after DISCONNECT. */
static bool is_parted(const struct mqtt *m)
{
	return m->leave_phase == LEAVE_DISCONNECTING &&
	       m->connection.state == MQTT_ONLINE &&
	       mqtt_client_fd(m->session->client) < 0;
}

void mqtt_go_on_leaving(struct mqtt *m, uint64_t now)
{
	if (m->leave_phase == LEAVE_DRAINING && is_drained(m, now))
		say_goodbye(m, now);
	if (m->mail.stop)
		m->leave_deadline_ns = m->mail.stop_deadline_ns;
	if (m->leave_phase == LEAVE_FORGETTING &&
	    mqtt_forget_turn(&m->forget, m->session->client, &m->refusals))
		disconnect(m);
	if (m->leave_phase == LEAVE_SAYING_OFFLINE &&
	    m->session->status.offline_acknowledged)
		disconnect(m);
	if (is_parted(m) || m->connection.state != MQTT_ONLINE ||
	    now >= m->leave_deadline_ns) {
		mqtt_forget_end(&m->forget,
				is_parted(m) ? NULL : m->session->status.topic);
		m->leave_phase = LEAVE_DONE;
	}
	/* The disk needs time too, while the broker is waited for. */
	if (m->mail.stop && !m->parked && now >= m->mail.park_ns) {
		spool_park(m->spool);
		m->parked = true;
	}
}

/* --- going over ------------------------------------------------------------ */

/* The connection goes on: with what it consists of, but other subscriptions. */
static void keep_connection(struct mqtt *m, struct mqtt_session *old, uint64_t now)
{
	struct mqtt_session *next = m->session;
	bool online = m->connection.state == MQTT_ONLINE;

	next->tls = TAKE_PTR(old->tls);
	next->client = TAKE_PTR(old->client);
	next->status = old->status;
	old->status.topic = NULL;
	mqtt_connection_set_settings(&m->connection, next->settings, now);
	mqtt_subscriber_follow(next->subscriber, old->subscriber);
	if (online)
		mqtt_subscriber_go_on(next->subscriber, next->client,
				      now + m->timing->connack_ms * NSEC_PER_MSEC);
}

static void begin_connection(struct mqtt *m, struct mqtt_session *old, uint64_t now)
{
	mqtt_subscriber_follow(m->session->subscriber, old->subscriber);
	mqtt_refusals_clear(&m->refusals);
	mqtt_poison_fini(&m->poison);
	mqtt_note_status(m);
	/* The library forgets with the old client what was not acknowledged. */
	spool_rewind(m->spool);
	mqtt_choose_session(m);
	mqtt_connection_clear(&m->connection);
	mqtt_init_connection(m);
	mqtt_connection_await(&m->connection);
	mqtt_connection_set_path(&m->connection, &m->mail.path, now);
}

static void retire(struct mqtt *m, struct mqtt_session *old)
{
	(void)pthread_mutex_lock(&m->lock);
	m->retired = old;
	(void)pthread_mutex_unlock(&m->lock);
	fd_event_signal(m->changed_fd);
}

void mqtt_go_over(struct mqtt *m, uint64_t now)
{
	struct mqtt_session *old = m->session;
	const struct spool_settings *spool = &m->coming->settings->spool;
	bool stay = !m->coming->client;

	if (!stay) {
		mqtt_connection_drop(&m->connection, now);
		mqtt_follow_session(m, now);
	}
	m->session = TAKE_PTR(m->coming);
	m->leave_phase = LEAVE_NOT;
	spool_set_settings(m->spool, spool);
	mqtt_outbox_set_rate(m->outbox, spool->rate);
	if (stay)
		keep_connection(m, old, now);
	else
		begin_connection(m, old, now);
	retire(m, old);
}
