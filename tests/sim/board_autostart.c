// SPDX-License-Identifier: MIT
/*
 * board_autostart.c — puts the simulated board under a program that does not know of it
 *
 * Linked into mqttnode-sim beside the daemon's main.c. $MQTTNODE_BOARD is read
 * before main(), so that its descriptors leak into no child; the board itself
 * is built when the first adapter is opened. What never touches hardware ("check",
 * "status", the DHCP hook) runs without a board.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "board.h"
#include "first_open.h"

static struct board_config config;
static struct board *board;

/* Any thread can be here; exit() would run the program's clean-up under its feet. */
static void __attribute__((noreturn, format(printf, 1, 2)))
give_up(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	(void)fputs("mqttnode-sim: ", stderr);
	(void)vfprintf(stderr, format, ap);
	(void)fputc('\n', stderr);
	va_end(ap);
	_exit(EXIT_FAILURE);
}

static pid_t owner;

/* Not in a child that ends in the same way: the threads are not there. */
static void end_board(void)
{
	if (getpid() == owner)
		board_end(board);
}

static void build_board(void)
{
	int r = board_new(&board, &config);

	if (r < 0)
		give_up("Cannot build the board: %s", strerror(-r));
	owner = getpid();
	if (atexit(end_board) != 0)
		give_up("Cannot watch for the end");
}

static void miss_board(void)
{
	give_up("MQTTNODE_BOARD is not set: there is no board to run on. tests/demo starts "
		"this program with one, tests/sim/board.h describes it");
}

static void keep_from_children(int fd)
{
	if (fd >= 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		give_up("MQTTNODE_BOARD: descriptor %d is not open", fd);
}

__attribute__((constructor)) static void prepare(void)
{
	const char *text = getenv("MQTTNODE_BOARD");
	char error[160];

	if (!text) {
		first_open_set(miss_board);
		return;
	}
	if (board_parse(&config, text, error, sizeof(error)) < 0)
		give_up("MQTTNODE_BOARD: %s", error);
	keep_from_children(config.wire_fd);
	keep_from_children(config.socket_fd);
	first_open_set(build_board);
}
