// SPDX-License-Identifier: MIT
/*
 * test_settings_bad.c — bad configurations and the exact messages about them
 *
 * The cases are in settings_bad.txt, whose path is the argument. Each is a test.
 */
#include "mqttnode/settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "temp_dir.h"
#include "unit.h"

#define CASES_MIN 40
#define CASES_MAX 400
#define TEXT_SIZE 8192

struct bad {
	char name[128];
	char text[TEXT_SIZE];
	char messages[TEXT_SIZE];
};

static struct bad *cases;
static size_t n_cases;

static void append(char *to, const char *line)
{
	if (strlen(to) + strlen(line) >= TEXT_SIZE)
		abort();
	strcat(to, line);
}

/* "== NAME", the file, "--", the messages; then empty lines and comments. */
static void read_cases(const char *path)
{
	FILE *f = fopen(path, "r");
	char line[TEXT_SIZE];
	char *part = NULL;

	cases = calloc(CASES_MAX, sizeof(*cases));
	if (!f || !cases)
		abort();
	while (fgets(line, sizeof(line), f)) {
		struct bad *last = &cases[n_cases - (n_cases > 0)];

		if (strncmp(line, "== ", 3) == 0) {
			if (n_cases == CASES_MAX)
				abort();
			last = &cases[n_cases++];
			sscanf(line + 3, "%127[^\n]", last->name);
			part = last->text;
		} else if (strcmp(line, "--\n") == 0) {
			part = last->messages;
		} else if (part == last->text ||
			   (part && strcmp(line, "\n") != 0 && line[0] != '#')) {
			append(part, line);
		}
	}
	(void)fclose(f);
}

static int write_files(void **state)
{
	static char many[TEXT_SIZE];

	if (temp_dir_enter(state) < 0)
		return -1;
	temp_file("inner.conf", "oled: {\n  adress = 0x3c;\n};\n");
	temp_file("broken.conf", "oled: {\n  address = ;\n};\n");
	temp_file("loop.conf", "@include \"loop.conf\"\n");
	for (size_t i = 0; i < 100; i++)
		append(many, "@include \"empty.conf\"\n");
	temp_file("many.conf", many);
	temp_file("empty.conf", "");
	return mkdir("directory", 0755);
}

static void is_refused_with_its_message(void **state)
{
	const struct bad *bad = *state;
	struct settings_report report = { 0 };
	struct settings *s = NULL;
	char *found = calloc(1, TEXT_SIZE);

	assert_non_null(found);
	assert_true(bad->messages[0]);
	temp_file("bad.conf", bad->text);
	assert_int_equal(settings_load(&s, "bad.conf", &report), -EINVAL);
	assert_null(s);
	for (size_t i = 0; i < report.n_errors; i++) {
		append(found, report.errors[i]);
		append(found, "\n");
	}
	assert_string_equal(found, bad->messages);
	assert_null(strstr(found, "geheim"));
	assert_int_equal(report.n_warnings, 0);
	settings_report_clear(&report);
	free(found);
}

static void there_are_enough_cases(void **state)
{
	(void)state;
	assert_in_range(n_cases, CASES_MIN, CASES_MAX);
}

int main(int argc, char **argv)
{
	struct CMUnitTest *tests;
	int failed;

	if (argc != 2)
		return 2;
	read_cases(argv[1]);
	tests = calloc(n_cases + 1, sizeof(*tests));
	if (!tests)
		return 1;
	tests[0] = (struct CMUnitTest){ .name = "there are enough cases",
					.test_func = there_are_enough_cases };
	for (size_t i = 0; i < n_cases; i++)
		tests[i + 1] =
			(struct CMUnitTest){ .name = cases[i].name,
					     .test_func = is_refused_with_its_message,
					     .initial_state = &cases[i] };
	failed = _cmocka_run_group_tests("bad configurations", tests, n_cases + 1,
					 write_files, temp_dir_leave);
	free(tests);
	free(cases);
	return failed;
}
