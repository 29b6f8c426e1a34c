// SPDX-License-Identifier: MIT
/*
 * discovery_recall.c — what Home Assistant was told before the daemon was started
 *
 * Theory of operation
 *
 * Whoever changes the configuration and restarts the daemon expects what a reload does:
 * entities that are gone go from Home Assistant too (discovery_change.c). So each
 * announcement carries an outline, its entities with nothing but their platforms, which
 * the spool keeps in the state directory (spool_outline.c); at the start what is there
 * takes the place of what a reload would find announced, and the first session does the
 * rest.
 *
 * What is remembered is never less than what the broker may have passed on: an outline is
 * on the disk before its message goes out, and goes when the broker has acknowledged one
 * that was sent behind it. An entity goes in two messages. The outline of the first one
 * has what goes as well as what stays; that of the second only what stays. So until the
 * second is acknowledged a power cut leaves an outline that has the entity, and it is
 * removed once more at the next start, which does no harm. After that nothing has it.
 *
 *	noted		what happens
 *	old		start with another configuration
 *	old, both, new	before the first message is sent
 *	both, new	the first one is acknowledged
 *	new		the second one is acknowledged
 *
 * Several outlines at a start are removed from one after the other, since one entity may
 * have been of two platforms. An outline does not change with versions, names or values:
 * as long as the entities are the same nothing is written.
 *
 * A topic with another hardware address in it is left alone. Its card may be a copy of
 * that of another node, which is still there.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "discovery_internal.h"

char *discovery_outline(json_object *components)
{
	json_object *root = json_object_new_object();
	json_object *outlines = json_object_new_object();
	const char *text;
	char *copy;

	json_object_object_foreach(components, key, entity)
	{
		json_object *outline = json_object_new_object(), *platform;

		if (json_object_object_get_ex(entity, "platform", &platform))
			(void)json_object_object_add(outline, "platform",
						     json_object_get(platform));
		(void)json_object_object_add(outlines, key, outline);
	}
	(void)json_object_object_add(root, "components", outlines);
	text = json_object_to_json_string_ext(root, JSON_C_TO_STRING_PLAIN);
	copy = text ? strdup(text) : NULL;
	json_object_put(root);
	return copy;
}

static bool is_ours(const char *topic, const uint8_t mac[6])
{
	char buf[DISCOVERY_TAIL_SIZE];
	const char *tail = discovery_tail(mac, buf);
	size_t len = strlen(topic), tail_len = strlen(tail);

	return len > tail_len && strcmp(topic + len - tail_len, tail) == 0;
}

/* Whether @text is an outline: whatever is in the file. */
static bool is_outline(const char *text)
{
	json_object *root = json_tokener_parse(text), *components;
	bool is = json_object_object_get_ex(root, "components", &components) &&
		  json_object_is_type(components, json_type_object);

	json_object_put(root);
	return is;
}

static int add_before(struct discoveries *d, const char *topic, const char *outline)
{
	_cleanup_(discovery_freep) struct discovery *before = calloc(1, sizeof(*before));

	if (!before)
		return -ENOMEM;
	before->topic = strdup(topic);
	before->payload = strdup(outline);
	if (!before->topic || !before->payload)
		return -ENOMEM;
	before->next = d->before;
	d->before = TAKE_PTR(before);
	return 0;
}

int discoveries_recall(struct discoveries *d, const struct spool *spool,
		       const uint8_t mac[6])
{
	const char *topic, *outline;
	int r = 0;

	for (size_t i = 0; r == 0 && spool_outline(spool, i, &topic, &outline); i++)
		if (is_ours(topic, mac) && is_outline(outline))
			r = add_before(d, topic, outline);
	return r;
}
