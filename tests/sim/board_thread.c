// SPDX-License-Identifier: MIT
/* board_thread.c — a thread of the board beside those of the program under test */
#include "board_thread.h"

#include <signal.h>
#include <stddef.h>

#define STACK_SIZE (256 * 1024)

int board_thread_start(pthread_t *ret, const char *name, void *(*run)(void *arg),
		       void *arg)
{
	sigset_t all, before;
	pthread_attr_t attr;
	int r;

	r = pthread_attr_init(&attr);
	if (r != 0)
		return -r;
	(void)pthread_attr_setstacksize(&attr, STACK_SIZE);
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(ret, &attr, run, arg);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void)pthread_attr_destroy(&attr);
	if (r != 0)
		return -r;
	(void)pthread_setname_np(*ret, name);
	return 0;
}
