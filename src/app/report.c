// SPDX-License-Identifier: MIT
/* report.c — the running daemon as JSON */
#include "mqttnode/report.h"

#include <arpa/inet.h>
#include <string.h>
#include <time.h>

#include <systemd/sd-id128.h>

#include "mqttnode/canvas.h"
#include "mqttnode/clock.h"
#include "mqttnode/log.h"
#include "mqttnode/mac.h"
#include "mqttnode/version.h"

static void add_string(json_object *o, const char *key, const char *value)
{
	json_object_object_add(o, key, json_object_new_string(value));
}

static void add_number(json_object *o, const char *key, uint64_t value)
{
	json_object_object_add(o, key, json_object_new_uint64(value));
}

static void add_bool(json_object *o, const char *key, bool value)
{
	json_object_object_add(o, key, json_object_new_boolean(value));
}

static void add_address(json_object *o, const char *key, struct in_addr address)
{
	char text[INET_ADDRSTRLEN];

	if (address.s_addr)
		add_string(o, key, inet_ntop(AF_INET, &address, text, sizeof(text)));
	else
		json_object_object_add(o, key, NULL);
}

/* Addresses of IPv6 with the link-local one, as texts. */
static json_object *addresses6_json(const struct facts_view *facts)
{
	json_object *list = json_object_new_array();
	char text[IP_TEXT_SIZE];

	for (size_t i = 0; i < facts->n_addresses6; i++)
		json_object_array_add(list, json_object_new_string(ip_text(
						    &facts->addresses6[i], text)));
	return list;
}

static void add_node(json_object *o, const struct facts_view *facts)
{
	char mac[MAC_TEXT_SIZE];

	add_string(o, "hostname", facts->hostname);
	add_string(o, "client_id", facts->client_id);
	add_string(o, "interface", facts->interface);
	add_string(o, "mac", mac_format(facts->mac, mac));
	add_address(o, "address", facts->address);
	add_number(o, "prefix_length", facts->prefix_len);
	add_address(o, "gateway", facts->gateway);
	json_object_object_add(o, "addresses6", addresses6_json(facts));
}

static json_object *node_json(const struct facts_view *facts)
{
	json_object *o = json_object_new_object();

	add_node(o, facts);
	return o;
}

/* The time @ago_s before now. */
static void add_time(json_object *o, const char *key, uint64_t ago_s)
{
	time_t when = time(NULL) - (time_t)ago_s;
	char text[32] = "";
	struct tm tm;

	if (gmtime_r(&when, &tm))
		(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	add_string(o, key, text);
}

void report_info(const struct report_sources *sources, json_object *answer)
{
	char boot_id[SD_ID128_STRING_MAX] = "";
	struct facts_view facts;
	sd_id128_t id;

	facts_get(sources->facts, &facts);
	if (sd_id128_get_boot(&id) >= 0)
		(void)sd_id128_to_string(id, boot_id);
	add_string(answer, "version", MQTTNODE_VERSION);
	add_string(answer, "boot_id", boot_id);
	add_time(answer, "since",
		 (clock_now_ns(&clock_system) - facts.started_ns) / NSEC_PER_SEC);
	add_node(answer, &facts);
}

static json_object *ladder_json(const struct ladder_view *view, uint64_t now)
{
	json_object *list = json_object_new_array();

	for (int i = 0; i < RUNGS; i++) {
		const struct rung_status *rung = &view->rungs[i];
		json_object *o = json_object_new_object();

		add_string(o, "rung", rung_to_string((enum rung)i));
		add_string(o, "state", rung_state_to_string(rung->state));
		add_string(o, "text", rung->text);
		add_string(o, "cause_id", cause_to_string(rung->cause));
		add_number(o, "since_s", (now - rung->since_ns) / NSEC_PER_SEC);
		json_object_array_add(list, o);
	}
	return list;
}

static json_object *chip_json(struct pump *pump, uint64_t tap_tx_dropped)
{
	static const char *const states[] = {
		[CHIP_STATE_ABSENT] = "absent",
		[CHIP_STATE_STARTING] = "starting",
		[CHIP_STATE_RUNNING] = "running",
		[CHIP_STATE_RECOVERING] = "recovering",
	};
	json_object *o = json_object_new_object();
	json_object *n = json_object_new_object();
	struct pump_counters counters;
	struct pump_status status;

	pump_get_status(pump, &status);
	pump_get_counters(pump, &counters);
	add_string(o, "state", states[status.chip]);
	add_string(o, "cause", status.cause);
	add_string(o, "cause_id", cause_to_string(status.cause_id));
	add_string(o, "hint", status.hint);
	add_string(o, "hint_id", cause_to_string(status.hint_id));
	add_number(o, "spi_bufsiz", status.spi_bufsiz);
	add_number(o, "spi_speed_hz", status.spi_speed_hz);
	add_bool(o, "interrupt_works", status.interrupt_works);
	add_bool(o, "link", status.link_up);
	add_number(o, "link_mbit", status.link_up ? status.link_mbit : 0);
	add_bool(o, "full_duplex", status.link_up && status.full_duplex);
#define COUNTER(name) add_number(n, #name, counters.name)
	COUNTER(rx_frames);
	COUNTER(rx_bytes);
	COUNTER(tx_frames);
	COUNTER(tx_bytes);
	COUNTER(rx_dropped_filter);
	COUNTER(rx_dropped_tap);
	COUNTER(rx_overflow_suspected);
	COUNTER(rx_ring_lost);
	COUNTER(rx_header_bad);
	COUNTER(rx_window_bad);
	COUNTER(tx_dropped_link);
	COUNTER(tx_dropped_chip);
	COUNTER(tx_dropped_size);
	COUNTER(tx_send_repeated);
	COUNTER(bus_messages);
	COUNTER(bus_errors);
	COUNTER(bus_garbled);
	COUNTER(clock_lowered);
	COUNTER(clock_retried);
	COUNTER(tap_lost);
	COUNTER(link_changes);
	COUNTER(recover_resync);
	COUNTER(recover_reopen);
	COUNTER(recover_soft_reset);
	COUNTER(recover_hard_reset);
	COUNTER(recover_probe);
	COUNTER(chip_lost);
	COUNTER(interrupt_missed);
#undef COUNTER
	add_number(n, "tx_dropped_kernel", tap_tx_dropped);
	json_object_object_add(o, "counters", n);
	return o;
}

static json_object *spool_json(const struct spool_status *status)
{
	json_object *o = json_object_new_object();

#define COUNTER(name) add_number(o, #name, status->name)
	COUNTER(messages);
	COUNTER(bytes);
	COUNTER(on_disk);
	COUNTER(disk_bytes_written);
	COUNTER(dropped_full);
	COUNTER(dropped_age);
	COUNTER(dropped_expired);
	COUNTER(dropped_error);
	COUNTER(dropped_memory);
#undef COUNTER
	if (status->disk_error)
		add_string(o, "disk_error", strerror(status->disk_error));
	else
		json_object_object_add(o, "disk_error", NULL);
	return o;
}

static json_object *mqtt_json(struct mqtt *mqtt)
{
	json_object *o = json_object_new_object();
	struct mqtt_counters counters;

	mqtt_get_counters(mqtt, &counters);
#define COUNTER(name) add_number(o, #name, counters.name)
	COUNTER(connects);
	COUNTER(connect_failures);
	COUNTER(disconnects);
	COUNTER(taken_over);
	COUNTER(published);
	COUNTER(dropped_offline);
	COUNTER(dropped_stalled);
	COUNTER(dropped_handover);
	COUNTER(dropped_unfit);
	COUNTER(refused);
	COUNTER(status_corrected);
	COUNTER(status_sent);
	COUNTER(status_heard);
	COUNTER(received);
	COUNTER(received_oversize);
	COUNTER(received_unexpected);
	COUNTER(received_queue_full);
	COUNTER(backlog);
#undef COUNTER
	json_object_object_add(o, "spool", spool_json(&counters.spool));
	return o;
}

static json_object *publications_json(struct publications *publications)
{
	json_object *o = json_object_new_object();
	struct publications_counters counters;

	publications_get_counters(publications, &counters);
#define COUNTER(name) add_number(o, #name, counters.name)
	COUNTER(composed);
	COUNTER(missed);
	COUNTER(failed);
#undef COUNTER
	return o;
}

static json_object *actions_json(struct actions *actions)
{
	json_object *o = json_object_new_object();
	struct actions_counters counters;

	actions_get_counters(actions, &counters);
#define COUNTER(name) add_number(o, #name, counters.name)
	COUNTER(actions_done);
	COUNTER(actions_failed);
	COUNTER(actions_retained);
	COUNTER(actions_rate);
	COUNTER(actions_pending);
#undef COUNTER
	return o;
}

static json_object *display_json(struct display *display)
{
	json_object *o = json_object_new_object();
	struct display_status status;

	display_get_status(display, &status);
	add_bool(o, "present", status.present);
	add_bool(o, "dark", status.dark);
	add_string(o, "cause", status.cause);
	add_string(o, "cause_id", cause_to_string(status.cause_id));
	add_string(o, "hint", status.hint);
	add_string(o, "hint_id", cause_to_string(status.hint_id));
	add_number(o, "frames", status.frames);
	add_number(o, "bus_errors", status.bus_errors);
	add_number(o, "losses", status.losses);
	return o;
}

void report_status(const struct report_sources *sources, json_object *answer)
{
	uint64_t now = clock_now_ns(&clock_system);
	json_object *log = json_object_new_object();
	const struct ladder_view *view = sources->view;
	struct facts_view facts;

	facts_get(sources->facts, &facts);
	add_string(answer, "version", MQTTNODE_VERSION);
	add_number(answer, "uptime_s", (now - facts.started_ns) / NSEC_PER_SEC);
	add_bool(answer, "online", view->online);
	json_object_object_add(answer, "node", node_json(&facts));
	json_object_object_add(answer, "ladder", ladder_json(view, now));
	json_object_object_add(answer, "chip",
			       chip_json(sources->pump, sources->tap_tx_dropped));
	json_object_object_add(answer, "mqtt", mqtt_json(sources->mqtt));
	json_object_object_add(answer, "publications",
			       publications_json(sources->publications));
	json_object_object_add(answer, "actions",
			       sources->actions ? actions_json(sources->actions) : NULL);
	json_object_object_add(answer, "display",
			       sources->display ? display_json(sources->display) : NULL);
	add_number(log, "dropped", log_dropped());
	json_object_object_add(answer, "log", log);
}

void report_message(const struct report_sources *sources, json_object *answer)
{
	struct mqtt_last last = { 0 };

	(void)mqtt_get_last(sources->mqtt, &last, 1);
	add_string(answer, "topic", last.topic);
	add_string(answer, "payload", last.payload);
}

void report_messages(const struct report_sources *sources, json_object *answer)
{
	uint64_t now = clock_now_ns(&clock_system);
	json_object *list = json_object_new_array();
	struct mqtt_last last[MQTT_LAST_MAX];
	size_t n = mqtt_get_last(sources->mqtt, last, ARRAY_SIZE(last));

	for (size_t i = 0; i < n; i++) {
		json_object *o = json_object_new_object();

		add_string(o, "topic", last[i].topic);
		add_string(o, "payload", last[i].payload);
		add_number(o, "ago_s",
			   now > last[i].at_ns ? (now - last[i].at_ns) / NSEC_PER_SEC
					       : 0);
		json_object_array_add(list, o);
	}
	json_object_object_add(answer, "messages", list);
}

void report_screen(struct display *display, json_object *answer)
{
	json_object *rows = json_object_new_array();
	char row[CANVAS_SIDE_MAX];
	struct display_status status;
	struct canvas picture;

	display_get_status(display, &status);
	display_get_picture(display, &picture);
	add_number(answer, "width", picture.width);
	add_number(answer, "height", picture.height);
	add_bool(answer, "present", status.present);
	add_bool(answer, "dark", status.dark);
	for (int y = 0; y < picture.height; y++) {
		for (int x = 0; x < picture.width; x++)
			row[x] = canvas_get_pixel(&picture, x, y) ? '#' : '.';
		json_object_array_add(rows,
				      json_object_new_string_len(row, picture.width));
	}
	json_object_object_add(answer, "rows", rows);
}
