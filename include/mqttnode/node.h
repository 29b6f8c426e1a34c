/* SPDX-License-Identifier: MIT */
/*
 * node.h — the running daemon: owns every object, starts, wires and stops them
 */
#ifndef MQTTNODE_NODE_H
#define MQTTNODE_NODE_H

#include "mqttnode/settings.h"

/*
 * Runs the daemon in the foreground until SIGTERM or SIGINT. @socket_path is
 * the control socket, NULL for the default. Returns 0 after a clean stop or
 * -errno if it could not start (logged).
 */
int node_run(const struct settings *settings, const char *socket_path);

#endif
