/* SPDX-License-Identifier: MIT */
/*
 * mqtt_rig.h — the MQTT thread between a scripted broker and a ladder
 *
 * The broker is the test itself: bytes in, bytes out, on a loopback socket.
 * Everything waits for a condition with a deadline and fails the test when it
 * passes.
 */
#ifndef MQTTNODE_TESTS_MQTT_RIG_H
#define MQTTNODE_TESTS_MQTT_RIG_H

#include "mqttnode/facts.h"
#include "mqttnode/ladder.h"
#include "mqttnode/mqtt.h"
#include "mqttnode/publications.h"
#include "mqttnode/queue.h"
#include "mqttnode/settings.h"

#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- the broker ------------------------------------------------------------ */

enum packet_type {
	PACKET_CONNECT = 1,
	PACKET_CONNACK,
	PACKET_PUBLISH,
	PACKET_PUBACK,
	PACKET_PUBREC,
	PACKET_PUBREL,
	PACKET_PUBCOMP,
	PACKET_SUBSCRIBE,
	PACKET_SUBACK,
	PACKET_UNSUBSCRIBE,
	PACKET_UNSUBACK,
	PACKET_PINGREQ,
	PACKET_PINGRESP,
	PACKET_DISCONNECT,
};

struct packet {
	enum packet_type type;
	uint8_t flags;
	size_t len; /* of body */
	uint8_t *body;
	/* PUBLISH */
	char topic[256];
	int qos;
	bool dup, retain;
	char payload[256]; /* cut */
	size_t payload_len;
	/* PUBLISH with QoS, PUBACK, SUBSCRIBE ... */
	uint16_t id;
};

struct broker {
	int listener;
	uint16_t port;
	int fd; /* the session, -1: none */
	struct packet in;
};

/* Listens on 127.0.0.1, with a full queue of its own if @deaf: SYNs are dropped. */
void broker_open(struct broker *b, bool deaf);
void broker_close(struct broker *b);

/* Waits for a connection. */
void broker_accept(struct broker *b);

/*
 * Waits for a packet of this type, which is in @b->in until the next call. What the
 * node asks for its own status topic is passed over unless a SUBSCRIBE is expected.
 */
struct packet *broker_expect(struct broker *b, enum packet_type type);

/* Waits until the node has closed; returns whether it was a reset. Data is skipped. */
bool broker_expect_closed(struct broker *b);

/* Whether nothing at all arrives within @ms: neither data nor a connection. */
bool broker_is_quiet(struct broker *b, int ms);

void broker_send(struct broker *b, const void *data, size_t len);
void broker_connack(struct broker *b, uint8_t code);
void broker_suback(struct broker *b, uint16_t id, uint8_t code);
void broker_puback(struct broker *b, uint16_t id);
void broker_publish(struct broker *b, const char *topic, const void *payload, size_t len,
		    int qos, bool retain);

/* Ends the session: a proper end of file, or a reset. */
void broker_hang_up(struct broker *b);
void broker_reset(struct broker *b);

/*
 * After an end before CONNACK the node asks whether this is a port for TLS: waits for
 * that, answers with these bytes and hangs up.
 */
void broker_answer_tls(struct broker *b, const void *answer, size_t len);

/* --- the resolver ---------------------------------------------------------- */

/*
 * Takes the place of getaddrinfo() and names_prepare_thread() in programs that
 * are linked with rig_link_args.
 */
struct resolver {
	int eai;		  /* what lookups give from now on */
	const char *addresses[3]; /* when @eai is 0 */
	int n_servers;
	bool blocks;	     /* lookups wait until this is false */
	unsigned int passes; /* so many do not */
};

/* Changes the answers; rig_make() sets: no name exists, one server 10.9.8.7. */
void resolver_set(const struct resolver *answers);

/* Waits until a lookup has begun that was not waited for yet; its name. */
const char *resolver_expect_lookup(void);

/* --- the node -------------------------------------------------------------- */

struct rig {
	struct broker broker;
	struct mqtt_settings settings;
	struct mqtt_timing timing;
	struct ladder *ladder;
	struct spool *spool; /* in memory */
	struct facts *facts;
	struct queue *inbox;
	struct queue *orders; /* NULL: nothing acts; released by rig_free() */
	struct mqtt *mqtt;
	struct publications *publications;
	const char *key_path; /* for mqtt.tls */
	bool hold, hold_end;  /* the thread waits when a session begins, or ends: below */
	sem_t held, released; /* posted then, and waited for */
	atomic_int made_room; /* how often it said so */
	char error[256];      /* of rig_new() */
	bool unbound, routed; /* as in struct mqtt_config */
};

/*
 * Everything but the thread, with a broker on a literal address, no status
 * topic, no publications and no subscriptions; change r->settings, then start.
 */
void rig_make(struct rig *r);

/* mqtt_new() with what is in the rig; @password may be NULL. */
int rig_new(struct rig *r, const char *base_topic, const char *password);

/* Makes the thread and starts it; link and address are told by rig_path(). */
void rig_start(struct rig *r);
void rig_path(struct rig *r, bool link, const char *address);

/* Both, with a path from 127.0.0.1. */
void rig_start_on_path(struct rig *r);

/* The broker has a name, for resolver_set() to know; before rig_start(). */
void rig_use_host(struct rig *r, const char *host);

/* rig_start() with a path, and a session: CONNECT, CONNACK. */
void rig_online(struct rig *r);

/*
 * With @r->hold or @r->hold_end, which are changed before the start or while it waits:
 * waits until the thread waits, and lets it go on.
 */
void rig_wait_held(struct rig *r);
void rig_release(struct rig *r);

/* Stops the thread if it runs, and releases everything. */
void rig_free(struct rig *r);

/* Waits until a rung is in this state with this text (printf). */
void rig_expect_rung(struct rig *r, enum rung rung, enum rung_state state,
		     const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Waits until a counter is at least this. */
#define rig_expect_counter(r, name, least)                                               \
	rig_wait_counter(r, offsetof(struct mqtt_counters, name), least)
void rig_wait_counter(struct rig *r, size_t offset, uint64_t least);
uint64_t rig_counter(struct rig *r, size_t offset);

/* Waits for the thread to end, at most @ms. */
bool rig_ends_within(struct rig *r, int ms);

#endif
