// SPDX-License-Identifier: MIT
/* mqtt_connection.c — the way to the broker: when to try, and what went wrong */
#include "mqtt_connection.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "mqttnode/clock.h"
#include "mqttnode/log.h"
#include "mqttnode/text.h"

#include "mqtt_loss.h"

/* While a connection is being made the library is looked after this often. */
#define CONNECTING_TICK_NS (50 * NSEC_PER_MSEC)

/* With a connection: the library's keepalive counts in seconds. */
#define ONLINE_TICK_NS NSEC_PER_SEC

/* A slow lookup leaves TCP at least this part of the deadline. */
#define TCP_SHARE 3

static uint64_t ms(unsigned int value)
{
	return value * NSEC_PER_MSEC;
}

static uint32_t random_number(uint64_t now)
{
	uint32_t value;

	/* Early at boot there may be no entropy yet: jitter is no secret. */
	if (getrandom(&value, sizeof(value), GRND_NONBLOCK) != (ssize_t)sizeof(value))
		value = (uint32_t)(now * UINT64_C(0x9e3779b97f4a7c15) >> 32);
	return value;
}

/* --- the ladder ---------------------------------------------------------
 *
 * A rung that failed stays failed, with its cause, while attempts go on: it
 * is news when it is passed or when another one fails, not that somebody tries
 * again. Otherwise the screen would flicker with every attempt.
 */

static void rung_trying(struct mqtt_connection *c, enum rung rung, const char *text)
{
	if (c->failed_rung < 0)
		ladder_report(c->ladder, rung, RUNG_STATE_TRYING, "%s", text);
}

static void rung_passed(struct mqtt_connection *c, enum rung rung, const char *text)
{
	ladder_report(c->ladder, rung, RUNG_STATE_OK, "%s", text);
	if (c->failed_rung == (int)rung)
		c->failed_rung = -1;
}

/* All rungs of this connection from @from up wait. */
static void rungs_waiting(struct mqtt_connection *c, enum rung from)
{
	static const enum rung rungs[] = { RUNG_NAME, RUNG_TCP, RUNG_TLS, RUNG_CONNACK,
					   RUNG_SUBACK };

	for (size_t i = 0; i < ARRAY_SIZE(rungs); i++) {
		if (rungs[i] < from || (rungs[i] == RUNG_NAME && c->literal) ||
		    (rungs[i] == RUNG_TLS && !c->settings->tls.on) ||
		    (rungs[i] == RUNG_SUBACK && c->settings->n_subscribe == 0))
			continue;
		ladder_report(c->ladder, rungs[i], RUNG_STATE_WAITING, "%s", "");
	}
}

static void rung_failed(struct mqtt_connection *c, const struct mqtt_cause *cause)
{
	ladder_report_cause(c->ladder, cause->rung, RUNG_STATE_FAILED, cause->id, "%s",
			    cause->text);
	rungs_waiting(c, cause->rung + 1);
	c->failed_rung = (int)cause->rung;
}

/* --- the end of an attempt or a session ---------------------------------- */

/* Ends whatever there is and chooses the time of the next attempt. */
static void end(struct mqtt_connection *c, bool persistent, uint64_t now)
{
	uint32_t random = random_number(now), wait_ms;

	mqtt_connection_clear(c);
	mqtt_client_abort(c->client);
	if (c->state == MQTT_ONLINE) {
		c->counters->disconnects++;
		if (now - c->online_ns >= ms(c->timing->stable_ms))
			mqtt_backoff_reset(&c->backoff);
	} else {
		c->counters->connect_failures++;
	}
	wait_ms = persistent ? mqtt_backoff_cap(&c->backoff, random)
			     : mqtt_backoff_next(&c->backoff, random);
	c->attempt_ns = now + ms(wait_ms);
	c->state = mqtt_path_is_open(&c->path) ? MQTT_BACKOFF : MQTT_OFFLINE;
}

/* One line per cap interval while it goes on; main tells when a rung changes. */
static void tell_failing(struct mqtt_connection *c, const struct mqtt_cause *cause,
			 uint64_t now)
{
	if (c->failures++ == 0) {
		c->failing_ns = c->told_failing_ns = now;
		return;
	}
	if (now - c->told_failing_ns < c->settings->reconnect_max_s * NSEC_PER_SEC)
		return;
	c->told_failing_ns = now;
	(void)log_event(
		LOG_WARNING, "broker-unreachable",
		"Still no connection to the broker after %u attempts in %llu s: %s",
		c->failures, (unsigned long long)((now - c->failing_ns) / NSEC_PER_SEC),
		cause->text);
}

static void fail(struct mqtt_connection *c, const struct mqtt_cause *cause, uint64_t now)
{
	end(c, cause->persistent, now);
	if (!mqtt_path_is_open(&c->path)) {
		/* The link is gone as well: that is the cause to show. */
		c->failed_rung = -1;
		rungs_waiting(c, RUNG_NAME);
		return;
	}
	rung_failed(c, cause);
	tell_failing(c, cause, now);
}

void mqtt_connection_drop(struct mqtt_connection *c, uint64_t now)
{
	if (c->state == MQTT_ONLINE)
		(void)c->judge(c->judge_ctx, false, now);
	if (c->state >= MQTT_RESOLVING)
		end(c, false, now);
	c->state = mqtt_path_is_open(&c->path) ? MQTT_BACKOFF : MQTT_OFFLINE;
	c->failed_rung = -1;
	rungs_waiting(c, RUNG_NAME);
}

/* --- an attempt ------------------------------------------------------------ */

/* When the next attempt is due as things are now; UINT64_MAX: not before news. */
static uint64_t due_ns(const struct mqtt_connection *c)
{
	uint64_t due = c->attempt_ns, floor = 0;

	if (!mqtt_path_is_open(&c->path))
		return UINT64_MAX;
	if (c->hurry) {
		uint64_t at = c->hurried_ns ? c->hurried_ns + ms(c->timing->hurry_ms) : 0;

		due = at < due ? at : due;
	}
	if (c->path.link_changed_ns && !c->path.unbound)
		floor = c->path.link_changed_ns + ms(c->path.confirmed
							     ? c->timing->link_settle_ms
							     : c->timing->confirm_ms);
	return due > floor ? due : floor;
}

/* From which address; none: the routes choose it. */
static const struct ip *bound_to(const struct mqtt_connection *c)
{
	static const struct ip any;

	return c->path.routed ? &any : &c->peer.local;
}

static void connect_now(struct mqtt_connection *c, struct ip broker, uint64_t now)
{
	uint64_t least = now + ms(c->timing->connect_ms) / TCP_SHARE;
	struct mqtt_error error;
	struct mqtt_cause cause;
	char text[MQTT_PEER_TEXT_SIZE + 32], who[MQTT_PEER_TEXT_SIZE];

	c->peer = (struct mqtt_peer){
		.address = broker,
		.port = c->settings->port,
		.local = mqtt_path_source(&c->path, &broker),
		.tls = c->settings->tls.on,
	};
	c->connack.code = -1;
	c->state = MQTT_CONNECTING;
	c->deadline_ns = c->began_ns + ms(c->timing->connect_ms);
	if (c->deadline_ns < least)
		c->deadline_ns = least;
	rung_trying(c, RUNG_TCP,
		    text_format(text, sizeof(text), "Connecting to %s",
				mqtt_peer_text(&c->peer, who)));
	if (!c->path.unbound && !ip_is_set(&c->peer.local)) {
		mqtt_cause_no_source(&cause, &c->peer);
		fail(c, &cause, now);
	} else if (mqtt_client_connect(c->client, &c->peer.address, c->peer.port,
				       bound_to(c), &error) < 0) {
		mqtt_cause_tcp(&cause, &c->peer, &error);
		fail(c, &cause, now);
	}
}

static void look_up(struct mqtt_connection *c, uint64_t now)
{
	struct mqtt_cause cause;
	char text[LADDER_TEXT_SIZE];
	int r;

	rung_trying(c, RUNG_NAME,
		    text_format(text, sizeof(text), "Looking up %s", c->settings->host));
	r = mqtt_lookup_new(&c->lookup, c->settings->host, mqtt_path_family(&c->path));
	if (r == 0) {
		c->state = MQTT_RESOLVING;
		return;
	}
	mqtt_cause_no_lookup(&cause, c->settings->host, -r);
	fail(c, &cause, now);
}

static void begin_attempt(struct mqtt_connection *c, uint64_t now)
{
	if (now < c->attempt_ns)
		c->hurried_ns = now;
	c->hurry = false;
	c->began_ns = now;
	c->attempts++;
	/*
	 * The library could look the name up itself, but would not tell a name
	 * that does not exist from a server that does not answer, and the rung
	 * "name" would be a guess. It is given the address; TLS learns the name
	 * from us: mqtt_tls.c.
	 */
	if (!c->literal) {
		look_up(c, now);
		return;
	}
	/* The interface that its zone names may be a new one. */
	(void)ip_parse(&c->resolved.addresses[0], c->settings->host);
	connect_now(c, c->resolved.addresses[0], now);
}

static void use_lookup(struct mqtt_connection *c, uint64_t now)
{
	char text[LADDER_TEXT_SIZE], buf[IP_TEXT_SIZE];
	struct ip broker;

	if (!mqtt_lookup_is_done(c->lookup, &c->resolved))
		return;
	c->lookup = mqtt_lookup_free(c->lookup);
	if (c->resolved.n == 0) {
		fail(c, &c->resolved.cause, now);
		return;
	}
	/* Several addresses take turns, attempt by attempt. */
	broker = c->resolved.addresses[c->attempts % c->resolved.n];
	/* The rung TCP tells which: here it would be other news with each attempt. */
	if (c->resolved.n > 1)
		text_format(text, sizeof(text), "%s has %u addresses", c->settings->host,
			    c->resolved.n);
	else
		text_format(text, sizeof(text), "%s is %s", c->settings->host,
			    ip_text(&broker, buf));
	rung_passed(c, RUNG_NAME, text);
	connect_now(c, broker, now);
}

static void await_connack(struct mqtt_connection *c, uint64_t now)
{
	rung_trying(c, RUNG_CONNACK, "Waiting for CONNACK");
	c->state = MQTT_WAIT_CONNACK;
	c->deadline_ns = now + ms(c->timing->connack_ms);
}

/* Only routes decide how a connection leaves that is not bound: they may be amiss. */
static void look_at_way(const struct mqtt_connection *c, const struct ip *local)
{
	static struct log_limit limit = { .interval_s = 3600, .burst = 1 };
	char from[IP_TEXT_SIZE], ours[IP_TEXT_SIZE];
	unsigned int held;

	if (!c->path.routed || !ip_is_set(local) || ip_equal(local, &c->peer.local) ||
	    !log_allow(&limit, &held))
		return;
	log_warning("The connection to the broker does not leave by the W5500 (from %s, "
		    "not %s): see \"external\" in mqttnode.conf(5) about routes",
		    ip_text(local, from), ip_text(&c->peer.local, ours));
}

static void tcp_established(struct mqtt_connection *c, struct ip local, uint64_t now)
{
	char text[LADDER_TEXT_SIZE], to[MQTT_PEER_TEXT_SIZE], from[IP_TEXT_SIZE];
	bool known = ip_is_set(&local); /* it may be over already */

	rung_passed(c, RUNG_TCP,
		    text_format(text, sizeof(text), "Connected to %s%s%s",
				mqtt_peer_text(&c->peer, to), known ? " from " : "",
				ip_text(&local, from)));
	if (!c->settings->tls.on) {
		await_connack(c, now);
		return;
	}
	rung_trying(c, RUNG_TLS, "TLS handshake");
	c->state = MQTT_HANDSHAKE;
	c->deadline_ns = now + ms(c->timing->tls_ms);
}

static void tls_established(struct mqtt_connection *c, uint64_t now)
{
	char text[LADDER_TEXT_SIZE];

	rung_passed(c, RUNG_TLS, mqtt_client_describe_tls(c->client, text, sizeof(text)));
	await_connack(c, now);
}

static void go_online(struct mqtt_connection *c, uint64_t now)
{
	char text[LADDER_TEXT_SIZE];

	c->state = MQTT_ONLINE;
	c->online_ns = now;
	c->hurry = false;
	c->failures = 0;
	c->counters->connects++;
	mqtt_suspicion_forget(&c->suspicion);
	rung_passed(
		c, RUNG_CONNACK,
		text_format(text, sizeof(text), "broker %s:%u%s", c->settings->host,
			    c->settings->port,
			    c->settings->protocol == MQTT_PROTOCOL_5 ? ", MQTT 5" : ""));
}

/* It ended before CONNACK, for @cause; that it is a port for TLS is another one. */
static void suspect(struct mqtt_connection *c, struct mqtt_cause *cause, uint64_t now)
{
	if (!mqtt_path_is_open(&c->path) ||
	    !mqtt_suspicion_begin(&c->suspicion, c->settings->host, &c->peer, bound_to(c),
				  cause, now)) {
		fail(c, cause, now);
		return;
	}
	mqtt_client_abort(c->client);
	c->state = MQTT_PROBING;
	c->deadline_ns = now + ms(c->timing->probe_ms);
}

static void await_suspicion(struct mqtt_connection *c, uint64_t now)
{
	struct mqtt_cause cause;

	if (mqtt_suspicion_turn(&c->suspicion, now >= c->deadline_ns,
				now + ms(c->timing->probed_ms), &cause))
		fail(c, &cause, now);
}

/* The library says that the connection is gone. */
static void lost(struct mqtt_connection *c, const struct mqtt_error *error, uint64_t now)
{
	/* It may have come before what it needs was seen to be there. */
	bool answered = c->connack.code >= 0, open = mqtt_path_is_open(&c->path);
	enum mqtt_poison_verdict verdict = MQTT_POISON_NO_SIGN;
	struct mqtt_cause cause;

	if (c->state == MQTT_CONNECTING && (answered || mqtt_loss_was_connected(error)))
		tcp_established(c, c->peer.local, now);
	if (c->state == MQTT_HANDSHAKE && answered)
		tls_established(c, now);
	/* The library repeats what is under way at once: that may have been the end. */
	if (c->state == MQTT_WAIT_CONNACK && c->connack.code == 0)
		go_online(c, now);
	if (c->state == MQTT_ONLINE)
		verdict = c->judge(c->judge_ctx, open && mqtt_loss_is_by_broker(error),
				   now);
	mqtt_loss_explain(c, &cause, error, verdict);
	if (c->state == MQTT_WAIT_CONNACK) {
		suspect(c, &cause, now);
		return;
	}
	if (c->state == MQTT_ONLINE && open)
		c->counters->taken_over += cause.id == CAUSE_CLIENT_ID_TWICE;
	fail(c, &cause, now);
}

/* The steps from SYN to CONNACK. */
static void climb(struct mqtt_connection *c, uint64_t now)
{
	struct mqtt_cause cause;
	struct ip local;

	if (c->state == MQTT_CONNECTING) {
		if (mqtt_client_is_connected(c->client, &local)) {
			look_at_way(c, &local);
			tcp_established(c, local, now);
		} else if (now >= c->deadline_ns) {
			mqtt_cause_tcp_timeout(&cause, &c->peer);
			fail(c, &cause, now);
		}
	}
	if (c->state == MQTT_HANDSHAKE) {
		if (mqtt_client_is_secured(c->client)) {
			tls_established(c, now);
		} else if (now >= c->deadline_ns) {
			mqtt_cause_tls_timeout(&cause, &c->peer,
					       (c->timing->tls_ms + 500) / 1000);
			fail(c, &cause, now);
		}
	}
	if (c->state == MQTT_WAIT_CONNACK) {
		if (c->connack.code == 0) {
			go_online(c, now);
		} else if (now >= c->deadline_ns) {
			mqtt_cause_connack_timeout(&cause,
						   (c->timing->connack_ms + 500) / 1000);
			fail(c, &cause, now);
		}
	}
}

/* --- from outside ---------------------------------------------------------- */

void mqtt_connection_init(struct mqtt_connection *c, const struct mqtt_settings *settings,
			  const struct mqtt_timing *timing, struct mqtt_client *client,
			  struct ladder *ladder, struct mqtt_counters *counters,
			  mqtt_judge judge, void *judge_ctx)
{
	memset(c, 0, sizeof(*c));
	c->settings = settings;
	c->timing = timing;
	c->client = client;
	c->ladder = ladder;
	c->counters = counters;
	c->judge = judge;
	c->judge_ctx = judge_ctx;
	c->failed_rung = -1;
	c->connack.code = -1;
	c->backoff.base_ms = timing->backoff_base_ms;
	c->backoff.cap_ms = settings->reconnect_max_s * 1000;
	c->literal = ip_parse(&c->resolved.addresses[0], settings->host);
	if (c->literal)
		ladder_report(ladder, RUNG_NAME, RUNG_STATE_UNUSED,
			      "The broker is given by its address");
	if (!settings->tls.on)
		ladder_report(ladder, RUNG_TLS, RUNG_STATE_UNUSED, "TLS is off");
	if (settings->n_subscribe == 0)
		ladder_report(ladder, RUNG_SUBACK, RUNG_STATE_UNUSED, "No subscriptions");
}

void mqtt_connection_clear(struct mqtt_connection *c)
{
	c->lookup = mqtt_lookup_free(c->lookup);
	mqtt_suspicion_end(&c->suspicion);
}

void mqtt_connection_set_settings(struct mqtt_connection *c,
				  const struct mqtt_settings *settings, uint64_t now)
{
	uint64_t latest;

	c->settings = settings;
	c->backoff.cap_ms = settings->reconnect_max_s * 1000;
	latest = now + ms(c->backoff.cap_ms);
	if (c->attempt_ns > latest)
		c->attempt_ns = latest;
	if (settings->n_subscribe == 0)
		ladder_report(c->ladder, RUNG_SUBACK, RUNG_STATE_UNUSED,
			      "No subscriptions");
	else if (c->state != MQTT_ONLINE)
		ladder_report(c->ladder, RUNG_SUBACK, RUNG_STATE_WAITING, "%s", "");
}

void mqtt_connection_await(struct mqtt_connection *c)
{
	rungs_waiting(c, RUNG_NAME);
}

/* Whether an attempt or a session depends on a path that is gone. */
static bool path_is_lost(const struct mqtt_connection *c, uint64_t now)
{
	if (c->state < MQTT_CONNECTING)
		return c->state >= MQTT_RESOLVING && !mqtt_path_is_open(&c->path);
	if (c->path.unbound)
		return false;
	if (!mqtt_path_has_source(&c->path, &c->peer.local))
		return true;
	return !c->path.link &&
	       now >= c->path.link_changed_ns + ms(c->timing->link_grace_ms);
}

void mqtt_connection_set_path(struct mqtt_connection *c, const struct mqtt_path *path,
			      uint64_t now)
{
	bool changed = path->changes != c->path.changes;

	c->path = *path;
	if (changed)
		mqtt_suspicion_forget(&c->suspicion);
	/* A lookup asks the servers of the path that it began with. */
	if (path_is_lost(c, now) || (changed && c->state == MQTT_RESOLVING) ||
	    (c->state <= MQTT_BACKOFF &&
	     mqtt_path_is_open(&c->path) != (c->state == MQTT_BACKOFF)))
		mqtt_connection_drop(c, now);
	if (changed && c->state != MQTT_ONLINE)
		c->hurry = true;
}

void mqtt_connection_turn(struct mqtt_connection *c, uint64_t now)
{
	struct mqtt_error error;

	if (path_is_lost(c, now))
		mqtt_connection_drop(c, now);
	switch (c->state) {
	case MQTT_OFFLINE:
	case MQTT_BACKOFF:
		if (now >= due_ns(c))
			begin_attempt(c, now);
		break;
	case MQTT_RESOLVING:
		use_lookup(c, now);
		break;
	case MQTT_PROBING:
		await_suspicion(c, now);
		break;
	case MQTT_CONNECTING:
	case MQTT_HANDSHAKE:
	case MQTT_WAIT_CONNACK:
	case MQTT_ONLINE:
		if (mqtt_client_turn(c->client, &error) < 0)
			lost(c, &error, now);
		else
			climb(c, now);
		break;
	}
}

uint64_t mqtt_connection_next_ns(const struct mqtt_connection *c, uint64_t now)
{
	uint64_t next = UINT64_MAX;

	switch (c->state) {
	case MQTT_OFFLINE:
	case MQTT_BACKOFF:
		return due_ns(c);
	case MQTT_RESOLVING:
		return UINT64_MAX;
	case MQTT_PROBING:
		return c->deadline_ns;
	case MQTT_CONNECTING:
	case MQTT_HANDSHAKE:
	case MQTT_WAIT_CONNACK:
		next = now + CONNECTING_TICK_NS;
		next = next < c->deadline_ns ? next : c->deadline_ns;
		break;
	case MQTT_ONLINE:
		next = now + ONLINE_TICK_NS;
		break;
	}
	if (!c->path.link && !c->path.unbound) {
		uint64_t end_of_grace =
			c->path.link_changed_ns + ms(c->timing->link_grace_ms);

		next = next < end_of_grace ? next : end_of_grace;
	}
	return next;
}

void mqtt_connection_poll(const struct mqtt_connection *c, struct pollfd *ret)
{
	*ret = (struct pollfd){ .fd = -1, .events = POLLIN };
	if (c->state == MQTT_RESOLVING)
		ret->fd = mqtt_lookup_fd(c->lookup);
	else if (c->state == MQTT_PROBING)
		mqtt_suspicion_poll(&c->suspicion, ret);
	else if (c->state >= MQTT_CONNECTING)
		ret->fd = mqtt_client_fd(c->client);
	if (c->state == MQTT_CONNECTING ||
	    (c->state >= MQTT_WAIT_CONNACK && mqtt_client_wants_write(c->client)))
		ret->events |= POLLOUT;
}

void mqtt_connection_connack(struct mqtt_connection *c,
			     const struct mqtt_connack *connack)
{
	c->connack = *connack;
	text_format(c->connack_reason, sizeof(c->connack_reason), "%s", connack->reason);
	c->connack.reason = c->connack_reason;
}
