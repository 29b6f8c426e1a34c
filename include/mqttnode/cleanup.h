/* SPDX-License-Identifier: MIT */
/* cleanup.h — release resources on every way out of a function */
#ifndef MQTTNODE_CLEANUP_H
#define MQTTNODE_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

/* Declares a variable whose destructor @f runs when it goes out of scope. */
#define _cleanup_(f) __attribute__((cleanup(f)))

/*
 * Defines the static inline function free_functionp(), which releases the
 * object that a variable declared with _cleanup_(free_functionp) points to.
 * The destructor must accept NULL.
 */
#define DEFINE_CLEANUP(type, free_function)                                              \
	static inline void free_function##p(type **p)                                     \
	{                                                                                 \
		(void)free_function(*p);                                                  \
	}                                                                                 \
	struct cleanup_semicolon

static inline void cleanup_freep(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_closep(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

#define _cleanup_free_ _cleanup_(cleanup_freep)
#define _cleanup_close_ _cleanup_(cleanup_closep)

/* Hands a pointer over: yields its value and leaves NULL behind. */
#define TAKE_PTR(p)                                                                      \
	__extension__({                                                                   \
		__typeof__(p) *take_pp = &(p);                                            \
		__typeof__(p) take_p = *take_pp;                                          \
		*take_pp = NULL;                                                          \
		take_p;                                                                   \
	})

/* Hands a descriptor over: returns it and leaves -1 behind. */
static inline int take_fd(int *fd)
{
	int r = *fd;

	*fd = -1;
	return r;
}

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* The object of type @type whose member @member is at @ptr. */
#define container_of(ptr, type, member)                                                  \
	((type *)(void *)((char *)(uintptr_t)(ptr)-offsetof(type, member)))

#endif
