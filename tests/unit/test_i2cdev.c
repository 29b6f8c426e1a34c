// SPDX-License-Identifier: MIT
/* test_i2cdev.c — what i2cdev.c asks of the kernel, and what it makes of the answers */
#include "mqttnode/i2cdev.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "fake_dev.h"
#include "unit.h"

#define NODE	   "/dev/i2c-1"
#define CLOCK_FILE "/sys/bus/i2c/devices/i2c-1/of_node/clock-frequency"

/* The kernel of a test: what it was asked for, and what it answers. */
static struct {
	unsigned long functions;
	int funcs_error, slave_error, transfer_error;
	unsigned long slave;
	int missing; /* messages missing in the answer */
	unsigned int transfers;
	struct i2c_msg messages[I2C_MESSAGES_MAX];
	unsigned int n;
} kernel;

int __wrap_ioctl(int fd, unsigned long request, ...);

static int fake_transfer(const struct i2c_rdwr_ioctl_data *data)
{
	kernel.transfers++;
	kernel.n = data->nmsgs;
	memcpy(kernel.messages, data->msgs, data->nmsgs * sizeof(data->msgs[0]));
	for (unsigned int i = 0; i < data->nmsgs; i++)
		if (data->msgs[i].flags & I2C_M_RD)
			memset(data->msgs[i].buf, 0x43, data->msgs[i].len);
	return (int)data->nmsgs - kernel.missing;
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	int error = 0, r = 0;
	va_list ap;

	assert_true(fd >= 0);
	va_start(ap, request);
	if (request == I2C_FUNCS) {
		*va_arg(ap, unsigned long *) = kernel.functions;
		error = kernel.funcs_error;
	} else if (request == I2C_SLAVE) {
		kernel.slave = va_arg(ap, unsigned long);
		error = kernel.slave_error;
	} else {
		assert_int_equal(request, I2C_RDWR);
		error = kernel.transfer_error;
		if (error == 0)
			r = fake_transfer(va_arg(ap, const struct i2c_rdwr_ioctl_data *));
	}
	va_end(ap);
	errno = error;
	return error ? -1 : r;
}

static int set_up(void **state)
{
	(void)state;
	memset(&kernel, 0, sizeof(kernel));
	kernel.functions = I2C_FUNC_I2C | I2C_FUNC_SMBUS_EMUL;
	fake_dev_reset();
	fake_dev_add(NODE);
	return 0;
}

static struct i2c_bus *open_bus(void)
{
	struct i2c_bus *bus = NULL;

	assert_int_equal(i2cdev_open(&bus, NODE, 0x3c), 0);
	assert_non_null(bus);
	return bus;
}

static void opens_without_touching_the_device(void **state)
{
	struct i2c_bus *bus = open_bus();

	(void)state;
	assert_int_equal(fake_dev_open_flags() & O_ACCMODE, O_RDWR);
	assert_int_equal(kernel.slave, 0x3c);
	assert_int_equal(kernel.transfers, 0);
	assert_null(i2cdev_close(bus));
}

static void reports_why_it_cannot_open(void **state)
{
	struct i2c_bus *bus = NULL;
	int before = dup(0);

	(void)state;
	close(before);
	assert_int_equal(i2cdev_open(&bus, "/dev/i2c-9", 0x3c), -ENOENT);
	fake_dev_fail(NODE, EACCES);
	assert_int_equal(i2cdev_open(&bus, NODE, 0x3c), -EACCES);
	fake_dev_fail(NODE, 0);

	kernel.funcs_error = ENOTTY;
	assert_int_equal(i2cdev_open(&bus, NODE, 0x3c), -ENOTTY);
	kernel.funcs_error = 0;
	kernel.functions = I2C_FUNC_SMBUS_EMUL;
	assert_int_equal(i2cdev_open(&bus, NODE, 0x3c), -EOPNOTSUPP);
	kernel.functions = I2C_FUNC_I2C;
	kernel.slave_error = EBUSY;
	assert_int_equal(i2cdev_open(&bus, NODE, 0x3c), -EBUSY);

	assert_null(bus);
	assert_null(i2cdev_close(NULL));
	assert_int_equal(dup(0), before); /* no descriptor is left open */
	close(before);
}

static void reads_the_clock_of_the_bus(void **state)
{
	static const uint8_t clock_400k[] = { 0x00, 0x06, 0x1a, 0x80 };
	_cleanup_(i2cdev_closep) struct i2c_bus *silent = open_bus(), *fast = NULL,
						*odd = NULL;

	(void)state;
	assert_int_equal(i2cdev_clock_hz(silent), 0);
	fake_dev_add_file(CLOCK_FILE, clock_400k, sizeof(clock_400k));
	fast = open_bus();
	assert_int_equal(i2cdev_clock_hz(fast), 400000);

	fake_dev_reset();
	fake_dev_add(NODE);
	fake_dev_add_file(CLOCK_FILE, clock_400k, 3);
	odd = open_bus();
	assert_int_equal(i2cdev_clock_hz(odd), 0);
}

static void knows_no_clock_of_a_node_with_another_name(void **state)
{
	static const char *const names[] = { "/dev/oled", "/dev/i2c-1x", "/dev/i2c-" };

	(void)state;
	fake_dev_add_file(CLOCK_FILE, "\0\1\2\3", 4);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_(i2cdev_closep) struct i2c_bus *bus = NULL;

		fake_dev_add(names[i]);
		assert_int_equal(i2cdev_open(&bus, names[i], 0x3c), 0);
		assert_int_equal(i2cdev_clock_hz(bus), 0);
	}
}

static void joins_messages_in_one_call(void **state)
{
	_cleanup_(i2cdev_closep) struct i2c_bus *bus = open_bus();
	uint8_t command[] = { 0x00, 0xb2 }, data[] = { 0x40, 1, 2, 3 }, status = 0;
	const struct i2c_message messages[] = {
		{ .buf = command, .len = sizeof(command) },
		{ .buf = data, .len = sizeof(data) },
		{ .buf = &status, .len = 1, .read = true },
	};

	(void)state;
	assert_int_equal(i2cdev_transfer(bus, messages, ARRAY_SIZE(messages)), 0);
	assert_int_equal(kernel.transfers, 1);
	assert_int_equal(kernel.n, 3);
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(kernel.messages[i].addr, 0x3c);
		assert_int_equal(kernel.messages[i].flags, i == 2 ? I2C_M_RD : 0);
		assert_int_equal(kernel.messages[i].len, messages[i].len);
		assert_ptr_equal(kernel.messages[i].buf, messages[i].buf);
	}
	assert_int_equal(status, 0x43);
}

static void takes_a_short_transfer_for_an_error(void **state)
{
	_cleanup_(i2cdev_closep) struct i2c_bus *bus = open_bus();
	uint8_t byte = 0;
	const struct i2c_message messages[2] = { { .buf = &byte, .len = 1 },
						 { .buf = &byte, .len = 1 } };

	(void)state;
	kernel.missing = 1;
	assert_int_equal(i2cdev_transfer(bus, messages, 2), -EIO);
}

static void passes_errors_of_a_transfer_on(void **state)
{
	static const int errors[] = { ENXIO,  EREMOTEIO,  EIO,	  ETIMEDOUT,
				      EAGAIN, EOPNOTSUPP, ENODEV, ESHUTDOWN };
	_cleanup_(i2cdev_closep) struct i2c_bus *bus = open_bus();
	uint8_t byte = 0;
	const struct i2c_message message = { .buf = &byte, .len = 1 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		kernel.transfer_error = errors[i];
		assert_int_equal(i2cdev_transfer(bus, &message, 1), -errors[i]);
	}
}

static void check_explanation(const char *path, int error, const char *expected)
{
	char text[160];

	assert_int_not_equal(i2cdev_explain(path, 0x3c, error, text, sizeof(text)),
			     CAUSE_NONE);
	assert_string_equal(text, expected);
}

static void explains_a_missing_bus(void **state)
{
	static const char enable[] =
		"There is no /dev/i2c-1: enable I2C (Raspberry Pi: dtparam=i2c_arm=on in "
		"/boot/firmware/config.txt) and load i2c-dev, then reboot";

	(void)state;
	fake_dev_reset();
	check_explanation(NODE, ENOENT, enable);
	fake_dev_add("/dev/i2c-20");
	fake_dev_add("/dev/i2c-3");
	check_explanation(NODE, ENOENT,
			  "There is no /dev/i2c-1, but /dev/i2c-3: set oled.i2c to it");
	fake_dev_fail_listing(EACCES);
	check_explanation(NODE, ENOENT, enable);
}

static void names_the_driver_that_owns_the_display(void **state)
{
	(void)state;
	check_explanation(
		NODE, EBUSY,
		"The bus /dev/i2c-1 or address 0x3c on it is busy with something else");
	fake_dev_add_sysfs("/sys/bus/i2c/devices/1-003c", "ssd1307fb");
	check_explanation(
		NODE, EBUSY,
		"The kernel driver ssd1307fb owns the display at 0x3c: remove its "
		"dtoverlay= line from /boot/firmware/config.txt and reboot");
}

static void explains_that_nothing_answers(void **state)
{
	static const char nobody[] =
		"No display answers at 0x3c on /dev/i2c-1: check SDA, SCL, "
		"power and the address (0x3c or 0x3d)";

	(void)state;
	check_explanation(NODE, ENXIO, nobody);
	check_explanation(NODE, EREMOTEIO, nobody);
}

static void explains_every_other_error(void **state)
{
	static const int errors[] = { EACCES, EPERM,	  EIO,	  ETIMEDOUT,
				      EAGAIN, EOPNOTSUPP, ENOTTY, EISDIR,
				      ENODEV, ESHUTDOWN,  ENOMEM, 99999 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		char text[160];

		i2cdev_explain(NODE, 0x3c, errors[i], text, sizeof(text));
		assert_non_null(strstr(text, NODE));
		assert_true(strlen(text) > strlen(NODE) + 10);
		assert_true(strlen(text) < sizeof(text) - 1); /* not cut */
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(opens_without_touching_the_device, set_up),
		cmocka_unit_test_setup(reports_why_it_cannot_open, set_up),
		cmocka_unit_test_setup(reads_the_clock_of_the_bus, set_up),
		cmocka_unit_test_setup(knows_no_clock_of_a_node_with_another_name,
				       set_up),
		cmocka_unit_test_setup(joins_messages_in_one_call, set_up),
		cmocka_unit_test_setup(takes_a_short_transfer_for_an_error, set_up),
		cmocka_unit_test_setup(passes_errors_of_a_transfer_on, set_up),
		cmocka_unit_test_setup(explains_a_missing_bus, set_up),
		cmocka_unit_test_setup(names_the_driver_that_owns_the_display, set_up),
		cmocka_unit_test_setup(explains_that_nothing_answers, set_up),
		cmocka_unit_test_setup(explains_every_other_error, set_up),
	};

	return cmocka_run_group_tests_name("i2cdev", tests, NULL, NULL);
}
