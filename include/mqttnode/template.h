/* SPDX-License-Identifier: MIT */
/*
 * template.h — text with variables: "{hostname} is {uptime} s old"
 *
 * "{name}" is replaced by a value, "{{" is a brace. Any thread.
 */
#ifndef MQTTNODE_TEMPLATE_H
#define MQTTNODE_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

enum template_variable {
	TEMPLATE_IP,	    /* leased or static address */
	TEMPLATE_NETMASK,
	TEMPLATE_GATEWAY,
	TEMPLATE_MAC,
	TEMPLATE_INTERFACE,
	TEMPLATE_HOSTNAME,
	TEMPLATE_CLIENT_ID,
	TEMPLATE_SEQ,	    /* counts per publication from 1 */
	TEMPLATE_UPTIME,    /* whole seconds of the daemon */
	TEMPLATE_TIME,	    /* RFC 3339 UTC */
	TEMPLATE_VALUE,	    /* on pages of the display: what a topic said last */
	TEMPLATE_VARIABLES,
};

/* The name of a variable as written between braces. */
const char *template_variable_name(enum template_variable v);

/*
 * Checks @text, of a publication or for a page of the display. Returns 0, or
 * -EINVAL with a sentence in @error: a name that is unknown there (with the known
 * ones), an open or empty brace.
 */
int template_check(const char *text, char *error, size_t size);
int template_check_page(const char *text, char *error, size_t size);

/* Whether @text, which template_check() accepted, shows the variable @v. */
bool template_uses(const char *text, enum template_variable v);

/*
 * Expands @text, which template_check() accepted, into a new string that the
 * caller frees. @values has TEMPLATE_VARIABLES entries; NULL is empty.
 * Returns NULL when out of memory.
 */
char *template_expand(const char *text, const char *const values[TEMPLATE_VARIABLES]);

#endif
