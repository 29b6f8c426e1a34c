// SPDX-License-Identifier: MIT
/* node_verbs.c — what the node tells about itself: on the control socket, at the broker
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "mqttnode/clock.h"
#include "mqttnode/log.h"
#include "mqttnode/report.h"
#include "mqttnode/text.h"

#include "node_internal.h"

struct report_sources node_sources(struct node *n)
{
	node_look_at_ladder(n);
	return (struct report_sources){
		.view = &n->view,
		.facts = n->facts,
		.pump = n->pump,
		.mqtt = n->mqtt,
		.publications = n->publications,
		.actions = n->actions,
		.display = n->display,
		.tap_tx_dropped = n->tx_dropped,
	};
}

static int answer_status(void *ctx, json_object *request, json_object *answer,
			 char *error, size_t error_size)
{
	const struct report_sources sources = node_sources(ctx);

	(void)request;
	(void)error;
	(void)error_size;
	report_status(&sources, answer);
	report_messages(&sources, answer);
	return 0;
}

static int answer_screen(void *ctx, json_object *request, json_object *answer,
			 char *error, size_t error_size)
{
	struct node *n = ctx;

	(void)request;
	if (!n->display) {
		text_format(error, error_size,
			    "no display is configured: oled.i2c is \"\"");
		return -ENODEV;
	}
	report_screen(n->display, answer);
	return 0;
}

static int answer_forget(void *ctx, json_object *request, json_object *answer,
			 char *error, size_t error_size)
{
	(void)request;
	return node_forget(ctx, answer, error, error_size);
}

static void describe_info(void *ctx, json_object *o)
{
	const struct report_sources sources = node_sources(ctx);

	report_info(&sources, o);
}

static void describe_health(void *ctx, json_object *o)
{
	const struct report_sources sources = node_sources(ctx);

	report_status(&sources, o);
}

static void describe_message(void *ctx, json_object *o)
{
	const struct report_sources sources = node_sources(ctx);

	report_message(&sources, o);
}

int node_publish(void *ctx, const struct mqtt_outgoing *message)
{
	const struct node *n = ctx;

	return mqtt_publish(n->mqtt, message);
}

int node_make_vitals(struct node *n, struct node_parts *p)
{
	const struct vitals_config config = {
		.base_topic = p->identity.base_topic,
		.info = p->settings->mqtt.info,
		.message = p->settings->mqtt.discovery[0],
		.health_interval_s = p->settings->mqtt.health_interval_s,
		.describe_info = describe_info,
		.describe_health = describe_health,
		.describe_message = describe_message,
		.publish = node_publish,
		.ctx = n,
	};

	return vitals_new(&p->vitals, &config);
}

bool node_is_online(struct node *n)
{
	struct mqtt_counters counters;

	mqtt_get_counters(n->mqtt, &counters);
	return counters.connects > counters.disconnects;
}

void node_turn_vitals(struct node *n)
{
	struct mqtt_counters counters;
	struct mqtt_last last;

	mqtt_get_counters(n->mqtt, &counters);
	if (mqtt_get_last(n->mqtt, &last, 1) > 0)
		vitals_message(n->vitals, last.number);
	vitals_turn(n->vitals, counters.connects > counters.disconnects,
		    counters.connects, clock_now_ns(&clock_system));
}

void node_socket_path(char *buf, size_t size)
{
	char dir[200];

	identity_directory("RUNTIME_DIRECTORY", IDENTITY_RUNTIME_DIRECTORY, dir,
			   sizeof(dir));
	text_format(buf, size, "%s/control", dir);
}

/* What systemd would have made; control_new() tells if it cannot be. */
static void make_directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char directory[256];

	if (!slash || slash == path)
		return;
	text_format(directory, sizeof(directory), "%.*s", (int)(slash - path), path);
	(void)mkdir(directory, 0755);
}

int node_make_control(struct node *n, const char *socket_path)
{
	char path[256];
	int r;

	if (socket_path)
		text_format(path, sizeof(path), "%s", socket_path);
	else
		node_socket_path(path, sizeof(path));
	if (!getenv("RUNTIME_DIRECTORY"))
		make_directory_of(path);
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
	r = control_add_verb(n->control, "status", answer_status, n);
	if (r == 0)
		r = control_add_verb(n->control, "screen", answer_screen, n);
	if (r == 0)
		r = control_add_verb(n->control, "forget", answer_forget, n);
	return r;
}
