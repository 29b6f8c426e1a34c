// SPDX-License-Identifier: MIT
/*
 * test_discovery.c — the message for Home Assistant, field by field
 *
 * The rules are those of Home Assistant's device discovery: mandatory parts,
 * what each platform needs, which values a field may have.
 */
#include "mqttnode/discovery.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "unit.h"

#include "mqttnode/version.h"

static const struct facts_view self = { .client_id = "garage",
					.mac = { 0x02, 0, 0, 0x12, 0x34, 0xab } };
static struct publication_settings publish[6];
static struct subscription_settings subscribe[4];
static struct mqtt_settings settings;
static json_object *root;
static bool screen;

static char prefix[] = "homeassistant";
static char temp[] = "home/temp", door[] = "home/door", hidden[] = "home/hidden";
static char relay[] = "home/relay/set", wild[] = "home/+/set";
static char shared[] = "$share/g/home/shared/set";
static char line17[] = "GPIO17", line27[] = "GPIO27";
static char name_temp[] = "Temperature", name_door[] = "Door";
static char unit[] = "°C", class_temp[] = "temperature", class_door[] = "door";
static char state_class[] = "measurement";

static int set_up(void **state)
{
	(void)state;
	screen = false;
	memset(publish, 0, sizeof(publish));
	memset(subscribe, 0, sizeof(subscribe));
	publish[0] = (struct publication_settings){
		.topic = temp,
		.name = name_temp,
		.unit = unit,
		.device_class = class_temp,
		.state_class = state_class,
		.qos = 1,
		.json = true,
		.shaping = { .rounded = true, .decimals = 1 },
	};
	publish[1] = (struct publication_settings){ .topic = hidden };
	publish[2] = (struct publication_settings){ .topic = door,
						    .name = name_door,
						    .device_class = class_door,
						    .unit = unit,
						    .input = { .line = line17 } };
	publish[3] = publish[0]; /* the same topic again */
	subscribe[0] = (struct subscription_settings){ .topic = relay,
						       .actions = SUBSCRIPTION_GPIO,
						       .qos = 2,
						       .output = { .line = line27 } };
	subscribe[1] = subscribe[0];
	subscribe[1].topic = wild;
	subscribe[2] = subscribe[0];
	subscribe[2].topic = shared;
	subscribe[3] = (struct subscription_settings){ .topic = hidden,
						       .actions = SUBSCRIPTION_JOURNAL };
	settings = (struct mqtt_settings){ .discovery = prefix,
					   .status = true,
					   .publish = publish,
					   .n_publish = 4,
					   .subscribe = subscribe,
					   .n_subscribe = 4 };
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	json_object_put(root);
	root = NULL;
	return 0;
}

/* Composes the message into root. */
static void compose(void)
{
	_cleanup_(discovery_freep) struct discovery *d = NULL;
	struct mqtt_outgoing message;

	assert_int_equal(discovery_new(&d, &settings, &self, "base/topic", screen), 0);
	discovery_message(d, &message);
	assert_string_equal(message.topic,
			    "homeassistant/device/mqttnode_0200001234ab/config");
	assert_int_equal(message.qos, 1);
	assert_true(message.retain);
	assert_int_equal(message.len, strlen(message.payload));
	json_object_put(root);
	root = json_tokener_parse(message.payload);
	assert_non_null(root);
}

static json_object *at(json_object *o, const char *key)
{
	json_object *value;

	assert_true(json_object_object_get_ex(o, key, &value));
	return value;
}

static const char *text(json_object *o, const char *key)
{
	assert_int_equal(json_object_get_type(at(o, key)), json_type_string);
	return json_object_get_string(at(o, key));
}

static bool has(json_object *o, const char *key)
{
	return json_object_object_get_ex(o, key, NULL);
}

/* The entity whose member @key is @value. */
static json_object *entity(const char *key, const char *value)
{
	json_object *found = NULL;

	json_object_object_foreach(at(root, "components"), id, o)
	{
		(void)id;
		if (has(o, key) && strcmp(text(o, key), value) == 0) {
			assert_null(found);
			found = o;
		}
	}
	return found;
}

static void expect_optional(json_object *o, const char *key, const char *value)
{
	if (value)
		assert_string_equal(text(o, key), value);
	else
		assert_false(has(o, key));
}

static void the_device_is_described(void **state)
{
	json_object *device, *connection;

	(void)state;
	compose();
	assert_int_equal(json_object_object_length(root), 3);
	device = at(root, "device");
	assert_string_equal(json_object_get_string(json_object_array_get_idx(
				    at(device, "identifiers"), 0)),
			    "mqttnode_0200001234ab");
	connection = json_object_array_get_idx(at(device, "connections"), 0);
	assert_string_equal(
		json_object_get_string(json_object_array_get_idx(connection, 0)), "mac");
	assert_string_equal(
		json_object_get_string(json_object_array_get_idx(connection, 1)),
		"02:00:00:12:34:ab");
	assert_string_equal(text(device, "name"), "garage");
	assert_string_equal(text(device, "manufacturer"), "mqttnode");
	assert_string_equal(text(device, "model"), "W5500 MQTT node");
	assert_string_equal(text(device, "sw_version"), MQTTNODE_VERSION);
	assert_string_equal(text(at(root, "origin"), "name"), "mqttnode");
	assert_string_equal(text(at(root, "origin"), "sw_version"), MQTTNODE_VERSION);
}

static void every_entity_has_what_all_need(void **state)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789_-";
	int n = 0;

	(void)state;
	screen = settings.info = settings.discovery_restart = true;
	settings.health_interval_s = 60;
	compose();
	json_object_object_foreach(at(root, "components"), key, o)
	{
		const char *platform = text(o, "platform"), *id = text(o, "unique_id");

		n++;
		assert_int_equal(strspn(key, allowed), strlen(key));
		assert_int_equal(strspn(id, allowed), strlen(id));
		assert_ptr_equal(strstr(id, "mqttnode_0200001234ab_"), id);
		assert_ptr_equal(entity("unique_id", id), o); /* the only one */
		assert_true(strlen(text(o, "name")) > 0);
		assert_false(has(o, "object_id")); /* no longer looked at */
		if (strcmp(platform, "switch") == 0 || strcmp(platform, "text") == 0 ||
		    strcmp(platform, "button") == 0)
			assert_true(has(o, "command_topic"));
		else
			assert_true(has(o, "state_topic"));
	}
	assert_int_equal(n, 1 + 2 + 2 + 12 + 1 + 2);
}

static void the_connection_is_an_entity_that_is_always_available(void **state)
{
	json_object *o;

	(void)state;
	compose();
	o = entity("device_class", "connectivity");
	assert_string_equal(text(o, "platform"), "binary_sensor");
	assert_string_equal(text(o, "entity_category"), "diagnostic");
	assert_string_equal(text(o, "state_topic"), "base/topic/status");
	assert_string_equal(text(o, "payload_on"), "online");
	assert_string_equal(text(o, "payload_off"), "offline");
	assert_false(has(o, "availability_topic"));
}

static void without_a_status_topic_nothing_depends_on_it(void **state)
{
	(void)state;
	settings.status = false;
	compose();
	assert_null(entity("device_class", "connectivity"));
	json_object_object_foreach(at(root, "components"), key, o)
	{
		(void)key;
		assert_false(has(o, "availability_topic"));
	}
}

/* How each value gets out of BASE/health: the names are those of report.h. */
static void what_the_node_tells_of_its_health_is_entities(void **state)
{
	static const struct {
		const char *id, *platform, *template, *device_class, *unit, *state_class;
	} expected[] = {
		{ "link", "binary_sensor",
		  "{{ 'on' if value_json.chip.link else 'off' }}", "connectivity", NULL,
		  NULL },
		{ "link_speed", "sensor", "{{ value_json.chip.link_mbit }}", "data_rate",
		  "Mbit/s", "measurement" },
		{ "rx_bytes", "sensor", "{{ value_json.chip.counters.rx_bytes }}",
		  "data_size", "B", "total_increasing" },
		{ "tx_bytes", "sensor", "{{ value_json.chip.counters.tx_bytes }}",
		  "data_size", "B", "total_increasing" },
		{ "rx_drops", "sensor",
		  "{{ value_json.chip.counters.rx_overflow_suspected + "
		  "value_json.chip.counters.rx_dropped_tap }}",
		  NULL, NULL, "total_increasing" },
		{ "tx_drops", "sensor",
		  "{{ value_json.chip.counters.tx_dropped_kernel + "
		  "value_json.chip.counters.tx_dropped_chip + "
		  "value_json.chip.counters.tx_dropped_size }}",
		  NULL, NULL, "total_increasing" },
		{ "chip_resets", "sensor",
		  "{{ value_json.chip.counters.recover_soft_reset + "
		  "value_json.chip.counters.recover_hard_reset }}",
		  NULL, NULL, "total_increasing" },
		{ "sessions", "sensor", "{{ value_json.mqtt.connects }}", NULL, NULL,
		  "total_increasing" },
		{ "published", "sensor", "{{ value_json.mqtt.published }}", NULL, NULL,
		  "total_increasing" },
		{ "received", "sensor", "{{ value_json.mqtt.received }}", NULL, NULL,
		  "total_increasing" },
	};

	(void)state;
	compose();
	assert_null(entity("state_topic", "base/topic/health"));
	settings.health_interval_s = 60;
	compose();
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		json_object *o = at(at(root, "components"), expected[i].id);

		assert_string_equal(text(o, "platform"), expected[i].platform);
		assert_string_equal(text(o, "value_template"), expected[i].template);
		assert_string_equal(text(o, "state_topic"), "base/topic/health");
		assert_string_equal(text(o, "entity_category"), "diagnostic");
		assert_string_equal(text(o, "availability_topic"), "base/topic/status");
		assert_int_equal(json_object_get_int(at(o, "expire_after")), 180);
		expect_optional(o, "device_class", expected[i].device_class);
		expect_optional(o, "unit_of_measurement", expected[i].unit);
		expect_optional(o, "state_class", expected[i].state_class);
		if (strcmp(expected[i].platform, "binary_sensor") == 0) {
			assert_string_equal(text(o, "payload_on"), "on");
			assert_string_equal(text(o, "payload_off"), "off");
		}
	}
	assert_int_equal(json_object_object_length(at(root, "components")),
			 6 + (int)ARRAY_SIZE(expected));
}

static void who_the_node_is_is_entities(void **state)
{
	json_object *o;

	(void)state;
	settings.info = true;
	compose();
	o = at(at(root, "components"), "address");
	assert_string_equal(text(o, "platform"), "sensor");
	assert_string_equal(text(o, "value_template"),
			    "{{ value_json.address or 'None' }}");
	assert_false(has(o, "device_class"));
	o = at(at(root, "components"), "since");
	assert_string_equal(text(o, "value_template"),
			    "{{ value_json.since or 'None' }}");
	assert_string_equal(text(o, "device_class"), "timestamp");
	for (int i = 0; i < 2; i++) {
		o = at(at(root, "components"), i ? "address" : "since");
		assert_string_equal(text(o, "state_topic"), "base/topic/info");
		assert_string_equal(text(o, "json_attributes_topic"), "base/topic/info");
		assert_string_equal(text(o, "entity_category"), "diagnostic");
		assert_false(has(o, "unit_of_measurement"));
		assert_false(has(o, "expire_after")); /* it is retained */
	}
	assert_int_equal(json_object_object_length(at(root, "components")), 6 + 2);
}

static void a_value_is_a_sensor(void **state)
{
	json_object *o;

	(void)state;
	compose();
	o = entity("state_topic", temp);
	assert_string_equal(text(o, "platform"), "sensor");
	assert_string_equal(text(o, "name"), "Temperature");
	assert_string_equal(text(o, "unit_of_measurement"), "°C");
	assert_string_equal(text(o, "device_class"), "temperature");
	assert_string_equal(text(o, "state_class"), "measurement");
	assert_string_equal(text(o, "value_template"), "{{ value_json.value }}");
	assert_string_equal(text(o, "availability_topic"), "base/topic/status");
	assert_int_equal(json_object_get_int(at(o, "suggested_display_precision")), 1);
	assert_int_equal(json_object_get_int(at(o, "qos")), 1);
	assert_null(entity("state_topic", hidden)); /* it has no name */

	publish[0] = publish[3] =
		(struct publication_settings){ .topic = temp, .name = name_temp };
	compose();
	o = entity("state_topic", temp);
	for (size_t i = 0; i < 5; i++) {
		static const char *const optional[] = { "unit_of_measurement",
							"device_class", "state_class",
							"value_template",
							"suggested_display_precision" };

		assert_false(has(o, optional[i]));
	}
}

static void an_input_is_a_binary_sensor(void **state)
{
	json_object *o;

	(void)state;
	compose();
	o = entity("state_topic", door);
	assert_string_equal(text(o, "platform"), "binary_sensor");
	assert_string_equal(text(o, "payload_on"), "1");
	assert_string_equal(text(o, "payload_off"), "0");
	assert_string_equal(text(o, "device_class"), "door");
	assert_false(has(o, "unit_of_measurement")); /* it must have none */
	assert_false(has(o, "state_class"));
}

static void an_output_is_a_switch(void **state)
{
	json_object *o;

	(void)state;
	compose();
	o = entity("command_topic", relay);
	assert_string_equal(text(o, "platform"), "switch");
	assert_string_equal(text(o, "name"), "GPIO27");
	assert_string_equal(text(o, "payload_on"), "on");
	assert_string_equal(text(o, "payload_off"), "off");
	assert_false(has(o, "optimistic"));
	assert_string_equal(text(o, "state_topic"), "base/topic/output/GPIO27");
	assert_string_equal(text(o, "state_on"), "on");
	assert_string_equal(text(o, "state_off"), "off");
	assert_int_equal(json_object_get_int(at(o, "qos")), 2);
	assert_null(entity("command_topic", wild)); /* nobody can send to it */
	assert_non_null(entity("command_topic", "home/shared/set"));
}

static int on_published(void *ctx, const struct mqtt_outgoing *message)
{
	snprintf(ctx, 64, "%s %.*s %d%d%s", message->topic, (int)message->len,
		 (const char *)message->payload, message->qos, message->retain,
		 message->again ? " again" : "");
	return -ENOBUFS;
}

static void the_state_of_an_output_is_published_where_the_switch_looks(void **state)
{
	_cleanup_(discovery_freep) struct discovery *d = NULL;
	char got[64] = "";

	(void)state;
	assert_int_equal(discovery_new(&d, &settings, &self, "base/topic", screen), 0);
	assert_int_equal(
		discovery_publish_output(d, "GPIO27", true, false, on_published, got),
		-ENOBUFS);
	assert_string_equal(got, "base/topic/output/GPIO27 on 11");
	(void)discovery_publish_output(d, "a/b", false, true, on_published, got);
	assert_string_equal(got, "base/topic/output/a%2Fb off 11 again");
}

static void the_last_message_is_an_entity_if_any_can_arrive(void **state)
{
	json_object *o;

	(void)state;
	compose();
	o = at(at(root, "components"), "message");
	assert_string_equal(text(o, "platform"), "sensor");
	assert_string_equal(text(o, "name"), "Last message");
	assert_string_equal(text(o, "state_topic"), "base/topic/message");
	assert_string_equal(text(o, "value_template"), "{{ value_json.payload }}");
	assert_string_equal(text(o, "json_attributes_topic"), "base/topic/message");
	assert_string_equal(text(o, "availability_topic"), "base/topic/status");
	assert_false(has(o, "entity_category")); /* it is what the node is for */
	settings.n_subscribe = 0;
	compose();
	assert_false(has(at(root, "components"), "message"));
}

static void a_text_for_the_display_and_a_button_are_announced_if_they_work(void **state)
{
	json_object *o;

	(void)state;
	compose();
	assert_null(entity("platform", "text"));
	assert_null(entity("platform", "button"));
	screen = settings.discovery_restart = true;
	compose();
	o = at(at(root, "components"), "screen");
	assert_string_equal(text(o, "platform"), "text");
	assert_string_equal(text(o, "name"), "Display");
	assert_string_equal(text(o, "command_topic"), "base/topic/screen");
	assert_string_equal(text(o, "mode"), "text");
	assert_int_equal(json_object_get_int(at(o, "max")), 255); /* no state is longer */
	assert_false(has(o, "entity_category"));
	assert_false(has(o, "state_topic"));
	o = at(at(root, "components"), "restart");
	assert_string_equal(text(o, "platform"), "button");
	assert_string_equal(text(o, "command_topic"), "base/topic/restart");
	assert_string_equal(text(o, "payload_press"), "restart");
	assert_string_equal(text(o, "device_class"), "restart");
	assert_string_equal(text(o, "entity_category"), "config");
	assert_false(has(o, "retain")); /* it would be pressed in each session */
	for (int i = 0; i < 2; i++) {
		o = at(at(root, "components"), i ? "screen" : "restart");
		assert_int_equal(json_object_get_int(at(o, "qos")), 1);
		assert_string_equal(text(o, "availability_topic"), "base/topic/status");
	}
}

static void nodes_spread_over_two_seconds(void **state)
{
	uint64_t first = discovery_jitter_us();
	bool differs = false;

	(void)state;
	for (int i = 0; i < 100; i++) {
		uint64_t jitter = discovery_jitter_us();

		assert_in_range(jitter, 0, 2000000);
		differs = differs || jitter != first;
	}
	assert_true(differs);
}

/* Written down: they must never change. */
static void unique_ids_stay_the_same(void **state)
{
	static const char *const own[] = { "address",	 "since",     "link",
					   "link_speed", "rx_bytes",  "tx_bytes",
					   "rx_drops",	 "tx_drops",  "chip_resets",
					   "sessions",	 "published", "received",
					   "screen",	 "restart",   "message" };

	(void)state;
	for (int i = 0; i < 2; i++) {
		compose();
		assert_string_equal(text(entity("state_topic", temp), "unique_id"),
				    "mqttnode_0200001234ab_publish_aa8ec3cd135d8725");
		assert_string_equal(text(entity("command_topic", relay), "unique_id"),
				    "mqttnode_0200001234ab_output_c9a17af7bea6fa73");
		assert_string_equal(text(entity("payload_on", "online"), "unique_id"),
				    "mqttnode_0200001234ab_status_b6f81882606c4383");
		for (size_t j = 0; i > 0 && j < ARRAY_SIZE(own); j++) {
			char id[64];

			snprintf(id, sizeof(id), "mqttnode_0200001234ab_%s", own[j]);
			assert_non_null(entity("unique_id", id));
		}
		/* more entities, another name and another order are no other entity */
		screen = settings.info = settings.discovery_restart = true;
		settings.health_interval_s = 10;
		publish[0].name = publish[3].name = name_door;
		publish[1] = publish[2];
		publish[2] = publish[0];
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		TEST(the_device_is_described),
		TEST(every_entity_has_what_all_need),
		TEST(the_connection_is_an_entity_that_is_always_available),
		TEST(without_a_status_topic_nothing_depends_on_it),
		TEST(what_the_node_tells_of_its_health_is_entities),
		TEST(who_the_node_is_is_entities),
		TEST(a_value_is_a_sensor),
		TEST(an_input_is_a_binary_sensor),
		TEST(an_output_is_a_switch),
		TEST(the_state_of_an_output_is_published_where_the_switch_looks),
		TEST(the_last_message_is_an_entity_if_any_can_arrive),
		TEST(a_text_for_the_display_and_a_button_are_announced_if_they_work),
		TEST(nodes_spread_over_two_seconds),
		TEST(unique_ids_stay_the_same),
#undef TEST
	};

	return cmocka_run_group_tests_name("discovery", tests, NULL, NULL);
}
