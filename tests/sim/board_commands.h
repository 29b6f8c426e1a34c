/* SPDX-License-Identifier: MIT */
/* board_commands.h — what the lines of the board socket mean; described in board.h */
#ifndef MQTTNODE_TESTS_SIM_BOARD_COMMANDS_H
#define MQTTNODE_TESTS_SIM_BOARD_COMMANDS_H

#include "board_parts.h"

/*
 * Carries out @line, which is cut to pieces, and returns the answer as a new
 * string without newline, or NULL if memory is short. Takes the board lock.
 */
char *board_command(struct board_parts *parts, char *line);

/* The last word of a board whose program ends, likewise. */
char *board_last_word(struct board_parts *parts);

#endif
