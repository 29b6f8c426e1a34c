// SPDX-License-Identifier: MIT
/* test_charset.c — payloads that are text in another character set than UTF-8 */
#include "mqttnode/charset.h"

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>

#include "mqttnode/text.h"
#include "unit.h"

static struct charset_converter *converter;
static bool without_tables;

iconv_t __real_iconv_open(const char *to, const char *from);
iconv_t __wrap_iconv_open(const char *to, const char *from);
iconv_t __wrap_iconv_open(const char *to, const char *from)
{
	if (!without_tables)
		return __real_iconv_open(to, from);
	errno = EINVAL;
	return (iconv_t)-1;
}

static int set_up(void **state)
{
	(void)state;
	return charset_converter_new(&converter, CHARSET_GB18030);
}

static int tear_down(void **state)
{
	(void)state;
	converter = charset_converter_free(converter);
	return 0;
}

/* Converts bytes in memory of their own size; NULL if they are to be taken as they are.
 */
static char *convert(const char *bytes, size_t len)
{
	char *copy = malloc(len ? len : 1), *text;
	size_t n = 0;

	assert_non_null(copy);
	memcpy(copy, bytes, len);
	text = charset_to_utf8(converter, copy, len, &n);
	free(copy);
	if (text)
		assert_int_equal(n, strlen(text));
	return text;
}

#define CONVERT(bytes) convert(bytes, sizeof(bytes) - 1)

static void check(char *text, const char *expected)
{
	assert_non_null(text);
	assert_string_equal(text, expected);
	free(text);
}

static void converts_chinese(void **state)
{
	(void)state;
	check(CONVERT("\xce\xc2\xb6\xc8 25\xa1\xe3"
		      "C"),
	      "温度 25°C");
	check(CONVERT("\xc4\xe3\xba\xc3\r\n\t\xca\xc0\xbd\xe7"), "你好\r\n\t世界");
	/* four bytes each: a rare one, and an emoji beyond the first plane */
	check(CONVERT("\x81\x39\xef\x30"), "㐁");
	check(CONVERT("\x94\x39\xda\x33"), "💩");
	/* a failure leaves nothing behind */
	assert_null(CONVERT("\xce"));
	check(CONVERT("\xce\xc2"), "温");
}

static void leaves_alone_what_is_utf8_or_no_text(void **state)
{
	(void)state;
	assert_null(CONVERT(""));
	assert_null(CONVERT("plain"));
	assert_null(CONVERT("温度"));
	assert_null(CONVERT("\xff\xff"));
	assert_null(CONVERT("\xce\xc2\xb6")); /* cut */
	assert_null(CONVERT("\xce\xc2\0\xb6\xc8"));
	assert_null(CONVERT("\xce\xc2\033[2J"));
	assert_null(CONVERT("\x81\x20"));
}

static void a_very_long_payload_is_not_tried(void **state)
{
	char *bytes = malloc(CHARSET_BYTES_MAX + 2), *text;

	(void)state;
	assert_non_null(bytes);
	for (size_t i = 0; i < CHARSET_BYTES_MAX + 2; i += 2)
		memcpy(bytes + i, "\xce\xc2", 2);
	assert_null(convert(bytes, CHARSET_BYTES_MAX + 2));
	text = convert(bytes, CHARSET_BYTES_MAX);
	assert_non_null(text);
	assert_int_equal(strlen(text), CHARSET_BYTES_MAX / 2 * 3);
	free(text);
	free(bytes);
}

static void whatever_comes_out_is_utf8(void **state)
{
	(void)state;
	srand(1);
	for (int round = 0; round < 20000; round++) {
		char bytes[12], *text;
		size_t len = (size_t)rand() % sizeof(bytes);

		for (size_t i = 0; i < len; i++)
			bytes[i] = (char)(rand() % 4 ? 0x80 + rand() % 128 : rand());
		text = convert(bytes, len);
		if (text)
			assert_true(text_utf8_valid(text, strlen(text)));
		free(text);
	}
}

static void without_a_converter_bytes_stay_bytes(void **state)
{
	struct charset_converter *none = (struct charset_converter *)&none;
	size_t len;

	(void)state;
	assert_int_equal(charset_converter_new(&none, CHARSET_NONE), 0);
	assert_null(none);
	assert_null(charset_to_utf8(NULL, "\xce\xc2", 2, &len));
	assert_null(charset_converter_free(NULL));
}

static void says_that_a_system_has_no_tables(void **state)
{
	struct charset_converter *none;

	(void)state;
	without_tables = true;
	assert_int_equal(charset_converter_new(&none, CHARSET_GB18030), -ENOTSUP);
	assert_null(none);
	without_tables = false;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(converts_chinese),
		cmocka_unit_test(leaves_alone_what_is_utf8_or_no_text),
		cmocka_unit_test(a_very_long_payload_is_not_tried),
		cmocka_unit_test(whatever_comes_out_is_utf8),
		cmocka_unit_test(without_a_converter_bytes_stay_bytes),
		cmocka_unit_test(says_that_a_system_has_no_tables),
	};

	return cmocka_run_group_tests_name("charset", tests, set_up, tear_down);
}
