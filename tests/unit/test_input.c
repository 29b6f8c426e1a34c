// SPDX-License-Identifier: MIT
/* test_input.c — a GPIO line that is watched, on the simulated lines */
#include "../../src/app/input.h"

#include <errno.h>
#include <string.h>

#include "unit.h"

#include "sim/sim_gpio.h"

#define DEADLINE_US UINT64_C(10000000)

static struct sim_report report;
static struct board_time *board_clock;
static struct w5500_sim *chip;
static struct sim_gpio *gpio;
static sd_event *event;
static struct input *input;
static int n_changes;

static struct input_settings button = { .debounce_ms = 20 };

static void on_change(void *ctx)
{
	assert_ptr_equal(ctx, &n_changes);
	n_changes++;
}

static int set_up(void **state)
{
	static char line[] = "GPIO17";

	(void)state;
	button.line = line;
	button.active_low = false;
	n_changes = 0;
	assert_int_equal(board_time_new_virtual(&board_clock), 0);
	assert_int_equal(w5500_sim_new(&chip, board_clock, NULL), 0);
	assert_int_equal(sim_gpio_new(&gpio, chip, 25, 24, &report), 0);
	assert_true(sd_event_new(&event) >= 0);
	return input_new(&input, event, &button, on_change, &n_changes);
}

static int tear_down(void **state)
{
	(void)state;
	input = input_free(input);
	event = sd_event_unref(event);
	gpio = sim_gpio_free(gpio);
	chip = w5500_sim_free(chip);
	board_clock = board_time_free(board_clock);
	return 0;
}

static void level(bool high)
{
	assert_int_equal(sim_gpio_set(gpio, "line17", high), 0);
}

static void wait_changes(int n)
{
	while (n_changes < n)
		assert_true(sd_event_run(event, DEADLINE_US) > 0);
}

/* Lets everything happen that is going to, for several times the debouncing. */
static void settle(void)
{
	while (sd_event_run(event, 100000) > 0)
		;
}

static void tells_each_change(void **state)
{
	(void)state;
	assert_int_equal(input_read(input), 1);
	level(false);
	wait_changes(1);
	assert_int_equal(input_read(input), 0);
	level(true);
	wait_changes(2);
	assert_int_equal(input_read(input), 1);
	settle();
	assert_int_equal(n_changes, 2);
}

static void active_low_is_the_other_way_round(void **state)
{
	(void)state;
	button.active_low = true;
	assert_int_equal(input_read(input), 0);
	level(false);
	wait_changes(1);
	assert_int_equal(input_read(input), 1);
}

static void a_bouncing_contact_is_one_change(void **state)
{
	(void)state;
	assert_int_equal(input_read(input), 1);
	for (int i = 0; i < 15; i++)
		level(i % 2);
	assert_int_equal(input_read(input), 1); /* not yet */
	settle();
	assert_int_equal(n_changes, 1);
	assert_int_equal(input_read(input), 0);
}

static void a_spike_is_none(void **state)
{
	(void)state;
	assert_int_equal(input_read(input), 1);
	level(false);
	level(true);
	settle();
	assert_int_equal(n_changes, 0);
	assert_int_equal(input_read(input), 1);
}

static void a_line_that_is_taken_is_tried_again(void **state)
{
	struct input *other = NULL;

	(void)state;
	assert_int_equal(input_new(&other, event, &button, on_change, &n_changes), 0);
	assert_int_equal(input_read(other), 1);
	assert_int_equal(input_read(input), -EBUSY);
	other = input_free(other);
	assert_int_equal(input_read(input), 1);
	assert_null(input_free(NULL));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		TEST(tells_each_change),
		TEST(active_low_is_the_other_way_round),
		TEST(a_bouncing_contact_is_one_change),
		TEST(a_spike_is_none),
		TEST(a_line_that_is_taken_is_tried_again),
#undef TEST
	};

	return cmocka_run_group_tests_name("input", tests, NULL, NULL);
}
