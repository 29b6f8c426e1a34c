// SPDX-License-Identifier: MIT
/*
 * node.c — the running daemon: owns every object, starts, wires and stops them
 *
 * Theory of operation
 *
 * Seven threads share almost nothing: main runs an event loop and owns all that
 * is here; pump, mqtt, publish, actions, display and log have one file each, and
 * some start others for work that may block (workers.h, mqtt_lookup.h). News
 * travels up to main by event descriptors and callbacks, requests travel down by calls
 * that never wait. main itself waits for nothing but its event loop.
 *
 * Start: signals are blocked and the C library is told where to look up names
 * before any thread exists; objects are made from the bottom up; the threads
 * start when everything is wired. READY is sent when the TAP exists and the
 * threads run: missing hardware is a rung of the ladder, not a reason not to
 * start.
 *
 * Reload: node_reload.c.
 *
 * Stop: the broker needs the network and the network needs the pump, so it is
 * taken down from the top, each step with a limit: "offline" and DISCONNECT,
 * release of the lease, pump, interface and rules, display, log. A thread that
 * is stuck at the disk or on the I2C bus is not waited for: its objects are
 * left alone and the process exits.
 *
 * The systemd watchdog is fed while the pump's heartbeat moves, and for no
 * other reason: a dead broker must never restart the daemon.
 */
#include "mqttnode/node.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <systemd/sd-daemon.h>

#include "mqttnode/climb.h"
#include "mqttnode/clock.h"
#include "mqttnode/log.h"
#include "mqttnode/names.h"

#include "node_internal.h"

#define DISPLAY_STOP_MS 300

/* --- start --------------------------------------------------------------- */

static int make_spool(struct node *n)
{
	char state[256], runtime[256];

	if (n->climbs) /* what waits there is the daemon's */
		return spool_new(&n->spool, &n->settings->mqtt.spool, NULL, NULL);
	identity_directory("STATE_DIRECTORY", IDENTITY_STATE_DIRECTORY, state,
			   sizeof(state));
	identity_directory("RUNTIME_DIRECTORY", IDENTITY_RUNTIME_DIRECTORY, runtime,
			   sizeof(runtime));
	return spool_new(&n->spool, &n->settings->mqtt.spool, state, runtime);
}

/* Takes over what was made of the configuration. */
static void install(struct node *n, struct node_parts *p)
{
	n->display = TAKE_PTR(p->display);
	n->pages = TAKE_PTR(p->pages);
	n->publications = TAKE_PTR(p->publications);
	n->discoveries.now = TAKE_PTR(p->discovery);
	n->vitals = TAKE_PTR(p->vitals);
	n->orders = TAKE_PTR(p->orders);
	n->actions = TAKE_PTR(p->actions);
	for (int user = 0; user < USER_LEAVING_SCREEN; user++)
		node_use(n, (enum node_user)user, n->settings);
}

static int make_mqtt(struct node *n)
{
	struct node_parts p = { .settings = settings_ref(n->settings),
				.self = n->self,
				.identity = n->identity };
	int r = make_spool(n);

	if (r == 0)
		r = node_make_parts(n, &p, ~0U);
	if (r == 0 && p.display)
		r = node_make_inbox(n);
	if (r == 0)
		r = node_make_session(n, &p, p.orders, MQTT_CHANGE_CONNECTION);
	if (r == 0) {
		install(n, &p);
		mqtt_set_session_callback(n->mqtt, node_on_session, n);
		mqtt_set_room_callback(n->mqtt, node_on_room, n);
	}
	node_clear_parts(&p);
	return r;
}

/* Makes every object, from the bottom up. 0 or -errno, logged. */
static int make_all(struct node *n, const char *socket_path)
{
	const struct settings *s = n->settings;
	int r;

	r = notifier_new(&n->notifier);
	if (r < 0)
		return log_error_errno(r, "Cannot use NOTIFY_SOCKET: %m");
	r = sd_event_new(&n->event);
	if (r >= 0)
		r = ladder_new(&n->ladder);
	if (r == 0)
		r = facts_new(&n->facts);
	if (r == 0) {
		identity_find(s, &n->self, &n->identity);
		facts_set(n->facts, &n->self);
	}
	if (r == 0)
		r = pump_new(&n->pump, &s->ethernet, n->self.mac, &clock_system);
	if (r < 0)
		return log_error_errno(r, "Cannot start: %m");
	r = make_mqtt(n);
	if (r < 0)
		return r;
	r = n->climbs ? 0 : node_make_control(n, socket_path);
	if (r < 0)
		return r;
	n->uplink_events = node_uplink_events;
	n->uplink_events.ctx = n;
	n->address.method = s->network.method;
	rungs_report_lease(&n->address, n->ladder, NULL);
	r = uplink_new(&n->uplink, n->event, s->ethernet.interface, n->self.mac,
		       n->self.hostname, &s->network, &n->uplink_events);
	if (r < 0)
		return r;
	r = node_watch(n);
	if (r < 0)
		return log_error_errno(r, "Cannot set up the event loop: %m");
	return 0;
}

static int start_threads(struct node *n)
{
	int r;

	r = pump_start(n->pump);
	/* May wait for the disk; the link comes up meanwhile. */
	spool_open(n->spool);
	if (r == 0)
		r = discoveries_recall(&n->discoveries, n->spool, n->self.mac);
	if (r == 0)
		r = mqtt_start(n->mqtt);
	if (r == 0)
		r = publications_start(n->publications);
	if (r == 0 && n->actions)
		r = actions_start(n->actions);
	if (r == 0 && n->display)
		r = display_start(n->display);
	if (r < 0)
		return log_error_errno(r, "Cannot start: %m");
	return 0;
}

/* Takes everything down that is left; returns whether a thread had to be left behind. */
static bool take_down(struct node *n)
{
	bool left_behind = false;

	if (n->actions)
		actions_stop(n->actions);
	if (n->publications)
		publications_stop(n->publications);
	if (n->pump)
		pump_stop(n->pump);
	n->control = control_free(n->control);
	n->notifier = notifier_free(n->notifier);
	if (n->display) {
		display_stop(n->display);
		left_behind = !display_joined(n->display, DISPLAY_STOP_MS);
	}
	if (n->leaving)
		left_behind |= !display_joined(n->leaving, DISPLAY_STOP_MS);
	left_behind = (n->mqtt && !mqtt_joined(n->mqtt)) || left_behind;
	/* Rules go last: a lookup that nobody waits for may still ask. */
	n->uplink = uplink_free(n->uplink);
	n->pump = pump_free(n->pump);
	if (left_behind)
		return true;
	n->mqtt = mqtt_free(n->mqtt);
	n->spool = spool_free(n->spool);
	n->publications = publications_free(n->publications);
	n->actions = actions_free(n->actions);
	discoveries_clear(&n->discoveries);
	n->orders = queue_free(n->orders);
	n->vitals = vitals_free(n->vitals);
	n->inbox = queue_free(n->inbox);
	n->pages = pages_free(n->pages);
	n->display = display_free(n->display);
	n->left = sd_event_source_disable_unref(n->left); /* the loop may end first */
	n->leaving = display_free(n->leaving);
	node_clear_parts(&n->changing);
	n->facts = facts_free(n->facts);
	n->ladder = ladder_free(n->ladder);
	n->tick = sd_event_source_disable_unref(n->tick);
	n->announcement = sd_event_source_disable_unref(n->announcement);
	n->farewell = sd_event_source_disable_unref(n->farewell);
	n->event = sd_event_unref(n->event);
	for (int user = 0; user < USERS; user++)
		node_use(n, (enum node_user)user, NULL);
	(void)pthread_mutex_destroy(&n->lock);
	settings_free(n->settings);
	settings_free(n->start);
	return false;
}

static void prepare_process(const struct settings *settings)
{
	sigset_t blocked;

	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGCHLD, SIG_DFL); /* ignored, children could not be waited for */
	(void)sigemptyset(&blocked);
	(void)sigaddset(&blocked, SIGTERM);
	(void)sigaddset(&blocked, SIGINT);
	(void)sigaddset(&blocked, SIGHUP);
	(void)sigaddset(&blocked, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &blocked, NULL);
	if (!settings->network.dns_system)
		names_setup();
}

/* From start to stop. @n is not released. 0 or -errno, logged. */
static int run(struct node *n, const char *socket_path, bool *ret_left_behind)
{
	int r;

	prepare_process(n->settings);
	r = log_start();
	if (r < 0)
		log_warning("Cannot start the log thread, logging may block");

	r = make_all(n, socket_path);
	if (r == 0)
		r = start_threads(n);
	if (r == 0) {
		node_look_at_chip(n);
		node_look_at_ladder(n);
		notifier_ready(n->notifier);
		r = n->climbs ? node_begin_climb(n) : 0;
	}
	if (r >= 0) {
		r = sd_event_loop(n->event);
		if (r < 0)
			log_error_errno(r, "The event loop failed: %m");
	}

	*ret_left_behind = take_down(n);
	if (r == 0)
		(void)log_event(LOG_INFO, "stopped", "Stopped");
	log_stop();
	return r;
}

static void use_settings(struct node *n, struct settings *settings)
{
	n->start = settings_ref(settings);
	n->settings = settings_ref(settings);
	n->secrets = settings_secrets_stamp(&settings->mqtt);
	(void)pthread_mutex_init(&n->lock, NULL);
}

int node_run(struct settings *settings, const char *socket_path, bool *ret_left_behind)
{
	struct node *n = calloc(1, sizeof(*n));
	int r;

	*ret_left_behind = false;
	if (!n)
		return log_error_errno(-ENOMEM, "Cannot start: %m");
	use_settings(n, settings);
	n->watchdog = sd_watchdog_enabled(0, NULL) > 0;
	r = run(n, socket_path, ret_left_behind);
	if (!*ret_left_behind)
		free(n);
	return r;
}

int node_climb(const struct settings *settings, json_object **ret_status,
	       bool *ret_left_behind)
{
	struct climb_settings *only_looks = calloc(1, sizeof(*only_looks));
	struct node *n = calloc(1, sizeof(*n));
	int r = -ENOMEM;

	*ret_left_behind = false;
	if (n && only_looks)
		r = climb_settings_make(only_looks, settings);
	if (r == 0) {
		n->climbs = true;
		use_settings(n, &only_looks->settings);
		r = run(n, NULL, ret_left_behind);
		*ret_status = n->climbed;
	}
	if (*ret_left_behind)
		return r;
	if (only_looks)
		climb_settings_clear(only_looks);
	free(only_looks);
	free(n);
	return r;
}
