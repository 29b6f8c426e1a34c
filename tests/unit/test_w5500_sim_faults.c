// SPDX-License-Identifier: MIT
/* test_w5500_sim_faults.c — faults of the simulated chip that strike in the middle of
 * work */
#include "unit.h"
#include "w5500_rig.h"

static void a_write_of_two_bytes_can_be_lost(void **state)
{
	struct rig *rig = *state;
	struct w5500_sim_faults *f = w5500_sim_faults(rig->chip);

	f->lose_writes = 1;
	f->lose_writes_block = S0_REGS;
	f->lose_writes_offset = 0x28;
	f->lose_writes_length = 2;
	rig_write8(rig, S0_REGS, 0x29, 0x11); /* not from the beginning: is not lost */
	assert_int_equal(rig_read16(rig, S0_REGS, 0x28), 0x0011);
	assert_int_equal(f->lose_writes, 1);
	rig_write16(rig, S0_REGS, 0x28, 0x1234);
	assert_int_equal(rig_read16(rig, S0_REGS, 0x28), 0x0011);
	assert_int_equal(f->lose_writes, 0);
	rig_write8(rig, S0_REGS, 0x29, 0x22); /* the write that was lost is over */
	rig_write16(rig, S0_REGS, 0x24, 0x5678);
	assert_int_equal(rig_read16(rig, S0_REGS, 0x28), 0x0022);
	assert_int_equal(rig_read16(rig, S0_REGS, 0x24), 0x5678);
}

static void a_lost_write_may_end_early(void **state)
{
	struct rig *rig = *state;
	struct w5500_sim_faults *f = w5500_sim_faults(rig->chip);

	f->lose_writes = 1;
	f->lose_writes_block = S0_REGS;
	f->lose_writes_offset = 0x28;
	f->lose_writes_length = 2;
	rig_write8(rig, S0_REGS, 0x28, 0x12);
	rig_write8(rig, S0_REGS, 0x29, 0x34);
	assert_int_equal(rig_read16(rig, S0_REGS, 0x28), 0x0034);
}

static void commands_can_be_lost_one_kind_or_any(void **state)
{
	struct rig *rig = *state;
	struct w5500_sim_faults *f = w5500_sim_faults(rig->chip);
	const struct w5500_sim_stats *stats = w5500_sim_stats(rig->chip);

	rig_bring_up(rig, 0x84);
	f->lose_commands = 1;
	f->lose_command = CR_RECV;
	rig_send(rig, 60, 1);
	rig_wait(rig, MS);
	assert_true(rig_was_sent(rig, 60, 1));
	rig_arrive(rig, 60, 2);
	assert_true(rig_take(rig, 60, 2)); /* read, but not released */
	assert_int_equal(stats->recvs, 0);
	assert_int_equal(rig_read8(rig, S0_REGS, 0x01), 0);
	assert_int_equal(rig_read16(rig, S0_REGS, 0x26), 62);
	f->lose_commands = 1;
	f->lose_command = 0;
	rig_write8(rig, S0_REGS, 0x01, CR_CLOSE);
	assert_int_equal(rig_read8(rig, S0_REGS, 0x03), 0x42);
	assert_true(rig_command(rig, CR_CLOSE));
	assert_int_equal(rig_read8(rig, S0_REGS, 0x03), 0x00);
	assert_int_equal(rig_violations(rig), 0);
}

/* What a driver does all day, each step once; whether the socket is open after it. */
static bool step(struct rig *rig, enum w5500_sim_phase phase)
{
	uint8_t bytes[64] = { 0 };

	switch (phase) {
	case W5500_SIM_PHASE_NONE:
		break;
	case W5500_SIM_PHASE_RX_STORED:
		rig_arrive(rig, 60, 1);
		break;
	case W5500_SIM_PHASE_RX_BURST:
		rig_read(rig, S0_RX, 0, bytes, sizeof(bytes));
		break;
	case W5500_SIM_PHASE_RX_POINTER:
		rig_write16(rig, S0_REGS, 0x28, 62);
		break;
	case W5500_SIM_PHASE_RX_RECV:
		rig_write8(rig, S0_REGS, 0x01, CR_RECV);
		break;
	case W5500_SIM_PHASE_TX_UPLOAD:
		rig_write(rig, S0_TX, 0, bytes, sizeof(bytes));
		break;
	case W5500_SIM_PHASE_TX_POINTER:
		rig_write16(rig, S0_REGS, 0x24, sizeof(bytes));
		break;
	case W5500_SIM_PHASE_TX_SEND:
		rig_write8(rig, S0_REGS, 0x01, CR_SEND);
		break;
	case W5500_SIM_PHASE_TX_SENT:
		rig_wait(rig, MS);
		break;
	}
	return rig_read8(rig, S0_REGS, 0x03) == 0x42;
}

static void the_chip_can_lose_its_registers_at_each_phase(void **state)
{
	(void)state;
	for (uint32_t at = W5500_SIM_PHASE_RX_STORED; at <= W5500_SIM_PHASE_TX_SENT;
	     at++) {
		struct rig rig;

		rig_init(&rig);
		rig_bring_up(&rig, 0x84);
		assert_int_equal(w5500_sim_set(rig.chip, "reset_at", at), 0);
		for (uint32_t phase = 1; phase <= at; phase++)
			assert_int_equal(step(&rig, phase), phase < at);
		assert_int_equal(w5500_sim_stats(rig.chip)->self_resets, 1);
		assert_int_equal(w5500_sim_faults(rig.chip)->reset_at, 0); /* once */
		assert_int_equal(rig.n_sent, at == W5500_SIM_PHASE_TX_SENT ? 1 : 0);
		rig_bring_up(&rig, 0x84);
		for (uint32_t phase = 1; phase <= at; phase++)
			assert_true(step(&rig, phase));
		assert_int_equal(rig_violations(&rig), 0);
		rig_fini(&rig);
	}
}

static void a_hung_chip_needs_pulses_on_rstn(void **state)
{
	struct rig *rig = *state;

	rig_bring_up(rig, 0x84);
	w5500_sim_faults(rig->chip)->hung = 2;
	for (unsigned int left = 2; left > 0; left--) {
		assert_int_equal(rig_read8(rig, COMMON, 0x39), 0);
		rig_arrive(rig, 60, 1);
		w5500_sim_set_rstn(rig->chip, false);
		rig_wait(rig, MS);
		w5500_sim_set_rstn(rig->chip, true);
		rig_wait(rig, 2 * MS);
	}
	assert_int_equal(rig_read8(rig, COMMON, 0x39), 4);
	assert_int_equal(w5500_sim_stats(rig->chip)->rx_dropped_closed, 2);
	rig_bring_up(rig, 0x84);
	rig_arrive(rig, 60, 3);
	assert_true(rig_take(rig, 60, 3));
	assert_int_equal(rig_violations(rig), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_write_of_two_bytes_can_be_lost,
						rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(a_lost_write_may_end_early, rig_setup,
						rig_teardown),
		cmocka_unit_test_setup_teardown(commands_can_be_lost_one_kind_or_any,
						rig_setup, rig_teardown),
		cmocka_unit_test(the_chip_can_lose_its_registers_at_each_phase),
		cmocka_unit_test_setup_teardown(a_hung_chip_needs_pulses_on_rstn,
						rig_setup, rig_teardown),
	};

	return cmocka_run_group_tests_name("w5500_sim_faults", tests, NULL, NULL);
}
