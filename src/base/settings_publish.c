// SPDX-License-Identifier: MIT
/* settings_publish.c — values and relations of publications */
#include "settings_schema.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mqttnode/text.h"
#include "settings_relations.h"

#define COMMAND_ARGUMENTS_MAX 64

int store_decimals(const struct settings_key *key, const struct conf_node *v,
		   void *section, char *why, size_t size)
{
	struct publication_settings *p = section;

	(void)why;
	(void)size;
	if (conf_node_type(v) != CONF_INT || (double)conf_node_int(v) < key->min ||
	    (double)conf_node_int(v) > key->max)
		return -EINVAL;
	p->shaping.decimals = (int)conf_node_int(v);
	p->shaping.rounded = true;
	return 0;
}

void settings_free_command(char **command)
{
	for (size_t i = 0; command && command[i]; i++)
		free(command[i]);
	free(command);
}

int store_command(const struct settings_key *key, const struct conf_node *v,
		  void *section, char *why, size_t size)
{
	size_t n = conf_node_type(v) == CONF_LIST ? conf_node_length(v) : 0;
	char **command;

	if (n == 0 || n > COMMAND_ARGUMENTS_MAX)
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		const struct conf_node *word = conf_node_at(v, i);

		if (conf_node_type(word) != CONF_STRING) {
			text_format(why, size, "not all of them are texts");
			return -EINVAL;
		}
	}
	if (!conf_node_string(conf_node_at(v, 0))[0]) {
		text_format(why, size, "the program has no name");
		return -EINVAL;
	}
	command = calloc(n + 1, sizeof(*command));
	if (!command)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		command[i] = strdup(conf_node_string(conf_node_at(v, i)));
		if (!command[i]) {
			settings_free_command(command);
			return -ENOMEM;
		}
	}
	memcpy((char *)section + key->offset, &command, sizeof(command));
	return 0;
}

void settings_clear_publication(struct publication_settings *p)
{
	free(p->topic);
	free(p->text);
	free(p->file);
	settings_free_command(p->command);
	free(p->input.line);
	free(p->unit);
	free(p->name);
	free(p->device_class);
	free(p->state_class);
}

/* A publication and where it stands. */
struct place {
	const struct check *c;
	const struct conf_node *node;
	size_t i;
};

static const struct conf_node *find(const struct place *p, const char *name)
{
	return conf_node_member(p->node, name);
}

static void check_source(const struct place *p)
{
	static const char *const sources[] = { "text", "file", "command", "gpio" };
	const struct conf_node *first = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		const struct conf_node *source = find(p, sources[i]);

		if (source && first)
			check_wrong(p->c, source,
				    "mqtt.publish[%zu].%s: found beside %s; valid is one "
				    "source",
				    p->i, sources[i], conf_node_name(first));
		else if (source)
			first = source;
	}
	if (!first)
		check_wrong(p->c, p->node,
			    "mqtt.publish[%zu]: no source; valid is one of text, file, "
			    "command and gpio",
			    p->i);
}

/* Keys that mean something with some sources only. */
static void check_shaping(const struct place *p)
{
	static const struct {
		const char *key;
		const char *sources[2];
	} rules[] = {
		{ "timeout", { "command" } },
		{ "bias", { "gpio" } },
		{ "active_low", { "gpio" } },
		{ "debounce", { "gpio" } },
		{ "whole", { "file", "command" } },
		{ "max_size", { "file", "command" } },
		{ "scale", { "file", "command" } },
		{ "offset", { "file", "command" } },
		{ "decimals", { "file", "command" } },
		{ "dead_band", { "file", "command" } },
		{ "device_class", { "name" } },
		{ "state_class", { "name" } },
	};
	const struct publication_settings *s = &p->c->s->mqtt.publish[p->i];

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		const char *first = rules[i].sources[0], *second = rules[i].sources[1];
		const struct conf_node *found = find(p, rules[i].key);

		if (found && !find(p, first) && !(second && find(p, second)))
			check_wrong(p->c, found,
				    "mqtt.publish[%zu].%s: found without %s%s%s; valid "
				    "beside it only",
				    p->i, rules[i].key, first, second ? " or " : "",
				    second ? second : "");
	}
	if (find(p, "unit") && !s->json && !find(p, "name"))
		check_wrong(p->c, find(p, "unit"),
			    "mqtt.publish[%zu].unit: found without anything to show it "
			    "in; valid beside json = true or a name",
			    p->i);
	if (s->shaping.dead_band > 0 && s->triggers && !(s->triggers & PUBLISH_CHANGE))
		check_wrong(p->c, find(p, "dead_band"),
			    "mqtt.publish[%zu].dead_band: found without the trigger "
			    "\"change\"; valid is trigger = [ \"change\" ] beside it",
			    p->i);
}

/* A message that is not acknowledged cannot be kept until it is. */
static void check_store(const struct place *p)
{
	const struct publication_settings *s = &p->c->s->mqtt.publish[p->i];

	if (find(p, "store") && s->store && s->qos == 0)
		check_wrong(p->c, find(p, "store"),
			    "mqtt.publish[%zu].store: found true with qos 0; valid with "
			    "qos = 1 or 2 only",
			    p->i);
}

static void check_expiry(const struct place *p)
{
	const struct mqtt_settings *mqtt = &p->c->s->mqtt;

	if (mqtt->publish[p->i].expiry_s > 0 && mqtt->protocol != MQTT_PROTOCOL_5)
		check_wrong(p->c, find(p, "expiry"),
			    "mqtt.publish[%zu].expiry: found with MQTT 3.1.1, which has "
			    "no such thing; valid with mqtt.protocol = \"5\" only",
			    p->i);
}

void settings_check_publications(const struct check *c)
{
	const struct conf_node *list = check_member(c, "mqtt", "publish");

	for (size_t i = 0; i < c->s->mqtt.n_publish; i++) {
		struct publication_settings *s = &c->s->mqtt.publish[i];
		struct place p = { .c = c, .node = conf_node_at(list, i), .i = i };

		if (conf_node_type(p.node) != CONF_GROUP)
			continue;
		if (!find(&p, "trigger"))
			s->triggers = find(&p, "gpio") ? PUBLISH_CHANGE | PUBLISH_CONNECT
						       : PUBLISH_INTERVAL;
		check_source(&p);
		check_shaping(&p);
		check_store(&p);
		check_expiry(&p);
	}
}
