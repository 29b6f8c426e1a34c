// SPDX-License-Identifier: MIT
/*
 * settings.c — walks a configuration along the table of keys
 *
 * Each group of the file is read in its order, so that messages come in the
 * order of the lines; then the defaults fill what it did not say. Defaults take
 * the same way as values of the file. Relations between keys are looked at
 * last: settings_relations.c.
 */
#include "mqttnode/settings.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mqttnode/text.h"
#include "settings_image.h"
#include "settings_relations.h"
#include "settings_schema.h"

#define PATH_SIZE  128
#define PLACE_SIZE 512

struct loader {
	const struct conf_file *file;
	struct settings_report *report;
	struct settings_image *image;
	size_t n_scan_errors; /* errors found before: about numbers that libconfig
				 misreads */
};

/*
 * A group being read: "mqtt.publish" in the table, "mqtt.publish[2]" in
 * messages.
 */
struct group {
	const char *path;
	const char *shown;
	const struct conf_node *node; /* NULL: not in the file */
	void *section;		      /* the struct it fills */
};

static int load_group(struct loader *l, const struct group *g);

/* What stands in the file, as a person would recognise it; never a secret. */
static char *describe(const struct settings_key *key, const struct conf_node *v,
		      char *buf, size_t size)
{
	char shown[80];

	switch (conf_node_type(v)) {
	case CONF_GROUP:
		return text_format(buf, size, "a group");
	case CONF_LIST:
		if (conf_node_length(v) == 0)
			return text_format(buf, size, "an empty list");
		return text_format(buf, size, "a list of %zu", conf_node_length(v));
	case CONF_BOOL:
		return text_format(buf, size, conf_node_bool(v) ? "true" : "false");
	case CONF_INT:
		if (key->secret)
			return text_format(buf, size, "a number");
		if (key->fallback && strncmp(key->fallback, "0x", 2) == 0)
			return text_format(buf, size, "0x%02llx",
					   (unsigned long long)conf_node_int(v));
		return text_format(buf, size, "%lld", conf_node_int(v));
	case CONF_FLOAT:
		if (key->secret)
			return text_format(buf, size, "a number");
		text_format(buf, size, "%.10g", conf_node_float(v));
		/* so that it does not look like a whole number */
		return strpbrk(buf, ".en") ? buf
					   : strncat(buf, ".0", size - strlen(buf) - 1);
	case CONF_STRING:
		break;
	}
	if (key->secret)
		return text_format(buf, size, "a text (not shown)");
	return text_format(buf, size, "\"%s\"",
			   text_escape_str(shown, sizeof(shown), conf_node_string(v)));
}

/* "FILE:LINE: PATH", as messages about @v begin. */
static char *place(const struct loader *l, const struct group *g, const char *name,
		   const struct conf_node *v, char *buf, size_t size)
{
	char line[PLACE_SIZE];

	return text_format(buf, size, "%s: %s%s%s",
			   conf_node_place(l->file, v, line, sizeof(line)), g->shown,
			   g->shown[0] && name[0] ? "." : "", name);
}

/* Whether something is already known to be wrong with a number on the line of @v. */
static bool misread(const struct loader *l, const struct conf_node *v)
{
	char line[PLACE_SIZE];
	size_t len;

	len = strlen(conf_node_place(l->file, v, line, sizeof(line)));
	for (size_t i = 0; i < l->n_scan_errors; i++)
		if (strncmp(l->report->errors[i], line, len) == 0 &&
		    l->report->errors[i][len] == ':')
			return true;
	return false;
}

/* Reports that @v cannot be the value of @key: @why as a store function said. */
static void refuse(struct loader *l, const struct group *g,
		   const struct settings_key *key, const struct conf_node *v,
		   const char *why)
{
	char where[PLACE_SIZE + PATH_SIZE], found[128], valid[256];

	if (misread(l, v))
		return;
	place(l, g, schema_name(key), v, where, sizeof(where));
	describe(key, v, found, sizeof(found));
	schema_valid(key, valid, sizeof(valid));
	report_error(l->report, "%s: found %s%s%s%s; valid is %s", where, found,
		     why[0] ? " (" : "", why, why[0] ? ")" : "", valid);
}

/* The name @path, "oled.contrast", in the group @g, "oled"; NULL: it is not of that
 * group. */
static const char *name_within(const struct group *g, const char *path)
{
	size_t len = strlen(g->path);

	if (len == 0)
		return strchr(path, '.') ? NULL : path;
	if (strncmp(path, g->path, len) != 0 || path[len] != '.' ||
	    strchr(path + len + 1, '.'))
		return NULL;
	return path + len + 1;
}

/* Whether a key was called @name in the group @g once. */
static bool was_called(const struct group *g, const char *name)
{
	for (const struct settings_renamed *row = settings_renamed; row->was; row++) {
		const char *was = name_within(g, row->was);

		if (was && strcmp(was, name) == 0)
			return true;
	}
	return false;
}

/* Gives keys that the file calls as they once were called the names that they have now.
 */
static int rename_members(struct loader *l, const struct group *g)
{
	char where[PLACE_SIZE + PATH_SIZE];
	int r = 0;

	for (const struct settings_renamed *row = settings_renamed; row->was; row++) {
		const char *was = name_within(g, row->was);
		const char *now = name_within(g, row->now);
		const struct conf_node *v = was ? conf_node_member(g->node, was) : NULL;

		if (!v)
			continue;
		assert(now);
		place(l, g, was, v, where, sizeof(where));
		if (conf_node_member(g->node, now)) {
			report_error(
				l->report,
				"%s: found beside %s, which is its name now; valid is "
				"the new name alone",
				where, row->now);
			continue;
		}
		report_warning(l->report,
			       "%s: this key is called %s now; the old name is accepted "
			       "until version %s",
			       where, row->now, row->until);
		r = conf_node_rename(v, now);
		if (r < 0)
			break;
	}
	return r;
}

static void refuse_unknown(struct loader *l, const struct group *g,
			   const struct conf_node *v)
{
	const struct settings_key *guess = schema_guess(g->path, conf_node_name(v));
	char where[PLACE_SIZE + PATH_SIZE], names[512], name[64];

	text_escape_str(name, sizeof(name), conf_node_name(v));
	place(l, g, name, v, where, sizeof(where));
	if (guess)
		report_error(l->report, "%s: unknown key; did you mean %s?", where,
			     guess->path);
	else
		report_error(l->report, "%s: unknown key; valid are %s", where,
			     schema_names(g->path, names, sizeof(names)));
}

static void refuse_key(struct loader *l, const struct group *g,
		       const struct settings_key *key, const struct conf_node *v)
{
	char where[PLACE_SIZE + PATH_SIZE];

	place(l, g, schema_name(key), v, where, sizeof(where));
	report_error(l->report, "%s: not supported; valid is %s", where, key->valid);
}

static int load_value(struct loader *l, const struct group *g,
		      const struct settings_key *key, const struct conf_node *v)
{
	char why[256] = "";
	int r;

	r = key->store(key, v, g->section, why, sizeof(why));
	if (r == 0)
		r = settings_image_add(l->image, g->shown, schema_name(key), v);
	if (r == -EINVAL)
		refuse(l, g, key, v, why);
	return r == -ENOMEM ? r : 0;
}

/* Defaults are written as in the file and take the same way. */
static int load_fallback(struct loader *l, const struct group *g,
			 const struct settings_key *key)
{
	_cleanup_(conf_file_freep) struct conf_file *f = NULL;
	const struct conf_node *v;
	char text[128], why[256];
	int r;

	text_format(text, sizeof(text), "fallback = %s;", key->fallback);
	r = conf_file_from_text(&f, text);
	if (r < 0)
		return r;
	v = conf_node_at(conf_file_root(f), 0);
	r = key->store(key, v, g->section, why, sizeof(why));
	assert(r == 0 || r == -ENOMEM);
	return r < 0 ? r : settings_image_add(l->image, g->shown, schema_name(key), v);
}

/* ( { ... }, { ... } ) into an array that a pointer and a count in the section stand for.
 */
static int load_groups(struct loader *l, const struct group *g,
		       const struct settings_key *key, const struct conf_node *v)
{
	size_t n = conf_node_length(v);
	char *array;
	int r;

	if (conf_node_type(v) != CONF_LIST || n > (size_t)key->max) {
		refuse(l, g, key, v, "");
		return 0;
	}
	if (n == 0)
		return 0;
	array = calloc(n, key->element_size);
	if (!array)
		return -ENOMEM;
	memcpy((char *)g->section + key->offset, &array, sizeof(array));
	memcpy((char *)g->section + key->count_offset, &n, sizeof(n));

	for (size_t i = 0; i < n; i++) {
		const struct conf_node *element = conf_node_at(v, i);
		char shown[PATH_SIZE];
		struct group inner = { .path = key->path,
				       .shown = shown,
				       .node = element,
				       .section = array + i * key->element_size };

		text_format(shown, sizeof(shown), "%s.%s[%zu]", g->shown,
			    schema_name(key), i);
		if (conf_node_type(element) != CONF_GROUP) {
			char where[PLACE_SIZE + PATH_SIZE], found[128];

			report_error(l->report, "%s: found %s; valid is a group { ... }",
				     place(l, &inner, "", element, where, sizeof(where)),
				     describe(key, element, found, sizeof(found)));
			continue;
		}
		r = load_group(l, &inner);
		if (r < 0)
			return r;
	}
	return 0;
}

static int load_subgroup(struct loader *l, const struct group *g,
			 const struct settings_key *key, const struct conf_node *v)
{
	struct group inner = { .path = key->path,
			       .shown = key->path,
			       .node = v,
			       .section = (char *)g->section + key->offset };

	if (v && conf_node_type(v) != CONF_GROUP) {
		refuse(l, g, key, v, "");
		inner.node = NULL;
	}
	if (inner.node && key->is_switch) {
		int r = settings_image_add(l->image, g->shown, schema_name(key), v);

		if (r < 0)
			return r;
	}
	return load_group(l, &inner);
}

/* One key that the file has. */
static int load_member(struct loader *l, const struct group *g, const struct conf_node *v)
{
	const struct settings_key *key = schema_find(g->path, conf_node_name(v));

	if (!key) {
		/* Still called so: it stands beside the new name, which was told. */
		if (!was_called(g, conf_node_name(v)))
			refuse_unknown(l, g, v);
		return 0;
	}
	switch (key->kind) {
	case KEY_VALUE:
		return load_value(l, g, key, v);
	case KEY_GROUP:
		return load_subgroup(l, g, key, v);
	case KEY_GROUPS:
		return load_groups(l, g, key, v);
	case KEY_REFUSED:
		refuse_key(l, g, key, v);
	}
	return 0;
}

/* One key that the file does not have. */
static int load_absent(struct loader *l, const struct group *g,
		       const struct settings_key *key)
{
	char where[PLACE_SIZE + PATH_SIZE], valid[256];

	if (key->kind == KEY_GROUP)
		return load_subgroup(l, g, key, NULL);
	if (key->fallback)
		return load_fallback(l, g, key);
	if (key->required)
		report_error(l->report, "%s: not set; valid is %s",
			     place(l, g, schema_name(key), g->node, where, sizeof(where)),
			     schema_valid(key, valid, sizeof(valid)));
	return 0;
}

static int load_group(struct loader *l, const struct group *g)
{
	size_t n = g->node ? conf_node_length(g->node) : 0;
	int r;

	r = rename_members(l, g);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		r = load_member(l, g, conf_node_at(g->node, i));
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < settings_n_keys; i++) {
		const struct settings_key *key = &settings_keys[i];

		if (!schema_is_in(key, g->path) ||
		    conf_node_member(g->node, schema_name(key)))
			continue;
		r = load_absent(l, g, key);
		if (r < 0)
			return r;
	}
	return 0;
}

int settings_load(struct settings **ret, const char *path, struct settings_report *report)
{
	_cleanup_(settings_freep) struct settings *s = NULL;
	_cleanup_(conf_file_freep) struct conf_file *f = NULL;
	size_t n_before = report->n_errors;
	struct loader l = { .report = report };
	int r;

	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->path = strdup(path);
	if (!s->path)
		return -ENOMEM;
	r = settings_image_new(&s->image);
	if (r < 0)
		return r;
	l.image = s->image;

	r = conf_file_read(&f, path, report);
	if (r < 0)
		return r;
	l.file = f;
	l.n_scan_errors = report->n_errors;

	r = load_group(&l, &(struct group){ .path = "",
					    .shown = "",
					    .node = conf_file_root(f),
					    .section = s });
	if (r < 0)
		return r;
	settings_check_relations(s, f, report);
	settings_image_finish(s->image);

	if (report->out_of_memory)
		return -ENOMEM;
	if (report->n_errors > n_before)
		return -EINVAL;
	*ret = TAKE_PTR(s);
	return 0;
}

int settings_host_is_unset(const char *path)
{
	_cleanup_(settings_freep) struct settings *s = NULL;
	struct settings_report report = { 0 };
	int r, unset;

	r = settings_load(&s, path, &report);
	unset = r == -EINVAL && report.host_unset && report.n_errors == 1;
	settings_report_clear(&report);
	return unset;
}

struct settings *settings_ref(struct settings *s)
{
	s->more_refs++;
	return s;
}

void settings_compare(const struct settings *a, const struct settings *b,
		      void (*on_key)(void *ctx, const char *path), void *ctx)
{
	settings_image_compare(a->image, b->image, on_key, ctx);
}

struct settings *settings_free(struct settings *s)
{
	if (!s || s->more_refs-- > 0)
		return NULL;
	settings_image_free(s->image);
	for (size_t i = 0; i < s->mqtt.n_publish; i++)
		settings_clear_publication(&s->mqtt.publish[i]);
	free(s->mqtt.publish);
	for (size_t i = 0; i < s->mqtt.n_subscribe; i++)
		settings_clear_subscription(&s->mqtt.subscribe[i]);
	free(s->mqtt.subscribe);
	free(s->mqtt.host);
	free(s->mqtt.client_id);
	free(s->mqtt.discovery);
	free(s->mqtt.tls.ca_file);
	free(s->mqtt.tls.cert_file);
	free(s->mqtt.tls.key_file);
	free(s->mqtt.tls.key_credential);
	free(s->mqtt.username);
	free(s->mqtt.password_credential);
	free(s->mqtt.password_file);
	free(s->mqtt.base_topic);
	free(s->ethernet.spi);
	free(s->ethernet.interrupt);
	free(s->ethernet.reset);
	free(s->oled.i2c);
	for (size_t i = 0; i < s->oled.n_pages; i++)
		settings_clear_page(&s->oled.pages[i]);
	free(s->oled.pages);
	free(s->oled.font_file);
	free(s->path);
	free(s);
	return NULL;
}
