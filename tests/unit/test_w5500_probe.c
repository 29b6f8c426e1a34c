// SPDX-License-Identifier: MIT
/* test_w5500_probe.c — what can be asked of the wires while the chip does not run */
#include "mqttnode/w5500_probe.h"

#include <errno.h>

#include "chip_rig.h"
#include "sim/sim_gpio.h"
#include "unit.h"

static struct sim_gpio *gpio;
static struct sim_report report;

static int set_up(void **state)
{
	struct chip_rig *rig;

	if (chip_rig_setup(state) < 0)
		return -1;
	rig = *state;
	return sim_gpio_new(&gpio, rig->board.chip, 25, 24, &report);
}

static int tear_down(void **state)
{
	gpio = sim_gpio_free(gpio);
	return chip_rig_teardown(state);
}

static int probe(struct chip_rig *rig)
{
	_cleanup_(gpio_closep) struct gpio_line *reset = NULL;

	assert_int_equal(gpio_open_output(&reset, "GPIO24", true), 0);
	return w5500_probe_reset(rig->bus, reset, board_time_clock(rig->board.time));
}

static void a_wire_that_resets_the_chip_is_seen(void **state)
{
	struct chip_rig *rig = *state;

	assert_int_equal(probe(rig), 1);
	assert_int_equal(sim_gpio_stats(gpio)->reset_pulses, 1);
	/* and the chip starts as ever */
	assert_int_equal(chip_rig_start(rig, W5500_START_PROBE), 1);
}

static void a_wire_that_is_not_there_is_seen(void **state)
{
	struct chip_rig *rig = *state;

	sim_gpio_faults(gpio)->reset_unwired = true;
	assert_int_equal(probe(rig), 0);
	assert_int_equal(chip_rig_start(rig, W5500_START_PROBE), 1);
}

static void nothing_is_said_of_a_chip_that_does_not_answer(void **state)
{
	struct chip_rig *rig = *state;
	struct sim_spi_faults *f = sim_spi_faults(rig->board.spi);

	f->miso = SIM_SPI_MISO_ALL_00;
	assert_int_equal(probe(rig), -ENODEV);
	f->miso = SIM_SPI_MISO_CHIP;
	w5500_sim_faults(rig->board.chip)->wrong_versionr = 0x51;
	assert_int_equal(probe(rig), -ENODEV);
	w5500_sim_faults(rig->board.chip)->wrong_versionr = 0;
	f->fail_next = 1;
	assert_int_equal(probe(rig), -EIO);
	assert_int_equal(sim_gpio_stats(gpio)->reset_pulses, 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	static const struct CMUnitTest tests[] = {
		TEST(a_wire_that_resets_the_chip_is_seen),
		TEST(a_wire_that_is_not_there_is_seen),
		TEST(nothing_is_said_of_a_chip_that_does_not_answer),
	};

	return cmocka_run_group_tests_name("w5500_probe", tests, NULL, NULL);
}
