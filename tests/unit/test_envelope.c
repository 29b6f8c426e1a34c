// SPDX-License-Identifier: MIT
/* test_envelope.c — values as JSON: numbers as they are, everything else as text */
#include "../../src/app/envelope.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include "mqttnode/cleanup.h"

static void expect(const char *value, size_t len, const char *unit, const char *expected)
{
	char *text = envelope_new(value, len, unit, "T");
	json_object *o;

	assert_non_null(text);
	assert_string_equal(text, expected);
	o = json_tokener_parse(text);
	assert_non_null(o);
	json_object_put(o);
	free(text);
}

static void numbers_stay_as_they_are(void **state)
{
	static const char *const numbers[] = { "0",    "-1",   "21.50", "1e3",
					       "-0.0", "1E-7", "1e+300" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		char expected[64] = "{\"value\":";

		strcat(strcat(expected, numbers[i]), ",\"time\":\"T\"}");
		expect(numbers[i], strlen(numbers[i]), NULL, expected);
	}
	expect("21.5", 4, "°C", "{\"value\":21.5,\"unit\":\"°C\",\"time\":\"T\"}");
}

static void what_only_looks_like_a_number_is_text(void **state)
{
	static const char *const texts[] = { "",     "007", "+1",   ".5",  "5.",
					     "0x10", "1e",  "nan",  "inf", "1 ",
					     "1,5",  "--1", "1.2.3" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		char expected[64] = "{\"value\":\"";

		strcat(strcat(expected, texts[i]), "\",\"time\":\"T\"}");
		expect(texts[i], strlen(texts[i]), NULL, expected);
	}
	expect(NULL, 0, NULL, "{\"value\":\"\",\"time\":\"T\"}");
}

static void nothing_breaks_out_of_a_text(void **state)
{
	(void)state;
	expect("a\"},{\"x\":1\n", 11, NULL,
	       "{\"value\":\"a\\\"},{\\\"x\\\":1\\n\",\"time\":\"T\"}");
	expect("a/b\\c", 5, "m/s",
	       "{\"value\":\"a/b\\\\c\",\"unit\":\"m/s\",\"time\":\"T\"}");
	expect("1\0002", 3, NULL, "{\"value\":\"1\\u00002\",\"time\":\"T\"}");
	expect("\xff\x1b", 2, NULL, "{\"value\":\"\\\\xff\\\\x1b\",\"time\":\"T\"}");
	expect("点", 3, NULL, "{\"value\":\"点\",\"time\":\"T\"}");
}

static void long_values_have_room(void **state)
{
	static char value[70000];
	char *text;

	(void)state;
	memset(value, '1', sizeof(value));
	text = envelope_new(value, sizeof(value), NULL, "T");
	assert_int_equal(strlen(text), sizeof(value) + strlen("{'value':'','time':'T'}"));
	free(text);
	memset(value, 0xff, sizeof(value));
	text = envelope_new(value, sizeof(value), NULL, "T");
	assert_true(strlen(text) > 4 * sizeof(value));
	free(text);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_stay_as_they_are),
		cmocka_unit_test(what_only_looks_like_a_number_is_text),
		cmocka_unit_test(nothing_breaks_out_of_a_text),
		cmocka_unit_test(long_values_have_room),
	};

	return cmocka_run_group_tests_name("envelope", tests, NULL, NULL);
}
