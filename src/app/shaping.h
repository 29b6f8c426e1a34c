/* SPDX-License-Identifier: MIT */
/*
 * shaping.h — from what a source gives to what is published
 *
 * Pure functions, any thread.
 */
#ifndef MQTTNODE_SHAPING_H
#define MQTTNODE_SHAPING_H

#include "mqttnode/settings.h"

#include <stdbool.h>
#include <stddef.h>

/* The longest number as text, with its end: DBL_MAX with all its digits. */
#define SHAPED_NUMBER_SIZE 352

/* What is to be published. */
struct shaped {
	const char *data; /* in the source's data, or in @number */
	size_t len;
	bool is_number;
	double value;
	char number[SHAPED_NUMBER_SIZE];
};

/*
 * Shapes @len bytes at @data, which must stay as long as @ret is used: the
 * first line without white space at its end, or all of it; and if the settings
 * ask for a number, that number times scale plus offset, rounded. Returns 0, or
 * -EINVAL if a number is asked for and this text, which is in @ret, is none.
 */
int shape(const struct shaping_settings *s, const char *data, size_t len,
	  struct shaped *ret);

/* What was published last. Begins zeroed. */
struct last_value {
	bool known;
	char *data;
	size_t len;
	double value;
};

/*
 * Whether @shaped is news after @last: another text, or a number that differs
 * by more than the dead band.
 */
bool last_value_differs(const struct last_value *last, const struct shaping_settings *s,
			const struct shaped *shaped);

/* Remembers @shaped; out of memory, nothing is known then. */
void last_value_set(struct last_value *last, const struct shaped *shaped);

/* Forgets it: whatever comes next is news. */
void last_value_clear(struct last_value *last);

#endif
