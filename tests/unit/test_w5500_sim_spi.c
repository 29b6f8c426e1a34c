// SPDX-License-Identifier: MIT
/* test_w5500_sim_spi.c — the simulated chip's SPI engine: rules 1 to 6 */
#include <string.h>

#include "unit.h"
#include "w5500_rig.h"

/* ---- rule 1 ---- */

static void offset_counts_up_and_wraps_at_ffff(void **state)
{
	struct rig *rig = *state;
	uint8_t data[4] = { 1, 2, 3, 4 }, back[4];

	rig_write(rig, S0_TX, 0xfffe, data, 4);
	rig_read(rig, S0_TX, 0xfffe, back, 4);
	assert_memory_equal(back, data, 4);
	/* 2 KiB of memory: 0xffff is 0x07ff, 0x0000 follows. */
	rig_read(rig, S0_TX, 0x0000, back, 2);
	assert_memory_equal(back, data + 2, 2);
	assert_int_equal(rig_read8(rig, S0_TX, 0x07ff), 2);
}

static void a_burst_wraps_in_the_ring_by_itself(void **state)
{
	struct rig *rig = *state;
	uint8_t data[100], back[100];

	for (unsigned int i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i + 1);
	rig_bring_up(rig, 0x84);
	rig_write(rig, S0_TX, 0x3fc0, data, 100);
	rig_read(rig, S0_TX, 0x7fc0, back, 100);
	assert_memory_equal(back, data, 100);
	assert_int_equal(rig_read8(rig, S0_TX, 0), 0x3fff - 0x3fc0 + 2);
}

/* ---- rule 2 ---- */

static void header_is_answered_by_01_02_03(void **state)
{
	static const uint8_t mosi[] = { 0x00, 0x39, 0x00, 0x00 };
	static const uint8_t want[] = { 0x01, 0x02, 0x03, 0x04 };
	struct rig *rig = *state;
	uint8_t miso[4];

	rig_transact(rig, mosi, miso, 4);
	assert_memory_equal(miso, want, 4);
}

static void miso_of_write_data_is_0_or_random(void **state)
{
	struct rig *rig = *state;
	uint8_t mosi[3 + 32] = { 0x00, 0x00, 0x14 }, miso[3 + 32];
	uint8_t zeroes[32] = { 0 };

	memset(mosi + 3, 0xff, 32);
	rig_transact(rig, mosi, miso, sizeof(mosi));
	assert_memory_equal(miso + 3, zeroes, 32);
	w5500_sim_options(rig->chip)->write_miso_random = true;
	rig_transact(rig, mosi, miso, sizeof(mosi));
	assert_memory_not_equal(miso + 3, zeroes, 32);
	assert_int_equal(miso[2], 0x03);
}

static void not_selected_the_chip_neither_speaks_nor_listens(void **state)
{
	static const uint8_t write_rtr[] = { 0x00, 0x19, 0x04, 0x12, 0x34 };
	struct rig *rig = *state;
	uint8_t miso[5];

	rig_clock(rig, write_rtr, miso, 5);
	assert_memory_equal(miso, "\xff\xff\xff\xff\xff", 5);
	assert_int_equal(w5500_sim_clock_bits(rig->chip, 0, 3), 0xff);
	w5500_sim_options(rig->chip)->hiz_low = true;
	rig_clock(rig, write_rtr, miso, 5);
	assert_memory_equal(miso, "\x00\x00\x00\x00\x00", 5);
	assert_int_equal(w5500_sim_clock_bits(rig->chip, 0, 3), 0x00);
	assert_int_equal(rig_read16(rig, COMMON, 0x19), 0x07d0);
	assert_int_equal(w5500_sim_stats(rig->chip)->bytes, 5); /* of the read */
}

/* ---- rule 3 ---- */

static void fixed_length_frames_chain_under_one_select(void **state)
{
	/* RTR := 0x1234 (2 bytes), RCR := 0x56 (1 byte), read RTR..RCR+1 (4 bytes) */
	static const uint8_t mosi[] = { 0x00, 0x19, 0x06, 0x12, 0x34, 0x00, 0x1b, 0x05,
					0x56, 0x00, 0x19, 0x03, 0,    0,    0,	  0 };
	static const uint8_t want[] = { 1, 2, 3, 0, 0,	  1,	2,    3,
					0, 1, 2, 3, 0x12, 0x34, 0x56, 0x28 };
	struct rig *rig = *state;
	uint8_t miso[16];

	rig_transact(rig, mosi, miso, 16);
	assert_memory_equal(miso, want, 16);
}

static void fixed_length_frames_can_end_the_select(void **state)
{
	static const uint8_t mosi[] = { 0x00, 0x19, 0x06, 0x12, 0x34,
					0x00, 0x1b, 0x05, 0x56 };
	struct rig *rig = *state;
	uint8_t miso[9];

	w5500_sim_options(rig->chip)->fdm_ends_frame = true;
	rig_transact(rig, mosi, miso, 9);
	assert_int_equal(rig_read16(rig, COMMON, 0x19), 0x1234);
	assert_int_equal(rig_read8(rig, COMMON, 0x1b), 0x08);
	assert_memory_equal(miso + 5, "\0\0\0\0", 4);
}

static void fixed_length_frames_can_overrun(void **state)
{
	/* RTR := 0x1234, then what would be RCR := 0x56 with its header */
	static const uint8_t mosi[] = { 0x00, 0x19, 0x06, 0x12, 0x34,
					0x07, 0x29, 0x01, 0x56 };
	struct rig *rig = *state;
	uint8_t miso[9];

	w5500_sim_options(rig->chip)->fdm_overruns = true;
	rig_transact(rig, mosi, miso, 9);
	assert_int_equal(rig_read16(rig, COMMON, 0x19), 0x1234);
	assert_int_equal(rig_read16(rig, COMMON, 0x1b), 0x0729);
	assert_int_equal(rig_read16(rig, COMMON, 0x1d), 0x0156);
	assert_memory_equal(miso + 5, "\0\0\0\0", 4);
	/* Nor is a frame that the chip select ends any different. */
	rig_transact(rig, mosi, miso, 5);
	assert_int_equal(rig_read16(rig, COMMON, 0x1b), 0x0729);
}

static void fixed_length_frames_can_spill(void **state)
{
	/* RTR := 0x1234, then S0_TTL := 0x55 and a read of it */
	static const uint8_t mosi[] = { 0x00, 0x19, 0x06, 0x12, 0x34, 0x00, 0x16,
					0x0d, 0x55, 0x00, 0x16, 0x09, 0 };
	struct rig *rig = *state;
	uint8_t miso[13];

	w5500_sim_options(rig->chip)->fdm_spills = true;
	rig_transact(rig, mosi + 5, miso, 8); /* the first of a chain does not */
	assert_int_equal(rig_read8(rig, S0_REGS + 4, 0x16), 0x80);
	rig_transact(rig, mosi, miso, 13);
	assert_int_equal(miso[12], 0x55);
	assert_int_equal(rig_read8(rig, S0_REGS + 4, 0x16), 0x55);
	assert_int_equal(rig_violations(rig), 0);
}

static void fixed_length_frames_can_drop_commands(void **state)
{
	/* S0_MR := MACRAW, S0_CR := OPEN */
	static const uint8_t mosi[] = { 0x00, 0x00, 0x0d, 0x04, 0x00, 0x01, 0x0d, 0x01 };
	struct rig *rig = *state;
	uint8_t miso[8];

	w5500_sim_options(rig->chip)->fdm_drops_commands = true;
	rig_transact(rig, mosi, miso, 8);
	assert_int_equal(rig_read8(rig, S0_REGS, 0x00), 0x04);
	assert_int_equal(rig_read8(rig, S0_REGS, 0x03), 0x00);
	rig_transact(rig, mosi + 4, miso, 4); /* alone it is taken */
	assert_int_equal(rig_read8(rig, S0_REGS, 0x03), 0x42);
}

/* One message with a chain in one chip select. */
static void message(struct rig *rig, const uint8_t *mosi, size_t n, bool answered)
{
	uint8_t miso[16];

	w5500_sim_message_begins(rig->chip);
	rig_transact(rig, mosi, miso, n);
	w5500_sim_message_ends(rig->chip, answered);
}

static void a_chain_that_writes_before_one_was_answered_is_a_violation(void **state)
{
	/* RTR := 0x1234 and a read of RCR; reads of RCR and PTIMER */
	static const uint8_t writes[] = { 0x00, 0x19, 0x06, 0x12, 0x34,
					  0x00, 0x1b, 0x01, 0 };
	static const uint8_t reads[] = { 0x00, 0x1b, 0x01, 0, 0x00, 0x1c, 0x01, 0 };
	struct rig *rig = *state;

	message(rig, writes, 5, true); /* no chain */
	message(rig, reads, 4, true);
	assert_int_equal(rig_violations(rig), 0);
	message(rig, writes, sizeof(writes), false);
	rig_assert_violation(rig, "a chain of frames that writes, before");
	message(rig, reads, sizeof(reads), false); /* its answer was lost */
	message(rig, writes, sizeof(writes), false);
	rig_assert_violation(rig, "a chain of frames that writes, before");
	message(rig, reads, sizeof(reads), true);
	message(rig, writes, sizeof(writes), true);
	assert_int_equal(rig_violations(rig), 0);
}

static void variable_length_frames_last_until_deselect(void **state)
{
	static const uint8_t mosi[] = { 0x00, 0x09, 0x04, 1, 2, 3, 4, 5, 6 };
	struct rig *rig = *state;
	uint8_t miso[9], mac[6];

	rig_transact(rig, mosi, miso, 9);
	rig_read(rig, COMMON, 0x09, mac, 6);
	assert_memory_equal(mac, mosi + 3, 6);
}

/* ---- rule 4 ---- */

static void a_partial_byte_is_discarded(void **state)
{
	static const uint8_t mosi[] = { 0x00, 0x19, 0x04, 0x12 };
	struct rig *rig = *state;
	uint8_t miso[4];

	w5500_sim_select(rig->chip);
	rig_clock(rig, mosi, miso, 4);
	(void)w5500_sim_clock_bits(rig->chip, 0xff, 7);
	w5500_sim_deselect(rig->chip);
	/* The complete byte before the cut has been written (Q24). */
	assert_int_equal(rig_read16(rig, COMMON, 0x19), 0x12d0);
}

static void a_header_alone_has_no_effect(void **state)
{
	struct rig *rig = *state;
	uint8_t mosi[] = { 0x00, 0x01, 0x0c }, miso[3];

	for (size_t n = 0; n <= 3; n++)
		rig_transact(rig, mosi, miso, n);
	assert_int_equal(rig_read8(rig, S0_REGS, 0x01), 0);
	assert_int_equal(rig_violations(rig), 0);
}

static void bits_are_the_same_as_bytes(void **state)
{
	static const uint8_t mosi[] = { 0x00, 0x39, 0x00, 0x00 };
	struct rig *rig = *state;
	uint8_t miso[4];

	w5500_sim_select(rig->chip);
	for (unsigned int i = 0; i < 4; i++) {
		miso[i] = w5500_sim_clock_bits(rig->chip, mosi[i], 3);
		miso[i] |=
			w5500_sim_clock_bits(rig->chip, (uint8_t)(mosi[i] << 3), 5) >> 3;
	}
	w5500_sim_deselect(rig->chip);
	assert_memory_equal(miso, "\x01\x02\x03\x04", 4);
}

static void a_slipped_bit_shifts_everything(void **state)
{
	static const uint8_t mosi[] = { 0x00, 0x39, 0x00, 0x00 };
	struct rig *rig = *state;
	uint8_t miso[4];

	w5500_sim_select(rig->chip);
	(void)w5500_sim_clock_bits(rig->chip, 0, 1);
	rig_clock(rig, mosi, miso, 4);
	w5500_sim_deselect(rig->chip);
	assert_memory_not_equal(miso, "\x01\x02\x03", 3);
	assert_int_equal(miso[0], 0x02);
}

/* ---- rule 5 ---- */

static void reserved_blocks_read_0_and_are_violations(void **state)
{
	struct rig *rig = *state;

	for (unsigned int bsb = 4; bsb < 32; bsb += 4) {
		uint8_t data[3] = { 1, 1, 1 };

		rig_read(rig, bsb, 0x0000, data, 3);
		assert_memory_equal(data, "\0\0\0", 3);
		rig_assert_violation(rig, "read of reserved block");
		rig_write8(rig, bsb, 0x0000, 0xff);
		rig_assert_violation(rig, "write to reserved block");
	}
}

static void every_other_block_is_legal(void **state)
{
	struct rig *rig = *state;

	for (unsigned int bsb = 0; bsb < 32; bsb++)
		if (bsb == 0 || bsb % 4 != 0)
			(void)rig_read8(rig, bsb, 0x0000);
	assert_int_equal(rig_violations(rig), 0);
}

static bool common_reserved(uint16_t offset)
{
	return offset > 0x39 || (offset >= 0x2f && offset <= 0x38);
}

static bool socket_reserved(uint16_t offset)
{
	return offset == 0x14 || (offset >= 0x17 && offset <= 0x1d) || offset > 0x2f;
}

static void reserved_offsets_are_violations(void **state)
{
	struct rig *rig = *state;

	for (uint16_t offset = 0; offset < 0x60; offset++) {
		(void)rig_read8(rig, COMMON, offset);
		if (common_reserved(offset))
			rig_assert_violation(rig, "read begins at reserved offset");
		(void)rig_read8(rig, SN(3), offset);
		if (socket_reserved(offset))
			rig_assert_violation(rig, "read begins at reserved offset");
		assert_int_equal(rig_violations(rig), 0);
		if (common_reserved(offset)) {
			rig_write8(rig, COMMON, offset, 0);
			rig_assert_violation(rig, "write to reserved offset");
		}
		if (socket_reserved(offset)) {
			rig_write8(rig, SN(0), offset, 0);
			rig_assert_violation(rig, "write to reserved offset");
		}
	}
}

static void a_read_may_pass_over_reserved_offsets(void **state)
{
	struct rig *rig = *state;
	uint8_t regs[0x40], zeroes[10] = { 0 };

	rig_read(rig, COMMON, 0x00, regs, 0x40);
	assert_int_equal(regs[0x39], 0x04);
	assert_memory_equal(regs + 0x2f, zeroes, 10);
	assert_memory_equal(regs + 0x3a, zeroes, 6);
	rig_read(rig, S0_REGS, 0x00, regs, 0x40);
	assert_memory_equal(regs + 0x17, zeroes, 7);
	assert_int_equal(rig_violations(rig), 0);
	w5500_sim_options(rig->chip)->reserved_reads_random = true;
	rig_read(rig, COMMON, 0x00, regs, 0x40);
	assert_memory_not_equal(regs + 0x2f, zeroes, 10);
	assert_int_equal(regs[0x39], 0x04);
	assert_int_equal(rig_violations(rig), 0);
}

static void a_write_may_not_pass_over_reserved_offsets(void **state)
{
	static const uint8_t data[3] = { 0 };
	struct rig *rig = *state;

	rig_write(rig, S0_REGS, 0x13, data, 3); /* 0x13, 0x14 (reserved), 0x15 */
	rig_assert_violation(rig, "write to reserved offset 0x0014");
}

/* ---- rule 6 ---- */

static void words_are_sampled_byte_by_byte(void **state)
{
	static const uint8_t header[] = { 0x00, 0x26, 0x08 };
	struct rig *rig = *state;
	uint8_t miso[3], high, low;
	uint8_t frame[300];

	rig_bring_up(rig, 0x84);
	rig_arrive(rig, 200, 1); /* RSR = 202 = 0x00ca */
	rig_frame(frame, 100, 2);
	assert_int_equal(w5500_sim_deliver(rig->chip, frame, 100, 0), 0);
	w5500_sim_select(rig->chip);
	rig_clock(rig, header, miso, 3);
	high = w5500_sim_clock_byte(rig->chip, 0);
	rig_wait(rig, MS); /* the frame arrives: RSR = 304 = 0x0130 */
	low = w5500_sim_clock_byte(rig->chip, 0);
	w5500_sim_deselect(rig->chip);
	assert_int_equal(high << 8 | low, 0x0030);
}

static void tearing_can_be_forced_on_reception(void **state)
{
	struct rig *rig = *state;
	uint8_t frame[100];

	rig_bring_up(rig, 0x84);
	rig_arrive(rig, 200, 1);
	rig_frame(frame, 100, 2);
	w5500_sim_options(rig->chip)->tear = W5500_SIM_TEAR_RX;
	assert_int_equal(w5500_sim_deliver(rig->chip, frame, 100, 0), 0);
	assert_int_equal(rig_read16(rig, S0_REGS, 0x26), 0x0030);
	/* Nothing is pending any more: the same read twice agrees. */
	assert_int_equal(rig_read16(rig, S0_REGS, 0x26), 0x0130);
	assert_int_equal(w5500_sim_deliver(rig->chip, frame, 100, 0), 0);
	assert_int_equal(rig_read16(rig, S0_REGS, 0x2a), 0x0196); /* RX_WR: no carry */
	assert_true(rig_take(rig, 200, 1));
	assert_true(rig_take(rig, 100, 2));
}

static void tearing_can_be_forced_on_transmission(void **state)
{
	struct rig *rig = *state;

	rig_bring_up(rig, 0x84);
	w5500_sim_options(rig->chip)->tear = W5500_SIM_TEAR_TX;
	rig_send(rig, 300, 1);
	assert_int_equal(rig->n_sent, 0);
	assert_int_equal(rig_read16(rig, S0_REGS, 0x22), 0x002c); /* 0 to 0x012c */
	assert_int_equal(rig->n_sent, 1);
	assert_int_equal(rig_read16(rig, S0_REGS, 0x22), 0x012c);
	rig_send(rig, 300, 2);
	assert_int_equal(rig_read16(rig, S0_REGS, 0x20), 0x3e00); /* 0x3ed4 to 0x4000 */
	assert_int_equal(rig_read16(rig, S0_REGS, 0x20), 0x4000);
}

static void without_the_switch_nothing_is_forced(void **state)
{
	struct rig *rig = *state;
	uint8_t frame[100];

	rig_bring_up(rig, 0x84);
	rig_frame(frame, 100, 2);
	assert_int_equal(w5500_sim_deliver(rig->chip, frame, 100, 0), 0);
	assert_int_equal(rig_read16(rig, S0_REGS, 0x26), 0);
	assert_int_equal(rig_read16(rig, S0_REGS, 0x26), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(offset_counts_up_and_wraps_at_ffff),
		TEST(a_burst_wraps_in_the_ring_by_itself),
		TEST(header_is_answered_by_01_02_03),
		TEST(miso_of_write_data_is_0_or_random),
		TEST(not_selected_the_chip_neither_speaks_nor_listens),
		TEST(fixed_length_frames_chain_under_one_select),
		TEST(fixed_length_frames_can_end_the_select),
		TEST(fixed_length_frames_can_overrun),
		TEST(fixed_length_frames_can_spill),
		TEST(fixed_length_frames_can_drop_commands),
		TEST(a_chain_that_writes_before_one_was_answered_is_a_violation),
		TEST(variable_length_frames_last_until_deselect),
		TEST(a_partial_byte_is_discarded),
		TEST(a_header_alone_has_no_effect),
		TEST(bits_are_the_same_as_bytes),
		TEST(a_slipped_bit_shifts_everything),
		TEST(reserved_blocks_read_0_and_are_violations),
		TEST(every_other_block_is_legal),
		TEST(reserved_offsets_are_violations),
		TEST(a_read_may_pass_over_reserved_offsets),
		TEST(a_write_may_not_pass_over_reserved_offsets),
		TEST(words_are_sampled_byte_by_byte),
		TEST(tearing_can_be_forced_on_reception),
		TEST(tearing_can_be_forced_on_transmission),
		TEST(without_the_switch_nothing_is_forced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
