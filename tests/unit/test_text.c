// SPDX-License-Identifier: MIT
/* test_text.c — strict decoding and safe showing of text from outside */
#include "mqttnode/text.h"

#include <errno.h>
#include <string.h>

#include "unit.h"

static void decodes_every_length(void **state)
{
	static const struct {
		const char *s;
		int len;
		uint32_t c;
	} cases[] = {
		{ "A", 1, 'A' },
		{ "\xc2\xa9", 2, 0xa9 },
		{ "\xdf\xbf", 2, 0x7ff },
		{ "\xe0\xa0\x80", 3, 0x800 },
		{ "\xe6\xb8\xa9", 3, 0x6e29 },
		{ "\xf0\x90\x80\x80", 4, 0x10000 },
		{ "\xf4\x8f\xbf\xbf", 4, 0x10ffff },
	};
	uint32_t c;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(text_utf8_decode(cases[i].s, strlen(cases[i].s), &c),
				 cases[i].len);
		assert_int_equal(c, cases[i].c);
	}
}

static void refuses_what_is_not_utf8(void **state)
{
	static const char *const cases[] = {
		"\x80",
		"\xbf",
		"\xc0\x80",
		"\xc1\xbf",
		"\xc2",
		"\xc2z",
		"\xe0\x9f\xbf",
		"\xed\xa0\x80",
		"\xed\xbf\xbf",
		"\xf0\x8f\xbf\xbf",
		"\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80",
		"\xff",
		"\xe6\xb8",
	};
	uint32_t c;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(text_utf8_decode(cases[i], strlen(cases[i]), &c),
				 -EILSEQ);
	assert_true(text_utf8_valid("na\xc3\xafve\0x", 8));
	assert_false(text_utf8_valid("na\xefve", 5));
}

static void escapes_what_could_harm(void **state)
{
	char buf[64];

	(void)state;
	assert_string_equal(text_escape(buf, sizeof(buf), "a\033[31m\n\t\\\0z", 11),
			    "a\\x1b[31m\\n\\t\\\\\\x00z");
	assert_string_equal(text_escape_str(buf, sizeof(buf), "\xe6\xb8\xa9\xff"),
			    "\xe6\xb8\xa9\\xff");
	assert_string_equal(text_escape_str(buf, sizeof(buf),
					    "\xe2\x80\xae"
					    "abc"),
			    "\\xe2\\x80\\xae"
			    "abc");
	assert_string_equal(text_escape_str(buf, sizeof(buf), "\xc2\x9b"), "\\xc2\\x9b");
	assert_string_equal(text_escape(buf, sizeof(buf), NULL, 0), "");
}

static void does_not_escape_twice(void **state)
{
	char buf[64];

	(void)state;
	assert_string_equal(
		text_escape_rest(buf, sizeof(buf), "a\\x1b\033\xc2\x9b\n\xff"),
		"a\\x1b\\x1b\\xc2\\x9b\\n\\xff");
}

static void cuts_at_a_character(void **state)
{
	char buf[16];

	(void)state;
	for (size_t size = 1; size <= sizeof(buf); size++) {
		text_escape_str(buf, size,
				"\xe6\xb8\xa9\xe6\xb8\xa9\xe6\xb8\xa9\xe6\xb8\xa9"
				"\xe6\xb8\xa9\xe6\xb8\xa9");
		assert_true(strlen(buf) < size);
		assert_true(text_utf8_valid(buf, strlen(buf)));
	}
	assert_string_equal(text_escape_str(buf, 8, "0123456"), "0123456");
	assert_string_equal(text_escape_str(buf, 8, "01234567"), "0123\xe2\x80\xa6");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes_every_length),
		cmocka_unit_test(refuses_what_is_not_utf8),
		cmocka_unit_test(escapes_what_could_harm),
		cmocka_unit_test(does_not_escape_twice),
		cmocka_unit_test(cuts_at_a_character),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
