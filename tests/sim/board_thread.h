/* SPDX-License-Identifier: MIT */
/* board_thread.h — a thread of the board beside those of the program under test */
#ifndef MQTTNODE_TESTS_SIM_BOARD_THREAD_H
#define MQTTNODE_TESTS_SIM_BOARD_THREAD_H

#include <pthread.h>

/*
 * Starts @run(@arg) as the thread @name (at most 15 characters), with a small
 * stack and all signals blocked: they are the program's. 0 or -errno.
 */
int board_thread_start(pthread_t *ret, const char *name, void *(*run)(void *arg),
		       void *arg);

#endif
