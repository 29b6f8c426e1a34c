// SPDX-License-Identifier: MIT
/* shaping.c — from what a source gives to what is published */
#include "shaping.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mqttnode/text.h"

/* Longer texts are no numbers that anybody measures. */
#define NUMBER_TEXT_SIZE 64

static bool wants_number(const struct shaping_settings *s)
{
	return s->scale != 1 || s->offset != 0 || s->rounded || s->dead_band > 0;
}

/* The number that is all of the text but for white space around it. */
static int parse_number(const char *data, size_t len, double *ret)
{
	char text[NUMBER_TEXT_SIZE];
	char *end;

	while (len > 0 && isspace((unsigned char)data[0])) {
		data++;
		len--;
	}
	while (len > 0 && isspace((unsigned char)data[len - 1]))
		len--;
	if (len == 0 || len >= sizeof(text))
		return -EINVAL;
	memcpy(text, data, len);
	text[len] = '\0';
	*ret = strtod(text, &end);
	return end == text + len && isfinite(*ret) ? 0 : -EINVAL;
}

static void print_number(const struct shaping_settings *s, struct shaped *ret)
{
	const char *text = ret->number;

	if (s->rounded)
		text_format(ret->number, sizeof(ret->number), "%.*f", s->decimals,
			    ret->value);
	else
		text_format(ret->number, sizeof(ret->number), "%.10g", ret->value);
	/* Nobody wants to read -0.00. */
	if (text[0] == '-' && strspn(text + 1, "0.") == strlen(text + 1))
		text++;
	ret->data = text;
	ret->len = strlen(text);
}

int shape(const struct shaping_settings *s, const char *data, size_t len,
	  struct shaped *ret)
{
	const char *newline = len > 0 && !s->whole ? memchr(data, '\n', len) : NULL;
	double number;

	ret->is_number = false;
	ret->data = data;
	ret->len = newline ? (size_t)(newline - data) : len;
	while (!s->whole && ret->len > 0 && isspace((unsigned char)data[ret->len - 1]))
		ret->len--;
	if (!wants_number(s))
		return 0;
	if (parse_number(ret->data, ret->len, &number) < 0)
		return -EINVAL;
	ret->value = number * s->scale + s->offset;
	if (!isfinite(ret->value))
		return -EINVAL;
	ret->is_number = true;
	print_number(s, ret);
	return 0;
}

bool last_value_differs(const struct last_value *last, const struct shaping_settings *s,
			const struct shaped *shaped)
{
	if (!last->known)
		return true;
	if (shaped->is_number && s->dead_band > 0)
		return fabs(shaped->value - last->value) > s->dead_band;
	return shaped->len != last->len ||
	       (shaped->len > 0 && memcmp(shaped->data, last->data, shaped->len) != 0);
}

void last_value_set(struct last_value *last, const struct shaped *shaped)
{
	char *data = realloc(last->data, shaped->len + 1);

	if (!data) {
		last_value_clear(last);
		return;
	}
	if (shaped->len > 0)
		memcpy(data, shaped->data, shaped->len);
	last->data = data;
	last->len = shaped->len;
	last->value = shaped->is_number ? shaped->value : 0;
	last->known = true;
}

void last_value_clear(struct last_value *last)
{
	free(last->data);
	*last = (struct last_value){ 0 };
}
