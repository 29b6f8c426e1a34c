// SPDX-License-Identifier: MIT
/*
 * node.c — the running daemon: owns every object, starts, wires and stops them
 *
 * Theory of operation
 *
 * Five threads share almost nothing: main runs an event loop and owns all that
 * is here; pump, mqtt, display and log have one file each. News travels up to
 * main by event descriptors and callbacks, requests travel down by calls that
 * never wait. main itself waits for nothing but its event loop.
 *
 * Start: signals are blocked and the C library is told where to look up names
 * before any thread exists; objects are made from the bottom up; the threads
 * start when everything is wired. READY is sent when the TAP exists and the
 * threads run: missing hardware is a rung of the ladder, not a reason not to
 * start.
 *
 * Stop: the broker needs the network and the network needs the pump, so it is
 * taken down from the top, each step with a limit: "offline" and DISCONNECT,
 * release of the lease, pump, interface and rules, display, log. A thread that
 * is stuck in the resolver or on the I2C bus is not waited for: its objects are
 * left alone and the process exits.
 *
 * The systemd watchdog is fed while the pump's heartbeat moves, and for no
 * other reason: a dead broker must never restart the daemon.
 */
#include "mqttnode/node.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "mqttnode/announce.h"
#include "mqttnode/clock.h"
#include "mqttnode/control.h"
#include "mqttnode/display.h"
#include "mqttnode/facts.h"
#include "mqttnode/fd.h"
#include "mqttnode/identity.h"
#include "mqttnode/ladder.h"
#include "mqttnode/log.h"
#include "mqttnode/mqtt.h"
#include "mqttnode/names.h"
#include "mqttnode/notify.h"
#include "mqttnode/pages.h"
#include "mqttnode/pump.h"
#include "mqttnode/queue.h"
#include "mqttnode/report.h"
#include "mqttnode/rungs.h"
#include "mqttnode/text.h"
#include "mqttnode/uplink.h"

#define TICK_US		UINT64_C(1000000)
#define MQTT_STOP_MS	1500
#define UPLINK_STOP_MS	500
#define DISPLAY_STOP_MS 300
#define INBOX_MAX	64

/* A limit is not a good moment to wait for others to wake up with (sd_event: 250 ms). */
#define LIMIT_ACCURACY_US 1000

struct node {
	const struct settings *settings; /* borrowed */
	sd_event *event;
	struct ladder *ladder;
	struct facts *facts;
	struct facts_view self; /* main's copy */
	struct identity identity;

	struct display *display; /* NULL: none configured */
	struct pages *pages;	 /* as display */
	struct pump *pump;
	struct queue *inbox; /* as display: nobody else shows messages */
	struct mqtt *mqtt;
	struct uplink *uplink;
	struct uplink_events uplink_events;
	struct control *control;
	struct notifier *notifier;

	struct announcer announcer;
	struct rungs_chip chip;
	bool link_up;
	char hint[sizeof(((struct pump_status *)NULL)->hint)];

	sd_event_source *tick;
	uint64_t heartbeat;
	uint64_t tx_dropped;
	bool watchdog;
	enum { NODE_RUNNING, NODE_STOPPING_MQTT, NODE_STOPPING_UPLINK } phase;
};

/* --- news from below --------------------------------------------------- */

static void look_at_ladder(struct node *n)
{
	struct ladder_view view;

	ladder_view(n->ladder, &view);
	announce(&n->announcer, n->notifier, &view);
	if (n->pages)
		pages_update(n->pages, &view);
}

static int on_ladder(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	(void)source;
	(void)revents;
	(void)fd_event_clear(fd);
	look_at_ladder(userdata);
	return 0;
}

static void look_at_chip(struct node *n)
{
	struct pump_status status;

	pump_get_status(n->pump, &status);
	rungs_report_chip(&n->chip, n->ladder, &n->settings->ethernet, &status,
			  clock_now_ns(&clock_system));
	if (strcmp(status.hint, n->hint) != 0) {
		memcpy(n->hint, status.hint, sizeof(n->hint));
		if (n->hint[0])
			log_warning("%s", n->hint);
	}
	if (status.link_up == n->link_up)
		return;
	n->link_up = status.link_up;
	mqtt_set_link(n->mqtt, n->link_up);
	uplink_link(n->uplink, n->link_up);
}

static int on_pump(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct node *n = userdata;

	(void)source;
	(void)revents;
	(void)fd_event_clear(fd);
	if (pump_tap_lost(n->pump))
		uplink_tap_lost(n->uplink);
	look_at_chip(n);
	return 0;
}

static void on_tap(void *ctx, int fd)
{
	struct node *n = ctx;

	pump_set_tap(n->pump, fd);
}

static void on_lease(void *ctx, const struct lease *lease)
{
	static const struct lease none;
	struct node *n = ctx;

	rungs_report_lease(n->ladder, n->settings->network.method, lease);
	if (!lease)
		lease = &none;
	n->self.address = lease->address;
	n->self.prefix_len = lease->prefix_len;
	n->self.gateway = lease->gateway;
	facts_set(n->facts, &n->self);
	mqtt_set_address(n->mqtt, lease->address);
}

static void on_trouble(void *ctx, bool failed, const char *cause)
{
	struct node *n = ctx;

	rungs_report_trouble(n->ladder, failed, cause);
}

static void on_gateway(void *ctx, enum gateway_state state, struct in_addr gateway)
{
	struct node *n = ctx;

	rungs_report_gateway(n->ladder, state, gateway);
}

static int on_inbox(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct mqtt_message *message, *newest = NULL;
	struct node *n = userdata;

	(void)source;
	(void)fd;
	(void)revents;
	/* Not for ever: a flood must not keep main from the rest, the watchdog too. */
	for (int i = 0; i < INBOX_MAX && (message = queue_pop(n->inbox)); i++) {
		if (!(message->actions & SUBSCRIPTION_OLED)) {
			mqtt_message_free(message);
			continue;
		}
		mqtt_message_free(newest);
		newest = message;
	}
	if (newest)
		pages_show_message(n->pages, newest->topic, newest->payload, newest->len);
	mqtt_message_free(newest);
	return 0;
}

/* --- once a second ------------------------------------------------------- */

static void feed_watchdog(struct node *n)
{
	uint64_t heartbeat = pump_heartbeat(n->pump);

	if (heartbeat == n->heartbeat)
		return;
	n->heartbeat = heartbeat;
	if (n->watchdog)
		notifier_watchdog(n->notifier);
}

static void watch_kernel_drops(struct node *n)
{
	static struct log_limit limit = { .interval_s = 60, .burst = 1 };
	uint64_t dropped = uplink_tx_dropped(n->uplink);
	unsigned int held;

	/* Without a carrier the kernel drops what is sent: that is no news. */
	if (dropped > n->tx_dropped && n->link_up && log_allow(&limit, &held))
		log_warning(
			"The kernel dropped %llu frames on %s: more was sent than the "
			"bus carries",
			(unsigned long long)(dropped - n->tx_dropped),
			n->settings->ethernet.interface);
	n->tx_dropped = dropped;
}

static int on_tick(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct node *n = userdata;

	(void)usec;
	feed_watchdog(n);
	notifier_flush(n->notifier);
	watch_kernel_drops(n);
	if (n->chip.settling)
		look_at_chip(n);
	(void)sd_event_source_set_time_relative(source, TICK_US);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

/* --- stop ---------------------------------------------------------------- */

static void stop_uplink(struct node *n)
{
	if (n->phase != NODE_STOPPING_MQTT)
		return;
	n->phase = NODE_STOPPING_UPLINK;
	uplink_stop(n->uplink, UPLINK_STOP_MS);
}

static void on_uplink_stopped(void *ctx)
{
	struct node *n = ctx;

	(void)sd_event_exit(n->event, 0);
}

static int on_mqtt_ended(sd_event_source *source, int fd, uint32_t revents,
			 void *userdata)
{
	(void)fd;
	(void)revents;
	(void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
	stop_uplink(userdata);
	return 0;
}

static int on_mqtt_limit(sd_event_source *source, uint64_t usec, void *userdata)
{
	(void)source;
	(void)usec;
	stop_uplink(userdata);
	return 0;
}

static int on_terminate(sd_event_source *source, const struct signalfd_siginfo *si,
			void *userdata)
{
	struct node *n = userdata;

	(void)source;
	if (n->phase != NODE_RUNNING)
		return 0;
	n->phase = NODE_STOPPING_MQTT;
	notifier_stopping(n->notifier);
	notifier_status(n->notifier, "stopping");
	(void)log_event(LOG_INFO, "stopping", "Stopping on %s",
			si->ssi_signo == SIGTERM ? "SIGTERM" : "SIGINT");
	mqtt_stop(n->mqtt, MQTT_STOP_MS);
	return sd_event_add_time_relative(n->event, NULL, CLOCK_MONOTONIC,
					  (MQTT_STOP_MS + 100) * UINT64_C(1000),
					  LIMIT_ACCURACY_US, on_mqtt_limit, n);
}

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *si,
		     void *userdata)
{
	(void)source;
	(void)si;
	(void)userdata;
	log_warning(
		"SIGHUP: reloading is not supported in this version, restart instead");
	return 0;
}

/* --- start --------------------------------------------------------------- */

static int make_mqtt(struct node *n)
{
	char error[256] = "", warning[256] = "";
	char *password = NULL;
	int r;

	r = settings_read_password(&n->settings->mqtt, &password, error, sizeof(error),
				   warning, sizeof(warning));
	if (r < 0)
		return log_error_errno(r, "%s", error);
	if (warning[0])
		log_warning("%s", warning);
	if (n->display)
		r = queue_new(&n->inbox, INBOX_MAX, mqtt_message_free);
	if (r == 0)
		r = mqtt_new(&n->mqtt, &n->settings->mqtt, n->self.client_id,
			     n->identity.base_topic, password, n->ladder, n->facts,
			     n->inbox);
	if (password)
		explicit_bzero(password, strlen(password));
	free(password);
	if (r < 0)
		return log_error_errno(r, "Cannot set up MQTT: %m");
	return 0;
}

static int make_display(struct node *n)
{
	int r;

	if (!n->settings->oled.i2c[0])
		return 0;
	r = display_new(&n->display, &n->settings->oled, &clock_system);
	if (r < 0)
		return r;
	return pages_new(&n->pages, n->event, n->display, n->facts, &n->settings->oled);
}

static int answer_status(void *ctx, json_object *request, json_object *answer,
			 char *error, size_t error_size)
{
	struct node *n = ctx;
	const struct report_sources sources = {
		.ladder = n->ladder,
		.facts = n->facts,
		.pump = n->pump,
		.mqtt = n->mqtt,
		.display = n->display,
		.tap_tx_dropped = n->tx_dropped,
	};

	(void)request;
	(void)error;
	(void)error_size;
	report_status(&sources, answer);
	return 0;
}

void node_socket_path(char *buf, size_t size)
{
	char dir[200];

	identity_directory("RUNTIME_DIRECTORY", "/run/mqttnode", dir, sizeof(dir));
	text_format(buf, size, "%s/control", dir);
}

static int make_control(struct node *n, const char *socket_path)
{
	char path[256];
	int r;

	if (socket_path) {
		text_format(path, sizeof(path), "%s", socket_path);
	} else {
		node_socket_path(path, sizeof(path));
		if (!getenv("RUNTIME_DIRECTORY"))
			(void)mkdir("/run/mqttnode", 0755); /* control_new() tells */
	}
	r = control_new(&n->control, n->event, path);
	if (r == -EADDRINUSE)
		return log_error_errno(r,
				       "Another mqttnode is running and has %s: stop it, "
				       "or give this one its own --socket and interface",
				       path);
	if (r < 0) {
		(void)log_warning_errno(r,
					"Cannot listen on %s: %m; \"mqttnode status\" "
					"will not reach this daemon",
					path);
		return 0;
	}
	return control_add_verb(n->control, "status", answer_status, n);
}

/* Calls @handler when @fd is readable. The event loop owns the source. 0 or -errno. */
static int watch(struct node *n, int fd, sd_event_io_handler_t handler, const char *what)
{
	sd_event_source *source;
	int r;

	r = sd_event_add_io(n->event, &source, fd, EPOLLIN, handler, n);
	if (r < 0)
		return r;
	(void)sd_event_source_set_description(source, what);
	(void)sd_event_source_set_floating(source, true);
	sd_event_source_unref(source);
	return 0;
}

static int wire(struct node *n)
{
	int r;

	r = watch(n, ladder_event_fd(n->ladder), on_ladder, "ladder");
	if (r == 0)
		r = watch(n, pump_event_fd(n->pump), on_pump, "pump");
	if (r == 0 && n->inbox)
		r = watch(n, queue_fd(n->inbox), on_inbox, "inbox");
	if (r == 0)
		r = watch(n, mqtt_event_fd(n->mqtt), on_mqtt_ended, "mqtt ended");
	if (r < 0)
		return r;
	r = sd_event_add_time_relative(n->event, &n->tick, CLOCK_MONOTONIC, TICK_US, 0,
				       on_tick, n);
	if (r < 0)
		return r;
	(void)sd_event_source_set_description(n->tick, "tick");
	r = sd_event_add_signal(n->event, NULL, SIGTERM, on_terminate, n);
	if (r >= 0)
		r = sd_event_add_signal(n->event, NULL, SIGINT, on_terminate, n);
	if (r >= 0)
		r = sd_event_add_signal(n->event, NULL, SIGHUP, on_hangup, n);
	return r < 0 ? r : 0;
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
		r = make_display(n);
	}
	if (r == 0)
		r = pump_new(&n->pump, &s->ethernet, n->self.mac, &clock_system);
	if (r < 0)
		return log_error_errno(r, "Cannot start: %m");
	r = make_mqtt(n);
	if (r < 0)
		return r;
	r = make_control(n, socket_path);
	if (r < 0)
		return r;
	n->uplink_events = (struct uplink_events){
		.ctx = n,
		.on_tap = on_tap,
		.on_lease = on_lease,
		.on_trouble = on_trouble,
		.on_gateway = on_gateway,
		.on_stopped = on_uplink_stopped,
	};
	rungs_report_lease(n->ladder, s->network.method, NULL);
	r = uplink_new(&n->uplink, n->event, s->ethernet.interface, n->self.mac,
		       n->self.hostname, &s->network, &n->uplink_events);
	if (r < 0)
		return r;
	r = wire(n);
	if (r < 0)
		return log_error_errno(r, "Cannot set up the event loop: %m");
	return 0;
}

static int start_threads(struct node *n)
{
	int r;

	r = pump_start(n->pump);
	if (r == 0)
		r = mqtt_start(n->mqtt);
	if (r == 0 && n->display)
		r = display_start(n->display);
	if (r < 0)
		return log_error_errno(r, "Cannot start a thread: %m");
	return 0;
}

/* Takes everything down that is left; returns whether a thread had to be left behind. */
static bool take_down(struct node *n)
{
	bool left_behind = false;

	if (n->pump)
		pump_stop(n->pump);
	n->uplink = uplink_free(n->uplink);
	n->pump = pump_free(n->pump);
	n->control = control_free(n->control);
	n->notifier = notifier_free(n->notifier);
	if (n->display) {
		display_stop(n->display);
		left_behind = !display_joined(n->display, DISPLAY_STOP_MS);
	}
	left_behind = (n->mqtt && !mqtt_joined(n->mqtt)) || left_behind;
	if (left_behind)
		return true;
	n->mqtt = mqtt_free(n->mqtt);
	n->inbox = queue_free(n->inbox);
	n->pages = pages_free(n->pages);
	n->display = display_free(n->display);
	n->facts = facts_free(n->facts);
	n->ladder = ladder_free(n->ladder);
	n->tick = sd_event_source_disable_unref(n->tick);
	n->event = sd_event_unref(n->event);
	return false;
}

static void prepare_process(const struct settings *settings)
{
	sigset_t blocked;

	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigemptyset(&blocked);
	(void)sigaddset(&blocked, SIGTERM);
	(void)sigaddset(&blocked, SIGINT);
	(void)sigaddset(&blocked, SIGHUP);
	(void)sigaddset(&blocked, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &blocked, NULL);
	if (!settings->network.dns_system)
		names_setup();
}

int node_run(const struct settings *settings, const char *socket_path,
	     bool *ret_left_behind)
{
	struct node *n;
	int r;

	*ret_left_behind = false;
	n = calloc(1, sizeof(*n));
	if (!n)
		return log_error_errno(-ENOMEM, "Cannot start: %m");
	n->settings = settings;
	n->watchdog = sd_watchdog_enabled(0, NULL) > 0;
	prepare_process(settings);
	r = log_start();
	if (r < 0)
		log_warning("Cannot start the log thread, logging may block");

	r = make_all(n, socket_path);
	if (r == 0)
		r = start_threads(n);
	if (r == 0) {
		look_at_chip(n);
		look_at_ladder(n);
		notifier_ready(n->notifier);
		r = sd_event_loop(n->event);
		if (r < 0)
			log_error_errno(r, "The event loop failed: %m");
	}

	*ret_left_behind = take_down(n);
	if (r == 0)
		(void)log_event(LOG_INFO, "stopped", "Stopped");
	log_stop();
	if (!*ret_left_behind)
		free(n);
	return r;
}
