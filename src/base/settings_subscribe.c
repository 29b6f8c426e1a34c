// SPDX-License-Identifier: MIT
/* settings_subscribe.c — relations of subscriptions, and of all GPIO lines */
#include "settings_relations.h"

#include <stdlib.h>
#include <string.h>

#include "mqttnode/cleanup.h"
#include "mqttnode/text.h"

#define STATE_DIRECTORY "/var/lib/mqttnode/"

void settings_clear_subscription(struct subscription_settings *s)
{
	free(s->topic);
	free(s->output.line);
	settings_free_command(s->command);
	free(s->file);
}

/* An action and the key that says with what; and the keys that go with it. */
static const struct rule {
	unsigned int action;
	const char *name; /* of both */
	const char *keys[4];
} rules[] = {
	{ SUBSCRIPTION_GPIO, "gpio", { "active_low", "safe", "pulse" } },
	{ SUBSCRIPTION_COMMAND, "command", { "timeout" } },
	{ SUBSCRIPTION_FILE, "file", { NULL } },
};

static void check_action(const struct check *c, const struct conf_node *node, size_t i,
			 const struct rule *rule)
{
	bool wanted = c->s->mqtt.subscribe[i].actions & rule->action;
	const struct conf_node *key = conf_node_member(node, rule->name);

	if (wanted && !key)
		check_wrong(c, node,
			    "mqtt.subscribe[%zu].%s: not set; valid with the action "
			    "\"%s\" is what it acts on",
			    i, rule->name, rule->name);
	if (!wanted && key)
		check_wrong(c, key,
			    "mqtt.subscribe[%zu].%s: found without the action \"%s\"; "
			    "valid is actions = [ \"%s\" ] beside it",
			    i, rule->name, rule->name, rule->name);
	for (size_t k = 0; rule->keys[k]; k++)
		if (!wanted && conf_node_member(node, rule->keys[k]))
			check_wrong(c, conf_node_member(node, rule->keys[k]),
				    "mqtt.subscribe[%zu].%s: found without the action "
				    "\"%s\"; valid beside it only",
				    i, rule->keys[k], rule->name);
}

static void check_file(const struct check *c, const struct conf_node *node, size_t i)
{
	const char *file = c->s->mqtt.subscribe[i].file;
	char shown[128];

	if (!file || file[0] != '/' ||
	    strncmp(file, STATE_DIRECTORY, strlen(STATE_DIRECTORY)) == 0)
		return;
	check_unwise(c, conf_node_member(node, "file"),
		     "mqtt.subscribe[%zu].file: \"%s\" is not below " STATE_DIRECTORY
		     ", the only place that the service may write to; \"systemctl edit "
		     "mqttnode\" can add a ReadWritePaths=",
		     i, text_escape_str(shown, sizeof(shown), file));
}

void settings_check_subscriptions(const struct check *c)
{
	const struct conf_node *list = check_member(c, "mqtt", "subscribe");

	for (size_t i = 0; i < c->s->mqtt.n_subscribe; i++) {
		const struct conf_node *node = conf_node_at(list, i);

		/* Actions that were refused say nothing about the rest. */
		if (conf_node_type(node) != CONF_GROUP ||
		    !c->s->mqtt.subscribe[i].actions)
			continue;
		for (size_t r = 0; r < ARRAY_SIZE(rules); r++)
			check_action(c, node, i, &rules[r]);
		check_file(c, node, i);
	}
}

/* --- lines ----------------------------------------------------------------- */

/* A line and what uses it. */
struct use {
	const char *line;
	const struct conf_node *node;
	char key[64];
};

static void add_use(struct use *uses, size_t *n, const char *line,
		    const struct conf_node *node, const char *key)
{
	if (!line || !line[0])
		return;
	uses[*n].line = line;
	uses[*n].node = node;
	text_format(uses[*n].key, sizeof(uses[*n].key), "%s", key);
	++*n;
}

static size_t find_uses(const struct check *c, struct use *uses)
{
	const struct mqtt_settings *m = &c->s->mqtt;
	const struct conf_node *publish = check_member(c, "mqtt", "publish");
	const struct conf_node *subscribe = check_member(c, "mqtt", "subscribe");
	char key[64];
	size_t n = 0;

	add_use(uses, &n, c->s->ethernet.interrupt, NULL, "ethernet.interrupt");
	add_use(uses, &n, c->s->ethernet.reset, NULL, "ethernet.reset");
	for (size_t i = 0; i < m->n_publish; i++)
		add_use(uses, &n, m->publish[i].input.line,
			conf_node_member(conf_node_at(publish, i), "gpio"),
			text_format(key, sizeof(key), "mqtt.publish[%zu].gpio", i));
	for (size_t i = 0; i < m->n_subscribe; i++)
		add_use(uses, &n, m->subscribe[i].output.line,
			conf_node_member(conf_node_at(subscribe, i), "gpio"),
			text_format(key, sizeof(key), "mqtt.subscribe[%zu].gpio", i));
	return n;
}

void settings_check_lines(const struct check *c)
{
	const struct mqtt_settings *m = &c->s->mqtt;
	_cleanup_free_ struct use *uses =
		calloc(2 + m->n_publish + m->n_subscribe, sizeof(*uses));
	char shown[80];
	size_t n;

	if (!uses) {
		c->report->out_of_memory = true;
		return;
	}
	n = find_uses(c, uses);
	/* The first two are compared elsewhere. */
	for (size_t i = 2; i < n; i++) {
		for (size_t j = 0; j < i; j++) {
			if (!uses[i].node || strcmp(uses[i].line, uses[j].line) != 0)
				continue;
			check_wrong(c, uses[i].node,
				    "%s: found \"%s\", which is %s too; valid is another "
				    "line",
				    uses[i].key,
				    text_escape_str(shown, sizeof(shown), uses[i].line),
				    uses[j].key);
			break;
		}
	}
}
