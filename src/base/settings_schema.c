// SPDX-License-Identifier: MIT
/* settings_schema.c — looks things up in the table of keys */
#include "settings_schema.h"

#include <stdint.h>
#include <string.h>

#include "mqttnode/text.h"

bool schema_is_in(const struct settings_key *key, const char *parent)
{
	size_t len = strlen(parent);

	if (len == 0)
		return !strchr(key->path, '.');
	return strncmp(key->path, parent, len) == 0 && key->path[len] == '.' &&
	       !strchr(key->path + len + 1, '.');
}

const char *schema_name(const struct settings_key *key)
{
	const char *dot = strrchr(key->path, '.');

	return dot ? dot + 1 : key->path;
}

const struct settings_key *schema_find(const char *parent, const char *name)
{
	for (size_t i = 0; i < settings_n_keys; i++)
		if (schema_is_in(&settings_keys[i], parent) &&
		    strcmp(schema_name(&settings_keys[i]), name) == 0)
			return &settings_keys[i];
	return NULL;
}

/*
 * How many letters must be inserted, removed, replaced or swapped with their
 * neighbour to get from @a to @b (optimal string alignment); a large number if
 * a word is longer than any key.
 */
static size_t distance(const char *a, const char *b)
{
	enum { LONGEST = 32 };
	size_t d[LONGEST + 1][LONGEST + 1];
	size_t m = strlen(a), n = strlen(b);

	if (m > LONGEST || n > LONGEST)
		return SIZE_MAX;
	for (size_t i = 0; i <= m; i++)
		d[i][0] = i;
	for (size_t j = 0; j <= n; j++)
		d[0][j] = j;
	for (size_t i = 1; i <= m; i++) {
		for (size_t j = 1; j <= n; j++) {
			size_t best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);

			if (d[i - 1][j] + 1 < best)
				best = d[i - 1][j] + 1;
			if (d[i][j - 1] + 1 < best)
				best = d[i][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 < best)
				best = d[i - 2][j - 2] + 1;
			d[i][j] = best;
		}
	}
	return d[m][n];
}

const struct settings_key *schema_guess(const char *parent, const char *name)
{
	const struct settings_key *best = NULL;
	size_t least = (strlen(name) + 2) / 3; /* more than this is another word */

	for (size_t i = 0; i < settings_n_keys; i++) {
		const struct settings_key *key = &settings_keys[i];
		size_t d;

		if (key->kind == KEY_REFUSED || !schema_is_in(key, parent))
			continue;
		d = distance(name, schema_name(key));
		if (d <= least && (!best || d < least)) {
			best = key;
			least = d;
		}
	}
	/* The right word in the wrong place. */
	for (size_t i = 0; !best && i < settings_n_keys; i++)
		if (settings_keys[i].kind != KEY_REFUSED &&
		    strcmp(name, schema_name(&settings_keys[i])) == 0)
			best = &settings_keys[i];
	return best;
}

char *schema_names(const char *parent, char *buf, size_t size)
{
	size_t used = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < settings_n_keys; i++) {
		const struct settings_key *key = &settings_keys[i];

		if (key->kind == KEY_REFUSED || !schema_is_in(key, parent))
			continue;
		text_format(buf + used, size - used, "%s%s", used ? ", " : "",
			    schema_name(key));
		used += strlen(buf + used);
	}
	return buf;
}

static void choices_text(const struct settings_key *key, char *buf, size_t size)
{
	const char *quote = !key->fallback || strchr(key->fallback, '"') ? "\"" : "";
	size_t n = 0, used = 0, left = 0;

	for (const struct key_choice *c = key->choices; c->name; c++)
		left++;
	for (const struct key_choice *c = key->choices; c->name; c++) {
		left--;
		text_format(buf + used, size - used, "%s%s%s%s",
			    n == 0 ? ""
			    : left ? ", "
				   : " or ",
			    quote, c->name, quote);
		used += strlen(buf + used);
		n++;
	}
}

char *schema_valid(const struct settings_key *key, char *buf, size_t size)
{
	char choices[128] = "";

	if (key->choices)
		choices_text(key, choices, sizeof(choices));
	if (key->valid)
		text_format(buf, size, "%s", key->valid);
	else if (key->kind == KEY_GROUP)
		text_format(buf, size, "a group { ... }");
	else if (key->kind == KEY_GROUPS)
		text_format(buf, size, "a list of up to %.0f groups ( { ... }, { ... } )",
			    key->max);
	else if (key->store == store_choices)
		text_format(buf, size, "a list of %s", choices);
	else if (key->choices)
		text_format(buf, size, "%s", choices);
	else if (key->store == store_bool)
		text_format(buf, size, "true or false");
	else if (key->store == store_number)
		text_format(buf, size, "a number from %.10g to %.10g", key->min,
			    key->max);
	else if (key->store == store_seconds)
		text_format(buf, size, "a number of seconds from %.10g to %.10g",
			    key->min, key->max);
	else
		text_format(buf, size, "a whole number from %.0f to %.0f", key->min,
			    key->max);
	return buf;
}

bool settings_key_info(size_t i, struct settings_key_info *ret)
{
	if (i >= settings_n_keys)
		return false;
	*ret = (struct settings_key_info){
		.path = settings_keys[i].path,
		.fallback = settings_keys[i].fallback,
		.refused = settings_keys[i].kind == KEY_REFUSED,
	};
	return true;
}
