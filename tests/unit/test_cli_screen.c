// SPDX-License-Identifier: MIT
/* test_cli_screen.c — "mqttnode screen": what it prints of what a daemon answers */
#include "mqttnode/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../src/cli/cli_picture.h"
#include "mqttnode/fd.h"
#include "temp_dir.h"
#include "unit.h"

/* What the daemon answers, in turn; after the last it is gone. */
static const char *const *answers;
static unsigned int sleeps;

int __wrap_control_ask(const char *path, const char *request, unsigned int timeout_ms,
		       char **ret);
int __wrap_clock_nanosleep(clockid_t clock, int flags, const struct timespec *until,
			   struct timespec *remaining);

int __wrap_control_ask(const char *path, const char *request, unsigned int timeout_ms,
		       char **ret)
{
	(void)path;
	(void)timeout_ms;
	assert_string_equal(request, "{\"verb\":\"screen\"}");
	if (!*answers)
		return -ECONNREFUSED;
	*ret = strdup(*answers++);
	assert_non_null(*ret);
	return 0;
}

int __wrap_clock_nanosleep(clockid_t clock, int flags, const struct timespec *until,
			   struct timespec *remaining)
{
	(void)clock;
	(void)flags;
	(void)until;
	(void)remaining;
	sleeps++;
	return 0;
}

/* A picture of 8 x 8 with @row7 as its last row. */
#define PICTURE(row7, rest)                                                              \
	"{\"ok\":true,\"width\":8,\"height\":8,\"rows\":[\"#.#.#.#.\",\"##..##..\","     \
	"\"........\",\"........\",\"########\",\"........\",\"........\",\"" row7       \
	"\"]" rest "}"
#define PRESENT ",\"present\":true,\"dark\":false"
#define LINES_1_TO_3                                                                     \
	"█▄▀ █▄▀ \n"                                                         \
	"        \n"                                                                     \
	"▀▀▀▀▀▀▀▀\n"

/* Runs the command with its standard output in a file; the text is in @out. */
static enum cli_exit run(const struct cli_arguments *args, const char *const *said,
			 char out[4096])
{
	enum cli_exit status;
	int n, saved = dup(STDOUT_FILENO), fd;

	answers = said;
	sleeps = 0;
	(void)fflush(stdout);
	fd = open("out", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0 && saved >= 0);
	assert_true(dup2(fd, STDOUT_FILENO) >= 0);
	status = cli_screen(args);
	(void)fflush(stdout);
	assert_true(dup2(saved, STDOUT_FILENO) >= 0);
	(void)close(saved);
	(void)close(fd);
	n = fd_read_file("out", out, 4096);
	assert_true(n >= 0);
	return status;
}

static void draws_two_pixels_with_a_character(void **state)
{
	static const char *const said[] = { PICTURE("......##", PRESENT), NULL };
	const struct cli_arguments args = { .command = "screen" };
	char out[4096];

	(void)state;
	assert_int_equal(run(&args, said, out), CLI_OK);
	assert_string_equal(out, LINES_1_TO_3 "      ▄▄\n");
}

static void draws_four_for_narrow_terminals(void **state)
{
	char buf[CLI_PICTURE_LINE];
	struct canvas c;

	(void)state;
	canvas_init(&c, 32, 8);
	for (int i = 0; i < 16; i++)
		for (int bit = 0; bit < 4; bit++)
			canvas_set_pixel(&c, i * 2 + bit % 2, bit / 2, i >> bit & 1);
	assert_string_equal(cli_picture_line(&c, &cli_quarter_blocks, 0, buf),
			    " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█");
	assert_string_equal(cli_picture_line(&c, &cli_quarter_blocks, 3, buf),
			    "                ");
	assert_null(cli_picture_line(&c, &cli_quarter_blocks, 4, buf));
	assert_null(cli_picture_line(&c, &cli_half_blocks, 4, buf));
}

static void a_line_of_the_widest_picture_has_room(void **state)
{
	char buf[CLI_PICTURE_LINE];
	struct canvas c;

	(void)state;
	canvas_init(&c, 128, 64);
	memset(c.data, 0xff, sizeof(c.data));
	cli_picture_line(&c, &cli_half_blocks, 0, buf);
	assert_int_equal(strlen(buf), sizeof(buf) - 1);
}

static void says_why_the_panel_itself_shows_nothing(void **state)
{
	static const char *const absent[] = { PICTURE("........", ",\"present\":false"),
					      NULL };
	static const char *const dark[] = {
		PICTURE("........", ",\"present\":true,\"dark\":true"), NULL
	};
	const struct cli_arguments args = { .command = "screen" };
	char out[4096];

	(void)state;
	assert_int_equal(run(&args, absent, out), CLI_OK);
	assert_non_null(
		strstr(out, "\n(the display is not there; this is what it would"));
	assert_int_equal(run(&args, dark, out), CLI_OK);
	assert_non_null(strstr(out, "\n(the display is dark because nothing happened"));
}

static void prints_nothing_of_an_answer_that_is_none(void **state)
{
	static const char *const bad[] = {
		"",
		"nonsense",
		"[]",
		"\"ok\"",
		"{}",
		"{\"ok\":true}",
		"{\"ok\":false,\"error\":\"no display is configured\"}",
		"{\"ok\":false}",
		"{\"ok\":true,\"width\":8,\"height\":8}",
		"{\"ok\":true,\"width\":8,\"height\":8,\"rows\":{}}",
		"{\"ok\":true,\"width\":8,\"height\":8,\"rows\":[]}",
		"{\"ok\":true,\"width\":0,\"height\":8,\"rows\":[]}",
		"{\"ok\":true,\"width\":8,\"height\":-8,\"rows\":[]}",
		"{\"ok\":true,\"width\":8,\"height\":9,\"rows\":[]}",
		"{\"ok\":true,\"width\":1000,\"height\":8,\"rows\":[]}",
		"{\"ok\":true,\"width\":128,\"height\":128,\"rows\":[]}",
		"{\"ok\":true,\"width\":{},\"height\":\"x\",\"rows\":[]}",
		PICTURE(".......", PRESENT),
		PICTURE(".........", PRESENT),
		"{\"ok\":true,\"width\":8,\"height\":8,\"rows\":[1,2,3,4,5,6,7,8]}",
	};
	const struct cli_arguments args = { .command = "screen" };
	char out[4096];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		const char *const said[] = { bad[i], NULL };

		assert_int_equal(run(&args, said, out), CLI_FAILURE);
		assert_string_equal(out, "");
	}
}

static void fails_without_a_daemon(void **state)
{
	static const char *const nothing[] = { NULL };
	const struct cli_arguments args = { .command = "screen" };
	char out[4096];

	(void)state;
	assert_int_equal(run(&args, nothing, out), CLI_FAILURE);
	assert_string_equal(out, "");
}

static void watches_until_the_daemon_is_gone(void **state)
{
	static const char *const said[] = {
		PICTURE("......##", PRESENT), PICTURE("......##", PRESENT),
		PICTURE("##......", PRESENT), PICTURE("##......", PRESENT),
		PICTURE("......##", PRESENT), NULL,
	};
	const struct cli_arguments args = { .command = "screen", .watch = true };
	char out[4096];

	(void)state;
	assert_int_equal(run(&args, said, out), CLI_FAILURE);
	assert_int_equal(sleeps, 5);
	/* What did not change is not drawn again; no escapes where there is no terminal.
	 */
	assert_string_equal(out, LINES_1_TO_3 "      ▄▄\n" LINES_1_TO_3
					      "▄▄      \n" LINES_1_TO_3 "      ▄▄\n");
}

static void writes_a_png_file(void **state)
{
	static const char *const said[] = { PICTURE("......##", PRESENT), NULL };
	const struct cli_arguments args = { .command = "screen", .png = "screen.png" };
	png_image image = { .version = PNG_IMAGE_VERSION };
	uint8_t dots[32][32];
	char out[4096];

	(void)state;
	assert_int_equal(run(&args, said, out), CLI_OK);
	assert_string_equal(out, "");
	assert_true(png_image_begin_read_from_file(&image, "screen.png"));
	assert_int_equal(image.width, 32);
	assert_int_equal(image.height, 32);
	image.format = PNG_FORMAT_GRAY;
	assert_true(png_image_finish_read(&image, NULL, dots, 0, NULL));
	for (int y = 0; y < 4; y++)
		for (int x = 0; x < 32; x++)
			assert_int_equal(dots[y][x], x / 4 % 2 ? 0 : 255);
	for (int y = 28; y < 32; y++)
		for (int x = 0; x < 32; x++)
			assert_int_equal(dots[y][x], x < 24 ? 0 : 255);
}

static void writes_a_png_to_standard_output(void **state)
{
	static const char *const said[] = { PICTURE("......##", PRESENT), NULL };
	const struct cli_arguments args = { .command = "screen", .png = "-" };
	char out[4096];

	(void)state;
	assert_int_equal(run(&args, said, out), CLI_OK);
	assert_memory_equal(out, "\x89PNG\r\n\x1a\n", 8);
}

static void says_when_it_cannot_write(void **state)
{
	static const char *const said[] = { PICTURE("......##", PRESENT), NULL };
	const struct cli_arguments args = { .command = "screen", .png = "no/such/file" };
	char out[4096], error[128] = "";
	struct canvas c;

	(void)state;
	assert_int_equal(run(&args, said, out), CLI_FAILURE);
	canvas_init(&c, 8, 8);
	assert_int_equal(cli_picture_png(&c, "no/such/file", error, sizeof(error)), -EIO);
	assert_non_null(strstr(error, "No such file"));
}

static void does_not_watch_into_a_file(void **state)
{
	static const char *const said[] = { PICTURE("......##", PRESENT), NULL };
	const struct cli_arguments args = { .command = "screen",
					    .png = "never.png",
					    .watch = true };
	char out[4096];

	(void)state;
	assert_int_equal(run(&args, said, out), CLI_USAGE);
	assert_int_not_equal(access("never.png", F_OK), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(draws_two_pixels_with_a_character),
		cmocka_unit_test(draws_four_for_narrow_terminals),
		cmocka_unit_test(a_line_of_the_widest_picture_has_room),
		cmocka_unit_test(says_why_the_panel_itself_shows_nothing),
		cmocka_unit_test(prints_nothing_of_an_answer_that_is_none),
		cmocka_unit_test(fails_without_a_daemon),
		cmocka_unit_test(watches_until_the_daemon_is_gone),
		cmocka_unit_test(writes_a_png_file),
		cmocka_unit_test(writes_a_png_to_standard_output),
		cmocka_unit_test(says_when_it_cannot_write),
		cmocka_unit_test(does_not_watch_into_a_file),
	};

	return cmocka_run_group_tests_name("cli_screen", tests, temp_dir_enter,
					   temp_dir_leave);
}
