// SPDX-License-Identifier: MIT
/* settings_file.c — reads a configuration file with libconfig, 1.5 or newer */
#include "settings_file.h"

#include <errno.h>
#include <libconfig.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mqttnode/text.h"

struct conf_file {
	struct config_t config;
	char *path;
	char *dir; /* of path: where relative includes are looked up */
};

/*
 * The library's messages differ between versions and are terse. It notices a
 * missing semicolon only at the next word, often one line further down.
 */
static const struct {
	const char *library;
	const char *ours;
} explanations[] = {
	{ "syntax error", "syntax error; look for a missing semicolon, quote or bracket "
			  "here and on the line before" },
	{ "duplicate setting name", "a key is given a second time; valid is once" },
	{ "mismatched element type in array",
	  "values of different types in one array; valid is one type" },
	{ "memory exhausted", "groups or lists are nested too deeply" },
};

static const char *explain(const char *text)
{
	if (!text)
		return "cannot be understood";
	for (size_t i = 0; i < ARRAY_SIZE(explanations); i++)
		if (strcmp(text, explanations[i].library) == 0)
			return explanations[i].ours;
	return text;
}

/* The directory of @path, as a new string. */
static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return strdup(".");
	return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

static int file_new(struct conf_file **ret, const char *path)
{
	_cleanup_(conf_file_freep) struct conf_file *f = NULL;

	f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	config_init(&f->config);
	f->path = strdup(path);
	f->dir = directory_of(path);
	if (!f->path || !f->dir)
		return -ENOMEM;
	config_set_include_dir(&f->config, f->dir);
	*ret = TAKE_PTR(f);
	return 0;
}

char *conf_include_path(const char *dir, const char *name, size_t len)
{
	size_t dir_len = strlen(dir);
	char *path;

	/* libconfig 1.5 reports a name as written, 1.7 with the directory before it. */
	if (len > dir_len && strncmp(name, dir, dir_len) == 0 && name[dir_len] == '/') {
		name += dir_len + 1;
		len -= dir_len + 1;
	}
	if (name[0] == '/' || strcmp(dir, ".") == 0)
		return strndup(name, len);
	return asprintf(&path, "%s/%.*s", dir, (int)len, name) < 0 ? NULL : path;
}

/* "FILE:LINE"; @included is NULL for the main file. */
static char *place(const struct conf_file *f, const char *included, int line, char *buf,
		   size_t size)
{
	_cleanup_free_ char *path = NULL;

	if (included)
		path = conf_include_path(f->dir, included, strlen(included));
	return text_format(buf, size, "%s:%d", path ? path : f->path, line);
}

int conf_file_read(struct conf_file **ret, const char *path,
		   struct settings_report *report)
{
	_cleanup_(conf_file_freep) struct conf_file *f = NULL;
	_cleanup_free_ char *text = NULL;
	char where[512];
	int r;

	r = file_new(&f, path);
	if (r < 0)
		return r;
	r = conf_scan(&text, path, f->dir, report);
	if (r < 0)
		return r;
	if (config_read_string(&f->config, text) != CONFIG_TRUE) {
		place(f, config_error_file(&f->config), config_error_line(&f->config),
		      where, sizeof(where));
		report_error(report, "%s: %s", where,
			     explain(config_error_text(&f->config)));
		return -EINVAL;
	}
	*ret = TAKE_PTR(f);
	return 0;
}

int conf_file_from_text(struct conf_file **ret, const char *text)
{
	_cleanup_(conf_file_freep) struct conf_file *f = NULL;
	int r;

	r = file_new(&f, "");
	if (r < 0)
		return r;
	if (config_read_string(&f->config, text) != CONFIG_TRUE)
		return -EINVAL;
	*ret = TAKE_PTR(f);
	return 0;
}

struct conf_file *conf_file_free(struct conf_file *f)
{
	if (!f)
		return NULL;
	config_destroy(&f->config);
	free(f->path);
	free(f->dir);
	free(f);
	return NULL;
}

static const struct config_setting_t *setting(const struct conf_node *n)
{
	return (const struct config_setting_t *)(const void *)n;
}

static const struct conf_node *node(const struct config_setting_t *s)
{
	return (const struct conf_node *)(const void *)s;
}

const struct conf_node *conf_file_root(const struct conf_file *f)
{
	return node(config_root_setting(&f->config));
}

enum conf_type conf_node_type(const struct conf_node *n)
{
	switch (config_setting_type(setting(n))) {
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		return CONF_INT;
	case CONFIG_TYPE_FLOAT:
		return CONF_FLOAT;
	case CONFIG_TYPE_BOOL:
		return CONF_BOOL;
	case CONFIG_TYPE_STRING:
		return CONF_STRING;
	case CONFIG_TYPE_GROUP:
		return CONF_GROUP;
	default:
		return CONF_LIST;
	}
}

const char *conf_node_name(const struct conf_node *n)
{
	return config_setting_name(setting(n));
}

char *conf_node_place(const struct conf_file *f, const struct conf_node *n, char *buf,
		      size_t size)
{
	return place(f, config_setting_source_file(setting(n)),
		     (int)config_setting_source_line(setting(n)), buf, size);
}

size_t conf_node_length(const struct conf_node *n)
{
	int length = config_setting_length(setting(n));

	return length > 0 ? (size_t)length : 0;
}

const struct conf_node *conf_node_at(const struct conf_node *n, size_t i)
{
	return node(config_setting_get_elem(setting(n), (unsigned int)i));
}

const struct conf_node *conf_node_member(const struct conf_node *n, const char *name)
{
	const char *its;

	if (!n || conf_node_type(n) != CONF_GROUP)
		return NULL;
	for (size_t i = 0; i < conf_node_length(n); i++) {
		its = conf_node_name(conf_node_at(n, i));
		if (its && strcmp(its, name) == 0)
			return conf_node_at(n, i);
	}
	return NULL;
}

/* The library has no function for it, but its header says where the name is. */
int conf_node_rename(const struct conf_node *n, const char *name)
{
	struct config_setting_t *s = (struct config_setting_t *)(uintptr_t)n;
	char *copy = strdup(name);

	if (!copy)
		return -ENOMEM;
	free(s->name);
	s->name = copy;
	return 0;
}

/* The only getter that takes both integer types in all versions. */
long long conf_node_int(const struct conf_node *n)
{
	return config_setting_get_int64(setting(n));
}

double conf_node_float(const struct conf_node *n)
{
	return config_setting_get_float(setting(n));
}

bool conf_node_bool(const struct conf_node *n)
{
	return config_setting_get_bool(setting(n)) == CONFIG_TRUE;
}

const char *conf_node_string(const struct conf_node *n)
{
	return config_setting_get_string(setting(n));
}
