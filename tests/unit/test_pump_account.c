// SPDX-License-Identifier: MIT
/*
 * test_pump_account.c — every frame that is taken from the TAP is sent, or counted
 *
 * Frames go out and come in without a pause, and something goes wrong: with the bus, the
 * chip, the cable, the machine, or with the frames themselves, at many moments of the
 * work. When all is well again, what was taken from the TAP must be what was sent and
 * what was dropped, by its causes. A frame that was counted as dropped may have left
 * nevertheless: nobody can know that of a SEND that was interrupted. One that was
 * counted as sent has left, once and as it was.
 */
#include "mqttnode/pump.h"

#include <errno.h>

#include "pump_rig.h"
#include "short.h"

/* What goes wrong, with a random number, and how long it may last. */
struct mishap {
	const char *name;
	void (*begin)(struct pump_rig *rig, uint32_t random);
	uint64_t longest_ns;
};

static struct sim_spi_faults *bus_faults(struct pump_rig *rig)
{
	return sim_spi_faults(rig->board.spi);
}

static struct w5500_sim_faults *chip_faults(struct pump_rig *rig)
{
	return w5500_sim_faults(rig->board.chip);
}

/* ---- the bus ---- */

static void fail_one_message(struct pump_rig *rig, uint32_t random)
{
	bus_faults(rig)->fail_before = random & 1;
	bus_faults(rig)->fail_after = (random >> 1) % 16;
	bus_faults(rig)->fail_next = 1 + (random >> 8) % 3;
}

static void fail_for_long(struct pump_rig *rig, uint32_t random)
{
	bus_faults(rig)->fail_until_ns = pump_rig_now(rig) + random % (500 * MS);
}

static void fail_often(struct pump_rig *rig, uint32_t random)
{
	bus_faults(rig)->fail_one_in = 3 + random % 30;
}

static void read_nothing(struct pump_rig *rig, uint32_t random)
{
	bus_faults(rig)->miso_next = 1 + (random >> 1) % 20;
	bus_faults(rig)->miso = random & 1 ? SIM_SPI_MISO_ALL_FF : SIM_SPI_MISO_ALL_00;
}

static void unbind(struct pump_rig *rig, uint32_t random)
{
	bus_faults(rig)->open_errno = random & 1 ? ENOENT : 0;
	sim_spi_unbind(rig->board.spi);
}

static void return_late(struct pump_rig *rig, uint32_t random)
{
	bus_faults(rig)->late_one_in = 5;
	bus_faults(rig)->late_ns = random % (300 * MS);
}

/* ---- the chip ---- */

static void lose_registers(struct pump_rig *rig, uint32_t random)
{
	chip_faults(rig)->reset_at = 1 + random % W5500_SIM_PHASE_TX_SENT;
}

static void never_end_a_send(struct pump_rig *rig, uint32_t random)
{
	chip_faults(rig)->send_stuck = 1 + random % 5;
}

static void take_no_command(struct pump_rig *rig, uint32_t random)
{
	(void)random;
	chip_faults(rig)->cr_stuck = true;
}

static void lose_commands(struct pump_rig *rig, uint32_t random)
{
	chip_faults(rig)->lose_command = random & 1 ? 0x20 : 0x40; /* SEND, RECV */
	chip_faults(rig)->lose_commands = 1 + (random >> 1) % 3;
}

/* The start of a record is not where it should be. */
static void spoil_lengths(struct pump_rig *rig, uint32_t random)
{
	chip_faults(rig)->bad_rx_length = random % 62;
	chip_faults(rig)->bad_rx_headers = 1;
}

static void hang(struct pump_rig *rig, uint32_t random)
{
	chip_faults(rig)->hung = 1 + random % 3;
}

/* ---- cable and frames ---- */

static void pull_the_cable(struct pump_rig *rig, uint32_t random)
{
	(void)random;
	w5500_sim_set_cable(rig->board.chip, false);
}

static void write_a_giant(struct pump_rig *rig, uint32_t random)
{
	static const uint8_t giant[W5500_SIM_FRAME_BUFFER];

	pump_rig_write_tap(rig, giant, W5500_SIM_FRAME_MAX + 1 + random % 400);
}

static const struct mishap mishaps[] = {
	{ "messages fail", fail_one_message, 5 * MS },
	{ "all messages fail for a time", fail_for_long, 500 * MS },
	{ "messages fail often", fail_often, 100 * MS },
	{ "nothing is read", read_nothing, 50 * MS },
	{ "the device goes", unbind, 300 * MS },
	{ "calls return late", return_late, 500 * MS },
	{ "registers are lost", lose_registers, 50 * MS },
	{ "SENDs never end", never_end_a_send, 100 * MS },
	{ "no command is taken", take_no_command, 300 * MS },
	{ "commands are lost", lose_commands, 100 * MS },
	{ "lengths are spoiled", spoil_lengths, 50 * MS },
	{ "the chip hangs", hang, 500 * MS },
	{ "the cable is pulled", pull_the_cable, 600 * MS },
	{ "a frame is too long", write_a_giant, 5 * MS },
};

/* All is well again. */
static void mend(struct pump_rig *rig)
{
	*bus_faults(rig) = (struct sim_spi_faults){ 0 };
	*chip_faults(rig) = (struct w5500_sim_faults){ .hung = chip_faults(rig)->hung };
	w5500_sim_set_cable(rig->board.chip, true);
}

/* ---- the account ---- */

/* Frames that are neither sent nor dropped. */
static uint64_t unaccounted(struct pump_rig *rig)
{
	struct pump_counters c = pump_rig_counters(rig);

	return rig->n_taken - c.tx_frames - c.tx_dropped_link - c.tx_dropped_chip -
	       c.tx_dropped_size;
}

static bool is_accounted(struct pump_rig *rig)
{
	return is_up(rig) && unaccounted(rig) == 0;
}

/* Frames wait for a recovery to end, but not longer. */
static void assert_accounted(struct pump_rig *rig, const struct mishap *mishap)
{
	const struct w5500_sim_stats *stats = w5500_sim_stats(rig->board.chip);

	for (int i = 0; i < 20 && !is_accounted(rig); i++)
		pump_rig_for(rig, 100 * MS);
	if (!is_accounted(rig))
		fail_msg("%s: of %llu frames taken %lld are unaccounted for",
			 mishap->name, (unsigned long long)rig->n_taken,
			 (long long)unaccounted(rig));
	assert_in_range(stats->tx_frames, pump_rig_counters(rig).tx_frames, rig->n_taken);
	assert_int_equal(rig->board.sent.bad, 0);
	assert_int_equal(rig->board.sent.repeated, 0);
	assert_int_equal(rig->received.repeated, 0);
}

/* Two things at most, the second while the first is not over yet. */
static void happen(struct pump_rig *rig, const struct mishap *first, uint32_t round)
{
	uint32_t random = scramble(round + 1);
	const struct mishap *second =
		round % 2 ? &mishaps[scramble(random) % ARRAY_SIZE(mishaps)] : NULL;

	pump_rig_traffic(rig, 30, 30);
	pump_rig_for(rig, random % (2 * MS));
	first->begin(rig, scramble(random + 1));
	if (second) {
		pump_rig_for(rig, scramble(random + 2) % (20 * MS));
		second->begin(rig, scramble(random + 3));
	}
	pump_rig_for(rig, scramble(random + 4) % first->longest_ns);
	mend(rig);
	(void)pump_rig_wait(rig, is_up, 10 * SEC);
	pump_rig_for(rig, 600 * MS);
	assert_accounted(rig, first);
	/* What is lost is not waited for. */
	rig->received.next = rig->wire_next = rig->wire_end;
	rig->board.sent.next = rig->tap_next = rig->tap_end;
}

static void account_for_frames(void **state, bool chained, unsigned int mbit)
{
	for (size_t i = 0; i < ARRAY_SIZE(mishaps); i++) {
		struct pump_rig *rig = *state;

		rig->settings.chained = chained;
		if (chained)
			w5500_sim_options(rig->board.chip)->accept =
				W5500_SIM_ACCEPT_AT_FRAME_END;
		w5500_sim_set_partner(rig->board.chip, mbit, mbit == 100);
		pump_rig_up(rig);
		for (uint32_t round = 0; round < (is_short() ? 10 : 50); round++)
			happen(rig, &mishaps[i], round);
		assert_int_equal(pump_rig_teardown(state), 0);
		assert_int_equal(pump_rig_setup(state), 0);
	}
}

static void frames_are_accounted_for_whatever_happens(void **state)
{
	account_for_frames(state, false, 100);
}

static void so_are_those_of_the_chained_plan(void **state)
{
	account_for_frames(state, true, 100);
}

static void so_are_those_that_are_long_on_the_wire(void **state)
{
	account_for_frames(state, false, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, pump_rig_setup, pump_rig_teardown)
		TEST(frames_are_accounted_for_whatever_happens),
		TEST(so_are_those_of_the_chained_plan),
		TEST(so_are_those_that_are_long_on_the_wire),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
