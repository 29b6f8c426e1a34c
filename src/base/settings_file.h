/* SPDX-License-Identifier: MIT */
/*
 * settings_file.h — a configuration file as a tree, whatever parses it
 *
 * For the settings module alone. settings_file.c is the only file that knows
 * libconfig; settings_scan.c looks at the text before libconfig does.
 */
#ifndef MQTTNODE_SETTINGS_FILE_H
#define MQTTNODE_SETTINGS_FILE_H

#include "mqttnode/cleanup.h"
#include "mqttnode/settings.h"

#include <stdbool.h>
#include <stddef.h>

enum conf_type {
	CONF_GROUP,
	CONF_LIST, /* a list or an array */
	CONF_INT,
	CONF_FLOAT,
	CONF_BOOL,
	CONF_STRING,
};

struct conf_file;
struct conf_node; /* lives as long as its file */

/*
 * Reads @path and what it includes. Mistakes of the text go into @report.
 * Returns 0 or, with an error in the report, -EINVAL. 0 with errors in the
 * report means: understood, but some numbers are not what they look like.
 */
int conf_file_read(struct conf_file **ret, const char *path,
		   struct settings_report *report);

/* The same for a text of our own, which is right. */
int conf_file_from_text(struct conf_file **ret, const char *text);

struct conf_file *conf_file_free(struct conf_file *f);

const struct conf_node *conf_file_root(const struct conf_file *f);

enum conf_type conf_node_type(const struct conf_node *n);
const char *conf_node_name(const struct conf_node *n); /* NULL in a list */
/* "FILE:LINE" of @n, as messages begin. Returns @buf. */
char *conf_node_place(const struct conf_file *f, const struct conf_node *n, char *buf,
		      size_t size);

/* Members of a group or a list. */
size_t conf_node_length(const struct conf_node *n);
const struct conf_node *conf_node_at(const struct conf_node *n, size_t i);
/* The member of a group; NULL if @n is NULL, no group, or has none of that name. */
const struct conf_node *conf_node_member(const struct conf_node *n, const char *name);

/* Gives a member of a group another name, which none has. 0 or -ENOMEM. */
int conf_node_rename(const struct conf_node *n, const char *name);

/* The value of a node of that type. */
long long conf_node_int(const struct conf_node *n);
double conf_node_float(const struct conf_node *n);
bool conf_node_bool(const struct conf_node *n);
const char *conf_node_string(const struct conf_node *n);

/*
 * Reads the text of @path into a new string, and checks it and what it
 * includes, relative to @dir, for what libconfig gets wrong or dies of.
 * Returns 0, or -EINVAL if libconfig must not see it; errors go into @report
 * either way. Theory: settings_scan.c.
 */
int conf_scan(char **ret, const char *path, const char *dir,
	      struct settings_report *report);

/*
 * The path of the file that an @include of @name means, as a new string or
 * NULL; @dir is the directory of the main file.
 */
char *conf_include_path(const char *dir, const char *name, size_t len);

/* Adds a sentence; beyond SETTINGS_REPORT_MAX only that there are more. */
void report_error(struct settings_report *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void report_warning(struct settings_report *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

DEFINE_CLEANUP(struct conf_file, conf_file_free);

#endif
