// SPDX-License-Identifier: MIT
/* discovery.c — tells Home Assistant what this node is and has */
#include "discovery_internal.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "mqttnode/mac.h"
#include "mqttnode/text.h"
#include "mqttnode/topic.h"
#include "mqttnode/version.h"

#define ID_SIZE 64

/* When Home Assistant has started, its nodes spread over so much time. */
#define JITTER_US 2000000

/* Of an output, as an order and as its state. */
#define ON  "on"
#define OFF "off"

/* What the parts of the message are made from. */
struct source {
	const struct mqtt_settings *settings;
	const struct facts_view *self;
	char device[ID_SIZE]; /* identifier of the device */
	const char *base_topic;
	bool screen;
	char *status_topic;    /* NULL: none is kept */
	json_object *entities; /* by key */
};

static void add_string(json_object *o, const char *key, const char *value)
{
	if (value)
		(void)json_object_object_add(o, key, json_object_new_string(value));
}

/* FNV-1a, 64 bits: a short name for a topic that never changes. */
static uint64_t hash(const char *s)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
	return h;
}

static void add_int(json_object *o, const char *key, int64_t value)
{
	(void)json_object_object_add(o, key, json_object_new_int64(value));
}

/* "BASE/@name" as the member @key. */
static void add_topic(const struct source *s, json_object *o, const char *key,
		      const char *name)
{
	_cleanup_free_ char *topic = NULL;

	if (asprintf(&topic, "%s/%s", s->base_topic, name) < 0)
		topic = NULL;
	add_string(o, key, topic);
}

/* A new entity with what all of them have; NULL if there is one under this key. */
static json_object *add_entity(struct source *s, const char *key, const char *platform,
			       const char *name)
{
	char id[2 * ID_SIZE];
	json_object *o;

	if (json_object_object_get_ex(s->entities, key, NULL))
		return NULL;
	o = json_object_new_object();
	(void)json_object_object_add(s->entities, key, o);
	add_string(o, "platform", platform);
	add_string(o, "unique_id", text_format(id, sizeof(id), "%s_%s", s->device, key));
	add_string(o, "name", name);
	return o;
}

/*
 * The same for one that belongs to a topic of the configuration, under a key made of
 * @kind and @topic; NULL: the same topic is configured twice.
 */
static json_object *add_entity_of(struct source *s, const char *kind, const char *topic,
				  const char *platform, const char *name)
{
	char key[ID_SIZE];

	text_format(key, sizeof(key), "%s_%016llx", kind,
		    (unsigned long long)hash(topic));
	return add_entity(s, key, platform, name);
}

/* The entity can only be used while the node is there. */
static void add_availability(const struct source *s, json_object *o)
{
	add_string(o, "availability_topic", s->status_topic);
}

static void add_connection(struct source *s)
{
	json_object *o;

	if (!s->status_topic)
		return;
	o = add_entity_of(s, "status", s->status_topic, "binary_sensor", "Connection");
	if (!o)
		return;
	add_string(o, "device_class", "connectivity");
	add_string(o, "entity_category", "diagnostic");
	add_string(o, "state_topic", s->status_topic);
	add_string(o, "payload_on", "online");
	add_string(o, "payload_off", "offline");
}

/*
 * What the node tells about itself, as JSON on BASE/info or BASE/health (report.h):
 * the key never changes. A template takes the value out; "None" is not known.
 */
struct own {
	const char *key, *platform, *name;
	const char *template;
	const char *device_class, *unit, *state_class; /* NULL: none */
};

static const struct own of_info[] = {
	{ "address", "sensor", "Address", "{{ value_json.address or 'None' }}", NULL,
	  NULL, NULL },
	{ "since", "sensor", "Running since", "{{ value_json.since or 'None' }}",
	  "timestamp", NULL, NULL },
};

#define CHIP_COUNTER(name) "value_json.chip.counters." name
#define GROWS		   "total_increasing"

static const struct own of_health[] = {
	{ "link", "binary_sensor", "Link",
	  "{{ 'on' if value_json.chip.link else 'off' }}", "connectivity", NULL, NULL },
	{ "link_speed", "sensor", "Link speed", "{{ value_json.chip.link_mbit }}",
	  "data_rate", "Mbit/s", "measurement" },
	{ "rx_bytes", "sensor", "Received", "{{ " CHIP_COUNTER("rx_bytes") " }}",
	  "data_size", "B", GROWS },
	{ "tx_bytes", "sensor", "Sent", "{{ " CHIP_COUNTER("tx_bytes") " }}", "data_size",
	  "B", GROWS },
	{ "rx_drops", "sensor", "Received frames lost",
	  "{{ " CHIP_COUNTER("rx_overflow_suspected") " + " CHIP_COUNTER(
		  "rx_dropped_tap") " }}",
	  NULL, NULL, GROWS },
	{ "tx_drops", "sensor", "Sent frames lost",
	  "{{ " CHIP_COUNTER("tx_dropped_kernel") " + " CHIP_COUNTER(
		  "tx_dropped_chip") " + " CHIP_COUNTER("tx_dropped_size") " }}",
	  NULL, NULL, GROWS },
	{ "chip_resets", "sensor", "Chip resets",
	  "{{ " CHIP_COUNTER("recover_soft_reset") " + " CHIP_COUNTER(
		  "recover_hard_reset") " }}",
	  NULL, NULL, GROWS },
	{ "sessions", "sensor", "Sessions with the broker",
	  "{{ value_json.mqtt.connects }}", NULL, NULL, GROWS },
	{ "published", "sensor", "Messages published", "{{ value_json.mqtt.published }}",
	  NULL, NULL, GROWS },
	{ "received", "sensor", "Messages received", "{{ value_json.mqtt.received }}",
	  NULL, NULL, GROWS },
};

static json_object *add_own(struct source *s, const struct own *own, const char *topic)
{
	json_object *o = add_entity(s, own->key, own->platform, own->name);

	add_string(o, "entity_category", "diagnostic");
	add_topic(s, o, "state_topic", topic);
	add_string(o, "value_template", own->template);
	add_string(o, "device_class", own->device_class);
	add_string(o, "unit_of_measurement", own->unit);
	add_string(o, "state_class", own->state_class);
	add_availability(s, o);
	return o;
}

static void add_node(struct source *s)
{
	unsigned int interval_s = s->settings->health_interval_s;

	for (size_t i = 0; s->settings->info && i < ARRAY_SIZE(of_info); i++) {
		json_object *o = add_own(s, &of_info[i], "info");

		add_topic(s, o, "json_attributes_topic", "info");
	}
	for (size_t i = 0; interval_s > 0 && i < ARRAY_SIZE(of_health); i++) {
		json_object *o = add_own(s, &of_health[i], "health");

		if (strcmp(of_health[i].platform, "binary_sensor") == 0) {
			add_string(o, "payload_on", ON);
			add_string(o, "payload_off", OFF);
		}
		/* It is not retained: what is older than this is not known. */
		add_int(o, "expire_after", (int64_t)interval_s * 3);
	}
}

static json_object *add_command(struct source *s, const char *key, const char *platform,
				const char *name, const char *topic)
{
	json_object *o = add_entity(s, key, platform, name);

	add_topic(s, o, "command_topic", topic);
	add_int(o, "qos", 1);
	add_availability(s, o);
	return o;
}

/* Its payload is never longer than a state may be: mqtt_get_last(). */
static void add_last_message(struct source *s)
{
	json_object *o;

	if (s->settings->n_subscribe == 0)
		return;
	o = add_entity(s, "message", "sensor", "Last message");
	add_topic(s, o, "state_topic", "message");
	add_string(o, "value_template", "{{ value_json.payload }}");
	add_topic(s, o, "json_attributes_topic", "message");
	add_availability(s, o);
}

/* Orders to the node itself, which it subscribes to: mqtt_subscribe.h. */
static void add_commands(struct source *s)
{
	json_object *o;

	if (s->screen) {
		o = add_command(s, "screen", "text", "Display", "screen");
		add_string(o, "mode", "text");
		add_int(o, "max", 255);
	}
	if (s->settings->discovery_restart) {
		o = add_command(s, "restart", "button", "Restart connection", "restart");
		add_string(o, "payload_press", "restart");
		add_string(o, "device_class", "restart");
		add_string(o, "entity_category", "config");
	}
}

static void add_publication(struct source *s, const struct publication_settings *p)
{
	bool binary = p->input.line;
	json_object *o;

	if (!p->name)
		return;
	o = add_entity_of(s, "publish", p->topic, binary ? "binary_sensor" : "sensor",
			  p->name);
	if (!o)
		return;
	add_string(o, "state_topic", p->topic);
	add_availability(s, o);
	add_string(o, "device_class", p->device_class);
	if (p->json)
		add_string(o, "value_template", "{{ value_json.value }}");
	add_int(o, "qos", p->qos);
	if (binary) {
		add_string(o, "payload_on", "1");
		add_string(o, "payload_off", "0");
		return;
	}
	add_string(o, "unit_of_measurement", p->unit);
	add_string(o, "state_class", p->state_class);
	if (p->shaping.rounded)
		add_int(o, "suggested_display_precision", p->shaping.decimals);
}

/* Where the state of an output is told; NULL without memory. */
static char *output_topic(const char *base_topic, const char *line)
{
	_cleanup_free_ char *level = topic_level(line);
	char *topic;

	return level && asprintf(&topic, "%s/output/%s", base_topic, level) >= 0 ? topic
										 : NULL;
}

static void add_output(struct source *s, const struct subscription_settings *subscription)
{
	const char *topic = topic_filter_of_share(subscription->topic);
	_cleanup_free_ char *state = NULL;
	json_object *o;
	char name[80];

	/* Nobody can send to a topic with a wildcard in it. */
	if (!(subscription->actions & SUBSCRIPTION_GPIO) || strpbrk(topic, "+#"))
		return;
	text_format(name, sizeof(name), "%s", subscription->output.line);
	state = output_topic(s->base_topic, subscription->output.line);
	o = add_entity_of(s, "output", topic, "switch", name);
	if (!o)
		return;
	add_string(o, "command_topic", topic);
	add_availability(s, o);
	add_string(o, "payload_on", ON);
	add_string(o, "payload_off", OFF);
	add_int(o, "qos", subscription->qos);
	add_string(o, "state_topic", state);
	add_string(o, "state_on", ON);
	add_string(o, "state_off", OFF);
}

static json_object *device_json(const struct source *s)
{
	json_object *o = json_object_new_object();
	json_object *identifiers = json_object_new_array();
	json_object *connections = json_object_new_array();
	json_object *mac = json_object_new_array();
	char text[MAC_TEXT_SIZE];

	(void)json_object_array_add(identifiers, json_object_new_string(s->device));
	(void)json_object_object_add(o, "identifiers", identifiers);
	(void)json_object_array_add(mac, json_object_new_string("mac"));
	(void)json_object_array_add(
		mac, json_object_new_string(mac_format(s->self->mac, text)));
	(void)json_object_array_add(connections, mac);
	(void)json_object_object_add(o, "connections", connections);
	add_string(o, "name", s->self->client_id);
	add_string(o, "manufacturer", "mqttnode");
	add_string(o, "model", "W5500 MQTT node");
	add_string(o, "sw_version", MQTTNODE_VERSION);
	return o;
}

static json_object *origin_json(void)
{
	json_object *o = json_object_new_object();

	add_string(o, "name", "mqttnode");
	add_string(o, "sw_version", MQTTNODE_VERSION);
	return o;
}

/* The payload, and in *@outline what is remembered of it. */
static char *compose(struct source *s, char **outline)
{
	json_object *o = json_object_new_object();
	const char *text;
	char *copy;

	s->entities = json_object_new_object();
	add_connection(s);
	add_node(s);
	add_last_message(s);
	add_commands(s);
	for (size_t i = 0; i < s->settings->n_publish; i++)
		add_publication(s, &s->settings->publish[i]);
	for (size_t i = 0; i < s->settings->n_subscribe; i++)
		add_output(s, &s->settings->subscribe[i]);
	(void)json_object_object_add(o, "device", device_json(s));
	(void)json_object_object_add(o, "origin", origin_json());
	(void)json_object_object_add(o, "components", s->entities);
	text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN |
							 JSON_C_TO_STRING_NOSLASHESCAPE);
	copy = text ? strdup(text) : NULL;
	*outline = discovery_outline(s->entities);
	json_object_put(o);
	return copy;
}

static char *device_id(char *buf, size_t size, const uint8_t mac[6])
{
	return text_format(buf, size, "mqttnode_%02x%02x%02x%02x%02x%02x", mac[0], mac[1],
			   mac[2], mac[3], mac[4], mac[5]);
}

const char *discovery_tail(const uint8_t mac[6], char buf[DISCOVERY_TAIL_SIZE])
{
	char device[ID_SIZE];

	return text_format(buf, DISCOVERY_TAIL_SIZE, "/device/%.24s/config",
			   device_id(device, sizeof(device), mac));
}

int discovery_new(struct discovery **ret, const struct mqtt_settings *settings,
		  const struct facts_view *self, const char *base_topic, bool screen)
{
	_cleanup_(discovery_freep) struct discovery *d = calloc(1, sizeof(*d));
	_cleanup_free_ char *status = NULL;
	struct source s = { .settings = settings,
			    .self = self,
			    .base_topic = base_topic,
			    .screen = screen };
	char tail[DISCOVERY_TAIL_SIZE];

	if (!d)
		return -ENOMEM;
	if (settings->status && asprintf(&status, "%s/status", base_topic) < 0) {
		status = NULL;
		return -ENOMEM;
	}
	s.status_topic = status;
	device_id(s.device, sizeof(s.device), self->mac);
	if (asprintf(&d->topic, "%s%s", settings->discovery,
		     discovery_tail(self->mac, tail)) < 0) {
		d->topic = NULL;
		return -ENOMEM;
	}
	d->payload = compose(&s, &d->outline);
	d->base_topic = strdup(base_topic);
	if (!d->payload || !d->outline || !d->base_topic)
		return -ENOMEM;
	*ret = TAKE_PTR(d);
	return 0;
}

struct discovery *discovery_free(struct discovery *d)
{
	if (!d)
		return NULL;
	free(d->base_topic);
	free(d->topic);
	free(d->payload);
	free(d->outline);
	free(d);
	return NULL;
}

void discovery_message(const struct discovery *d, struct mqtt_outgoing *ret)
{
	*ret = (struct mqtt_outgoing){
		.topic = d->topic,
		.payload = d->payload,
		.len = strlen(d->payload),
		.qos = 1,
		.retain = true,
		.outline = d->outline,
	};
}

int discovery_set_payload(struct discovery *d, const char *payload)
{
	char *copy = strdup(payload);

	if (!copy)
		return -ENOMEM;
	free(d->payload);
	d->payload = copy;
	return 0;
}

int discovery_publish_output(const struct discovery *d, const char *line, bool on,
			     bool again, discovery_publisher publish, void *ctx)
{
	_cleanup_free_ char *topic = output_topic(d->base_topic, line);
	const struct mqtt_outgoing message = {
		.topic = topic,
		.payload = on ? ON : OFF,
		.len = strlen(on ? ON : OFF),
		.qos = 1,
		.retain = true,
		.again = again,
	};

	return topic ? publish(ctx, &message) : -ENOMEM;
}

uint64_t discovery_jitter_us(void)
{
	uint32_t random = 0;

	/* Without entropy it is not needed: the machine has just started. */
	(void)!getrandom(&random, sizeof(random), GRND_NONBLOCK);
	return random % JITTER_US;
}
