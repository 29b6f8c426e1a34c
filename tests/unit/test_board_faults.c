// SPDX-License-Identifier: MIT
/* test_board_faults.c — every fault of the board socket does what board.h says, and can
 * be undone */
#include "sim/board.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "board_rig.h"

#include "mqttnode/clock.h"
#include "mqttnode/gpio.h"
#include "mqttnode/i2cdev.h"

static int read_version(struct rig *rig, uint8_t *ret)
{
	return bus_read(rig, 0x39, COMMON_READ, ret, 1);
}

static void makes_messages_fail_until_told(void **state)
{
	struct rig *rig = *state;
	uint8_t version;

	bring_up_chip(rig);
	tell(rig, "fault spi-error ETIMEDOUT");
	for (int i = 0; i < 3; i++)
		assert_int_equal(read_version(rig, &version), -ETIMEDOUT);
	tell(rig, "fault spi-error off");
	assert_int_equal(read_version(rig, &version), 0);
	assert_int_equal(number(rig, "stats", "/spi/failed"), 3);
}

static void makes_messages_fail_for_a_time(void **state)
{
	struct rig *rig = *state;
	uint64_t start = clock_now_ns(&clock_system);
	uint8_t version;
	int r;

	bring_up_chip(rig);
	tell(rig, "fault spi-error EIO 50");
	do
		r = read_version(rig, &version);
	while (r == -EIO && clock_now_ns(&clock_system) - start < 10 * NSEC_PER_SEC);
	assert_int_equal(r, 0);
	assert_true(clock_now_ns(&clock_system) - start >= 50 * NSEC_PER_MSEC);
}

static void refuses_to_open_the_buses_and_lines(void **state)
{
	struct rig *rig = *state;
	struct gpio_line *line;
	struct i2c_bus *bus;

	tell(rig, "fault spi-open EACCES");
	assert_int_equal(spidev_open(&rig->spi, "/dev/spidev0.0", 1000000), -EACCES);
	tell(rig, "fault spi-open EWOULDBLOCK");
	assert_int_equal(spidev_open(&rig->spi, "/dev/spidev0.0", 1000000), -EWOULDBLOCK);
	tell(rig, "fault i2c-open EBUSY");
	assert_int_equal(i2cdev_open(&bus, "/dev/i2c-1", 0x3c), -EBUSY);
	tell(rig, "fault int-open ENXIO");
	assert_int_equal(gpio_open_interrupt(&line, "GPIO25"), -ENXIO);
	tell(rig, "fault reset-open EBUSY");
	assert_int_equal(gpio_open_output(&line, "GPIO24", true), -EBUSY);

	tell(rig, "fault spi-open off");
	bring_up_chip(rig);
	tell(rig, "fault clear");
	assert_int_equal(i2cdev_open(&bus, "/dev/i2c-1", 0x3c), 0);
	bus = i2cdev_close(bus);
	assert_int_equal(gpio_open_interrupt(&line, "GPIO25"), 0);
	line = gpio_close(line);
	assert_int_equal(gpio_open_output(&line, "GPIO24", true), 0);
	line = gpio_close(line);
}

static void takes_the_spi_device_away(void **state)
{
	struct rig *rig = *state;
	uint8_t version;

	bring_up_chip(rig);
	tell(rig, "spi unbind");
	assert_int_equal(read_version(rig, &version), -ESHUTDOWN);
	assert_int_equal(read_version(rig, &version), -ESHUTDOWN);
	rig->spi = spidev_close(rig->spi);
	bring_up_chip(rig);
}

static void makes_the_bus_read_nonsense(void **state)
{
	struct rig *rig = *state;
	static uint8_t block[1024], again[1024];

	bring_up_chip(rig);
	tell(rig, "fault spi-silent ff");
	assert_int_equal(read8(rig, 0x39, COMMON_READ), 0xff);
	tell(rig, "fault spi-silent 00");
	assert_int_equal(read8(rig, 0x39, COMMON_READ), 0x00);
	tell(rig, "fault spi-silent off");
	assert_int_equal(read8(rig, 0x39, COMMON_READ), 0x04);
	tell(rig, "fault chip-version 0x51");
	assert_int_equal(read8(rig, 0x39, COMMON_READ), 0x51);
	tell(rig, "fault chip-version off");
	assert_int_equal(read8(rig, 0x39, COMMON_READ), 0x04);

	assert_int_equal(bus_read(rig, 0, S0_RX_READ, block, sizeof(block)), 0);
	tell(rig, "fault spi-bit-errors 10000");
	assert_int_equal(bus_read(rig, 0, S0_RX_READ, again, sizeof(again)), 0);
	assert_memory_not_equal(block, again, sizeof(block));
	assert_true(number(rig, "stats", "/spi/bit_errors") > 0);
	tell(rig, "fault spi-bit-errors 0");
	assert_int_equal(bus_read(rig, 0, S0_RX_READ, again, sizeof(again)), 0);
	assert_memory_equal(block, again, sizeof(block));
}

static void loses_all_registers(void **state)
{
	struct rig *rig = *state;

	bring_up_chip(rig);
	tell(rig, "chip lost");
	assert_int_equal(read8(rig, 0x03, S0_READ), 0x00);
	assert_int_equal(read8(rig, 0x1e, S0_READ), 0x02);
}

static void never_takes_commands(void **state)
{
	struct rig *rig = *state;

	bring_up_chip(rig);
	tell(rig, "fault chip-cr-stuck on");
	write8(rig, 0x01, S0_WRITE, 0x10);
	for (int i = 0; i < 10; i++)
		assert_int_equal(read8(rig, 0x01, S0_READ), 0x10);
	assert_int_equal(read8(rig, 0x03, S0_READ), 0x42);
	tell(rig, "fault chip-cr-stuck off");
	(void)read8(rig, 0x01, S0_READ); /* taken by the end of this frame */
	assert_int_equal(read8(rig, 0x01, S0_READ), 0x00);
	assert_int_equal(number(rig, "stats", "/chip/closes"), 1);
	assert_int_equal(read8(rig, 0x03, S0_READ), 0x00);
}

static void disturbs_the_interrupt_line(void **state)
{
	struct rig *rig = *state;
	struct gpio_line *line;
	struct pollfd p;

	assert_int_equal(gpio_open_interrupt(&line, "GPIO25"), 0);
	p = (struct pollfd){ .fd = gpio_event_fd(line), .events = POLLIN };
	assert_int_equal(gpio_get(line), 1);
	tell(rig, "fault int-line low");
	assert_int_equal(gpio_get(line), 0);
	assert_int_equal(poll(&p, 1, 0), 1);
	assert_int_equal(number(rig, "stats", "/gpio/int_events"), 1);
	assert_int_equal(number(rig, "stats", "/gpio/int"), 0);
	assert_int_equal(gpio_drain_events(line), 0);
	tell(rig, "fault int-line ok");
	assert_int_equal(gpio_get(line), 1);
	assert_int_equal(poll(&p, 1, 0), 0);
	/* The chip's own pin falls, and nobody hears or sees it. */
	tell(rig, "fault int-line deaf");
	tell(rig, "set chip intn_stuck_low on");
	assert_int_equal(gpio_get(line), 0);
	tell(rig, "fault int-line unwired");
	assert_int_equal(gpio_get(line), 1);
	tell(rig, "fault int-line high");
	assert_int_equal(gpio_get(line), 1);
	assert_int_equal(poll(&p, 1, 0), 0);
	tell(rig, "fault clear");
	assert_int_equal(gpio_get(line), 1);
	line = gpio_close(line);
}

static void cuts_the_reset_line(void **state)
{
	struct rig *rig = *state;
	struct gpio_line *line;

	assert_int_equal(gpio_open_output(&line, "GPIO24", true), 0);
	tell(rig, "fault reset-line unwired");
	assert_int_equal(gpio_set(line, false), 0);
	assert_int_equal(gpio_set(line, true), 0);
	assert_int_equal(number(rig, "stats", "/chip/hard_resets"), 0);
	tell(rig, "fault reset-line ok");
	assert_int_equal(gpio_set(line, false), 0);
	assert_int_equal(number(rig, "stats", "/gpio/reset"), 0);
	/* A reset pulse has a least length; wait with the machine's clock, as a driver
	 * does. */
	clock_sleep_ns(&clock_system, NSEC_PER_MSEC);
	assert_int_equal(gpio_set(line, true), 0);
	assert_int_equal(number(rig, "stats", "/chip/hard_resets"), 1);
	assert_int_equal(number(rig, "stats", "/gpio/reset_pulses"), 2);
	line = gpio_close(line);
}

static void disturbs_the_display_bus(void **state)
{
	struct rig *rig = *state;
	uint8_t bytes[] = { 0x00, 0xe3, 0xe3 };
	struct i2c_message nop = { .buf = bytes, .len = sizeof(bytes) };
	struct i2c_bus *bus;

	assert_int_equal(i2cdev_open(&bus, "/dev/i2c-1", 0x3c), 0);
	tell(rig, "fault i2c-eagain 2");
	assert_int_equal(i2cdev_transfer(bus, &nop, 1), -EAGAIN);
	assert_int_equal(i2cdev_transfer(bus, &nop, 1), -EAGAIN);
	assert_int_equal(i2cdev_transfer(bus, &nop, 1), 0);
	tell(rig, "fault i2c-short 1");
	assert_int_equal(i2cdev_transfer(bus, &nop, 1), -EIO);
	assert_int_equal(i2cdev_transfer(bus, &nop, 1), 0);
	tell(rig, "fault oled-nak-at 2");
	assert_int_equal(i2cdev_transfer(bus, &nop, 1), -EREMOTEIO);
	tell(rig, "fault oled-nak-errno ENXIO");
	assert_int_equal(i2cdev_transfer(bus, &nop, 1), -EIO);
	tell(rig, "fault oled-nak-at 0");
	assert_int_equal(i2cdev_transfer(bus, &nop, 1), -ENXIO);
	tell(rig, "fault oled-nak-at off");
	assert_int_equal(i2cdev_transfer(bus, &nop, 1), 0);
	tell(rig, "oled out");
	assert_int_equal(i2cdev_transfer(bus, &nop, 1), -ENXIO);
	tell(rig, "oled in");
	tell(rig, "set i2c timeout_ns 1000000");
	tell(rig, "fault i2c-stuck on");
	assert_int_equal(i2cdev_transfer(bus, &nop, 1), -ETIMEDOUT);
	tell(rig, "fault i2c-stuck off");
	assert_int_equal(i2cdev_transfer(bus, &nop, 1), 0);
	assert_int_equal(number(rig, "stats", "/violations"), 0);
	bus = i2cdev_close(bus);
}

static void sets_every_switch_by_its_name(void **state)
{
	struct rig *rig = *state;

	tell(rig, "set chip recv_raises_ir on");
	assert_int_equal(number(rig, "settings", "/chip/recv_raises_ir"), 1);
	tell(rig, "set spi call_ns 5000");
	assert_int_equal(number(rig, "settings", "/spi/call_ns"), 5000);
	tell(rig, "set i2c nak_errno ENXIO");
	assert_int_equal(number(rig, "settings", "/i2c/nak_errno"), ENXIO);
	tell(rig, "set gpio int_unwired on");
	assert_int_equal(number(rig, "settings", "/gpio/int_unwired"), 1);
	tell(rig, "fault clear");
	assert_int_equal(number(rig, "settings", "/gpio/int_unwired"), 0);
	assert_int_equal(number(rig, "settings", "/spi/call_ns"), 5000); /* no fault */
}

static void says_what_it_cannot_set(void **state)
{
	struct rig *rig = *state;

	assert_refused(rig, "set cpu speed 1",
		       "There is no part cpu: chip, spi, i2c, gpio");
	assert_refused(rig, "set chip colour 1", "chip has no colour");
	assert_refused(rig, "set gpio int_deaf 2", "gpio int_deaf cannot be 2");
	assert_refused(rig, "set spi bufsiz much", "spi bufsiz cannot be much");
	assert_refused(rig, "set spi bufsiz 4096x", "cannot be 4096x");
	assert_refused(rig, "set spi bufsiz -1", "cannot be -1");
	assert_refused(rig, "set i2c nak_errno EFOO", "cannot be EFOO");
	assert_refused(rig, "fault flood on", "There is no fault flood");
	assert_refused(rig, "fault int-line sideways", "int-line cannot be sideways");
	assert_refused(rig, "fault reset-line low", "reset-line cannot be low");
	assert_refused(rig, "fault spi-silent 55", "spi-silent cannot be 55");
	assert_refused(rig, "fault spi-error soon", "spi-error cannot be soon");
	assert_refused(rig, "fault spi-bit-errors 1000001", "cannot be 1000001");
	assert_refused(rig, "fault chip-send-ok-withheld 2", "cannot be 2");
	assert_refused(rig, "fault chip-rx-header 65536", "cannot be 65536");
	assert_refused(rig, "fault oled-nak-at x", "oled-nak-at cannot be x");
	assert_refused(rig, "fault chip-version", "fault takes: clear");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
	static const struct CMUnitTest tests[] = {
		TEST(makes_messages_fail_until_told),
		TEST(makes_messages_fail_for_a_time),
		TEST(refuses_to_open_the_buses_and_lines),
		TEST(takes_the_spi_device_away),
		TEST(makes_the_bus_read_nonsense),
		TEST(loses_all_registers),
		TEST(never_takes_commands),
		TEST(disturbs_the_interrupt_line),
		TEST(cuts_the_reset_line),
		TEST(disturbs_the_display_bus),
		TEST(sets_every_switch_by_its_name),
		TEST(says_what_it_cannot_set),
	};

	return cmocka_run_group_tests_name("board_faults", tests, NULL, NULL);
}
