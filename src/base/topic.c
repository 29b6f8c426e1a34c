// SPDX-License-Identifier: MIT
/* topic.c — rules for topic names and filters, MQTT 3.1.1 section 4.7 */
#include "mqttnode/topic.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mqttnode/text.h"

#define TOPIC_MAX 65535

/* Unicode's noncharacters, which MQTT 3.1.1 section 1.5.3 advises against and brokers
 * refuse. */
static bool is_noncharacter(uint32_t c)
{
	return (c & 0xfffe) == 0xfffe || (c >= 0xfdd0 && c <= 0xfdef);
}

/* What names and filters have in common: length and characters. */
static int check_string(const char *topic, char *error, size_t size)
{
	size_t len = strlen(topic);
	uint32_t c;

	if (len == 0) {
		text_format(error, size, "a topic has at least one character");
		return -EINVAL;
	}
	if (len > TOPIC_MAX) {
		text_format(error, size, "%zu bytes are too long; a topic has at most %d",
			    len, TOPIC_MAX);
		return -EINVAL;
	}
	for (size_t i = 0; i < len;) {
		int n = text_utf8_decode(topic + i, len - i, &c);

		if (n < 0) {
			text_format(error, size, "byte %zu is not valid UTF-8", i + 1);
			return -EINVAL;
		}
		if (text_is_control(c) || is_noncharacter(c)) {
			text_format(
				error, size,
				"the character U+%04X at byte %zu is not allowed in a topic",
				(unsigned int)c, i + 1);
			return -EINVAL;
		}
		i += (size_t)n;
	}
	return 0;
}

int topic_check_name(const char *topic, char *error, size_t size)
{
	const char *wildcard;
	int r;

	r = check_string(topic, error, size);
	if (r < 0)
		return r;
	wildcard = strpbrk(topic, "+#");
	if (wildcard) {
		text_format(error, size,
			    "\"%c\" is a wildcard; it is allowed in subscriptions only",
			    *wildcard);
		return -EINVAL;
	}
	if (topic[0] == '$') {
		text_format(error, size,
			    "topics that begin with \"$\" belong to the broker");
		return -EINVAL;
	}
	return 0;
}

int topic_check_filter(const char *filter, char *error, size_t size)
{
	int r;

	r = check_string(filter, error, size);
	if (r < 0)
		return r;
	for (const char *p = filter; (p = strpbrk(p, "+#")); p++) {
		bool begins = p == filter || p[-1] == '/';

		if (*p == '+' && (!begins || (p[1] != '/' && p[1] != '\0'))) {
			text_format(error, size,
				    "\"+\" must stand alone between two slashes");
			return -EINVAL;
		}
		if (*p == '#' && (!begins || p[1] != '\0')) {
			text_format(error, size,
				    "\"#\" must stand alone after the last slash");
			return -EINVAL;
		}
	}
	return 0;
}

#define SHARE "$share/"

const char *topic_filter_of_share(const char *filter)
{
	const char *slash;

	if (strncmp(filter, SHARE, strlen(SHARE)) != 0)
		return filter;
	slash = strchr(filter + strlen(SHARE), '/');
	return slash ? slash + 1 : filter;
}

int topic_check_shared(const char *filter, char *error, size_t size)
{
	const char *group = filter + strlen(SHARE);
	const char *rest = topic_filter_of_share(filter);
	size_t len;

	if (strncmp(filter, SHARE, strlen(SHARE)) != 0)
		return topic_check_filter(filter, error, size);
	len = strcspn(group, "/");
	if (rest == filter || len == 0 || strcspn(group, "+#") < len) {
		text_format(error, size,
			    "a shared one is \"$share/GROUP/FILTER\", without wildcards "
			    "in the name of the group");
		return -EINVAL;
	}
	return topic_check_filter(rest, error, size);
}

bool topic_matches(const char *filter, const char *topic)
{
	/* A wildcard at the begin does not match the topics of the broker itself. */
	if (topic[0] == '$' && (filter[0] == '+' || filter[0] == '#'))
		return false;
	while (*filter && *filter != '#') {
		if (*filter == '+') {
			topic += strcspn(topic, "/");
			filter++;
		} else if (*filter == *topic) {
			filter++;
			topic++;
		} else {
			/* "a/#" matches "a" too */
			return !*topic && strcmp(filter, "/#") == 0;
		}
	}
	return *filter == '#' || !*topic;
}

char *topic_level(const char *name)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-_.:";
	char *level = malloc(3 * strlen(name) + 1), *end = level;

	if (!level)
		return NULL;
	for (; *name; name++) {
		if (strchr(plain, *name))
			*end++ = *name;
		else
			end += sprintf(end, "%%%02X", (unsigned char)*name);
	}
	*end = '\0';
	return level;
}
