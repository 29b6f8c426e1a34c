// SPDX-License-Identifier: MIT
/* settings_secrets.c — the secrets: password and private key, from credentials or files
 */
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
		       size_t error_size)
{
	char *buf;
	struct stat st;
	int r;

	if (stat(src->path, &st) < 0)
		return unreadable(src, -errno, error, error_size);
	if (!S_ISREG(st.st_mode))
		return complain(src, -EINVAL, "is not a file", error, error_size);

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

/*
 * The path of the credential @name, which the key @key asks for, as a new string.
 */
static int credential_path(char **ret, const char *key, const char *name, char *error,
			   size_t size)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");

	if (!dir) {
		text_format(error, size,
			    "%s: systemd passed no credentials; the unit needs "
			    "LoadCredential=%s:FILE",
			    key, name);
		return -ENOENT;
	}
	if (asprintf(ret, "%s/%s", dir, name) < 0) {
		*ret = NULL;
		text_format(error, size, "Out of memory");
		return -ENOMEM;
	}
	return 0;
}

static int read_password(const struct mqtt_settings *s, char **ret, char *error,
			 size_t error_size)
{
	struct source src = { .key = "mqtt.password_file", .path = s->password_file };
	_cleanup_free_ char *path = NULL;
	int r;

	if (s->password_credential) {
		src.key = "mqtt.password_credential";
		r = credential_path(&path, src.key, s->password_credential, error,
				    error_size);
		if (r < 0)
			return r;
		src.path = path;
	}
	return src.path ? read_secret(&src, ret, error, error_size) : 0;
}

static int find_key(const struct tls_settings *s, char **ret, char *error,
		    size_t error_size)
{
	if (s->key_credential)
		return credential_path(ret, "mqtt.tls.key_credential", s->key_credential,
				       error, error_size);
	if (!s->key_file)
		return 0;
	*ret = strdup(s->key_file);
	if (!*ret)
		text_format(error, error_size, "Out of memory");
	return *ret ? 0 : -ENOMEM;
}

int settings_read_secrets(const struct mqtt_settings *s, struct settings_secrets *ret,
			  char *error, size_t error_size)
{
	int r;

	memset(ret, 0, sizeof(*ret));
	error[0] = '\0';
	r = read_password(s, &ret->password, error, error_size);
	if (r == 0)
		r = find_key(&s->tls, &ret->key_path, error, error_size);
	if (r < 0)
		settings_secrets_clear(ret);
	return r;
}

void settings_secrets_clear(struct settings_secrets *secrets)
{
	if (secrets->password)
		explicit_bzero(secrets->password, strlen(secrets->password));
	free(secrets->password);
	free(secrets->key_path);
	memset(secrets, 0, sizeof(*secrets));
}

/* --- have they changed? ---------------------------------------------------- */

static uint64_t mix(uint64_t hash, uint64_t value)
{
	return (hash ^ value) * UINT64_C(0x100000001b3); /* as FNV-1a */
}

static uint64_t mix_file(uint64_t hash, const char *path)
{
	struct stat st = { 0 };

	if (!path)
		return hash;
	if (stat(path, &st) < 0)
		return mix(hash, 1);
	hash = mix(hash, (uint64_t)st.st_dev);
	hash = mix(hash, (uint64_t)st.st_ino);
	hash = mix(hash, (uint64_t)st.st_size);
	hash = mix(hash, (uint64_t)st.st_ctim.tv_sec);
	return mix(hash, (uint64_t)st.st_ctim.tv_nsec);
}

static uint64_t mix_credential(uint64_t hash, const char *name)
{
	_cleanup_free_ char *path = NULL;
	char error[256];

	if (!name || credential_path(&path, "", name, error, sizeof(error)) < 0)
		return hash;
	return mix_file(hash, path);
}

uint64_t settings_secrets_stamp(const struct mqtt_settings *s)
{
	uint64_t stamp = 0;

	stamp = mix_file(stamp, s->password_file);
	stamp = mix_credential(stamp, s->password_credential);
	stamp = mix_file(stamp, s->tls.ca_file);
	stamp = mix_file(stamp, s->tls.cert_file);
	stamp = mix_file(stamp, s->tls.key_file);
	return mix_credential(stamp, s->tls.key_credential);
}
