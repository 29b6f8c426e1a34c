/* SPDX-License-Identifier: MIT */
/*
 * file_target.h — a file that is replaced at once, by a worker
 *
 * Who reads it sees the old content or the new one, never a part.
 */
#ifndef MQTTNODE_FILE_TARGET_H
#define MQTTNODE_FILE_TARGET_H

#include "mqttnode/workers.h"

#include <stddef.h>

/* Told in the event loop: 0 or -errno. */
typedef void (*file_target_done)(void *ctx, int error);

/*
 * Replaces @path by a file of @len bytes, mode 0640 within the umask; a
 * symbolic link is replaced, not followed. The bytes are copied. @done is
 * called unless @workers are freed before. @writer tells apart those who write
 * to the same path, each one at a time. 0 or -errno.
 */
int file_target_write(struct workers *workers, const char *path, size_t writer,
		      const void *data, size_t len, file_target_done done, void *ctx);

#endif
