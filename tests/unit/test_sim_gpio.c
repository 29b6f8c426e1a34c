// SPDX-License-Identifier: MIT
/* test_sim_gpio.c — the simulated GPIO lines: the kernel's semantics, and faults of the
 * wires */
#include "sim/sim_gpio.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "unit.h"

#include "mqttnode/gpio.h"

#define INT_LINE   "GPIO25"
#define RESET_LINE "GPIO24"

/* Sn_IR of socket 0 with its frame to read or write it, and what makes INTn follow it. */
#define S0_IR	   0x0002
#define S0_SEND_OK 0x10

struct rig {
	struct board_time *time;
	struct sim_report report;
	struct w5500_sim *chip;
	struct sim_gpio *gpio;
};

static int setup(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	assert_non_null(rig);
	assert_int_equal(board_time_new_virtual(&rig->time), 0);
	assert_int_equal(w5500_sim_new(&rig->chip, rig->time, NULL), 0);
	assert_int_equal(sim_gpio_new(&rig->gpio, rig->chip, 25, 24, &rig->report), 0);
	*state = rig;
	return 0;
}

static int teardown(void **state)
{
	struct rig *rig = *state;

	rig->gpio = sim_gpio_free(rig->gpio);
	rig->chip = w5500_sim_free(rig->chip);
	rig->time = board_time_free(rig->time);
	free(rig);
	return 0;
}

/* Pulls INTn low by a fault of the chip, and lets it rise again. */
static void intn(struct rig *rig, bool level)
{
	assert_int_equal(w5500_sim_set(rig->chip, "intn_stuck_low", !level), 0);
}

static void pulse(struct rig *rig)
{
	intn(rig, false);
	intn(rig, true);
}

static bool readable(struct gpio_line *line)
{
	struct pollfd p = { .fd = gpio_event_fd(line), .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

static void knows_a_line_by_all_its_names(void **state)
{
	static const struct {
		const char *spec;
		int offset;
	} cases[] = {
		{ "GPIO25", 25 },
		{ "GPIO0", 0 },
		{ "GPIO53", 53 },
		{ "gpiochip0:25", 25 },
		{ "/dev/gpiochip0:7", 7 },
		{ "pinctrl-bcm2835:53", 53 },
		{ "GPIO54", -ENOENT },
		{ "GPIO025", -ENOENT },
		{ "gpio25", -ENOENT },
		{ "", -EINVAL },
		{ "gpiochip1:25", -ENOENT },
		{ "gpiochip:25", -ENOENT },
		{ ":25", -ENOENT },
		{ "gpiochip0:54", -EINVAL },
		{ "gpiochip0:", -EINVAL },
		{ "gpiochip0:-1", -EINVAL },
		{ "gpiochip0:2x", -EINVAL },
		{ "gpiochip0:99999999999999999999", -EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(sim_gpio_offset(cases[i].spec), cases[i].offset);
}

static void gives_a_line_to_one_user_at_a_time(void **state)
{
	struct gpio_line *a, *b = NULL;

	(void)state;
	assert_int_equal(gpio_open_interrupt(&a, INT_LINE), 0);
	assert_int_equal(gpio_open_interrupt(&b, "gpiochip0:25"), -EBUSY);
	assert_int_equal(gpio_open_output(&b, "gpiochip0:54", true), -EINVAL);
	assert_int_equal(gpio_open_output(&b, "GPIO99", true), -ENOENT);
	assert_null(b);
	a = gpio_close(a);
	assert_int_equal(gpio_open_interrupt(&b, INT_LINE), 0);
	b = gpio_close(b);
	assert_null(gpio_close(NULL));
}

static void is_not_there_without_a_controller(void **state)
{
	struct rig *rig = *state;
	struct sim_gpio *second;
	struct gpio_line *line;

	assert_int_equal(sim_gpio_new(&second, rig->chip, 1, 2, &rig->report), -EEXIST);
	rig->gpio = sim_gpio_free(rig->gpio);
	assert_int_equal(gpio_open_interrupt(&line, INT_LINE), -ENOENT);
	assert_int_equal(sim_gpio_new(&rig->gpio, rig->chip, 25, 24, &rig->report), 0);
}

static void refuses_requests_as_told(void **state)
{
	static const uint32_t errors[] = { ENOENT, EBUSY, EACCES, ENXIO };
	struct gpio_line *line = NULL, *other;
	struct rig *rig = *state;
	char text[160];

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		sim_gpio_faults(rig->gpio)->int_open_errno = errors[i];
		sim_gpio_faults(rig->gpio)->reset_open_errno = 0;
		assert_int_equal(gpio_open_interrupt(&line, INT_LINE), -(int)errors[i]);
		assert_int_not_equal(
			gpio_explain(INT_LINE, (int)errors[i], text, sizeof(text)),
			CAUSE_NONE);
		assert_non_null(strstr(text, INT_LINE));
		assert_int_equal(gpio_open_output(&other, RESET_LINE, true), 0);
		other = gpio_close(other);
		sim_gpio_faults(rig->gpio)->int_open_errno = 0;
		sim_gpio_faults(rig->gpio)->reset_open_errno = errors[i];
		assert_int_equal(gpio_open_output(&line, RESET_LINE, true),
				 -(int)errors[i]);
	}
	assert_null(line);
}

static void makes_an_event_of_an_edge_and_never_of_a_level(void **state)
{
	struct rig *rig = *state;
	struct gpio_line *line;

	intn(rig, false); /* before the line is requested: nobody will hear of it */
	assert_int_equal(gpio_open_interrupt(&line, INT_LINE), 0);
	assert_int_equal(gpio_get(line), 0);
	assert_false(readable(line));
	intn(rig, true);
	assert_false(readable(line)); /* a rising edge */
	intn(rig, false);
	assert_true(readable(line));
	assert_int_equal(gpio_drain_events(line), 0);
	assert_false(readable(line)); /* still low, but no edge */
	assert_int_equal(gpio_get(line), 0);
	assert_int_equal(gpio_drain_events(line), 0); /* nothing there: does not block */
	assert_int_equal(sim_gpio_stats(rig->gpio)->int_edges, 2);
	assert_int_equal(sim_gpio_stats(rig->gpio)->int_events, 1);
	line = gpio_close(line);
	printf("# mutation: gpio: sleeps on edges while the level is low: no event comes\n");
}

static void keeps_sixteen_events_and_drops_the_newest(void **state)
{
	struct rig *rig = *state;
	struct gpio_line *line;

	assert_int_equal(gpio_open_interrupt(&line, INT_LINE), 0);
	for (int i = 0; i < 20; i++)
		pulse(rig);
	assert_int_equal(sim_gpio_stats(rig->gpio)->int_events, 16);
	assert_int_equal(sim_gpio_stats(rig->gpio)->int_events_dropped, 4);
	assert_int_equal(gpio_drain_events(line), 0);
	assert_false(readable(line));
	pulse(rig);
	assert_true(readable(line));
	assert_int_equal(sim_gpio_stats(rig->gpio)->int_events, 17);
	line = gpio_close(line);
}

static void can_be_deaf_to_edges(void **state)
{
	struct rig *rig = *state;
	struct gpio_line *line;

	assert_int_equal(gpio_open_interrupt(&line, INT_LINE), 0);
	assert_int_equal(sim_gpio_set(rig->gpio, "int_deaf", 1), 0);
	intn(rig, false);
	assert_false(readable(line));
	assert_int_equal(gpio_get(line), 0); /* the level can be read */
	assert_int_equal(sim_gpio_stats(rig->gpio)->int_edges, 1);
	assert_int_equal(sim_gpio_set(rig->gpio, "int_deaf", 0), 0);
	assert_false(readable(line));
	line = gpio_close(line);
}

static void can_be_stuck_or_not_connected(void **state)
{
	struct rig *rig = *state;
	struct gpio_line *line;

	assert_int_equal(gpio_open_interrupt(&line, INT_LINE), 0);
	assert_int_equal(sim_gpio_set(rig->gpio, "int_stuck_low", 1), 0);
	assert_true(readable(line)); /* it fell */
	assert_int_equal(gpio_get(line), 0);
	assert_int_equal(gpio_drain_events(line), 0);
	pulse(rig);
	assert_false(readable(line));
	assert_int_equal(sim_gpio_set(rig->gpio, "int_stuck_low", 0), 0);
	assert_int_equal(gpio_get(line), 1);

	assert_int_equal(sim_gpio_set(rig->gpio, "int_stuck_high", 1), 0);
	pulse(rig);
	intn(rig, false);
	assert_int_equal(gpio_get(line), 1);
	assert_false(readable(line));
	assert_int_equal(sim_gpio_set(rig->gpio, "int_stuck_high", 0), 0);
	assert_int_equal(gpio_get(line), 0);
	assert_true(readable(line)); /* it falls to where the chip holds it */
	assert_int_equal(gpio_drain_events(line), 0);

	assert_int_equal(sim_gpio_set(rig->gpio, "int_unwired", 1), 0);
	assert_int_equal(gpio_get(line), 1); /* pulled up */
	intn(rig, true);
	pulse(rig);
	assert_false(readable(line));
	assert_false(sim_gpio_int_level(rig->gpio) == false);
	line = gpio_close(line);
	assert_int_equal(sim_gpio_set(rig->gpio, "int_loud", 1), -ENOENT);
}

static void resets_the_chip_by_its_line(void **state)
{
	struct rig *rig = *state;
	struct gpio_line *line;

	assert_int_equal(gpio_open_output(&line, RESET_LINE, true), 0);
	assert_int_equal(w5500_sim_stats(rig->chip)->hard_resets, 0);
	assert_int_equal(gpio_get(line), 1);
	assert_int_equal(gpio_set(line, false), 0);
	assert_int_equal(gpio_get(line), 0);
	assert_false(sim_gpio_reset_level(rig->gpio));
	board_time_advance(rig->time, board_time_now_ns(rig->time) + NSEC_PER_MSEC);
	assert_int_equal(gpio_set(line, true), 0);
	assert_int_equal(w5500_sim_stats(rig->chip)->hard_resets, 1);
	assert_int_equal(sim_gpio_stats(rig->gpio)->reset_pulses, 1);

	assert_int_equal(sim_gpio_set(rig->gpio, "reset_unwired", 1), 0);
	assert_int_equal(gpio_set(line, false), 0);
	board_time_advance(rig->time, board_time_now_ns(rig->time) + NSEC_PER_MSEC);
	assert_int_equal(gpio_set(line, true), 0);
	assert_int_equal(w5500_sim_stats(rig->chip)->hard_resets,
			 1); /* it never saw that */
	assert_int_equal(sim_gpio_stats(rig->gpio)->reset_pulses, 2);
	assert_int_equal(w5500_sim_stats(rig->chip)->violations, 0);
	line = gpio_close(line);
}

static void keeps_the_level_of_an_output_that_is_released(void **state)
{
	struct rig *rig = *state;
	struct gpio_line *line;

	assert_int_equal(gpio_open_output(&line, "GPIO17", false), 0);
	assert_int_equal(gpio_get(line), 0);
	line = gpio_close(line);
	assert_int_equal(gpio_open_interrupt(&line, "GPIO17"), 0);
	assert_int_equal(gpio_get(line), 0);
	line = gpio_close(line);
	/* A line that leads nowhere: pulled up, no events. */
	assert_int_equal(gpio_open_interrupt(&line, "GPIO18"), 0);
	assert_int_equal(gpio_get(line), 1);
	pulse(rig);
	assert_false(readable(line));
	line = gpio_close(line);
}

static void keeps_inputs_and_outputs_apart(void **state)
{
	struct rig *rig = *state;
	struct gpio_line *line;

	assert_int_equal(gpio_open_interrupt(&line, INT_LINE), 0);
	assert_int_equal(gpio_set(line, false), -EPERM);
	line = gpio_close(line);
	assert_int_equal(gpio_open_output(&line, RESET_LINE, true), 0);
	assert_int_equal(gpio_event_fd(line), -1);
	assert_int_equal(gpio_drain_events(line), -EPERM);
	line = gpio_close(line);
	assert_int_equal(rig->report.n_violations, 0);
	assert_int_equal(gpio_open_output(&line, INT_LINE, true), 0);
	assert_int_equal(rig->report.n_violations, 1);
	printf("# mutation: gpio: interrupt and reset exchanged: %s\n",
	       rig->report.violations[0].text);
	line = gpio_close(line);
}

static void an_input_follows_the_world(void **state)
{
	struct rig *rig = *state;
	struct gpio_line *line;

	assert_int_equal(gpio_open_input(&line, "GPIO17", GPIO_BIAS_AS_IS), 0);
	assert_int_equal(gpio_get(line), 1);
	assert_false(readable(line));
	for (int level = 0; level <= 1; level++) {
		assert_int_equal(sim_gpio_set(rig->gpio, "line17", (uint64_t)level), 0);
		assert_true(readable(line));
		assert_int_equal(gpio_drain_events(line), 0);
		assert_int_equal(gpio_get(line), level);
		assert_int_equal(sim_gpio_set(rig->gpio, "line17", (uint64_t)level), 0);
		assert_false(readable(line)); /* no edge */
	}
	line = gpio_close(line);
	assert_true(sim_gpio_set(rig->gpio, "line25", 0) < 0); /* the chip's */
	assert_true(sim_gpio_set(rig->gpio, "line24", 0) < 0);
	assert_true(sim_gpio_set(rig->gpio, "line54", 0) < 0);
}

static void find_line17(void *ctx, const char *name, uint64_t value)
{
	if (strcmp(name, "line17") == 0)
		*(int *)ctx = (int)value;
}

static void the_level_of_an_output_can_be_looked_at(void **state)
{
	struct rig *rig = *state;
	struct gpio_line *line;
	int level = -1;

	sim_gpio_each_counter(rig->gpio, find_line17, &level);
	assert_int_equal(level, -1);
	assert_int_equal(gpio_open_output(&line, "GPIO17", true), 0);
	sim_gpio_each_counter(rig->gpio, find_line17, &level);
	assert_int_equal(level, 1);
	assert_int_equal(gpio_set(line, false), 0);
	line = gpio_close(line);
	sim_gpio_each_counter(rig->gpio, find_line17, &level);
	assert_int_equal(level, 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	static const struct CMUnitTest tests[] = {
		TEST(knows_a_line_by_all_its_names),
		TEST(gives_a_line_to_one_user_at_a_time),
		TEST(is_not_there_without_a_controller),
		TEST(refuses_requests_as_told),
		TEST(makes_an_event_of_an_edge_and_never_of_a_level),
		TEST(keeps_sixteen_events_and_drops_the_newest),
		TEST(can_be_deaf_to_edges),
		TEST(can_be_stuck_or_not_connected),
		TEST(resets_the_chip_by_its_line),
		TEST(keeps_the_level_of_an_output_that_is_released),
		TEST(keeps_inputs_and_outputs_apart),
		TEST(an_input_follows_the_world),
		TEST(the_level_of_an_output_can_be_looked_at),
	};

	return cmocka_run_group_tests_name("sim_gpio", tests, NULL, NULL);
}
