/* SPDX-License-Identifier: MIT */
/*
 * spool_tier.h — one place where the spool keeps messages, and its troubles
 *
 * A tier is a database that may be missing, break and come back. It is opened
 * when it is needed first. For the spool alone.
 */
#ifndef MQTTNODE_SPOOL_TIER_H
#define MQTTNODE_SPOOL_TIER_H

#include <stdbool.h>
#include <stdint.h>

#include "spool_store.h"

struct spool_tier {
	char *path;		   /* NULL: in memory */
	bool durable;		   /* on the disk, not only in a file */
	struct spool_store *store; /* NULL: not open */
	uint64_t live;		   /* messages that the broker does not have yet */
	uint64_t bytes;		   /* of these, as they count */
	uint64_t waiting;	   /* of these messages: not handed out */
	bool acknowledged;	   /* has messages that can be removed */

	int error;		   /* why it cannot be used, 0: it can */
	bool told;		   /* the log knows */
	uint64_t retry_ns;	   /* not before */
	unsigned int failed_reads; /* one after the other; 0: it can be read */
	uint64_t read_ns;	   /* if so, it is not read before */
	uint64_t written_before;   /* by stores that were closed since */
};

/* Whether a database is there already. */
bool spool_tier_exists(const struct spool_tier *t);

/*
 * Opens the tier if it is not open. A database that cannot be used is set
 * aside, and that is logged. Returns whether the tier can be used; if not, why
 * is in @t->error, and it is tried again after a while.
 */
bool spool_tier_ready(struct spool_tier *t, uint64_t now);

/*
 * The operation that gave @r < 0 has failed: takes back what is not committed.
 * A damaged database is closed and set aside. Not to be used for a while.
 */
void spool_tier_failed(struct spool_tier *t, int r, uint64_t now);

/*
 * Its messages cannot be read, or not be counted: they are left alone for a while.
 * Several failures of one try count once.
 */
void spool_tier_unreadable(struct spool_tier *t, uint64_t now);

/* Whether that has gone on for so long that nobody can be meant to wait for it. */
bool spool_tier_is_lost(const struct spool_tier *t);

/* A commit worked: if it is known that it had not, the log is told that too. */
void spool_tier_works(struct spool_tier *t);

/* Says once why the tier cannot be used, and @consequence. */
void spool_tier_tell(struct spool_tier *t, const char *consequence);

/* Bytes written since the start. */
uint64_t spool_tier_written(const struct spool_tier *t);

/* Closes the store. */
void spool_tier_close(struct spool_tier *t);

#endif
