// SPDX-License-Identifier: MIT
/* test_command.c — programs within their limits: time, output, number, group */
#include "mqttnode/command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

#define DEADLINE_US UINT64_C(20000000)
#define LONG_MS	    20000

static sd_event *event;
static struct commands *commands;

/* The last result, copied. */
static int n_done;
static int error, status;
static char out[70000];
static size_t out_len;
static char complaint[256];
static char explanation[512];

static void done(void *ctx, const struct command_result *result)
{
	assert_ptr_equal(ctx, &n_done);
	n_done++;
	error = result->error;
	status = result->status;
	out_len = result->len;
	assert_true(out_len < sizeof(out));
	if (out_len > 0)
		memcpy(out, result->out, out_len);
	out[out_len] = '\0';
	snprintf(complaint, sizeof(complaint), "%s", result->complaint);
	command_explain(result, explanation, sizeof(explanation));
}

static int set_up(void **state)
{
	(void)state;
	n_done = 0;
	if (sd_event_new(&event) < 0)
		return -1;
	return commands_new(&commands, event);
}

static int tear_down(void **state)
{
	(void)state;
	commands = commands_free(commands);
	event = sd_event_unref(event);
	return 0;
}

static void wait_done(int n)
{
	while (n_done < n)
		assert_true(sd_event_run(event, DEADLINE_US) > 0);
}

static struct command_request shell(const char *script)
{
	static const char *argv[4] = { "sh", "-c", NULL, NULL };

	argv[2] = script;
	return (struct command_request){ .argv = argv,
					 .output_max = 65536,
					 .limit_ms = LONG_MS };
}

/* Runs a script to its end. */
static void run(const char *script)
{
	struct command_request request = shell(script);

	n_done = 0;
	assert_int_equal(commands_run(commands, &request, done, &n_done), 0);
	wait_done(1);
}

static void output_and_status(void **state)
{
	(void)state;
	run("echo one; echo two");
	assert_int_equal(error, 0);
	assert_int_equal(status, 0);
	assert_string_equal(out, "one\ntwo\n");
	assert_string_equal(complaint, "");
	run("printf 'bad\\033thing\\nmore' >&2; exit 3");
	assert_int_equal(error, 0);
	assert_int_equal(status, 3);
	assert_int_equal(out_len, 0);
	assert_string_equal(explanation, "ended with status 3: bad\\x1bthing");
	run("kill -TERM $$");
	assert_int_equal(status, -SIGTERM);
	assert_string_equal(explanation, "was killed by signal 15");
}

static void input_and_environment(void **state)
{
	static char big[60000];
	char setting[] = "MQTT_TOPIC=a b;`reboot`";
	const char *env[] = { setting, NULL };
	struct command_request request = shell("cat; printf '%s' \"$MQTT_TOPIC\"");

	(void)state;
	memset(big, 'x', sizeof(big));
	big[1] = '\0';
	request.env = env;
	request.input = big;
	request.input_len = sizeof(big);
	assert_int_equal(commands_run(commands, &request, done, &n_done), 0);
	memset(setting, 0, sizeof(setting));
	wait_done(1);
	assert_int_equal(out_len, sizeof(big) + strlen("a b;`reboot`"));
	assert_memory_equal(out, big, sizeof(big));
	assert_string_equal(out + sizeof(big), "a b;`reboot`");
	run("cat; echo $MQTT_TOPIC end");
	assert_string_equal(out, "end\n");
	request = shell("wc -c");
	request.input = "";
	assert_int_equal(commands_run(commands, &request, done, &n_done), 0);
	wait_done(2);
	assert_int_equal(out[0], '0');
}

static void what_cannot_be_started_is_told(void **state)
{
	static const char *const argv[] = { "/nowhere/program", NULL };
	struct command_request request = { .argv = argv, .limit_ms = LONG_MS };

	(void)state;
	assert_int_equal(commands_run(commands, &request, done, &n_done), 0);
	wait_done(1);
	assert_int_equal(error, -ENOENT);
	assert_string_equal(explanation, "cannot be started: No such file or directory");
}

static void too_long_is_killed_with_all_its_children(void **state)
{
	struct command_request request =
		shell("sleep 1000 & echo $!; trap '' TERM; wait; sleep 1000");

	(void)state;
	request.limit_ms = 300;
	assert_int_equal(commands_run(commands, &request, done, &n_done), 0);
	wait_done(1);
	assert_int_equal(error, -ETIME);
	assert_string_equal(explanation, "took too long and was killed");
}

static bool is_alive(pid_t pid)
{
	char path[64], text[256];
	const char *state;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return false;
	text[n] = '\0';
	state = strrchr(text, ')');
	return state && state[2] != 'Z' && state[2] != 'X';
}

static void what_it_leaves_behind_is_killed(void **state)
{
	pid_t left;

	(void)state;
	run("sleep 1000 & echo $!"); /* the child has stdout open */
	assert_int_equal(error, 0);
	assert_int_equal(sscanf(out, "%d", &left), 1);
	for (int i = 0; is_alive(left); i++) {
		assert_true(i < 10000);
		(void)poll(NULL, 0, 1); /* it is nobody's child any more */
	}
}

static void too_much_output_is_killed(void **state)
{
	struct command_request request = shell("yes");

	(void)state;
	request.output_max = 1000;
	assert_int_equal(commands_run(commands, &request, done, &n_done), 0);
	wait_done(1);
	assert_int_equal(error, -E2BIG);
	assert_string_equal(explanation, "printed more than max_size and was killed");

	request = shell("printf 12345");
	request.output_max = 5;
	assert_int_equal(commands_run(commands, &request, done, &n_done), 0);
	wait_done(2);
	assert_int_equal(error, 0);
	request.output_max = 4;
	assert_int_equal(commands_run(commands, &request, done, &n_done), 0);
	wait_done(3);
	assert_int_equal(error, -E2BIG);
}

static void a_flood_of_complaints_is_cut(void **state)
{
	(void)state;
	run("yes complaint 2>&1 >&2 | head -c 200000 >&2; exit 1");
	assert_int_equal(status, 1);
	assert_string_equal(complaint, "complaint");
}

static void a_few_run_at_once_and_the_rest_waits(void **state)
{
	struct command_request slow = shell("sleep 1000"), quick;
	static const char *const true_argv[] = { "true", NULL };
	int refused = 0;

	(void)state;
	slow.limit_ms = 500;
	for (int i = 0; i < COMMANDS_RUNNING_MAX; i++)
		assert_int_equal(commands_run(commands, &slow, done, &n_done), 0);
	quick = (struct command_request){ .argv = true_argv, .limit_ms = LONG_MS };
	for (int i = 0; i < COMMANDS_WAITING_MAX + 3; i++)
		refused += commands_run(commands, &quick, done, &n_done) == -ENOBUFS;
	assert_int_equal(refused, 3);
	assert_int_equal(n_done, 0);
	wait_done(COMMANDS_RUNNING_MAX + COMMANDS_WAITING_MAX);
	assert_int_equal(error, 0);
	assert_int_equal(status, 0);
}

static void all_are_killed_in_the_end(void **state)
{
	struct command_request slow = shell("sleep 1000");
	int how;

	(void)state;
	for (int i = 0; i < COMMANDS_RUNNING_MAX + 1; i++)
		assert_int_equal(commands_run(commands, &slow, done, &n_done), 0);
	commands = commands_free(commands);
	assert_int_equal(n_done, 0);
	/* None goes on for its 1000 s; on a busy machine the end may take a moment. */
	while (waitpid(-1, &how, 0) > 0) {
		assert_true(WIFSIGNALED(how));
		assert_int_equal(WTERMSIG(how), SIGKILL);
	}
	assert_int_equal(errno, ECHILD);
	assert_null(commands_free(NULL));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		TEST(output_and_status),
		TEST(input_and_environment),
		TEST(what_cannot_be_started_is_told),
		TEST(too_long_is_killed_with_all_its_children),
		TEST(what_it_leaves_behind_is_killed),
		TEST(too_much_output_is_killed),
		TEST(a_flood_of_complaints_is_cut),
		TEST(a_few_run_at_once_and_the_rest_waits),
		TEST(all_are_killed_in_the_end),
#undef TEST
	};

	return cmocka_run_group_tests_name("command", tests, NULL, NULL);
}
