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

/* Keys that mean something with some sources only. */
static const char *const of_bytes[] = { "whole",  "max_size", "scale",
					"offset", "decimals", "dead_band" };

static void check_source(const struct place *p)
{
	static const char *const sources[] = { "text", "file", "command" };
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
		check_wrong(
			p->c, p->node,
			"mqtt.publish[%zu]: no source; valid is one of text, file and command",
			p->i);
}

static void check_shaping(const struct place *p)
{
	const struct publication_settings *s = &p->c->s->mqtt.publish[p->i];

	for (size_t i = 0; find(p, "text") && i < ARRAY_SIZE(of_bytes); i++)
		if (find(p, of_bytes[i]))
			check_wrong(p->c, find(p, of_bytes[i]),
				    "mqtt.publish[%zu].%s: found with text; valid with "
				    "file and command only",
				    p->i, of_bytes[i]);
	if (find(p, "timeout") && !find(p, "command"))
		check_wrong(p->c, find(p, "timeout"),
			    "mqtt.publish[%zu].timeout: found without a command; valid "
			    "beside one only",
			    p->i);
	if (s->shaping.dead_band > 0 && s->triggers && !(s->triggers & PUBLISH_CHANGE))
		check_wrong(p->c, find(p, "dead_band"),
			    "mqtt.publish[%zu].dead_band: found without the trigger "
			    "\"change\"; valid is trigger = [ \"change\" ] beside it",
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
			s->triggers = PUBLISH_INTERVAL;
		check_source(&p);
		check_shaping(&p);
	}
}
