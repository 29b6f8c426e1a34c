// SPDX-License-Identifier: MIT
/*
 * mqtt.c — the connection to the broker: the thread
 *
 * Theory of operation
 *
 * The broker is reached through the interface that this same process pumps.
 * Whoever waits for the network must therefore not be the pump, nor main, and
 * must not hold a lock that they could want. One thread, "mqtt", owns the one
 * session and is the only one that calls the library. It must not wait either:
 * messages of a whole lookup would find no place in the handover. So each lookup
 * has a thread of its own, which is left alone if its result is not wanted any
 * more.
 *
 *	main ── mailbox: link, address, stop ──> mqtt
 *	any  ── handover: messages to publish ─> mqtt
 *	main <── inbox: messages for the screen ── mqtt
 *	main <── ladder: rungs and causes ──────── mqtt
 *
 * The mailbox holds the latest state, not a history, so it needs no bound; it
 * and the copy of the counters are the only things under the lock, which is
 * held for a few assignments and never over a call of the library.
 *
 * The library's own loop thread is not used: it ends silently on some errors,
 * tells no cause of others, reconnects without jitter and cannot be stopped in
 * connect(2). Instead poll() here waits for the library's socket, the mailbox
 * and the next deadline, and mosquitto_loop() with a timeout of 0 does the
 * work. A turn of the thread is:
 *
 *	take the mail -> connection -> subscriptions -> publications -> wait
 *
 *	mqtt_client.c	  the library behind a door
 *	mqtt_client_callbacks.c what the library tells
 *	mqtt_client_limits.c what the broker takes
 *	mqtt_client_handle.c how the library's handles are made
 *	mqtt_connection.c when to connect; the rungs from name to CONNACK
 *	mqtt_loss.c	  what the end of a connection means
 *	mqtt_path.c	  what it can count on: link, addresses
 *	mqtt_suspicion.c  whether a port that ends connections early wants TLS
 *	mqtt_probe.c	  the question
 *	mqtt_tls.c	  whom TLS trusts, and why it failed
 *	mqtt_lookup.c	  the resolver, in a thread for each lookup
 *	mqtt_backoff.c	  how long to wait after a failure
 *	mqtt_cause.c	  what went wrong, in words
 *	mqtt_status.c	  "online" and "offline"
 *	mqtt_subscribe.c  SUBSCRIBE, the rung SUBACK, messages that arrive
 *	mqtt_handover.c	  what others have composed (publications.h)
 *	mqtt_outbox.c	  what waits, what is under way, what is dropped
 *	mqtt_refusals.c	  which messages the broker does not take
 *	mqtt_poison.c	  the one at which it ends every connection
 *	mqtt_leave.c	  how a connection is left, for another one too
 *	mqtt_forget.c	  how its retained topics are emptied before
 *
 * States: OFFLINE (no link or address) and BACKOFF -> RESOLVING -> CONNECTING ->
 * HANDSHAKE (with TLS) -> WAIT_CONNACK -> ONLINE; any failure leads back to BACKOFF
 * with the cause on the ladder, an end in WAIT_CONNACK without TLS by way of PROBING.
 * A link that is lost keeps the session for a grace time; when it comes back later, or
 * the address changes, one attempt skips the back-off.
 *
 * Each time CONNACK arrives: subscribe to everything, then publish "online",
 * retained, on BASE/status, and subscribe to that: a wrong word there, such as
 * a late will, is corrected. The retained will is "offline".
 *
 * Stop: see mqtt_leave.c. What was not delivered is written to the disk, after half
 * of the time for it at the latest.
 *
 * Another configuration: main makes a struct mqtt_session of it and hands that
 * over; the thread goes over to it when it can, and gives the old one back, so
 * main knows when nobody uses the old configuration any more. The path, what
 * waits in handover and spool, and the counters belong to none of them and stay.
 */
#include "mqttnode/mqtt.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mqttnode/clock.h"
#include "mqttnode/fd.h"
#include "mqttnode/log.h"
#include "mqttnode/text.h"

#include "mqtt_internal.h"

/* Birth and "offline" travel beside the publications. */
#define STATUS_INFLIGHT 2

/* MQTT 5: what a packet holds beside a payload, above all a topic of 64 KiB. */
#define PACKET_REST (72 * 1024)

const struct mqtt_timing mqtt_timing_default = {
	.connect_ms = 10000,
	.tls_ms = 10000,
	.connack_ms = 10000,
	.probe_ms = 3000,
	.probed_ms = 120000,
	.backoff_base_ms = 1000,
	.stable_ms = 60000,
	.link_grace_ms = 2000,
	.link_settle_ms = 300,
	.confirm_ms = 10000,
	.calm_ms = 1000,
	.hurry_ms = 5000,
};

static void on_session_nobody(void *ctx, bool online)
{
	(void)ctx;
	(void)online;
}

static void on_room_nobody(void *ctx)
{
	(void)ctx;
}

/* --- what is made of a configuration --------------------------------------- */

/* NULL in @ret: TLS is off. */
static int make_tls(struct mqtt_tls **ret, const struct mqtt_settings *settings,
		    const char *key_path, char *error, size_t error_size)
{
	const struct tls_settings *tls = &settings->tls;
	const struct mqtt_tls_config config = {
		.host = settings->host,
		.ca_file = tls->ca_file,
		.cert_file = tls->cert_file,
		.key_file = key_path,
		.insecure = tls->insecure,
	};

	*ret = NULL;
	return tls->on ? mqtt_tls_new(ret, &config, error, error_size) : 0;
}

int mqtt_check_files(const struct mqtt_settings *settings, const char *key_path,
		     char *error, size_t error_size)
{
	struct mqtt_tls *tls;
	int r = make_tls(&tls, settings, key_path, error, error_size);

	(void)mqtt_tls_free(tls);
	return r;
}

/* The largest packet that a subscription has a use for: a payload and its topic. */
static uint32_t packet_max(const struct mqtt_settings *settings)
{
	size_t max = 0;

	for (size_t i = 0; i < settings->n_subscribe; i++)
		if (settings->subscribe[i].max_size > max)
			max = settings->subscribe[i].max_size;
	return (uint32_t)max + PACKET_REST;
}

static int make_client(struct mqtt_session *s, struct mqtt *m,
		       const struct mqtt_config *config)
{
	const struct mqtt_settings *settings = s->settings;
	const struct mqtt_client_config client_config = {
		.client_id = config->client_id,
		.clean_session = settings->clean_session,
		.v5 = settings->protocol == MQTT_PROTOCOL_5,
		.session_expiry_s = settings->session_expiry_s,
		.packet_max = packet_max(settings),
		.keepalive_s = settings->keepalive_s,
		.interface = config->interface,
		.username = settings->username,
		.password = config->password,
		.will_topic = s->status.topic,
		.will_payload = MQTT_STATUS_OFFLINE,
		.tls = s->tls,
		.inflight_max = MQTT_INFLIGHT_MAX + STATUS_INFLIGHT,
	};

	return mqtt_client_new(&s->client, &client_config, &mqtt_thread_events, m);
}

/* All that a connection of its own needs. */
static int make_connection(struct mqtt_session *s, struct mqtt *m,
			   const struct mqtt_config *config, char *error,
			   size_t error_size)
{
	int r;

	r = make_tls(&s->tls, s->settings, config->key_path, error, error_size);
	if (r == 0)
		r = mqtt_status_init(&s->status,
				     s->settings->status ? config->base_topic : NULL,
				     &m->refusals, &m->counters);
	return r < 0 ? r : make_client(s, m, config);
}

/* CONNECT of MQTT 5 tells the broker what is too large. */
static bool needs_connection(const struct mqtt *m, const struct mqtt_settings *settings)
{
	return settings->protocol == MQTT_PROTOCOL_5 &&
	       packet_max(settings) != m->packet_max;
}

int mqtt_session_new(struct mqtt_session **ret, struct mqtt *m,
		     const struct mqtt_config *config, enum mqtt_change change,
		     char *error, size_t error_size)
{
	_cleanup_(mqtt_session_freep) struct mqtt_session *s = NULL;
	int r;

	error[0] = '\0';
	s = calloc(1, sizeof(*s));
	if (!s)
		r = -ENOMEM;
	else
		r = mqtt_subscriber_new(&s->subscriber, config, &m->counters);
	if (r == 0) {
		s->settings = config->settings;
		if (change == MQTT_CHANGE_SUBSCRIPTIONS &&
		    needs_connection(m, config->settings))
			change = MQTT_CHANGE_CONNECTION;
	}
	if (r == 0 && change != MQTT_CHANGE_SUBSCRIPTIONS)
		r = make_connection(s, m, config, error, error_size);
	if (r == 0)
		*ret = TAKE_PTR(s);
	else if (!error[0])
		text_format(error, error_size, "Cannot set up MQTT: %s", strerror(-r));
	return r;
}

struct mqtt_session *mqtt_session_free(struct mqtt_session *s)
{
	if (!s)
		return NULL;
	(void)mqtt_subscriber_free(s->subscriber);
	(void)mqtt_client_free(s->client);
	(void)mqtt_tls_free(s->tls);
	mqtt_status_clear(&s->status);
	free(s);
	return NULL;
}

/* --- begin and end --------------------------------------------------------- */

static int make_all(struct mqtt *m, const struct mqtt_config *config)
{
	int r;

	m->mail_fd = fd_event_new();
	m->ended_fd = fd_event_new();
	m->changed_fd = fd_event_new();
	m->requests_fd = fd_event_new();
	if (m->mail_fd < 0 || m->ended_fd < 0 || m->changed_fd < 0 || m->requests_fd < 0)
		return -EMFILE;
	r = mqtt_handover_new(&m->handover);
	if (r == 0)
		r = mqtt_outbox_new(&m->outbox, config->spool,
				    config->settings->spool.rate, &m->counters,
				    mqtt_thread_send, m);
	return r;
}

int mqtt_new(struct mqtt **ret, const struct mqtt_config *config, char *error,
	     size_t error_size)
{
	_cleanup_(mqtt_freep) struct mqtt *m = NULL;
	int r;

	error[0] = '\0';
	m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	(void)pthread_mutex_init(&m->lock, NULL);
	m->timing = &mqtt_timing_default;
	m->ladder = config->ladder;
	m->spool = config->spool;
	m->mailbox.path.unbound = config->unbound;
	m->mailbox.path.routed = config->routed;
	m->on_session = on_session_nobody;
	m->on_room = on_room_nobody;
	mqtt_refusals_init(&m->refusals);
	m->mail_fd = m->ended_fd = m->changed_fd = m->requests_fd = -1;
	r = make_all(m, config);
	if (r == 0)
		r = mqtt_session_new(&m->session, m, config, MQTT_CHANGE_CONNECTION,
				     error, error_size);
	if (r < 0) {
		if (!error[0])
			text_format(error, error_size, "Cannot set up MQTT: %s",
				    strerror(-r));
		return r;
	}
	m->packet_max = packet_max(config->settings);
	*ret = TAKE_PTR(m);
	return 0;
}

void mqtt_set_timing(struct mqtt *m, const struct mqtt_timing *timing)
{
	assert(!m->started);
	m->timing = timing;
}

void mqtt_set_session_callback(struct mqtt *m, void (*on_session)(void *ctx, bool online),
			       void *ctx)
{
	assert(!m->started);
	m->on_session = on_session;
	m->session_ctx = ctx;
}

void mqtt_set_room_callback(struct mqtt *m, void (*on_room)(void *ctx), void *ctx)
{
	assert(!m->started);
	m->on_room = on_room;
	m->room_ctx = ctx;
}

struct mqtt *mqtt_free(struct mqtt *m)
{
	if (!m || !mqtt_joined(m))
		return NULL;
	(void)mqtt_session_free(m->session);
	(void)mqtt_session_free(m->next);
	(void)mqtt_session_free(m->coming);
	(void)mqtt_session_free(m->retired);
	(void)mqtt_outbox_free(m->outbox);
	mqtt_connection_clear(&m->connection);
	mqtt_poison_fini(&m->poison);
	(void)mqtt_handover_free(m->handover);
	(void)fd_close(m->mail_fd);
	(void)fd_close(m->ended_fd);
	(void)fd_close(m->changed_fd);
	(void)fd_close(m->requests_fd);
	(void)pthread_mutex_destroy(&m->lock);
	free(m);
	return NULL;
}

void mqtt_note_status(struct mqtt *m)
{
	if (!m->session->status.topic)
		return;
	spool_note_retained(m->spool, m->session->status.topic);
	spool_save_retained(m->spool);
}

int mqtt_start(struct mqtt *m)
{
	int r;

	mqtt_init_connection(m);
	mqtt_choose_session(m);
	mqtt_note_status(m);
	r = -pthread_create(&m->thread, NULL, mqtt_thread, m);
	if (r < 0)
		return r;
	m->started = true;
	(void)pthread_setname_np(m->thread, "mqtt");
	return 0;
}

void mqtt_set_link(struct mqtt *m, bool up)
{
	uint64_t now = clock_now_ns(&clock_system);

	(void)pthread_mutex_lock(&m->lock);
	if (m->mailbox.path.link != up) {
		struct mqtt_path *path = &m->mailbox.path;

		/* The address told before the first link needs no confirmation. */
		if (!up)
			path->confirmed = false;
		else
			path->changes++;
		path->link = up;
		path->link_changed_ns = now;
	}
	(void)pthread_mutex_unlock(&m->lock);
	fd_event_signal(m->mail_fd);
}

void mqtt_set_sources(struct mqtt *m, const struct ip *sources, size_t n)
{
	struct mqtt_path *path = &m->mailbox.path;

	n = n < MQTT_SOURCES_MAX ? n : MQTT_SOURCES_MAX;
	(void)pthread_mutex_lock(&m->lock);
	if (!mqtt_path_has_sources(path, sources, n)) {
		for (size_t i = 0; i < n; i++)
			path->sources[i] = sources[i];
		path->n_sources = n;
		path->changes++;
	}
	path->confirmed = n > 0;
	(void)pthread_mutex_unlock(&m->lock);
	fd_event_signal(m->mail_fd);
}

int mqtt_publish(struct mqtt *m, const struct mqtt_outgoing *message)
{
	return mqtt_handover_push(m->handover, message);
}

void mqtt_change(struct mqtt *m, struct mqtt_session *next)
{
	m->packet_max = packet_max(next->settings);
	(void)pthread_mutex_lock(&m->lock);
	assert(!m->next && !m->retired);
	m->next = next;
	(void)pthread_mutex_unlock(&m->lock);
	fd_event_signal(m->mail_fd);
}

bool mqtt_has_changed(struct mqtt *m)
{
	struct mqtt_session *retired;
	bool has;

	(void)fd_event_clear(m->changed_fd);
	(void)pthread_mutex_lock(&m->lock);
	retired = TAKE_PTR(m->retired);
	(void)pthread_mutex_unlock(&m->lock);
	has = retired;
	(void)mqtt_session_free(retired);
	return has;
}

unsigned int mqtt_take_requests(struct mqtt *m)
{
	unsigned int requests;

	(void)fd_event_clear(m->requests_fd);
	(void)pthread_mutex_lock(&m->lock);
	requests = m->requests;
	m->requests = 0;
	(void)pthread_mutex_unlock(&m->lock);
	return requests;
}

int mqtt_requests_fd(const struct mqtt *m)
{
	return m->requests_fd;
}

void mqtt_say_status(struct mqtt *m)
{
	(void)pthread_mutex_lock(&m->lock);
	m->mailbox.status_wanted++;
	(void)pthread_mutex_unlock(&m->lock);
	fd_event_signal(m->mail_fd);
}

int mqtt_change_fd(const struct mqtt *m)
{
	return m->changed_fd;
}

static void stop(struct mqtt *m, unsigned int limit_ms, bool forget)
{
	uint64_t now = clock_now_ns(&clock_system);

	(void)pthread_mutex_lock(&m->lock);
	m->mailbox.stop = true;
	m->mailbox.forget |= forget;
	m->mailbox.park_ns = now + limit_ms * NSEC_PER_MSEC / 2;
	m->mailbox.stop_deadline_ns = now + limit_ms * NSEC_PER_MSEC;
	(void)pthread_mutex_unlock(&m->lock);
	fd_event_signal(m->mail_fd);
}

int mqtt_event_fd(const struct mqtt *m)
{
	return m->ended_fd;
}

void mqtt_stop(struct mqtt *m, unsigned int limit_ms)
{
	stop(m, limit_ms, false);
}

void mqtt_forget(struct mqtt *m, unsigned int limit_ms)
{
	stop(m, limit_ms, true);
}

bool mqtt_joined(struct mqtt *m)
{
	struct pollfd ended = { .fd = m->ended_fd, .events = POLLIN };

	if (!m->started)
		return true;
	if (poll(&ended, 1, 0) <= 0)
		return false;
	/* It has nothing left to do but to return. */
	(void)pthread_join(m->thread, NULL);
	m->started = false;
	return true;
}

void mqtt_get_counters(struct mqtt *m, struct mqtt_counters *ret)
{
	(void)pthread_mutex_lock(&m->lock);
	*ret = m->shared_counters;
	(void)pthread_mutex_unlock(&m->lock);
}

size_t mqtt_get_last(struct mqtt *m, struct mqtt_last *ret, size_t max)
{
	size_t n = 0;

	(void)pthread_mutex_lock(&m->lock);
	while (n < max && n < MQTT_LAST_MAX && n < m->n_last) {
		ret[n] = m->last[(m->n_last - 1 - n) % MQTT_LAST_MAX];
		n++;
	}
	(void)pthread_mutex_unlock(&m->lock);
	return n;
}
