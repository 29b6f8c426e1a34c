// SPDX-License-Identifier: MIT
/* test_ip.c — addresses of both families: text, bytes, sockets */
#include "mqttnode/ip.h"

#include <arpa/inet.h>
#include <string.h>

#include "mqttnode/cleanup.h"
#include "unit.h"

static void text_and_back(void **state)
{
	static const char *const texts[] = { "10.0.0.1", "255.255.255.255",
					     "fd00::1",	 "2001:db8::ffff",
					     "fe80::1",	 "fe80::1%lo" };
	char buf[IP_TEXT_SIZE];
	struct ip ip;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		assert_true(ip_parse(&ip, texts[i]));
		assert_true(ip_is_set(&ip));
		assert_string_equal(ip_text(&ip, buf), texts[i]);
	}
	assert_int_equal(ip.scope, if_nametoindex("lo"));
	assert_true(ip_is_link_local(&ip));
}

static void what_is_no_address_is_none(void **state)
{
	static const char *const texts[] = {
		"",
		"10.0.0",
		"10.0.0.256",
		"fd00:::1",
		"fd00::1%lo",
		"10.0.0.1%lo",
		"fe80::1%",
		"host",
		"0000:0000:0000:0000:0000:0000:0000:0000:0000:0%lo"
	};
	char buf[IP_TEXT_SIZE];
	struct ip ip;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		assert_false(ip_parse(&ip, texts[i]));
		assert_false(ip_is_set(&ip));
		assert_string_equal(ip_text(&ip, buf), "");
		assert_int_equal(ip_size(&ip), 0);
	}
	ip = ip_from_v4((struct in_addr){ 0 });
	assert_false(ip_is_set(&ip));
	ip = ip_from_v6(&in6addr_any, 1);
	assert_false(ip_is_set(&ip));
	ip = ip_from_sockaddr(&(struct sockaddr){ .sa_family = AF_UNIX });
	assert_false(ip_is_set(&ip));
}

static void equal_are_the_same_bytes_of_the_same_family(void **state)
{
	struct ip a, b;

	(void)state;
	assert_true(ip_parse(&a, "fe80::1"));
	assert_true(ip_parse(&b, "fe80::1%lo"));
	assert_true(ip_equal(&a, &b));
	assert_true(ip_parse(&b, "fe80::2"));
	assert_false(ip_equal(&a, &b));
	assert_true(ip_parse(&b, "10.0.0.1"));
	assert_false(ip_equal(&a, &b));
	assert_true(ip_equal(&(struct ip){ 0 }, &(struct ip){ 0 }));
	assert_false(ip_equal(&(struct ip){ 0 }, &b));
}

static void sockets_take_and_give_them(void **state)
{
	static const char *const texts[] = { "10.0.0.1", "fd00::1", "fe80::1%lo" };
	struct sockaddr_storage address;
	struct sockaddr_in6 v6;
	struct ip ip, back;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		assert_true(ip_parse(&ip, texts[i]));
		assert_int_equal(ip_to_sockaddr(&ip, 53, &address),
				 i ? sizeof(struct sockaddr_in6)
				   : sizeof(struct sockaddr_in));
		back = ip_from_sockaddr((const struct sockaddr *)&address);
		assert_true(ip_equal(&ip, &back));
		assert_int_equal(back.scope, ip.scope);
	}
	memcpy(&v6, &address, sizeof(v6));
	assert_int_equal(v6.sin6_port, htons(53));
	assert_int_equal(v6.sin6_scope_id, if_nametoindex("lo"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_and_back),
		cmocka_unit_test(what_is_no_address_is_none),
		cmocka_unit_test(equal_are_the_same_bytes_of_the_same_family),
		cmocka_unit_test(sockets_take_and_give_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
