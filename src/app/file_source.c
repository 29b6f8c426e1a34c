// SPDX-License-Identifier: MIT
/* file_source.c — the content of a file, read by a worker */
#include "file_source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "mqttnode/fd.h"

struct reading {
	struct work work;
	size_t max;
	file_source_done done;
	void *ctx;
	int error;
	size_t len;
	char *data; /* @max + 1 bytes and one for the end */
	char path[];
};

static void reading_free(struct work *work)
{
	struct reading *r = container_of(work, struct reading, work);

	free(r->data);
	free(r);
}

/* In a worker: all that can block. */
static void reading_run(struct work *work)
{
	struct reading *r = container_of(work, struct reading, work);
	struct stat st;
	int n;

	if (stat(r->path, &st) < 0) {
		r->error = -errno;
	} else if (!S_ISREG(st.st_mode)) {
		r->error = S_ISDIR(st.st_mode) ? -EISDIR : -ENOTSUP;
	} else {
		n = fd_read_file(r->path, r->data, r->max + 2);
		if (n > (int)r->max)
			n = -E2BIG;
		r->error = n < 0 ? n : 0;
		r->len = n < 0 ? 0 : (size_t)n;
	}
}

static void reading_done(struct work *work)
{
	struct reading *r = container_of(work, struct reading, work);

	r->done(r->ctx, r->error, r->data, r->len);
	reading_free(work);
}

int file_source_read(struct workers *workers, const char *path, size_t max,
		     file_source_done done, void *ctx)
{
	struct reading *r = calloc(1, sizeof(*r) + strlen(path) + 1);
	int result;

	if (!r)
		return -ENOMEM;
	r->work = (struct work){
		.run = reading_run,
		.done = reading_done,
		.discard = reading_free,
	};
	r->max = max;
	r->done = done;
	r->ctx = ctx;
	strcpy(r->path, path);
	r->data = malloc(max + 2);
	result = r->data ? workers_submit(workers, &r->work) : -ENOMEM;
	if (result < 0)
		reading_free(&r->work);
	return result;
}
