/* SPDX-License-Identifier: MIT */
/* short.h — whether what is tested by repetition is to be repeated less */
#ifndef MQTTNODE_TESTS_SHORT_H
#define MQTTNODE_TESTS_SHORT_H

#include <stdbool.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

/* Sanitizers take ten times as long, and E2E_SHORT in the environment asks for it. */
static inline bool is_short(void)
{
#ifdef SANITIZED
	return true;
#else
	return getenv("E2E_SHORT") != NULL;
#endif
}

#endif
