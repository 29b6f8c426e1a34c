// SPDX-License-Identifier: MIT
/* test_facts.c — what templates and screen are told about the node */
#include "mqttnode/facts.h"

#include <arpa/inet.h>
#include <string.h>

#include "unit.h"

#include "mqttnode/clock.h"

static void are_copied_whole(void **state)
{
	_cleanup_(facts_freep) struct facts *facts = NULL;
	struct facts_view in = { .hostname = "pi", .prefix_len = 24 }, out;

	(void)state;
	assert_int_equal(facts_new(&facts), 0);
	facts_get(facts, &out);
	assert_string_equal(out.hostname, "");
	facts_set(facts, &in);
	facts_get(facts, &out);
	assert_memory_equal(&in, &out, sizeof(in));
	assert_null(facts_free(NULL));
}

static void become_texts(void **state)
{
	struct facts_view view = { .hostname = "pi",
				   .interface = "mqtt0",
				   .client_id = "node",
				   .mac = { 2, 1, 2, 3, 4, 5 },
				   .prefix_len = 26,
				   .started_ns = NSEC_PER_SEC };
	struct facts_texts texts;

	(void)state;
	view.address.s_addr = htonl(0x0a4d003b);
	view.gateway.s_addr = htonl(0x0a4d0001);
	facts_texts(&view, 62 * NSEC_PER_SEC - 1, &texts);
	assert_string_equal(texts.text[TEMPLATE_IP], "10.77.0.59");
	assert_string_equal(texts.text[TEMPLATE_NETMASK], "255.255.255.192");
	assert_string_equal(texts.text[TEMPLATE_GATEWAY], "10.77.0.1");
	assert_string_equal(texts.text[TEMPLATE_MAC], "02:01:02:03:04:05");
	assert_string_equal(texts.text[TEMPLATE_INTERFACE], "mqtt0");
	assert_string_equal(texts.text[TEMPLATE_HOSTNAME], "pi");
	assert_string_equal(texts.text[TEMPLATE_CLIENT_ID], "node");
	assert_string_equal(texts.text[TEMPLATE_UPTIME], "60");
	assert_string_equal(texts.text[TEMPLATE_SEQ], "");
	assert_int_equal(strlen(texts.text[TEMPLATE_TIME]),
			 strlen("2026-11-22T20:00:00Z"));
	assert_int_equal(texts.text[TEMPLATE_TIME][10], 'T');
}

static void without_an_address_are_empty(void **state)
{
	struct facts_view view = { .hostname = "pi" };
	struct facts_texts texts;

	(void)state;
	facts_texts(&view, 0, &texts);
	assert_string_equal(texts.text[TEMPLATE_IP], "");
	assert_string_equal(texts.text[TEMPLATE_NETMASK], "");
	assert_string_equal(texts.text[TEMPLATE_GATEWAY], "");
}

static void netmasks_of_all_lengths(void **state)
{
	struct facts_view view = { .prefix_len = 0 };

	(void)state;
	assert_int_equal(ntohl(facts_netmask(&view).s_addr), 0);
	view.prefix_len = 1;
	assert_int_equal(ntohl(facts_netmask(&view).s_addr), 0x80000000);
	view.prefix_len = 32;
	assert_int_equal(ntohl(facts_netmask(&view).s_addr), 0xffffffff);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(are_copied_whole),
		cmocka_unit_test(become_texts),
		cmocka_unit_test(without_an_address_are_empty),
		cmocka_unit_test(netmasks_of_all_lengths),
	};

	return cmocka_run_group_tests_name("facts", tests, NULL, NULL);
}
