// SPDX-License-Identifier: MIT
/*
 * spool_store_open.c — the schema of a database; how one is opened, and set aside
 *
 * The lock is exclusive and kept: nobody else may use the file meanwhile, and
 * SQLite needs no shared memory for the index of the WAL (www.sqlite.org/wal.html,
 * section 8).
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mqttnode/cleanup.h"
#include "mqttnode/fd.h"

#include "spool_store_internal.h"

/* "mqtn": tells our databases from others, see "PRAGMA application_id". */
#define APPLICATION_ID 0x6d71746e

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

	/* What the messages on some of them say; several: it is not known which. */
	"CREATE TABLE outline ("
	"  topic TEXT NOT NULL,"
	"  text TEXT NOT NULL,"
	"  PRIMARY KEY (topic, text)) WITHOUT ROWID",
};
static_assert(ARRAY_SIZE(migrations) == SPOOL_SCHEMA_VERSION,
	      "one step for each version");

/* --- the schema ------------------------------------------------------------ */

static int execute(struct spool_store *s, const char *sql)
{
	return spool_store_error(s->db, sqlite3_exec(s->db, sql, NULL, NULL, NULL));
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
	return spool_store_error(s->db, rc);
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
	r = spool_store_error(s->db, rc);
	if (rc == SQLITE_ROW) {
		verdict = (const char *)sqlite3_column_text(statement, 0);
		r = verdict && strcmp(verdict, "ok") == 0 ? 0 : -EUCLEAN;
	}
	(void)sqlite3_finalize(statement);
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

static int set_up(struct spool_store *s, const char *path, bool durable)
{
	int rc, r;

	rc = sqlite3_open_v2(
		path ? path : ":memory:", &s->db,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc != SQLITE_OK)
		return spool_store_error(s->db, rc);
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
		r = spool_store_prepare(s);
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
	for (size_t i = 0; i < SPOOL_STATEMENTS; i++)
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
