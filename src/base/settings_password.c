// SPDX-License-Identifier: MIT
/* settings_password.c — the one secret, from a credential or a file */
#include "mqttnode/settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "mqttnode/fd.h"
#include "mqttnode/text.h"

/* MQTT 3.1.1, 3.1.3.5: at most 65535 bytes; a newline and the terminator. */
#define PASSWORD_BUFFER (65535 + 2)

/* "mqtt.password_file: " and its path; a credential by its name, which is no secret. */
struct source {
	const char *key;
	const char *path;
};

static int complain(const struct source *src, int r, const char *what, char *error,
		    size_t size)
{
	text_format(error, size, "%s: \"%s\" %s", src->key, src->path, what);
	return r;
}

static int unreadable(const struct source *src, int r, char *error, size_t size)
{
	char what[96];

	text_format(what, sizeof(what), "cannot be read: %s", strerror(-r));
	return complain(src, r, what, error, size);
}

/* The password in @buf, of @len bytes: without its newline, and fit for MQTT. */
static int strip(const struct source *src, char *buf, size_t len, char *error,
		 size_t size)
{
	if (len > 0 && buf[len - 1] == '\n')
		buf[--len] = '\0';
	if (len == 0)
		return complain(src, -ENODATA, "is empty", error, size);
	if (strlen(buf) != len || strchr(buf, '\n'))
		return complain(src, -EBADMSG, "holds more than one line of text", error,
				size);
	return 0;
}

static int read_secret(const struct source *src, char **ret, char *error,
		       size_t error_size, char *warning, size_t warning_size)
{
	char *buf;
	struct stat st;
	int r;

	if (stat(src->path, &st) < 0)
		return unreadable(src, -errno, error, error_size);
	if (!S_ISREG(st.st_mode))
		return complain(src, -EINVAL, "is not a file", error, error_size);
	if (st.st_mode & S_IROTH)
		text_format(warning, warning_size,
			    "%s: \"%s\" can be read by everybody; try: chmod o-r %s",
			    src->key, src->path, src->path);

	buf = malloc(PASSWORD_BUFFER);
	if (!buf)
		return complain(src, -ENOMEM, "cannot be read: out of memory", error,
				error_size);
	r = fd_read_file(src->path, buf, PASSWORD_BUFFER);
	if (r == -E2BIG)
		r = complain(src, r, "is longer than MQTT allows", error, error_size);
	else if (r < 0)
		r = unreadable(src, r, error, error_size);
	else
		r = strip(src, buf, (size_t)r, error, error_size);
	if (r == 0)
		*ret = strdup(buf);
	if (r == 0 && !*ret)
		r = complain(src, -ENOMEM, "cannot be read: out of memory", error,
			     error_size);
	explicit_bzero(buf, PASSWORD_BUFFER);
	free(buf);
	return r;
}

int settings_read_password(const struct mqtt_settings *s, char **ret, char *error,
			   size_t error_size, char *warning, size_t warning_size)
{
	struct source src = { .key = "mqtt.password_file", .path = s->password_file };
	_cleanup_free_ char *path = NULL;
	const char *dir;

	*ret = NULL;
	error[0] = '\0';
	warning[0] = '\0';
	if (s->password_credential) {
		dir = getenv("CREDENTIALS_DIRECTORY");
		if (!dir) {
			text_format(
				error, error_size,
				"mqtt.password_credential: systemd passed no credentials; the "
				"unit needs LoadCredential=%s:FILE",
				s->password_credential);
			return -ENOENT;
		}
		if (asprintf(&path, "%s/%s", dir, s->password_credential) < 0) {
			path = NULL;
			text_format(error, error_size, "Out of memory");
			return -ENOMEM;
		}
		src = (struct source){ .key = "mqtt.password_credential", .path = path };
	}
	if (!src.path)
		return 0;
	return read_secret(&src, ret, error, error_size, warning, warning_size);
}
