/* SPDX-License-Identifier: MIT */
/*
 * spool_internal.h — what the files of the spool share
 *
 *	spool.c		messages in and out, limits
 *	spool_disk.c	what is written where and when, and what goes wrong
 *	spool_number.c	sequences
 *	spool_retained.c topics with retained messages
 *	spool_outline.c	what some of these say
 *	spool_tier.c	one database that may be missing or break
 *	spool_store.c	one SQLite database, opened by spool_store_open.c
 */
#ifndef MQTTNODE_SPOOL_INTERNAL_H
#define MQTTNODE_SPOOL_INTERNAL_H

#include "mqttnode/spool.h"

#include <pthread.h>

#include "spool_tier.h"

enum { STATE, RUNTIME, MEMORY, TIERS };

#define SPOOL_NEVER UINT64_MAX

/* How much is kept; stored messages and others have limits of their own. */
struct spool_usage {
	uint64_t messages, bytes;
};

/* A message that was handed out. */
struct spool_slot {
	uint64_t id;
	uint64_t bytes;
	int number; /* of its acknowledgement */
	int tier;
	int qos;
	bool acknowledged;
};

struct spool_sequence {
	char *name;
	uint64_t last;		/* the last number given out */
	uint64_t reserved;	/* the last one that may be given out */
	uint64_t base, granted; /* the block that is being written down */
};

/* A topic on which a retained message was sent. */
struct spool_topic {
	char *name;
	bool written; /* it is in the state directory */
};

/* What a retained message on @topic says, in short; "": that there is none any more. */
struct spool_outline {
	char *topic;
	char *text;
	uint64_t id;  /* of the last message that said so; 0: an earlier run's */
	bool written; /* it is in the state directory, or need not be */
};

struct spool {
	struct spool_settings settings;
	struct spool_tier tiers[TIERS];
	struct spool_usage stored, unstored;
	uint64_t next_id;
	uint64_t cursor; /* all up to this id were handed out, or are gone */

	struct spool_slot slots[SPOOL_IN_FLIGHT_MAX]; /* in the order of ids */
	size_t n_slots;

	/* What spool_next() showed. */
	struct spool_row head;
	int head_tier;

	pthread_mutex_t lock; /* protects the next two, which any thread may use */
	struct spool_sequence *sequences;
	size_t n_sequences;

	struct spool_topic *retained; /* in the order of names */
	size_t n_retained;
	struct spool_outline *outlines;
	size_t n_outlines;
	bool retained_unwritten; /* of topics and outlines one at least */

	bool opened; /* what earlier runs left is known */
	bool online;
	bool halves;	     /* the broker may have some, whoever they are of */
	bool halves_written; /* in the state directory */
	bool foreign_halves; /* see spool_has_halves() */
	uint64_t noted;	     /* in the runtime directory: delivered up to this id */
	uint64_t now;
	uint64_t move_ns;	  /* from runtime to state */
	uint64_t commit_ns;	  /* of state */
	uint64_t age_ns;	  /* look for messages that are too old */
	int64_t wall_s;		  /* 0: the clock is not set */
	int64_t wall_offset_s;	  /* from CLOCK_MONOTONIC; 0: not known */
	int64_t composed_since_s; /* times from here on are of this run */

	struct spool_status counters;
};

/* --- spool.c --------------------------------------------------------------- */

/* What the limits of a tier's messages are applied to. */
struct spool_usage *spool_usage_of(struct spool *s, int tier);

/* Drops the oldest messages until the limits are kept. */
void spool_keep_limits(struct spool *s);

/* Drops the messages that are older than allowed. */
void spool_drop_old(struct spool *s);

/* --- spool_disk.c ---------------------------------------------------------- */

/* Opens @tier if it is not open. Whether it can be used now. */
bool spool_ready(struct spool *s, int tier);

/* An operation on a tier gave @r < 0: sees to it that work goes on without it. */
void spool_failed(struct spool *s, int tier, int r);

/* Counts again what the tiers keep; what cannot be counted stays as it was. */
void spool_recount(struct spool *s);

/* Says once why the state directory cannot be used, if so. */
void spool_tell_disk(struct spool *s);

/* Removes what is acknowledged and commits. Whether all of it is safe now. */
bool spool_commit(struct spool *s, int tier);

/* Writes down that there may be halves, before the first message of QoS 2 is handed out.
 */
void spool_note_halves(struct spool *s);

/* Something changed in the state directory that can wait a little. */
void spool_commit_later(struct spool *s);

/* Something to be stored was added: when is it moved to the state directory? */
void spool_move_later(struct spool *s);

/* --- spool_retained.c ------------------------------------------------------ */

/* The state directory was opened: adds what is noted there. 0 or -errno. */
int spool_load_retained(struct spool *s);

/* Empties the list in memory. */
void spool_clear_retained(struct spool *s);

/* --- spool_outline.c ------------------------------------------------------- */

/* As for topics; what is there already when the spool is opened is an earlier run's. */
int spool_load_outlines(struct spool *s);
void spool_clear_outlines(struct spool *s);

/* Writes those that are not in the state directory, to be committed; that worked. */
int spool_write_outlines(struct spool *s);
void spool_outlines_written(struct spool *s);

/* @message, which is put as @id, carries its outline. */
void spool_carry_outline(struct spool *s, const struct spool_message *message,
			 uint64_t id);

/* The broker has the message @id: outlines that were put before on its topic go. */
void spool_settle_outlines(struct spool *s, uint64_t id);

/* The broker will not have it: they stay in this run, and that of @id too. */
void spool_lose_outline(struct spool *s, uint64_t id);

/* There is nothing left on @topic: forgets all of it, to be committed. 0 or -errno. */
int spool_forget_outlines(struct spool *s, const char *topic);

/* Messages were lost, it is not known which: what was noted stays in this run. */
void spool_lose_outlines(struct spool *s);

/* --- spool_number.c -------------------------------------------------------- */

/* Reserves the next blocks of numbers, if few are left. */
void spool_reserve_numbers(struct spool *s);

/*
 * Writes that no number above the last ones given out was used; to be committed.
 * No more are given out until some are reserved again.
 */
void spool_give_numbers_back(struct spool *s);

#endif
