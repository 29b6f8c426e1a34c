/* SPDX-License-Identifier: MIT */
/*
 * mqtt_poison.h — the message at which the broker ends the connection
 *
 * A broker that cannot say how large a message may be (MQTT 3.1.1: mosquitto's
 * max_packet_size) ends the connection at one that is too large. Of QoS 1 and 2 it would
 * be sent again in each session, and nothing behind it would ever arrive. This finds
 * such a message, and never blames another one:
 *
 *	clear	   nothing is known
 *	suspicion  the broker ended the session, and nothing was acknowledged in it; it
 *		   grows with each further session that ends so with the same message
 *		   as the oldest under way
 *	trial	   everything is taken back, and the session begins without a message of
 *		   QoS 1 or 2. If it stays for a while, the oldest is sent, alone. It is
 *		   to blame if the broker then ends the session soon, nothing as large
 *		   was sent in it, and the same happens several times in a row
 *
 * Whatever else happens makes it clear again, an acknowledgement first of all; but in
 * suspicion a session that the broker did not end counts for nothing. So somebody with
 * our client id, a broker that is restarted or the network may end any number of
 * sessions: they would have to do so, each time, just after the message.
 *
 * Until a message is proven the reason of an end is a guess, and the verdict is how good
 * the one of a message is. Another client with our id ends sessions soon after they
 * begin, whatever is under way, and a broker that lets both in has acknowledged by then
 * what was sent at once: so two ends in a row without that, at the same message, speak
 * for the message; an end of the calm in a trial speaks for the other client, until
 * something is acknowledged or a session ends at the message after all.
 *
 * A message of QoS 0 is not looked for: nothing acknowledges it, so nothing would acquit
 * it, and another client that ends every session soon would have whatever is sent then
 * condemned for an hour. Nor does it block anything: it is not sent again, and costs the
 * one session that it ends.
 *
 * What was found is known for an hour: messages on the same topic that are at least as
 * long, of any QoS, are not worth a session each.
 *
 * A state machine without a clock and without a connection. MQTT thread only.
 */
#ifndef MQTTNODE_MQTT_POISON_H
#define MQTTNODE_MQTT_POISON_H

#include "mqttnode/mqtt.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* So many sessions in a row must end for a trial, and so many in the trial. */
#define MQTT_POISON_SUSPICIONS 3
#define MQTT_POISON_TRIALS     3

/*
 * In the trial the session ends within this, or it ended for another reason: then others
 * are sent too, and it is over.
 */
#define MQTT_POISON_SOON_NS (5 * UINT64_C(1000000000))

/* For so long is known what was found; and how many: the oldest gives way. */
#define MQTT_POISON_KNOWN_NS  (3600 * UINT64_C(1000000000))
#define MQTT_POISON_KNOWN_MAX 8

/* On @topic nothing of @len bytes or more. */
struct mqtt_poison_known {
	char *topic; /* NULL: free */
	size_t len;
	uint64_t until_ns;
};

enum mqtt_poison_phase {
	MQTT_POISON_CLEAR,
	MQTT_POISON_SUSPICION,
	MQTT_POISON_TRIAL,
};

/* What speaks for a message as the reason why the last session ended. */
enum mqtt_poison_verdict {
	MQTT_POISON_NO_SIGN,
	MQTT_POISON_SUSPECTED, /* it ended like the one before it */
	MQTT_POISON_TRIED,     /* in the next one all are sent one by one */
	MQTT_POISON_PROVEN,
};

/* All zero: clear, and nothing is known. */
struct mqtt_poison {
	enum mqtt_poison_phase phase;
	uint64_t suspect;  /* which message: spool_in_flight.oldest */
	unsigned int ends; /* of sessions in a row, in this phase */
	bool acquitted;	   /* a trial ended before a message was sent in it */
	enum mqtt_poison_verdict verdict; /* on the session that ended last */

	/* Of the session. */
	uint64_t calm_ns; /* in a trial, nothing of QoS 1 or 2 is sent before */
	size_t largest;	  /* topic and payload of any other message that was sent */
	uint64_t sent_ns; /* the message on trial, with the next two; 0: not yet */
	char *topic;	  /* NULL without memory, too: it is not found then */
	size_t len;

	struct mqtt_poison_known known[MQTT_POISON_KNOWN_MAX];
	size_t next_known; /* the place for it */
};

/* Forgets all: there is another broker, or it is not used any more. */
void mqtt_poison_fini(struct mqtt_poison *p);

/* A session has begun, which in a trial is left alone until @calm_ns. */
void mqtt_poison_begin(struct mqtt_poison *p, uint64_t calm_ns);

/* Whether messages of QoS 1 and 2 have to wait. */
bool mqtt_poison_holds(const struct mqtt_poison *p, uint64_t now);

/* When they have not any more because of the time, if that is to come; or UINT64_MAX. */
uint64_t mqtt_poison_next_ns(const struct mqtt_poison *p, uint64_t now);

/* @message was sent in this session. */
void mqtt_poison_sent(struct mqtt_poison *p, const struct mqtt_outgoing *message,
		      uint64_t now);

/* A message of QoS 1 or 2 was acknowledged. */
void mqtt_poison_acknowledged(struct mqtt_poison *p);

/*
 * The session has ended: @by_broker, without a reason that says more; with the message
 * @oldest as the first of those under way (spool_in_flight.oldest). Returns whether all
 * of them are to be taken back, so that nothing is under way when the next one begins.
 * Why it ended is in @p->verdict.
 */
bool mqtt_poison_ended(struct mqtt_poison *p, bool by_broker, uint64_t oldest,
		       uint64_t now);

/* What is known that speaks against sending @message; NULL: nothing. */
const struct mqtt_poison_known *mqtt_poison_find(const struct mqtt_poison *p,
						 const struct mqtt_outgoing *message,
						 uint64_t now);

#endif
