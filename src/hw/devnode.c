// SPDX-License-Identifier: MIT
/* devnode.c — what /dev and /sys say about a device, for the three adapters */
#include "devnode.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mqttnode/cleanup.h"
#include "mqttnode/text.h"

void devnode_list_free(char **names, int n)
{
	for (int i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

static bool is_wanted(const struct dirent *entry, const char *prefix)
{
	size_t len = strlen(prefix);

	return entry->d_type == DT_CHR && strncmp(entry->d_name, prefix, len) == 0 &&
	       isdigit((unsigned char)entry->d_name[len]);
}

int devnode_list(const char *prefix, char ***ret)
{
	struct dirent **entries = NULL;
	char **names;
	int n, found = 0, r = 0;

	n = scandir("/dev", &entries, NULL, versionsort);
	if (n < 0)
		return -errno;
	names = calloc((size_t)n + 1, sizeof(*names));
	if (!names)
		r = -ENOMEM;
	for (int i = 0; i < n; i++) {
		if (r == 0 && is_wanted(entries[i], prefix)) {
			names[found] = strdup(entries[i]->d_name);
			if (names[found])
				found++;
			else
				r = -ENOMEM;
		}
		free(entries[i]);
	}
	free(entries);
	if (r < 0) {
		devnode_list_free(names, found);
		return r;
	}
	*ret = names;
	return found;
}

int devnode_driver(const char *sysfs_path, char *buf, size_t size)
{
	char link[PATH_MAX], target[PATH_MAX];
	const char *base;
	ssize_t n;

	text_format(link, sizeof(link), "%s/driver", sysfs_path);
	n = readlink(link, target, sizeof(target) - 1);
	if (n < 0)
		return access(sysfs_path, F_OK) == 0 ? -ENOENT : -ENODEV;
	target[n] = '\0';
	base = strrchr(target, '/');
	text_escape_str(buf, size, base ? base + 1 : target);
	return 0;
}

/* The name of the user we run as, or its number. */
static char *own_user(char *buf, size_t size)
{
	struct passwd pw, *found = NULL;
	char space[1024];

	if (getpwuid_r(geteuid(), &pw, space, sizeof(space), &found) == 0 && found)
		return text_format(buf, size, "%s", found->pw_name);
	return text_format(buf, size, "%u", (unsigned int)geteuid());
}

/* The group that may read and write @path into @buf; false if it is root's alone. */
static bool owning_group(const char *path, const char *usual, char *buf, size_t size)
{
	struct group gr, *found = NULL;
	char space[4096];
	struct stat st;

	if (stat(path, &st) < 0) {
		text_format(buf, size, "%s", usual);
		return true;
	}
	if ((st.st_mode & 0060) != 0060)
		return false;
	if (getgrgid_r(st.st_gid, &gr, space, sizeof(space), &found) == 0 && found)
		text_format(buf, size, "%s", found->gr_name);
	else
		text_format(buf, size, "%u", (unsigned int)st.st_gid);
	return true;
}

char *devnode_explain_denied(const char *path, const char *group, int error, char *buf,
			     size_t size)
{
	char user[64], owner[64];

	/* The device policy of a service manager answers EPERM, file modes EACCES. */
	if (error == EPERM)
		return text_format(
			buf, size,
			"Access to %s is forbidden: add \"DeviceAllow=%s rw\" to the "
			"service",
			path, path);
	if (!owning_group(path, group, owner, sizeof(owner)))
		return text_format(
			buf, size,
			"Only root may use %s: install mqttnode's udev rules and reboot",
			path);
	return text_format(
		buf, size,
		"No permission for %s: run \"adduser %s %s\" as root, then restart", path,
		own_user(user, sizeof(user)), owner);
}
