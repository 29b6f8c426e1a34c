// SPDX-License-Identifier: MIT
/* template.c — text with variables: "{hostname} is {uptime} s old" */
#include "mqttnode/template.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "mqttnode/cleanup.h"
#include "mqttnode/text.h"

static const char *const names[] = {
	[TEMPLATE_IP] = "ip",
	[TEMPLATE_NETMASK] = "netmask",
	[TEMPLATE_GATEWAY] = "gateway",
	[TEMPLATE_MAC] = "mac",
	[TEMPLATE_INTERFACE] = "interface",
	[TEMPLATE_HOSTNAME] = "hostname",
	[TEMPLATE_CLIENT_ID] = "client_id",
	[TEMPLATE_SEQ] = "seq",
	[TEMPLATE_UPTIME] = "uptime",
	[TEMPLATE_TIME] = "time",
	[TEMPLATE_VALUE] = "value",
};
static_assert(ARRAY_SIZE(names) == TEMPLATE_VARIABLES, "every variable has a name");

/* A piece of a template: literal text, a variable, or a mistake. */
enum piece_kind {
	PIECE_LITERAL,
	PIECE_VARIABLE,
	PIECE_UNKNOWN, /* a name between braces that is no variable */
	PIECE_OPEN,    /* a brace that is never closed */
	PIECE_END,
};

struct piece {
	enum piece_kind kind;
	const char *text; /* the literal, or what stands between the braces */
	size_t len;
	enum template_variable variable;
};

const char *template_variable_name(enum template_variable v)
{
	assert(v < TEMPLATE_VARIABLES);
	return names[v];
}

/* The piece at *@cursor, which is moved behind it. */
static struct piece next_piece(const char **cursor)
{
	struct piece p = { .kind = PIECE_LITERAL, .text = *cursor };

	if (p.text[0] == '\0') {
		p.kind = PIECE_END;
	} else if (p.text[0] != '{') {
		p.len = strcspn(p.text, "{");
		*cursor += p.len;
	} else if (p.text[1] == '{') {
		p.len = 1;
		*cursor += 2;
	} else {
		p.text++;
		p.len = strcspn(p.text, "{}");
		p.kind = p.text[p.len] == '}' ? PIECE_UNKNOWN : PIECE_OPEN;
		*cursor = p.text + p.len + (p.kind == PIECE_UNKNOWN);
		for (size_t i = 0; p.kind == PIECE_UNKNOWN && i < ARRAY_SIZE(names);
		     i++) {
			if (strlen(names[i]) == p.len &&
			    memcmp(names[i], p.text, p.len) == 0) {
				p.kind = PIECE_VARIABLE;
				p.variable = (enum template_variable)i;
			}
		}
	}
	return p;
}

/* "{ip}, {netmask}, ...", without @except */
static void list_names(char *buf, size_t size, enum template_variable except)
{
	size_t used = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(names) && used < size; i++) {
		if (i == except)
			continue;
		text_format(buf + used, size - used, "%s{%s}", i > 0 ? ", " : "",
			    names[i]);
		used += strlen(buf + used);
	}
}

static int check(const char *text, enum template_variable except, char *error,
		 size_t size)
{
	char known[256], name[64];
	struct piece p;

	do {
		p = next_piece(&text);
		if (p.kind == PIECE_OPEN) {
			text_escape(name, sizeof(name), p.text, p.len);
			text_format(error, size,
				    "\"{%s\" has no closing brace; \"{{\" is a brace",
				    name);
			return -EINVAL;
		}
		if (p.kind == PIECE_UNKNOWN ||
		    (p.kind == PIECE_VARIABLE && p.variable == except)) {
			text_escape(name, sizeof(name), p.text, p.len);
			list_names(known, sizeof(known), except);
			text_format(
				error, size,
				"unknown variable \"{%s}\"; known are %s; \"{{\" is a brace",
				name, known);
			return -EINVAL;
		}
	} while (p.kind != PIECE_END);
	return 0;
}

int template_check(const char *text, char *error, size_t size)
{
	return check(text, TEMPLATE_VALUE, error, size);
}

int template_check_page(const char *text, char *error, size_t size)
{
	return check(text, TEMPLATE_SEQ, error, size);
}

bool template_uses(const char *text, enum template_variable v)
{
	struct piece p;

	while ((p = next_piece(&text)).kind != PIECE_END) {
		if (p.kind == PIECE_VARIABLE && p.variable == v)
			return true;
	}
	return false;
}

char *template_expand(const char *text, const char *const values[TEMPLATE_VARIABLES])
{
	const char *cursor = text;
	char *result, *end;
	size_t size = 1;
	struct piece p;

	while ((p = next_piece(&cursor)).kind != PIECE_END) {
		assert(p.kind == PIECE_LITERAL || p.kind == PIECE_VARIABLE);
		if (p.kind == PIECE_LITERAL)
			size += p.len;
		else if (values[p.variable])
			size += strlen(values[p.variable]);
	}
	result = malloc(size);
	if (!result)
		return NULL;

	end = result;
	cursor = text;
	while ((p = next_piece(&cursor)).kind != PIECE_END) {
		if (p.kind == PIECE_LITERAL)
			end = mempcpy(end, p.text, p.len);
		else if (values[p.variable])
			end = stpcpy(end, values[p.variable]);
	}
	*end = '\0';
	return result;
}
