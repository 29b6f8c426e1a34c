// SPDX-License-Identifier: MIT
/* test_topic.c — rules for topic names and filters */
#include "mqttnode/topic.h"

#include <errno.h>
#include <mosquitto.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include "mqttnode/cleanup.h"

typedef int check(const char *topic, char *error, size_t size);

static void assert_accepted(check *f, const char *topic)
{
	char error[160] = "";

	assert_int_equal(f(topic, error, sizeof(error)), 0);
	assert_string_equal(error, "");
}

static void assert_refused(check *f, const char *topic, const char *expected)
{
	char error[160] = "";

	assert_int_equal(f(topic, error, sizeof(error)), -EINVAL);
	assert_string_equal(error, expected);
}

static void accepts_ordinary_topics(void **state)
{
	static const char *const good[] = {
		"/public/01Studio/1",	     "a",   "/", "a//b", "a b",
		"\xe4\xb8\xad/\xe6\x96\x87", "a/$b"
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_accepted(topic_check_name, good[i]);
		assert_accepted(topic_check_filter, good[i]);
	}
}

static void refuses_what_no_topic_may_hold(void **state)
{
	static check *const both[] = { topic_check_name, topic_check_filter };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(both); i++) {
		assert_refused(both[i], "", "a topic has at least one character");
		assert_refused(both[i], "ab\xff", "byte 3 is not valid UTF-8");
		assert_refused(both[i], "\xc0\xaf", "byte 1 is not valid UTF-8");
		assert_refused(both[i], "\xed\xa0\x80", "byte 1 is not valid UTF-8");
		assert_refused(
			both[i], "a\nb",
			"the character U+000A at byte 2 is not allowed in a topic");
		assert_refused(
			both[i], "\033[31m",
			"the character U+001B at byte 1 is not allowed in a topic");
		assert_refused(
			both[i], "\xc2\x85",
			"the character U+0085 at byte 1 is not allowed in a topic");
		assert_refused(
			both[i], "\xef\xbf\xbf",
			"the character U+FFFF at byte 1 is not allowed in a topic");
		assert_refused(
			both[i], "a\xef\xb7\x90",
			"the character U+FDD0 at byte 2 is not allowed in a topic");
	}
}

static void knows_the_longest_topic(void **state)
{
	_cleanup_free_ char *topic = malloc(65537);

	(void)state;
	assert_non_null(topic);
	memset(topic, 'a', 65536);
	topic[65535] = '\0';
	assert_accepted(topic_check_name, topic);
	assert_accepted(topic_check_filter, topic);
	topic[65535] = 'a';
	topic[65536] = '\0';
	assert_refused(topic_check_name, topic,
		       "65536 bytes are too long; a topic has at most 65535");
	assert_refused(topic_check_filter, topic,
		       "65536 bytes are too long; a topic has at most 65535");
}

static void names_have_no_wildcards_and_no_dollar(void **state)
{
	static const char plus[] =
		"\"+\" is a wildcard; it is allowed in subscriptions only";
	static const char hash[] =
		"\"#\" is a wildcard; it is allowed in subscriptions only";

	(void)state;
	assert_refused(topic_check_name, "a/+/b", plus);
	assert_refused(topic_check_name, "a+", plus);
	assert_refused(topic_check_name, "#", hash);
	assert_refused(topic_check_name, "$SYS/x",
		       "topics that begin with \"$\" belong to the broker");
}

static void filters_have_wildcards_alone_in_their_level(void **state)
{
	static const char plus[] = "\"+\" must stand alone between two slashes";
	static const char hash[] = "\"#\" must stand alone after the last slash";

	(void)state;
	assert_accepted(topic_check_filter, "#");
	assert_accepted(topic_check_filter, "+");
	assert_accepted(topic_check_filter, "/#");
	assert_accepted(topic_check_filter, "+/+/#");
	assert_accepted(topic_check_filter, "/+/a/+");
	assert_accepted(topic_check_filter, "$SYS/#");
	assert_refused(topic_check_filter, "a+", plus);
	assert_refused(topic_check_filter, "+a/b", plus);
	assert_refused(topic_check_filter, "a/++", plus);
	assert_refused(topic_check_filter, "a#", hash);
	assert_refused(topic_check_filter, "a/#/b", hash);
	assert_refused(topic_check_filter, "##", hash);
	assert_refused(topic_check_filter, "#a", hash);
}

/* The library's own helpers agree on wildcards, for every short string of these
 * characters. */
static void agrees_with_the_library(void **state)
{
	static const char alphabet[] = "a/+#";
	char topic[8], error[160];

	(void)state;
	for (unsigned int n = 1; n <= 6; n++) {
		for (unsigned int code = 0; code < 1U << (2 * n); code++) {
			for (unsigned int i = 0; i < n; i++)
				topic[i] = alphabet[code >> (2 * i) & 3];
			topic[n] = '\0';
			assert_int_equal(
				topic_check_filter(topic, error, sizeof(error)) == 0,
				mosquitto_sub_topic_check(topic) == MOSQ_ERR_SUCCESS);
			assert_int_equal(
				topic_check_name(topic, error, sizeof(error)) == 0,
				mosquitto_pub_topic_check(topic) == MOSQ_ERR_SUCCESS);
		}
	}
}

static void filters_match_as_in_the_library(void **state)
{
	static const char alphabet[] = "a/+#";
	static const char names[] = "a/$";
	char filter[8], topic[8], error[160];

	(void)state;
	for (unsigned int code = 0; code < 1U << 12; code++) {
		unsigned int n = 1 + code % 6;

		for (unsigned int i = 0; i < n; i++)
			filter[i] = alphabet[code >> (2 * i) & 3];
		filter[n] = '\0';
		if (topic_check_filter(filter, error, sizeof(error)) < 0)
			continue;
		for (unsigned int name = 0; name < 243; name++) {
			unsigned int rest = name, len = 1 + name % 5;
			bool expected;

			for (unsigned int i = 0; i < len; i++, rest /= 3)
				topic[i] = names[rest % 3];
			topic[len] = '\0';
			if (mosquitto_topic_matches_sub(filter, topic, &expected) !=
			    MOSQ_ERR_SUCCESS)
				continue;
			if (topic_matches(filter, topic) != expected)
				fail_msg("%s and %s", filter, topic);
		}
	}
	assert_true(topic_matches("home/+/temperature", "home/kitchen/temperature"));
	assert_true(topic_matches("home/#", "home"));
	assert_false(topic_matches("home/+", "home/kitchen/temperature"));
	assert_false(topic_matches("#", "$SYS/uptime"));
}

static void any_name_becomes_a_level_of_its_own(void **state)
{
	static const struct {
		const char *name, *level;
	} cases[] = {
		{ "GPIO27", "GPIO27" },	      { "gpiochip0:25", "gpiochip0:25" },
		{ "a/b", "a%2Fb" },	      { "a+#%$ \"", "a%2B%23%25%24%20%22" },
		{ "T\xc3\xbcr", "T%C3%BCr" }, { "", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *level = topic_level(cases[i].name);

		assert_string_equal(level, cases[i].level);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts_ordinary_topics),
		cmocka_unit_test(refuses_what_no_topic_may_hold),
		cmocka_unit_test(knows_the_longest_topic),
		cmocka_unit_test(names_have_no_wildcards_and_no_dollar),
		cmocka_unit_test(filters_have_wildcards_alone_in_their_level),
		cmocka_unit_test(agrees_with_the_library),
		cmocka_unit_test(filters_match_as_in_the_library),
		cmocka_unit_test(any_name_becomes_a_level_of_its_own),
	};

	return cmocka_run_group_tests_name("topic", tests, NULL, NULL);
}
