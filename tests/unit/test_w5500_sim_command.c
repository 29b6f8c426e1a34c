// SPDX-License-Identifier: MIT
/* test_w5500_sim_command.c — the simulated chip's commands: rules 12 to 14 and 17 */
#include <string.h>

#include "unit.h"
#include "w5500_rig.h"

/* ---- rule 12 ---- */

static void a_command_is_taken_before_the_next_select(void **state)
{
	struct rig *rig = *state;

	rig_write8(rig, S0_REGS, 0x00, 0x04);
	rig_write8(rig, S0_REGS, 0x01, CR_OPEN);
	assert_int_equal(rig_read8(rig, S0_REGS, 0x01), 0);
	assert_int_equal(rig_read8(rig, S0_REGS, 0x03), 0x42);
}

/* Writes a command and reads CR and SR under the same select, in fixed-length frames. */
static uint16_t command_and_look(struct rig *rig, uint8_t command)
{
	const uint8_t mosi[] = { 0, 1, 0x0d, command, 0, 1, 0x09, 0, 0, 3, 0x09, 0 };
	uint8_t miso[sizeof(mosi)];

	w5500_sim_select(rig->chip);
	for (size_t i = 0; i < sizeof(mosi); i++)
		miso[i] = w5500_sim_clock_byte(rig->chip, mosi[i]);
	w5500_sim_deselect(rig->chip);
	return (uint16_t)(miso[7] << 8 | miso[11]);
}

static void a_command_is_taken_at_deselect_or_at_once(void **state)
{
	struct rig *rig = *state;

	rig_write8(rig, S0_REGS, 0x00, 0x04);
	assert_int_equal(command_and_look(rig, CR_OPEN), 0x0100);
	assert_int_equal(rig_read8(rig, S0_REGS, 0x03), 0x42);
	rig_write8(rig, S0_REGS, 0x01, CR_CLOSE);
	w5500_sim_options(rig->chip)->accept = W5500_SIM_ACCEPT_AT_ONCE;
	assert_int_equal(command_and_look(rig, CR_OPEN), 0x0042);
	assert_int_equal(rig_violations(rig), 0);
}

static void a_command_can_be_taken_at_the_end_of_a_fixed_length_frame(void **state)
{
	struct rig *rig = *state;

	rig_write8(rig, S0_REGS, 0x00, 0x04);
	w5500_sim_options(rig->chip)->accept = W5500_SIM_ACCEPT_AT_FRAME_END;
	assert_int_equal(command_and_look(rig, CR_OPEN), 0x0042);
	/* In a frame of variable length nothing else can end it than the chip select. */
	rig_write8(rig, S0_REGS, 0x01, CR_CLOSE);
	assert_int_equal(rig_read8(rig, S0_REGS, 0x03), 0x00);
	/* One that takes its time is not made quicker by that. */
	w5500_sim_options(rig->chip)->command_busy_selects = 1;
	assert_int_equal(command_and_look(rig, CR_OPEN), 0x0100);
	assert_int_equal(rig_read8(rig, S0_REGS, 0x01), CR_OPEN);
	assert_int_equal(rig_read8(rig, S0_REGS, 0x03), 0x42);
	w5500_sim_options(rig->chip)->command_busy_selects = 0;
	w5500_sim_options(rig->chip)->command_busy_ns = 50 * US;
	assert_int_equal(command_and_look(rig, CR_CLOSE), 0x1042);
	rig_wait(rig, 50 * US);
	assert_int_equal(rig_read8(rig, S0_REGS, 0x03), 0x00);
	assert_int_equal(rig_violations(rig), 0);
}

static void cr_can_stay_busy_for_selects(void **state)
{
	struct rig *rig = *state;

	w5500_sim_options(rig->chip)->command_busy_selects = 3;
	rig_write8(rig, S0_REGS, 0x00, 0x04);
	rig_write8(rig, S0_REGS, 0x01, CR_OPEN);
	assert_int_equal(rig_read8(rig, S0_REGS, 0x01), CR_OPEN);
	assert_int_equal(rig_read8(rig, S0_REGS, 0x03), 0x00);
	assert_int_equal(rig_read8(rig, S0_REGS, 0x01), CR_OPEN);
	assert_int_equal(rig_read8(rig, S0_REGS, 0x01), 0);
	assert_int_equal(rig_read8(rig, S0_REGS, 0x03), 0x42);
}

static void cr_can_stay_busy_for_a_time(void **state)
{
	struct rig *rig = *state;

	w5500_sim_options(rig->chip)->command_busy_ns = 50 * US;
	rig_write8(rig, S0_REGS, 0x00, 0x04);
	rig_write8(rig, S0_REGS, 0x01, CR_OPEN);
	rig_wait(rig, 50 * US - 1);
	assert_int_equal(rig_read8(rig, S0_REGS, 0x01), CR_OPEN);
	rig_wait(rig, 1);
	assert_int_equal(rig_read8(rig, S0_REGS, 0x01), 0);
	assert_int_equal(rig_read8(rig, S0_REGS, 0x03), 0x42);
}

static void a_command_over_a_command_is_ignored(void **state)
{
	struct rig *rig = *state;

	w5500_sim_options(rig->chip)->command_busy_ns = 50 * US;
	rig_write8(rig, S0_REGS, 0x00, 0x04);
	rig_write8(rig, S0_REGS, 0x01, CR_OPEN);
	rig_write8(rig, S0_REGS, 0x01, CR_CLOSE);
	rig_assert_violation(rig, "command 0x10 written while S0_CR is 0x01");
	rig_wait(rig, 50 * US);
	assert_int_equal(rig_read8(rig, S0_REGS, 0x03), 0x42);
}

#define OVER_RECV "command 0x20 written while S0_CR is 0x40"

/* A message with RECV and SEND, or two; with another access between them, or none. */
static void recv_and_send(struct rig *rig, bool apart, bool between)
{
	w5500_sim_message_begins(rig->chip);
	rig_write8(rig, S0_REGS, 0x01, CR_RECV);
	if (between)
		rig_write8(rig, S0_REGS, 0x2c, 0x04);
	if (apart) {
		w5500_sim_message_ends(rig->chip, true);
		w5500_sim_message_begins(rig->chip);
	}
	rig_write8(rig, S0_REGS, 0x01, CR_SEND);
	w5500_sim_message_ends(rig->chip, true);
}

static void one_send_over_a_recv_of_its_message_is_excused(void **state)
{
	struct rig *rig = *state;

	rig_bring_up(rig, 0x84);
	w5500_sim_options(rig->chip)->command_busy_ns = 50 * US;
	recv_and_send(rig, false, true);
	assert_int_equal(rig_violations(rig), 0);
	assert_int_equal(w5500_sim_stats(rig->chip)->excused, 1);
	rig_wait(rig, 50 * US);
	assert_int_equal(w5500_sim_stats(rig->chip)->recvs, 1);
	assert_int_equal(w5500_sim_stats(rig->chip)->sends, 0);
	/* Once: whoever does it again has not learnt. */
	recv_and_send(rig, false, true);
	rig_assert_violation(rig, OVER_RECV);
}

static void a_send_over_a_recv_that_can_be_known_is_a_violation(void **state)
{
	struct rig *rig = *state;

	rig_bring_up(rig, 0x84);
	w5500_sim_options(rig->chip)->command_busy_ns = 50 * US;
	recv_and_send(rig, true, true);
	rig_assert_violation(rig, OVER_RECV);
	rig_wait(rig, 50 * US);
	recv_and_send(rig, false, false);
	rig_assert_violation(rig, OVER_RECV);
	rig_wait(rig, 50 * US);
	rig_write8(rig, S0_REGS, 0x01, CR_RECV);
	rig_write8(rig, S0_REGS, 0x2c, 0x04);
	rig_write8(rig, S0_REGS, 0x01, CR_SEND);
	rig_assert_violation(rig, OVER_RECV);
}

/* However fast the chip is: nobody has said that it is as fast as that. */
static void a_send_right_behind_a_recv_is_a_violation(void **state)
{
	struct rig *rig = *state;

	rig_bring_up(rig, 0x84);
	recv_and_send(rig, false, false);
	rig_assert_violation(rig, "command 0x20 right behind another");
	recv_and_send(rig, false, true);
	recv_and_send(rig, true, false);
	assert_int_equal(rig_violations(rig), 0);
	assert_int_equal(w5500_sim_stats(rig->chip)->sends, 3);
}

static void a_host_that_has_read_a_busy_cr_knows(void **state)
{
	struct rig *rig = *state;

	for (int answered = 0; answered < 2; answered++) {
		rig_bring_up(rig, 0x84);
		w5500_sim_options(rig->chip)->command_busy_ns = 50 * US;
		w5500_sim_message_begins(rig->chip);
		rig_write8(rig, S0_REGS, 0x01, CR_RECV);
		assert_int_equal(rig_read8(rig, S0_REGS, 0x01), CR_RECV);
		w5500_sim_message_ends(rig->chip, answered);
		rig_wait(rig, 50 * US);
		recv_and_send(rig, false, true);
		assert_int_equal(rig_violations(rig), answered);
		assert_int_equal(w5500_sim_stats(rig->chip)->excused, !answered);
		assert_int_equal(rig_teardown(state), 0);
		assert_int_equal(rig_setup(state), 0);
		rig = *state;
	}
}

static void cr_can_be_stuck_until_a_reset(void **state)
{
	struct rig *rig = *state;

	rig_bring_up(rig, 0x84);
	w5500_sim_faults(rig->chip)->cr_stuck = true;
	assert_false(rig_command(rig, CR_RECV));
	assert_int_equal(rig_read8(rig, S0_REGS, 0x01), CR_RECV);
	rig_write8(rig, COMMON, 0x00, 0x80);
	(void)rig_read8(rig, COMMON, 0x00);
	assert_int_equal(rig_read8(rig, S0_REGS, 0x01), 0);
	w5500_sim_faults(rig->chip)->cr_stuck = false;
	rig_bring_up(rig, 0x84);
	assert_int_equal(rig_violations(rig), 0);
}

static void other_commands_are_violations(void **state)
{
	static const uint8_t commands[] = { 0x02, 0x04, 0x08, 0x21, 0x22, 0x80, 0xff };
	struct rig *rig = *state;

	rig_bring_up(rig, 0x84);
	for (unsigned int i = 0; i < ARRAY_SIZE(commands); i++) {
		(void)rig_command(rig, commands[i]);
		rig_assert_violation(rig, "not one of MACRAW");
	}
	rig_write8(rig, S0_REGS, 0x01, 0x00); /* no command */
	assert_int_equal(rig_violations(rig), 0);
}

/* ---- rule 13 ---- */

static void open_starts_with_empty_rings(void **state)
{
	static const uint8_t want[12] = { 0x40 };
	struct rig *rig = *state;
	uint8_t window[12];

	rig_bring_up(rig, 0x84);
	rig_arrive(rig, 60, 1);
	rig_arrive(rig, 60, 2);
	assert_true(rig_take(rig, 60, 1));
	rig_send(rig, 60, 3);
	rig_wait(rig, MS);
	assert_true(rig_command(rig, CR_OPEN)); /* open already: the same, drops data */
	rig_read(rig, S0_REGS, 0x20, window, 12);
	assert_memory_equal(window, want, 12);
	assert_int_equal(rig_read8(rig, S0_REGS, 0x03), 0x42);
	rig_arrive(rig, 60, 4);
	assert_true(rig_take(rig, 60, 4));
	assert_int_equal(w5500_sim_stats(rig->chip)->opens, 2);
	assert_int_equal(rig_violations(rig), 0);
}

static void open_ends_a_transmission(void **state)
{
	struct rig *rig = *state;

	rig_bring_up(rig, 0x84);
	rig_send(rig, 1514, 1);
	assert_true(rig_command(rig, CR_OPEN));
	rig_wait(rig, MS);
	assert_int_equal(rig->n_sent, 0);
	assert_int_equal(rig_read8(rig, S0_REGS, 0x02), 0);
	assert_int_equal(w5500_sim_stats(rig->chip)->tx_lost, 1);
}

static void only_socket_0_does_macraw(void **state)
{
	struct rig *rig = *state;

	rig_write8(rig, SN(1), 0x00, 0x04);
	rig_write8(rig, SN(1), 0x01, CR_OPEN);
	assert_int_equal(rig_read8(rig, SN(1), 0x03), 0x00);
	rig_assert_violation(rig, "OPEN of socket 1 in MACRAW mode");
	rig_write8(rig, S0_REGS, 0x00, 0x01);
	rig_write8(rig, S0_REGS, 0x01, CR_OPEN);
	assert_int_equal(rig_read8(rig, S0_REGS, 0x03), 0x00);
	rig_assert_violation(rig, "only MACRAW is modelled");
}

/* ---- rule 14 ---- */

static void close_stops_reception_and_keeps_ir(void **state)
{
	struct rig *rig = *state;

	rig_bring_up(rig, 0x84);
	rig_arrive(rig, 60, 1);
	assert_true(rig_command(rig, CR_CLOSE));
	assert_int_equal(rig_read8(rig, S0_REGS, 0x03), 0x00);
	assert_int_equal(rig_read8(rig, S0_REGS, 0x02), IR_RECV);
	rig_arrive(rig, 60, 2);
	assert_int_equal(w5500_sim_stats(rig->chip)->rx_dropped_closed, 1);
	assert_int_equal(w5500_sim_stats(rig->chip)->closes, 1);
}

static void close_can_clear_ir(void **state)
{
	struct rig *rig = *state;

	w5500_sim_options(rig->chip)->close_clears_ir = true;
	rig_bring_up(rig, 0x84);
	rig_arrive(rig, 60, 1);
	assert_true(rig_command(rig, CR_CLOSE));
	assert_int_equal(rig_read8(rig, S0_REGS, 0x02), 0);
	assert_true(w5500_sim_intn(rig->chip));
}

static void a_closed_socket_neither_sends_nor_receives(void **state)
{
	struct rig *rig = *state;

	(void)rig_command(rig, CR_SEND);
	rig_assert_violation(rig, "SEND on socket 0, which is not open");
	(void)rig_command(rig, CR_RECV);
	rig_assert_violation(rig, "RECV on socket 0, which is not open");
	(void)rig_command(rig, CR_CLOSE); /* harmless */
	assert_int_equal(rig_violations(rig), 0);
}

/* ---- rule 17 ---- */

static void recv_commits_any_number_of_records(void **state)
{
	struct rig *rig = *state;

	rig_bring_up(rig, 0x84);
	for (unsigned int i = 0; i < 5; i++)
		rig_arrive(rig, 60, i);
	assert_int_equal(rig_read16(rig, S0_REGS, 0x26), 310);
	rig_write16(rig, S0_REGS, 0x28, 248);
	assert_int_equal(rig_read16(rig, S0_REGS, 0x26), 310); /* not before RECV */
	assert_true(rig_command(rig, CR_RECV));
	assert_int_equal(rig_read16(rig, S0_REGS, 0x26), 62);
	assert_true(rig_take(rig, 60, 4));
	rig_arrive(rig, 60, 5);
	rig_write16(rig, S0_REGS, 0x28, 310 + 31); /* even a part of one */
	assert_true(rig_command(rig, CR_RECV));
	assert_int_equal(rig_read16(rig, S0_REGS, 0x26), 31);
	assert_int_equal(rig_violations(rig), 0);
	assert_int_equal(w5500_sim_stats(rig->chip)->recvs, 3);
}

static void rsr_can_follow_rx_rd_before_recv(void **state)
{
	struct rig *rig = *state;

	w5500_sim_options(rig->chip)->rsr_follows_rx_rd = true;
	rig_bring_up(rig, 0x84);
	rig_arrive(rig, 60, 1);
	rig_arrive(rig, 60, 2);
	rig_write16(rig, S0_REGS, 0x28, 62);
	assert_int_equal(rig_read16(rig, S0_REGS, 0x26), 62);
	assert_true(rig_command(rig, CR_RECV));
	assert_int_equal(rig_read16(rig, S0_REGS, 0x26), 62);
	assert_true(rig_take(rig, 60, 2));
}

static void recv_beyond_the_data_is_a_violation(void **state)
{
	struct rig *rig = *state;

	rig_bring_up(rig, 0x84);
	rig_arrive(rig, 60, 1);
	rig_write16(rig, S0_REGS, 0x28, 63);
	assert_int_equal(rig_violations(rig), 0);
	assert_true(rig_command(rig, CR_RECV));
	rig_assert_violation(
		rig, "RECV with RX_RD = 0x003f: backwards or beyond RX_WR = 0x003e");
	assert_int_equal(rig_read16(rig, S0_REGS, 0x26),
			 0xffff); /* nonsense, as in the chip */
	rig_arrive(rig, 60, 2);
	assert_int_equal(w5500_sim_stats(rig->chip)->rx_dropped_full, 1);
}

static void recv_backwards_is_a_violation(void **state)
{
	struct rig *rig = *state;

	rig_bring_up(rig, 0x84);
	rig_arrive(rig, 60, 1);
	assert_true(rig_take(rig, 60, 1));
	rig_write16(rig, S0_REGS, 0x28, 0);
	assert_true(rig_command(rig, CR_RECV));
	rig_assert_violation(rig, "backwards");
}

static void recv_raises_ir_again_or_not(void **state)
{
	struct rig *rig = *state;

	rig_bring_up(rig, 0x84);
	rig_arrive(rig, 60, 1);
	rig_arrive(rig, 60, 2);
	rig_arrive(rig, 60, 3);
	rig_write8(rig, S0_REGS, 0x02, IR_RECV);
	assert_true(rig_take(rig, 60, 1));
	assert_int_equal(rig_read8(rig, S0_REGS, 0x02), 0);
	w5500_sim_options(rig->chip)->recv_raises_ir = true;
	assert_true(rig_take(rig, 60, 2));
	assert_int_equal(rig_read8(rig, S0_REGS, 0x02), IR_RECV);
	rig_write8(rig, S0_REGS, 0x02, IR_RECV);
	assert_true(rig_take(rig, 60, 3)); /* nothing remains */
	assert_int_equal(rig_read8(rig, S0_REGS, 0x02), 0);
}

/* ---- mistakes ---- */

static bool command_without_waiting_for_cr(struct rig *rig, bool wrong)
{
	rig_bring_up(rig, 0x84);
	rig_arrive(rig, 60, 1);
	w5500_sim_options(rig->chip)->command_busy_ns = 20 * US;
	rig_write16(rig, S0_REGS, 0x28, 62);
	rig_write8(rig, S0_REGS, 0x01, CR_RECV);
	if (!wrong)
		rig_wait(rig, 20 * US);
	rig_write8(rig, S0_REGS, 0x01, CR_SEND);
	rig_wait(rig, 20 * US);
	return rig_read16(rig, S0_REGS, 0x26) == 0;
}

static bool two_commands_under_one_select(struct rig *rig, bool wrong)
{
	static const uint8_t mosi[] = { 0, 1, 0x0d, CR_RECV, 0, 1, 0x0d, CR_SEND };

	rig_bring_up(rig, 0x84);
	w5500_sim_select(rig->chip);
	for (size_t i = 0; i < sizeof(mosi); i++) {
		if (i == 4 && !wrong) {
			w5500_sim_deselect(rig->chip);
			w5500_sim_select(rig->chip);
		}
		(void)w5500_sim_clock_byte(rig->chip, mosi[i]);
	}
	w5500_sim_deselect(rig->chip);
	return true;
}

static bool read_the_state_without_waiting(struct rig *rig, bool wrong)
{
	w5500_sim_options(rig->chip)->command_busy_ns = 50 * US;
	rig_write8(rig, S0_REGS, 0x00, 0x04);
	rig_write8(rig, S0_REGS, 0x01, CR_OPEN);
	while (!wrong && rig_read8(rig, S0_REGS, 0x01) != 0)
		rig_wait(rig, US);
	return rig_read8(rig, S0_REGS, 0x03) == 0x42;
}

static bool use_another_socket(struct rig *rig, bool wrong)
{
	unsigned int n = wrong ? 1 : 0;

	rig_write8(rig, SN(n), 0x00, 0x04);
	rig_write8(rig, SN(n), 0x01, CR_OPEN);
	return rig_read8(rig, SN(n), 0x03) == 0x42;
}

/* The host's own TX_WR survives, the chip's does not. */
static bool keep_pointers_over_open(struct rig *rig, bool wrong)
{
	uint8_t frame[60];
	uint16_t wr;

	rig_bring_up(rig, 0x84);
	rig_send(rig, 60, 1);
	rig_wait(rig, MS);
	assert_true(rig_command(rig, CR_OPEN));
	wr = wrong ? 60 : 0;
	rig_frame(frame, 60, 2);
	rig_write(rig, S0_TX, wr, frame, 60);
	rig_write16(rig, S0_REGS, 0x24, (uint16_t)(wr + 60));
	assert_true(rig_command(rig, CR_SEND));
	rig_wait(rig, MS);
	return rig_was_sent(rig, 60, 2);
}

static bool send_after_close(struct rig *rig, bool wrong)
{
	rig_bring_up(rig, 0x84);
	if (wrong)
		(void)rig_command(rig, CR_CLOSE);
	rig_send(rig, 60, 1);
	rig_wait(rig, MS);
	return rig_was_sent(rig, 60, 1);
}

static bool trust_ir_after_close(struct rig *rig, bool wrong)
{
	rig_bring_up(rig, 0x84);
	rig_arrive(rig, 60, 1);
	assert_true(rig_command(rig, CR_CLOSE));
	if (!wrong)
		rig_write8(rig, S0_REGS, 0x02, 0x1f);
	assert_true(rig_command(rig, CR_OPEN));
	/* A RECV event now has to mean a frame. */
	return !(rig_read8(rig, S0_REGS, 0x02) & IR_RECV) || rig_take(rig, 60, 1);
}

static bool rx_rd_without_recv(struct rig *rig, bool wrong)
{
	rig_bring_up(rig, 0x84);
	rig_arrive(rig, 60, 1);
	rig_write16(rig, S0_REGS, 0x28, 62);
	if (!wrong)
		assert_true(rig_command(rig, CR_RECV));
	return rig_read16(rig, S0_REGS, 0x26) == 0;
}

static bool recv_without_rx_rd(struct rig *rig, bool wrong)
{
	rig_bring_up(rig, 0x84);
	rig_arrive(rig, 60, 1);
	if (!wrong)
		rig_write16(rig, S0_REGS, 0x28, 62);
	assert_true(rig_command(rig, CR_RECV));
	return rig_read16(rig, S0_REGS, 0x26) == 0;
}

static bool skip_more_than_received(struct rig *rig, bool wrong)
{
	rig_bring_up(rig, 0x84);
	rig_arrive(rig, 60, 1);
	rig_write16(rig, S0_REGS, 0x28, wrong ? 64 : 62); /* adds the header once more */
	assert_true(rig_command(rig, CR_RECV));
	return true;
}

static bool mask_the_pointer(struct rig *rig, bool wrong)
{
	uint16_t rd = 0;

	rig_bring_up(rig, 0x84);
	for (unsigned int i = 0; i < 20; i++) { /* past 16384 */
		rig_arrive(rig, 1000, i);
		rd = (uint16_t)(rd + 1002);
		if (wrong)
			rd &= 0x3fff;
		rig_write16(rig, S0_REGS, 0x28, rd);
		assert_true(rig_command(rig, CR_RECV));
	}
	return true;
}

static bool one_frame_per_recv_event(struct rig *rig, bool wrong)
{
	rig_bring_up(rig, 0x84);
	rig_arrive(rig, 60, 1);
	rig_arrive(rig, 60, 2);
	do {
		rig_write8(rig, S0_REGS, 0x02, IR_RECV);
		if (rig_read16(rig, S0_REGS, 0x26) > 0)
			(void)rig_take(rig, 60, 1);
	} while (wrong ? rig_read8(rig, S0_REGS, 0x02) & IR_RECV
		       : rig_read16(rig, S0_REGS, 0x26) > 0);
	return rig_read16(rig, S0_REGS, 0x26) == 0;
}

static void catches_these_mistakes(void **state)
{
	static const struct mutation mutations[] = {
		{ 12, "gives a command while Sn_CR is not 0",
		  command_without_waiting_for_cr },
		{ 12, "gives two commands under one select",
		  two_commands_under_one_select },
		{ 12, "reads Sn_SR before the command is taken",
		  read_the_state_without_waiting },
		{ 13, "opens MACRAW on another socket", use_another_socket },
		{ 13, "keeps its pointers over OPEN", keep_pointers_over_open },
		{ 14, "sends on a closed socket", send_after_close },
		{ 14, "trusts Sn_IR of before CLOSE", trust_ir_after_close },
		{ 17, "moves RX_RD without RECV", rx_rd_without_recv },
		{ 17, "gives RECV without moving RX_RD", recv_without_rx_rd },
		{ 17, "moves RX_RD beyond RX_WR", skip_more_than_received },
		{ 17, "masks RX_RD to the ring", mask_the_pointer },
		{ 17, "takes one frame per RECV event", one_frame_per_recv_event },
	};

	(void)state;
	rig_catch(mutations, ARRAY_SIZE(mutations));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_command_is_taken_before_the_next_select),
		TEST(a_command_is_taken_at_deselect_or_at_once),
		TEST(a_command_can_be_taken_at_the_end_of_a_fixed_length_frame),
		TEST(cr_can_stay_busy_for_selects),
		TEST(cr_can_stay_busy_for_a_time),
		TEST(a_command_over_a_command_is_ignored),
		TEST(one_send_over_a_recv_of_its_message_is_excused),
		TEST(a_send_over_a_recv_that_can_be_known_is_a_violation),
		TEST(a_send_right_behind_a_recv_is_a_violation),
		TEST(a_host_that_has_read_a_busy_cr_knows),
		TEST(cr_can_be_stuck_until_a_reset),
		TEST(other_commands_are_violations),
		TEST(open_starts_with_empty_rings),
		TEST(open_ends_a_transmission),
		TEST(only_socket_0_does_macraw),
		TEST(close_stops_reception_and_keeps_ir),
		TEST(close_can_clear_ir),
		TEST(a_closed_socket_neither_sends_nor_receives),
		TEST(recv_commits_any_number_of_records),
		TEST(rsr_can_follow_rx_rd_before_recv),
		TEST(recv_beyond_the_data_is_a_violation),
		TEST(recv_backwards_is_a_violation),
		TEST(recv_raises_ir_again_or_not),
		cmocka_unit_test(catches_these_mistakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
