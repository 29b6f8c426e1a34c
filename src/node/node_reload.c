// SPDX-License-Identifier: MIT
/*
 * node_reload.c — SIGHUP: another configuration takes the place of the one in effect
 *
 * Theory of operation
 *
 * First everything new is made, of an immutable snapshot of the new file; whatever
 * goes wrong until then leaves the daemon as it is. Then parts are exchanged, each
 * in its own way; interface, chip and lease are none of them.
 *
 *	at once		publications, what the node tells about itself
 *	when the mqtt	subscriptions, broker; and the actions with them: messages
 *	thread went	for the old ones go to the old ones until then
 *	over
 *	when the old	screen: two threads on a bus would disturb each other
 *	panel is dark
 *
 * The old snapshot lives as long as any part uses it. While something is on its
 * way another SIGHUP waits for it.
 */
#include <errno.h>
#include <string.h>

#include "mqttnode/log.h"
#include "mqttnode/reload.h"
#include "mqttnode/text.h"

#include "node_internal.h"

#define REMAKE_SESSION (RELOAD_SUBSCRIPTIONS | RELOAD_CONNECTION | RELOAD_ACTIONS)

static void reload(struct node *n);

/* --- reading --------------------------------------------------------------- */

static struct settings *read_settings(struct node *n)
{
	struct settings_report report = { 0 };
	struct settings *settings = NULL;

	if (settings_load(&settings, n->start->path, &report) == -ENOMEM)
		report.out_of_memory = true;
	settings_report_log(&report);
	settings_report_clear(&report);
	return settings;
}

static void on_restart(void *ctx, const char *path)
{
	(void)ctx;
	(void)log_event(LOG_WARNING, "restart-needed",
			"%s was changed: it takes effect with the next restart", path);
}

static unsigned int make_plan(struct node *n, const struct settings *to)
{
	unsigned int plan = reload_plan(n->start, n->settings, to, on_restart, NULL);

	if (settings_secrets_stamp(&to->mqtt) != n->secrets)
		plan |= RELOAD_CONNECTION;
	return plan;
}

/* --- making ---------------------------------------------------------------- */

static enum mqtt_change change_of(unsigned int plan)
{
	return plan & RELOAD_CONNECTION ? MQTT_CHANGE_CONNECTION
					: MQTT_CHANGE_SUBSCRIPTIONS;
}

static int make(struct node *n, struct node_parts *p, unsigned int plan)
{
	int r;

	p->self = n->self;
	identity_name(&p->settings->mqtt, &p->self, &p->identity);
	r = node_make_parts(n, p, plan);
	if (r == 0 && p->display)
		r = node_make_inbox(n);
	if (r == 0 && plan & REMAKE_SESSION)
		r = node_make_session(n, p, plan & RELOAD_ACTIONS ? p->orders : n->orders,
				      change_of(plan));
	return r;
}

/* --- exchanging ------------------------------------------------------------ */

/* Whether something of the last reload is still on its way. */
static bool is_busy(const struct node *n)
{
	return n->changing.settings || n->leaving;
}

static void go_on(struct node *n)
{
	if (n->phase == NODE_RUNNING && n->reload_again && !is_busy(n))
		reload(n);
}

static void failed(struct node *n, int r, const char *what)
{
	if (r == 0)
		return;
	log_error_errno(r, "Cannot start %s: %m", what);
	(void)sd_event_exit(n->event, r);
}

static void exchange_publications(struct node *n, struct node_parts *p)
{
	struct publications *old = n->publications;

	node_lock(n);
	publications_join_session(p->publications, old);
	n->publications = TAKE_PTR(p->publications);
	node_unlock(n);
	publications_stop(old);
	publications_follow(n->publications, old);
	failed(n, publications_start(n->publications), "the publications");
	publications_free(old);
	node_use(n, USER_PUBLICATIONS, p->settings);
}

/* @goes_on: the session, if there is one. */
static void exchange_self(struct node *n, struct node_parts *p, bool goes_on)
{
	node_lock(n);
	discoveries_change(&n->discoveries, TAKE_PTR(p->discovery),
			   goes_on && n->in_session, node_publish, n);
	if (n->discoveries.now && n->actions && n->in_session)
		actions_session(n->actions, true); /* tells its outputs again */
	node_unlock(n);
	vitals_free(n->vitals);
	n->vitals = TAKE_PTR(p->vitals);
	vitals_changed(n->vitals);
}

/* The mqtt thread sends nothing more to the old actions. */
static void exchange_actions(struct node *n)
{
	struct actions *old = n->actions;
	struct queue *orders = n->orders;

	node_lock(n);
	n->actions = TAKE_PTR(n->changing.actions);
	if (n->actions && n->in_session)
		actions_session(n->actions, true);
	node_unlock(n);
	n->orders = TAKE_PTR(n->changing.orders);
	if (old && n->actions)
		actions_follow(n->actions, old);
	actions_free(old);
	queue_free(orders);
	if (n->actions)
		failed(n, actions_start(n->actions), "the actions");
	node_use(n, USER_ACTIONS, n->changing.settings);
}

int node_on_mqtt_changed(sd_event_source *source, int fd, uint32_t revents,
			 void *userdata)
{
	struct node *n = userdata;

	(void)source;
	(void)fd;
	(void)revents;
	if (!mqtt_has_changed(n->mqtt) || n->phase != NODE_RUNNING)
		return 0;
	if (n->changing_actions)
		exchange_actions(n);
	node_use(n, USER_SESSION, n->changing.settings);
	node_clear_parts(&n->changing);
	go_on(n);
	return 0;
}

static void change_session(struct node *n, struct node_parts *p, unsigned int plan)
{
	n->changing.settings = settings_ref(p->settings);
	n->changing.actions = TAKE_PTR(p->actions);
	n->changing.orders = TAKE_PTR(p->orders);
	n->changing_actions = plan & RELOAD_ACTIONS;
	mqtt_change(n->mqtt, TAKE_PTR(p->session));
}

void node_restart_connection(struct node *n)
{
	struct node_parts p = { .settings = settings_ref(n->settings),
				.self = n->self,
				.identity = n->identity };

	if (!is_busy(n)) {
		(void)log_event(LOG_NOTICE, "restart-requested",
				"Connecting to the broker again on request");
		if (node_make_session(n, &p, n->orders, MQTT_CHANGE_CONNECTION) == 0)
			change_session(n, &p, RELOAD_CONNECTION);
	}
	node_clear_parts(&p);
}

static void start_screen(struct node *n)
{
	if (n->display)
		failed(n, display_start(n->display), "the display");
}

static int on_display_ended(sd_event_source *source, int fd, uint32_t revents,
			    void *userdata)
{
	struct node *n = userdata;

	(void)fd;
	(void)revents;
	if (!display_joined(n->leaving, 0))
		return 0;
	n->left = sd_event_source_disable_unref(source);
	n->leaving = display_free(n->leaving);
	node_use(n, USER_LEAVING_SCREEN, NULL);
	start_screen(n);
	go_on(n);
	return 0;
}

static void exchange_screen(struct node *n, struct node_parts *p)
{
	int r;

	n->pages = pages_free(n->pages);
	n->leaving = n->display;
	node_use(n, USER_LEAVING_SCREEN, n->used_by[USER_SCREEN]);
	node_lock(n);
	n->display = TAKE_PTR(p->display);
	node_use(n, USER_SCREEN, p->settings);
	node_unlock(n);
	n->pages = TAKE_PTR(p->pages);
	node_look_at_ladder(n);
	if (!n->leaving) {
		start_screen(n);
		return;
	}
	r = sd_event_add_io(n->event, &n->left, display_event_fd(n->leaving), EPOLLIN,
			    on_display_ended, n);
	failed(n, r < 0 ? r : 0, "the display");
	display_stop(n->leaving);
}

static void exchange(struct node *n, struct node_parts *p, unsigned int plan)
{
	settings_free(n->settings);
	n->settings = settings_ref(p->settings);
	n->secrets = settings_secrets_stamp(&p->settings->mqtt);
	n->self = p->self;
	n->identity = p->identity;
	facts_set(n->facts, &n->self);
	log_set_max_level(n->settings->log_level);
	if (plan & RELOAD_SCREEN)
		exchange_screen(n, p);
	if (plan & RELOAD_PUBLICATIONS)
		exchange_publications(n, p);
	if (plan & RELOAD_SELF)
		exchange_self(n, p, !(plan & RELOAD_CONNECTION));
	if (plan & REMAKE_SESSION)
		change_session(n, p, plan);
}

/* --- from outside ---------------------------------------------------------- */

static void tell(const struct node *n, unsigned int plan)
{
	char text[200];

	if (!(plan & ~(unsigned int)RELOAD_RESTART))
		(void)log_event(LOG_NOTICE, "reloaded",
				"Configuration %s read again: nothing to change",
				n->settings->path);
	else
		(void)log_event(LOG_NOTICE, "reloaded",
				"Configuration %s read again, changed: %s",
				n->settings->path,
				reload_describe(plan, text, sizeof(text)));
}

static void reload(struct node *n)
{
	struct node_parts p = { .settings = read_settings(n) };
	unsigned int plan = p.settings ? make_plan(n, p.settings) : 0;

	n->reload_again = false;
	if (p.settings && make(n, &p, plan) == 0) {
		exchange(n, &p, plan);
		tell(n, plan);
	} else {
		(void)log_event(
			LOG_ERR, "reload-refused",
			"The new configuration is of no use: the one before stays "
			"in effect");
	}
	node_clear_parts(&p);
	notifier_ready(n->notifier);
}

int node_on_hangup(sd_event_source *source, const struct signalfd_siginfo *si,
		   void *userdata)
{
	struct node *n = userdata;

	(void)source;
	(void)si;
	if (n->phase != NODE_RUNNING || n->climbs)
		return 0;
	notifier_reloading(n->notifier);
	n->reload_again = true;
	go_on(n);
	return 0;
}
