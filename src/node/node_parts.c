// SPDX-License-Identifier: MIT
/* node_parts.c — what is made of a configuration, at the start and at each reload */
#include <errno.h>

#include "mqttnode/log.h"
#include "mqttnode/reload.h"

#include "node_internal.h"

static int make_actions(struct node *n, struct node_parts *p)
{
	const struct mqtt_settings *s = &p->settings->mqtt;
	char directory[256];
	int r;

	if (!actions_needed(s->subscribe, s->n_subscribe))
		return 0;
	identity_directory("STATE_DIRECTORY", IDENTITY_STATE_DIRECTORY, directory,
			   sizeof(directory));
	r = queue_new(&p->orders, ACTIONS_INBOX_MAX, mqtt_message_free);
	if (r == 0)
		r = actions_new(&p->actions, s->subscribe, s->n_subscribe, p->orders,
				directory);
	if (r == 0)
		actions_set_line_callback(p->actions, node_on_line, n);
	return r;
}

static int make_publications(struct node *n, struct node_parts *p)
{
	const struct mqtt_settings *s = &p->settings->mqtt;

	return publications_new(&p->publications, s->publish, s->n_publish, n->facts,
				n->spool, node_on_composed, n);
}

static int make_self(struct node *n, struct node_parts *p)
{
	const struct mqtt_settings *s = &p->settings->mqtt;
	int r = 0;

	if (s->discovery[0])
		r = discovery_new(&p->discovery, s, &p->self, p->identity.base_topic,
				  p->settings->oled.i2c[0]);
	return r < 0 ? r : node_make_vitals(n, p);
}

static int make_screen(struct node *n, struct node_parts *p)
{
	const struct settings *s = p->settings;
	int r;

	if (!s->oled.i2c[0])
		return 0;
	r = display_new(&p->display, &s->oled, &clock_system);
	if (r < 0)
		return r;
	return pages_new(&p->pages, n->event, p->display, n->facts, &s->oled,
			 s->mqtt.fallback_charset);
}

int node_make_parts(struct node *n, struct node_parts *p, unsigned int which)
{
	static const struct {
		unsigned int part;
		int (*make)(struct node *n, struct node_parts *p);
	} makers[] = {
		{ RELOAD_SCREEN, make_screen },
		{ RELOAD_PUBLICATIONS, make_publications },
		{ RELOAD_SELF, make_self },
		{ RELOAD_ACTIONS, make_actions },
	};

	for (size_t i = 0; i < ARRAY_SIZE(makers); i++) {
		int r = which & makers[i].part ? makers[i].make(n, p) : 0;

		if (r < 0)
			return log_error_errno(r, "Cannot set up what is configured: %m");
	}
	return 0;
}

int node_make_session(struct node *n, struct node_parts *p, struct queue *orders,
		      enum mqtt_change change)
{
	struct mqtt_config config = {
		.client_id = p->self.client_id,
		.base_topic = p->identity.base_topic,
		.routed = n->start->network.method == NETWORK_METHOD_EXTERNAL,
		.settings = &p->settings->mqtt,
		.ladder = n->ladder,
		.spool = n->spool,
		.inbox = p->settings->oled.i2c[0] ? n->inbox : NULL,
		.actions = orders,
		.interface = n->start->ethernet.interface,
		.unbound = n->start->network.method == NETWORK_METHOD_NONE,
	};
	struct settings_secrets secrets;
	char error[512];
	int r;

	r = settings_read_secrets(config.settings, &secrets, error, sizeof(error));
	if (r == 0) {
		config.password = secrets.password;
		config.key_path = secrets.key_path;
		if (n->mqtt)
			r = mqtt_session_new(&p->session, n->mqtt, &config, change, error,
					     sizeof(error));
		else
			r = mqtt_new(&n->mqtt, &config, error, sizeof(error));
	}
	settings_secrets_clear(&secrets);
	return r < 0 ? log_error_errno(r, "%s", error) : 0;
}

void node_clear_parts(struct node_parts *p)
{
	p->session = mqtt_session_free(p->session);
	p->publications = publications_free(p->publications);
	p->actions = actions_free(p->actions);
	p->orders = queue_free(p->orders);
	p->discovery = discovery_free(p->discovery);
	p->vitals = vitals_free(p->vitals);
	p->pages = pages_free(p->pages);
	p->display = display_free(p->display);
	p->settings = settings_free(p->settings);
}

void node_use(struct node *n, enum node_user user, struct settings *settings)
{
	struct settings *before = n->used_by[user];

	n->used_by[user] = settings ? settings_ref(settings) : NULL;
	settings_free(before);
}
