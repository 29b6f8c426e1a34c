// SPDX-License-Identifier: MIT
/* test_router_advert.c — what routers say, and what is no word of a router */
#include "../../src/net/router_advert.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mqttnode/bytes.h"
#include "mqttnode/cleanup.h"
#include "unit.h"

static uint8_t message[512];
static size_t len;

static int set_up(void **state)
{
	(void)state;
	memset(message, 0, sizeof(message));
	message[0] = 134;
	put_be16(message + 6, 1800);
	len = 16;
	return 0;
}

static void add_prefix(const char *prefix, uint8_t prefix_len, uint8_t flags,
		       uint32_t valid_s, uint32_t preferred_s)
{
	uint8_t *option = message + len;

	option[0] = 3;
	option[1] = 4;
	option[2] = prefix_len;
	option[3] = flags;
	put_be32(option + 4, valid_s);
	put_be32(option + 8, preferred_s);
	assert_int_equal(inet_pton(AF_INET6, prefix, option + 16), 1);
	len += 32;
}

static void add_server(const char *server, uint32_t lifetime_s)
{
	uint8_t *option = message + len;

	option[0] = 25;
	option[1] = 3;
	put_be32(option + 4, lifetime_s);
	assert_int_equal(inet_pton(AF_INET6, server, option + 8), 1);
	len += 24;
}

static void assert_address(const struct in6_addr *address, const char *expected)
{
	char text[INET6_ADDRSTRLEN];

	assert_non_null(inet_ntop(AF_INET6, address, text, sizeof(text)));
	assert_string_equal(text, expected);
}

static void prefixes_and_servers_are_taken(void **state)
{
	struct router_advert advert;

	(void)state;
	add_prefix("fd77::5", 64, 0xc0, 7200, 3600);
	message[len] = 1; /* link-layer address: of no interest */
	message[len + 1] = 1;
	len += 8;
	add_prefix("2001:db8:ffff::", 33, 0x80, UINT32_MAX, UINT32_MAX);
	add_server("fd77::1", 600);
	add_server("fe80::1", 0);
	assert_int_equal(router_advert_parse(&advert, message, len), 0);
	assert_int_equal(advert.lifetime_s, 1800);
	assert_int_equal(advert.n_prefixes, 2);
	assert_address(&advert.prefixes[0].prefix, "fd77::");
	assert_int_equal(advert.prefixes[0].len, 64);
	assert_true(advert.prefixes[0].on_link && advert.prefixes[0].autonomous);
	assert_int_equal(advert.prefixes[0].valid_s, 7200);
	assert_int_equal(advert.prefixes[0].preferred_s, 3600);
	assert_address(&advert.prefixes[1].prefix, "2001:db8:8000::");
	assert_false(advert.prefixes[1].autonomous);
	assert_int_equal(advert.prefixes[1].valid_s, ADVERT_FOR_EVER);
	assert_int_equal(advert.n_servers, 2);
	assert_address(&advert.servers[0], "fd77::1");
	assert_int_equal(advert.servers_s[0], 600);
	assert_address(&advert.servers[1], "fe80::1");
	assert_int_equal(advert.servers_s[1], 0);
}

static void options_without_sense_are_left_out(void **state)
{
	struct router_advert advert;

	(void)state;
	add_prefix("fe80::", 64, 0xc0, 7200, 3600);
	add_prefix("ff02::", 64, 0xc0, 7200, 3600);
	add_prefix("fd77::", 129, 0xc0, 7200, 3600);
	add_prefix("fd77::", 64, 0xc0, 3600, 7200);
	add_server("::", 600);
	add_server("::1", 600);
	add_server("ff02::1", 600);
	assert_int_equal(router_advert_parse(&advert, message, len), 0);
	assert_int_equal(advert.n_prefixes, 0);
	assert_int_equal(advert.n_servers, 0);
}

static void more_than_there_is_room_for_is_left_out(void **state)
{
	struct router_advert advert;

	(void)state;
	for (int i = 0; i < 8; i++)
		add_prefix("fd77::", 64, 0xc0, 7200, 3600);
	for (int i = 0; i < 5; i++)
		add_server("fd77::1", 600);
	assert_int_equal(router_advert_parse(&advert, message, len), 0);
	assert_int_equal(advert.n_prefixes, ADVERT_PREFIXES_MAX);
	assert_int_equal(advert.n_servers, ADVERT_SERVERS_MAX);
}

static void what_is_cut_or_something_else_is_refused(void **state)
{
	struct router_advert advert;

	(void)state;
	add_prefix("fd77::", 64, 0xc0, 7200, 3600);
	for (size_t n = 0; n < len; n++)
		assert_int_equal(router_advert_parse(&advert, message, n),
				 n == 16 ? 0 : -EBADMSG);
	message[17] = 0; /* an option without a length: for ever */
	assert_int_equal(router_advert_parse(&advert, message, len), -EBADMSG);
	message[17] = 4;
	message[1] = 1;
	assert_int_equal(router_advert_parse(&advert, message, len), -EBADMSG);
	message[1] = 0;
	message[0] = 133;
	assert_int_equal(router_advert_parse(&advert, message, len), -EBADMSG);
}

static void random_bytes_do_no_harm(void **state)
{
	struct router_advert advert;

	(void)state;
	srand(1);
	for (int i = 0; i < 20000; i++) {
		uint8_t *copy;

		len = (size_t)rand() % 200;
		copy = malloc(len + 1); /* its end is watched by sanitizers */
		assert_non_null(copy);
		for (size_t j = 0; j < len; j++)
			copy[j] = j < 2 ? (uint8_t)(j ? 0 : 134) : (uint8_t)(rand() % 40);
		(void)router_advert_parse(&advert, copy, len);
		free(copy);
	}
}

static void a_solicitation_has_the_sender(void **state)
{
	static const uint8_t mac[6] = { 2, 3, 4, 5, 6, 7 };
	static const uint8_t expected[] = { 133, 0, 0, 0, 0, 0, 0, 0,
					    1,	 1, 2, 3, 4, 5, 6, 7 };
	uint8_t made[ROUTER_SOLICIT_SIZE];

	(void)state;
	assert_int_equal(router_solicit_make(made, mac), sizeof(expected));
	assert_memory_equal(made, expected, sizeof(expected));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, set_up)
		TEST(prefixes_and_servers_are_taken),
		TEST(options_without_sense_are_left_out),
		TEST(more_than_there_is_room_for_is_left_out),
		TEST(what_is_cut_or_something_else_is_refused),
		TEST(random_bytes_do_no_harm),
		TEST(a_solicitation_has_the_sender),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
