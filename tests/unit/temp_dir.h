/* SPDX-License-Identifier: MIT */
/* temp_dir.h — a directory of its own for a test program that writes files */
#ifndef MQTTNODE_TESTS_TEMP_DIR_H
#define MQTTNODE_TESTS_TEMP_DIR_H

#include <stddef.h>

/* cmocka group set-up and tear-down: makes a directory the current one, and removes it.
 */
int temp_dir_enter(void **state);
int temp_dir_leave(void **state);

/* Writes @len bytes to the new or existing file @name. */
void temp_file_bytes(const char *name, const void *data, size_t len);

/* The same for a string. */
void temp_file(const char *name, const char *text);

#endif
