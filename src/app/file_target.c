// SPDX-License-Identifier: MIT
/* file_target.c — a file that is replaced at once, by a worker */
#include "file_target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct writing {
	struct work work;
	file_target_done done;
	void *ctx;
	int error;
	char *path, *temporary;
	size_t len;
	char data[];
};

static void writing_free(struct work *work)
{
	struct writing *w = container_of(work, struct writing, work);

	free(w->path);
	free(w->temporary);
	free(w);
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* In a worker: the temporary file is one writer's alone, also after a crash. */
static int replace(const struct writing *w)
{
	_cleanup_close_ int fd = -1;
	int r;

	(void)unlink(w->temporary);
	fd = open(w->temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		  0640);
	if (fd < 0)
		return -errno;
	r = write_all(fd, w->data, w->len);
	if (r == 0 && rename(w->temporary, w->path) < 0)
		r = -errno;
	if (r < 0)
		(void)unlink(w->temporary);
	return r;
}

static void writing_run(struct work *work)
{
	struct writing *w = container_of(work, struct writing, work);

	w->error = replace(w);
}

static void writing_done(struct work *work)
{
	struct writing *w = container_of(work, struct writing, work);

	w->done(w->ctx, w->error);
	writing_free(work);
}

int file_target_write(struct workers *workers, const char *path, size_t writer,
		      const void *data, size_t len, file_target_done done, void *ctx)
{
	struct writing *w = calloc(1, sizeof(*w) + len);
	int r;

	if (!w)
		return -ENOMEM;
	w->work = (struct work){
		.run = writing_run,
		.done = writing_done,
		.discard = writing_free,
	};
	w->done = done;
	w->ctx = ctx;
	w->len = len;
	if (len > 0)
		memcpy(w->data, data, len);
	w->path = strdup(path);
	r = asprintf(&w->temporary, "%s.mqttnode-%zu", path, writer);
	if (r < 0)
		w->temporary = NULL;
	r = w->path && w->temporary ? workers_submit(workers, &w->work) : -ENOMEM;
	if (r < 0)
		writing_free(&w->work);
	return r;
}
