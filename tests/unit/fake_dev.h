/* SPDX-License-Identifier: MIT */
/*
 * fake_dev.h — a machine with the devices that a test gives it
 *
 * Takes the place of open(), scandir(), readlink() and access() in a program
 * linked with fake_dev_link_args: /dev and /sys then hold what was added here
 * and nothing else; other paths are the real ones.
 */
#ifndef MQTTNODE_TESTS_FAKE_DEV_H
#define MQTTNODE_TESTS_FAKE_DEV_H

#include <stddef.h>

/* Forgets everything; for the set-up of each test. */
void fake_dev_reset(void);

/* A character device. Opening it yields a descriptor that nothing can be read from. */
void fake_dev_add(const char *path);

/* A second name for a device, seen as a symbolic link in its directory. */
void fake_dev_add_symlink(const char *path);

/* A file with content. */
void fake_dev_add_file(const char *path, const void *data, size_t len);

/* A directory in /sys. With @driver not NULL it has a link "driver" to one of that name.
 */
void fake_dev_add_sysfs(const char *path, const char *driver);

/* Opening @path fails with @error. */
void fake_dev_fail(const char *path, int error);

/* Listing /dev fails with @error from now on. */
void fake_dev_fail_listing(int error);

/* The flags of the last open() of something added here. */
int fake_dev_open_flags(void);

#endif
