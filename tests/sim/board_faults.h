/* SPDX-License-Identifier: MIT */
/* board_faults.h — faults and switches of the board by name, with values as text */
#ifndef MQTTNODE_TESTS_SIM_BOARD_FAULTS_H
#define MQTTNODE_TESTS_SIM_BOARD_FAULTS_H

#include "board_parts.h"

/*
 * Functions return 0 or -EINVAL with a sentence in @error. With the board lock
 * held.
 */

/* A fault of board.h: @words are its value, @n of them (1 or 2). */
int board_fault(struct board_parts *parts, const char *name, char *const words[], int n,
		char *error, size_t error_size);

/* All models are healthy again; their options stay as they are. */
void board_fault_clear(struct board_parts *parts);

/* A member of options or faults of the part "chip", "spi", "i2c" or "gpio". */
int board_set(struct board_parts *parts, const char *part, const char *name,
	      const char *value, char *error, size_t error_size);

#endif
