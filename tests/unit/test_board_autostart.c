// SPDX-License-Identifier: MIT
/*
 * test_board_autostart.c — the board under a program that does not know of it
 *
 * The program is this one, started again with the word "child": it opens the
 * chip and the display as the daemon does, without a word about a board.
 */
#include "sim/board.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "board_rig.h"

#include "mqttnode/gpio.h"
#include "mqttnode/i2cdev.h"

/* Opens what its arguments name; exit status 10 if all is there. "wait": for end of file.
 */
static int child_main(int argc, char **argv)
{
	_cleanup_(gpio_closep) struct gpio_line *line = NULL;
	_cleanup_(spidev_closep) struct spi_bus *spi = NULL;
	_cleanup_(i2cdev_closep) struct i2c_bus *i2c = NULL;
	char c;

	for (int i = 2; i < argc; i++) {
		int r = 0;

		if (strcmp(argv[i], "spi") == 0)
			r = spidev_open(&spi, "/dev/spidev0.0", 1000000);
		else if (strcmp(argv[i], "i2c") == 0)
			r = i2cdev_open(&i2c, "/dev/i2c-1", 0x3c);
		else if (strcmp(argv[i], "gpio") == 0)
			r = gpio_open_interrupt(&line, "GPIO25");
		else if (strcmp(argv[i], "wait") == 0)
			(void)!read(STDIN_FILENO, &c, 1);
		if (r < 0)
			return 11;
	}
	return 10;
}

struct child {
	pid_t pid;
	int input, errors;
};

static void start(struct child *child, const char *board, const char *what,
		  const char *then)
{
	int input[2], errors[2];

	assert_int_equal(pipe2(input, O_CLOEXEC), 0);
	assert_int_equal(pipe2(errors, O_CLOEXEC), 0);
	child->pid = fork();
	assert_true(child->pid >= 0);
	if (child->pid == 0) {
		if (board)
			(void)setenv("MQTTNODE_BOARD", board, 1);
		else
			(void)unsetenv("MQTTNODE_BOARD");
		(void)dup2(input[0], STDIN_FILENO);
		(void)dup2(errors[1], STDERR_FILENO);
		(void)execl("/proc/self/exe", "mqttnode-sim", "child", what, then,
			    (char *)NULL);
		_exit(127);
	}
	close(input[0]);
	close(errors[1]);
	child->input = input[1];
	child->errors = errors[0];
}

/* Lets the child end and returns its exit status; what it said is in @said. */
static int finish(struct child *child, char *said, size_t size)
{
	size_t used = 0;
	ssize_t n;
	int status;

	close(child->input);
	while (used < size - 1 &&
	       (n = read(child->errors, said + used, size - 1 - used)) > 0)
		used += (size_t)n;
	said[used] = '\0';
	close(child->errors);
	assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int run(const char *board, const char *what, char *said, size_t size)
{
	struct child child;

	start(&child, board, what, NULL);
	return finish(&child, said, size);
}

static void says_what_is_missing_when_hardware_is_wanted(void **state)
{
	static const char *const wanted[] = { "spi", "i2c", "gpio" };
	char said[400];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		assert_int_equal(run(NULL, wanted[i], said, sizeof(said)), 1);
		assert_non_null(strstr(said, "mqttnode-sim: MQTTNODE_BOARD is not set"));
	}
}

static void lets_a_program_run_that_wants_no_hardware(void **state)
{
	char said[400];

	(void)state;
	assert_int_equal(run(NULL, "nothing", said, sizeof(said)), 10);
	assert_string_equal(said, "");
	assert_int_equal(run("link=up", "nothing", said, sizeof(said)), 10);
	assert_string_equal(said, "");
}

static void refuses_a_bad_description_at_once(void **state)
{
	char said[400];

	(void)state;
	assert_int_equal(run("link=maybe", "nothing", said, sizeof(said)), 1);
	assert_string_equal(said,
			    "mqttnode-sim: MQTTNODE_BOARD: link cannot be \"maybe\"\n");
	assert_int_equal(run("wire=97", "nothing", said, sizeof(said)), 1);
	assert_string_equal(said,
			    "mqttnode-sim: MQTTNODE_BOARD: descriptor 97 is not open\n");
}

static void builds_the_board_when_the_first_adapter_is_opened(void **state)
{
	static const char *const wanted[] = { "spi", "i2c", "gpio" };
	char said[400];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		assert_int_equal(run("link=up", wanted[i], said, sizeof(said)), 10);
		assert_string_equal(said, "");
	}
}

static void says_why_it_cannot_build(void **state)
{
	char said[400];

	(void)state;
	/* Standard input is a pipe there, no socket. */
	assert_int_equal(run("socket=0", "spi", said, sizeof(said)), 1);
	assert_string_equal(
		said,
		"mqttnode-sim: Cannot build the board: Socket operation on non-socket\n");
}

static void serves_the_inherited_descriptors_to_the_last_word(void **state)
{
	json_object *answer;
	struct child child;
	char said[400], text[64], last[8000];
	int client[2];
	ssize_t n;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, client), 0);
	assert_int_equal(fcntl(client[0], F_SETFD, FD_CLOEXEC), 0);
	(void)snprintf(text, sizeof(text), "socket=%d", client[1]);
	start(&child, text, "spi", "wait");
	close(client[1]);
	answer = ask_at(client[0], "stats");
	assert_true(is_ok(answer));
	(void)json_object_put(answer);
	assert_int_equal(finish(&child, said, sizeof(said)), 10);
	assert_string_equal(said, "");

	n = recv(client[0], last, sizeof(last) - 1, MSG_WAITALL);
	assert_true(n > 0);
	last[n] = '\0';
	assert_ptr_equal(strstr(last, "{\"ended\":true,\"stats\":{\"time_ns\":"), last);
	assert_non_null(strstr(last, "\"violations\":[]"));
	assert_int_equal(last[n - 1], '\n');
	close(client[0]);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_is_missing_when_hardware_is_wanted),
		cmocka_unit_test(lets_a_program_run_that_wants_no_hardware),
		cmocka_unit_test(refuses_a_bad_description_at_once),
		cmocka_unit_test(builds_the_board_when_the_first_adapter_is_opened),
		cmocka_unit_test(says_why_it_cannot_build),
		cmocka_unit_test(serves_the_inherited_descriptors_to_the_last_word),
	};

	if (argc > 1 && strcmp(argv[1], "child") == 0)
		return child_main(argc, argv);
	return cmocka_run_group_tests_name("board_autostart", tests, NULL, NULL);
}
