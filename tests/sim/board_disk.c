// SPDX-License-Identifier: MIT
/* board_disk.c — a disk that forgets what was not synced */
#include "board_disk.h"

#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A write that the disk may forget. */
struct pending {
	struct pending *next;
	int64_t offset;
	int len;
	uint8_t data[];
};

struct lossy_file {
	sqlite3_file base;
	sqlite3_file *real;
	struct pending *first, **last; /* the oldest first */
};

static sqlite3_vfs *below; /* SQLite's own */
static sqlite3_vfs lossy;
static char directory[256];
static unsigned int seed;

static struct lossy_file *lossy_of(sqlite3_file *file)
{
	return (struct lossy_file *)(void *)file;
}

static int write_through(struct lossy_file *f)
{
	int rc = SQLITE_OK;

	for (struct pending *p = f->first, *next; p; p = next) {
		next = p->next;
		if (rc == SQLITE_OK)
			rc = f->real->pMethods->xWrite(f->real, p->data, p->len,
						       p->offset);
		free(p);
	}
	f->first = NULL;
	f->last = &f->first;
	return rc;
}

static int lossy_close(sqlite3_file *file)
{
	struct lossy_file *f = lossy_of(file);

	(void)write_through(f);
	return f->real->pMethods->xClose(f->real);
}

static int lossy_size(sqlite3_file *file, sqlite3_int64 *size)
{
	struct lossy_file *f = lossy_of(file);
	int rc = f->real->pMethods->xFileSize(f->real, size);

	for (const struct pending *p = f->first; p; p = p->next)
		if (p->offset + p->len > *size)
			*size = p->offset + p->len;
	return rc;
}

static int lossy_read(sqlite3_file *file, void *buf, int len, sqlite3_int64 offset)
{
	struct lossy_file *f = lossy_of(file);
	sqlite3_int64 size = 0;
	int rc = f->real->pMethods->xRead(f->real, buf, len, offset);

	if (rc != SQLITE_OK && rc != SQLITE_IOERR_SHORT_READ)
		return rc;
	for (const struct pending *p = f->first; p; p = p->next) {
		int64_t from = p->offset > offset ? p->offset : offset;
		int64_t to = p->offset + p->len;

		if (to > offset + len)
			to = offset + len;
		if (from < to)
			memcpy((uint8_t *)buf + (from - offset),
			       p->data + (from - p->offset), (size_t)(to - from));
	}
	(void)lossy_size(file, &size);
	return offset + len <= size ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int lossy_write(sqlite3_file *file, const void *buf, int len, sqlite3_int64 offset)
{
	struct lossy_file *f = lossy_of(file);
	struct pending *p;

	p = malloc(sizeof(*p) + (size_t)len);
	if (!p)
		return SQLITE_NOMEM;
	*p = (struct pending){ .offset = offset, .len = len };
	memcpy(p->data, buf, (size_t)len);
	*f->last = p;
	f->last = &p->next;
	/* A disk may have written any of it, before what was written earlier too. */
	if (rand_r(&seed) % 2 == 0)
		return f->real->pMethods->xWrite(f->real, buf, len, offset);
	return SQLITE_OK;
}

static int lossy_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	struct lossy_file *f = lossy_of(file);

	(void)write_through(f);
	return f->real->pMethods->xTruncate(f->real, size);
}

static int lossy_sync(sqlite3_file *file, int flags)
{
	struct lossy_file *f = lossy_of(file);
	int rc = write_through(f);

	(void)flags; /* the process may die, the machine does not: no need to wait */
	return rc;
}

static int lossy_lock(sqlite3_file *file, int level)
{
	struct lossy_file *f = lossy_of(file);

	return f->real->pMethods->xLock(f->real, level);
}

static int lossy_unlock(sqlite3_file *file, int level)
{
	struct lossy_file *f = lossy_of(file);

	return f->real->pMethods->xUnlock(f->real, level);
}

static int lossy_is_reserved(sqlite3_file *file, int *ret)
{
	struct lossy_file *f = lossy_of(file);

	return f->real->pMethods->xCheckReservedLock(f->real, ret);
}

static int lossy_control(sqlite3_file *file, int op, void *arg)
{
	struct lossy_file *f = lossy_of(file);

	return f->real->pMethods->xFileControl(f->real, op, arg);
}

static int lossy_sector_size(sqlite3_file *file)
{
	struct lossy_file *f = lossy_of(file);

	return f->real->pMethods->xSectorSize(f->real);
}

/* It promises nothing, whatever the file system below would. */
static int lossy_characteristics(sqlite3_file *file)
{
	(void)file;
	return 0;
}

static const sqlite3_io_methods methods = {
	.iVersion = 1,
	.xClose = lossy_close,
	.xRead = lossy_read,
	.xWrite = lossy_write,
	.xTruncate = lossy_truncate,
	.xSync = lossy_sync,
	.xFileSize = lossy_size,
	.xLock = lossy_lock,
	.xUnlock = lossy_unlock,
	.xCheckReservedLock = lossy_is_reserved,
	.xFileControl = lossy_control,
	.xSectorSize = lossy_sector_size,
	.xDeviceCharacteristics = lossy_characteristics,
};

static bool is_lossy(const char *name)
{
	return name && strncmp(name, directory, strlen(directory)) == 0;
}

static int lossy_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
		      int *out_flags)
{
	struct lossy_file *f = lossy_of(file);
	int rc;

	(void)vfs;
	if (!is_lossy(name))
		return below->xOpen(below, name, file, flags, out_flags);
	memset(f, 0, sizeof(*f));
	f->last = &f->first;
	f->real = (sqlite3_file *)(void *)(f + 1);
	rc = below->xOpen(below, name, f->real, flags, out_flags);
	if (rc == SQLITE_OK)
		f->base.pMethods = &methods;
	return rc;
}

bool board_disk_make_lossy(const char *path, unsigned int first_seed)
{
	seed = first_seed;
	(void)snprintf(directory, sizeof(directory), "%s", path);
	below = sqlite3_vfs_find(NULL);
	if (!below)
		return false;
	lossy = *below;
	lossy.pNext = NULL;
	lossy.zName = "lossy";
	lossy.szOsFile = (int)sizeof(struct lossy_file) + below->szOsFile;
	lossy.xOpen = lossy_open;
	return sqlite3_vfs_register(&lossy, 1) == SQLITE_OK;
}
