// SPDX-License-Identifier: MIT
/* test_template.c — text with variables */
#include "mqttnode/template.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "unit.h"

#include "mqttnode/cleanup.h"

static const char *const values[TEMPLATE_VARIABLES] = {
	[TEMPLATE_IP] = "10.0.0.5",
	[TEMPLATE_NETMASK] = "255.255.255.0",
	[TEMPLATE_MAC] = "02:00:00:00:00:01",
	[TEMPLATE_INTERFACE] = "mqtt0",
	[TEMPLATE_HOSTNAME] = "{ip}",
	[TEMPLATE_CLIENT_ID] = "node",
	[TEMPLATE_SEQ] = "7",
	[TEMPLATE_UPTIME] = "42",
	[TEMPLATE_TIME] = "2026-11-22T20:00:00Z",
};

static void assert_expands(const char *text, const char *expected)
{
	_cleanup_free_ char *got = NULL;
	char error[256] = "";

	assert_int_equal(template_check(text, error, sizeof(error)), 0);
	assert_string_equal(error, "");
	got = template_expand(text, values);
	assert_non_null(got);
	assert_string_equal(got, expected);
}

static void replaces_variables(void **state)
{
	(void)state;
	assert_expands("", "");
	assert_expands("Hello 01Studio!", "Hello 01Studio!");
	assert_expands("{seq}", "7");
	assert_expands("{seq}{seq} {ip}/{netmask}", "77 10.0.0.5/255.255.255.0");
	assert_expands("{mac} {interface} {client_id} {uptime} {time}",
		       "02:00:00:00:00:01 mqtt0 node 42 2026-11-22T20:00:00Z");
}

static void an_unknown_value_is_empty(void **state)
{
	(void)state;
	assert_expands("[{gateway}]", "[]");
}

static void a_double_brace_is_a_brace(void **state)
{
	(void)state;
	assert_expands("{{", "{");
	assert_expands("{{ip}", "{ip}");
	assert_expands("{{{ip}", "{10.0.0.5");
	assert_expands("{{\"seq\": {seq}}", "{\"seq\": 7}");
	assert_expands("} and }}", "} and }}");
}

static void values_are_not_expanded_again(void **state)
{
	(void)state;
	assert_expands("{hostname}", "{ip}");
}

static void every_variable_has_a_name_that_is_accepted(void **state)
{
	char text[64], error[256];

	(void)state;
	for (unsigned int v = 0; v < TEMPLATE_VARIABLES; v++) {
		const char *name = template_variable_name((enum template_variable)v);
		_cleanup_free_ char *got = NULL;

		snprintf(text, sizeof(text), "{%s}", name);
		/* publications have numbers, pages have values */
		assert_int_equal(template_check(text, error, sizeof(error)),
				 v == TEMPLATE_VALUE ? -EINVAL : 0);
		assert_int_equal(template_check_page(text, error, sizeof(error)),
				 v == TEMPLATE_SEQ ? -EINVAL : 0);
		got = template_expand(text, values);
		assert_string_equal(got, values[v] ? values[v] : "");
	}
}

static void assert_refused(const char *text, const char *expected)
{
	char error[512] = "";

	assert_int_equal(template_check(text, error, sizeof(error)), -EINVAL);
	assert_string_equal(error, expected);
}

#define KNOWN                                                                                 \
	"known are {ip}, {netmask}, {gateway}, {mac}, {interface}, {hostname}, {client_id}, " \
	"{seq}, {uptime}, {time}; \"{{\" is a brace"

static void refuses_unknown_names_and_lists_the_known_ones(void **state)
{
	(void)state;
	assert_refused("{ipp}", "unknown variable \"{ipp}\"; " KNOWN);
	assert_refused("{i}", "unknown variable \"{i}\"; " KNOWN);
	assert_refused("{IP}", "unknown variable \"{IP}\"; " KNOWN);
	assert_refused("{ ip }", "unknown variable \"{ ip }\"; " KNOWN);
	assert_refused("ok {seq} {}", "unknown variable \"{}\"; " KNOWN);
	assert_refused("{\033[31m}", "unknown variable \"{\\x1b[31m}\"; " KNOWN);
}

static void refuses_open_braces(void **state)
{
	(void)state;
	assert_refused("{", "\"{\" has no closing brace; \"{{\" is a brace");
	assert_refused("{ip", "\"{ip\" has no closing brace; \"{{\" is a brace");
	assert_refused("{{{", "\"{\" has no closing brace; \"{{\" is a brace");
	assert_refused("{ip {seq}", "\"{ip \" has no closing brace; \"{{\" is a brace");
}

static void cuts_a_message_that_does_not_fit(void **state)
{
	char error[16];

	(void)state;
	assert_int_equal(template_check("{nonsense}", error, sizeof(error)), -EINVAL);
	assert_int_equal(strlen(error), sizeof(error) - 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(replaces_variables),
		cmocka_unit_test(an_unknown_value_is_empty),
		cmocka_unit_test(a_double_brace_is_a_brace),
		cmocka_unit_test(values_are_not_expanded_again),
		cmocka_unit_test(every_variable_has_a_name_that_is_accepted),
		cmocka_unit_test(refuses_unknown_names_and_lists_the_known_ones),
		cmocka_unit_test(refuses_open_braces),
		cmocka_unit_test(cuts_a_message_that_does_not_fit),
	};

	return cmocka_run_group_tests_name("template", tests, NULL, NULL);
}
