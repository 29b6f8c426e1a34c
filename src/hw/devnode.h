/* SPDX-License-Identifier: MIT */
/*
 * devnode.h — what /dev and /sys say about a device, for the three adapters
 *
 * Private to the adapters. Everything here serves a sentence for people or the
 * search for a chip; nothing is remembered. Any thread.
 */
#ifndef MQTTNODE_HW_DEVNODE_H
#define MQTTNODE_HW_DEVNODE_H

#include <stddef.h>

/*
 * Lists the character devices in /dev whose name is @prefix followed by a
 * digit, in natural order (gpiochip2 before gpiochip10). Symbolic links are
 * left out: they are second names. Returns the number of names in *ret, to be
 * released with devnode_list_free(), or -errno.
 */
int devnode_list(const char *prefix, char ***ret);
void devnode_list_free(char **names, int n);

/*
 * Stores the name of the kernel driver that serves the device at @sysfs_path.
 * Returns 0, -ENOENT if no driver does, -ENODEV if there is no such device.
 */
int devnode_driver(const char *sysfs_path, char *buf, size_t size);

/*
 * A sentence for people: why opening @path failed with -EACCES or -EPERM
 * (@error, positive) and what to do. @group is the group that usually owns
 * such nodes. Returns @buf.
 */
char *devnode_explain_denied(const char *path, const char *group, int error, char *buf,
			     size_t size);

#endif
