// SPDX-License-Identifier: MIT
/* test_w5500_sim_regs.c — the simulated chip's registers, INTn, memory: rules 9 to 11, 21
 */
#include <string.h>

#include "unit.h"
#include "w5500_rig.h"

/* ---- rule 9 ---- */

static void read_only_registers_ignore_writes(void **state)
{
	static const uint16_t socket[] = { 0x03, 0x20, 0x21, 0x22, 0x23,
					   0x26, 0x27, 0x2a, 0x2b };
	static const uint16_t common[] = {
		0x17, 0x28, 0x29, 0x2a, 0x2b, 0x2c, 0x2d, 0x39
	};
	struct rig *rig = *state;

	rig_bring_up(rig, 0x84);
	for (unsigned int i = 0; i < ARRAY_SIZE(socket); i++) {
		uint8_t before = rig_read8(rig, S0_REGS, socket[i]);

		rig_write8(rig, S0_REGS, socket[i], (uint8_t)~before);
		assert_int_equal(rig_read8(rig, S0_REGS, socket[i]), before);
		rig_assert_violation(rig, "write to read-only offset");
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(common); i++) {
		uint8_t before = rig_read8(rig, COMMON, common[i]);

		rig_write8(rig, COMMON, common[i], (uint8_t)~before);
		assert_int_equal(rig_read8(rig, COMMON, common[i]), before);
		rig_assert_violation(rig, "write to read-only offset");
	}
}

static void a_burst_may_pass_over_read_only_registers(void **state)
{
	static const uint8_t imr_sir_simr[] = { 0x00, 0xff, 0x01 };
	struct rig *rig = *state;

	rig_write(rig, COMMON, 0x16, imr_sir_simr, 3);
	assert_int_equal(rig_read8(rig, COMMON, 0x17), 0x00);
	assert_int_equal(rig_read8(rig, COMMON, 0x18), 0x01);
	assert_int_equal(rig_violations(rig), 0);
}

static void phycfgr_status_bits_ignore_writes(void **state)
{
	struct rig *rig = *state;

	w5500_sim_set_cable(rig->chip, false);
	rig_write8(rig, COMMON, 0x2e, 0xbf);
	assert_int_equal(rig_read8(rig, COMMON, 0x2e), 0xb8);
	w5500_sim_set_cable(rig->chip, true);
	rig_write8(rig, COMMON, 0x2e, 0xb8);
	assert_int_equal(rig_read8(rig, COMMON, 0x2e), 0xbf);
}

/* ---- rule 10 ---- */

static void sn_ir_is_cleared_by_writing_ones(void **state)
{
	struct rig *rig = *state;

	rig_bring_up(rig, 0x84);
	rig_arrive(rig, 60, 1);
	rig_send(rig, 60, 1);
	rig_wait(rig, MS);
	assert_int_equal(rig_read8(rig, S0_REGS, 0x02), IR_RECV | IR_SEND_OK);
	rig_write8(rig, S0_REGS, 0x02, 0x00);
	assert_int_equal(rig_read8(rig, S0_REGS, 0x02), IR_RECV | IR_SEND_OK);
	rig_write8(rig, S0_REGS, 0x02, IR_RECV);
	assert_int_equal(rig_read8(rig, S0_REGS, 0x02), IR_SEND_OK);
	rig_write8(rig, S0_REGS, 0x02, 0xff);
	assert_int_equal(rig_read8(rig, S0_REGS, 0x02), 0);
}

static void interrupt_logic_masks_but_does_not_latch(void **state)
{
	struct rig *rig = *state;

	rig_bring_up(rig, 0x84);
	rig_write8(rig, S0_REGS, 0x2c, 0x00);
	rig_arrive(rig, 60, 1);
	assert_int_equal(rig_read8(rig, S0_REGS, 0x02),
			 IR_RECV); /* latched in spite of IMR */
	assert_int_equal(rig_read8(rig, COMMON, 0x17), 0);
	assert_true(w5500_sim_intn(rig->chip));
	rig_write8(rig, S0_REGS, 0x2c, IR_SEND_OK);
	assert_int_equal(rig_read8(rig, COMMON, 0x17), 0);
	rig_write8(rig, S0_REGS, 0x2c, IR_RECV);
	assert_int_equal(rig_read8(rig, COMMON, 0x17), 0x01);
	assert_false(w5500_sim_intn(rig->chip));
	rig_write8(rig, COMMON, 0x18, 0x00); /* SIMR gates INTn, not SIR */
	assert_true(w5500_sim_intn(rig->chip));
	assert_int_equal(rig_read8(rig, COMMON, 0x17), 0x01);
	rig_write8(rig, COMMON, 0x18, 0x01);
	assert_false(w5500_sim_intn(rig->chip));
	rig_write8(rig, S0_REGS, 0x02, IR_RECV);
	assert_true(w5500_sim_intn(rig->chip));
	assert_int_equal(rig->n_falls, 2);
	assert_int_equal(rig->n_rises, 2);
}

static void intn_stays_low_over_several_causes(void **state)
{
	struct rig *rig = *state;

	rig_bring_up(rig, 0x84);
	rig_write16(rig, COMMON, 0x13, 0xffff); /* without the switch: no effect */
	rig_arrive(rig, 60, 1);
	rig_arrive(rig, 60, 2);
	rig_send(rig, 60, 3);
	rig_wait(rig, MS);
	assert_int_equal(rig->n_falls, 1);
	rig_write8(rig, S0_REGS, 0x02, IR_RECV);
	assert_false(w5500_sim_intn(rig->chip));
	assert_int_equal(rig->n_rises, 0);
	rig_write8(rig, S0_REGS, 0x02, IR_SEND_OK);
	assert_true(w5500_sim_intn(rig->chip));
}

static void intlevel_can_delay_the_next_cause(void **state)
{
	struct rig *rig = *state;

	w5500_sim_options(rig->chip)->intlevel_delays = true;
	rig_bring_up(rig, 0x84);
	rig_write16(rig, COMMON, 0x13, 0xffff); /* 65536 * 4 / 150 MHz = 1 747 626 ns */
	rig_arrive(rig, 60, 1);
	rig_send(rig, 60, 3);
	rig_wait(rig, MS);
	rig_write8(rig, S0_REGS, 0x02, IR_RECV); /* SEND_OK remains */
	assert_true(w5500_sim_intn(rig->chip));
	rig_wait(rig, 1747625);
	assert_true(w5500_sim_intn(rig->chip));
	rig_wait(rig, 1);
	assert_false(w5500_sim_intn(rig->chip));
	assert_int_equal(rig->n_falls, 2);
	rig_write16(rig, COMMON, 0x13, 0x0000); /* 0 is no delay */
	rig_arrive(rig, 60, 2);
	rig_write8(rig, S0_REGS, 0x02, IR_RECV);
	assert_false(w5500_sim_intn(rig->chip));
}

static void intn_can_lose_edges_or_be_stuck(void **state)
{
	struct rig *rig = *state;

	rig_bring_up(rig, 0x84);
	w5500_sim_faults(rig->chip)->intn_edges_lost = 1;
	rig_arrive(rig, 60, 1);
	assert_false(w5500_sim_intn(rig->chip)); /* the level is right */
	assert_int_equal(rig->n_falls, 0);
	rig_write8(rig, S0_REGS, 0x02, IR_RECV);
	rig_arrive(rig, 60, 2);
	assert_int_equal(rig->n_falls, 1);
	assert_int_equal(w5500_sim_set(rig->chip, "intn_stuck_high", 1), 0);
	assert_true(w5500_sim_intn(rig->chip));
	assert_int_equal(w5500_sim_set(rig->chip, "intn_stuck_high", 0), 0);
	assert_false(w5500_sim_intn(rig->chip));
	assert_int_equal(w5500_sim_set(rig->chip, "intn_stuck_low", 1), 0);
	rig_write8(rig, S0_REGS, 0x02, IR_RECV);
	assert_false(w5500_sim_intn(rig->chip));
	assert_int_equal(w5500_sim_set(rig->chip, "intn_stuck_low", 0), 0);
	assert_true(w5500_sim_intn(rig->chip));
}

/* ---- rule 11 ---- */

static void buffer_sizes_are_checked(void **state)
{
	static const uint8_t valid[] = { 0, 1, 2, 4, 8, 16 };
	struct rig *rig = *state;

	for (unsigned int n = 1; n < 8; n++) {
		rig_write8(rig, SN(n), 0x1e, 0);
		rig_write8(rig, SN(n), 0x1f, 0);
	}
	for (unsigned int kib = 0; kib < 256; kib++) {
		rig_write8(rig, S0_REGS, 0x1e, (uint8_t)kib);
		rig_write8(rig, S0_REGS, 0x1f, (uint8_t)kib);
		assert_int_equal(rig_violations(rig),
				 memchr(valid, (int)kib, sizeof(valid)) ? 0 : 2);
		w5500_sim_clear_violations(rig->chip);
	}
}

static void together_they_have_16_kib(void **state)
{
	struct rig *rig = *state;

	rig_write8(rig, S0_REGS, 0x1e, 16); /* 7 other sockets have 2 each */
	rig_assert_violation(rig, "all sockets together have 30 KiB");
	rig_write8(rig, S0_REGS, 0x1e, 16); /* the same again is nothing new */
	assert_int_equal(rig_violations(rig), 0);
	rig_write8(rig, SN(7), 0x1f, 4);
	rig_assert_violation(rig, "S7_TXBUF_SIZE = 4: all sockets together have 18 KiB");
}

static void too_much_memory_corrupts_reception(void **state)
{
	struct rig *rig = *state;

	rig_bring_up(rig, 0x84);
	rig_write8(rig, SN(1), 0x1e, 2);
	assert_int_equal(rig_violations(rig), 2); /* too much, and while open */
	rig_arrive(rig, 200, 1);
	assert_false(rig_take(rig, 200, 1));
	w5500_sim_options(rig->chip)->oversubscription_harmless = true;
	rig_arrive(rig, 200, 2);
	assert_true(rig_take(rig, 200, 2));
}

static void sizes_stay_while_the_socket_is_open(void **state)
{
	struct rig *rig = *state;

	rig_bring_up(rig, 0x84);
	rig_write8(rig, S0_REGS, 0x1e, 8);
	rig_assert_violation(rig, "S0_RXBUF_SIZE changed while socket 0 is open");
}

static void memory_is_placed_socket_after_socket(void **state)
{
	struct rig *rig = *state;

	rig_write8(rig, S0_TX, 0x0000, 0x10);
	rig_write8(rig, S0_TX + 4, 0x0000, 0x11);
	rig_write8(rig, S0_TX + 28, 0x07ff, 0x17);
	assert_int_equal(rig_read8(rig, S0_TX, 0x0800),
			 0x10);		   /* wraps at its own 2 KiB */
	rig_write8(rig, S0_REGS, 0x1f, 0); /* socket 1 is first now */
	assert_int_equal(rig_read8(rig, S0_TX + 4, 0x0000), 0x10);
	rig_write8(rig, SN(1), 0x1f, 16);
	w5500_sim_clear_violations(rig->chip);
	assert_int_equal(rig_read8(rig, S0_TX + 4, 0x0800), 0x11);
	assert_int_equal(rig_read8(rig, S0_TX + 4, 0x3fff), 0x17);
	assert_int_equal(rig_read8(rig, S0_TX, 0x0000), 0);
	rig_assert_violation(rig, "read of a buffer of socket 0, which has none");
	rig_write8(rig, S0_TX, 0x0000, 0);
	rig_assert_violation(rig, "write to the TX buffer of socket 0, which has none");
	rig_write8(rig, S0_RX, 0x0000, 0);
	rig_assert_violation(rig, "write to an RX buffer");
}

/* ---- rule 21, and other bits better left alone ---- */

static void the_hard_wired_stack_must_stay_off(void **state)
{
	static const uint8_t ip[] = { 0, 0, 0, 7 }, none[4] = { 0 };
	struct rig *rig = *state;

	rig_write(rig, COMMON, 0x0f, none, 4);
	assert_int_equal(rig_violations(rig), 0);
	rig_write(rig, COMMON, 0x0f, ip, 4);
	rig_assert_violation(rig, "SIPR is set");
}

static void reserved_bits_of_mr_are_violations(void **state)
{
	struct rig *rig = *state;

	rig_write8(rig, COMMON, 0x00, 0x10);
	assert_int_equal(rig_violations(rig), 0);
	rig_write8(rig, COMMON, 0x00, 0x40);
	rig_assert_violation(rig, "reserved bits");
}

/* ---- faults ---- */

static void versionr_can_be_wrong(void **state)
{
	struct rig *rig = *state;

	w5500_sim_faults(rig->chip)->wrong_versionr = 0x28;
	assert_int_equal(rig_read8(rig, COMMON, 0x39), 0x28);
	w5500_sim_faults(rig->chip)->wrong_versionr = 0;
	assert_int_equal(rig_read8(rig, COMMON, 0x39), 0x04);
}

static void writes_to_a_register_can_be_lost(void **state)
{
	struct rig *rig = *state;
	struct w5500_sim_faults *faults = w5500_sim_faults(rig->chip);

	faults->lose_writes = 2;
	faults->lose_writes_block = S0_REGS;
	faults->lose_writes_offset = 0x24;
	rig_write16(rig, S0_REGS, 0x24, 0x1234);
	assert_int_equal(rig_read16(rig, S0_REGS, 0x24), 0x0034);
	rig_write8(rig, COMMON, 0x24, 0x56); /* another block */
	assert_int_equal(rig_read8(rig, COMMON, 0x24), 0x56);
	rig_write16(rig, S0_REGS, 0x24, 0x5678);
	assert_int_equal(rig_read16(rig, S0_REGS, 0x24), 0x0078);
	rig_write16(rig, S0_REGS, 0x24, 0x9abc);
	assert_int_equal(rig_read16(rig, S0_REGS, 0x24), 0x9abc);
	assert_int_equal(faults->lose_writes, 0);
}

/* ---- mistakes ---- */

/* Q20: a wrong header puts Sn_SR elsewhere; or the register is taken for writable. */
static bool force_the_state(struct rig *rig, bool wrong)
{
	rig_write8(rig, S0_REGS, 0x00, 0x04);
	if (wrong)
		rig_write8(rig, S0_REGS, 0x03, 0x42);
	else
		(void)rig_command(rig, CR_OPEN);
	return rig_read8(rig, S0_REGS, 0x03) == 0x42;
}

static bool clear_rsr_by_writing_it(struct rig *rig, bool wrong)
{
	rig_bring_up(rig, 0x84);
	rig_arrive(rig, 60, 1);
	if (wrong)
		rig_write16(rig, S0_REGS, 0x26, 0);
	else
		(void)rig_take(rig, 60, 1);
	return rig_read16(rig, S0_REGS, 0x26) == 0;
}

static bool clear_ir_by_writing_zero(struct rig *rig, bool wrong)
{
	rig_bring_up(rig, 0x84);
	rig_arrive(rig, 60, 1);
	rig_write8(rig, S0_REGS, 0x02, wrong ? 0x00 : IR_RECV);
	return w5500_sim_intn(rig->chip);
}

/* Q1: the latch is cleared after the ring was emptied; a frame came in between. */
static bool clear_the_latch_after_draining(struct rig *rig, bool wrong)
{
	rig_bring_up(rig, 0x84);
	rig_arrive(rig, 60, 1);
	if (!wrong)
		rig_write8(rig, S0_REGS, 0x02, IR_RECV);
	(void)rig_take(rig, 60, 1);
	rig_arrive(rig, 60, 2);
	if (wrong)
		rig_write8(rig, S0_REGS, 0x02, IR_RECV);
	/* Sleeps on INTn now: is it low, with a frame waiting? */
	return !w5500_sim_intn(rig->chip) && rig_read16(rig, S0_REGS, 0x26) == 62;
}

/* Q17: every cause is expected to make an edge. */
static bool wait_for_an_edge_per_cause(struct rig *rig, bool wrong)
{
	rig_bring_up(rig, 0x84);
	rig_arrive(rig, 60, 1);
	rig_arrive(rig, 60, 2);
	return wrong ? rig->n_falls == 2 : !w5500_sim_intn(rig->chip);
}

static bool forget_simr(struct rig *rig, bool wrong)
{
	rig_bring_up(rig, 0x84);
	if (wrong)
		rig_write8(rig, COMMON, 0x18, 0x00);
	rig_arrive(rig, 60, 1);
	return !w5500_sim_intn(rig->chip);
}

/* Q15: 16 KiB for socket 0 while the others have theirs. */
static bool give_all_memory_first(struct rig *rig, bool wrong)
{
	static const uint8_t none[2] = { 0, 0 }, all[2] = { 16, 16 };

	if (wrong)
		rig_write(rig, S0_REGS, 0x1e, all, 2);
	for (unsigned int n = 1; n < 8; n++)
		rig_write(rig, SN(n), 0x1e, none, 2);
	if (!wrong)
		rig_write(rig, S0_REGS, 0x1e, all, 2);
	return true;
}

static bool choose_an_odd_size(struct rig *rig, bool wrong)
{
	rig_write8(rig, S0_REGS, 0x1e, wrong ? 3 : 2);
	return true;
}

static bool set_an_address_for_the_stack(struct rig *rig, bool wrong)
{
	static const uint8_t ip[4] = { 192, 168, 1, 50 }, none[4] = { 0 };

	rig_write(rig, COMMON, 0x0f, wrong ? ip : none, 4);
	return true;
}

static void catches_these_mistakes(void **state)
{
	static const struct mutation mutations[] = {
		{ 9, "writes Sn_SR instead of giving a command", force_the_state },
		{ 9, "writes RX_RSR to empty the ring", clear_rsr_by_writing_it },
		{ 10, "clears Sn_IR by writing 0", clear_ir_by_writing_zero },
		{ 10, "clears the RECV latch after draining",
		  clear_the_latch_after_draining },
		{ 10, "expects an INTn edge for every cause",
		  wait_for_an_edge_per_cause },
		{ 10, "leaves SIMR at 0 and waits for INTn", forget_simr },
		{ 11, "gives socket 0 all memory before the others gave theirs",
		  give_all_memory_first },
		{ 11, "writes a buffer size that does not exist", choose_an_odd_size },
		{ 21, "sets SIPR", set_an_address_for_the_stack },
	};

	(void)state;
	rig_catch(mutations, ARRAY_SIZE(mutations));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(read_only_registers_ignore_writes),
		TEST(a_burst_may_pass_over_read_only_registers),
		TEST(phycfgr_status_bits_ignore_writes),
		TEST(sn_ir_is_cleared_by_writing_ones),
		TEST(interrupt_logic_masks_but_does_not_latch),
		TEST(intn_stays_low_over_several_causes),
		TEST(intlevel_can_delay_the_next_cause),
		TEST(intn_can_lose_edges_or_be_stuck),
		TEST(buffer_sizes_are_checked),
		TEST(together_they_have_16_kib),
		TEST(too_much_memory_corrupts_reception),
		TEST(sizes_stay_while_the_socket_is_open),
		TEST(memory_is_placed_socket_after_socket),
		TEST(the_hard_wired_stack_must_stay_off),
		TEST(reserved_bits_of_mr_are_violations),
		TEST(versionr_can_be_wrong),
		TEST(writes_to_a_register_can_be_lost),
		cmocka_unit_test(catches_these_mistakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
