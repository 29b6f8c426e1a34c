/* SPDX-License-Identifier: MIT */
/*
 * node.h — the running daemon: owns every object, starts, wires and stops them
 *
 * Threads, what they own, and how others reach them:
 *
 *	main	 all but what follows: event loop,   descriptors of the others
 *		 netlink, children, control socket,
 *		 pages, notifications
 *	pump	 chip, SPI, INT and RST lines, TAP   pump_set_tap(); status, counters
 *	mqtt	 session, resolver, spool,	     mailbox (latest link, address, stop);
 *		 subscriptions			     messages to publish in, inbox and
 *						     orders up; counters
 *	publish	 publications, their sources	     mailbox (session, stop); counters
 *	actions	 GPIO outputs, programs and files    queue of orders; counters
 *		 of subscriptions; only if any has
 *		 such
 *	worker	 one read or write of a file each,   workers.h
 *		 for the two above; only if needed
 *	display	 I2C bus, panel			     mailbox of one picture; status
 *	log	 journal socket or stderr	     queue of records
 *
 * Shared by all under a lock of their own: ladder (written by main and mqtt)
 * and facts (written by main). No lock is held over a call that can wait.
 */
#ifndef MQTTNODE_NODE_H
#define MQTTNODE_NODE_H

#include "mqttnode/settings.h"

#include <json-c/json_object.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Runs the daemon in the foreground until SIGTERM or SIGINT; on SIGHUP it reads its
 * file again. @socket_path is
 * the control socket, NULL for the default. Returns 0 after a clean stop or
 * -errno if it could not start (logged). With @ret_left_behind a thread is
 * stuck in the resolver or on a bus and still uses @settings: release nothing,
 * leave by _exit().
 */
int node_run(struct settings *settings, const char *socket_path,
	     bool *ret_left_behind);

/*
 * Lets a temporary node, which has no control socket and leaves the daemon's
 * files and messages alone (climb.h), climb the ladder once, some 5 to 60 s. What it
 * saw, as the answer to "status", is stored in @ret_status, which the caller puts:
 * NULL if it was interrupted. Returns and leaves behind as node_run().
 */
int node_climb(const struct settings *settings, json_object **ret_status,
	       bool *ret_left_behind);

/*
 * The default path of the control socket: $RUNTIME_DIRECTORY/control, or
 * /run/mqttnode/control.
 */
void node_socket_path(char *buf, size_t size);

#endif
