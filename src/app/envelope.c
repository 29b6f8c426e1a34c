// SPDX-License-Identifier: MIT
/* envelope.c — a value with its unit and time as JSON */
#include "envelope.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "mqttnode/cleanup.h"
#include "mqttnode/text.h"

#define NUMBER_MAX 352

/* The digits at @s, and at least one; how many. */
static size_t digits(const char *s)
{
	return strspn(s, "0123456789");
}

/* Whether @s is a number as RFC 8259, section 6, has it: "-0.5e+3", but not "007". */
static bool is_number(const char *s)
{
	s += *s == '-';
	if (digits(s) == 0 || (s[0] == '0' && digits(s) > 1))
		return false;
	s += digits(s);
	if (*s == '.') {
		if (digits(++s) == 0)
			return false;
		s += digits(s);
	}
	if (*s == 'e' || *s == 'E') {
		s++;
		s += *s == '-' || *s == '+';
		if (digits(s) == 0)
			return false;
		s += digits(s);
	}
	return *s == '\0';
}

static json_object *number_object(const char *value, size_t len)
{
	char text[NUMBER_MAX];

	if (len == 0 || len >= sizeof(text) || memchr(value, '\0', len))
		return NULL;
	memcpy(text, value, len);
	text[len] = '\0';
	/* The text is kept: 21.50 stays 21.50. */
	return is_number(text) ? json_object_new_double_s(strtod(text, NULL), text)
			       : NULL;
}

static json_object *text_object(const char *value, size_t len)
{
	_cleanup_free_ char *escaped = NULL;
	size_t size = len * 4 + 4;

	if (text_utf8_valid(value, len))
		return json_object_new_string_len(value ? value : "", (int)len);
	escaped = malloc(size);
	if (!escaped)
		return NULL;
	return json_object_new_string(text_escape(escaped, size, value, len));
}

char *envelope_new(const char *value, size_t len, const char *unit, const char *time)
{
	json_object *o = json_object_new_object(), *member;
	const char *text = NULL;
	char *copy = NULL;

	member = number_object(value, len);
	if (!member)
		member = text_object(value, len);
	if (o && member) {
		(void)json_object_object_add(o, "value", member);
		if (unit)
			(void)json_object_object_add(o, "unit",
						     json_object_new_string(unit));
		(void)json_object_object_add(o, "time", json_object_new_string(time));
		text = json_object_to_json_string_ext(
			o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	} else {
		json_object_put(member);
	}
	if (text)
		copy = strdup(text);
	json_object_put(o);
	return copy;
}
