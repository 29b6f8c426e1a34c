// SPDX-License-Identifier: MIT
/* test_shaping.c — lines, numbers, and what counts as a change */
#include "../../src/app/shaping.h"

#include <errno.h>
#include <string.h>

#include "unit.h"

#include "mqttnode/cleanup.h"

static const struct shaping_settings plain = { .scale = 1 };

static void expect(const struct shaping_settings *s, const char *data, size_t len,
		   const char *expected, size_t expected_len)
{
	struct shaped shaped;

	assert_int_equal(shape(s, data, len, &shaped), 0);
	assert_int_equal(shaped.len, expected_len);
	if (expected_len > 0)
		assert_memory_equal(shaped.data, expected, expected_len);
}

static void expect_text(const struct shaping_settings *s, const char *data,
			const char *expected)
{
	expect(s, data, strlen(data), expected, strlen(expected));
}

static void the_first_line_without_its_end(void **state)
{
	(void)state;
	expect_text(&plain, "45123\n", "45123");
	expect_text(&plain, "one\r\ntwo\r\n", "one");
	expect_text(&plain, "  one \t\n\n", "  one");
	expect_text(&plain, "no end", "no end");
	expect_text(&plain, "\nsecond", "");
	expect_text(&plain, "", "");
	expect(&plain, NULL, 0, NULL, 0);
	expect(&plain, "a\0b\nc", 5, "a\0b", 3);
}

static void the_whole_as_it_is(void **state)
{
	const struct shaping_settings whole = { .scale = 1, .whole = true };

	(void)state;
	expect_text(&whole, "one\ntwo \n", "one\ntwo \n");
	expect(&whole, "\0\xff\n", 3, "\0\xff\n", 3);
	expect(&whole, NULL, 0, NULL, 0);
}

static void numbers_are_scaled_and_rounded(void **state)
{
	const struct shaping_settings milli = { .scale = 0.001,
						.rounded = true,
						.decimals = 1 };
	const struct shaping_settings kelvin = { .scale = 1, .offset = 273.15 };
	const struct shaping_settings whole = { .scale = 1, .rounded = true };

	(void)state;
	expect_text(&milli, "45123\n", "45.1");
	expect_text(&milli, "-49\n", "0.0"); /* not -0.0 */
	expect_text(&milli, "-50.1\n", "-0.1");
	expect_text(&kelvin, " 20.5 \n", "293.65");
	expect_text(&kelvin, "1e3", "1273.15");
	expect_text(&whole, "2.5001", "3");
	expect_text(&whole, "0x10", "16");
}

static void what_is_no_number_is_refused(void **state)
{
	static const char *const bad[] = { "",	  " ",	 "n/a",	  "1,5",   "12 V",
					   "nan", "inf", "1e99x", "1e400", "--1" };
	const struct shaping_settings numbers[] = { { .scale = 2 },
						    { .scale = 1, .offset = 1 },
						    { .scale = 1, .rounded = true },
						    { .scale = 1, .dead_band = 1 } };
	char digits[100];
	struct shaped shaped;

	(void)state;
	for (size_t n = 0; n < ARRAY_SIZE(numbers); n++) {
		for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
			assert_int_equal(
				shape(&numbers[n], bad[i], strlen(bad[i]), &shaped),
				-EINVAL);
		assert_int_equal(shape(&numbers[n], "1\0", 2, &shaped), -EINVAL);
		memset(digits, '1', sizeof(digits));
		assert_int_equal(shape(&numbers[n], digits, sizeof(digits), &shaped),
				 -EINVAL);
	}
}

static void the_largest_numbers_have_room(void **state)
{
	const struct shaping_settings huge = { .scale = 1e15,
					       .rounded = true,
					       .decimals = 9 };
	struct shaped shaped;

	(void)state;
	assert_int_equal(shape(&huge, "-1.7e293", 8, &shaped), 0);
	assert_int_equal(shaped.len, 1 + 309 + 1 + 9);
	assert_int_equal(shape(&huge, "1e300", 5, &shaped), -EINVAL);
}

static bool is_news(struct last_value *last, const struct shaping_settings *s,
		    const char *text)
{
	struct shaped shaped;
	bool news;

	assert_int_equal(shape(s, text, strlen(text), &shaped), 0);
	news = last_value_differs(last, s, &shaped);
	if (news)
		last_value_set(last, &shaped);
	return news;
}

static void another_text_is_news(void **state)
{
	struct last_value last = { 0 };

	(void)state;
	assert_true(is_news(&last, &plain, ""));
	assert_false(is_news(&last, &plain, ""));
	assert_true(is_news(&last, &plain, "open"));
	assert_false(is_news(&last, &plain, "open"));
	assert_true(is_news(&last, &plain, "opened"));
	assert_true(is_news(&last, &plain, "closed"));
	last_value_clear(&last);
	assert_true(is_news(&last, &plain, "closed"));
	last_value_clear(&last);
	last_value_clear(&last);
}

static void numbers_must_leave_the_dead_band(void **state)
{
	const struct shaping_settings band = { .scale = 1, .dead_band = 0.5 };
	struct last_value last = { 0 };

	(void)state;
	assert_true(is_news(&last, &band, "20"));
	assert_false(is_news(&last, &band, "20.5"));
	assert_false(is_news(&last, &band, "19.5"));
	assert_true(is_news(&last, &band, "20.6"));
	assert_false(is_news(&last, &band, "20.2")); /* of what was published */
	assert_true(is_news(&last, &band, "20"));
	last_value_clear(&last);
}

static void without_a_dead_band_the_text_counts(void **state)
{
	const struct shaping_settings rounded = { .scale = 1, .rounded = true };
	struct last_value last = { 0 };

	(void)state;
	assert_true(is_news(&last, &rounded, "20.1"));
	assert_false(is_news(&last, &rounded, "20.4"));
	assert_true(is_news(&last, &rounded, "20.6"));
	last_value_clear(&last);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_line_without_its_end),
		cmocka_unit_test(the_whole_as_it_is),
		cmocka_unit_test(numbers_are_scaled_and_rounded),
		cmocka_unit_test(what_is_no_number_is_refused),
		cmocka_unit_test(the_largest_numbers_have_room),
		cmocka_unit_test(another_text_is_news),
		cmocka_unit_test(numbers_must_leave_the_dead_band),
		cmocka_unit_test(without_a_dead_band_the_text_counts),
	};

	return cmocka_run_group_tests_name("shaping", tests, NULL, NULL);
}
