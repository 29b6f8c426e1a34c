/* SPDX-License-Identifier: MIT */
/*
 * board_disk.h — a disk that forgets what was not synced
 *
 * Who kills a process loses nothing that it wrote: the kernel has it. A power
 * failure does lose it. So this layer between SQLite and its files keeps each
 * write in the memory of the process until the file is synced: SIGKILL is then
 * the power failure. Some writes reach the disk at once, and so before others
 * that are older, as a disk may do. It stands where SQLite meets the kernel and
 * sees every write and every sync of a database; other files do not pass it.
 * Source: www.sqlite.org/vfs.html.
 */
#ifndef MQTTNODE_TESTS_BOARD_DISK_H
#define MQTTNODE_TESTS_BOARD_DISK_H

#include <stdbool.h>

/*
 * From now on databases whose path begins with @path are on such a disk; @seed is
 * of what reaches it at once. To be called before SQLite is used by another
 * thread. Whether that worked.
 */
bool board_disk_make_lossy(const char *path, unsigned int seed);

#endif
