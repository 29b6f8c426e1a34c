// SPDX-License-Identifier: MIT
/*
 * spool_store.c — messages in one SQLite database
 *
 * The database is in WAL mode: a commit appends the changed pages to the file
 * beside it, one sequential write and, if durable, one fsync; now and then the
 * pages are copied into the database (a checkpoint). That happens here and not
 * inside of SQLite, so that it can be counted. Whoever dies in between, process
 * or machine, leaves a database that the next opening repairs by itself.
 */
#include "spool_store.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "mqttnode/cleanup.h"

#include "spool_store_internal.h"

/* Pages in the WAL that are worth a checkpoint. */
#define CHECKPOINT_FRAMES 512

#define PAGE_SIZE    4096
#define FRAME_HEADER 24 /* in the WAL, www.sqlite.org/fileformat.html section 4.1 */

enum statement {
	BEGIN,
	COMMIT,
	ROLLBACK,
	PUT,
	NEXT,
	REMOVE,
	MEASURE,
	LAST_ID,
	SHIFT_TIMES,
	SHIFT_IDS,
	GET_NUMBER,
	SET_NUMBER,
	ADD_TOPIC,
	NEXT_TOPIC,
	REMOVE_TOPIC,
	ADD_OUTLINE,
	NEXT_OUTLINE,
	REMOVE_OUTLINE,
	STATEMENTS,
};
static_assert(STATEMENTS == SPOOL_STATEMENTS, "there is room for them");

static const char *const statements[] = {
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	[ROLLBACK] = "ROLLBACK",
	[PUT] = "INSERT OR REPLACE INTO message"
		" (id, time, qos, retain, topic, payload, expiry)"
		" VALUES (?, ?, ?, ?, ?, ?, ?)",
	[NEXT] = "SELECT id, time, qos, retain, topic, payload, expiry FROM message"
		 " WHERE id > ? ORDER BY id",
	[REMOVE] = "DELETE FROM message WHERE id BETWEEN ? AND ?",
	[MEASURE] =
		"SELECT count(*), total(length(CAST(topic AS BLOB)) + length(payload))"
		" FROM message WHERE id > ?",
	[LAST_ID] = "SELECT coalesce(max(id), 0) FROM message",
	[SHIFT_TIMES] = "UPDATE message SET time = CASE"
			" WHEN time = 0 THEN ?3"
			" ELSE max(min(time + ?2, ?3), 1)"
			" END WHERE time = 0 OR time >= ?1",
	[SHIFT_IDS] = "UPDATE message SET id = id + ?",
	[GET_NUMBER] = "SELECT reserved FROM number WHERE name = ?",
	[SET_NUMBER] = "INSERT OR REPLACE INTO number (name, reserved) VALUES (?, ?)",
	[ADD_TOPIC] = "INSERT OR IGNORE INTO retained (topic) VALUES (?)",
	[NEXT_TOPIC] =
		"SELECT topic FROM retained WHERE topic > ? ORDER BY topic LIMIT 1",
	[REMOVE_TOPIC] = "DELETE FROM retained WHERE topic = ?",
	[ADD_OUTLINE] = "INSERT OR IGNORE INTO outline (topic, text) VALUES (?, ?)",
	[NEXT_OUTLINE] = "SELECT topic, text FROM outline WHERE (topic, text) > (?, ?)"
			 " ORDER BY topic, text LIMIT 1",
	[REMOVE_OUTLINE] = "DELETE FROM outline WHERE topic = ? AND text = ?",
};

/* --- SQLite's words in ours ------------------------------------------------ */

int spool_store_error(sqlite3 *db, int rc)
{
	int error = db ? sqlite3_system_errno(db) : 0;

	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return -EUCLEAN;
	case SQLITE_CANTOPEN:
	case SQLITE_IOERR:
		return error > 0 ? -error : -EIO;
	default:
		return -EIO;
	}
}

/* Runs a statement that gives no row, and gets it ready for the next time. */
static int run(struct spool_store *s, enum statement which)
{
	sqlite3_stmt *statement = s->statements[which];
	int r = spool_store_error(s->db, sqlite3_step(statement));

	(void)sqlite3_reset(statement);
	return r;
}

/* Runs a query to its only row, to be read before done() is called. 1, 0 or -errno. */
static int query(struct spool_store *s, enum statement which)
{
	int rc = sqlite3_step(s->statements[which]);

	return rc == SQLITE_ROW ? 1 : spool_store_error(s->db, rc);
}

static void done(struct spool_store *s, enum statement which)
{
	(void)sqlite3_reset(s->statements[which]);
}

/* The row that spool_store_next() gave goes now. */
static void leave_row(struct spool_store *s)
{
	s->next_id = 0;
	done(s, NEXT);
}

static void bind_int(struct spool_store *s, enum statement which, int column,
		     int64_t value)
{
	(void)sqlite3_bind_int64(s->statements[which], column, value);
}

int spool_store_prepare(struct spool_store *s)
{
	int rc = SQLITE_OK;

	for (size_t i = 0; i < STATEMENTS && rc == SQLITE_OK; i++)
		rc = sqlite3_prepare_v3(s->db, statements[i], -1,
					SQLITE_PREPARE_PERSISTENT, &s->statements[i],
					NULL);
	return spool_store_error(s->db, rc);
}

/* --- messages -------------------------------------------------------------- */

/*
 * Changes belong to a transaction, which the first of them begins. What is being read
 * may not see them: it is left.
 */
static int begin(struct spool_store *s)
{
	int r;

	leave_row(s);
	if (s->in_transaction)
		return 0;
	r = run(s, BEGIN);
	s->in_transaction = r == 0;
	return r;
}

int spool_store_put(struct spool_store *s, const struct spool_row *row)
{
	sqlite3_stmt *put = s->statements[PUT];
	int r = begin(s);

	if (r < 0)
		return r;
	bind_int(s, PUT, 1, (int64_t)row->id);
	bind_int(s, PUT, 2, row->time_s);
	bind_int(s, PUT, 3, row->qos);
	bind_int(s, PUT, 4, row->retain);
	(void)sqlite3_bind_text(put, 5, row->topic, -1, SQLITE_STATIC);
	/* A pointer of NULL would be stored as NULL, not as an empty payload. */
	(void)sqlite3_bind_blob64(put, 6, row->len ? row->payload : "", row->len,
				  SQLITE_STATIC);
	bind_int(s, PUT, 7, row->expiry_s);
	return run(s, PUT);
}

int spool_store_next(struct spool_store *s, uint64_t after, struct spool_row *ret)
{
	sqlite3_stmt *next = s->statements[NEXT];
	int r;

	/* From row to row it takes a step; anything else takes a search. */
	if (s->next_id == 0 || s->next_id != after) {
		leave_row(s);
		bind_int(s, NEXT, 1, (int64_t)after);
	}
	r = query(s, NEXT);
	if (r <= 0) {
		leave_row(s);
		return r;
	}
	*ret = (struct spool_row){
		.id = (uint64_t)sqlite3_column_int64(next, 0),
		.time_s = sqlite3_column_int64(next, 1),
		.qos = sqlite3_column_int(next, 2) == 2 ? 2 : 1,
		.retain = sqlite3_column_int(next, 3) != 0,
		.topic = (const char *)sqlite3_column_text(next, 4),
		.payload = sqlite3_column_blob(next, 5),
		.expiry_s = (uint32_t)sqlite3_column_int64(next, 6),
		.len = (size_t)sqlite3_column_bytes(next, 5),
	};
	if (!ret->topic) {
		leave_row(s);
		return -ENOMEM;
	}
	s->next_id = ret->id;
	return 1;
}

int spool_store_remove(struct spool_store *s, uint64_t first, uint64_t last)
{
	int r = begin(s);

	if (r < 0)
		return r;
	bind_int(s, REMOVE, 1, (int64_t)first);
	bind_int(s, REMOVE, 2, (int64_t)last);
	return run(s, REMOVE);
}

int spool_store_measure(struct spool_store *s, uint64_t after, uint64_t *messages,
			uint64_t *bytes)
{
	int r;

	bind_int(s, MEASURE, 1, (int64_t)after);
	r = query(s, MEASURE);
	if (r > 0) {
		*messages = (uint64_t)sqlite3_column_int64(s->statements[MEASURE], 0);
		*bytes = (uint64_t)sqlite3_column_int64(s->statements[MEASURE], 1);
	}
	done(s, MEASURE);
	return r < 0 ? r : 0;
}

int spool_store_last_id(struct spool_store *s, uint64_t *ret)
{
	int r = query(s, LAST_ID);

	if (r > 0)
		*ret = (uint64_t)sqlite3_column_int64(s->statements[LAST_ID], 0);
	done(s, LAST_ID);
	return r < 0 ? r : 0;
}

int spool_store_shift_times(struct spool_store *s, int64_t since_s, int64_t jump_s,
			    int64_t now_s)
{
	int r = begin(s);

	if (r < 0)
		return r;
	bind_int(s, SHIFT_TIMES, 1, since_s);
	bind_int(s, SHIFT_TIMES, 2, jump_s);
	bind_int(s, SHIFT_TIMES, 3, now_s);
	return run(s, SHIFT_TIMES);
}

int spool_store_shift_ids(struct spool_store *s, uint64_t by)
{
	int r = begin(s);

	if (r < 0)
		return r;
	bind_int(s, SHIFT_IDS, 1, (int64_t)by);
	return run(s, SHIFT_IDS);
}

/* --- numbers --------------------------------------------------------------- */

int spool_store_get_number(struct spool_store *s, const char *name, uint64_t *ret)
{
	sqlite3_stmt *get = s->statements[GET_NUMBER];
	int r;

	*ret = 0;
	(void)sqlite3_bind_text(get, 1, name, -1, SQLITE_STATIC);
	r = query(s, GET_NUMBER);
	if (r > 0)
		*ret = (uint64_t)sqlite3_column_int64(get, 0);
	done(s, GET_NUMBER);
	return r < 0 ? r : 0;
}

int spool_store_set_number(struct spool_store *s, const char *name, uint64_t value)
{
	int r = begin(s);

	if (r < 0)
		return r;
	(void)sqlite3_bind_text(s->statements[SET_NUMBER], 1, name, -1, SQLITE_STATIC);
	bind_int(s, SET_NUMBER, 2, (int64_t)value);
	return run(s, SET_NUMBER);
}

/* --- topics ---------------------------------------------------------------- */

/*
 * The text in @column of the row that @statement is at, from which the next row can be
 * looked for. One with a NUL in it, or what is no text, is damage that SQLite does not
 * see: behind it the same row would follow, for ever. 1 or -errno.
 */
static int get_text(sqlite3_stmt *statement, int column, const char **ret)
{
	bool is_text = sqlite3_column_type(statement, column) == SQLITE_TEXT;

	*ret = (const char *)sqlite3_column_text(statement, column);
	if (!*ret)
		return -ENOMEM;
	if (!is_text ||
	    strlen(*ret) != (size_t)sqlite3_column_bytes(statement, column))
		return -EUCLEAN;
	return 1;
}

static void bind_topic(struct spool_store *s, enum statement which, const char *topic)
{
	(void)sqlite3_bind_text(s->statements[which], 1, topic, -1, SQLITE_TRANSIENT);
}

int spool_store_keep_topic(struct spool_store *s, const char *topic, bool kept)
{
	enum statement which = kept ? ADD_TOPIC : REMOVE_TOPIC;
	int r = begin(s);

	if (r < 0)
		return r;
	bind_topic(s, which, topic);
	return run(s, which);
}

int spool_store_next_topic(struct spool_store *s, const char *after, const char **ret)
{
	int r;

	done(s, NEXT_TOPIC); /* the row of the last call goes now */
	bind_topic(s, NEXT_TOPIC, after);
	r = query(s, NEXT_TOPIC);
	if (r <= 0) {
		done(s, NEXT_TOPIC);
		return r;
	}
	return get_text(s->statements[NEXT_TOPIC], 0, ret);
}

/* --- outlines -------------------------------------------------------------- */

static void bind_outline(struct spool_store *s, enum statement which, const char *topic,
			 const char *text)
{
	bind_topic(s, which, topic);
	(void)sqlite3_bind_text(s->statements[which], 2, text, -1, SQLITE_TRANSIENT);
}

int spool_store_keep_outline(struct spool_store *s, const char *topic, const char *text,
			     bool kept)
{
	enum statement which = kept ? ADD_OUTLINE : REMOVE_OUTLINE;
	int r = begin(s);

	if (r < 0)
		return r;
	bind_outline(s, which, topic, text);
	return run(s, which);
}

int spool_store_next_outline(struct spool_store *s, const char *after_topic,
			     const char *after_text, const char **topic,
			     const char **text)
{
	sqlite3_stmt *next = s->statements[NEXT_OUTLINE];
	int r;

	done(s, NEXT_OUTLINE); /* the row of the last call goes now */
	bind_outline(s, NEXT_OUTLINE, after_topic, after_text);
	r = query(s, NEXT_OUTLINE);
	if (r <= 0) {
		done(s, NEXT_OUTLINE);
		return r;
	}
	r = get_text(next, 0, topic);
	return r < 0 ? r : get_text(next, 1, text);
}

/* --- transactions ---------------------------------------------------------- */

bool spool_store_is_dirty(const struct spool_store *s)
{
	return s->in_transaction;
}

/* Rows that were shown go: a transaction does not end under an open query. */
static void end_queries(struct spool_store *s)
{
	leave_row(s);
	done(s, NEXT_TOPIC);
	done(s, NEXT_OUTLINE);
}

/* Copies the WAL into the database. */
static int checkpoint(struct spool_store *s)
{
	int frames = 0, copied = 0;
	int rc = sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE,
					   &frames, &copied);

	if (rc == SQLITE_OK) {
		s->wal_frames = 0;
		s->written += (uint64_t)(copied > 0 ? copied : 0) * PAGE_SIZE;
	}
	return spool_store_error(s->db, rc);
}

int spool_store_commit(struct spool_store *s)
{
	int before = s->wal_frames;
	int r;

	if (!s->in_transaction)
		return 0;
	end_queries(s);
	r = run(s, COMMIT);
	if (r < 0)
		return r;
	s->in_transaction = false;
	if (s->wal_frames < before)
		before = 0; /* begun anew after a checkpoint */
	s->written += (uint64_t)(s->wal_frames - before) * (PAGE_SIZE + FRAME_HEADER);
	/* What is committed is safe, whatever becomes of the checkpoint. */
	if (s->wal_frames >= CHECKPOINT_FRAMES)
		(void)checkpoint(s);
	return 0;
}

void spool_store_rollback(struct spool_store *s)
{
	if (!s->in_transaction)
		return;
	end_queries(s);
	(void)run(s, ROLLBACK); /* SQLite may have done it by itself */
	s->in_transaction = false;
}

uint64_t spool_store_written(const struct spool_store *s)
{
	return s->written;
}
