/* SPDX-License-Identifier: MIT */
/*
 * spool_store_internal.h — what the files of a database share
 *
 *	spool_store.c	   what is kept, and transactions
 *	spool_store_open.c the schema; how a database is opened, and set aside
 */
#ifndef MQTTNODE_SPOOL_STORE_INTERNAL_H
#define MQTTNODE_SPOOL_STORE_INTERNAL_H

#include <sqlite3.h>

#include "spool_store.h"

#define SPOOL_STATEMENTS 18

struct spool_store {
	sqlite3 *db;
	sqlite3_stmt *statements[SPOOL_STATEMENTS];
	bool in_transaction;
	uint64_t next_id; /* of the row that NEXT is at; 0: it is at none */
	int wal_frames;	  /* since the last checkpoint */
	uint64_t written; /* bytes, as of the last look */
};

/* --- spool_store.c --------------------------------------------------------- */

/* SQLite's result @rc, with what it knows beside, as 0 or -errno; @db may be NULL. */
int spool_store_error(sqlite3 *db, int rc);

/* Prepares the statements; the tables are there. 0 or -errno. */
int spool_store_prepare(struct spool_store *s);

#endif
