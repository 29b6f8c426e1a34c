// SPDX-License-Identifier: MIT
/* test_w5500_sim_send.c — the simulated chip's transmission: rules 15 and 16 */
#include "unit.h"
#include "w5500_rig.h"

#define WIRE_60_NS   6720   /* (60 + 24) bytes at 100 Mbit/s */
#define WIRE_1514_NS 123040 /* (1514 + 24) */

/* ---- rule 15 ---- */

static void send_takes_the_time_of_the_wire(void **state)
{
	struct rig *rig = *state;
	uint64_t start;

	rig_bring_up(rig, 0x84);
	rig_send(rig, 60, 1);
	start = rig_now(rig);
	rig_wait(rig, WIRE_60_NS - 1);
	assert_int_equal(rig->n_sent, 0);
	assert_int_equal(rig_read16(rig, S0_REGS, 0x22), 0);
	assert_int_equal(rig_read8(rig, S0_REGS, 0x02), 0);
	rig_wait(rig, 1);
	assert_int_equal(rig->sent_ns, start + WIRE_60_NS);
	assert_int_equal(rig_read16(rig, S0_REGS, 0x22), 60);
	assert_int_equal(rig_read8(rig, S0_REGS, 0x02), IR_SEND_OK);
	rig_send(rig, 1514, 2);
	start = rig_now(rig);
	rig_wait(rig, MS);
	assert_int_equal(rig->sent_ns, start + WIRE_1514_NS);
	assert_true(rig_was_sent(rig, 1514, 2));
}

static void send_takes_ten_times_as_long_at_10_mbit(void **state)
{
	struct rig *rig = *state;
	uint64_t start;

	rig_bring_up(rig, 0x84);
	w5500_sim_set_partner(rig->chip, 10, true);
	rig_send(rig, 1514, 2);
	start = rig_now(rig);
	rig_wait(rig, 2 * MS);
	assert_int_equal(rig->sent_ns, start + 10 * WIRE_1514_NS);
}

static void send_of_nothing_is_done_at_once(void **state)
{
	struct rig *rig = *state;

	rig_bring_up(rig, 0x84);
	assert_true(rig_command(rig, CR_SEND));
	assert_int_equal(rig_read8(rig, S0_REGS, 0x02), IR_SEND_OK);
	rig_wait(rig, MS);
	assert_int_equal(rig->n_sent, 0);
	assert_int_equal(rig_violations(rig), 0);
}

static void short_frames_are_padded_or_not(void **state)
{
	struct rig *rig = *state;

	rig_bring_up(rig, 0x84);
	rig_send(rig, 42, 1);
	rig_wait(rig, MS);
	assert_int_equal(rig->sent_len, 60);
	assert_int_equal(rig->sent[59], 0);
	assert_int_equal(rig_read16(rig, S0_REGS, 0x22), 42);
	w5500_sim_options(rig->chip)->no_padding = true;
	rig_send(rig, 42, 2);
	rig_wait(rig, MS);
	assert_true(rig_was_sent(rig, 42, 2));
	assert_int_equal(rig_violations(rig), 0);
}

static void impossible_lengths_are_violations(void **state)
{
	struct rig *rig = *state;

	rig_bring_up(rig, 0x84);
	rig_send(rig, 13, 1);
	rig_assert_violation(rig, "SEND of 13 bytes");
	rig_wait(rig, MS);
	rig_send(rig, 14, 1);
	rig_wait(rig, MS);
	rig_send(rig, 1514, 1);
	rig_wait(rig, MS);
	assert_int_equal(rig_violations(rig), 0);
	rig_send(rig, 1515, 1);
	rig_assert_violation(rig, "SEND of 1515 bytes");
	rig_wait(rig, MS);
	assert_int_equal(rig->sent_len, 1514); /* truncated */
	assert_int_equal(rig_read16(rig, S0_REGS, 0x22), 13 + 14 + 1514 + 1515);
}

static void tx_fsr_counts_what_was_written(void **state)
{
	struct rig *rig = *state;

	rig_bring_up(rig, 0x84);
	rig_write16(rig, S0_REGS, 0x24, 1000);
	assert_int_equal(rig_read16(rig, S0_REGS, 0x20), 16384 - 1000);
	assert_true(rig_command(rig, CR_SEND));
	assert_int_equal(rig_read16(rig, S0_REGS, 0x20), 16384 - 1000);
	rig_wait(rig, MS);
	assert_int_equal(rig_read16(rig, S0_REGS, 0x20), 16384);
}

static void tx_fsr_can_count_from_send_on(void **state)
{
	struct rig *rig = *state;

	w5500_sim_options(rig->chip)->tx_fsr_at_send = true;
	rig_bring_up(rig, 0x84);
	rig_write16(rig, S0_REGS, 0x24, 1000);
	assert_int_equal(rig_read16(rig, S0_REGS, 0x20), 16384);
	assert_true(rig_command(rig, CR_SEND));
	assert_int_equal(rig_read16(rig, S0_REGS, 0x20), 16384 - 1000);
	rig_wait(rig, MS);
	assert_int_equal(rig_read16(rig, S0_REGS, 0x20), 16384);
}

static void without_a_link_nothing_happens(void **state)
{
	struct rig *rig = *state;

	rig_bring_up(rig, 0x84);
	w5500_sim_set_cable(rig->chip, false);
	rig_send(rig, 60, 1);
	rig_wait(rig, NSEC_PER_SEC);
	assert_int_equal(rig->n_sent, 0);
	assert_int_equal(rig_read8(rig, S0_REGS, 0x02), 0);
	assert_int_equal(rig_read16(rig, S0_REGS, 0x22), 0);
	w5500_sim_set_cable(rig->chip, true); /* it does not come back to life */
	rig_wait(rig, NSEC_PER_SEC);
	assert_int_equal(rig->n_sent, 0);
	assert_true(rig_command(rig, CR_CLOSE));
	rig_bring_up(rig, 0x84);
	rig_send(rig, 60, 2);
	rig_wait(rig, MS);
	assert_true(rig_was_sent(rig, 60, 2));
	assert_int_equal(rig_violations(rig), 0);
}

static void without_a_link_send_ok_may_come(void **state)
{
	struct rig *rig = *state;

	w5500_sim_options(rig->chip)->send_ok_without_link = true;
	rig_bring_up(rig, 0x84);
	w5500_sim_set_cable(rig->chip, false);
	rig_send(rig, 60, 1);
	rig_wait(rig, MS);
	assert_int_equal(rig->n_sent, 0);
	assert_int_equal(rig_read8(rig, S0_REGS, 0x02), IR_SEND_OK);
	assert_int_equal(rig_read16(rig, S0_REGS, 0x22), 60);
	assert_int_equal(w5500_sim_stats(rig->chip)->tx_lost, 1);
}

static void link_lost_in_the_middle_of_a_send(void **state)
{
	struct rig *rig = *state;

	rig_bring_up(rig, 0x84);
	rig_send(rig, 1514, 1);
	rig_wait(rig, 50 * US);
	w5500_sim_set_cable(rig->chip, false);
	w5500_sim_set_cable(rig->chip, true);
	rig_wait(rig, MS);
	assert_int_equal(rig->n_sent, 0);
	assert_int_equal(rig_read8(rig, S0_REGS, 0x02), 0);
	assert_true(rig_command(rig, CR_OPEN));
	w5500_sim_options(rig->chip)->send_ok_without_link = true;
	rig_send(rig, 1514, 1);
	rig_wait(rig, 50 * US);
	w5500_sim_set_cable(rig->chip, false);
	rig_wait(rig, MS);
	assert_int_equal(rig->n_sent, 0);
	assert_int_equal(rig_read8(rig, S0_REGS, 0x02), IR_SEND_OK);
}

/* Two frames, the second given to the chip while the first is on the wire. */
static void send_two_at_once(struct rig *rig, enum w5500_sim_send_twice what)
{
	w5500_sim_options(rig->chip)->send_twice = what;
	rig_bring_up(rig, 0x84);
	rig_send(rig, 1000, 1);
	rig_send(rig, 100, 2);
	rig_wait(rig, MS);
	rig_assert_violation(rig, "SEND during a SEND");
}

static void send_during_send_is_ignored(void **state)
{
	struct rig *rig = *state;

	send_two_at_once(rig, W5500_SIM_SEND_TWICE_IGNORED);
	assert_int_equal(rig->n_sent, 1);
	assert_true(rig_was_sent(rig, 1000, 1));
	assert_int_equal(rig_read16(rig, S0_REGS, 0x22), 1000);
}

static void send_during_send_is_queued(void **state)
{
	struct rig *rig = *state;

	send_two_at_once(rig, W5500_SIM_SEND_TWICE_QUEUED);
	assert_int_equal(rig->n_sent, 2);
	assert_true(rig_was_sent(rig, 100, 2));
	assert_int_equal(rig_read16(rig, S0_REGS, 0x22), 1100);
}

static void send_during_send_corrupts(void **state)
{
	struct rig *rig = *state;

	send_two_at_once(rig, W5500_SIM_SEND_TWICE_CORRUPTS);
	assert_int_equal(rig->n_sent, 1);
	assert_false(rig_was_sent(rig, 1000, 1));
	assert_int_equal(rig_read16(rig, S0_REGS, 0x22), 1100);
	/* The next one is in order again. */
	rig_send(rig, 60, 3);
	rig_wait(rig, MS);
	assert_true(rig_was_sent(rig, 60, 3));
}

/* ---- rule 16 ---- */

static void upload_beyond_tx_wr_is_safe_during_a_send(void **state)
{
	struct rig *rig = *state;
	uint8_t frame[1514];

	rig_bring_up(rig, 0x84);
	rig_send(rig, 1514, 1);
	rig_frame(frame, 1514, 2);
	rig_write(rig, S0_TX, 1514, frame, 1514);
	rig_wait(rig, MS);
	assert_true(rig_was_sent(rig, 1514, 1));
	rig_write16(rig, S0_REGS, 0x24, 3028);
	assert_true(rig_command(rig, CR_SEND));
	rig_wait(rig, MS);
	assert_true(rig_was_sent(rig, 1514, 2));
	assert_int_equal(rig_violations(rig), 0);
}

static void upload_into_a_frame_being_sent_corrupts_it(void **state)
{
	struct rig *rig = *state;

	rig_bring_up(rig, 0x84);
	rig_send(rig, 1514, 1);
	rig_write8(rig, S0_TX, 1513, 0xee);
	rig_assert_violation(rig, "TX buffer written at 0x05e9, inside the frame");
	rig_write8(rig, S0_TX, 0x4000, 0xee); /* the ring wraps: that is its first byte */
	rig_assert_violation(rig, "TX buffer written at 0x4000, inside the frame");
	rig_write8(rig, S0_TX, 1514, 0xee);
	assert_int_equal(rig_violations(rig), 0);
	rig_wait(rig, MS);
	assert_false(rig_was_sent(rig, 1514, 1));
	assert_int_equal(rig->sent[1513], 0xee);
	assert_int_equal(rig->sent[0], 0xee);
	rig_write8(rig, S0_TX, 0, 0xee); /* sent: free again */
	assert_int_equal(rig_violations(rig), 0);
}

/* ---- faults ---- */

static void sends_can_get_stuck(void **state)
{
	struct rig *rig = *state;

	rig_bring_up(rig, 0x84);
	w5500_sim_faults(rig->chip)->send_stuck = 1;
	rig_send(rig, 60, 1);
	rig_wait(rig, NSEC_PER_SEC);
	assert_int_equal(rig->n_sent, 0);
	assert_int_equal(rig_read16(rig, S0_REGS, 0x22), 0);
	assert_true(rig_command(rig, CR_OPEN));
	rig_send(rig, 60, 2);
	rig_wait(rig, MS);
	assert_true(rig_was_sent(rig, 60, 2));
}

static void send_ok_can_get_lost(void **state)
{
	struct rig *rig = *state;

	rig_bring_up(rig, 0x84);
	w5500_sim_faults(rig->chip)->send_ok_lost = 1;
	rig_send(rig, 60, 1);
	rig_wait(rig, MS);
	assert_true(rig_was_sent(rig, 60, 1));
	assert_int_equal(rig_read8(rig, S0_REGS, 0x02), 0);
	assert_int_equal(rig_read16(rig, S0_REGS, 0x22), 60);
	rig_send(rig, 60, 2);
	rig_wait(rig, MS);
	assert_int_equal(rig_read8(rig, S0_REGS, 0x02), IR_SEND_OK);
}

/* ---- mistakes ---- */

static bool send_without_waiting(struct rig *rig, bool wrong)
{
	rig_bring_up(rig, 0x84);
	rig_send(rig, 1514, 1);
	while (!wrong && !(rig_read8(rig, S0_REGS, 0x02) & IR_SEND_OK))
		rig_wait(rig, US);
	rig_send(rig, 60, 2);
	rig_wait(rig, MS);
	return rig->n_sent == 2;
}

static bool cr_zero_means_sent(struct rig *rig, bool wrong)
{
	rig_bring_up(rig, 0x84);
	rig_send(rig, 1514, 1); /* waits for CR = 0 */
	while (!wrong && rig_read16(rig, S0_REGS, 0x22) != 1514)
		rig_wait(rig, US);
	return rig->n_sent == 1;
}

static bool two_frames_in_one_send(struct rig *rig, bool wrong)
{
	uint8_t frame[1514];

	rig_bring_up(rig, 0x84);
	rig_frame(frame, 1514, 1);
	rig_write(rig, S0_TX, 0, frame, 1514);
	rig_frame(frame, 1000, 2);
	rig_write(rig, S0_TX, 1514, frame, 1000);
	if (!wrong) {
		rig_write16(rig, S0_REGS, 0x24, 1514);
		assert_true(rig_command(rig, CR_SEND));
		rig_wait(rig, MS);
	}
	rig_write16(rig, S0_REGS, 0x24, 2514);
	assert_true(rig_command(rig, CR_SEND));
	rig_wait(rig, MS);
	return rig->n_sent == 2 && rig_was_sent(rig, 1000, 2);
}

static bool send_before_moving_tx_wr(struct rig *rig, bool wrong)
{
	uint8_t frame[60];

	rig_bring_up(rig, 0x84);
	rig_frame(frame, 60, 1);
	rig_write(rig, S0_TX, 0, frame, 60);
	if (wrong)
		assert_true(rig_command(rig, CR_SEND));
	rig_write16(rig, S0_REGS, 0x24, 60);
	if (!wrong)
		assert_true(rig_command(rig, CR_SEND));
	rig_wait(rig, MS);
	return rig_was_sent(rig, 60, 1);
}

static bool a_record_header_before_the_frame(struct rig *rig, bool wrong)
{
	uint8_t record[2 + 60];
	size_t skip = wrong ? 0 : 2;

	rig_bring_up(rig, 0x84);
	put_be16(record, 62);
	rig_frame(record + 2, 60, 1);
	rig_write(rig, S0_TX, 0, record + skip, sizeof(record) - skip);
	rig_write16(rig, S0_REGS, 0x24, (uint16_t)(sizeof(record) - skip));
	assert_true(rig_command(rig, CR_SEND));
	rig_wait(rig, MS);
	return rig_was_sent(rig, 60, 1);
}

static bool wait_for_send_ok_for_ever(struct rig *rig, bool wrong)
{
	rig_bring_up(rig, 0x84);
	rig_send(rig, 1514, 1);
	w5500_sim_set_cable(rig->chip, false);
	w5500_sim_set_cable(rig->chip, true);
	for (int i = 0; i < 10 && !(rig_read8(rig, S0_REGS, 0x02) & IR_SEND_OK); i++)
		rig_wait(rig, MS);
	if (!wrong)
		assert_true(rig_command(rig, CR_OPEN));
	else if (!(rig_read8(rig, S0_REGS, 0x02) & IR_SEND_OK))
		return false;
	rig_send(rig, 60, 2);
	rig_wait(rig, MS);
	return rig_was_sent(rig, 60, 2);
}

static bool reuse_the_buffer_too_early(struct rig *rig, bool wrong)
{
	uint8_t frame[60];

	rig_bring_up(rig, 0x84);
	rig_send(rig, 1514, 1);
	rig_frame(frame, 60, 2);
	rig_write(rig, S0_TX, wrong ? 0 : 1514, frame, 60);
	rig_wait(rig, MS);
	return rig_was_sent(rig, 1514, 1);
}

static void catches_these_mistakes(void **state)
{
	static const struct mutation mutations[] = {
		{ 15, "sends while a frame is being sent", send_without_waiting },
		{ 15, "takes Sn_CR = 0 for the end of SEND", cr_zero_means_sent },
		{ 15, "sends two frames with one SEND", two_frames_in_one_send },
		{ 15, "gives SEND before TX_WR", send_before_moving_tx_wr },
		{ 15, "puts a record header before a frame to send",
		  a_record_header_before_the_frame },
		{ 15, "waits for SEND_OK for ever", wait_for_send_ok_for_ever },
		{ 16, "writes over the frame being sent", reuse_the_buffer_too_early },
	};

	(void)state;
	rig_catch(mutations, ARRAY_SIZE(mutations));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(send_takes_the_time_of_the_wire),
		TEST(send_takes_ten_times_as_long_at_10_mbit),
		TEST(send_of_nothing_is_done_at_once),
		TEST(short_frames_are_padded_or_not),
		TEST(impossible_lengths_are_violations),
		TEST(tx_fsr_counts_what_was_written),
		TEST(tx_fsr_can_count_from_send_on),
		TEST(without_a_link_nothing_happens),
		TEST(without_a_link_send_ok_may_come),
		TEST(link_lost_in_the_middle_of_a_send),
		TEST(send_during_send_is_ignored),
		TEST(send_during_send_is_queued),
		TEST(send_during_send_corrupts),
		TEST(upload_beyond_tx_wr_is_safe_during_a_send),
		TEST(upload_into_a_frame_being_sent_corrupts_it),
		TEST(sends_can_get_stuck),
		TEST(send_ok_can_get_lost),
		cmocka_unit_test(catches_these_mistakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
