/* SPDX-License-Identifier: MIT */
/*
 * control.h — the daemon's socket: one JSON object per line, each way
 *
 * A request is {"verb": "status"}; the answer {"ok": true, ...} or
 * {"ok": false, "error": "..."}. Owner and group of the socket are the
 * daemon's, mode 0660. Clients are untrusted, few (8) and may be slow: nobody
 * waits for them. Main thread.
 */
#ifndef MQTTNODE_CONTROL_H
#define MQTTNODE_CONTROL_H

#include "mqttnode/cleanup.h"

#include <json-c/json_object.h>
#include <systemd/sd-event.h>

struct control;

/*
 * Answers a verb: adds members to @answer and returns 0, or returns -errno
 * with a sentence in @error.
 */
typedef int (*control_handler)(void *ctx, json_object *request, json_object *answer,
			       char *error, size_t error_size);

/*
 * Listens on @path, replacing the socket of a daemon that is gone. 0 or -errno:
 * -EADDRINUSE if one lives, -EEXIST for what is not a socket. Release with
 * control_free().
 */
int control_new(struct control **ret, sd_event *event, const char *path);

/* Closes all and removes the socket. Accepts NULL. */
struct control *control_free(struct control *c);

/* Adds a verb; @verb and @ctx must outlive it. 0 or -errno. */
int control_add_verb(struct control *c, const char *verb, control_handler handler, void *ctx);

/*
 * Client side: sends @request (a line without newline) to the daemon at @path
 * and returns its answer line as a new string, within @timeout_ms; 0 or -errno.
 */
int control_ask(const char *path, const char *request, unsigned int timeout_ms, char **ret);

DEFINE_CLEANUP(struct control, control_free);

#endif
