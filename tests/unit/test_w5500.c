// SPDX-License-Identifier: MIT
/* test_w5500.c — from unknown to running, health, and what people are told */
#include "mqttnode/w5500.h"

#include <errno.h>
#include <string.h>

#include "chip_rig.h"
#include "mqttnode/w5500_regs.h"
#include "unit.h"

static const char *explained(struct chip_rig *rig, int error)
{
	static char text[160];

	assert_int_not_equal(w5500_explain(rig->chip, error, RIG_SPI, text, sizeof(text)),
			     CAUSE_NONE);
	return text;
}

static void starts_a_healthy_chip(void **state)
{
	struct chip_rig *rig = *state;
	struct w5500_health health;

	assert_int_equal(chip_rig_start(rig, W5500_START_PROBE), 1);
	assert_int_equal(w5500_speed_hz(rig->chip), 33400000);
	assert_int_equal(w5500_check(rig->chip, &health), 1);
	assert_true(health.link_up);
	assert_int_equal(health.link_mbit, 100);
	assert_true(health.full_duplex);
	assert_false(health.recv_latched);
	assert_false(health.rx_waiting);
	assert_int_equal(w5500_due_ns(rig->chip), UINT64_MAX);
	assert_int_equal(w5500_sim_stats(rig->board.chip)->soft_resets, 1);
	assert_int_equal(w5500_sim_stats(rig->board.chip)->opens, 1);
	packet_rig_assert_clean(&rig->board);
}

static void starts_with_each_option_of_reset_and_commands(void **state)
{
	struct chip_rig *rig = *state;
	struct w5500_sim_options *o = w5500_sim_options(rig->board.chip);

	o->write_miso_random = true;
	o->reserved_reads_random = true;
	o->reset_busy_ns = 5 * MS;
	o->reset_busy_selects = 3;
	o->versionr_zero_reads = 4;
	o->command_busy_ns = 2 * MS;
	assert_int_equal(chip_rig_start(rig, W5500_START_PROBE), 1);
	o->accept = W5500_SIM_ACCEPT_AT_ONCE;
	o->command_busy_ns = 0;
	assert_int_equal(chip_rig_start(rig, W5500_START_PROBE), 1);
	assert_int_equal(chip_rig_start(rig, W5500_START_REOPEN), 1);
	assert_int_equal(chip_rig_start(rig, W5500_START_RESYNC), 1);
	packet_rig_assert_clean(&rig->board);
}

static void starts_with_small_messages(void **state)
{
	struct chip_rig *rig = *state;

	sim_spi_options(rig->board.spi)->bufsiz = 512;
	assert_int_equal(chip_rig_start(rig, W5500_START_PROBE), 1);
	chip_rig_run(rig);
	chip_rig_traffic(rig, 100, 100, NSEC_PER_SEC);
	assert_int_equal(rig->received.good, 100);
	assert_int_equal(rig->board.sent.good, 100);
	packet_rig_assert_clean(&rig->board);
}

static void tells_what_a_dead_bus_looks_like(void **state)
{
	struct chip_rig *rig = *state;
	struct sim_spi_faults *f = sim_spi_faults(rig->board.spi);

	f->miso = SIM_SPI_MISO_ALL_00;
	assert_int_equal(chip_rig_start(rig, W5500_START_PROBE), -ENODEV);
	assert_string_equal(
		explained(rig, -ENODEV),
		"No answer from the W5500 on /dev/spidev0.0: MISO is all zeros. "
		"Check wiring of MISO, CS and power.");
	f->miso = SIM_SPI_MISO_ALL_FF;
	assert_int_equal(chip_rig_start(rig, W5500_START_PROBE), -ENODEV);
	assert_string_equal(
		explained(rig, -ENODEV),
		"No answer from the W5500 on /dev/spidev0.0: MISO is all ones. "
		"Check wiring of MISO, CS and power.");
	f->miso = SIM_SPI_MISO_CHIP;
	for (f->bit_slip = 1; f->bit_slip < 8; f->bit_slip++) {
		assert_int_equal(chip_rig_start(rig, W5500_START_PROBE), -ENODEV);
		assert_non_null(strstr(explained(rig, -ENODEV), "shifted by a bit"));
	}
	f->bit_slip = 0;
	f->miso_bit_errors = 500000000;
	assert_int_equal(chip_rig_start(rig, W5500_START_PROBE), -ENODEV);
	assert_non_null(strstr(explained(rig, -ENODEV), "garbled at any clock"));
	f->miso_bit_errors = 0;
	w5500_sim_faults(rig->board.chip)->wrong_versionr = 0x51;
	assert_int_equal(chip_rig_start(rig, W5500_START_PROBE), -ENODEV);
	assert_non_null(strstr(explained(rig, -ENODEV), "reads 0x51, not 0x04"));
	w5500_sim_faults(rig->board.chip)->wrong_versionr = 0;
	assert_int_equal(chip_rig_start(rig, W5500_START_PROBE), 1);
}

static void tells_what_a_failing_bus_says(void **state)
{
	struct chip_rig *rig = *state;

	sim_spi_faults(rig->board.spi)->fail_next = 1;
	assert_int_equal(chip_rig_start(rig, W5500_START_PROBE), -EIO);
	assert_non_null(strstr(explained(rig, -EIO), RIG_SPI));
	assert_non_null(strstr(explained(rig, -EPROTO), "does not keep"));
	assert_non_null(strstr(explained(rig, -ETIME), "does not finish"));
	assert_non_null(strstr(explained(rig, -ESTALE), "lost its registers"));
}

static void ends_a_start_that_a_bus_error_interrupts_anywhere(void **state)
{
	struct chip_rig *rig = *state;
	struct sim_spi_faults *f = sim_spi_faults(rig->board.spi);
	unsigned int failed = 0;

	for (unsigned int after = 0; after < 60; after++) {
		f->fail_next = 1;
		f->fail_after = after;
		if (chip_rig_start(rig, W5500_START_PROBE) == -EIO)
			failed++;
		else
			f->fail_next = 0;
		assert_int_equal(chip_rig_start(rig, W5500_START_PROBE), 1);
	}
	assert_true(failed > 12 && failed < 60);
}

static void lowers_the_clock_until_the_chip_is_understood(void **state)
{
	struct chip_rig *rig = *state;
	struct sim_spi_faults *f = sim_spi_faults(rig->board.spi);

	/* Identification survives so few errors, the pattern does not. */
	f->miso_bit_errors = 2000000;
	f->errors_above_hz = 10000000;
	assert_int_equal(chip_rig_start(rig, W5500_START_PROBE), 1);
	assert_int_equal(w5500_speed_hz(rig->chip), 8350000);
	/* The next probe begins at the configured clock again. */
	f->miso_bit_errors = 0;
	assert_int_equal(chip_rig_start(rig, W5500_START_PROBE), 1);
	assert_int_equal(w5500_speed_hz(rig->chip), 33400000);
	f->bit_slip = 1;
	f->errors_above_hz = 20000000;
	assert_int_equal(chip_rig_start(rig, W5500_START_PROBE), 1);
	assert_int_equal(w5500_speed_hz(rig->chip), 16700000);
}

static void refuses_a_chip_that_forgets_what_is_written(void **state)
{
	struct chip_rig *rig = *state;
	struct w5500_sim_faults *f = w5500_sim_faults(rig->board.chip);
	static const uint32_t lost[] = {
		W5500_MR,	W5500_SHAR,	 W5500_SN_RXBUF_SIZE(0),
		W5500_SN_MR(0), W5500_SN_IMR(0), W5500_SN_TXBUF_SIZE(3),
	};

	for (size_t i = 0; i < ARRAY_SIZE(lost); i++) {
		int r;

		f->lose_writes = 1;
		/* The first write to MR is the reset. */
		if (lost[i] == W5500_MR) {
			f->lose_writes = 0;
			continue;
		}
		f->lose_writes_block = W5500_REG_BLOCK(lost[i]);
		f->lose_writes_offset = W5500_REG_OFFSET(lost[i]);
		r = chip_rig_start(rig, W5500_START_PROBE);
		assert_int_equal(r, -EPROTO);
		assert_int_equal(f->lose_writes, 0);
		assert_int_equal(chip_rig_start(rig, W5500_START_PROBE), 1);
	}
	/* A reset that is not heard leaves the old values, which is noticed too. */
	f->lose_writes = 1;
	f->lose_writes_block = W5500_REG_BLOCK(W5500_MR);
	f->lose_writes_offset = W5500_REG_OFFSET(W5500_MR);
	assert_int_equal(chip_rig_start(rig, W5500_START_PROBE), -ETIME);
}

static void makes_each_phy_mode(void **state)
{
	struct chip_rig *rig = *state;
	static const struct {
		enum phy_mode mode;
		unsigned int mbit;
		bool full;
	} modes[] = {
		{ PHY_MODE_100_FULL, 100, true }, { PHY_MODE_100_HALF, 100, false },
		{ PHY_MODE_10_FULL, 10, true },	  { PHY_MODE_10_HALF, 10, false },
		{ PHY_MODE_AUTO, 100, true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		struct w5500_health health;

		rig->chip = w5500_free(rig->chip);
		rig->config.phy = modes[i].mode;
		w5500_sim_set_partner(rig->board.chip, modes[i].mbit, modes[i].full);
		assert_int_equal(chip_rig_start(rig, W5500_START_PROBE), 1);
		assert_int_equal(w5500_check(rig->chip, &health), 1);
		assert_true(health.link_up);
		assert_int_equal(health.link_mbit, modes[i].mbit);
		assert_int_equal(health.full_duplex, modes[i].full);
	}
	packet_rig_assert_clean(&rig->board);
}

static void sees_the_cable(void **state)
{
	struct chip_rig *rig = *state;
	struct w5500_health health;

	chip_rig_run(rig);
	w5500_sim_set_cable(rig->board.chip, false);
	assert_int_equal(w5500_check(rig->chip, &health), 1);
	assert_false(health.link_up);
	w5500_sim_set_partner(rig->board.chip, 10, false);
	w5500_sim_set_cable(rig->board.chip, true);
	board_time_advance(rig->board.time, packet_rig_now(&rig->board) + MS);
	assert_int_equal(w5500_check(rig->chip, &health), 1);
	assert_true(health.link_up);
	assert_int_equal(health.link_mbit, 10);
	packet_rig_assert_clean(&rig->board);
}

static void notices_that_the_chip_was_reset(void **state)
{
	struct chip_rig *rig = *state;
	struct w5500_health health;

	chip_rig_run(rig);
	w5500_sim_self_reset(rig->board.chip);
	assert_int_equal(w5500_check(rig->chip, &health), 0);
	/* Once may be a bit error. */
	assert_int_equal(w5500_trouble(rig->chip), W5500_TROUBLE_NONE);
	assert_int_equal(w5500_check(rig->chip, &health), 0);
	assert_int_equal(w5500_trouble(rig->chip), W5500_TROUBLE_REGISTERS_LOST);
	assert_int_equal(chip_rig_start(rig, W5500_START_RESET), 1);
	assert_int_equal(w5500_check(rig->chip, &health), 1);
	/* The steps that build on our configuration refuse without it. */
	w5500_sim_self_reset(rig->board.chip);
	assert_int_equal(chip_rig_start(rig, W5500_START_RESYNC), -ESTALE);
}

static void notices_that_the_chip_is_gone(void **state)
{
	struct chip_rig *rig = *state;
	struct w5500_health health;

	chip_rig_run(rig);
	sim_spi_faults(rig->board.spi)->miso = SIM_SPI_MISO_ALL_FF;
	assert_int_equal(w5500_check(rig->chip, &health), 0);
	assert_int_equal(w5500_check(rig->chip, &health), 0);
	assert_int_equal(w5500_trouble(rig->chip), W5500_TROUBLE_SILENT);
	sim_spi_faults(rig->board.spi)->fail_next = 1;
	assert_int_equal(w5500_check(rig->chip, &health), -EIO);
}

static void does_not_mind_one_bad_answer(void **state)
{
	struct chip_rig *rig = *state;
	struct w5500_health health;

	chip_rig_run(rig);
	sim_spi_faults(rig->board.spi)->miso = SIM_SPI_MISO_ALL_00;
	sim_spi_faults(rig->board.spi)->miso_next = 1;
	assert_int_equal(w5500_check(rig->chip, &health), 0);
	assert_int_equal(w5500_check(rig->chip, &health), 1);
	chip_rig_arrive(rig, 60);
	sim_spi_faults(rig->board.spi)->miso = SIM_SPI_MISO_ALL_00;
	sim_spi_faults(rig->board.spi)->miso_next = 1;
	chip_rig_settle(rig);
	assert_int_equal(rig->received.good, 1);
	for (size_t i = 0; i < ARRAY_SIZE(rig->troubles); i++)
		assert_int_equal(rig->troubles[i], 0);
}

static void closes_the_socket_in_the_end(void **state)
{
	struct chip_rig *rig = *state;

	chip_rig_run(rig);
	w5500_stop(rig->chip);
	assert_int_equal(w5500_sim_stats(rig->board.chip)->closes, 1);
	/* A SEND may end before. */
	assert_int_equal(chip_rig_start(rig, W5500_START_PROBE), 1);
	chip_rig_send(rig, 1514);
	chip_rig_turn(rig, 0);
	assert_true(w5500_tx_busy(rig->chip));
	w5500_stop(rig->chip);
	assert_int_equal(w5500_sim_stats(rig->board.chip)->closes, 2);
	assert_int_equal(rig->board.sent.good, 1);
	/* One that never ends does not hold us up, nor does a bus that fails. */
	assert_int_equal(chip_rig_start(rig, W5500_START_PROBE), 1);
	w5500_sim_faults(rig->board.chip)->send_stuck = 1;
	chip_rig_send(rig, 60);
	chip_rig_turn(rig, 0);
	w5500_stop(rig->chip);
	assert_int_equal(w5500_sim_stats(rig->board.chip)->closes, 3);
	assert_int_equal(chip_rig_start(rig, W5500_START_PROBE), 1);
	sim_spi_faults(rig->board.spi)->fail_next = 1;
	w5500_stop(rig->chip);
	assert_int_equal(w5500_sim_stats(rig->board.chip)->closes, 3);
	packet_rig_assert_clean(&rig->board);
}

#define chip_test(f) cmocka_unit_test_setup_teardown(f, chip_rig_setup, chip_rig_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		chip_test(starts_a_healthy_chip),
		chip_test(starts_with_each_option_of_reset_and_commands),
		chip_test(starts_with_small_messages),
		chip_test(tells_what_a_dead_bus_looks_like),
		chip_test(tells_what_a_failing_bus_says),
		chip_test(ends_a_start_that_a_bus_error_interrupts_anywhere),
		chip_test(lowers_the_clock_until_the_chip_is_understood),
		chip_test(refuses_a_chip_that_forgets_what_is_written),
		chip_test(makes_each_phy_mode),
		chip_test(sees_the_cable),
		chip_test(notices_that_the_chip_was_reset),
		chip_test(notices_that_the_chip_is_gone),
		chip_test(does_not_mind_one_bad_answer),
		chip_test(closes_the_socket_in_the_end),
	};

	return cmocka_run_group_tests_name("w5500", tests, NULL, NULL);
}
