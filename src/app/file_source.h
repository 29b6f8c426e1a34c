/* SPDX-License-Identifier: MIT */
/*
 * file_source.h — the content of a file, read by a worker
 *
 * A sensor's file in sysfs may take seconds, one on a network for ever: it is
 * never read in the thread that asks.
 */
#ifndef MQTTNODE_FILE_SOURCE_H
#define MQTTNODE_FILE_SOURCE_H

#include "mqttnode/workers.h"

#include <stddef.h>

/*
 * Told in the event loop: @error is 0 and @len bytes are at @data until the
 * call returns, or it is -errno: -E2BIG for more than was asked for, -EISDIR,
 * and -ENOTSUP for what is no regular file.
 */
typedef void (*file_source_done)(void *ctx, int error, const char *data, size_t len);

/*
 * Reads at most @max bytes of the file @path; @done is called, unless @workers
 * are freed before. 0 or -errno.
 */
int file_source_read(struct workers *workers, const char *path, size_t max,
		     file_source_done done, void *ctx);

#endif
