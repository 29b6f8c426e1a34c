/* SPDX-License-Identifier: MIT */
/*
 * mqtt.h — the connection to the broker: the only user of libmosquitto
 *
 * One thread owns the one struct mosquitto and runs its own loop; nobody else
 * calls the library. It reports the rungs name, TCP, TLS, CONNACK and SUBACK
 * to the ladder itself. Requests to it travel through a queue. Theory of
 * operation: src/app/mqtt.c; ground truth: mqtt reference sections 1 to 12.
 */
#ifndef MQTTNODE_MQTT_H
#define MQTTNODE_MQTT_H

#include "mqttnode/cleanup.h"
#include "mqttnode/ip.h"
#include "mqttnode/ladder.h"
#include "mqttnode/queue.h"
#include "mqttnode/settings.h"
#include "mqttnode/spool.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A message on its way to the broker, as mqtt_publish() takes it. */
struct mqtt_outgoing {
	const char *topic;
	const void *payload; /* @len bytes, may be NULL if that is 0 */
	size_t len;
	int qos;
	bool retain;
	bool store;	   /* QoS 1, 2: is to survive the process */
	uint32_t expiry_s; /* MQTT 5: the broker may drop it then; 0: never */
	bool again;	   /* there was no room for it before, which was counted then */
	/* QoS 1 and 2: what it says in short, see spool_note_outline(); NULL: none. */
	const char *outline;
};

/* A message that arrived, as it travels to main. Release with mqtt_message_free(). */
struct mqtt_message {
	char *topic;
	uint8_t *payload; /* @len bytes and a zero byte */
	size_t len;
	int qos;
	bool retain;
	unsigned int actions; /* enum subscription_action of all filters that match */
	size_t subscription;  /* for actions.h: the one that it is for */
};

/* How far mqtt_forget() is. */
struct mqtt_forgetting {
	uint64_t begun; /* 0: not yet */
	uint64_t topics;
	uint64_t left;	  /* of them: the broker has not answered yet */
	uint64_t refused; /* MQTT 5: of them, those that it would not empty */
};

struct mqtt_counters {
	uint64_t connects, connect_failures, disconnects;
	uint64_t taken_over;	    /* of these, as if another client had our client id */
	uint64_t published;	    /* handed to TCP; QoS 1/2: acknowledged */
	uint64_t dropped_offline;   /* QoS 0 while not connected */
	uint64_t dropped_stalled;   /* QoS 0 while TCP takes nothing */
	uint64_t dropped_handover;  /* composed faster than the thread takes them */
	uint64_t dropped_unfit;	    /* such as the broker does not take */
	uint64_t refused;	    /* of those published, not accepted (MQTT 5) */
	uint64_t status_sent;	    /* words of our own for BASE/status */
	uint64_t status_heard;	    /* of these, come back as they should */
	uint64_t status_corrected;  /* a wrong word on BASE/status was set right */
	uint64_t received;	    /* all that arrived, with the next three */
	uint64_t received_oversize; /* larger than max_size of a filter that matches */
	uint64_t received_unexpected; /* no filter matches */
	uint64_t received_queue_full; /* main did not keep up */
	uint64_t backlog;	      /* QoS 1/2 messages waiting now */
	struct spool_status spool;
	struct mqtt_forgetting forgetting;
};

/* One of the last messages that a subscription of the file asked for: printable, cut. */
#define MQTT_LAST_MAX 5
struct mqtt_last {
	uint64_t number; /* another one is another message; from 1 */
	uint64_t at_ns;	 /* CLOCK_MONOTONIC */
	char topic[256];
	char payload[256];
};

/*
 * Most QoS 1/2 messages that the broker has not acknowledged; no further ones beside so
 * many bytes; and how many of QoS 2: mosquitto holds 20 halves of one client
 * (max_inflight_messages) and drops further messages without a word.
 */
#define MQTT_INFLIGHT_MAX	64
#define MQTT_INFLIGHT_MAX_BYTES (256 * 1024)
#define MQTT_INFLIGHT_MAX_QOS2	20

/* Most messages, and their bytes, between mqtt_publish() and the thread. */
#define MQTT_HANDOVER_MAX	1000
#define MQTT_HANDOVER_MAX_BYTES (4 * 1024 * 1024)

/* How long things may take; not configurable, but named, and tests are in a hurry. */
struct mqtt_timing {
	unsigned int connect_ms;      /* lookup and TCP */
	unsigned int tls_ms;	      /* the TLS handshake */
	unsigned int connack_ms;      /* CONNACK, and SUBACK */
	unsigned int probe_ms;	      /* an answer to the question whether it wants TLS */
	unsigned int probed_ms;	      /* for so long the answer is believed */
	unsigned int backoff_base_ms; /* the cap is a setting */
	unsigned int stable_ms;	      /* online for so long: the back-off begins again */
	unsigned int link_grace_ms;   /* a link lost for less keeps the session */
	unsigned int link_settle_ms;  /* a link is up for so long before it is used */
	unsigned int confirm_ms;      /* and so long if nobody tells the address again */
	unsigned int calm_ms;	      /* a session on trial: mqtt_poison.h */
	unsigned int hurry_ms; /* least time between attempts that skip the back-off */
};

/* The times of the daemon. */
extern const struct mqtt_timing mqtt_timing_default;

struct mqtt;

/* What it is made of. Pointers of the second group must outlive it. */
struct mqtt_config {
	const char *client_id;
	const char *base_topic;
	const char *password;  /* NULL: none; the library copies it */
	const char *key_path;  /* of the client's private key; NULL: none */
	const char *interface; /* of the addresses: what ends a connection from one of
				  them leaves by no other; NULL: none */
	bool unbound; /* uses the machine's own network: neither the link of the W5500
			 nor an address on it is needed */

	bool routed; /* needs both, but the system's routes choose the way */
	const struct mqtt_settings *settings;
	struct ladder *ladder;
	struct spool *spool; /* open, and the thread's from mqtt_start() until it ends */
	struct queue *inbox; /* received messages for main (struct mqtt_message *), or
				NULL if main has no use for any */
	struct queue *actions; /* those that actions.h acts on, one for each
				  subscription that matches; NULL if none does */
};

/*
 * Whether certificates and key, which @settings name and @key_path, can be used: 0, or
 * -errno with a sentence in @error (-EBADMSG: what a file holds is something else). Any
 * thread.
 */
int mqtt_check_files(const struct mqtt_settings *settings, const char *key_path,
		     char *error, size_t error_size);

/*
 * Makes it, without a thread, and reads the certificates. 0, or -errno with a
 * sentence in @error. Main.
 */
int mqtt_new(struct mqtt **ret, const struct mqtt_config *config, char *error,
	     size_t error_size);

/* Replaces the times, which must outlive it. Main, before mqtt_start(). */
void mqtt_set_timing(struct mqtt *m, const struct mqtt_timing *timing);

/*
 * Who is told when a session begins (after the subscriptions and the birth
 * were sent) and ends; called in the MQTT thread, which it must not hold up.
 * Main, before mqtt_start().
 */
void mqtt_set_session_callback(struct mqtt *m, void (*on_session)(void *ctx, bool online),
			       void *ctx);

/*
 * Who is told when there may be room again after mqtt_publish() had none; as above.
 */
void mqtt_set_room_callback(struct mqtt *m, void (*on_room)(void *ctx), void *ctx);

/* What another configuration means for the connection. */
enum mqtt_change {
	MQTT_CHANGE_SUBSCRIPTIONS, /* the connection stays */
	MQTT_CHANGE_CONNECTION,	   /* "offline", DISCONNECT and CONNECT */
};

/*
 * Changes a running connection over to @config, whose ladder and spool are the same
 * as before. First everything is made, as in mqtt_new(): 0, or -errno with a sentence
 * in @error and nothing changed. The session is then to be given to mqtt_change(),
 * or to mqtt_session_free(). Main.
 */
struct mqtt_session;
int mqtt_session_new(struct mqtt_session **ret, struct mqtt *m,
		     const struct mqtt_config *config, enum mqtt_change change,
		     char *error, size_t error_size);
struct mqtt_session *mqtt_session_free(struct mqtt_session *s);

/*
 * Hands @next over to the thread, which is the owner then. What waits in the
 * spool and the counters stay. Not before the last one was taken over. Main.
 */
void mqtt_change(struct mqtt *m, struct mqtt_session *next);

/*
 * Whether that has been taken over, and nothing of the configuration before is used
 * any more; mqtt_change_fd() becomes readable then. Main.
 */
bool mqtt_has_changed(struct mqtt *m);
int mqtt_change_fd(const struct mqtt *m);

/*
 * What arrived for main in the meantime: SUBSCRIPTION_BIRTH, SUBSCRIPTION_RESTART,
 * or'ed; mqtt_requests_fd() becomes readable then. Main.
 */
unsigned int mqtt_take_requests(struct mqtt *m);
int mqtt_requests_fd(const struct mqtt *m);

/* Says "online" again, if there is a session, behind what was published before. Main. */
void mqtt_say_status(struct mqtt *m);

/* Releases it, or leaves it behind if the thread has not ended: mqtt_joined(). Main. */
struct mqtt *mqtt_free(struct mqtt *m);

/* Starts the thread "mqtt", without a link and an address yet. 0 or -errno. Main. */
int mqtt_start(struct mqtt *m);

/* Most addresses to connect from. */
#define MQTT_SOURCES_MAX 8

/*
 * Tells what the connection can count on: the link, and the local addresses, of
 * which it binds to the one that suits the broker's best (unless mqtt_config.routed).
 * Link down for less than 2 s keeps the session. What is confirmed again after a link
 * loss is told again. Main.
 */
void mqtt_set_link(struct mqtt *m, bool up);
void mqtt_set_sources(struct mqtt *m, const struct ip *sources, size_t n);

/*
 * Publishes a copy of @message, in order with all others. Never blocks: 0, or
 * -ENOBUFS or -ENOMEM if there is no room for it, which is counted unless it is tried
 * again. Any thread.
 */
int mqtt_publish(struct mqtt *m, const struct mqtt_outgoing *message);

/*
 * Asks the thread to publish a retained "offline", disconnect and end, within
 * @limit_ms; only a disk that is stuck can make it later. mqtt_event_fd() becomes
 * readable when it has ended. Main.
 */
void mqtt_stop(struct mqtt *m, unsigned int limit_ms);
int mqtt_event_fd(const struct mqtt *m);

/*
 * As mqtt_stop(), but instead of saying "offline" it empties every topic on which
 * this node, whatever its configuration was, has left a retained message; see
 * mqtt_counters.forgetting. Main, during a session.
 */
void mqtt_forget(struct mqtt *m, unsigned int limit_ms);

/* Whether there is no thread (any more): one that has ended is joined. Never waits. Main.
 */
bool mqtt_joined(struct mqtt *m);

/* A copy of the counters, as of the thread's last turn. Any thread. */
void mqtt_get_counters(struct mqtt *m, struct mqtt_counters *ret);

/*
 * Copies of the last messages, the newest first, at most @max of them and
 * MQTT_LAST_MAX. Returns how many. Any thread.
 */
size_t mqtt_get_last(struct mqtt *m, struct mqtt_last *ret, size_t max);

/*
 * A message with copies of @topic and of @len bytes of @payload, and a zero byte
 * behind them; all else is zero. NULL without memory. Any thread.
 */
struct mqtt_message *mqtt_message_new(const char *topic, const void *payload, size_t len);

/* Releases a struct mqtt_message. Accepts NULL. Any thread. */
void mqtt_message_free(void *message);

DEFINE_CLEANUP(struct mqtt, mqtt_free);
DEFINE_CLEANUP(struct mqtt_session, mqtt_session_free);

#endif
