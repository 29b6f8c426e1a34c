// SPDX-License-Identifier: MIT
/* gpio_cases.c — tests of the GPIO adapter, the same for both versions of libgpiod */
#include "mqttnode/gpio.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>

#include "fake_dev.h"
#include "fake_gpio.h"
#include "unit.h"

static struct fake_chip *soc, *expander;

static int set_up(void **state)
{
	(void)state;
	fake_gpio_reset();
	expander = fake_gpio_add("gpiochip10", "pcf8574", 8);
	soc = fake_gpio_add("gpiochip2", "pinctrl-rp1", 8);
	soc->lines[4].name = "GPIO24";
	soc->lines[5].name = "GPIO25";
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	assert_int_equal(fake_gpio_objects, 0);
	return 0;
}

/* Requests @spec as output and says which line the chips then have in use. */
static struct fake_line *line_of(const char *spec)
{
	struct gpio_line *line = NULL;
	struct fake_line *used = NULL;

	assert_int_equal(gpio_open_output(&line, spec, true), 0);
	for (unsigned int i = 0; i < 8; i++) {
		if (soc->lines[i].user)
			used = &soc->lines[i];
		if (expander->lines[i].user)
			used = &expander->lines[i];
	}
	gpio_close(line);
	assert_non_null(used);
	return used;
}

static void finds_a_line_by_its_name_on_any_chip(void **state)
{
	(void)state;
	assert_ptr_equal(line_of("GPIO25"), &soc->lines[5]);
	expander->lines[0].name = "RELAY";
	assert_ptr_equal(line_of("RELAY"), &expander->lines[0]);
}

static void finds_a_line_by_chip_and_number(void **state)
{
	(void)state;
	assert_ptr_equal(line_of("gpiochip2:7"), &soc->lines[7]);
	assert_ptr_equal(line_of("/dev/gpiochip10:1"), &expander->lines[1]);
	assert_ptr_equal(line_of("pinctrl-rp1:0"), &soc->lines[0]);
	assert_ptr_equal(line_of("pcf8574:2"), &expander->lines[2]);
}

static void takes_no_symbolic_link_for_another_chip(void **state)
{
	(void)state;
	fake_dev_add_symlink("/dev/gpiochip0");
	fake_dev_add("/dev/gpiomem0");
	assert_ptr_equal(line_of("GPIO25"), &soc->lines[5]);
	assert_ptr_equal(line_of("pinctrl-rp1:5"), &soc->lines[5]);
}

static int open_error(const char *spec)
{
	struct gpio_line *line = NULL;
	int r = gpio_open_output(&line, spec, true);

	assert_null(line);
	assert_int_equal(gpio_open_interrupt(&line, spec), r);
	assert_null(line);
	return r;
}

static void check_explanation(const char *spec, int error, const char *expected)
{
	char text[160];

	assert_int_not_equal(gpio_explain(spec, error, text, sizeof(text)), CAUSE_NONE);
	assert_string_equal(text, expected);
}

static void refuses_a_name_that_exists_twice(void **state)
{
	(void)state;
	expander->lines[3].name = "GPIO25";
	assert_int_equal(open_error("GPIO25"), -ENOTUNIQ);
	check_explanation(
		"GPIO25", ENOTUNIQ,
		"GPIO line GPIO25 exists more than once: write it as /dev/gpiochip2:5 or "
		"/dev/gpiochip10:3");
	assert_ptr_equal(line_of("gpiochip2:5"), &soc->lines[5]);

	expander->label = "pinctrl-rp1";
	assert_int_equal(open_error("pinctrl-rp1:1"), -ENOTUNIQ);
	check_explanation("GPIO24", ENOTUNIQ, "GPIO line GPIO24 exists more than once");
}

static void refuses_what_names_no_line(void **state)
{
	static const char *const bad[] = {
		"",
		":",
		":5",
		"gpiochip2:",
		"gpiochip2:x",
		"gpiochip2:-1",
		"gpiochip2: 5",
		"gpiochip2:5 ",
		"gpiochip2:0x5",
		"gpiochip2:8",
		"/dev/gpiochip2:8",
		"gpiochip2:2147483648",
		"gpiochip2:99999999999999999999",
		"a-name-so-long-that-no-kernel-would-give-it-to-a-line-of-any-chip-at-all",
		"/dev/a-name-so-long-that-no-kernel-would-give-it-to-a-chip-of-any-kind:1",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(open_error(bad[i]), -EINVAL);
	check_explanation(
		"gpiochip2:8", EINVAL,
		"\"gpiochip2:8\" is not a GPIO line of this machine: write a line name as "
		"GPIO25, or chip and number as gpiochip0:25");
}

static void reports_a_line_that_does_not_exist(void **state)
{
	(void)state;
	assert_int_equal(open_error("GPIO99"), -ENOENT);
	assert_int_equal(open_error("gpiochip9:1"), -ENOENT);
	assert_int_equal(open_error("/dev/gpiochip9:1"), -ENOENT);
	assert_int_equal(open_error("pinctrl:1"), -ENOENT);
	check_explanation(
		"GPIO99", ENOENT,
		"GPIO line GPIO99 not found: \"gpioinfo\" (package gpiod) lists chips and "
		"lines; write one as gpiochip0:25");
	fake_gpio_reset();
	assert_int_equal(open_error("GPIO25"), -ENOENT);
	check_explanation(
		"GPIO25", ENOENT,
		"GPIO line GPIO25 not found: this machine has no /dev/gpiochip at all");
	fake_dev_fail_listing(ENOMEM);
	assert_int_equal(open_error("GPIO25"), -ENOMEM);
}

static void tells_a_forbidden_chip_from_a_missing_line(void **state)
{
	char text[160];

	(void)state;
	expander->open_error = EACCES;
	assert_ptr_equal(line_of("GPIO25"), &soc->lines[5]);
	assert_int_equal(open_error("GPIO99"), -EACCES);
	soc->open_error = EACCES;
	assert_int_equal(open_error("GPIO25"), -EACCES);
	assert_int_equal(open_error("gpiochip2:5"), -EACCES);
	gpio_explain("gpiochip2:5", EACCES, text, sizeof(text));
	assert_non_null(strstr(text, "No permission for /dev/gpiochip2: run \"adduser "));
	assert_non_null(strstr(text, " gpio\" as root"));
	check_explanation(
		"GPIO25", EPERM,
		"Access to /dev/gpiochip0 is forbidden: add \"DeviceAllow=/dev/gpiochip0 "
		"rw\" to the service");
}

static void drives_an_output(void **state)
{
	struct fake_line *reset = &soc->lines[4];
	struct gpio_line *line = NULL;

	(void)state;
	reset->level = true;
	assert_int_equal(gpio_open_output(&line, "GPIO24", false), 0);
	assert_true(reset->output);
	assert_false(reset->level);
	assert_string_equal(reset->user, "mqttnode");
	assert_int_equal(gpio_get(line), 0);
	assert_int_equal(gpio_set(line, true), 0);
	assert_true(reset->level);
	assert_int_equal(gpio_get(line), 1);
	assert_int_equal(gpio_set(line, false), 0);
	assert_false(reset->level);

	soc->io_error = ENODEV;
	assert_int_equal(gpio_set(line, true), -ENODEV);
	assert_int_equal(gpio_get(line), -ENODEV);
	assert_null(gpio_close(line));
	assert_null(reset->user);
	assert_null(gpio_close(NULL));
}

static bool readable(const struct gpio_line *line)
{
	struct pollfd p = { .fd = gpio_event_fd(line), .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

static void sees_falling_edges(void **state)
{
	_cleanup_(gpio_closep) struct gpio_line *line = NULL;
	struct fake_line *interrupt = &soc->lines[5];

	(void)state;
	assert_int_equal(gpio_open_interrupt(&line, "GPIO25"), 0);
	assert_true(interrupt->falling);
	assert_int_equal(interrupt->bias, GPIO_BIAS_PULL_UP);
	assert_false(interrupt->output);
	interrupt->level = true;
	assert_int_equal(gpio_get(line), 1);
	assert_false(readable(line));

	fake_gpio_fall(interrupt);
	assert_true(readable(line));
	assert_int_equal(gpio_get(line), 0);
	assert_int_equal(gpio_drain_events(line), 0);
	assert_false(readable(line));
	assert_int_equal(gpio_drain_events(line), 0); /* nothing there: does not block */

	for (int i = 0; i < 16; i++)
		fake_gpio_fall(interrupt);
	assert_int_equal(gpio_drain_events(line), 0);
	assert_false(readable(line));
}

static void draining_ends_also_while_edges_go_on(void **state)
{
	_cleanup_(gpio_closep) struct gpio_line *line = NULL;

	(void)state;
	assert_int_equal(gpio_open_interrupt(&line, "GPIO25"), 0);
	for (int i = 0; i < 100; i++)
		fake_gpio_fall(&soc->lines[5]);
	assert_int_equal(gpio_drain_events(line), 0);
	assert_true(readable(line));
}

static void reports_a_line_that_went_away(void **state)
{
	_cleanup_(gpio_closep) struct gpio_line *line = NULL;

	(void)state;
	assert_int_equal(gpio_open_interrupt(&line, "GPIO25"), 0);
	soc->io_error = ENODEV;
	assert_int_equal(gpio_drain_events(line), -ENODEV);
}

static void does_without_a_pull_up(void **state)
{
	static const int errors[] = { EINVAL, EOPNOTSUPP };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		_cleanup_(gpio_closep) struct gpio_line *line = NULL;

		soc->pull_up_error = errors[i];
		assert_int_equal(gpio_open_interrupt(&line, "GPIO25"), 0);
		assert_true(soc->lines[5].falling);
		assert_int_equal(soc->lines[5].bias, GPIO_BIAS_AS_IS);
	}
}

static void reports_a_line_without_interrupts(void **state)
{
	static const int errors[] = { ENXIO, ENODEV, EINVAL, EOPNOTSUPP };
	struct gpio_line *line = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		soc->edge_error = errors[i];
		assert_int_equal(gpio_open_interrupt(&line, "GPIO25"), -ENXIO);
		assert_null(line);
	}
	check_explanation(
		"GPIO25", ENXIO,
		"GPIO line GPIO25 gives no interrupts: choose another pin, or set "
		"ethernet.interrupt = \"\" to poll");
}

static void an_input_sees_both_edges(void **state)
{
	static const enum gpio_bias biases[] = { GPIO_BIAS_AS_IS, GPIO_BIAS_PULL_UP,
						 GPIO_BIAS_PULL_DOWN,
						 GPIO_BIAS_DISABLED };
	struct fake_line *button = &soc->lines[5];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(biases); i++) {
		_cleanup_(gpio_closep) struct gpio_line *line = NULL;

		assert_int_equal(gpio_open_input(&line, "GPIO25", biases[i]), 0);
		assert_int_equal(button->bias, biases[i]);
		assert_true(button->both);
		assert_false(button->output);
		assert_false(readable(line));
		fake_gpio_change(button, true);
		assert_true(readable(line));
		assert_int_equal(gpio_drain_events(line), 0);
		assert_int_equal(gpio_get(line), 1);
		fake_gpio_change(button, false);
		assert_true(readable(line));
		assert_int_equal(gpio_get(line), 0);
	}
}

static void an_input_does_without_interrupts_but_not_without_its_bias(void **state)
{
	static const int errors[] = { ENXIO, ENODEV, EINVAL, EOPNOTSUPP };
	struct gpio_line *line = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		soc->edge_error = errors[i];
		assert_int_equal(gpio_open_input(&line, "GPIO25", GPIO_BIAS_PULL_UP), 0);
		assert_int_equal(gpio_event_fd(line), -1);
		soc->lines[5].level = true;
		assert_int_equal(gpio_get(line), 1);
		line = gpio_close(line);
	}
	soc->edge_error = 0;
	soc->pull_up_error = EINVAL;
	assert_int_equal(gpio_open_input(&line, "GPIO25", GPIO_BIAS_PULL_UP), -EINVAL);
	soc->lines[5].user = "other";
	assert_int_equal(gpio_open_input(&line, "GPIO25", GPIO_BIAS_AS_IS), -EBUSY);
	soc->lines[5].user = NULL;
	assert_int_equal(gpio_open_input(&line, "GPIO99", GPIO_BIAS_AS_IS), -ENOENT);
	assert_null(line);
}

static void names_who_has_a_line(void **state)
{
	(void)state;
	soc->lines[5].user = "spi0 CS0";
	soc->requests = 0;
	assert_int_equal(open_error("GPIO25"), -EBUSY);
	assert_int_equal(soc->requests,
			 2); /* output and interrupt: not tried without pull-up */
	check_explanation(
		"GPIO25", EBUSY,
		"GPIO line GPIO25 is in use by \"spi0 CS0\": choose another pin or stop "
		"its user");
	soc->lines[5].user = "evil\033[2J";
	check_explanation(
		"GPIO25", EBUSY,
		"GPIO line GPIO25 is in use by \"evil\\x1b[2J\": choose another pin or "
		"stop its user");
	soc->lines[5].user = NULL;
	check_explanation(
		"GPIO25", EBUSY,
		"GPIO line GPIO25 is in use by another program or driver: choose another "
		"pin or stop it");
	check_explanation(
		"GPIO99", EBUSY,
		"GPIO line GPIO99 is in use by another program or driver: choose another "
		"pin or stop it");
	soc->open_error = EACCES;
	check_explanation(
		"gpiochip2:1", EBUSY,
		"GPIO line gpiochip2:1 is in use by another program or driver: choose "
		"another pin or stop it");
}

static void explains_every_other_error(void **state)
{
	static const int errors[] = { ENOTTY, ENODEV, EIO, 99999 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		char text[160];

		gpio_explain("GPIO25", errors[i], text, sizeof(text));
		assert_non_null(strstr(text, "GPIO25"));
		assert_true(strlen(text) > 15);
	}
}

#define GPIO_CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int gpio_cases_run(const char *name)
{
	static const struct CMUnitTest tests[] = {
		GPIO_CASE(finds_a_line_by_its_name_on_any_chip),
		GPIO_CASE(finds_a_line_by_chip_and_number),
		GPIO_CASE(takes_no_symbolic_link_for_another_chip),
		GPIO_CASE(refuses_a_name_that_exists_twice),
		GPIO_CASE(refuses_what_names_no_line),
		GPIO_CASE(reports_a_line_that_does_not_exist),
		GPIO_CASE(tells_a_forbidden_chip_from_a_missing_line),
		GPIO_CASE(drives_an_output),
		GPIO_CASE(sees_falling_edges),
		GPIO_CASE(draining_ends_also_while_edges_go_on),
		GPIO_CASE(reports_a_line_that_went_away),
		GPIO_CASE(does_without_a_pull_up),
		GPIO_CASE(reports_a_line_without_interrupts),
		GPIO_CASE(an_input_sees_both_edges),
		GPIO_CASE(an_input_does_without_interrupts_but_not_without_its_bias),
		GPIO_CASE(names_who_has_a_line),
		GPIO_CASE(explains_every_other_error),
	};

	return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}
