// SPDX-License-Identifier: MIT
/* test_output.c — a GPIO line that is switched, on the simulated lines */
#include "../../src/app/output.h"

#include <errno.h>
#include <string.h>

#include "unit.h"

#include "mqttnode/gpio.h"
#include "sim/sim_gpio.h"

#define DEADLINE_US UINT64_C(10000000)

static struct sim_report report;
static struct board_time *board_clock;
static struct w5500_sim *chip;
static struct sim_gpio *gpio;
static sd_event *event;
static struct output *output;
static struct output_settings relay;

static int set_up(void **state)
{
	static char line[] = "GPIO27";

	(void)state;
	relay = (struct output_settings){ .line = line, .pulse_ms = 50 };
	assert_int_equal(board_time_new_virtual(&board_clock), 0);
	assert_int_equal(w5500_sim_new(&chip, board_clock, NULL), 0);
	assert_int_equal(sim_gpio_new(&gpio, chip, 25, 24, &report), 0);
	assert_true(sd_event_new(&event) >= 0);
	return output_new(&output, event, &relay);
}

static int tear_down(void **state)
{
	(void)state;
	output = output_free(output);
	event = sd_event_unref(event);
	gpio = sim_gpio_free(gpio);
	chip = w5500_sim_free(chip);
	board_clock = board_time_free(board_clock);
	return 0;
}

static void find_line(void *ctx, const char *name, uint64_t value)
{
	if (strcmp(name, "line27") == 0)
		*(int *)ctx = (int)value;
}

/* The level that the line is driven to; -1: it never was. */
static int level(void)
{
	int found = -1;

	sim_gpio_each_counter(gpio, find_line, &found);
	return found;
}

static void orders_are_words(void **state)
{
	static const struct {
		const char *payload;
		int order;
	} cases[] = {
		{ "on", OUTPUT_ON },
		{ "ON", OUTPUT_ON },
		{ " On \r\n", OUTPUT_ON },
		{ "1", OUTPUT_ON },
		{ "true", OUTPUT_ON },
		{ "off", OUTPUT_OFF },
		{ "0", OUTPUT_OFF },
		{ "False", OUTPUT_OFF },
		{ "toggle", OUTPUT_TOGGLE },
		{ "PULSE", OUTPUT_PULSE },
		{ "", -EINVAL },
		{ "o", -EINVAL },
		{ "onn", -EINVAL },
		{ "on off", -EINVAL },
		{ "2", -EINVAL },
		{ "\xff", -EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(
			output_order_parse(cases[i].payload, strlen(cases[i].payload)),
			cases[i].order);
	assert_int_equal(output_order_parse(NULL, 0), -EINVAL);
	assert_int_equal(output_order_parse("on\0", 3), -EINVAL);
}

static void it_begins_in_its_safe_state(void **state)
{
	static const struct {
		enum line_safe safe;
		bool active_low;
		int level;
	} cases[] = { { LINE_SAFE_OFF, false, 0 },
		      { LINE_SAFE_OFF, true, 1 },
		      { LINE_SAFE_ON, false, 1 },
		      { LINE_SAFE_ON, true, 0 },
		      { LINE_SAFE_KEEP, false, 0 } };

	(void)state;
	assert_int_equal(level(), -1);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		relay.safe = cases[i].safe;
		relay.active_low = cases[i].active_low;
		assert_int_equal(output_request(output), 0);
		assert_int_equal(output_request(output), 0); /* again is nothing */
		assert_int_equal(level(), cases[i].level);
		output = output_free(output);
		assert_int_equal(output_new(&output, event, &relay), 0);
	}
}

static void it_obeys(void **state)
{
	(void)state;
	assert_int_equal(output_apply(output, OUTPUT_ON), 0);
	assert_int_equal(level(), 1);
	assert_int_equal(output_apply(output, OUTPUT_OFF), 0);
	assert_int_equal(level(), 0);
	assert_int_equal(output_apply(output, OUTPUT_TOGGLE), 0);
	assert_int_equal(level(), 1);
	assert_int_equal(output_apply(output, OUTPUT_TOGGLE), 0);
	assert_int_equal(level(), 0);
}

static void a_pulse_ends(void **state)
{
	(void)state;
	assert_int_equal(output_apply(output, OUTPUT_PULSE), 0);
	assert_int_equal(level(), 1);
	while (level() == 1)
		assert_true(sd_event_run(event, DEADLINE_US) > 0);
	assert_int_equal(sd_event_run(event, 100000), 0);
}

static void another_order_ends_a_pulse(void **state)
{
	(void)state;
	assert_int_equal(output_apply(output, OUTPUT_PULSE), 0);
	assert_int_equal(output_apply(output, OUTPUT_ON), 0);
	assert_int_equal(sd_event_run(event, 150000), 0);
	assert_int_equal(level(), 1);
}

static void safe_is_what_was_asked_for(void **state)
{
	(void)state;
	assert_int_equal(output_make_safe(output), 0); /* never requested: nothing */
	assert_int_equal(level(), -1);
	assert_int_equal(output_apply(output, OUTPUT_PULSE), 0);
	assert_int_equal(output_make_safe(output), 0);
	assert_int_equal(level(), 0);
	assert_int_equal(sd_event_run(event, 100000), 0);
	relay.safe = LINE_SAFE_ON;
	assert_int_equal(output_make_safe(output), 0);
	assert_int_equal(level(), 1);
	relay.safe = LINE_SAFE_KEEP;
	assert_int_equal(output_apply(output, OUTPUT_OFF), 0);
	assert_int_equal(output_make_safe(output), 0);
	assert_int_equal(level(), 0);
	assert_int_equal(output_apply(output, OUTPUT_ON), 0);
	assert_int_equal(output_make_safe(output), 0);
	assert_int_equal(level(), 1);
	/* A pulse ends also where the line is to be kept. */
	assert_int_equal(output_apply(output, OUTPUT_PULSE), 0);
	assert_int_equal(level(), 1);
	assert_int_equal(output_make_safe(output), 0);
	assert_int_equal(level(), 0);
}

static void a_line_that_is_taken_is_tried_again(void **state)
{
	struct gpio_line *other = NULL;

	(void)state;
	assert_int_equal(gpio_open_output(&other, "GPIO27", false), 0);
	assert_int_equal(output_apply(output, OUTPUT_ON), -EBUSY);
	other = gpio_close(other);
	assert_int_equal(output_apply(output, OUTPUT_ON), 0);
	assert_int_equal(level(), 1);
	assert_null(output_free(NULL));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		TEST(orders_are_words),
		TEST(it_begins_in_its_safe_state),
		TEST(it_obeys),
		TEST(a_pulse_ends),
		TEST(another_order_ends_a_pulse),
		TEST(safe_is_what_was_asked_for),
		TEST(a_line_that_is_taken_is_tried_again),
#undef TEST
	};

	return cmocka_run_group_tests_name("output", tests, NULL, NULL);
}
