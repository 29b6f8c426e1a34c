// SPDX-License-Identifier: MIT
/* test_pump_wires.c — wires that are too long, a clock that is too high, a bus that is
 * small */
#include "mqttnode/pump.h"

#include "pump_rig.h"

static struct sim_spi_faults *bus_faults(struct pump_rig *rig)
{
	return sim_spi_faults(rig->board.spi);
}

/* What was lost before counts no more; what comes is any length. */
static void forget_losses(struct pump_rig *rig)
{
	rig->received.next = rig->wire_next = rig->wire_end;
	rig->board.sent.next = rig->tap_next = rig->tap_end;
	rig->received.bad = rig->received.missing = 0;
	rig->board.sent.bad = rig->board.sent.missing = 0;
}

static void bad_wires_cost_clock_and_are_told(void **state)
{
	struct pump_rig *rig = *state;

	bus_faults(rig)->bit_slip = 1;
	bus_faults(rig)->errors_above_hz = 10000000;
	assert_true(pump_rig_wait(rig, is_up, 2 * SEC) < SEC);
	assert_int_equal(pump_rig_status(rig).spi_speed_hz, 33000000 / 4);
	assert_hint(rig, "8.25 MHz");
	assert_works(rig);

	/* Better wires: the next probe finds out. */
	bus_faults(rig)->bit_slip = 0;
	sim_spi_unbind(rig->board.spi);
	pump_rig_for(rig, SEC);
	assert_true(is_up(rig));
	assert_int_equal(pump_rig_status(rig).spi_speed_hz, 33000000);
	assert_hint(rig, "");
	assert_works(rig);
}

static void wires_that_are_bad_at_any_clock_are_told(void **state)
{
	struct pump_rig *rig = *state;

	bus_faults(rig)->bit_slip = 1;
	(void)pump_rig_wait(rig, is_absent, 2 * SEC);
	assert_cause(rig, "shifted");
	bus_faults(rig)->bit_slip = 0;
	(void)pump_rig_wait(rig, is_up, 2 * SEC);
	assert_works(rig);
}

static void noise_on_the_wires_stops_nothing(void **state)
{
	struct pump_rig *rig = *state;

	pump_rig_up(rig);
	rig->received.any_length = rig->board.sent.any_length = true;
	bus_faults(rig)->miso_bit_errors = 1000; /* 1e-6 */
	for (int i = 0; i < 200; i++) {
		pump_rig_traffic(rig, 20, 20);
		pump_rig_for(rig, 60 * MS);
		rig->received.next = rig->wire_next = rig->wire_end;
		rig->board.sent.next = rig->tap_next = rig->tap_end;
	}
	bus_faults(rig)->miso_bit_errors = 0;
	pump_rig_for(rig, 500 * MS);
	assert_true(sim_spi_stats(rig->board.spi)->bit_errors > 10);
	assert_int_equal(rig->received.repeated + rig->board.sent.repeated, 0);
	assert_true(is_up(rig));
	assert_int_equal(pump_rig_counters(rig).recover_probe, 0);
}

static bool is_slower(struct pump_rig *rig)
{
	return is_up(rig) && pump_rig_status(rig).spi_speed_hz == 33000000 / 2;
}

/* Carries frames both ways, some of which are spoilt, for ten seconds at most. */
static void load_until(struct pump_rig *rig, bool (*done)(struct pump_rig *rig))
{
	for (int round = 0; round < 100 && !done(rig); round++) {
		pump_rig_traffic(rig, 100, 100);
		pump_rig_for(rig, 100 * MS);
		forget_losses(rig);
	}
	assert_true(done(rig));
}

static void a_clock_at_which_the_chip_errs_is_lowered_while_it_runs(void **state)
{
	static const uint32_t rates[] = { 100000, 1000000 }; /* 1e-4, 1e-3 */

	for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
		struct pump_rig *rig = *state;

		pump_rig_up(rig);
		rig->received.any_length = rig->board.sent.any_length = true;
		bus_faults(rig)->errors_above_hz = 20000000;
		bus_faults(rig)->miso_bit_errors = rates[i];
		load_until(rig, is_slower);
		assert_true(pump_rig_counters(rig).clock_lowered <= 1);
		assert_hint(rig, "16.5 MHz");
		pump_rig_for(rig, 5 * SEC);
		forget_losses(rig);
		assert_works(rig);
		assert_int_equal(rig->received.repeated + rig->board.sent.repeated, 0);
		assert_int_equal(pump_rig_teardown(state), 0);
		assert_int_equal(pump_rig_setup(state), 0);
	}
}

/* One message whose answer is garbled: all bits of it are wrong. */
static void garble_one(struct pump_rig *rig)
{
	uint64_t before = pump_rig_counters(rig).bus_garbled;

	bus_faults(rig)->miso_bit_errors = 1000000000;
	while (pump_rig_counters(rig).bus_garbled == before)
		pump_rig_for(rig, US);
	bus_faults(rig)->miso_bit_errors = 0;
	assert_int_equal(pump_rig_counters(rig).bus_garbled, before + 1);
	pump_rig_for(rig, 300 * MS);
}

/* Four of them in ten seconds, whatever the messages were for; three are none. */
static void so_many_garbled_answers_lower_the_clock(void **state)
{
	struct pump_rig *rig = *state;

	pump_rig_up(rig);
	for (int i = 0; i < 6; i++) {
		if (i == 3)
			pump_rig_for(rig, 11 * SEC);
		if (i % 3 == 1) /* a window of an exchange; else a health tick */
			pump_rig_traffic(rig, 1, 0);
		garble_one(rig);
	}
	assert_int_equal(pump_rig_counters(rig).clock_lowered, 0);
	pump_rig_for(rig, 11 * SEC);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(pump_rig_counters(rig).clock_lowered, 0);
		garble_one(rig);
	}
	assert_int_equal(pump_rig_counters(rig).clock_lowered, 1);
	assert_true(is_slower(rig));
	assert_works(rig);
}

static void a_clock_that_was_lowered_stays_so(void **state)
{
	struct pump_rig *rig = *state;

	pump_rig_up(rig);
	rig->received.any_length = true;
	bus_faults(rig)->errors_above_hz = 20000000;
	bus_faults(rig)->miso_bit_errors = 100000;
	load_until(rig, is_slower);
	/* The pattern of a start may well pass at such a rate. */
	sim_spi_unbind(rig->board.spi);
	pump_rig_for(rig, SEC);
	assert_true(is_slower(rig));
	assert_int_equal(pump_rig_counters(rig).clock_lowered, 1);
	assert_works(rig);
}

/* A controller whose DMA does not work carries what its FIFO holds. */
static void a_controller_that_cannot_carry_long_transfers_is_spared(void **state)
{
	static const struct {
		uint32_t bufsiz, alignment, max_transfer;
	} machines[] = {
		{ 512, 1, 64 },	      { 4096, 1, 64 },	 { 4096, 128, 64 },
		{ 4096, 128, 100 },   { 4096, 64, 128 }, { 65536, 1, 64 },
		{ 65536, 128, 4095 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(machines); i++) {
		struct pump_rig *rig = *state;

		sim_spi_options(rig->board.spi)->bufsiz = machines[i].bufsiz;
		sim_spi_options(rig->board.spi)->alignment = machines[i].alignment;
		sim_spi_options(rig->board.spi)->max_transfer = machines[i].max_transfer;
		rig->settings.spi_max_transfer = machines[i].max_transfer;
		rig->wire_outstanding = 4;
		pump_rig_up(rig);
		pump_rig_traffic(rig, 500, 500);
		(void)pump_rig_wait(rig, all_arrived, 20 * SEC);
		assert_all_arrived(rig);
		assert_int_equal(pump_rig_counters(rig).bus_errors, 0);
		assert_clean(rig);
		assert_int_equal(pump_rig_teardown(state), 0);
		assert_int_equal(pump_rig_setup(state), 0);
	}
}

static void a_controller_that_cannot_carry_long_transfers_is_told(void **state)
{
	struct pump_rig *rig = *state;

	sim_spi_options(rig->board.spi)->max_transfer = 64;
	(void)pump_rig_wait(rig, is_absent, 2 * SEC);
	assert_cause(rig, RIG_SPI);
	assert_cause(rig, "ethernet.spi_max_transfer");
	assert_int_equal(pump_rig_status(rig).cause_id, CAUSE_SPI_TIMEOUT);
	rig->settings.spi_max_transfer = 64; /* as after a restart */
	rig->pump = pump_free(rig->pump);
	(void)pump_rig_wait(rig, is_up, 5 * SEC);
	assert_clean(rig);
}

#define MINUTE (60 * SEC)

static bool is_fast(struct pump_rig *rig)
{
	return is_up(rig) && pump_rig_status(rig).spi_speed_hz == 33000000;
}

/* A frame a second, so that it is not merely idle. */
static void pass(struct pump_rig *rig, uint64_t ns)
{
	for (uint64_t end = pump_rig_now(rig) + ns; pump_rig_now(rig) < end;) {
		pump_rig_traffic(rig, 1, 1);
		pump_rig_for(rig, SEC);
	}
}

static void a_clock_that_was_lowered_is_reconsidered(void **state)
{
	struct pump_rig *rig = *state;
	uint64_t pulses;

	pump_rig_up(rig);
	rig->received.any_length = rig->board.sent.any_length = true;
	pulses = sim_gpio_stats(rig->gpio)->reset_pulses;
	bus_faults(rig)->errors_above_hz = 20000000;
	bus_faults(rig)->miso_bit_errors = 100000;
	load_until(rig, is_slower);

	/* After ten minutes; nothing has changed, so it is lowered again. */
	pass(rig, 9 * MINUTE);
	assert_int_equal(pump_rig_counters(rig).clock_retried, 0);
	pass(rig, 2 * MINUTE);
	assert_int_equal(pump_rig_counters(rig).clock_retried, 1);
	load_until(rig, is_slower);

	/* Then after twenty. The disturbance is over. */
	pass(rig, 18 * MINUTE);
	assert_int_equal(pump_rig_counters(rig).clock_retried, 1);
	bus_faults(rig)->miso_bit_errors = 0;
	pass(rig, 3 * MINUTE);
	assert_int_equal(pump_rig_counters(rig).clock_retried, 2);
	assert_true(is_fast(rig));
	assert_hint(rig, "");
	pass(rig, 60 * MINUTE);
	assert_int_equal(pump_rig_counters(rig).clock_retried, 2);

	/* It is no step of recovery, and nothing that anybody notices. */
	assert_int_equal(sim_gpio_stats(rig->gpio)->reset_pulses, pulses);
	forget_losses(rig);
	assert_works(rig);
	assert_clean(rig);
}

/* Also one that was lowered by the start; a link that is busy is left alone. */
static void a_clock_is_reconsidered_in_a_moment_without_traffic(void **state)
{
	struct pump_rig *rig = *state;

	bus_faults(rig)->bit_slip = 1;
	bus_faults(rig)->errors_above_hz = 20000000;
	(void)pump_rig_wait(rig, is_slower, 5 * SEC);
	bus_faults(rig)->bit_slip = 0;
	pump_rig_for(rig, 595 * SEC);
	for (int i = 0; i < 1000; i++) { /* ten seconds and more */
		pump_rig_traffic(rig, 1, 1);
		pump_rig_for(rig, 20 * MS);
	}
	assert_all_arrived(rig);
	assert_int_equal(pump_rig_counters(rig).clock_retried, 0);
	(void)pump_rig_wait(rig, is_fast, SEC);
	assert_works(rig);
	assert_clean(rig);
}

static void a_bus_smaller_than_a_frame_carries_all(void **state)
{
	static const struct {
		uint32_t bufsiz, alignment;
	} machines[] = {
		{ 192, 1 }, { 256, 1 }, { 384, 128 }, { 512, 64 }, { 1024, 128 }
	};

	for (size_t i = 0; i < ARRAY_SIZE(machines); i++) {
		struct pump_rig *rig = *state;

		sim_spi_options(rig->board.spi)->bufsiz = machines[i].bufsiz;
		sim_spi_options(rig->board.spi)->alignment = machines[i].alignment;
		rig->wire_outstanding = 4;
		pump_rig_up(rig);
		pump_rig_traffic(rig, 500, 500);
		(void)pump_rig_wait(rig, all_arrived, 20 * SEC);
		assert_all_arrived(rig);
		assert_clean(rig);
		assert_int_equal(pump_rig_teardown(state), 0);
		assert_int_equal(pump_rig_setup(state), 0);
	}
}

static void a_bus_that_carries_next_to_nothing_is_told(void **state)
{
	struct pump_rig *rig = *state;

	sim_spi_options(rig->board.spi)->bufsiz = 256;
	sim_spi_options(rig->board.spi)->alignment = 128;
	(void)pump_rig_wait(rig, is_absent, SEC);
	assert_cause(rig, "spidev.bufsiz");
	sim_spi_options(rig->board.spi)->bufsiz = 4096;
	(void)pump_rig_wait(rig, is_up, SEC);
	assert_works(rig);
	assert_clean(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, pump_rig_setup, pump_rig_teardown)
		TEST(bad_wires_cost_clock_and_are_told),
		TEST(wires_that_are_bad_at_any_clock_are_told),
		TEST(noise_on_the_wires_stops_nothing),
		TEST(a_clock_at_which_the_chip_errs_is_lowered_while_it_runs),
		TEST(so_many_garbled_answers_lower_the_clock),
		TEST(a_clock_that_was_lowered_stays_so),
		TEST(a_controller_that_cannot_carry_long_transfers_is_spared),
		TEST(a_controller_that_cannot_carry_long_transfers_is_told),
		TEST(a_clock_that_was_lowered_is_reconsidered),
		TEST(a_clock_is_reconsidered_in_a_moment_without_traffic),
		TEST(a_bus_smaller_than_a_frame_carries_all),
		TEST(a_bus_that_carries_next_to_nothing_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
