// SPDX-License-Identifier: MIT
/*
 * test_settings.c — good configurations, files
 *
 * Arguments: conf/mqttnode.conf and conf/tutorial.conf.
 */
#include "mqttnode/settings.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>

#include "temp_dir.h"
#include "unit.h"

static const char *example, *tutorial;

/* Loads @text, which must be right, and asserts the number of warnings. */
static struct settings *load(const char *text, size_t n_warnings)
{
	struct settings_report report = { 0 };
	struct settings *s = NULL;
	int r;

	temp_file("good.conf", text);
	r = settings_load(&s, "good.conf", &report);
	for (size_t i = 0; i < report.n_errors; i++)
		print_message("# %s\n", report.errors[i]);
	assert_int_equal(r, 0);
	assert_int_equal(report.n_warnings, n_warnings);
	settings_report_clear(&report);
	return s;
}

/* Loads a file with one mistake and asserts its message. */
static void load_bad(const char *path, const char *message)
{
	struct settings_report report = { 0 };
	struct settings *s = NULL;

	assert_int_equal(settings_load(&s, path, &report), -EINVAL);
	assert_int_equal(report.n_errors, 1);
	assert_string_equal(report.errors[0], message);
	settings_report_clear(&report);
}

static void has_a_default_for_every_key(void **state)
{
	struct settings *s = load("mqtt: { host = \"h\"; };", 0);

	(void)state;
	assert_string_equal(s->path, "good.conf");
	assert_int_equal(s->log_level, LOG_INFO);
	assert_string_equal(s->ethernet.spi, "/dev/spidev0.0");
	assert_int_equal(s->ethernet.spi_speed_hz, 33400000);
	assert_string_equal(s->ethernet.interrupt, "GPIO25");
	assert_string_equal(s->ethernet.reset, "GPIO24");
	assert_string_equal(s->ethernet.interface, "mqtt0");
	assert_true(s->ethernet.mac_auto);
	assert_int_equal(s->ethernet.phy, PHY_MODE_AUTO);
	assert_false(s->ethernet.chained);
	assert_int_equal(s->ethernet.spi_max_transfer, 65536);
	assert_int_equal(s->ethernet.rt_priority, 0);
	assert_false(s->ethernet.promiscuous);
	assert_int_equal(s->network.method, NETWORK_METHOD_DHCP);
	assert_int_equal(s->network.n_dns, 0);
	assert_false(s->network.dns_system);
	assert_true(s->network.default_route);
	assert_int_equal(s->network.table, 7700);
	assert_false(s->network.ipv6);
	assert_string_equal(s->mqtt.host, "h");
	assert_int_equal(s->mqtt.port, 1883);
	assert_null(s->mqtt.client_id);
	assert_null(s->mqtt.username);
	assert_null(s->mqtt.password_credential);
	assert_null(s->mqtt.password_file);
	assert_null(s->mqtt.base_topic);
	assert_true(s->mqtt.status);
	assert_int_equal(s->mqtt.keepalive_s, 20);
	assert_int_equal(s->mqtt.reconnect_max_s, 30);
	assert_true(s->mqtt.clean_session);
	assert_int_equal(s->mqtt.fallback_charset, CHARSET_NONE);
	assert_int_equal(s->mqtt.n_publish, 0);
	assert_int_equal(s->mqtt.n_subscribe, 0);
	assert_string_equal(s->oled.i2c, "/dev/i2c-1");
	assert_int_equal(s->oled.address, 0x3c);
	assert_int_equal(s->oled.controller, OLED_SSD1306);
	assert_int_equal(s->oled.width, 128);
	assert_int_equal(s->oled.height, 64);
	assert_int_equal(s->oled.column_offset, 2);
	assert_int_equal(s->oled.rotate, 0);
	assert_int_equal(s->oled.contrast, 127);
	assert_false(s->oled.invert);
	assert_int_equal(s->oled.dim.from_min, s->oled.dim.to_min);
	assert_int_equal(s->oled.idle_off_ms, 1800 * 1000);
	assert_true(s->oled.pixel_shift);
	assert_int_equal(s->oled.max_write, 8192);
	assert_int_equal(s->oled.message_time_ms, 5000);
	assert_string_equal(s->oled.font_file, "auto");
	assert_int_equal(s->oled.page_time_ms, 8000);
	assert_int_equal(s->oled.n_pages, 0);
	settings_free(s);
}

static void assert_mqtt(const struct mqtt_settings *m)
{
	assert_string_equal(m->host, "192.0.2.1");
	assert_int_equal(m->port, 8884);
	assert_string_equal(m->client_id, "a");
	assert_string_equal(m->username, "\"u\"");
	assert_string_equal(m->password_credential, "c");
	assert_true(m->tls.on);
	assert_string_equal(m->tls.ca_file, "/ca");
	assert_string_equal(m->tls.cert_file, "/c");
	assert_null(m->tls.key_file);
	assert_string_equal(m->tls.key_credential, "k");
	assert_false(m->tls.insecure);
	assert_string_equal(m->base_topic, "b");
	assert_false(m->status);
	assert_false(m->info);
	assert_int_equal(m->health_interval_s, 0);
	assert_int_equal(m->keepalive_s, 65535);
	assert_int_equal(m->reconnect_max_s, 3600);
	assert_false(m->clean_session);
	assert_int_equal(m->fallback_charset, CHARSET_GB18030);
	assert_int_equal(m->protocol, MQTT_PROTOCOL_5);
	assert_int_equal(m->session_expiry_s, 60);
	assert_int_equal(m->n_publish, 2);
	assert_string_equal(m->publish[0].text, "a\n{ip} {{");
	assert_int_equal(m->publish[0].interval_ms, 10);
	assert_int_equal(m->publish[0].qos, 2);
	assert_true(m->publish[0].retain);
	assert_string_equal(m->publish[1].topic, "u");
	assert_string_equal(m->publish[1].text, "");
	assert_int_equal(m->publish[1].interval_ms, 1000);
	assert_int_equal(m->publish[1].qos, 0);
	assert_false(m->publish[1].retain);
	assert_int_equal(m->n_subscribe, 1);
	assert_string_equal(m->subscribe[0].topic, "+/#");
	assert_int_equal(m->subscribe[0].qos, 1);
	assert_int_equal(m->subscribe[0].actions, SUBSCRIPTION_OLED);
	assert_int_equal(m->subscribe[0].max_size, 256);
}

static void takes_every_key(void **state)
{
	static const uint8_t mac[] = { 0x02, 0xab, 0, 0x12, 0x34, 0x56 };
	struct settings *s = load(
		"log_level = \"debug\";\n"
		"ethernet: { spi = \"/dev/spidev1.1\"; spi_speed_hz = 8000000; interrupt = \"\";\n"
		"  reset = \"gpiochip0:24\"; interface = \"eth-w.5_500\";\n"
		"  mac = \"02:AB:00:12:34:56\"; phy = \"10-half\";\n"
		"  bus_plan = \"chained\"; spi_max_transfer = 64; };\n"
		"network: { method = \"static\"; address = \"10.1.2.3/31\"; gateway = \"10.1.2.2\";\n"
		"  dns = ( \"1.1.1.1\", \"127.0.0.53\", \"9.9.9.9\" ); default_route = FALSE;\n"
		"  table = 100; };\n"
		"mqtt: { host = \"192.0.2.1\"; port = 8884L; client_id = \"a\"; username = \"\\\"u\\\"\";\n"
		"  password_credential = \"c\"; base_topic = \"b\"; status = false; info = false; health_interval = 0; keepalive = 65535;\n"
		"  tls: { ca_file = \"/ca\"; cert_file = \"/c\"; key_credential = \"k\"; insecure = false; };\n"
		"  reconnect_max = 3600; clean_session = false; fallback_charset = \"gb18030\"; protocol = \"5\";\n"
		"  session_expiry = 60;\n"
		"  publish: ( { topic = \"/t\"; text = \"a\\n{ip} {{\"; interval = 0.01; qos = 2;\n"
		"    retain = true; }, { topic = \"u\"; text = \"\"; } );\n"
		"  subscribe: ( { topic = \"+/#\"; qos = 1; actions = [ \"oled\" ];\n"
		"    max_size = 0x100; } ); };\n",
		0);

	(void)state;
	assert_int_equal(s->log_level, LOG_DEBUG);
	assert_string_equal(s->ethernet.spi, "/dev/spidev1.1");
	assert_int_equal(s->ethernet.spi_speed_hz, 8000000);
	assert_string_equal(s->ethernet.interrupt, "");
	assert_string_equal(s->ethernet.reset, "gpiochip0:24");
	assert_string_equal(s->ethernet.interface, "eth-w.5_500");
	assert_true(s->ethernet.chained);
	assert_int_equal(s->ethernet.spi_max_transfer, 64);
	assert_false(s->ethernet.mac_auto);
	assert_memory_equal(s->ethernet.mac, mac, sizeof(mac));
	assert_int_equal(s->ethernet.phy, PHY_MODE_10_HALF);
	assert_int_equal(s->network.method, NETWORK_METHOD_STATIC);
	assert_int_equal(ntohl(s->network.address.s_addr), 0x0a010203);
	assert_int_equal(s->network.prefix_len, 31);
	assert_int_equal(ntohl(s->network.gateway.s_addr), 0x0a010202);
	assert_int_equal(s->network.n_dns, 3);
	assert_int_equal(ntohl(s->network.dns[1].s_addr), 0x7f000035);
	assert_int_equal(ntohl(s->network.dns[2].s_addr), 0x09090909);
	assert_false(s->network.default_route);
	assert_int_equal(s->network.table, 100);
	assert_mqtt(&s->mqtt);
	settings_free(s);
}

static void an_external_address_comes_with_the_resolver_of_the_system(void **state)
{
	struct settings *s;

	(void)state;
	s = load("mqtt: { host = \"h\"; }; network: { method = \"external\"; };", 0);
	assert_int_equal(s->network.method, NETWORK_METHOD_EXTERNAL);
	assert_true(s->network.dns_system);
	settings_free(s);
	s = load("mqtt: { host = \"h\"; };\n"
		 "network: { method = \"external\"; dns = [ \"9.9.9.9\" ]; };",
		 0);
	assert_false(s->network.dns_system);
	assert_int_equal(s->network.n_dns, 1);
	settings_free(s);
}

static void takes_every_key_of_the_display(void **state)
{
	struct settings *s = load(
		"mqtt: { host = \"h\"; };\n"
		"oled: { i2c = \"\"; address = 0x3d; controller = \"sh1106\"; column_offset = 4;\n"
		"  rotate = 270; contrast = 0; invert = true; dim = \"23:59-00:00\";\n"
		"  dim_contrast = 255; idle_off = 0; pixel_shift = false; message_time = 2;\n"
		"  font_file = \"\"; max_write = 8; };\n",
		0);

	(void)state;
	assert_string_equal(s->oled.i2c, "");
	assert_int_equal(s->oled.address, 0x3d);
	assert_int_equal(s->oled.controller, OLED_SH1106);
	assert_int_equal(s->oled.column_offset, 4);
	assert_int_equal(s->oled.rotate, 270);
	assert_int_equal(s->oled.contrast, 0);
	assert_true(s->oled.invert);
	assert_int_equal(s->oled.dim.from_min, 23 * 60 + 59);
	assert_int_equal(s->oled.dim.to_min, 0);
	assert_int_equal(s->oled.dim_contrast, 255);
	assert_int_equal(s->oled.idle_off_ms, 0);
	assert_false(s->oled.pixel_shift);
	assert_int_equal(s->oled.message_time_ms, 2000);
	assert_string_equal(s->oled.font_file, "");
	assert_int_equal(s->oled.max_write, 8);
	settings_free(s);
}

static void tls_has_a_port_of_its_own(void **state)
{
	struct settings *s = load("mqtt: { host = \"h\"; tls: { }; };", 0);

	(void)state;
	assert_true(s->mqtt.tls.on);
	assert_null(s->mqtt.tls.ca_file);
	assert_int_equal(s->mqtt.port, 8883);
	settings_free(s);
	s = load("mqtt: { host = \"h\"; };", 0);
	assert_false(s->mqtt.tls.on);
	assert_int_equal(s->mqtt.port, 1883);
	settings_free(s);
}

static void takes_a_whole_number_for_a_fraction(void **state)
{
	struct settings *s = load(
		"mqtt: { host = \"h\"; publish: ( { topic = \"t\"; text = \"x\"; interval = 60; },"
		" { topic = \"t\"; text = \"x\"; interval = 2.5e1; },"
		" { topic = \"t\"; text = \"x\"; interval = .25; } ); };",
		0);

	(void)state;
	assert_int_equal(s->mqtt.publish[0].interval_ms, 60000);
	assert_int_equal(s->mqtt.publish[1].interval_ms, 25000);
	assert_int_equal(s->mqtt.publish[2].interval_ms, 250);
	settings_free(s);
}

static void takes_what_libconfig_allows(void **state)
{
	/* Comments of all kinds, strings side by side, Windows lines, names like
	 * keywords. */
	struct settings *s = load(
		"# one\r\n// two \"not a string\r\n/* three\r\n@include \"no\"\r\n*/\r\n"
		"mqtt = { host = \"broker\" \".lan.\", port : 1884 }\r\n"
		"log_level = \"error\" # the end",
		0);

	(void)state;
	assert_string_equal(s->mqtt.host, "broker.lan.");
	assert_int_equal(s->mqtt.port, 1884);
	assert_int_equal(s->log_level, LOG_ERR);
	settings_free(s);
}

static void reads_includes_beside_the_file(void **state)
{
	struct settings_report report = { 0 };
	struct settings *s = NULL;

	(void)state;
	assert_int_equal(mkdir("etc", 0755), 0);
	temp_file("etc/main.conf",
		  "  @include \"broker.conf\"\nlog_level = \"debug\";\n");
	temp_file("etc/broker.conf", "mqtt: { host = \"h\"; };\n");
	assert_int_equal(settings_load(&s, "etc/main.conf", &report), 0);
	assert_string_equal(s->mqtt.host, "h");
	assert_int_equal(s->log_level, LOG_DEBUG);
	settings_free(s);

	temp_file("etc/broker.conf", "mqtt: {\n  hast = \"h\";\n};\n");
	assert_int_equal(settings_load(&s, "etc/main.conf", &report), -EINVAL);
	assert_string_equal(
		report.errors[0],
		"etc/broker.conf:2: mqtt.hast: unknown key; did you mean mqtt.host?");
	settings_report_clear(&report);

	/* A misread number in an included file is told once, too. */
	temp_file("etc/broker.conf", "mqtt: {\n  host = \"h\"; port = 3000000000;\n};\n");
	load_bad("etc/main.conf",
		 "etc/broker.conf:2: port: found 3000000000; valid is a whole number "
		 "from -2147483648 to 2147483647");
}

static void shipped_files_are_right(void **state)
{
	struct settings_report report = { 0 };
	struct settings *s = NULL;

	(void)state;
	assert_int_equal(settings_host_is_unset(example), 1);
	assert_int_equal(settings_load(&s, example, &report), -EINVAL);
	assert_int_equal(report.n_errors, 1);
	assert_true(report.host_unset);
	settings_report_clear(&report);

	assert_int_equal(settings_host_is_unset(tutorial), 0);
	assert_int_equal(settings_load(&s, tutorial, &report), 0);
	assert_int_equal(report.n_warnings, 0);
	assert_string_equal(s->mqtt.host, "mq.tongxinmao.com");
	assert_int_equal(s->mqtt.port, 18830);
	assert_string_equal(s->mqtt.client_id, "01Studio-pyBoard");
	assert_int_equal(s->mqtt.n_publish, 1);
	assert_string_equal(s->mqtt.publish[0].topic, "/public/01Studio/1");
	assert_string_equal(s->mqtt.publish[0].text, "Hello 01Studio!");
	assert_int_equal(s->mqtt.publish[0].interval_ms, 1000);
	assert_int_equal(s->mqtt.n_subscribe, 1);
	assert_string_equal(s->mqtt.subscribe[0].topic, "/public/01Studio/2");
	assert_int_equal(s->mqtt.subscribe[0].actions,
			 SUBSCRIPTION_JOURNAL | SUBSCRIPTION_OLED);
	settings_free(s);
	settings_report_clear(&report);
}

static void host_alone_is_unset_or_it_is_a_mistake(void **state)
{
	(void)state;
	temp_file("unset.conf", "log_level = \"info\";\n");
	assert_int_equal(settings_host_is_unset("unset.conf"), 1);
	temp_file("unset.conf", "mqtt: { host = \"\"; };\n");
	assert_int_equal(settings_host_is_unset("unset.conf"), 1);
	temp_file("unset.conf", "log_level = \"inf\";\n");
	assert_int_equal(settings_host_is_unset("unset.conf"), 0);
	temp_file("unset.conf", "mqtt: { host = \"a b\"; };\n");
	assert_int_equal(settings_host_is_unset("unset.conf"), 0);
	temp_file("unset.conf", "mqtt: { host = \"h\"; };\n");
	assert_int_equal(settings_host_is_unset("unset.conf"), 0);
	assert_int_equal(settings_host_is_unset("absent.conf"), 0);
}

static void files_that_cannot_be_read(void **state)
{
	static const char zero[] = "mqtt: { host = \"h\"; };\n\n\0mqtt";
	static char large[1024 * 1024 + 1];

	(void)state;
	load_bad("absent.conf", "absent.conf: cannot be read: No such file or directory");
	assert_int_equal(mkdir("directory.conf", 0755), 0);
	load_bad("directory.conf", "directory.conf: is a directory, not a file");
	load_bad("/dev/zero", "/dev/zero: is a device or a pipe, not a file");
	assert_int_equal(mkfifo("pipe.conf", 0600), 0);
	load_bad("pipe.conf", "pipe.conf: is a device or a pipe, not a file");
	temp_file_bytes("zero.conf", zero, sizeof(zero));
	load_bad("zero.conf", "zero.conf:3: found a zero byte; valid is text");
	memset(large, '#', sizeof(large));
	temp_file_bytes("large.conf", large, sizeof(large));
	load_bad("large.conf", "large.conf: is too large; valid is up to 1 MiB");
	temp_file_bytes("large.conf", large, sizeof(large) - 1);
	assert_int_equal(settings_host_is_unset("large.conf"), 1);
}

static void unwise_configurations_are_warned_about(void **state)
{
	static const struct {
		const char *text, *warning;
	} cases[] = {
		{ "mqtt: { host = \"h\"; };\nnetwork: { method = \"static\"; dns = \"system\";\n"
		  "address = \"10.0.0.2/24\"; gateway = \"10.0.1.1\"; };\n",
		  "good.conf:3: network.gateway: \"10.0.1.1\" is not in the subnet of 10.0.0.2/24" },
		{ "mqtt: { host = \"h\"; };\nnetwork: { method = \"static\"; address = \"10.0.0.2/24\"; };",
		  "good.conf:2: network.dns: not set; without a DNS server the name in mqtt.host cannot "
		  "be found, unless /etc/hosts has it" },
		{ "mqtt: { host = \"h\"; tls: { }; username = \"u\";\npassword_file = \"/dev/../etc/passwd\"; };",
		  "good.conf:2: mqtt.password_file: everybody can read this file; valid is mode 0640 "
		  "or less" },
		{ "mqtt: { host = \"h\"; username = \"u\";\npassword_credential = \"c\"; };",
		  "good.conf:2: mqtt.password_credential: without mqtt.tls everybody on the way can "
		  "read the password" },
		{ "mqtt: { host = \"h\"; tls: { cert_file = \"/c\";\nkey_file = \"/etc/passwd\"; }; };",
		  "good.conf:2: mqtt.tls.key_file: everybody can read this file; valid is mode 0640 or "
		  "less" },
		{ "mqtt: { host = \"h\"; tls: {\ninsecure = true; }; };",
		  "good.conf:2: mqtt.tls.insecure: the broker's certificate is not checked: anybody on "
		  "the way can pretend to be the broker, read and change everything" },
		{ "mqtt: { host = \"h\"; };\noled: { column_offset = 0; };\n",
		  "good.conf:2: oled.column_offset: it has no effect but with controller "
		  "= \"sh1106\"" },
	};
	struct settings_report report = { 0 };
	struct settings *s = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		temp_file("good.conf", cases[i].text);
		assert_int_equal(settings_load(&s, "good.conf", &report), 0);
		assert_int_equal(report.n_warnings, 1);
		assert_string_equal(report.warnings[0], cases[i].warning);
		settings_report_clear(&report);
		s = settings_free(s);
	}

	/* What stays on this machine nobody reads on the way. */
	settings_free(load("mqtt: { host = \"localhost\"; username = \"u\"; "
			   "password_credential = \"c\"; };",
			   0));
	settings_free(load("mqtt: { host = \"127.1.2.3\"; username = \"u\"; "
			   "password_credential = \"c\"; };",
			   0));

	s = load("mqtt: { host = \"fd77::1\"; };\nnetwork: { ipv6 = true; };", 0);
	assert_true(s->network.ipv6);
	assert_true(s->ethernet.ipv6);
	settings_free(s);

	/* A port of a bridge: what the bridge has is nobody's business here. */
	s = load("mqtt: { host = \"h\"; };\nethernet: { promiscuous = true; };\n"
		 "network: { method = \"none\"; dns = \"system\"; };",
		 0);
	assert_true(s->ethernet.promiscuous);
	assert_int_equal(s->network.method, NETWORK_METHOD_NONE);
	assert_true(s->network.dns_system);
	assert_true(s->ethernet.ipv6);
	settings_free(s);

	/* No name, no need for a DNS server. */
	settings_free(
		load("mqtt: { host = \"10.0.0.1\"; };\n"
		     "network: { method = \"static\"; address = \"10.0.0.2/24\"; };",
		     0));

	assert_int_equal(chmod("good.conf", 0666), 0);
	s = load("mqtt: { host = \"h\"; };", 1);
	assert_int_equal(chmod("good.conf", 0644), 0);
	settings_free(s);
}

static void a_report_is_bounded(void **state)
{
	struct settings_report report = { 0 };
	struct settings *s = NULL;
	char text[4096] = "";
	size_t used = 0;

	(void)state;
	for (int i = 0; i < 200; i++) {
		text[used++] = 'k';
		text[used++] = (char)('a' + i / 26);
		text[used++] = (char)('a' + i % 26);
		memcpy(text + used, "=1;\n", 4);
		used += 4;
	}
	temp_file("good.conf", text);
	assert_int_equal(settings_load(&s, "good.conf", &report), -EINVAL);
	assert_int_equal(report.n_errors, SETTINGS_REPORT_MAX + 1);
	assert_string_equal(report.errors[SETTINGS_REPORT_MAX], "and more");
	settings_report_clear(&report);
}

static void lists_every_key_once(void **state)
{
	struct settings_key_info a, b;

	(void)state;
	for (size_t i = 0; settings_key_info(i, &a); i++) {
		for (size_t j = 0; j < i; j++) {
			assert_true(settings_key_info(j, &b));
			assert_string_not_equal(a.path, b.path);
		}
		assert_false(a.refused && a.fallback);
	}
	assert_null(settings_free(NULL));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_a_default_for_every_key),
		cmocka_unit_test(takes_every_key),
		cmocka_unit_test(tls_has_a_port_of_its_own),
		cmocka_unit_test(
			an_external_address_comes_with_the_resolver_of_the_system),
		cmocka_unit_test(takes_every_key_of_the_display),
		cmocka_unit_test(takes_a_whole_number_for_a_fraction),
		cmocka_unit_test(takes_what_libconfig_allows),
		cmocka_unit_test(reads_includes_beside_the_file),
		cmocka_unit_test(shipped_files_are_right),
		cmocka_unit_test(host_alone_is_unset_or_it_is_a_mistake),
		cmocka_unit_test(files_that_cannot_be_read),
		cmocka_unit_test(unwise_configurations_are_warned_about),
		cmocka_unit_test(a_report_is_bounded),
		cmocka_unit_test(lists_every_key_once),
	};

	if (argc != 3)
		return 2;
	example = argv[1];
	tutorial = argv[2];
	return cmocka_run_group_tests(tests, temp_dir_enter, temp_dir_leave);
}
