// SPDX-License-Identifier: MIT
/* settings_values.c — plain values of the configuration: checked and stored */
#include "settings_schema.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mqttnode/text.h"

/* Stores a number that is known to fit into an integer member of 0 to 8 bytes. */
static void put_integer(void *section, const struct settings_key *key, uint64_t v)
{
	void *member = (char *)section + key->offset;

	switch (key->size) {
	case 0: /* checked, not kept: only one value is possible */
		break;
	case sizeof(uint8_t):
		memcpy(member, &(uint8_t){ (uint8_t)v }, sizeof(uint8_t));
		break;
	case sizeof(uint16_t):
		memcpy(member, &(uint16_t){ (uint16_t)v }, sizeof(uint16_t));
		break;
	case sizeof(uint32_t):
		memcpy(member, &(uint32_t){ (uint32_t)v }, sizeof(uint32_t));
		break;
	default:
		assert(key->size == sizeof(v));
		memcpy(member, &v, sizeof(v));
	}
}

int store_string(const struct settings_key *key, const struct conf_node *v, void *section,
		 char *why, size_t size)
{
	const char *s;
	char *copy;
	size_t len;
	int r;

	if (conf_node_type(v) != CONF_STRING)
		return -EINVAL;
	s = conf_node_string(v);
	len = strlen(s);
	if (!text_utf8_valid(s, len)) {
		text_format(why, size, "it is not UTF-8");
		return -EINVAL;
	}
	if ((double)len < key->min)
		return -EINVAL;
	if ((double)len > key->max) {
		text_format(why, size, "%zu bytes, at most %.0f", len, key->max);
		return -EINVAL;
	}
	r = key->check(s, why, size);
	if (r < 0)
		return r;
	copy = strdup(s);
	if (!copy)
		return -ENOMEM;
	memcpy((char *)section + key->offset, &copy, sizeof(copy));
	return 0;
}

int store_int(const struct settings_key *key, const struct conf_node *v, void *section,
	      char *why, size_t size)
{
	double number;

	(void)why;
	(void)size;
	if (conf_node_type(v) != CONF_INT)
		return -EINVAL;
	number = (double)conf_node_int(v);
	if (number < key->min || number > key->max)
		return -EINVAL;
	put_integer(section, key, (uint64_t)conf_node_int(v));
	return 0;
}

int store_bool(const struct settings_key *key, const struct conf_node *v, void *section,
	       char *why, size_t size)
{
	(void)why;
	(void)size;
	if (conf_node_type(v) != CONF_BOOL)
		return -EINVAL;
	memcpy((char *)section + key->offset, &(bool){ conf_node_bool(v) }, sizeof(bool));
	return 0;
}

/* The number that @v is, whole or not, if it is in the range of @key. 0 or -EINVAL. */
static int get_number(const struct settings_key *key, const struct conf_node *v,
		      double *ret)
{
	if (conf_node_type(v) == CONF_FLOAT)
		*ret = conf_node_float(v);
	else if (conf_node_type(v) == CONF_INT)
		*ret = (double)conf_node_int(v);
	else
		return -EINVAL;
	/* written so that "not a number" fails */
	return *ret >= key->min && *ret <= key->max ? 0 : -EINVAL;
}

int store_number(const struct settings_key *key, const struct conf_node *v, void *section,
		 char *why, size_t size)
{
	double number;

	(void)why;
	(void)size;
	if (get_number(key, v, &number) < 0)
		return -EINVAL;
	memcpy((char *)section + key->offset, &number, sizeof(number));
	return 0;
}

int store_seconds(const struct settings_key *key, const struct conf_node *v,
		  void *section, char *why, size_t size)
{
	double seconds;

	(void)why;
	(void)size;
	if (get_number(key, v, &seconds) < 0)
		return -EINVAL;
	put_integer(section, key, (uint64_t)(seconds * 1000 + 0.5));
	return 0;
}

/* "HH:MM" at @s, two digits each. Returns minutes since midnight, or -EINVAL. */
static int parse_time_of_day(const char *s)
{
	int hour, minute;

	for (int i = 0; i < 5; i++)
		if (i == 2 ? s[i] != ':' : s[i] < '0' || s[i] > '9')
			return -EINVAL;
	hour = (s[0] - '0') * 10 + s[1] - '0';
	minute = (s[3] - '0') * 10 + s[4] - '0';
	return hour < 24 && minute < 60 ? hour * 60 + minute : -EINVAL;
}

int store_hours(const struct settings_key *key, const struct conf_node *v, void *section,
		char *why, size_t size)
{
	struct daily_hours hours = { 0 };
	const char *s;
	int from, to;

	if (conf_node_type(v) != CONF_STRING)
		return -EINVAL;
	s = conf_node_string(v);
	if (s[0]) {
		if (strlen(s) != strlen("22:00-06:00") || s[5] != '-')
			return -EINVAL;
		from = parse_time_of_day(s);
		to = parse_time_of_day(s + 6);
		if (from < 0 || to < 0)
			return -EINVAL;
		if (from == to) {
			text_format(why, size, "it ends when it begins");
			return -EINVAL;
		}
		hours = (struct daily_hours){ (uint16_t)from, (uint16_t)to };
	}
	memcpy((char *)section + key->offset, &hours, sizeof(hours));
	return 0;
}

/* The choice that @v names, as text or as number like the default; or NULL. */
static const struct key_choice *find_choice(const struct settings_key *key,
					    const struct conf_node *v)
{
	bool text = !key->fallback || strchr(key->fallback, '"');
	char number[24];
	const char *name = number;

	if (text && conf_node_type(v) == CONF_STRING)
		name = conf_node_string(v);
	else if (!text && conf_node_type(v) == CONF_INT)
		text_format(number, sizeof(number), "%lld", conf_node_int(v));
	else
		return NULL;
	for (const struct key_choice *c = key->choices; c->name; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

int store_choice(const struct settings_key *key, const struct conf_node *v, void *section,
		 char *why, size_t size)
{
	const struct key_choice *choice = find_choice(key, v);

	(void)why;
	(void)size;
	if (!choice)
		return -EINVAL;
	put_integer(section, key, (uint64_t)choice->value);
	return 0;
}

int store_choice_text(const struct settings_key *key, const struct conf_node *v,
		      void *section, char *why, size_t size)
{
	const struct key_choice *choice = find_choice(key, v);
	char *copy;

	(void)why;
	(void)size;
	if (!choice)
		return -EINVAL;
	copy = strdup(choice->name);
	if (!copy)
		return -ENOMEM;
	memcpy((char *)section + key->offset, &copy, sizeof(copy));
	return 0;
}

int store_choices(const struct settings_key *key, const struct conf_node *v,
		  void *section, char *why, size_t size)
{
	uint64_t all = 0;

	if (conf_node_type(v) != CONF_LIST || conf_node_length(v) == 0)
		return -EINVAL;
	for (size_t i = 0; i < conf_node_length(v); i++) {
		const struct conf_node *word = conf_node_at(v, i);
		const struct key_choice *choice = find_choice(key, word);
		char shown[48];

		if (!choice && conf_node_type(word) == CONF_STRING)
			text_format(why, size, "\"%s\" is none of them",
				    text_escape_str(shown, sizeof(shown),
						    conf_node_string(word)));
		if (!choice)
			return -EINVAL;
		all |= (uint64_t)choice->value;
	}
	put_integer(section, key, all);
	return 0;
}
