// SPDX-License-Identifier: MIT
/*
 * test_settings_fuzz.c — random, truncated and mutated files never crash it
 *
 * Reproducible: the seed is fixed. Arguments: conf/mqttnode.conf and
 * conf/tutorial.conf, from which the files are made.
 */
#include "mqttnode/settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mqttnode/fd.h"
#include "mqttnode/text.h"
#include "temp_dir.h"
#include "unit.h"

#define SEED	  0x5500u
#define TEXT_SIZE 16384

/* libconfig 1.5 forgets the string it was reading when it meets a syntax error. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libconfig.so";
}

static const char *sources[2];
static char text[2][TEXT_SIZE];
static size_t length[2];

static uint32_t random_state;

/* xorshift32; good enough to choose bytes with. */
static uint32_t rnd(uint32_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state % below;
}

static int set_up(void **state)
{
	random_state = SEED;
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		int r = fd_read_file(sources[i], text[i], sizeof(text[i]));

		if (r <= 0)
			return -1;
		length[i] = (size_t)r;
	}
	return temp_dir_enter(state);
}

/* Loads the bytes; whatever comes out must be either settings or printable messages. */
static void feed(const char *data, size_t len)
{
	struct settings_report report = { 0 };
	struct settings *s = NULL;
	int r;

	/* Truncating a file makes some file systems wait for the disk. */
	(void)unlink("fuzz.conf");
	temp_file_bytes("fuzz.conf", data, len);
	r = settings_load(&s, "fuzz.conf", &report);
	if (r == 0) {
		assert_int_equal(report.n_errors, 0);
		assert_non_null(s->mqtt.host);
	} else {
		assert_int_equal(r, -EINVAL);
		assert_in_range(report.n_errors, 1, SETTINGS_REPORT_MAX + 1);
	}
	for (size_t i = 0; i < report.n_errors; i++) {
		assert_true(text_utf8_valid(report.errors[i], strlen(report.errors[i])));
		for (const char *p = report.errors[i]; *p; p++)
			assert_false((unsigned char)*p < ' ');
	}
	settings_free(s);
	settings_report_clear(&report);
}

static void files_cut_off_anywhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++)
		for (size_t len = 0; len <= length[i]; len += 1 + rnd(3))
			feed(text[i], len);
}

static void files_of_random_bytes(void **state)
{
	char data[512];

	(void)state;
	for (int i = 0; i < 500; i++) {
		size_t len = rnd(sizeof(data));

		for (size_t j = 0; j < len; j++)
			data[j] = (char)rnd(256);
		feed(data, len);
	}
}

/* Files that look like a configuration, made of its words in random order. */
static void files_of_random_words(void **state)
{
	static const char *const words[] = {
		"mqtt",
		"host",
		"publish",
		"topic",
		"text",
		"interval",
		"subscribe",
		"actions",
		"network",
		"dns",
		"oled",
		"address",
		"log_level",
		"zzz",
		" = ",
		": ",
		";",
		",",
		"{",
		"}",
		"(",
		")",
		"[",
		"]",
		"\"h\"",
		"\"",
		"\"{ip\"",
		"\"\\x",
		"010",
		"-1",
		"1.5",
		"0x3c",
		"1e999",
		"99999999999",
		"5L",
		"true",
		"/*",
		"*/",
		"//",
		"#",
		"\n",
		"\\",
		"\n@include \"fuzz.conf\"\n",
		"\n@include \"/\"\n",
		"\n@include \"none\"",
		"\xff",
	};
	char data[1024];

	(void)state;
	for (int i = 0; i < 3000; i++) {
		data[0] = '\0';
		for (uint32_t n = rnd(40); n > 0; n--) {
			size_t used = strlen(data);

			text_format(data + used, sizeof(data) - used, "%s ",
				    words[rnd(ARRAY_SIZE(words))]);
		}
		feed(data, strlen(data));
	}
}

static void files_with_random_changes(void **state)
{
	static const char interesting[] = "\"{}()[];:=,/*#\\@\n0159.-+eExXL \xff\xc3";
	char data[TEXT_SIZE * 2];

	(void)state;
	for (int i = 0; i < 4000; i++) {
		size_t source = rnd(ARRAY_SIZE(sources));
		size_t len = length[source];

		memcpy(data, text[source], len);
		for (uint32_t n = 1 + rnd(6); n > 0 && len > 1; n--) {
			size_t at = rnd((uint32_t)len);
			size_t span = 1 + rnd((uint32_t)(len - at < 40 ? len - at : 40));

			switch (rnd(4)) {
			case 0: /* replace a byte */
				data[at] = interesting[rnd(sizeof(interesting))];
				break;
			case 1: /* take a piece out */
				memmove(data + at, data + at + span, len - at - span);
				len -= span;
				break;
			case 2: /* say a piece twice */
				memmove(data + at + span, data + at, len - at);
				len += span;
				break;
			default: /* uncomment a line */
				for (; at + 2 < len; at++)
					if (data[at] == '/' && data[at + 1] == '/')
						break;
				if (at + 2 < len)
					data[at] = data[at + 1] = ' ';
			}
		}
		feed(data, len);
	}
}

static void nesting_without_end(void **state)
{
	static char data[200000];

	(void)state;
	memset(data, '(', sizeof(data));
	memcpy(data, "a=", 2);
	feed(data, sizeof(data));
	memset(data, '{', sizeof(data));
	feed(data, sizeof(data));
	for (size_t i = 0; i + 3 <= sizeof(data); i += 3)
		memcpy(data + i, "a:{", 3);
	feed(data, sizeof(data));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_cut_off_anywhere),
		cmocka_unit_test(files_of_random_bytes),
		cmocka_unit_test(files_of_random_words),
		cmocka_unit_test(files_with_random_changes),
		cmocka_unit_test(nesting_without_end),
	};

	if (argc != 3)
		return 2;
	sources[0] = argv[1];
	sources[1] = argv[2];
	return cmocka_run_group_tests(tests, set_up, temp_dir_leave);
}
