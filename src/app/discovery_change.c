// SPDX-License-Identifier: MIT
/*
 * discovery_change.c — what Home Assistant is told when the configuration has changed
 *
 * An entity goes in two steps: a message in which nothing is left of it but its
 * platform, then one without it (the MQTT reference, section 20). Who only leaves it out
 * leaves it there. So what was announced before is kept until that is done, which takes a
 * session. What an earlier run announced is kept in the same way: discovery_recall.c.
 */
#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "discovery_internal.h"

static const char *platform_of(json_object *entity)
{
	json_object *platform;

	return json_object_object_get_ex(entity, "platform", &platform) &&
			       json_object_is_type(platform, json_type_string)
		       ? json_object_get_string(platform)
		       : "";
}

/* Reduces to its platform what is in @before and not, or as something else, in @now. */
static bool reduce_gone(json_object *now, json_object *before)
{
	bool any = false;

	json_object_object_foreach(before, key, entity)
	{
		json_object *same, *reduced;

		if (!platform_of(entity)[0] ||
		    (json_object_object_get_ex(now, key, &same) &&
		     strcmp(platform_of(same), platform_of(entity)) == 0))
			continue;
		reduced = json_object_new_object();
		(void)json_object_object_add(reduced, "platform",
					     json_object_new_string(platform_of(entity)));
		(void)json_object_object_add(now, key, reduced);
		any = true;
	}
	return any;
}

/*
 * Publishes @now with what @before has more; it is removed when @now alone follows.
 * Once that is taken it is what was announced before, should nothing follow for now.
 */
static int publish_reduced(const struct mqtt_outgoing *now, struct discovery *before,
			   const char *old, discovery_publisher publish, void *ctx)
{
	json_object *root = json_tokener_parse(now->payload);
	json_object *old_root = json_tokener_parse(old);
	json_object *components, *old_components;
	_cleanup_free_ char *outline = NULL;
	struct mqtt_outgoing message = *now;
	int r = root && old_root ? 0 : -ENOMEM;

	if (r == 0 && json_object_object_get_ex(root, "components", &components) &&
	    json_object_object_get_ex(old_root, "components", &old_components) &&
	    reduce_gone(components, old_components)) {
		message.payload = json_object_to_json_string_ext(
			root, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
		message.len = message.payload ? strlen(message.payload) : 0;
		message.outline = outline = discovery_outline(components);
		r = message.len > 0 && outline ? publish(ctx, &message) : -ENOMEM;
		if (r == 0)
			r = discovery_set_payload(before, message.payload);
	}
	json_object_put(root);
	json_object_put(old_root);
	return r;
}

/* Removes what @before has and @now has not; @now may be NULL. 0 or -errno. */
static int remove_gone(const struct discovery *now, struct discovery *before,
		       discovery_publisher publish, void *ctx)
{
	struct mqtt_outgoing message, old;

	discovery_message(before, &old);
	if (now)
		discovery_message(now, &message);
	if (now && strcmp(message.topic, old.topic) == 0)
		return publish_reduced(&message, before, old.payload, publish, ctx);
	old.len = 0; /* the device with all it has */
	old.outline = "";
	return publish(ctx, &old);
}

static void forget_before(struct discoveries *d)
{
	struct discovery *next;

	for (; d->before; d->before = next) {
		next = d->before->next;
		discovery_free(d->before);
	}
}

void discoveries_announce(struct discoveries *d, discovery_publisher publish, void *ctx)
{
	struct mqtt_outgoing message;
	struct discovery *before;
	int r = 0;

	for (before = d->before; before && r == 0; before = before->next)
		r = remove_gone(d->now, before, publish, ctx);
	if (r == 0 && d->now) {
		discovery_message(d->now, &message);
		r = publish(ctx, &message);
	}
	if (r == 0)
		forget_before(d);
}

static bool is_same(const struct discovery *a, const struct discovery *b)
{
	struct mqtt_outgoing one, other;

	if (!a || !b)
		return a == b;
	discovery_message(a, &one);
	discovery_message(b, &other);
	return strcmp(one.topic, other.topic) == 0 &&
	       strcmp(one.payload, other.payload) == 0;
}

void discoveries_change(struct discoveries *d, struct discovery *next, bool in_session,
			discovery_publisher publish, void *ctx)
{
	bool same = is_same(d->now, next);

	if (same || d->before)
		discovery_free(d->now); /* the same, or never announced */
	else
		d->before = d->now;
	d->now = next;
	if (in_session && !same)
		discoveries_announce(d, publish, ctx);
}

void discoveries_clear(struct discoveries *d)
{
	d->now = discovery_free(d->now);
	forget_before(d);
}
