// SPDX-License-Identifier: MIT
/* settings_keys.c — every key, its type, range and default */
#include "settings_schema.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "mqttnode/log.h"
#include "mqttnode/template.h"
#include "mqttnode/text.h"
#include "mqttnode/topic.h"

#define VALUE(p, f) .path = (p), .kind = KEY_VALUE, .store = (f)
#define GROUP(p)    .path = (p), .kind = KEY_GROUP
#define GROUPS(p)   .path = (p), .kind = KEY_GROUPS

/* Where a value goes: member @m of struct @type. */
#define INTO(type, m)                                                                    \
	.offset = offsetof(struct type, m), .size = sizeof(((struct type *)NULL)->m)

#define ELEMENTS(type, m, n)                                                             \
	INTO(type, m), .count_offset = offsetof(struct type, n),                         \
		       .element_size = sizeof(*((struct type *)NULL)->m)

/* A member of a struct within a publication. */
#define WITHIN_PUBLICATION(m)                                                            \
	.offset = offsetof(struct publication_settings, m),                              \
	.size = sizeof(((struct publication_settings *)NULL)->m)
#define SHAPING(m) WITHIN_PUBLICATION(shaping.m)
#define INPUT(m)   WITHIN_PUBLICATION(input.m)

#define OUTPUT(m)                                                                        \
	.offset = offsetof(struct subscription_settings, output.m),                      \
	.size = sizeof(((struct subscription_settings *)NULL)->output.m)

#define VALID_COMMAND                                                                    \
	"a program and its arguments, such as [ \"/usr/bin/uptime\", \"-p\" ], up to 64"

#define BYTES_IN_MQTT_STRING 65535 /* MQTT 3.1.1, 1.5.3 */

static const struct key_choice log_levels[] = {
	{ "error", LOG_ERR }, { "warning", LOG_WARNING }, { "notice", LOG_NOTICE },
	{ "info", LOG_INFO }, { "debug", LOG_DEBUG },	  { NULL, 0 },
};

static const struct key_choice phy_modes[] = {
	{ "auto", PHY_MODE_AUTO },	   { "100-full", PHY_MODE_100_FULL },
	{ "100-half", PHY_MODE_100_HALF }, { "10-full", PHY_MODE_10_FULL },
	{ "10-half", PHY_MODE_10_HALF },   { NULL, 0 },
};

static const struct key_choice bus_plans[] = {
	{ "plain", false },
	{ "chained", true },
	{ NULL, 0 },
};

static const struct key_choice methods[] = {
	{ "dhcp", NETWORK_METHOD_DHCP },
	{ "static", NETWORK_METHOD_STATIC },
	{ "external", NETWORK_METHOD_EXTERNAL },
	{ "none", NETWORK_METHOD_NONE },
	{ NULL, 0 },
};

static const struct key_choice protocols[] = {
	{ "3.1.1", MQTT_PROTOCOL_3_1_1 },
	{ "5", MQTT_PROTOCOL_5 },
	{ NULL, 0 },
};

static const struct key_choice charsets[] = {
	{ "none", CHARSET_NONE },
	{ "gb18030", CHARSET_GB18030 },
	{ NULL, 0 },
};

static const struct key_choice spool_drops[] = {
	{ "oldest", SPOOL_DROP_OLDEST },
	{ "newest", SPOOL_DROP_NEWEST },
	{ NULL, 0 },
};

static const struct key_choice actions[] = {
	{ "journal", SUBSCRIPTION_JOURNAL }, { "oled", SUBSCRIPTION_OLED },
	{ "gpio", SUBSCRIPTION_GPIO },	     { "command", SUBSCRIPTION_COMMAND },
	{ "file", SUBSCRIPTION_FILE },	     { NULL, 0 },
};

static const struct key_choice triggers[] = {
	{ "interval", PUBLISH_INTERVAL },
	{ "connect", PUBLISH_CONNECT },
	{ "change", PUBLISH_CHANGE },
	{ NULL, 0 },
};

static const struct key_choice biases[] = {
	{ "as-is", LINE_BIAS_AS_IS },
	{ "pull-up", LINE_BIAS_PULL_UP },
	{ "pull-down", LINE_BIAS_PULL_DOWN },
	{ "disabled", LINE_BIAS_DISABLED },
	{ NULL, 0 },
};

static const struct key_choice state_classes[] = {
	{ "measurement", 0 },
	{ "total", 0 },
	{ "total_increasing", 0 },
	{ NULL, 0 },
};

static const struct key_choice safe_states[] = {
	{ "off", LINE_SAFE_OFF },
	{ "on", LINE_SAFE_ON },
	{ "keep", LINE_SAFE_KEEP },
	{ NULL, 0 },
};

static const struct key_choice pages[] = {
	{ "address", PAGE_ADDRESS },   { "ladder", PAGE_LADDER },
	{ "messages", PAGE_MESSAGES }, { "traffic", PAGE_TRAFFIC },
	{ "items", PAGE_ITEMS },       { NULL, 0 },
};

static const struct key_choice items[] = {
	{ "text", ITEM_TEXT },
	{ "digits", ITEM_DIGITS },
	{ "bar", ITEM_BAR },
	{ NULL, 0 },
};

static const struct key_choice controllers[] = {
	{ "ssd1306", OLED_SSD1306 },
	{ "ssd1309", OLED_SSD1309 },
	{ "sh1106", OLED_SH1106 },
	{ NULL, 0 },
};

static const struct key_choice widths[] = {
	{ "128", 128 },
	{ NULL, 0 },
};

static const struct key_choice heights[] = {
	{ "64", 64 },
	{ "32", 32 },
	{ NULL, 0 },
};

static const struct key_choice rotations[] = {
	{ "0", 0 }, { "90", 90 }, { "180", 180 }, { "270", 270 }, { NULL, 0 },
};

static int check_printable(const char *s, char *why, size_t size)
{
	size_t len = strlen(s);
	uint32_t c;
	int n;

	for (size_t i = 0; i < len; i += (size_t)n) {
		n = text_utf8_decode(s + i, len - i, &c);
		if (n < 0 || text_is_control(c)) {
			text_format(why, size, "it holds a control character");
			return -EINVAL;
		}
	}
	return 0;
}

static int check_path(const char *s, char *why, size_t size)
{
	if (s[0] && s[0] != '/')
		return -EINVAL;
	return check_printable(s, why, size);
}

static int check_font_file(const char *s, char *why, size_t size)
{
	return strcmp(s, "auto") == 0 ? 0 : check_path(s, why, size);
}

/* See gpio.h for the ways to name a line. */
static int check_line(const char *s, char *why, size_t size)
{
	const char *colon = strrchr(s, ':');
	bool chip = strncmp(s, "/dev/", 5) == 0 || strncmp(s, "gpiochip", 8) == 0;

	if (colon &&
	    (colon == s || !colon[1] || colon[1 + strspn(colon + 1, "0123456789")])) {
		text_format(why, size, "a number must follow the chip and the colon");
		return -EINVAL;
	}
	if (chip && !colon) {
		text_format(why, size, "this names a chip, not a line of it");
		return -EINVAL;
	}
	return check_printable(s, why, size);
}

static int check_credential(const char *s, char *why, size_t size)
{
	if (strchr(s, '/') || strcmp(s, ".") == 0 || strcmp(s, "..") == 0)
		return -EINVAL;
	return check_printable(s, why, size);
}

/* A file that is written: whole path, or within the state directory. */
static int check_target(const char *s, char *why, size_t size)
{
	size_t len = strlen(s);

	if (strncmp(s, "spool.db", strlen("spool.db")) == 0 || strstr(s, "/spool.db")) {
		text_format(why, size, "this is the daemon's own");
		return -EINVAL;
	}
	if (s[len - 1] == '/' || (s[0] != '/' && strstr(s, "..")) || strstr(s, "/../")) {
		text_format(why, size,
			    s[len - 1] == '/' ? "this is a directory"
					      : "it may lead elsewhere");
		return -EINVAL;
	}
	return check_printable(s, why, size);
}

static int check_prefix(const char *s, char *why, size_t size)
{
	return s[0] ? topic_check_name(s, why, size) : 0;
}

static int check_class(const char *s, char *why, size_t size)
{
	(void)why;
	(void)size;
	return s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_")] ? -EINVAL : 0;
}

/* clang-format off */
const struct settings_key settings_keys[] = {
{ VALUE("log_level", store_choice), INTO(settings, log_level),
  .fallback = "\"info\"", .choices = log_levels },

{ GROUP("ethernet"), INTO(settings, ethernet) },
{ VALUE("ethernet.spi", store_string), INTO(ethernet_settings, spi),
  .fallback = "\"/dev/spidev0.0\"", .min = 1, .max = 255, .check = check_path,
  .valid = "the path of a device such as \"/dev/spidev0.0\"" },
{ VALUE("ethernet.spi_speed_hz", store_int), INTO(ethernet_settings, spi_speed_hz),
  .fallback = "33400000", .min = 1000000, .max = 80000000 },
{ VALUE("ethernet.interrupt", store_string), INTO(ethernet_settings, interrupt),
  .fallback = "\"GPIO25\"", .max = 255, .check = check_line,
  .valid = "a GPIO line such as \"GPIO25\" or \"gpiochip0:25\", or \"\" to poll" },
{ VALUE("ethernet.reset", store_string), INTO(ethernet_settings, reset),
  .fallback = "\"GPIO24\"", .max = 255, .check = check_line,
  .valid = "a GPIO line such as \"GPIO24\" or \"gpiochip0:24\", or \"\" for none" },
{ VALUE("ethernet.interface", store_interface), INTO(ethernet_settings, interface),
  .fallback = "\"mqtt0\"",
  .valid = "a name of 1 to 15 letters, digits, \"-\", \"_\" or \".\", such as \"mqtt0\"" },
{ VALUE("ethernet.mac", store_mac), INTO(ethernet_settings, mac),
  .fallback = "\"auto\"",
  .valid = "\"auto\" or a unicast address such as \"02:00:00:12:34:56\"" },
{ VALUE("ethernet.phy", store_choice), INTO(ethernet_settings, phy),
  .fallback = "\"auto\"", .choices = phy_modes },
{ VALUE("ethernet.bus_plan", store_choice), INTO(ethernet_settings, chained),
  .fallback = "\"plain\"", .choices = bus_plans },
{ VALUE("ethernet.spi_max_transfer", store_int),
  INTO(ethernet_settings, spi_max_transfer),
  .fallback = "65536", .min = 64, .max = 65536 },
{ VALUE("ethernet.rt_priority", store_int), INTO(ethernet_settings, rt_priority),
  .fallback = "0", .min = 0, .max = 99 },
{ VALUE("ethernet.promiscuous", store_bool), INTO(ethernet_settings, promiscuous),
  .fallback = "false" },

{ GROUP("network"), INTO(settings, network) },
{ VALUE("network.method", store_choice), INTO(network_settings, method),
  .fallback = "\"dhcp\"", .choices = methods },
{ VALUE("network.address", store_address),
  .valid = "an IPv4 address with its prefix length, such as \"192.168.1.50/24\"" },
{ VALUE("network.gateway", store_gateway),
  .valid = "an IPv4 address such as \"192.168.1.1\"" },
{ VALUE("network.dns", store_dns),
  .valid = "up to 3 IPv4 addresses such as [ \"192.168.1.1\" ], or \"system\"" },
{ VALUE("network.default_route", store_bool), INTO(network_settings, default_route),
  .fallback = "true" },
{ VALUE("network.table", store_table), INTO(network_settings, table),
  .fallback = "7700", .min = 1, .max = INT32_MAX,
  .valid = "a whole number from 1 to 2147483647 except 253, 254 and 255" },
{ VALUE("network.ipv6", store_bool), INTO(network_settings, ipv6), .fallback = "false" },

{ GROUP("mqtt"), INTO(settings, mqtt) },
{ VALUE("mqtt.host", store_string), INTO(mqtt_settings, host),
  .max = 253, .check = check_host,
  .valid = "the name or address of your broker, such as \"broker.lan\"" },
{ VALUE("mqtt.port", store_int), INTO(mqtt_settings, port),
  .fallback = "1883", .min = 1, .max = 65535 },
{ VALUE("mqtt.client_id", store_string), INTO(mqtt_settings, client_id),
  .min = 1, .max = 64, .check = check_printable,
  .valid = "1 to 64 bytes of text without control characters" },
{ VALUE("mqtt.username", store_string), INTO(mqtt_settings, username),
  .min = 1, .max = BYTES_IN_MQTT_STRING, .check = check_printable,
  .valid = "1 to 65535 bytes of text without control characters" },
{ .path = "mqtt.password", .kind = KEY_REFUSED, .secret = true,
  .valid = "a password in a file of its own, named by mqtt.password_file, or in a systemd "
	   "credential, named by mqtt.password_credential" },
{ VALUE("mqtt.password_credential", store_string),
  INTO(mqtt_settings, password_credential),
  .min = 1, .max = 255, .check = check_credential, .secret = true,
  .valid = "the name of a systemd credential, such as \"mqtt-password\"" },
{ VALUE("mqtt.password_file", store_string), INTO(mqtt_settings, password_file),
  .min = 1, .max = 4095, .check = check_path, .secret = true,
  .valid = "the path of a file, beginning with \"/\"" },
{ VALUE("mqtt.base_topic", store_string), INTO(mqtt_settings, base_topic),
  .min = 1, .max = 1024, .check = topic_check_name,
  .valid = "a topic such as \"home/node\"" },
{ VALUE("mqtt.status", store_bool), INTO(mqtt_settings, status),
  .fallback = "true" },
{ VALUE("mqtt.info", store_bool), INTO(mqtt_settings, info),
  .fallback = "true" },
{ VALUE("mqtt.health_interval", store_int), INTO(mqtt_settings, health_interval_s),
  .fallback = "60", .min = 0, .max = 86400 },
{ VALUE("mqtt.keepalive", store_int), INTO(mqtt_settings, keepalive_s),
  .fallback = "20", .min = 5, .max = 65535 },
{ VALUE("mqtt.reconnect_max", store_int), INTO(mqtt_settings, reconnect_max_s),
  .fallback = "30", .min = 1, .max = 3600 },
{ VALUE("mqtt.clean_session", store_bool), INTO(mqtt_settings, clean_session),
  .fallback = "true" },
{ VALUE("mqtt.discovery", store_string), INTO(mqtt_settings, discovery),
  .fallback = "\"\"", .max = 255, .check = check_prefix,
  .valid = "the prefix of Home Assistant's topics, mostly \"homeassistant\", or \"\"" },
{ VALUE("mqtt.discovery_restart", store_bool), INTO(mqtt_settings, discovery_restart),
  .fallback = "false" },
{ VALUE("mqtt.protocol", store_choice), INTO(mqtt_settings, protocol),
  .fallback = "\"3.1.1\"", .choices = protocols },
{ VALUE("mqtt.session_expiry", store_int), INTO(mqtt_settings, session_expiry_s),
  .fallback = "86400", .min = 1, .max = UINT32_MAX - 1.0 },
{ VALUE("mqtt.fallback_charset", store_choice), INTO(mqtt_settings, fallback_charset),
  .fallback = "\"none\"", .choices = charsets },
{ GROUP("mqtt.tls"), INTO(mqtt_settings, tls), .is_switch = true },
{ VALUE("mqtt.tls.ca_file", store_string), INTO(tls_settings, ca_file),
  .min = 1, .max = 4095, .check = check_path,
  .valid = "the path of a file of CA certificates, such as \"/etc/mqttnode/ca.pem\"" },
{ VALUE("mqtt.tls.cert_file", store_string), INTO(tls_settings, cert_file),
  .min = 1, .max = 4095, .check = check_path,
  .valid = "the path of a certificate, such as \"/etc/mqttnode/node.pem\"" },
{ VALUE("mqtt.tls.key_file", store_string), INTO(tls_settings, key_file),
  .min = 1, .max = 4095, .check = check_path,
  .valid = "the path of a private key, such as \"/etc/mqttnode/node.key\"" },
{ VALUE("mqtt.tls.key_credential", store_string), INTO(tls_settings, key_credential),
  .min = 1, .max = 255, .check = check_credential,
  .valid = "the name of a systemd credential, such as \"mqtt-key\"" },
{ VALUE("mqtt.tls.insecure", store_bool), INTO(tls_settings, insecure),
  .fallback = "false" },

{ GROUP("mqtt.spool"), INTO(mqtt_settings, spool) },
{ VALUE("mqtt.spool.messages", store_int), INTO(spool_settings, messages),
  .fallback = "100000", .min = 100, .max = 1000000 },
{ VALUE("mqtt.spool.bytes", store_int), INTO(spool_settings, bytes),
  .fallback = "16777216", .min = 65536, .max = 1073741824 },
{ VALUE("mqtt.spool.age", store_seconds), INTO(spool_settings, age_ms),
  .fallback = "604800.0", .min = 0, .max = 31536000 },
{ VALUE("mqtt.spool.drop", store_choice), INTO(spool_settings, drop),
  .fallback = "\"oldest\"", .choices = spool_drops },
{ VALUE("mqtt.spool.rate", store_int), INTO(spool_settings, rate),
  .fallback = "100", .min = 1, .max = 100000 },
{ VALUE("mqtt.spool.sync", store_seconds), INTO(spool_settings, sync_ms),
  .fallback = "5.0", .min = 0, .max = 3600 },

{ GROUPS("mqtt.publish"), ELEMENTS(mqtt_settings, publish, n_publish), .max = 256 },
{ VALUE("mqtt.publish.topic", store_string), INTO(publication_settings, topic),
  .required = true, .min = 1, .max = BYTES_IN_MQTT_STRING, .check = topic_check_name,
  .valid = "a topic such as \"home/node/hello\"" },
{ VALUE("mqtt.publish.text", store_string), INTO(publication_settings, text),
  .max = BYTES_IN_MQTT_STRING, .check = template_check,
  .valid = "text, with variables such as {ip} and {{ for a brace" },
{ VALUE("mqtt.publish.file", store_string), INTO(publication_settings, file),
  .min = 1, .max = 4095, .check = check_path,
  .valid = "the path of a file, beginning with \"/\"" },
{ VALUE("mqtt.publish.command", store_command), INTO(publication_settings, command),
  .valid = VALID_COMMAND },
{ VALUE("mqtt.publish.timeout", store_seconds), INTO(publication_settings, timeout_ms),
  .fallback = "10.0", .min = 0.1, .max = 3600 },
{ VALUE("mqtt.publish.gpio", store_string), INPUT(line),
  .min = 1, .max = 255, .check = check_line,
  .valid = "a GPIO line such as \"GPIO17\" or \"gpiochip0:17\"" },
{ VALUE("mqtt.publish.bias", store_choice), INPUT(bias),
  .fallback = "\"as-is\"", .choices = biases },
{ VALUE("mqtt.publish.active_low", store_bool), INPUT(active_low), .fallback = "false" },
{ VALUE("mqtt.publish.debounce", store_seconds), INPUT(debounce_ms),
  .fallback = "0.02", .min = 0.001, .max = 10 },
{ VALUE("mqtt.publish.trigger", store_choices), INTO(publication_settings, triggers),
  .choices = triggers },
{ VALUE("mqtt.publish.interval", store_seconds),
  INTO(publication_settings, interval_ms),
  .fallback = "1.0", .min = 0.01, .max = 31536000 },
{ VALUE("mqtt.publish.whole", store_bool), SHAPING(whole), .fallback = "false" },
{ VALUE("mqtt.publish.max_size", store_int), INTO(publication_settings, max_size),
  .fallback = "65536", .min = 1, .max = 16777216 },
{ VALUE("mqtt.publish.scale", store_number), SHAPING(scale),
  .fallback = "1.0", .min = -1e15, .max = 1e15 },
{ VALUE("mqtt.publish.offset", store_number), SHAPING(offset),
  .fallback = "0.0", .min = -1e15, .max = 1e15 },
{ VALUE("mqtt.publish.decimals", store_decimals), .min = 0, .max = 9 },
{ VALUE("mqtt.publish.dead_band", store_number), SHAPING(dead_band),
  .fallback = "0.0", .min = 0, .max = 1e15 },
{ VALUE("mqtt.publish.qos", store_int), INTO(publication_settings, qos),
  .fallback = "0", .min = 0, .max = 2 },
{ VALUE("mqtt.publish.retain", store_bool), INTO(publication_settings, retain),
  .fallback = "false" },
{ VALUE("mqtt.publish.store", store_bool), INTO(publication_settings, store),
  .fallback = "true" },
{ VALUE("mqtt.publish.expiry", store_int), INTO(publication_settings, expiry_s),
  .fallback = "0", .min = 0, .max = UINT32_MAX - 1.0 },
{ VALUE("mqtt.publish.json", store_bool), INTO(publication_settings, json),
  .fallback = "false" },
{ VALUE("mqtt.publish.unit", store_string), INTO(publication_settings, unit),
  .min = 1, .max = 32, .check = check_printable,
  .valid = "1 to 32 bytes of text without control characters, such as \"hPa\"" },
{ VALUE("mqtt.publish.name", store_string), INTO(publication_settings, name),
  .min = 1, .max = 128, .check = check_printable,
  .valid = "1 to 128 bytes of text without control characters" },
{ VALUE("mqtt.publish.device_class", store_string),
  INTO(publication_settings, device_class),
  .min = 1, .max = 32, .check = check_class,
  .valid = "a class of Home Assistant such as \"temperature\" or \"door\"" },
{ VALUE("mqtt.publish.state_class", store_choice_text),
  INTO(publication_settings, state_class), .choices = state_classes },

{ GROUPS("mqtt.subscribe"), ELEMENTS(mqtt_settings, subscribe, n_subscribe), .max = 256 },
{ VALUE("mqtt.subscribe.topic", store_string), INTO(subscription_settings, topic),
  .required = true, .min = 1, .max = BYTES_IN_MQTT_STRING, .check = topic_check_shared,
  .valid = "a topic filter such as \"home/+/set\" or \"home/#\"" },
{ VALUE("mqtt.subscribe.qos", store_int), INTO(subscription_settings, qos),
  .fallback = "0", .min = 0, .max = 2 },
{ VALUE("mqtt.subscribe.actions", store_choices), INTO(subscription_settings, actions),
  .fallback = "[ \"journal\", \"oled\" ]", .choices = actions },
{ VALUE("mqtt.subscribe.max_size", store_int), INTO(subscription_settings, max_size),
  .fallback = "65536", .min = 1, .max = 16777216 },
{ VALUE("mqtt.subscribe.max_rate", store_int), INTO(subscription_settings, max_rate),
  .fallback = "100", .min = 1, .max = 10000 },
{ VALUE("mqtt.subscribe.retained", store_bool), INTO(subscription_settings, retained),
  .fallback = "false" },
{ VALUE("mqtt.subscribe.gpio", store_string), OUTPUT(line),
  .min = 1, .max = 255, .check = check_line,
  .valid = "a GPIO line such as \"GPIO27\" or \"gpiochip0:27\"" },
{ VALUE("mqtt.subscribe.active_low", store_bool), OUTPUT(active_low),
  .fallback = "false" },
{ VALUE("mqtt.subscribe.safe", store_choice), OUTPUT(safe),
  .fallback = "\"off\"", .choices = safe_states },
{ VALUE("mqtt.subscribe.pulse", store_seconds), OUTPUT(pulse_ms),
  .fallback = "0.5", .min = 0.001, .max = 3600 },
{ VALUE("mqtt.subscribe.command", store_command), INTO(subscription_settings, command),
  .valid = VALID_COMMAND },
{ VALUE("mqtt.subscribe.timeout", store_seconds),
  INTO(subscription_settings, timeout_ms),
  .fallback = "10.0", .min = 0.1, .max = 3600 },
{ VALUE("mqtt.subscribe.file", store_string), INTO(subscription_settings, file),
  .min = 1, .max = 4000, .check = check_target,
  .valid = "the path of a file, or one below the state directory, such as \"last.txt\"" },

{ GROUP("oled"), INTO(settings, oled) },
{ VALUE("oled.i2c", store_string), INTO(oled_settings, i2c),
  .fallback = "\"/dev/i2c-1\"", .max = 255, .check = check_path,
  .valid = "the path of a device such as \"/dev/i2c-1\", or \"\" for no display" },
{ VALUE("oled.address", store_int), INTO(oled_settings, address),
  .fallback = "0x3c", .min = 0x08, .max = 0x77,
  .valid = "an I2C address from 0x08 to 0x77: 0x3c for a board marked 0x78, 0x3d for 0x7a" },
{ VALUE("oled.controller", store_choice), INTO(oled_settings, controller),
  .fallback = "\"ssd1306\"", .choices = controllers },
{ VALUE("oled.width", store_choice), INTO(oled_settings, width),
  .fallback = "128", .choices = widths },
{ VALUE("oled.height", store_choice), INTO(oled_settings, height),
  .fallback = "64", .choices = heights },
{ VALUE("oled.column_offset", store_int), INTO(oled_settings, column_offset),
  .fallback = "2", .min = 0, .max = 4 },
{ VALUE("oled.rotate", store_choice), INTO(oled_settings, rotate),
  .fallback = "0", .choices = rotations },
{ VALUE("oled.contrast", store_int), INTO(oled_settings, contrast),
  .fallback = "127", .min = 0, .max = 255 },
{ VALUE("oled.invert", store_bool), INTO(oled_settings, invert),
  .fallback = "false" },
{ VALUE("oled.dim", store_hours), INTO(oled_settings, dim),
  .fallback = "\"\"",
  .valid = "hours such as \"22:00-06:00\", or \"\" for never" },
{ VALUE("oled.dim_contrast", store_int), INTO(oled_settings, dim_contrast),
  .fallback = "0", .min = 0, .max = 255 },
{ VALUE("oled.idle_off", store_seconds), INTO(oled_settings, idle_off_ms),
  .fallback = "1800.0", .min = 0, .max = 31536000 },
{ VALUE("oled.pixel_shift", store_bool), INTO(oled_settings, pixel_shift),
  .fallback = "true" },
{ VALUE("oled.message_time", store_seconds), INTO(oled_settings, message_time_ms),
  .fallback = "5.0", .min = 0.1, .max = 3600 },
{ VALUE("oled.font_file", store_string), INTO(oled_settings, font_file),
  .fallback = "\"auto\"", .max = 4095, .check = check_font_file,
  .valid = "\"auto\", the path of a file such as \"/usr/share/unifont/unifont.hex\", or "
	   "\"\" for none" },
{ VALUE("oled.max_write", store_int), INTO(oled_settings, max_write),
  .fallback = "8192", .min = OLED_MAX_WRITE_MIN, .max = 8192 },
{ VALUE("oled.page_time", store_seconds), INTO(oled_settings, page_time_ms),
  .fallback = "8.0", .min = 1, .max = 3600 },
{ GROUPS("oled.pages"), ELEMENTS(oled_settings, pages, n_pages), .max = 16 },
{ VALUE("oled.pages.show", store_choice), INTO(page_settings, kind),
  .fallback = "\"items\"", .choices = pages },
{ VALUE("oled.pages.title", store_string), INTO(page_settings, title),
  .max = 255, .check = template_check_page,
  .valid = "up to 255 bytes of text, with variables such as {hostname}" },
{ GROUPS("oled.pages.items"), ELEMENTS(page_settings, items, n_items),
  .max = SETTINGS_ITEMS_MAX },
{ VALUE("oled.pages.items.show", store_choice), INTO(item_settings, kind),
  .fallback = "\"text\"", .choices = items },
{ VALUE("oled.pages.items.label", store_string), INTO(item_settings, label),
  .max = 64, .check = check_printable,
  .valid = "up to 64 bytes of text without control characters" },
{ VALUE("oled.pages.items.topic", store_string), INTO(item_settings, topic),
  .min = 1, .max = BYTES_IN_MQTT_STRING, .check = topic_check_name,
  .valid = "a topic without wildcards, such as \"home/temperature\"" },
{ VALUE("oled.pages.items.text", store_string), INTO(item_settings, text),
  .fallback = "\"{value}\"", .max = 255, .check = template_check_page,
  .valid = "up to 255 bytes of text, with variables such as {value}" },
{ VALUE("oled.pages.items.min", store_number), INTO(item_settings, min),
  .fallback = "0.0", .min = -1e12, .max = 1e12 },
{ VALUE("oled.pages.items.max", store_number), INTO(item_settings, max),
  .fallback = "100.0", .min = -1e12, .max = 1e12 },
};
/* clang-format on */

const size_t settings_n_keys = ARRAY_SIZE(settings_keys);
