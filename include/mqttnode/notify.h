/* SPDX-License-Identifier: MIT */
/*
 * notify.h — what the service manager is told, without waiting for it
 *
 * The protocol of sd_notify(3). libsystemd's function waits as long as systemd
 * does not read its socket, and main may wait for nobody. Here a message that
 * cannot be sent is kept, the latest of each kind, and goes out with the next
 * one. Without $NOTIFY_SOCKET nothing is done. Main thread.
 */
#ifndef MQTTNODE_NOTIFY_H
#define MQTTNODE_NOTIFY_H

#include "mqttnode/cleanup.h"

struct notifier;

/* Takes the socket from the environment. 0 or -errno; release with notifier_free(). */
int notifier_new(struct notifier **ret);
struct notifier *notifier_free(struct notifier *n);

/* READY=1, STOPPING=1. */
void notifier_ready(struct notifier *n);
void notifier_stopping(struct notifier *n);

/*
 * RELOADING=1 with the time of now: another configuration is being read.
 * notifier_ready() ends that, whatever came of it.
 */
void notifier_reloading(struct notifier *n);

/* STATUS=@text; one longer than 511 bytes is cut, a line break is a space. */
void notifier_status(struct notifier *n, const char *text);

/* WATCHDOG=1. It is sent now or not at all: late, it would be a lie. */
void notifier_watchdog(struct notifier *n);

/* Tries again to send what had to be kept; to be called now and then. */
void notifier_flush(struct notifier *n);

DEFINE_CLEANUP(struct notifier, notifier_free);

#endif
