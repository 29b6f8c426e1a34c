// SPDX-License-Identifier: MIT
/*
 * spool_store.c — messages in one SQLite database
 *
 * The database is in WAL mode: a commit appends the changed pages to the file
 * beside it, one sequential write and, if durable, one fsync; now and then the
 * pages are copied into the database (a checkpoint). That happens here and not
 * inside of SQLite, so that it can be counted. Whoever dies in between, process
 * or machine, leaves a database that the next opening repairs by itself.
 *
 * The lock is exclusive and kept: nobody else may use the file meanwhile, and
 * SQLite needs no shared memory for the index of the WAL (www.sqlite.org/wal.html,
 * section 8).
 */
#include "spool_store.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mqttnode/cleanup.h"
#include "mqttnode/fd.h"

/* "mqtn": tells our databases from others, see "PRAGMA application_id". */
#define APPLICATION_ID 0x6d71746e

/* Pages in the WAL that are worth a checkpoint. */
#define CHECKPOINT_FRAMES 512

#define PAGE_SIZE    4096
#define FRAME_HEADER 24 /* in the WAL, www.sqlite.org/fileformat.html section 4.1 */

/* The step @i leads from version i to version i + 1. Steps are never changed. */
static const char *const migrations[] = {
	"CREATE TABLE message ("
	"  id INTEGER PRIMARY KEY,"
	"  time INTEGER NOT NULL," /* seconds since 1970; 0: not known */
	"  qos INTEGER NOT NULL,"
	"  retain INTEGER NOT NULL,"
	"  topic TEXT NOT NULL,"
	"  payload BLOB NOT NULL)",

	/* Numbers up to @reserved may have been used. */
	"CREATE TABLE number ("
	"  name TEXT PRIMARY KEY,"
	"  reserved INTEGER NOT NULL) WITHOUT ROWID",

	/* Seconds after @time; 0: it never expires. */
	"ALTER TABLE message ADD COLUMN expiry INTEGER NOT NULL DEFAULT 0",

	/* The broker may keep a message on each of these. */
	("CREATE TABLE retained (topic TEXT PRIMARY KEY) WITHOUT ROWID;"
	 "INSERT OR IGNORE INTO retained SELECT topic FROM message WHERE retain"),
};
static_assert(ARRAY_SIZE(migrations) == SPOOL_SCHEMA_VERSION,
	      "one step for each version");

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
	STATEMENTS,
};

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
};

struct spool_store {
	sqlite3 *db;
	sqlite3_stmt *statements[STATEMENTS];
	bool in_transaction;
	uint64_t next_id; /* of the row that NEXT is at; 0: it is at none */
	int wal_frames;	  /* since the last checkpoint */
	uint64_t written; /* bytes, as of the last look */
};

/* --- SQLite's words in ours ------------------------------------------------ */

static int to_errno(sqlite3 *db, int rc)
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

static int execute(struct spool_store *s, const char *sql)
{
	return to_errno(s->db, sqlite3_exec(s->db, sql, NULL, NULL, NULL));
}

/* Runs a statement that gives no row, and gets it ready for the next time. */
static int run(struct spool_store *s, enum statement which)
{
	sqlite3_stmt *statement = s->statements[which];
	int r = to_errno(s->db, sqlite3_step(statement));

	(void)sqlite3_reset(statement);
	return r;
}

/* Runs a query to its only row, to be read before done() is called. 1, 0 or -errno. */
static int query(struct spool_store *s, enum statement which)
{
	int rc = sqlite3_step(s->statements[which]);

	return rc == SQLITE_ROW ? 1 : to_errno(s->db, rc);
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

/* One value of one row, 0 if there is no row. */
static int query_int(struct spool_store *s, const char *sql, int64_t *ret)
{
	sqlite3_stmt *statement = NULL;
	int rc;

	*ret = 0;
	rc = sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(statement);
	if (rc == SQLITE_ROW)
		*ret = sqlite3_column_int64(statement, 0);
	(void)sqlite3_finalize(statement);
	return to_errno(s->db, rc);
}

/* --- opening --------------------------------------------------------------- */

/* Makes the file for its owner alone; errors are told better than SQLite does. */
static int make_file(const char *path)
{
	_cleanup_close_ int fd = -1;

	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	return fd < 0 ? -errno : 0;
}

/* The name of a new file is on the disk only when its directory is. */
static int sync_directory(const char *path)
{
	_cleanup_close_ int fd = -1;
	char copy[PATH_MAX];

	(void)snprintf(copy, sizeof(copy), "%s", path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

static int check_health(struct spool_store *s)
{
	sqlite3_stmt *statement = NULL;
	const char *verdict;
	int r, rc;

	rc = sqlite3_prepare_v2(s->db, "PRAGMA quick_check(1)", -1, &statement, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(statement);
	r = to_errno(s->db, rc);
	if (rc == SQLITE_ROW) {
		verdict = (const char *)sqlite3_column_text(statement, 0);
		r = verdict && strcmp(verdict, "ok") == 0 ? 0 : -EUCLEAN;
	}
	(void)sqlite3_finalize(statement);
	return r;
}

/* One step up, all of it or nothing. */
static int migrate_once(struct spool_store *s, int64_t version)
{
	char pragmas[96];
	int r;

	(void)snprintf(pragmas, sizeof(pragmas),
		       "PRAGMA application_id = %d; PRAGMA user_version = %d",
		       APPLICATION_ID, (int)version + 1);
	r = execute(s, "BEGIN IMMEDIATE");
	if (r == 0)
		r = execute(s, migrations[version]);
	if (r == 0)
		r = execute(s, pragmas);
	if (r == 0)
		r = execute(s, "COMMIT");
	if (r < 0)
		(void)execute(s, "ROLLBACK");
	return r;
}

static int migrate(struct spool_store *s)
{
	int64_t application, version, tables;
	int r;

	r = query_int(s, "PRAGMA application_id", &application);
	if (r == 0)
		r = query_int(s, "PRAGMA user_version", &version);
	if (r == 0)
		r = query_int(s, "SELECT count(*) FROM sqlite_master", &tables);
	if (r < 0)
		return r;
	if (version < 0 || version > SPOOL_SCHEMA_VERSION ||
	    (application != APPLICATION_ID && (tables > 0 || application != 0)))
		return -ENOTSUP;
	while (r == 0 && version < SPOOL_SCHEMA_VERSION)
		r = migrate_once(s, version++);
	return r;
}

static int on_wal(void *ctx, sqlite3 *db, const char *name, int frames)
{
	struct spool_store *s = ctx;

	(void)db;
	(void)name;
	s->wal_frames = frames;
	return SQLITE_OK;
}

static int prepare(struct spool_store *s)
{
	int rc = SQLITE_OK;

	for (size_t i = 0; i < STATEMENTS && rc == SQLITE_OK; i++)
		rc = sqlite3_prepare_v3(s->db, statements[i], -1,
					SQLITE_PREPARE_PERSISTENT, &s->statements[i],
					NULL);
	return to_errno(s->db, rc);
}

static int set_up(struct spool_store *s, const char *path, bool durable)
{
	int rc, r;

	rc = sqlite3_open_v2(
		path ? path : ":memory:", &s->db,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc != SQLITE_OK)
		return to_errno(s->db, rc);
	(void)sqlite3_extended_result_codes(s->db, 1);
	r = execute(s, "PRAGMA page_size = 4096;"
		       "PRAGMA locking_mode = EXCLUSIVE;"
		       "PRAGMA temp_store = MEMORY;"
		       "PRAGMA cache_size = -1024");
	if (r == 0 && path)
		r = execute(s, "PRAGMA journal_mode = WAL;"
			       "PRAGMA journal_size_limit = 4194304;"
			       "PRAGMA wal_autocheckpoint = 0");
	if (r == 0)
		r = execute(s, path && durable ? "PRAGMA synchronous = FULL"
					       : "PRAGMA synchronous = OFF");
	if (r == 0 && path)
		r = check_health(s);
	if (r == 0)
		r = migrate(s);
	if (r == 0)
		r = prepare(s);
	if (r == 0 && path)
		(void)sqlite3_wal_hook(s->db, on_wal, s);
	return r;
}

int spool_store_open(struct spool_store **ret, const char *path, bool durable)
{
	struct spool_store *s;
	int r = 0;

	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	if (path)
		r = make_file(path);
	if (r == 0)
		r = set_up(s, path, durable);
	if (r == 0 && path && durable)
		r = sync_directory(path);
	if (r < 0) {
		(void)spool_store_close(s);
		return r;
	}
	*ret = s;
	return 0;
}

struct spool_store *spool_store_close(struct spool_store *s)
{
	if (!s)
		return NULL;
	for (size_t i = 0; i < STATEMENTS; i++)
		(void)sqlite3_finalize(s->statements[i]);
	(void)sqlite3_close(s->db);
	free(s);
	return NULL;
}

int spool_store_set_aside(const char *path)
{
	/* The WAL belongs to its database under the new name too. */
	static const char *const suffixes[] = { "-wal", "-journal", "" };
	char from[PATH_MAX], to[PATH_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		(void)snprintf(from, sizeof(from), "%s%s", path, suffixes[i]);
		(void)snprintf(to, sizeof(to), "%s.unusable%s", path, suffixes[i]);
		if (rename(from, to) == 0)
			continue;
		if (errno != ENOENT)
			return -errno;
		(void)unlink(to); /* of an earlier one */
	}
	return 0;
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
	*ret = (const char *)sqlite3_column_text(s->statements[NEXT_TOPIC], 0);
	return *ret ? 1 : -ENOMEM;
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
	return to_errno(s->db, rc);
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
