/* SPDX-License-Identifier: MIT */
/*
 * spool.h — messages that wait for the broker: bounded, in order, over restarts
 *
 * Keeps what QoS 1 and 2 promise to deliver. There are three places:
 *
 *	runtime directory	tmpfs: survives the process, costs no flash
 *	state directory		the disk: survives the machine
 *	memory			messages that need not survive (store = false), and
 *				whatever has no directory to go to
 *
 * A stored message begins in the runtime directory. It moves to the state
 * directory, in batches, while there is no session, and at start and stop; with
 * sync = 0, before it is sent. It leaves when the broker has acknowledged it,
 * or when a limit is reached. Theory of operation: src/app/spool.c.
 *
 * Nothing here fails for good: without a directory, or with a full disk, less
 * is kept, and the log says so.
 *
 * The owner, main until the MQTT thread starts and that thread then, may have
 * to wait for the disk in any of these functions. spool_sequence() and
 * spool_number() are for any thread and never wait.
 */
#ifndef MQTTNODE_SPOOL_H
#define MQTTNODE_SPOOL_H

#include "mqttnode/cleanup.h"
#include "mqttnode/settings.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Most messages that are kept without being stored, and their bytes. */
#define SPOOL_MEMORY_MAX       1000
#define SPOOL_MEMORY_MAX_BYTES (1024 * 1024)

/* Most messages handed out and not acknowledged. */
#define SPOOL_IN_FLIGHT_MAX 100

/* What a message counts beside the bytes of its topic and its payload. */
#define SPOOL_ROW_BYTES 32

/* Numbers are reserved in the state directory in blocks of so many. */
#define SPOOL_NUMBER_BLOCK 1000

struct spool;

struct spool_message {
	const char *topic;
	const void *payload;
	size_t len;
	int qos; /* 1 or 2 */
	bool retain;
	bool store;	   /* is to survive the process */
	uint32_t expiry_s; /* how long it is of use from now on; 0: always */
	/* Known to spool_note_outline(); NULL: none. */
	const char *outline;
};

/* A copy for others to look at. */
struct spool_status {
	uint64_t messages; /* kept now, also those under way */
	uint64_t bytes;	   /* SPOOL_ROW_BYTES each, topics and payloads */
	uint64_t on_disk;  /* of the messages: those in the state directory */
	uint64_t disk_bytes_written;
	uint64_t dropped_full; /* the spool was at a limit of messages or bytes */
	uint64_t dropped_age;
	uint64_t dropped_expired; /* of no use any more before they could be sent */
	uint64_t dropped_error;	  /* refused by disk, memory or library */
	uint64_t dropped_memory;  /* not stored, and over SPOOL_MEMORY_MAX(_BYTES) */
	int disk_error; /* why the state directory is not used now: errno; 0: it is */
};

/*
 * Makes a spool that touches no disk yet. A directory of NULL is one that is not
 * there. 0 or -ENOMEM; release with spool_free().
 */
int spool_new(struct spool **ret, const struct spool_settings *settings,
	      const char *state_directory, const char *runtime_directory);

/* Closes what is open; what was not committed is lost. Accepts NULL, returns NULL. */
struct spool *spool_free(struct spool *s);

/*
 * Opens the databases, sets aside what cannot be used, takes over what an
 * earlier run left, oldest first. To be called once, before all others.
 */
void spool_open(struct spool *s);

/* Keeps a copy of @message, if the limits allow it. Drops are counted and logged. */
void spool_put(struct spool *s, const struct spool_message *message);

/*
 * Does what is due, @now being CLOCK_MONOTONIC: what was put is safe when this
 * returns. @online: there is a session, the disk may rest.
 */
void spool_turn(struct spool *s, bool online, uint64_t now);

/* When spool_turn() is due next, or UINT64_MAX. */
uint64_t spool_next_ns(const struct spool *s);

/* Messages that wait to be handed out. */
uint64_t spool_waiting(const struct spool *s);

/* What is handed out, in part acknowledged behind messages that are not. */
struct spool_in_flight {
	size_t messages;
	size_t qos2;	/* of these, not acknowledged */
	uint64_t bytes; /* not acknowledged; they count as in struct spool_status */
	uint64_t
		oldest; /* which one is the first: the same number is the same; 0: none */
};

struct spool_in_flight spool_in_flight(const struct spool *s);

/*
 * The oldest message that waits. Returns whether there is one; it is valid
 * until the next call. The caller then says what became of it: spool_sent()
 * with the number of the acknowledgement to come, or spool_refused() if it
 * never can be sent. At most SPOOL_IN_FLIGHT_MAX may be under way.
 */
bool spool_next(struct spool *s, struct spool_message *ret);
void spool_sent(struct spool *s, int number);
void spool_refused(struct spool *s);

/*
 * The broker has the message sent under @number. Returns whether there was one.
 * It is removed with the next spool_turn() or soon after.
 */
bool spool_acknowledged(struct spool *s, int number);

/* Before that: the broker acknowledges it, but does not accept it (MQTT 5). */
void spool_not_taken(struct spool *s, int number);

/*
 * Whether messages of QoS 2 may be half delivered by somebody who is gone: an
 * earlier run, or whoever spool_rewind() took them from. The broker then knows
 * something of them that nobody here does.
 */
bool spool_has_halves(const struct spool *s);

/* The broker was made to forget these halves. */
void spool_halves_forgotten(struct spool *s);

/* Takes all messages back that were handed out and not acknowledged: they wait again. */
void spool_rewind(struct spool *s);

/* Other limits, which what is kept already must keep too. */
void spool_set_settings(struct spool *s, const struct spool_settings *settings);

/* Moves all that is to survive to the state directory and gives numbers back. */
void spool_park(struct spool *s);

/*
 * A sequence of numbers that are never used twice, also over restarts. Returns
 * its handle, the same for the same @name, or -ENOMEM. Any thread.
 */
int spool_sequence(struct spool *s, const char *name);

/*
 * The next number of a sequence, from 1; 0: none is reserved at the moment. Some
 * are after spool_open(), and again after spool_turn(). Any thread.
 */
uint64_t spool_number(struct spool *s, int sequence);

/*
 * Remembers that a retained message goes out on @topic. To be called before it does;
 * and before that, over restarts too once spool_save_retained() or spool_turn() has
 * written all that is new: a row on the disk for each topic, and one commit for all.
 */
void spool_note_retained(struct spool *s, const char *topic);
void spool_save_retained(struct spool *s);

/*
 * The @i-th topic that was noted, by this run or an earlier one, in the order of
 * their names; NULL: there are no more. Valid until the next call of another kind.
 */
const char *spool_retained(const struct spool *s, size_t i);

/*
 * Opens the state directory if that was not possible before, which may add topics of
 * earlier runs. Whether it is open.
 */
bool spool_recall_retained(struct spool *s);

/*
 * These @n @topics are empty now, at the broker: they are not remembered any more. But
 * if messages wait for a later session all are: they will fill topics again.
 */
void spool_forget_retained(struct spool *s, const char *const *topics, size_t n);

/*
 * Remembers what a retained message on @topic says, in short; "": that there is none any
 * more. To be called before spool_put() of a message with this outline, and written
 * together with topics. It is remembered, over restarts, until the broker has
 * acknowledged a later message with another outline on the same topic.
 */
void spool_note_outline(struct spool *s, const char *topic, const char *text);

/*
 * The @i-th outline, in no order; right after spool_open(): of what earlier runs may have
 * left at the broker, for one topic several if it is not known which. False: there are
 * no more. Valid until the next call of another kind.
 */
bool spool_outline(const struct spool *s, size_t i, const char **topic,
		   const char **text);

void spool_get_status(const struct spool *s, struct spool_status *ret);

DEFINE_CLEANUP(struct spool, spool_free);

#endif
