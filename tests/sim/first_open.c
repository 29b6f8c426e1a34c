// SPDX-License-Identifier: MIT
/* first_open.c — the moment when a program first reaches for its hardware */
#include "first_open.h"

#include <pthread.h>
#include <stddef.h>

static void (*on_first_open)(void);
static pthread_once_t once = PTHREAD_ONCE_INIT;

void first_open_set(void (*function)(void))
{
	on_first_open = function;
}

static void run(void)
{
	if (on_first_open)
		on_first_open();
}

void first_open(void)
{
	(void)pthread_once(&once, run);
}
