// SPDX-License-Identifier: MIT
/*
 * test_display.c — the display thread on a simulated panel that is pulled and plugged
 *
 * Most tests make turns themselves, in virtual time; the last ones start the
 * thread, in real time.
 */
#include "mqttnode/display.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "mqttnode/font.h"
#include "mqttnode/i2cdev.h"
#include "mqttnode/log.h"
#include "sim/oled_glass.h"
#include "sim/sim_i2c.h"
#include "sim/ssd1306_sim.h"
#include "unit.h"

#define PATH "/dev/i2c-1"

static char path[] = PATH;
static const struct oled_settings settings = {
	.i2c = path,
	.address = 0x3c,
	.width = 128,
	.height = 64,
};

struct rig {
	struct board_time *time;
	struct sim_report report;
	struct sim_i2c *adapter;
	struct oled_sim *panel;
	struct display *display;
	uint64_t next_ns; /* when the display wants its next turn */
	struct sim_i2c_stats before;
};

/* What was logged since the start of the test: "event: sentence" lines. */
static struct {
	char text[4096];
	unsigned int lines;
} journal;

/* What stands between the driver and the bus; zero: nothing. */
static struct {
	int error;     /* every call fails with it */
	bool no_reads; /* reads get no acknowledge */
} quirks;

int __wrap_log_event(int level, const char *event, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int __real_i2cdev_transfer(struct i2c_bus *bus, const struct i2c_message *messages,
			   size_t n);
int __wrap_i2cdev_transfer(struct i2c_bus *bus, const struct i2c_message *messages,
			   size_t n);

int __wrap_log_event(int level, const char *event, const char *format, ...)
{
	size_t used = strlen(journal.text);
	va_list ap;

	(void)level;
	used += (size_t)snprintf(journal.text + used, sizeof(journal.text) - used,
				 "%s: ", event);
	va_start(ap, format);
	used += (size_t)vsnprintf(journal.text + used, sizeof(journal.text) - used,
				  format, ap);
	va_end(ap);
	assert_true(used + 2 < sizeof(journal.text));
	strcat(journal.text, "\n");
	journal.lines++;
	return 0;
}

int __wrap_i2cdev_transfer(struct i2c_bus *bus, const struct i2c_message *messages,
			   size_t n)
{
	if (quirks.error != 0)
		return quirks.error;
	if (quirks.no_reads && messages[0].read)
		return -EREMOTEIO;
	return __real_i2cdev_transfer(bus, messages, n);
}

static struct rig *rig_new(bool real_time)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	assert_non_null(rig);
	memset(&journal, 0, sizeof(journal));
	memset(&quirks, 0, sizeof(quirks));
	if (real_time)
		assert_int_equal(board_time_new_real(&rig->time), 0);
	else
		assert_int_equal(board_time_new_virtual(&rig->time), 0);
	assert_int_equal(sim_i2c_new(&rig->adapter, rig->time, PATH, &rig->report), 0);
	assert_int_equal(oled_sim_new(&rig->panel, &ssd1306_controller, 7, &rig->report),
			 0);
	sim_i2c_attach(rig->adapter, 0x3c, rig->panel);
	assert_int_equal(
		display_new(&rig->display, &settings, board_time_clock(rig->time)), 0);
	return rig;
}

static int set_up(void **state)
{
	*state = rig_new(false);
	return 0;
}

static int set_up_real(void **state)
{
	*state = rig_new(true);
	return 0;
}

static int tear_down(void **state)
{
	struct rig *rig = *state;

	if (rig->report.n_violations > 0)
		print_error("%s\n", rig->report.violations[0].text);
	assert_int_equal(rig->report.n_violations, 0);
	rig->display = display_free(rig->display);
	rig->adapter = sim_i2c_free(rig->adapter);
	rig->panel = oled_sim_free(rig->panel);
	rig->time = board_time_free(rig->time);
	free(rig);
	return 0;
}

static struct canvas text(const char *s)
{
	struct canvas c;

	canvas_init(&c, 128, 64);
	font_draw_text(&c, FONT_BOLD, 0, 20, s);
	return c;
}

static void post(struct rig *rig, const char *s)
{
	struct canvas c = text(s);

	display_post(rig->display, &c);
}

static void turn(struct rig *rig)
{
	rig->next_ns = display_turn(rig->display);
}

/* Turns at the times that the display asks for, as its thread would, for @seconds. */
static void live(struct rig *rig, unsigned int seconds)
{
	uint64_t end = board_time_now_ns(rig->time) + seconds * NSEC_PER_SEC;
	unsigned int turns = 0;

	turn(rig);
	while (rig->next_ns <= end) {
		/* One a second, and one more that came due while a picture was sent. */
		assert_true(++turns <= seconds + 1);
		board_time_advance(rig->time, rig->next_ns);
		turn(rig);
	}
	board_time_advance(rig->time, end);
}

/* Whether a person sees @s. */
static bool sees(struct rig *rig, const char *s)
{
	struct canvas expected = text(s);
	struct oled_picture seen;

	oled_glass_picture(&oled_glass_128x64, oled_sim_state(rig->panel), &seen);
	if (!seen.lit)
		return false;
	for (int y = 0; y < 64; y++)
		for (int x = 0; x < 128; x++)
			if (seen.pixels[y][x] != canvas_get_pixel(&expected, x, y))
				return false;
	return true;
}

static void assert_cost(struct rig *rig, uint64_t calls, uint64_t wire_bytes)
{
	const struct sim_i2c_stats *now = sim_i2c_stats(rig->adapter);

	assert_int_equal(now->calls - rig->before.calls, calls);
	assert_int_equal(now->wire_bytes - rig->before.wire_bytes, wire_bytes);
	rig->before = *now;
}

static void skip_cost(struct rig *rig)
{
	rig->before = *sim_i2c_stats(rig->adapter);
}

static struct display_status status(struct rig *rig)
{
	struct display_status s;

	display_get_status(rig->display, &s);
	return s;
}

static void shows_what_was_posted_last(void **state)
{
	struct rig *rig = *state;

	assert_false(status(rig).present);
	assert_string_equal(status(rig).cause, "Looking for the display");
	turn(rig);
	assert_true(sees(rig, ""));
	assert_true(status(rig).present);
	assert_string_equal(status(rig).cause, "");
	post(rig, "first");
	post(rig, "second");
	post(rig, "third");
	skip_cost(rig);
	turn(rig);
	assert_true(sees(rig, "third"));
	assert_int_equal(status(rig).frames, 2);
	turn(rig);
	assert_int_equal(status(rig).frames, 2);
	assert_int_equal(status(rig).bus_errors, 0);
}

static void shows_what_was_posted_before_it_was_found(void **state)
{
	struct rig *rig = *state;

	post(rig, "early");
	turn(rig);
	assert_true(sees(rig, "early"));
}

static void reads_the_status_once_a_second_and_repaints_once_a_minute(void **state)
{
	struct rig *rig = *state;

	const struct sim_i2c_stats *stats = sim_i2c_stats(rig->adapter);
	uint64_t looks;

	post(rig, "quiet");
	turn(rig);
	skip_cost(rig);
	live(rig, 58);
	looks = stats->calls - rig->before.calls;
	assert_in_range(looks, 57, 58);
	assert_cost(rig, looks, looks * 2);
	live(rig, 4); /* the repaint in the place of one look */
	looks = stats->calls - rig->before.calls - 10;
	assert_in_range(looks, 2, 3);
	assert_cost(rig, 10 + looks, 27 + 1080 + 3 + looks * 2);
	assert_true(sees(rig, "quiet"));
}

static void a_post_between_looks_does_not_move_them(void **state)
{
	struct rig *rig = *state;
	uint64_t next;

	turn(rig);
	next = rig->next_ns;
	board_time_advance(rig->time, board_time_now_ns(rig->time) + NSEC_PER_SEC / 2);
	post(rig, "now");
	turn(rig);
	assert_int_equal(rig->next_ns, next);
	assert_true(sees(rig, "now"));
}

static void an_absent_panel_costs_an_address_byte_a_second(void **state)
{
	struct rig *rig = *state;

	sim_i2c_plug(rig->adapter, false);
	live(rig, 100);
	assert_cost(rig, 100, 100);
	assert_int_equal(sim_i2c_stats(rig->adapter)->opens, 1);
	assert_false(status(rig).present);
	assert_non_null(
		strstr(status(rig).cause, "No display answers at 0x3c on /dev/i2c-1"));
	assert_int_equal(status(rig).losses, 0);
	assert_int_equal(journal.lines, 1);
	assert_non_null(
		strstr(journal.text, "display-absent: No display: No display answers"));

	post(rig, "there");
	sim_i2c_plug(rig->adapter, true);
	live(rig, 1);
	assert_true(sees(rig, "there"));
	assert_int_equal(journal.lines, 2);
	assert_non_null(strstr(journal.text,
			       "display-found: Display found at 0x3c on /dev/i2c-1, "
			       "bus at 400 kHz\n"));
}

static void says_once_that_it_is_gone_and_once_that_it_is_back(void **state)
{
	struct rig *rig = *state;

	post(rig, "before");
	live(rig, 3);
	memset(&journal, 0, sizeof(journal));
	sim_i2c_plug(rig->adapter, false);
	live(rig, 20);
	post(rig, "after");
	live(rig, 22);
	assert_false(status(rig).present);
	assert_int_equal(status(rig).losses, 1);
	assert_int_equal(journal.lines, 1);
	assert_non_null(strstr(journal.text,
			       "display-gone: The display is gone: No display "
			       "answers"));

	sim_i2c_plug(rig->adapter, true);
	live(rig, 1);
	assert_true(sees(rig, "after"));
	assert_true(status(rig).present);
	assert_int_equal(journal.lines, 2);
	assert_non_null(
		strstr(journal.text, "display-back: Display is back after 42 s\n"));
}

static void a_panel_that_lost_power_is_set_up_again(void **state)
{
	struct rig *rig = *state;

	post(rig, "here");
	live(rig, 3);
	memset(&journal, 0, sizeof(journal));
	oled_sim_lose_power(rig->panel);
	assert_false(sees(rig, "here"));
	live(rig, 1);
	assert_true(sees(rig, "here"));
	assert_true(status(rig).present);
	assert_int_equal(status(rig).losses, 1);
	assert_int_equal(journal.lines, 1);
	assert_non_null(
		strstr(journal.text, "display-reset: The display lost its settings"));
}

static void what_the_status_does_not_tell_is_healed_within_a_minute(void **state)
{
	struct rig *rig = *state;

	quirks.no_reads = true;
	post(rig, "here");
	live(rig, 3);
	oled_sim_lose_power(rig->panel);
	live(rig, 61);
	assert_true(sees(rig, "here"));
	assert_int_equal(status(rig).losses, 0);

	sim_i2c_plug(rig->adapter, false); /* noticed all the same */
	live(rig, 2);
	assert_false(status(rig).present);
}

static void a_disturbance_is_no_loss(void **state)
{
	struct rig *rig = *state;

	live(rig, 2);
	for (int i = 0; i < 10; i++) {
		sim_i2c_faults(rig->adapter)->short_next = 1;
		post(rig, i % 2 ? "odd" : "even");
		live(rig, 1);
		assert_true(sees(rig, i % 2 ? "odd" : "even"));
	}
	assert_true(status(rig).present);
	assert_int_equal(status(rig).losses, 0);
	assert_int_equal(status(rig).bus_errors, 10);
	assert_int_equal(journal.lines, 1); /* found */
}

static void waits_for_a_bus_that_cannot_be_opened(void **state)
{
	static const struct {
		uint32_t error;
		const char *cause;
	} cases[] = {
		{ ENOENT, PATH },
		{ EACCES, PATH },
		{ EBUSY, "0x3c" },
		{ EOPNOTSUPP, PATH },
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		sim_i2c_faults(rig->adapter)->open_errno = cases[i].error;
		live(rig, 10);
		assert_false(status(rig).present);
		assert_non_null(strstr(status(rig).cause, cases[i].cause));
	}
	assert_int_equal(journal.lines, 1);
	assert_cost(rig, 0, 0);
	sim_i2c_faults(rig->adapter)->open_errno = 0;
	post(rig, "open");
	live(rig, 1);
	assert_true(sees(rig, "open"));
}

static void opens_the_bus_again_when_the_adapter_was_gone(void **state)
{
	struct rig *rig = *state;

	post(rig, "again");
	live(rig, 2);
	assert_int_equal(sim_i2c_stats(rig->adapter)->opens, 1);
	quirks.error = -ENODEV;
	sim_i2c_faults(rig->adapter)->open_errno = ENOENT;
	live(rig, 5);
	assert_false(status(rig).present);
	quirks.error = 0;
	sim_i2c_faults(rig->adapter)->open_errno = 0;
	live(rig, 1);
	assert_int_equal(sim_i2c_stats(rig->adapter)->opens, 2);
	assert_true(sees(rig, "again"));
}

static void a_stuck_bus_gets_one_call_at_a_time(void **state)
{
	struct rig *rig = *state;

	post(rig, "moving");
	live(rig, 2);
	skip_cost(rig);
	sim_i2c_faults(rig->adapter)->stuck = true;
	live(rig, 20);
	/* A second in the call, a second of rest. */
	assert_cost(rig, 10, 0);
	assert_non_null(strstr(status(rig).cause, "is stuck"));
	sim_i2c_faults(rig->adapter)->stuck = false;
	live(rig, 2);
	assert_true(sees(rig, "moving"));
}

static void advises_a_faster_bus(void **state)
{
	struct rig *rig = *state;

	sim_i2c_options(rig->adapter)->clock_hz = 100000;
	live(rig, 1);
	assert_non_null(strstr(journal.text, "bus at 100 kHz: 400 kHz is better"));
	assert_non_null(strstr(journal.text, "i2c_arm_baudrate=400000"));
}

static void says_nothing_of_a_clock_it_does_not_know(void **state)
{
	struct rig *rig = *state;

	sim_i2c_options(rig->adapter)->clock_hz = 0;
	turn(rig);
	assert_string_equal(journal.text,
			    "display-found: Display found at 0x3c on /dev/i2c-1\n");
}

static void a_loose_wire_does_not_fill_the_journal(void **state)
{
	struct rig *rig = *state;

	for (int i = 0; i < 100; i++) {
		sim_i2c_plug(rig->adapter, i % 2);
		live(rig, 2);
	}
	assert_int_equal(status(rig).losses, 49);
	assert_in_range(journal.lines, 2, 20);
}

static void the_right_picture_stands_after_any_storm(void **state)
{
	struct rig *rig = *state;

	srand(5);
	for (int i = 0; i < 1000; i++) {
		char s[16];

		snprintf(s, sizeof(s), "picture %d", i);
		sim_i2c_plug(rig->adapter, rand() % 3 > 0);
		if (rand() % 4 == 0)
			oled_sim_lose_power(rig->panel);
		if (rand() % 4 == 0)
			sim_i2c_faults(rig->adapter)->short_next = (uint32_t)rand() % 3;
		if (rand() % 2)
			post(rig, s);
		live(rig, (unsigned int)rand() % 2);
		if (rand() % 10 == 0) {
			post(rig, s);
			sim_i2c_plug(rig->adapter, true);
			sim_i2c_faults(rig->adapter)->short_next = 0;
			live(rig, 2);
			assert_true(sees(rig, s));
		}
	}
}

/* ---- with the thread ---- */

/* Waits until @condition holds, looked at with the board lock held. */
static void wait_for(struct rig *rig, bool (*condition)(struct rig *rig))
{
	uint64_t deadline = clock_now_ns(&clock_system) + 20 * NSEC_PER_SEC;
	bool met;

	do {
		board_lock(rig->time);
		met = condition(rig);
		board_unlock(rig->time);
		assert_true(clock_now_ns(&clock_system) < deadline);
		(void)poll(NULL, 0, 1);
	} while (!met);
}

static bool sees_hello(struct rig *rig)
{
	return sees(rig, "hello");
}

static bool sees_world(struct rig *rig)
{
	return sees(rig, "world");
}

static bool called_once_more(struct rig *rig)
{
	return sim_i2c_stats(rig->adapter)->calls > rig->before.calls;
}

static void the_thread_shows_pictures_and_leaves_a_dark_panel(void **state)
{
	struct rig *rig = *state;

	assert_true(
		display_joined(rig->display, 0)); /* not started: nothing to wait for */
	post(rig, "hello");
	assert_int_equal(display_start(rig->display), 0);
	wait_for(rig, sees_hello);
	post(rig, "world");
	wait_for(rig, sees_world);
	assert_false(display_joined(rig->display, 0));

	display_stop(rig->display);
	assert_true(display_joined(rig->display, 10000));
	assert_true(display_joined(rig->display, 0));
	assert_false(oled_sim_state(rig->panel)->on);
}

static void the_thread_ends_without_a_panel(void **state)
{
	struct rig *rig = *state;

	sim_i2c_plug(rig->adapter, false);
	assert_int_equal(display_start(rig->display), 0);
	wait_for(rig, called_once_more);
	display_stop(rig->display);
	assert_true(display_joined(rig->display, 10000));
}

static void nobody_waits_for_a_thread_on_a_stuck_bus(void **state)
{
	struct rig *rig = *state;

	sim_i2c_options(rig->adapter)->timeout_ns = 2 * NSEC_PER_SEC;
	sim_i2c_faults(rig->adapter)->stuck = true;
	assert_int_equal(display_start(rig->display), 0);
	wait_for(rig, called_once_more);

	/* The thread is in a call now, for two seconds. */
	for (int i = 0; i < 1000; i++)
		post(rig, "hello");
	assert_false(status(rig).present);
	display_stop(rig->display);
	assert_false(display_joined(rig->display, 10));
	board_lock(rig->time);
	assert_int_equal(sim_i2c_stats(rig->adapter)->calls, 1);
	board_unlock(rig->time);

	assert_true(display_joined(rig->display, 20000));
	/* It did not touch the stuck bus again to say good-bye. */
	assert_int_equal(sim_i2c_stats(rig->adapter)->calls, 1);
}

static void nothing_is_left_of_a_display_that_was_never_used(void **state)
{
	struct rig *rig = *state;

	assert_null(display_free(NULL));
	assert_cost(rig, 0, 0);
}

#define TURN_CASE(f)   cmocka_unit_test_setup_teardown(f, set_up, tear_down)
#define THREAD_CASE(f) cmocka_unit_test_setup_teardown(f, set_up_real, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TURN_CASE(shows_what_was_posted_last),
		TURN_CASE(shows_what_was_posted_before_it_was_found),
		TURN_CASE(reads_the_status_once_a_second_and_repaints_once_a_minute),
		TURN_CASE(a_post_between_looks_does_not_move_them),
		TURN_CASE(an_absent_panel_costs_an_address_byte_a_second),
		TURN_CASE(says_once_that_it_is_gone_and_once_that_it_is_back),
		TURN_CASE(a_panel_that_lost_power_is_set_up_again),
		TURN_CASE(what_the_status_does_not_tell_is_healed_within_a_minute),
		TURN_CASE(a_disturbance_is_no_loss),
		TURN_CASE(waits_for_a_bus_that_cannot_be_opened),
		TURN_CASE(opens_the_bus_again_when_the_adapter_was_gone),
		TURN_CASE(a_stuck_bus_gets_one_call_at_a_time),
		TURN_CASE(advises_a_faster_bus),
		TURN_CASE(says_nothing_of_a_clock_it_does_not_know),
		TURN_CASE(a_loose_wire_does_not_fill_the_journal),
		TURN_CASE(the_right_picture_stands_after_any_storm),
		TURN_CASE(nothing_is_left_of_a_display_that_was_never_used),
		THREAD_CASE(the_thread_shows_pictures_and_leaves_a_dark_panel),
		THREAD_CASE(the_thread_ends_without_a_panel),
		THREAD_CASE(nobody_waits_for_a_thread_on_a_stuck_bus),
	};

	return cmocka_run_group_tests_name("display", tests, NULL, NULL);
}
