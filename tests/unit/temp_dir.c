// SPDX-License-Identifier: MIT
/* temp_dir.c — a directory of its own for a test program that writes files */
#include "temp_dir.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

static char directory[] = "/tmp/mqttnode-test-XXXXXX";

int temp_dir_enter(void **state)
{
	(void)state;
	return mkdtemp(directory) && chdir(directory) == 0 ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

int temp_dir_leave(void **state)
{
	(void)state;
	return chdir("/") == 0 ? nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS)
			       : -1;
}

void temp_file_bytes(const char *name, const void *data, size_t len)
{
	FILE *f = fopen(name, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

void temp_file(const char *name, const char *text)
{
	temp_file_bytes(name, text, strlen(text));
}
