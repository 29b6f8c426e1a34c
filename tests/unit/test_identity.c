// SPDX-License-Identifier: MIT
/*
 * test_identity.c — names of the node, configured and derived
 *
 * The derivation of the hardware address is faked at link time.
 */
#include "mqttnode/identity.h"

#include <errno.h>
#include <string.h>

#include "unit.h"

#include "mqttnode/log.h"
#include "mqttnode/mac.h"

static int derived;
static char state_dir_seen[256];

int mac_derive(uint8_t mac[6], const char *spi_path, const char *state_dir)
{
	static const uint8_t made[6] = { 2, 0, 0, 0xab, 0xcd, 0xef };

	assert_string_equal(spi_path, "/dev/spidev0.0");
	strncpy(state_dir_seen, state_dir, sizeof(state_dir_seen) - 1);
	memcpy(mac, made, sizeof(made));
	return derived;
}

char *mac_format(const uint8_t mac[6], char buf[MAC_TEXT_SIZE])
{
	(void)mac;
	return strcpy(buf, "02:00:00:ab:cd:ef");
}

static char spi[] = "/dev/spidev0.0";

static struct settings defaults(void)
{
	struct settings s = { .ethernet = { .spi = spi, .mac_auto = true } };

	strcpy(s.ethernet.interface, "mqtt0");
	return s;
}

static int setup(void **state)
{
	(void)state;
	derived = 0;
	unsetenv("STATE_DIRECTORY");
	log_set_max_level(LOG_EMERG);
	return 0;
}

static void is_derived_from_the_hardware_address(void **state)
{
	struct settings s = defaults();
	struct facts_view facts = { 0 };
	struct identity identity;

	(void)state;
	identity_find(&s, &facts, &identity);
	assert_string_equal(facts.client_id, "mqttnode-abcdef");
	assert_string_equal(identity.base_topic, "mqttnode/mqttnode-abcdef");
	assert_string_equal(facts.interface, "mqtt0");
	assert_true(strlen(facts.hostname) > 0);
	assert_true(facts.started_ns > 0);
	assert_string_equal(state_dir_seen, "/var/lib/mqttnode");
}

static void is_what_the_configuration_says(void **state)
{
	char id[65], topic[IDENTITY_TOPIC_SIZE];
	struct settings s = defaults();
	struct facts_view facts = { 0 };
	struct identity identity;

	(void)state;
	memset(id, 'i', sizeof(id) - 1);
	id[sizeof(id) - 1] = '\0';
	memset(topic, 't', sizeof(topic) - 1);
	topic[sizeof(topic) - 1] = '\0';
	s.mqtt.client_id = id;
	s.ethernet.mac_auto = false;
	s.ethernet.mac[5] = 9;
	identity_find(&s, &facts, &identity);
	assert_string_equal(facts.client_id, id);
	assert_int_equal(facts.mac[5], 9);
	assert_memory_equal(identity.base_topic, "mqttnode/iii", 12);
	s.mqtt.base_topic = topic;
	identity_find(&s, &facts, &identity);
	assert_string_equal(identity.base_topic, topic);
}

static void a_passing_hardware_address_is_used_all_the_same(void **state)
{
	struct settings s = defaults();
	struct facts_view facts = { 0 };
	struct identity identity;

	(void)state;
	derived = 1;
	identity_find(&s, &facts, &identity);
	assert_string_equal(facts.client_id, "mqttnode-abcdef");
	derived = -EACCES;
	identity_find(&s, &facts, &identity);
	assert_string_equal(facts.client_id, "mqttnode-abcdef");
}

static void directories_come_from_systemd(void **state)
{
	char buf[64];

	(void)state;
	assert_string_equal(identity_directory("STATE_DIRECTORY", "/a", buf, sizeof(buf)),
			    "/a");
	assert_int_equal(setenv("STATE_DIRECTORY", "/b/c:/d", 1), 0);
	assert_string_equal(identity_directory("STATE_DIRECTORY", "/a", buf, sizeof(buf)),
			    "/b/c");
	assert_int_equal(setenv("STATE_DIRECTORY", "", 1), 0);
	assert_string_equal(identity_directory("STATE_DIRECTORY", "/a", buf, sizeof(buf)),
			    "/a");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(is_derived_from_the_hardware_address, setup),
		cmocka_unit_test_setup(is_what_the_configuration_says, setup),
		cmocka_unit_test_setup(a_passing_hardware_address_is_used_all_the_same,
				       setup),
		cmocka_unit_test_setup(directories_come_from_systemd, setup),
	};

	return cmocka_run_group_tests_name("identity", tests, NULL, NULL);
}
