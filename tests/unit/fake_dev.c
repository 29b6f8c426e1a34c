// SPDX-License-Identifier: MIT
/* fake_dev.c — a machine with the devices that a test gives it */
#include "fake_dev.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "unit.h"

struct node {
	char path[96];
	unsigned char type; /* DT_CHR, DT_LNK, DT_REG or DT_DIR */
	char data[64];
	size_t len;
	char driver[32];
	int error;
};

static struct {
	struct node nodes[32];
	size_t n;
	int listing_error;
	int flags;
} machine;

void fake_dev_reset(void)
{
	memset(&machine, 0, sizeof(machine));
}

static struct node *find_node(const char *path)
{
	for (size_t i = 0; i < machine.n; i++)
		if (strcmp(machine.nodes[i].path, path) == 0)
			return &machine.nodes[i];
	return NULL;
}

static struct node *add_node(const char *path, unsigned char type)
{
	struct node *node = &machine.nodes[machine.n];

	assert_true(machine.n < sizeof(machine.nodes) / sizeof(machine.nodes[0]));
	assert_true(strlen(path) < sizeof(node->path));
	machine.n++;
	strcpy(node->path, path);
	node->type = type;
	return node;
}

void fake_dev_add(const char *path)
{
	add_node(path, DT_CHR);
}

void fake_dev_add_symlink(const char *path)
{
	add_node(path, DT_LNK);
}

void fake_dev_add_file(const char *path, const void *data, size_t len)
{
	struct node *node = add_node(path, DT_REG);

	assert_true(len <= sizeof(node->data));
	memcpy(node->data, data, len);
	node->len = len;
}

void fake_dev_add_sysfs(const char *path, const char *driver)
{
	struct node *node = add_node(path, DT_DIR);

	if (driver)
		snprintf(node->driver, sizeof(node->driver), "%s", driver);
}

void fake_dev_fail(const char *path, int error)
{
	struct node *node = find_node(path);

	assert_non_null(node);
	node->error = error;
}

void fake_dev_fail_listing(int error)
{
	machine.listing_error = error;
}

int fake_dev_open_flags(void)
{
	return machine.flags;
}

static bool is_ours(const char *path)
{
	return strncmp(path, "/dev/", 5) == 0 || strncmp(path, "/sys/", 5) == 0;
}

/*
 * open() has two names, the second for 64-bit file offsets, and so has
 * scandir(): which one a program calls depends on how it is built.
 */
int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_scandir64(const char *dir, struct dirent ***list,
		     int (*filter)(const struct dirent *),
		     int (*compare)(const struct dirent **, const struct dirent **));
int __wrap_scandir(const char *dir, struct dirent ***list,
		   int (*filter)(const struct dirent *),
		   int (*compare)(const struct dirent **, const struct dirent **));
ssize_t __wrap_readlink(const char *path, char *buf, size_t size);
int __wrap_access(const char *path, int mode);

static int fake_open(const char *path, int flags)
{
	const struct node *node = find_node(path);
	int fd;

	if (!node || node->error != 0) {
		errno = node ? node->error : ENOENT;
		return -1;
	}
	machine.flags = flags;
	if (node->type != DT_REG)
		return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	fd = memfd_create("file", MFD_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, node->data, node->len), node->len);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

int __wrap_open64(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	if (is_ours(path))
		return fake_open(path, flags);
	va_start(ap, flags);
	if (flags & O_CREAT)
		mode = va_arg(ap, mode_t);
	va_end(ap);
	return __real_open64(path, flags, mode);
}

int __wrap_open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	va_start(ap, flags);
	if (flags & O_CREAT)
		mode = va_arg(ap, mode_t);
	va_end(ap);
	return __wrap_open64(path, flags, mode);
}

int __wrap_scandir64(const char *dir, struct dirent ***list,
		     int (*filter)(const struct dirent *),
		     int (*compare)(const struct dirent **, const struct dirent **))
{
	struct dirent **entries;
	int n = 0;

	assert_string_equal(dir, "/dev");
	assert_null(filter);
	if (machine.listing_error != 0) {
		errno = machine.listing_error;
		return -1;
	}
	entries = calloc(machine.n + 1, sizeof(*entries));
	assert_non_null(entries);
	for (size_t i = 0; i < machine.n; i++) {
		if (strncmp(machine.nodes[i].path, "/dev/", 5) != 0)
			continue;
		entries[n] = calloc(1, sizeof(**entries));
		assert_non_null(entries[n]);
		entries[n]->d_type = machine.nodes[i].type;
		snprintf(entries[n]->d_name, sizeof(entries[n]->d_name), "%s",
			 machine.nodes[i].path + 5);
		n++;
	}
	for (int i = 1; i < n; i++) /* insertion: @compare is not what qsort() takes */
		for (int k = i; k > 0; k--) {
			const struct dirent *a = entries[k - 1], *b = entries[k];
			struct dirent *swap = entries[k];

			if (compare(&a, &b) <= 0)
				break;
			entries[k] = entries[k - 1];
			entries[k - 1] = swap;
		}
	*list = entries;
	return n;
}

int __wrap_scandir(const char *dir, struct dirent ***list,
		   int (*filter)(const struct dirent *),
		   int (*compare)(const struct dirent **, const struct dirent **))
{
	return __wrap_scandir64(dir, list, filter, compare);
}

ssize_t __wrap_readlink(const char *path, char *buf, size_t size)
{
	const char *slash = strrchr(path, '/');
	const struct node *node;
	char directory[96];
	int n;

	assert_string_equal(slash, "/driver");
	snprintf(directory, sizeof(directory), "%.*s", (int)(slash - path), path);
	node = find_node(directory);
	if (!node || node->driver[0] == '\0') {
		errno = ENOENT;
		return -1;
	}
	n = snprintf(buf, size, "../../../bus/any/drivers/%s", node->driver);
	memset(buf + n, '?', size - (size_t)n); /* no terminating zero, as the real one */
	return n;
}

int __wrap_access(const char *path, int mode)
{
	(void)mode;
	errno = ENOENT;
	return find_node(path) ? 0 : -1;
}
