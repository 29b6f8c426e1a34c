/* SPDX-License-Identifier: MIT */
/*
 * envelope.h — a value with its unit and time as JSON
 *
 *	{"value":21.5,"unit":"°C","time":"2026-01-02T03:04:05Z"}
 *
 * Pure, any thread.
 */
#ifndef MQTTNODE_ENVELOPE_H
#define MQTTNODE_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A new string, which the caller frees; NULL if out of memory. @value is a JSON
 * number as it is if it looks like one, else a string; what is not UTF-8 in it
 * is escaped as text_escape() does. @unit may be NULL, @time is text.
 */
char *envelope_new(const char *value, size_t len, const char *unit, const char *time);

#endif
