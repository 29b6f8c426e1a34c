// SPDX-License-Identifier: MIT
/* cli_layout.c — the daemon's status as text for a terminal */
#include "mqttnode/cli_layout.h"

#include <inttypes.h>
#include <stdint.h>
#include <string.h>

#include "mqttnode/cleanup.h"
#include "mqttnode/text.h"

struct layout {
	FILE *out;
	json_object *now;
	json_object *before;
	double seconds;
	bool colour;
};

/* Counters that stand in a line of their own, and numbers that count nothing. */
static const char *const shown[] = {
	"chip.spi_bufsiz",	  "chip.spi_speed_hz",
	"chip.link_mbit",	  "chip.counters.rx_frames",
	"chip.counters.rx_bytes", "chip.counters.tx_frames",
	"chip.counters.tx_bytes", "chip.counters.bus_messages",
	"mqtt.published",	  "mqtt.received",
	"mqtt.status_sent",	  "mqtt.status_heard",
	"mqtt.connects",	  "mqtt.backlog",
	"mqtt.spool.messages",	  "mqtt.spool.bytes",
	"mqtt.spool.on_disk",	  "publications.composed",
	"node.prefix_length",	  "uptime_s",
};

/* --- values ---------------------------------------------------------------- */

/* What stands at @path, names joined by dots, or NULL. */
static json_object *find(json_object *o, const char *path)
{
	char name[64];

	while (o && *path) {
		size_t len = strcspn(path, ".");

		text_format(name, sizeof(name), "%.*s", (int)len, path);
		if (!json_object_is_type(o, json_type_object) ||
		    !json_object_object_get_ex(o, name, &o))
			return NULL;
		path += len + (path[len] == '.');
	}
	return o;
}

static uint64_t number(const struct layout *l, const char *path)
{
	return json_object_get_uint64(find(l->now, path));
}

static bool is_true(const struct layout *l, const char *path)
{
	return json_object_get_boolean(find(l->now, path));
}

/* Of a list; 0 of anything else. */
static size_t length(json_object *list)
{
	return json_object_is_type(list, json_type_array) ? json_object_array_length(list)
							  : 0;
}

/* Text from the daemon, which has escaped what came from elsewhere, made safe for a
 * terminal; "" if there is none.
 */
static const char *escaped(json_object *value, char *buf, size_t size)
{
	if (!json_object_is_type(value, json_type_string))
		return "";
	return text_escape_rest(buf, size, json_object_get_string(value));
}

static const char *string(json_object *o, const char *path, char *buf, size_t size)
{
	return escaped(find(o, path), buf, size);
}

/* How much a counter grew a second. */
static double rate(const struct layout *l, const char *path)
{
	uint64_t before = json_object_get_uint64(find(l->before, path));
	uint64_t now = number(l, path);

	/* After a restart of the daemon it is smaller. */
	if (now < before || l->seconds <= 0)
		return 0;
	return (double)(now - before) / l->seconds;
}

/* --- numbers as people write them ------------------------------------------- */

static const char *span(uint64_t s, char *buf, size_t size)
{
	if (s < 60)
		return text_format(buf, size, "%" PRIu64 " s", s);
	if (s < 3600)
		return text_format(buf, size, "%" PRIu64 " min", s / 60);
	if (s < UINT64_C(48) * 3600)
		return text_format(buf, size, "%" PRIu64 " h %" PRIu64 " min", s / 3600,
				   s / 60 % 60);
	return text_format(buf, size, "%" PRIu64 " days", s / 86400);
}

static const char *bytes(double n, char *buf, size_t size)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
	size_t unit = 0;

	while (n >= 1000 && unit + 1 < ARRAY_SIZE(units)) {
		n /= 1000;
		unit++;
	}
	return text_format(buf, size, unit == 0 ? "%.0f %s" : "%.1f %s", n, units[unit]);
}

/* --- lines ------------------------------------------------------------------ */

static void heading(const struct layout *l)
{
	char host[128], version[64], up[32];
	bool online = is_true(l, "online");

	fprintf(l->out, "%smqttnode %s on %s, up %s: %s%s\n\n",
		l->colour ? (online ? "\033[1;32m" : "\033[1;31m") : "",
		string(l->now, "version", version, sizeof(version)),
		string(l->now, "node.hostname", host, sizeof(host)),
		span(number(l, "uptime_s"), up, sizeof(up)),
		online ? "online" : "not online", l->colour ? "\033[0m" : "");
}

static const char *colour_of(const struct layout *l, const char *state)
{
	if (!l->colour)
		return "";
	if (strcmp(state, "ok") == 0)
		return "\033[32m";
	if (strcmp(state, "failed") == 0)
		return "\033[1;31m";
	if (strcmp(state, "trying") == 0)
		return "\033[33m";
	return "\033[2m";
}

static void ladder(const struct layout *l)
{
	json_object *rungs = find(l->now, "ladder");

	for (size_t i = 0; i < length(rungs); i++) {
		json_object *rung = json_object_array_get_idx(rungs, i);
		char name[32], state[32], text[400], since[32];

		(void)string(rung, "state", state, sizeof(state));
		fprintf(l->out, "  %s%-8s %-8s%s %s (%s)\n", colour_of(l, state),
			string(rung, "rung", name, sizeof(name)), state,
			l->colour ? "\033[0m" : "",
			string(rung, "text", text, sizeof(text)),
			span(json_object_get_uint64(find(rung, "since_s")), since,
			     sizeof(since)));
	}
	fputc('\n', l->out);
}

static void address(const struct layout *l)
{
	json_object *list = find(l->now, "node.addresses6");
	char ip[64], gateway[64], interface[32], mac[32];

	(void)string(l->now, "node.address", ip, sizeof(ip));
	(void)string(l->now, "node.gateway", gateway, sizeof(gateway));
	fprintf(l->out, "Address   ");
	if (ip[0])
		fprintf(l->out, "%s/%" PRIu64 ", ", ip, number(l, "node.prefix_length"));
	if (gateway[0])
		fprintf(l->out, "gateway %s, ", gateway);
	fprintf(l->out, "%s %s\n",
		string(l->now, "node.interface", interface, sizeof(interface)),
		string(l->now, "node.mac", mac, sizeof(mac)));
	for (size_t i = 0; i < length(list); i++)
		fprintf(l->out, "          %s\n",
			escaped(json_object_array_get_idx(list, i), ip, sizeof(ip)));
}

static void link_line(const struct layout *l)
{
	fprintf(l->out, "Link      ");
	if (is_true(l, "chip.link"))
		fprintf(l->out, "%" PRIu64 " Mbit/s %s duplex, ",
			number(l, "chip.link_mbit"),
			is_true(l, "chip.full_duplex") ? "full" : "half");
	else
		fprintf(l->out, "none, ");
	fprintf(l->out, "SPI at %.2f MHz, %s\n",
		(double)number(l, "chip.spi_speed_hz") / 1e6,
		is_true(l, "chip.interrupt_works") ? "interrupt line" : "polling");
}

static void traffic(const struct layout *l, const char *title, const char *frames,
		    const char *octets)
{
	char total[32], speed[32];

	fprintf(l->out, "%-9s %" PRIu64 " frames, %s; %.0f frames/s, %s/s\n", title,
		number(l, frames), bytes((double)number(l, octets), total, sizeof(total)),
		rate(l, frames), bytes(rate(l, octets), speed, sizeof(speed)));
}

static void broker(const struct layout *l)
{
	char id[128];

	fprintf(l->out,
		"Broker    as %s; published %" PRIu64 " (%.1f/s), received %" PRIu64
		" (%.1f/s), waiting %" PRIu64 ", connected %" PRIu64 " times\n",
		string(l->now, "node.client_id", id, sizeof(id)),
		number(l, "mqtt.published"), rate(l, "mqtt.published"),
		number(l, "mqtt.received"), rate(l, "mqtt.received"),
		number(l, "mqtt.backlog"), number(l, "mqtt.connects"));
}

/* What waits for the broker, and why the disk does not help. */
static void spool(const struct layout *l)
{
	char size[32], error[128];

	if (!find(l->now, "mqtt.spool"))
		return;
	(void)string(l->now, "mqtt.spool.disk_error", error, sizeof(error));
	fprintf(l->out,
		"Spool     %" PRIu64 " messages, %s; %" PRIu64 " on the disk%s%s\n",
		number(l, "mqtt.spool.messages"),
		bytes((double)number(l, "mqtt.spool.bytes"), size, sizeof(size)),
		number(l, "mqtt.spool.on_disk"), error[0] ? ", which fails: " : "",
		error);
}

static void messages(const struct layout *l)
{
	json_object *list = find(l->now, "messages");

	for (size_t i = 0; i < length(list); i++) {
		json_object *message = json_object_array_get_idx(list, i);
		char topic[300], payload[300], ago[32];

		fprintf(l->out, "%-9s %s: %s (%s)\n", i == 0 ? "Messages" : "",
			string(message, "topic", topic, sizeof(topic)),
			string(message, "payload", payload, sizeof(payload)),
			span(json_object_get_uint64(find(message, "ago_s")), ago,
			     sizeof(ago)));
	}
}

static bool is_shown(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(shown); i++)
		if (strcmp(path, shown[i]) == 0)
			return true;
	return false;
}

/* Every number below @o that is not zero and not told above, with its path. */
static void others(const struct layout *l, json_object *o, const char *prefix,
		   bool *first)
{
	json_object_object_foreach(o, key, value)
	{
		char path[160], word[80];

		text_format(path, sizeof(path), "%s%s%s", prefix, prefix[0] ? "." : "",
			    text_escape_str(word, sizeof(word), key));
		if (json_object_is_type(value, json_type_object)) {
			others(l, value, path, first);
			continue;
		}
		if (!json_object_is_type(value, json_type_int) || is_shown(path) ||
		    json_object_get_uint64(value) == 0)
			continue;
		if (*first)
			fprintf(l->out,
				"\nCounters that are not zero, see mqttnode(8):\n");
		*first = false;
		fprintf(l->out, "  %-40s %" PRIu64 "\n", path,
			json_object_get_uint64(value));
	}
}

void cli_layout_status(FILE *out, json_object *now, json_object *before, double seconds,
		       bool colour)
{
	const struct layout l = {
		.out = out,
		.now = now,
		.before = before,
		.seconds = seconds,
		.colour = colour,
	};
	bool first = true;

	heading(&l);
	ladder(&l);
	address(&l);
	link_line(&l);
	traffic(&l, "Received", "chip.counters.rx_frames", "chip.counters.rx_bytes");
	traffic(&l, "Sent", "chip.counters.tx_frames", "chip.counters.tx_bytes");
	fprintf(out, "Bus       %" PRIu64 " calls; %.0f calls/s\n",
		number(&l, "chip.counters.bus_messages"),
		rate(&l, "chip.counters.bus_messages"));
	broker(&l);
	spool(&l);
	messages(&l);
	others(&l, now, "", &first);
}
