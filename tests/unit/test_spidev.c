// SPDX-License-Identifier: MIT
/* test_spidev.c — what spidev.c asks of the kernel, and what it makes of the answers */
#include "mqttnode/spidev.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/spi/spidev.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "fake_dev.h"
#include "unit.h"

#define NODE	    "/dev/spidev0.0"
#define BUFSIZ_FILE "/sys/module/spidev/parameters/bufsiz"

/* The kernel of a test: what it was asked for, and what it answers. */
static struct {
	unsigned long fail_request; /* this ioctl fails */
	int fail_error;
	int flock_error;
	int flock_operation;
	int short_by; /* bytes missing in the answer to a message */
	const char *machine;
	uint8_t mode, bits;
	uint32_t speed_hz;
	unsigned int messages;
	size_t n;
	struct spi_ioc_transfer transfers[SPI_TRANSFERS_MAX];
} kernel;

int __wrap_ioctl(int fd, unsigned long request, ...);
int __wrap_flock(int fd, int operation);
int __wrap_uname(struct utsname *name);

static int fake_message(unsigned long request, const void *arg)
{
	size_t size = _IOC_SIZE(request);
	int sum = 0;

	assert_int_equal(_IOC_TYPE(request), SPI_IOC_MAGIC);
	assert_int_equal(_IOC_NR(request), 0);
	assert_int_equal(size % sizeof(struct spi_ioc_transfer), 0);
	kernel.messages++;
	kernel.n = size / sizeof(struct spi_ioc_transfer);
	memcpy(kernel.transfers, arg, size);
	for (size_t i = 0; i < kernel.n; i++) {
		const struct spi_ioc_transfer *t = &kernel.transfers[i];

		if (t->rx_buf)
			memset((void *)(uintptr_t)t->rx_buf, 0xa5, t->len);
		sum += (int)t->len;
	}
	return sum - kernel.short_by;
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	va_list ap;
	void *arg;

	assert_true(fd >= 0);
	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (kernel.fail_error != 0 && _IOC_NR(request) == _IOC_NR(kernel.fail_request)) {
		errno = kernel.fail_error;
		return -1;
	}
	if (request == SPI_IOC_WR_MODE)
		kernel.mode = *(uint8_t *)arg;
	else if (request == SPI_IOC_WR_BITS_PER_WORD)
		kernel.bits = *(uint8_t *)arg;
	else if (request == SPI_IOC_WR_MAX_SPEED_HZ)
		kernel.speed_hz = *(uint32_t *)arg;
	else
		return fake_message(request, arg);
	return 0;
}

int __wrap_flock(int fd, int operation)
{
	assert_true(fd >= 0);
	kernel.flock_operation = operation;
	errno = kernel.flock_error;
	return kernel.flock_error ? -1 : 0;
}

int __wrap_uname(struct utsname *name)
{
	if (!kernel.machine) {
		errno = EFAULT;
		return -1;
	}
	memset(name, 0, sizeof(*name));
	snprintf(name->machine, sizeof(name->machine), "%s", kernel.machine);
	return 0;
}

static int set_up(void **state)
{
	(void)state;
	memset(&kernel, 0, sizeof(kernel));
	kernel.mode = 0xff;
	kernel.machine = "aarch64";
	fake_dev_reset();
	fake_dev_add(NODE);
	return 0;
}

static struct spi_bus *open_bus(void)
{
	struct spi_bus *bus = NULL;

	assert_int_equal(spidev_open(&bus, NODE, 33400000), 0);
	assert_non_null(bus);
	return bus;
}

static void opens_in_mode_0_with_8_bits_and_a_lock(void **state)
{
	struct spi_bus *bus = open_bus();

	(void)state;
	assert_int_equal(kernel.mode, SPI_MODE_0);
	assert_int_equal(kernel.bits, 8);
	assert_int_equal(kernel.speed_hz, 33400000);
	assert_int_equal(kernel.flock_operation, LOCK_EX | LOCK_NB);
	assert_int_equal(fake_dev_open_flags() & O_ACCMODE, O_RDWR);
	assert_null(spidev_close(bus));
}

static void reads_the_size_of_the_kernel_buffer(void **state)
{
	static const struct {
		const char *text;
		size_t bufsiz;
	} cases[] = {
		{ "65536\n", 65536 }, { "4096\n", 4096 },
		{ "", 4096 },	      { "0\n", 4096 },
		{ "many\n", 4096 },   { "99999999999999999999\n", 4096 },
	};
	struct spi_bus *bus = open_bus();

	(void)state;
	assert_int_equal(spidev_limits(bus).bufsiz, 4096); /* no such file */
	spidev_close(bus);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		fake_dev_reset();
		fake_dev_add(NODE);
		fake_dev_add_file(BUFSIZ_FILE, cases[i].text, strlen(cases[i].text));
		bus = open_bus();
		assert_int_equal(spidev_limits(bus).bufsiz, cases[i].bufsiz);
		assert_null(spidev_close(bus));
	}
	assert_int_equal(fake_dev_open_flags() & O_ACCMODE, O_RDONLY);
}

static void knows_how_each_kernel_rounds_transfers(void **state)
{
	static const struct {
		const char *machine;
		size_t alignment;
	} cases[] = {
		{ "aarch64", 128 }, { "armv8l", 128 }, { "armv7l", 64 },
		{ "armv6l", 32 },   { "x86_64", 8 },   { "i686", 8 },
		{ "riscv64", 64 },  { "mips", 128 },   { NULL, 128 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(spidev_closep) struct spi_bus *bus = NULL;

		kernel.machine = cases[i].machine;
		bus = open_bus();
		assert_int_equal(spidev_limits(bus).alignment, cases[i].alignment);
	}
}

static void reports_why_it_cannot_open(void **state)
{
	struct spi_bus *bus = NULL;

	(void)state;
	assert_int_equal(spidev_open(&bus, "/dev/spidev9.9", 1000000), -ENOENT);
	fake_dev_fail(NODE, EACCES);
	assert_int_equal(spidev_open(&bus, NODE, 1000000), -EACCES);
	fake_dev_fail(NODE, 0);

	kernel.flock_error = EWOULDBLOCK;
	assert_int_equal(spidev_open(&bus, NODE, 1000000), -EWOULDBLOCK);
	assert_int_equal(kernel.mode, 0xff); /* nothing changed under the holder's feet */
	kernel.flock_error = 0;

	kernel.fail_request = SPI_IOC_WR_MODE;
	kernel.fail_error = ENOTTY;
	assert_int_equal(spidev_open(&bus, NODE, 1000000), -ENOTTY);
	kernel.fail_request = SPI_IOC_WR_BITS_PER_WORD;
	kernel.fail_error = EINVAL;
	assert_int_equal(spidev_open(&bus, NODE, 1000000), -EINVAL);
	kernel.fail_request = SPI_IOC_WR_MAX_SPEED_HZ;
	assert_int_equal(spidev_open(&bus, NODE, 0), -EINVAL);
	assert_null(bus);
	assert_null(spidev_close(NULL));
}

static void closes_the_descriptor_on_every_way_out(void **state)
{
	struct spi_bus *bus = NULL;
	int before = dup(0);

	(void)state;
	close(before);
	kernel.fail_request = SPI_IOC_WR_MODE;
	kernel.fail_error = ENOTTY;
	assert_int_equal(spidev_open(&bus, NODE, 1000000), -ENOTTY);
	kernel.fail_error = 0;
	spidev_close(open_bus());
	assert_int_equal(dup(0), before);
	close(before);
}

static void carries_out_a_message_in_one_call(void **state)
{
	_cleanup_(spidev_closep) struct spi_bus *bus = open_bus();
	uint8_t header[3] = { 0x00, 0x39, 0x00 }, data[16] = { 0 };
	const struct spi_transfer transfers[] = {
		{ .tx = header, .len = 3 },
		{ .rx = data, .len = 16, .cs_change = true },
		{ .tx = header, .rx = header, .len = 3 },
	};
	struct spi_ioc_transfer expected = { 0 };

	(void)state;
	assert_int_equal(spidev_message(bus, transfers, ARRAY_SIZE(transfers)), 0);
	assert_int_equal(kernel.messages, 1);
	assert_int_equal(kernel.n, 3);
	assert_int_equal(data[15], 0xa5);

	/* Whole structures: what is not asked for must be zero. */
	expected.tx_buf = (uintptr_t)header;
	expected.len = 3;
	expected.speed_hz = 33400000;
	assert_memory_equal(&kernel.transfers[0], &expected, sizeof(expected));
	expected.tx_buf = 0;
	expected.rx_buf = (uintptr_t)data;
	expected.len = 16;
	expected.cs_change = 1;
	assert_memory_equal(&kernel.transfers[1], &expected, sizeof(expected));
	expected.tx_buf = expected.rx_buf = (uintptr_t)header;
	expected.len = 3;
	expected.cs_change = 0;
	assert_memory_equal(&kernel.transfers[2], &expected, sizeof(expected));
}

static void carries_out_the_longest_message(void **state)
{
	static struct spi_transfer transfers[SPI_TRANSFERS_MAX];
	_cleanup_(spidev_closep) struct spi_bus *bus = open_bus();
	uint8_t byte = 0;

	(void)state;
	for (size_t i = 0; i < SPI_TRANSFERS_MAX; i++)
		transfers[i] = (struct spi_transfer){ .tx = &byte, .len = 1 };
	assert_int_equal(spidev_message(bus, transfers, SPI_TRANSFERS_MAX), 0);
	assert_int_equal(kernel.n, 511);
}

static void takes_a_short_message_for_an_error(void **state)
{
	_cleanup_(spidev_closep) struct spi_bus *bus = open_bus();
	uint8_t data[4] = { 0 };
	const struct spi_transfer transfer = { .tx = data, .len = sizeof(data) };

	(void)state;
	kernel.short_by = 1;
	assert_int_equal(spidev_message(bus, &transfer, 1), -EIO);
	kernel.short_by = 4;
	assert_int_equal(spidev_message(bus, &transfer, 1), -EIO);
}

static void passes_errors_of_a_message_on(void **state)
{
	static const int errors[] = { EMSGSIZE, EIO, ETIMEDOUT, EREMOTEIO, ESHUTDOWN };
	_cleanup_(spidev_closep) struct spi_bus *bus = open_bus();
	uint8_t data[4] = { 0 };
	const struct spi_transfer transfer = { .tx = data, .len = sizeof(data) };

	(void)state;
	kernel.fail_request = SPI_IOC_MESSAGE(1);
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		kernel.fail_error = errors[i];
		assert_int_equal(spidev_message(bus, &transfer, 1), -errors[i]);
	}
}

static void changes_the_clock(void **state)
{
	_cleanup_(spidev_closep) struct spi_bus *bus = open_bus();
	uint8_t data[4] = { 0 };
	const struct spi_transfer transfer = { .tx = data, .len = sizeof(data) };

	(void)state;
	assert_int_equal(spidev_set_speed(bus, 4000000), 0);
	assert_int_equal(kernel.speed_hz, 4000000);
	assert_int_equal(spidev_message(bus, &transfer, 1), 0);
	assert_int_equal(kernel.transfers[0].speed_hz, 4000000);

	kernel.fail_request = SPI_IOC_WR_MAX_SPEED_HZ;
	kernel.fail_error = EINVAL;
	assert_int_equal(spidev_set_speed(bus, 1), -EINVAL);
	kernel.fail_error = 0;
	assert_int_equal(spidev_message(bus, &transfer, 1), 0);
	assert_int_equal(kernel.transfers[0].speed_hz, 4000000);
}

static void check_explanation(const char *path, int error, const char *expected)
{
	char text[160];

	assert_int_not_equal(spidev_explain(path, error, text, sizeof(text)), CAUSE_NONE);
	assert_string_equal(text, expected);
}

static void explains_a_missing_device(void **state)
{
	(void)state;
	fake_dev_reset();
	check_explanation(
		NODE, ENOENT,
		"There is no /dev/spidev0.0: enable SPI (Raspberry Pi: dtparam=spi=on "
		"in /boot/firmware/config.txt, then reboot)");
	fake_dev_add("/dev/spidev10.0");
	fake_dev_add("/dev/spidev1.0");
	check_explanation(
		NODE, ENOENT,
		"There is no /dev/spidev0.0, but /dev/spidev1.0: set ethernet.spi to it");
	fake_dev_fail_listing(EACCES);
	check_explanation(
		"/dev/spi", ENOENT,
		"There is no /dev/spi: enable SPI (Raspberry Pi: dtparam=spi=on in "
		"/boot/firmware/config.txt, then reboot)");
}

static void explains_who_has_the_chip(void **state)
{
	(void)state;
	fake_dev_reset();
	fake_dev_add_sysfs("/sys/bus/spi/devices/spi0.0", "w5100");
	check_explanation(
		NODE, ENOENT,
		"The kernel driver w5100 holds spi0.0: remove its dtoverlay= line from "
		"/boot/firmware/config.txt and reboot");
	fake_dev_reset();
	fake_dev_add_sysfs("/sys/bus/spi/devices/spi0.0", NULL);
	check_explanation(
		NODE, ENOENT,
		"There is no /dev/spidev0.0 because no driver serves spi0.0: run "
		"\"modprobe spidev\" as root");
	check_explanation(NODE, EWOULDBLOCK,
			  "/dev/spidev0.0 is locked by another program, perhaps a second "
			  "mqttnode: \"fuser -v /dev/spidev0.0\" names it");
}

static void explains_a_lack_of_permission(void **state)
{
	char path[] = "/tmp/test_spidev.XXXXXX", text[160];
	int fd = mkstemp(path);
	const struct group *group = getgrgid(getegid());

	(void)state;
	assert_true(fd >= 0);
	spidev_explain(NODE, EACCES, text, sizeof(text));
	assert_non_null(strstr(text, "No permission for /dev/spidev0.0: run \"adduser "));

	assert_int_equal(fchmod(fd, 0660), 0);
	spidev_explain(path, EACCES, text, sizeof(text));
	assert_non_null(strstr(text, "\" as root, then restart"));
	if (group)
		assert_non_null(strstr(text, group->gr_name));

	assert_int_equal(fchmod(fd, 0600), 0);
	spidev_explain(path, EACCES, text, sizeof(text));
	assert_non_null(strstr(text, "Only root may use /tmp/test_spidev."));
	assert_non_null(strstr(text, "udev rules"));

	check_explanation(
		NODE, EPERM,
		"Access to /dev/spidev0.0 is forbidden: add \"DeviceAllow=/dev/spidev0.0 "
		"rw\" to the service");
	close(fd);
	unlink(path);
}

static void a_transfer_that_does_not_end_names_the_key_that_may_help(void **state)
{
	char text[160];

	(void)state;
	assert_int_equal(spidev_explain(NODE, ETIMEDOUT, text, sizeof(text)),
			 CAUSE_SPI_TIMEOUT);
	assert_non_null(strstr(text, "ethernet.spi_max_transfer = 64"));
}

static void explains_every_other_error(void **state)
{
	static const int errors[] = { ENOTTY,	 EISDIR,   EINVAL,    ENXIO, ENODEV,
				      ESHUTDOWN, EMSGSIZE, ETIMEDOUT, EIO,   99999 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		char text[160];

		spidev_explain(NODE, errors[i], text, sizeof(text));
		assert_non_null(strstr(text, NODE));
		assert_true(strlen(text) > strlen(NODE) + 10);
		assert_true(strlen(text) < sizeof(text) - 1); /* not cut */
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(opens_in_mode_0_with_8_bits_and_a_lock, set_up),
		cmocka_unit_test_setup(reads_the_size_of_the_kernel_buffer, set_up),
		cmocka_unit_test_setup(knows_how_each_kernel_rounds_transfers, set_up),
		cmocka_unit_test_setup(reports_why_it_cannot_open, set_up),
		cmocka_unit_test_setup(closes_the_descriptor_on_every_way_out, set_up),
		cmocka_unit_test_setup(carries_out_a_message_in_one_call, set_up),
		cmocka_unit_test_setup(carries_out_the_longest_message, set_up),
		cmocka_unit_test_setup(takes_a_short_message_for_an_error, set_up),
		cmocka_unit_test_setup(passes_errors_of_a_message_on, set_up),
		cmocka_unit_test_setup(changes_the_clock, set_up),
		cmocka_unit_test_setup(explains_a_missing_device, set_up),
		cmocka_unit_test_setup(explains_who_has_the_chip, set_up),
		cmocka_unit_test_setup(explains_a_lack_of_permission, set_up),
		cmocka_unit_test_setup(
			a_transfer_that_does_not_end_names_the_key_that_may_help, set_up),
		cmocka_unit_test_setup(explains_every_other_error, set_up),
	};

	return cmocka_run_group_tests_name("spidev", tests, NULL, NULL);
}
