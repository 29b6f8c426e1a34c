/* SPDX-License-Identifier: MIT */
/*
 * mqtt_client.h — one MQTT session over libmosquitto
 *
 * The only door to the library. It adds no policy: when to connect, what to
 * send and how long to wait is decided by its callers. All functions belong to
 * the MQTT thread, except new and free: main, while that thread does not run.
 */
#ifndef MQTTNODE_MQTT_CLIENT_H
#define MQTTNODE_MQTT_CLIENT_H

#include "mqttnode/ip.h"
#include "mqttnode/mqtt.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mqtt_tls.h"

/* What is shown of a broker's own words. */
#define MQTT_REASON_SIZE 80

/* What is shown of why it refused something: mqtt_client_events. */
#define MQTT_REFUSAL_SIZE (MQTT_REASON_SIZE + 48)

struct mqtt_client;

/* What is fixed for the life of a client. Strings are copied. */
struct mqtt_client_config {
	const char *client_id;
	bool clean_session;
	bool v5;
	uint32_t session_expiry_s; /* MQTT 5: how long the broker keeps the session */
	uint32_t packet_max;	   /* MQTT 5: larger packets are not sent to us; bytes */
	uint16_t keepalive_s;
	const char *interface;	/* a connection from it ends there; NULL: none */
	const char *username;	/* NULL: none */
	const char *password;	/* NULL: none */
	const char *will_topic; /* NULL: no will; else QoS 1, retained */
	const char *will_payload;
	struct mqtt_tls *tls;	   /* borrowed; NULL: TCP alone */
	unsigned int inflight_max; /* unacknowledged QoS 1/2 messages the library sends */
};

/* A message that arrived. Everything is the library's and gone after the call. */
struct mqtt_incoming {
	const char *topic;
	const void *payload; /* no terminating zero byte; may be NULL if @len is 0 */
	size_t len;
	int qos;
	bool retain;
};

/* The answer to CONNECT. */
struct mqtt_connack {
	int code;	      /* 0: accepted */
	const char *meaning;  /* of a code of MQTT 5, as the standard calls it; or NULL */
	const char *reason;   /* the broker's own words, escaped; "" if it has none */
	uint16_t keepalive_s; /* what the broker wants, or as configured */
};

/*
 * What the library tells during mqtt_client_turn(). It holds a lock of its own
 * meanwhile: none of these may call the client. Copy and return.
 *
 * @refusal says why something was refused, or is NULL if it was accepted: in MQTT 5
 * the name and number of the reason code (section 2.4) and the broker's own words if
 * it has any, escaped, "Not authorized (135)"; in MQTT 3.1.1, which has no reasons,
 * that it has none.
 */
struct mqtt_client_events {
	/* @code of MQTT 3.1.1, or of MQTT 5, which may say why and set the keepalive */
	void (*on_connack)(void *ctx, const struct mqtt_connack *connack);
	/* QoS 1, 2. Only MQTT 5 tells of a refusal. */
	void (*on_acknowledged)(void *ctx, int id, const char *refusal);
	void (*on_suback)(void *ctx, int id, const char *refusal);
	void (*on_message)(void *ctx, const struct mqtt_incoming *message);
};

/* Why a connection failed or ended. */
enum mqtt_error_kind {
	MQTT_ERROR_CLOSED,     /* the broker closed it */
	MQTT_ERROR_SILENT,     /* no answer to a ping within the keepalive time */
	MQTT_ERROR_SYSTEM,     /* errno in @error */
	MQTT_ERROR_PROTOCOL,   /* what arrived is not MQTT */
	MQTT_ERROR_TLS,	       /* see @tls */
	MQTT_ERROR_DISCONNECT, /* the broker said why (MQTT 5): code in @error, @reason */
	MQTT_ERROR_OTHER,      /* see @text */
};

struct mqtt_error {
	enum mqtt_error_kind kind;
	int error;
	const char *text; /* static */
	struct mqtt_tls_failure tls;
	char reason[MQTT_REASON_SIZE];
};

/* Makes a client without a connection; @ctx goes to @events. 0 or -errno. */
int mqtt_client_new(struct mqtt_client **ret, const struct mqtt_client_config *config,
		    const struct mqtt_client_events *events, void *ctx);
struct mqtt_client *mqtt_client_free(struct mqtt_client *c);

/*
 * Without clean_session, the first thing a client does is to make the broker
 * forget the session of an earlier one: CONNECT with clean session, CONNACK,
 * DISCONNECT, and the same again without. Half of a QoS 2 delivery is nothing
 * that another client could go on with, and mosquitto drops further messages
 * without a word when it holds too many halves (max_inflight_messages). This says
 * that there are none: the session goes on. Before the first connection.
 */
void mqtt_client_keep_session(struct mqtt_client *c);

/*
 * Why the library is of no use any more, or NULL: the broker's limits are others now
 * (MQTT 5), which it cannot forget, or which are too low for what it holds, and there is
 * no on_connack() then; or there was no memory, and it is not known what it holds. To be
 * looked at after each turn, which does nothing more until mqtt_client_renew().
 */
const char *mqtt_client_spoiled(const struct mqtt_client *c);

/*
 * Begins anew, as after mqtt_client_new(), with nothing under way; without a connection
 * (mqtt_client_abort()). 0, or -errno, and then it is as spoiled as before.
 */
int mqtt_client_renew(struct mqtt_client *c);

/*
 * Begins to connect from @local (none: what the routes say) to @broker and queues
 * CONNECT; never blocks.
 * An old connection is dropped first. 0, or -EIO with the cause in @error.
 */
int mqtt_client_connect(struct mqtt_client *c, const struct ip *broker, uint16_t port,
			const struct ip *local, struct mqtt_error *error);

/*
 * Reads and writes what is possible now and keeps the connection alive; to be
 * called when the socket is ready and at least once a second. 0, or -EIO with
 * the cause in @error: the connection is gone then.
 */
int mqtt_client_turn(struct mqtt_client *c, struct mqtt_error *error);

/* The socket to wait for, or -1. It may be another one after any call. */
int mqtt_client_fd(const struct mqtt_client *c);

/* Whether something waits to be written: TCP takes nothing more at the moment. */
bool mqtt_client_wants_write(const struct mqtt_client *c);

/* Whether TCP is established; then also the local address. */
bool mqtt_client_is_connected(const struct mqtt_client *c, struct ip *local);

/* Whether the TLS handshake is done as well; true without TLS. */
bool mqtt_client_is_secured(const struct mqtt_client *c);

/* How it is secured, mqtt_tls_describe(); with TLS only. Returns @buf. */
char *mqtt_client_describe_tls(const struct mqtt_client *c, char *buf, size_t size);

/* MQTT 5: the largest packet that the broker takes, bytes; 0: it has set no limit. */
uint32_t mqtt_client_packet_max(const struct mqtt_client *c);

/*
 * Publishes; only after CONNACK, with QoS 0 only while nothing waits to be
 * written (mqtt_client_wants_write()). 0 when the library has taken the message (for
 * QoS 1 and 2 it keeps it over a reconnect until it is acknowledged), else -ENOTCONN
 * (QoS 0 only), -ENOMEM, -EINVAL, or, with MQTT 5, -EMSGSIZE if it is larger than the
 * broker takes and -ENOTSUP if that does not support its QoS or retained messages. For
 * QoS 1 and 2 *@id is what on_acknowledged() will tell.
 */
int mqtt_client_publish(struct mqtt_client *c, const struct mqtt_outgoing *message,
			int *id);

/*
 * From now on what is published gathers until it fills a segment of TCP: many small
 * messages then share a frame. To be ended, which sends the rest, when no more comes.
 */
void mqtt_client_gather(struct mqtt_client *c, bool on);

/* Asks for a topic filter; on_suback() tells the answer. 0 or -EIO. */
int mqtt_client_subscribe(struct mqtt_client *c, const char *filter, int qos, int *id);

/* Wants nothing of a topic filter any more. 0 or -EIO. */
int mqtt_client_unsubscribe(struct mqtt_client *c, const char *filter);

/*
 * Sends DISCONNECT, which discards the will. The socket is -1 once the broker
 * has closed: what it still sends is read and thrown away, since to close with
 * something unread resets the connection, and the broker might see that first.
 * If the network ends the connection instead, mqtt_client_turn() says so.
 */
void mqtt_client_disconnect(struct mqtt_client *c);

/* Resets the TCP connection without DISCONNECT: the broker publishes the will. */
void mqtt_client_abort(struct mqtt_client *c);

/* Whether @topic matches @filter. */
bool mqtt_client_topic_matches(const char *filter, const char *topic);

#endif
