// SPDX-License-Identifier: MIT
/* test_actions.c — the thread that acts on messages: what they do, what is dropped */
#include "mqttnode/actions.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "temp_dir.h"
#include "unit.h"

#include "mqttnode/fd.h"
#include "mqttnode/mqtt.h"
#include "sim/board_time.h"
#include "sim/sim_gpio.h"

#define DEADLINE_MS 20000

static struct sim_report report;
static struct board_time *board_clock;
static struct w5500_sim *chip;
static struct sim_gpio *gpio;
static struct queue *inbox;
static struct actions *actions;
static struct subscription_settings list[2];

static char line[] = "GPIO27", target[] = "target";

static int set_up(void **state)
{
	(void)state;
	memset(list, 0, sizeof(list));
	for (size_t i = 0; i < ARRAY_SIZE(list); i++) {
		list[i].max_rate = 10000;
		list[i].timeout_ms = 10000;
		list[i].topic = line;
	}
	(void)unlink(target);
	assert_int_equal(board_time_new_virtual(&board_clock), 0);
	assert_int_equal(w5500_sim_new(&chip, board_clock, NULL), 0);
	assert_int_equal(sim_gpio_new(&gpio, chip, 25, 24, &report), 0);
	return queue_new(&inbox, ACTIONS_INBOX_MAX, mqtt_message_free);
}

static int tear_down(void **state)
{
	(void)state;
	actions = actions_free(actions);
	inbox = queue_free(inbox);
	gpio = sim_gpio_free(gpio);
	chip = w5500_sim_free(chip);
	board_clock = board_time_free(board_clock);
	return 0;
}

static void start(void)
{
	assert_true(actions_needed(list, ARRAY_SIZE(list)));
	assert_int_equal(actions_new(&actions, list, ARRAY_SIZE(list), inbox, "."), 0);
	assert_int_equal(actions_start(actions), 0);
}

static void message(size_t subscription, const void *payload, size_t len, bool retain)
{
	struct mqtt_message *m = calloc(1, sizeof(*m));

	assert_non_null(m);
	m->topic = strdup("a topic; $(reboot)");
	m->payload = malloc(len + 1);
	memcpy(m->payload, payload, len);
	m->payload[len] = '\0';
	m->len = len;
	m->retain = retain;
	m->subscription = subscription;
	assert_int_equal(queue_push(inbox, m), 0);
}

static void text(const char *payload)
{
	message(0, payload, strlen(payload), false);
}

#define counter(name)                                                                    \
	__extension__({                                                                  \
		struct actions_counters c_;                                              \
		actions_get_counters(actions, &c_);                                      \
		c_.name;                                                                 \
	})

/* There are no events for these conditions. */
#define wait_for(condition)                                                              \
	do {                                                                             \
		for (int i_ = 0; !(condition); i_++) {                                   \
			assert_true(i_ < DEADLINE_MS);                                   \
			(void)poll(NULL, 0, 1);                                          \
		}                                                                        \
	} while (0)

static void find_line(void *ctx, const char *name, uint64_t value)
{
	if (strcmp(name, "line27") == 0)
		*(int *)ctx = (int)value;
}

static int level(void)
{
	int found = -1;

	board_lock(board_clock);
	sim_gpio_each_counter(gpio, find_line, &found);
	board_unlock(board_clock);
	return found;
}

/* Whether the target file holds these bytes. */
static bool target_is(const void *data, size_t len)
{
	char buf[4096];

	return fd_read_file(target, buf, sizeof(buf)) == (int)len &&
	       memcmp(buf, data, len) == 0;
}

static void with_line(enum line_safe safe)
{
	list[0].actions = SUBSCRIPTION_GPIO;
	list[0].output = (struct output_settings){ .line = line,
						   .safe = safe,
						   .pulse_ms = 3600 * 1000 };
}

static void with_command(char **argv)
{
	list[0].actions = SUBSCRIPTION_COMMAND;
	list[0].command = argv;
}

static void a_line_is_switched(void **state)
{
	(void)state;
	with_line(LINE_SAFE_OFF);
	start();
	wait_for(level() == 0);
	text("on");
	wait_for(level() == 1);
	text("toggle");
	wait_for(level() == 0);
	text("sideways");
	wait_for(counter(actions_failed) == 1);
	assert_int_equal(counter(actions_done), 2);
}

static void a_lost_session_makes_lines_safe(void **state)
{
	(void)state;
	with_line(LINE_SAFE_OFF);
	start();
	actions_session(actions, true);
	text("pulse");
	wait_for(level() == 1);
	actions_session(actions, false);
	wait_for(level() == 0);
	/* however short the loss was, and whatever came before it */
	for (unsigned int i = 2; i < 100; i++) {
		text("on");
		actions_session(actions, false);
		actions_session(actions, true);
		wait_for(counter(actions_done) == i);
		wait_for(level() == 0);
	}
}

static void a_stop_makes_lines_safe(void **state)
{
	(void)state;
	with_line(LINE_SAFE_ON);
	start();
	wait_for(level() == 1);
	text("off");
	wait_for(level() == 0);
	actions_stop(actions);
	assert_int_equal(level(), 1);
}

/* What was told of lines, in order: 'O' and 'o' for on and off. */
static struct {
	pthread_mutex_t lock;
	char text[64];
	bool refuse;
	int refused, again; /* how often: for the first time, and again */
} told = { .lock = PTHREAD_MUTEX_INITIALIZER };

static int on_line(void *ctx, const struct output_settings *output, bool on, bool again)
{
	bool refused;

	(void)pthread_mutex_lock(&told.lock);
	refused = told.refuse;
	told.refused += refused && !again;
	told.again += refused && again;
	if (!refused && ctx == &told && strcmp(output->line, line) == 0)
		strcat(told.text, on ? "O" : "o");
	(void)pthread_mutex_unlock(&told.lock);
	return refused ? -ENOBUFS : 0;
}

static bool was_told(const char *text)
{
	bool is;

	(void)pthread_mutex_lock(&told.lock);
	is = strcmp(told.text, text) == 0;
	(void)pthread_mutex_unlock(&told.lock);
	return is;
}

static void the_states_of_lines_are_told_during_a_session(void **state)
{
	(void)state;
	told.text[0] = '\0';
	with_line(LINE_SAFE_OFF);
	list[0].output.pulse_ms = 1;
	assert_int_equal(actions_new(&actions, list, ARRAY_SIZE(list), inbox, "."), 0);
	actions_set_line_callback(actions, on_line, &told);
	assert_int_equal(actions_start(actions), 0);
	text("on");
	wait_for(level() == 1);
	assert_true(was_told("")); /* to nobody: there is no session */
	actions_session(actions, true);
	wait_for(was_told("O"));
	text("on"); /* no news */
	text("off");
	wait_for(was_told("Oo"));
	text("pulse"); /* its end is told too */
	wait_for(was_told("OoOo"));
	text("on");
	wait_for(was_told("OoOoO"));
	actions_session(actions, false); /* makes it safe, which nobody hears */
	wait_for(level() == 0);
	actions_session(actions, true);
	wait_for(was_told("OoOoOo"));
	actions_session(actions, true); /* again */
	wait_for(was_told("OoOoOoo"));
	text("on");
	wait_for(was_told("OoOoOooO"));
	actions_stop(actions);
	assert_true(was_told("OoOoOooOo"));
}

static void refuse(bool yes)
{
	(void)pthread_mutex_lock(&told.lock);
	told.refuse = yes;
	(void)pthread_mutex_unlock(&told.lock);
}

static bool was_refused(int times, int least_again)
{
	bool is;

	(void)pthread_mutex_lock(&told.lock);
	is = told.refused == times && told.again >= least_again;
	(void)pthread_mutex_unlock(&told.lock);
	return is;
}

static void a_state_that_was_not_taken_is_told_again_as_such(void **state)
{
	(void)state;
	told.text[0] = '\0';
	told.refused = told.again = 0;
	refuse(true);
	with_line(LINE_SAFE_OFF);
	assert_int_equal(actions_new(&actions, list, ARRAY_SIZE(list), inbox, "."), 0);
	actions_set_line_callback(actions, on_line, &told);
	assert_int_equal(actions_start(actions), 0);
	actions_session(actions, true);
	wait_for(was_refused(1, 0));
	actions_tell_again(actions);
	wait_for(was_refused(1, 1));
	text("on"); /* another state */
	wait_for(was_refused(2, 1));
	refuse(false);
	actions_tell_again(actions);
	wait_for(was_told("O"));
	text("off");
	wait_for(was_told("Oo"));
	assert_true(was_refused(2, 1));
}

static void a_file_is_replaced_at_once(void **state)
{
	static const char raw[] = "a\0\xff\033[2J\n";
	struct stat st;

	(void)state;
	list[0].actions = SUBSCRIPTION_FILE;
	list[0].file = target;
	assert_int_equal(symlink("/etc/passwd", target), 0);
	start();
	message(0, raw, sizeof(raw) - 1, false);
	wait_for(target_is(raw, sizeof(raw) - 1)); /* and not /etc/passwd */
	assert_int_equal(lstat(target, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(st.st_mode & 07137, 0);
	message(0, "", 0, false);
	wait_for(target_is("", 0));
	wait_for(counter(actions_done) == 2);
}

static void a_file_that_cannot_be_written_is_told(void **state)
{
	static char nowhere[] = "no/such/directory";

	(void)state;
	list[0].actions = SUBSCRIPTION_FILE;
	list[0].file = nowhere;
	start();
	text("x");
	wait_for(counter(actions_failed) == 1);
	assert_int_equal(counter(actions_done), 0);
}

static void a_command_gets_payload_and_topic(void **state)
{
	static char
		sh[] = "sh",
		c[] = "-c",
		script[] =
			"echo thrown away; { printf '%s|' \"$MQTT_TOPIC\" \"$MQTT_QOS\" "
			"\"$MQTT_RETAIN\"; cat; } > target.new; "
			"mv target.new target";
	static char *argv[] = { sh, c, script, NULL };
	static const char payload[] = "x; rm -rf /\n$(reboot)\0\xff";
	static const char expected[] =
		"a topic; $(reboot)|0|0|x; rm -rf /\n$(reboot)\0\xff";

	(void)state;
	with_command(argv);
	start();
	message(0, payload, sizeof(payload) - 1, false);
	wait_for(target_is(expected, sizeof(expected) - 1));
	wait_for(counter(actions_done) == 1);
}

static void commands_of_one_subscription_wait_for_each_other(void **state)
{
	static char sh[] = "sh", c[] = "-c";
	static char append[] = "x=$(cat); sleep 0.0$((3 - x)); printf %s $x >> target";
	static char *argv[] = { sh, c, append, NULL };

	(void)state;
	with_command(argv);
	start();
	text("1");
	text("2");
	text("3");
	wait_for(target_is("123", 3));
}

static void a_command_that_hangs_holds_nobody_up(void **state)
{
	static char program[] = "sleep", time[] = "1000";
	static char *argv[] = { program, time, NULL };

	(void)state;
	with_command(argv);
	list[1].actions = SUBSCRIPTION_FILE;
	list[1].file = target;
	start();
	for (int i = 0; i < ACTIONS_PENDING_MAX + 4; i++)
		text("x");
	message(1, "y", 1, false);
	wait_for(target_is("y", 1));
	/* one runs, so many wait */
	wait_for(counter(actions_pending) == 3);
	actions_stop(actions);
}

static void a_command_that_fails_is_told(void **state)
{
	static char program[] = "/nowhere/program";
	static char *argv[] = { program, NULL };

	(void)state;
	with_command(argv);
	start();
	for (int i = 0; i < 100; i++)
		text("x");
	wait_for(counter(actions_failed) == 100);
	assert_int_equal(counter(actions_done), 0);
}

static void retained_messages_act_only_if_asked(void **state)
{
	(void)state;
	with_line(LINE_SAFE_OFF);
	list[1] = list[0];
	list[1].actions = SUBSCRIPTION_FILE;
	list[1].file = target;
	list[1].retained = true;
	start();
	message(0, "on", 2, true);
	message(1, "on", 2, true);
	wait_for(target_is("on", 2));
	wait_for(counter(actions_retained) == 1);
	assert_int_equal(level(), 0);
}

static void what_comes_too_fast_is_dropped(void **state)
{
	(void)state;
	with_line(LINE_SAFE_OFF);
	list[0].max_rate = 3;
	start();
	for (int i = 0; i < 10; i++)
		text("toggle");
	wait_for(counter(actions_rate) + counter(actions_done) == 10);
	assert_true(counter(actions_done) <= 6); /* if a second ended meanwhile */
	assert_true(counter(actions_done) >= 3);
}

static void nobody_needs_it_for_journal_and_screen(void **state)
{
	(void)state;
	list[0].actions = list[1].actions = SUBSCRIPTION_JOURNAL | SUBSCRIPTION_OLED;
	assert_false(actions_needed(list, ARRAY_SIZE(list)));
	assert_false(actions_needed(NULL, 0));
	assert_null(actions_free(NULL));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		TEST(a_line_is_switched),
		TEST(a_lost_session_makes_lines_safe),
		TEST(a_stop_makes_lines_safe),
		TEST(the_states_of_lines_are_told_during_a_session),
		TEST(a_state_that_was_not_taken_is_told_again_as_such),
		TEST(a_file_is_replaced_at_once),
		TEST(a_file_that_cannot_be_written_is_told),
		TEST(a_command_gets_payload_and_topic),
		TEST(commands_of_one_subscription_wait_for_each_other),
		TEST(a_command_that_hangs_holds_nobody_up),
		TEST(a_command_that_fails_is_told),
		TEST(retained_messages_act_only_if_asked),
		TEST(what_comes_too_fast_is_dropped),
		TEST(nobody_needs_it_for_journal_and_screen),
#undef TEST
	};

	return cmocka_run_group_tests_name("actions", tests, temp_dir_enter,
					   temp_dir_leave);
}
