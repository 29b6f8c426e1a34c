// SPDX-License-Identifier: MIT
/*
 * settings_relations.c — keys that must fit each other
 *
 * A key that was refused by itself is in the file but has no value: what
 * depends on it is then left alone, or one mistake would be told twice.
 */
#include "settings_relations.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mqttnode/ip.h"
#include "mqttnode/text.h"
#include "mqttnode/topic.h"

const struct conf_node *check_member(const struct check *c, const char *group,
				     const char *name)
{
	return conf_node_member(conf_node_member(conf_file_root(c->file), group), name);
}

void check_wrong(const struct check *c, const struct conf_node *n, const char *format,
		 ...)
{
	char where[512], sentence[1024];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(sentence, sizeof(sentence), format, ap);
	va_end(ap);
	report_error(c->report, "%s: %s",
		     conf_node_place(c->file, n, where, sizeof(where)), sentence);
}

void check_unwise(const struct check *c, const struct conf_node *n, const char *format,
		  ...)
{
	char where[512], sentence[1024];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(sentence, sizeof(sentence), format, ap);
	va_end(ap);
	report_warning(c->report, "%s: %s",
		       conf_node_place(c->file, n, where, sizeof(where)), sentence);
}

static void check_ethernet(const struct check *c)
{
	const struct ethernet_settings *e = &c->s->ethernet;
	const struct conf_node *reset = check_member(c, "ethernet", "reset");
	const struct conf_node *interrupt = check_member(c, "ethernet", "interrupt");
	char shown[80];

	if (!e->interrupt || !e->reset || !e->reset[0] ||
	    strcmp(e->interrupt, e->reset) != 0)
		return;
	check_wrong(c, reset ? reset : interrupt,
		    "ethernet.reset: found \"%s\", which is ethernet.interrupt too; "
		    "valid is another line, or \"\" for none",
		    text_escape_str(shown, sizeof(shown), e->reset));
}

/* Whether a literal address, for which nothing must be resolved. */
static bool is_literal(const char *host)
{
	struct ip ip;

	return ip_parse(&ip, host);
}

static void check_subnet(const struct check *c, const struct conf_node *gateway)
{
	const struct network_settings *n = &c->s->network;
	uint32_t mask = htonl(UINT32_MAX << (32 - n->prefix_len));
	char address[INET_ADDRSTRLEN], router[INET_ADDRSTRLEN];

	(void)inet_ntop(AF_INET, &n->address, address, sizeof(address));
	(void)inet_ntop(AF_INET, &n->gateway, router, sizeof(router));
	if (n->gateway.s_addr == n->address.s_addr)
		check_wrong(
			c, gateway,
			"network.gateway: found \"%s\", which is network.address too; "
			"valid is the address of the router",
			router);
	else if ((n->gateway.s_addr ^ n->address.s_addr) & mask)
		check_unwise(c, gateway,
			     "network.gateway: \"%s\" is not in the subnet of %s/%u",
			     router, address, n->prefix_len);
}

/* A method that was refused says nothing about the rest. */
static bool method_is_known(const struct check *c)
{
	const struct conf_node *method = check_member(c, "network", "method");

	return !method || c->s->network.method != NETWORK_METHOD_DHCP ||
	       (conf_node_type(method) == CONF_STRING &&
		strcmp(conf_node_string(method), "dhcp") == 0);
}

/* Whether the network is that of the machine: IPv6 is its business. */
static bool is_left_to_others(const struct settings *s)
{
	return s->network.method == NETWORK_METHOD_NONE ||
	       s->network.method == NETWORK_METHOD_EXTERNAL;
}

/* What other methods than "dhcp" and "static" leave to others. */
static const char *const of_ours[] = { "address", "gateway", "default_route", "table",
				       "ipv6" };

/* Keys that are somebody else's business with the method @method. */
static void check_foreign_keys(const struct check *c, const char *method,
			       const char *const names[], size_t n, const char *whose)
{
	for (size_t i = 0; i < n; i++) {
		const struct conf_node *found = check_member(c, "network", names[i]);

		if (found)
			check_wrong(c, found, "network.%s: found with method \"%s\", %s",
				    names[i], method, whose);
	}
}

/*
 * A bridge takes every frame away from its ports: an address on one of them does
 * not work. Nor does a bridge without the frames for those behind it.
 */
static void check_bridge(const struct check *c)
{
	const struct conf_node *promiscuous = check_member(c, "ethernet", "promiscuous");
	const struct conf_node *method = check_member(c, "network", "method");
	const struct conf_node *found = check_member(c, "network", "dns");
	bool none = c->s->network.method == NETWORK_METHOD_NONE;

	if (c->s->ethernet.promiscuous && !none && method_is_known(c))
		check_wrong(
			c, promiscuous,
			"ethernet.promiscuous: found true with an address of the node's own; "
			"valid with network.method = \"none\" only, as a port of a bridge");
	if (!none)
		return;
	c->s->network.dns_system = true;
	if (!c->s->ethernet.promiscuous &&
	    (!promiscuous || conf_node_type(promiscuous) == CONF_BOOL))
		check_wrong(c, method,
			    "network.method: found \"none\"; valid with "
			    "ethernet.promiscuous = true only, as a port of a bridge");
	if (found && c->s->network.n_dns > 0)
		check_wrong(
			c, found,
			"network.dns: found with method \"none\", which looks names up "
			"as the rest of the system does; valid is \"system\", or nothing");
	check_foreign_keys(
		c, "none", of_ours, ARRAY_SIZE(of_ours),
		"which leaves it to the bridge; valid with another method only");
}

static void check_network(const struct check *c)
{
	static const char *const of_static[] = { "address", "gateway" };
	struct network_settings *n = &c->s->network;
	const struct conf_node *method = check_member(c, "network", "method");
	const struct conf_node *address = check_member(c, "network", "address");
	const struct conf_node *gateway = check_member(c, "network", "gateway");

	if (n->method == NETWORK_METHOD_STATIC) {
		if (!address)
			check_wrong(
				c, method,
				"network.address: not set; valid with method = \"static\" is an IPv4 "
				"address with its prefix length, such as \"192.168.1.50/24\"");
		if (n->address.s_addr && n->gateway.s_addr)
			check_subnet(c, gateway);
		if (!check_member(c, "network", "dns") && c->s->mqtt.host &&
		    !is_literal(c->s->mqtt.host))
			check_unwise(
				c, method,
				"network.dns: not set; without a DNS server the name in mqtt.host "
				"cannot be found, unless /etc/hosts has it");
		return;
	}
	if (n->method == NETWORK_METHOD_EXTERNAL) {
		check_foreign_keys(c, "external", of_ours, ARRAY_SIZE(of_ours),
				   "which leaves it to another program; valid with "
				   "another method only");
		/* Who gives the address knows the name servers too. */
		n->dns_system = n->n_dns == 0;
		return;
	}
	if (n->method == NETWORK_METHOD_NONE || !method_is_known(c))
		return;
	check_foreign_keys(c, "dhcp", of_static, ARRAY_SIZE(of_static),
			   "which gets it from the server; valid with method = "
			   "\"static\" only");
}

/* What the node says about itself, which no publication may overwrite. */
static void check_own_topics(const struct check *c, const char *base)
{
	const struct mqtt_settings *m = &c->s->mqtt;
	const struct conf_node *list = check_member(c, "mqtt", "publish");
	const struct {
		const char *name, *off;
		bool used;
	} own[] = {
		{ "status", "mqtt.status = false", m->status },
		{ "info", "mqtt.info = false", m->info },
		{ "health", "mqtt.health_interval = 0", m->health_interval_s > 0 },
		{ "screen", "mqtt.discovery = \"\"", m->discovery && m->discovery[0] },
		{ "message", "mqtt.discovery = \"\"", m->discovery && m->discovery[0] },
		{ "restart", "mqtt.discovery_restart = false", m->discovery_restart },
	};
	size_t len = strlen(base);

	for (size_t i = 0; i < m->n_publish; i++) {
		const char *topic = m->publish[i].topic;

		if (!topic || strncmp(topic, base, len) != 0 || topic[len] != '/')
			continue;
		for (size_t j = 0; j < ARRAY_SIZE(own); j++)
			if (own[j].used && strcmp(topic + len + 1, own[j].name) == 0)
				check_wrong(
					c,
					conf_node_member(conf_node_at(list, i), "topic"),
					"mqtt.publish[%zu].topic: this is the %s topic of the node; "
					"valid is another one, or %s",
					i, own[j].name, own[j].off);
	}
}

static void check_base_topic(const struct check *c)
{
	const struct mqtt_settings *m = &c->s->mqtt;
	_cleanup_free_ char *base = NULL;
	char why[256];
	int r;

	if (m->base_topic)
		r = asprintf(&base, "%s", m->base_topic);
	else if (m->client_id)
		r = asprintf(&base, "mqttnode/%s", m->client_id);
	else
		return;
	if (r < 0) {
		base = NULL;
		c->report->out_of_memory = true;
		return;
	}
	if (!m->base_topic && topic_check_name(base, why, sizeof(why)) < 0)
		check_wrong(
			c, check_member(c, "mqtt", "client_id"),
			"mqtt.client_id: cannot be part of the topic mqttnode/CLIENT_ID; valid is an "
			"id without + and #, or a mqtt.base_topic beside it");
	check_own_topics(c, base);
}

static void check_duplicates(const struct check *c)
{
	const struct mqtt_settings *m = &c->s->mqtt;
	const struct conf_node *list = check_member(c, "mqtt", "subscribe");

	for (size_t i = 1; i < m->n_subscribe; i++) {
		for (size_t j = 0; j < i; j++) {
			if (!m->subscribe[i].topic || !m->subscribe[j].topic ||
			    strcmp(m->subscribe[i].topic, m->subscribe[j].topic) != 0)
				continue;
			check_wrong(
				c, conf_node_member(conf_node_at(list, i), "topic"),
				"mqtt.subscribe[%zu].topic: the same as mqtt.subscribe[%zu]; valid is "
				"each topic once",
				i, j);
			break;
		}
	}
}

static void check_mqtt(const struct check *c)
{
	struct mqtt_settings *m = &c->s->mqtt;
	const struct conf_node *host = check_member(c, "mqtt", "host");
	struct ip literal;

	if (m->host && !m->host[0]) {
		free(m->host);
		m->host = NULL;
		host = NULL;
	}
	if (!m->host && !host) {
		c->report->host_unset = true;
		report_error(
			c->report,
			"%s: mqtt.host: not set; valid is the name or address of your "
			"broker",
			c->s->path);
	}
	if (m->host && ip_parse(&literal, m->host) && literal.family == AF_INET6 &&
	    !c->s->network.ipv6 && !is_left_to_others(c->s))
		check_wrong(c, host,
			    "mqtt.host: found \"%s\", an IPv6 address; valid with "
			    "network.ipv6 = true only",
			    m->host);
	if (!m->clean_session && !check_member(c, "mqtt", "client_id") &&
	    conf_node_type(check_member(c, "mqtt", "clean_session")) == CONF_BOOL)
		check_wrong(
			c, check_member(c, "mqtt", "clean_session"),
			"mqtt.client_id: not set; valid with clean_session = false is an id that "
			"stays the same");
	if (m->discovery_restart && m->discovery && !m->discovery[0])
		check_wrong(c, check_member(c, "mqtt", "discovery_restart"),
			    "mqtt.discovery_restart: found true without discovery; valid "
			    "beside it only");
	settings_check_secrets(c);
	check_base_topic(c);
	check_duplicates(c);
	settings_check_publications(c);
	settings_check_subscriptions(c);
	settings_check_lines(c);
}

static void check_oled(const struct check *c)
{
	enum oled_chip controller = c->s->oled.controller; /* 0: refused */
	const struct conf_node *height = check_member(c, "oled", "height");
	const struct conf_node *offset = check_member(c, "oled", "column_offset");

	if (controller == OLED_SH1106 && c->s->oled.height == 32)
		check_wrong(
			c, height,
			"oled.height: found 32; valid with controller = \"sh1106\" is 64");
	if (controller && controller != OLED_SH1106 && offset)
		check_unwise(c, offset,
			     "oled.column_offset: it has no effect but with controller "
			     "= \"sh1106\"");
}

void settings_check_relations(struct settings *s, const struct conf_file *file,
			      struct settings_report *report)
{
	const struct check c = { .s = s, .file = file, .report = report };

	check_ethernet(&c);
	s->ethernet.ipv6 = s->network.ipv6 || is_left_to_others(s);
	check_network(&c);
	check_bridge(&c);
	check_mqtt(&c);
	check_oled(&c);
	settings_check_pages(&c);
}
