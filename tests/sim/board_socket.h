/* SPDX-License-Identifier: MIT */
/*
 * board_socket.h — lines of text in, lines of text out, for a few clients
 *
 * Knows nothing of what the lines mean. The thread "board-socket" serves
 * one client after the other, in the order of their lines.
 */
#ifndef MQTTNODE_TESTS_SIM_BOARD_SOCKET_H
#define MQTTNODE_TESTS_SIM_BOARD_SOCKET_H

#include "mqttnode/cleanup.h"

#define BOARD_LINE_MAX 255

struct board_socket;

/*
 * Serves the listening or connected stream socket @fd, which it owns from here
 * on, also on failure. @answer gets each line without its newline and returns
 * a new string without one, or NULL if memory is short: then the client is
 * disconnected. It runs in the thread. 0 or -errno.
 */
int board_socket_new(struct board_socket **ret, int fd,
		     char *(*answer)(void *ctx, char *line), void *ctx);

/*
 * Gives each client @last, a line without its newline, and disconnects it; nobody
 * is served any more after this.
 */
void board_socket_end(struct board_socket *socket, const char *last);

/* Ends the thread and disconnects all. Accepts NULL, returns NULL. */
struct board_socket *board_socket_free(struct board_socket *socket);

DEFINE_CLEANUP(struct board_socket, board_socket_free);

#endif
