// SPDX-License-Identifier: MIT
/* test_checkup.c — what is looked at before a node is started, in a real kernel */
#include "mqttnode/checkup.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "netns.h"
#include "unit.h"

static struct diagnosis d;
static struct settings settings;

static int set_up(void **state)
{
	(void)state;
	memset(&d, 0, sizeof(d));
	settings = (struct settings){ .ethernet = { .interface = "mqtt0" } };
	return 0;
}

static void an_interface_that_can_be_made_leaves_no_trace(void **state)
{
	(void)state;
	assert_true(checkup_interface(&d, &settings));
	settings.network.method = NETWORK_METHOD_EXTERNAL;
	assert_true(checkup_interface(&d, &settings));
	assert_int_equal(d.n, 0);
	netns_run("! ip link show mqtt0 2> /dev/null");
}

static void a_name_that_is_taken_is_told(void **state)
{
	(void)state;
	netns_run("ip link add mqtt0 type veth peer name other0");
	settings.network.method = NETWORK_METHOD_EXTERNAL;
	assert_false(checkup_interface(&d, &settings));
	netns_run("ip link del mqtt0");
	assert_int_equal(d.n, 1);
	assert_int_equal(d.findings[0].cause, CAUSE_INTERFACE_EXISTS);
	assert_string_equal(d.findings[0].where, "interface");
}

static void a_tap_of_others_stays_as_it_is(void **state)
{
	(void)state;
	netns_run("ip tuntap add dev mqtt0 mode tap && "
		  "ip link set mqtt0 address 02:aa:bb:cc:dd:ee txqueuelen 1000");
	settings.network.method = NETWORK_METHOD_EXTERNAL;
	assert_true(checkup_interface(&d, &settings));
	assert_int_equal(d.n, 0);
	netns_run("ip -o link show mqtt0 | grep 02:aa:bb:cc:dd:ee | grep -q 'qlen 1000'");

	/* Without that method it is in the way. */
	settings.network.method = NETWORK_METHOD_DHCP;
	assert_false(checkup_interface(&d, &settings));
	assert_int_equal(d.findings[0].cause, CAUSE_INTERFACE_EXISTS);
	netns_run("ip link del mqtt0");
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void a_file_that_tls_needs_and_cannot_use_is_told(void **state)
{
	static const struct {
		const char *ca;
		enum cause_id cause;
		const char *seen;
	} cases[] = {
		{ "absent.pem", CAUSE_FILE_MISSING,
		  "mqtt.tls.ca_file: \"absent.pem\" cannot be read: No such file or "
		  "directory" },
		{ "text/ca.pem", CAUSE_FILE_MISSING,
		  "mqtt.tls.ca_file: \"text/ca.pem\" cannot be read: Not a directory" },
		{ "text", CAUSE_FILE_UNSUITABLE,
		  "mqtt.tls.ca_file: \"text\" is not a file of certificates (PEM)" },
	};

	(void)state;
	write_file("text", "no certificate\n");
	settings.mqtt = (struct mqtt_settings){ .host = (char[]){ "broker" } };
	settings.mqtt.tls.on = true;
	checkup_mqtt_files(&d, &settings.mqtt); /* the system's CAs */
	assert_int_equal(d.n, 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char path[32];

		memset(&d, 0, sizeof(d));
		snprintf(path, sizeof(path), "%s", cases[i].ca);
		settings.mqtt.tls.ca_file = path;
		checkup_mqtt_files(&d, &settings.mqtt);
		assert_int_equal(d.n, 1);
		assert_int_equal(d.findings[0].cause, cases[i].cause);
		assert_string_equal(d.findings[0].seen, cases[i].seen);
		assert_string_equal(d.findings[0].where, "configuration");
	}
	/* Without TLS nobody reads it. */
	memset(&d, 0, sizeof(d));
	settings.mqtt.tls.on = false;
	checkup_mqtt_files(&d, &settings.mqtt);
	assert_int_equal(d.n, 0);
	assert_int_equal(unlink("text"), 0);
}

static void a_password_that_is_not_there_or_none_is_told(void **state)
{
	char path[] = "password";

	(void)state;
	settings.mqtt = (struct mqtt_settings){ .password_file = path };
	checkup_mqtt_files(&d, &settings.mqtt);
	write_file(path, "");
	checkup_mqtt_files(&d, &settings.mqtt);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(d.n, 2);
	assert_int_equal(d.findings[0].cause, CAUSE_FILE_MISSING);
	assert_int_equal(d.findings[1].cause, CAUSE_FILE_UNSUITABLE);
	assert_string_equal(d.findings[1].seen,
			    "mqtt.password_file: \"password\" is empty");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(an_interface_that_can_be_made_leaves_no_trace,
				       set_up),
		cmocka_unit_test_setup(a_name_that_is_taken_is_told, set_up),
		cmocka_unit_test_setup(a_tap_of_others_stays_as_it_is, set_up),
		cmocka_unit_test_setup(a_file_that_tls_needs_and_cannot_use_is_told,
				       set_up),
		cmocka_unit_test_setup(a_password_that_is_not_there_or_none_is_told,
				       set_up),
	};

	netns_enter();
	return cmocka_run_group_tests_name("checkup", tests, NULL, NULL);
}
