// SPDX-License-Identifier: MIT
/* reload.c — what another configuration means for a daemon that runs */
#include "mqttnode/reload.h"

#include <string.h>

#include "mqttnode/cleanup.h"
#include "mqttnode/text.h"

/* The first row whose path begins a key says it all: longer ones come first. */
static const struct {
	const char *path;
	unsigned int parts;
} rows[] = {
	{ "log_level", RELOAD_LOG_LEVEL },
	/* Items of pages have subscriptions of their own, and a display has one. */
	{ "oled.i2c", RELOAD_SCREEN | RELOAD_SUBSCRIPTIONS | RELOAD_SELF },
	{ "oled", RELOAD_SCREEN | RELOAD_SUBSCRIPTIONS },
	{ "mqtt.publish", RELOAD_PUBLICATIONS | RELOAD_SELF },
	{ "mqtt.subscribe", RELOAD_ACTIONS | RELOAD_SUBSCRIPTIONS | RELOAD_SELF },
	{ "mqtt.spool", RELOAD_SUBSCRIPTIONS },
	{ "mqtt.fallback_charset", RELOAD_SCREEN | RELOAD_SUBSCRIPTIONS },
	{ "mqtt.discovery", RELOAD_SELF | RELOAD_SUBSCRIPTIONS },
	{ "mqtt.discovery_restart", RELOAD_SELF | RELOAD_SUBSCRIPTIONS },
	{ "mqtt.info", RELOAD_SELF },
	{ "mqtt.health_interval", RELOAD_SELF },
	{ "mqtt.reconnect_max", RELOAD_SUBSCRIPTIONS },
	{ "mqtt.status", RELOAD_CONNECTION | RELOAD_SELF },
	{ "mqtt.base_topic", RELOAD_CONNECTION | RELOAD_SELF },
	{ "mqtt.client_id", RELOAD_CONNECTION | RELOAD_SELF },
	{ "mqtt", RELOAD_CONNECTION },
};

unsigned int reload_parts_of_key(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t len = strlen(rows[i].path);

		if (strncmp(path, rows[i].path, len) == 0 &&
		    (path[len] == '\0' || path[len] == '.' || path[len] == '['))
			return rows[i].parts;
	}
	return RELOAD_RESTART;
}

struct plan {
	unsigned int parts;
	void (*on_restart)(void *ctx, const char *path);
	void *ctx;
};

static void on_other_than_now(void *ctx, const char *path)
{
	struct plan *plan = ctx;

	plan->parts |= reload_parts_of_key(path) & ~(unsigned int)RELOAD_RESTART;
}

static void on_other_than_at_start(void *ctx, const char *path)
{
	struct plan *plan = ctx;

	if (!(reload_parts_of_key(path) & RELOAD_RESTART))
		return;
	plan->parts |= RELOAD_RESTART;
	plan->on_restart(plan->ctx, path);
}

unsigned int reload_plan(const struct settings *start, const struct settings *from,
			 const struct settings *to,
			 void (*on_restart)(void *ctx, const char *path), void *ctx)
{
	struct plan plan = { .on_restart = on_restart, .ctx = ctx };

	settings_compare(from, to, on_other_than_now, &plan);
	settings_compare(start, to, on_other_than_at_start, &plan);
	return plan.parts;
}

char *reload_describe(unsigned int plan, char *buf, size_t size)
{
	static const struct {
		unsigned int part;
		const char *name;
	} names[] = {
		{ RELOAD_PUBLICATIONS, "publications" },
		{ RELOAD_ACTIONS, "subscriptions" },
		{ RELOAD_CONNECTION, "broker" },
		{ RELOAD_SCREEN, "screen" },
		{ RELOAD_LOG_LEVEL, "log level" },
	};
	size_t used = 0;

	text_format(buf, size, "details");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!(plan & names[i].part))
			continue;
		text_format(buf + used, size - used, "%s%s", used ? ", " : "",
			    names[i].name);
		used += strlen(buf + used);
	}
	return buf;
}
