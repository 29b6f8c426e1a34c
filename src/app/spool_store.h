/* SPDX-License-Identifier: MIT */
/*
 * spool_store.h — messages in one SQLite database
 *
 * The only user of SQLite. A store knows no limits and no broker: it keeps
 * rows in the order of their ids, a number for each name, topics, and outlines (texts
 * that belong to topics). Changes gather in a transaction until store_commit(): what is
 * not committed is lost with the process. One thread at a time. Errors are -errno:
 *
 *	-ENOSPC   the disk is full
 *	-EBUSY    another process uses the database
 *	-EUCLEAN  the database is damaged
 *	-ENOTSUP  it was written by a later version, or is not ours
 */
#ifndef MQTTNODE_SPOOL_STORE_H
#define MQTTNODE_SPOOL_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct spool_store;

/* A message. What spool_store_next() points to is valid until the next call. */
struct spool_row {
	uint64_t id;
	int64_t time_s; /* when it was composed, seconds since 1970; 0: not known */
	const char *topic;
	const void *payload;
	size_t len;
	int qos;
	bool retain;
	uint32_t expiry_s; /* how long after @time_s it is of use; 0: always */
};

/* The version of the schema that this program writes, in "PRAGMA user_version". */
#define SPOOL_SCHEMA_VERSION 5

/*
 * Opens the database at @path, makes it, or brings it to this version. With
 * @durable, what is committed is on the disk; without, it survives the process
 * but not the machine. NULL as @path: in memory. 0 or -errno; release with
 * spool_store_close().
 */
int spool_store_open(struct spool_store **ret, const char *path, bool durable);

/* Drops what is not committed and closes. Accepts NULL, returns NULL. */
struct spool_store *spool_store_close(struct spool_store *s);

/* Renames a database that cannot be used to "PATH.unusable"; an earlier one goes. */
int spool_store_set_aside(const char *path);

/* Adds a message, or replaces the one with the same id. 0 or -errno. */
int spool_store_put(struct spool_store *s, const struct spool_row *row);

/* The message with the lowest id above @after. 1, 0 if there is none, or -errno. */
int spool_store_next(struct spool_store *s, uint64_t after, struct spool_row *ret);

/* Removes the messages @first to @last. 0 or -errno. */
int spool_store_remove(struct spool_store *s, uint64_t first, uint64_t last);

/* What is kept above @after: messages, and bytes of topics and payloads. 0 or -errno. */
int spool_store_measure(struct spool_store *s, uint64_t after, uint64_t *messages,
			uint64_t *bytes);

/* The highest id ever kept that is still there, 0 if empty. 0 or -errno. */
int spool_store_last_id(struct spool_store *s, uint64_t *ret);

/*
 * The clock was set to @now_s, @jump_s later than it was: moves the times of
 * messages that were composed at @since_s or later, and gives @now_s to those
 * whose time is not known. 0 or -errno.
 */
int spool_store_shift_times(struct spool_store *s, int64_t since_s, int64_t jump_s,
			    int64_t now_s);

/* Adds @by, which is at least the highest of them, to all ids. 0 or -errno. */
int spool_store_shift_ids(struct spool_store *s, uint64_t by);

/* The number kept for @name, 0 if there is none. 0 or -errno. */
int spool_store_get_number(struct spool_store *s, const char *name, uint64_t *ret);
int spool_store_set_number(struct spool_store *s, const char *name, uint64_t value);

/* Whether @topic is among the topics from now on. 0 or -errno. */
int spool_store_keep_topic(struct spool_store *s, const char *topic, bool kept);

/*
 * The first of them, in the order of strcmp(), behind @after; *@ret is valid until the
 * next call. 1, 0 if there is none, or -errno.
 */
int spool_store_next_topic(struct spool_store *s, const char *after, const char **ret);

/* Whether @text is among the outlines of @topic from now on. 0 or -errno. */
int spool_store_keep_outline(struct spool_store *s, const char *topic, const char *text,
			     bool kept);

/*
 * The first of them, in the order of topics and texts, behind these; valid until the
 * next call. 1, 0 if there is none, or -errno.
 */
int spool_store_next_outline(struct spool_store *s, const char *after_topic,
			     const char *after_text, const char **topic,
			     const char **text);

/* Whether something is not committed. */
bool spool_store_is_dirty(const struct spool_store *s);

/*
 * Makes all changes since the last commit permanent, or none: 0 or -errno. May
 * wait for the disk.
 */
int spool_store_commit(struct spool_store *s);

/* Takes all changes since the last commit back. */
void spool_store_rollback(struct spool_store *s);

/* Bytes written to the files of this database since it was opened. */
uint64_t spool_store_written(const struct spool_store *s);

#endif
