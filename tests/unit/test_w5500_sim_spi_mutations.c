// SPDX-License-Identifier: MIT
/* test_w5500_sim_spi_mutations.c — mistakes of a driver that the SPI engine has to show
 */
#include <string.h>

#include "unit.h"
#include "w5500_rig.h"

/* Two registers in one frame, as if the offset did not count up. */
static bool assume_no_increment(struct rig *rig, bool wrong)
{
	static const uint8_t right[] = { 0x12, 0x34 }, same_twice[] = { 0x34, 0x12 };

	rig_write(rig, COMMON, 0x19, wrong ? same_twice : right, 2);
	return rig_read16(rig, COMMON, 0x19) == 0x1234;
}

static bool little_endian_offset(struct rig *rig, bool wrong)
{
	return rig_read8(rig, COMMON, wrong ? 0x3900 : 0x0039) == 0x04;
}

static bool mask_the_echo(struct rig *rig, bool wrong)
{
	static const uint8_t mosi[] = { 0x00, 0x39, 0x00, 0x00 };
	uint8_t miso[4];

	rig_transact(rig, mosi, miso, 4);
	/* Takes MISO of the last header byte for the first data byte. */
	return miso[wrong ? 2 : 3] == 0x04;
}

static bool read_back_during_a_write(struct rig *rig, bool wrong)
{
	static const uint8_t mosi[] = { 0x00, 0x19, 0x04, 0x12, 0x34 };
	uint8_t miso[5];

	rig_transact(rig, mosi, miso, 5);
	return (wrong ? get_be16(miso + 3) : rig_read16(rig, COMMON, 0x19)) == 0x1234;
}

static bool talk_without_select(struct rig *rig, bool wrong)
{
	static const uint8_t mosi[] = { 0x00, 0x39, 0x00, 0x00 };
	uint8_t miso[4];

	if (!wrong)
		w5500_sim_select(rig->chip);
	rig_clock(rig, mosi, miso, 4);
	w5500_sim_deselect(rig->chip);
	return miso[3] == 0x04;
}

static bool chain_variable_length_frames(struct rig *rig, bool wrong)
{
	uint8_t mosi[] = { 0x00, 0x1b, 0x05, 0x03, 0x00, 0x19, 0x06, 0x12, 0x34 };
	uint8_t miso[9];

	if (wrong) {
		mosi[2] = 0x04;
		mosi[6] = 0x04;
	}
	rig_transact(rig, mosi, miso, 9);
	return rig_read16(rig, COMMON, 0x19) == 0x1234;
}

static bool more_data_than_the_fixed_length(struct rig *rig, bool wrong)
{
	uint8_t mosi[] = { 0x00, 0x09, wrong ? 0x07 : 0x04, 1, 2, 3, 4, 5, 6 };
	uint8_t miso[9], mac[6];

	rig_transact(rig, mosi, miso, 9);
	rig_read(rig, COMMON, 0x09, mac, 6);
	return memcmp(mac, mosi + 3, 6) == 0;
}

static bool end_a_chain_with_a_burst(struct rig *rig, bool wrong)
{
	static const uint8_t burst[] = { 0x00, 0x09, 0x04, 1, 2, 3, 4, 5, 6 };
	static const uint8_t fixed[] = { 0x00, 0x1b, 0x05, 0x03 };
	uint8_t miso[9], mac[6];

	w5500_sim_select(rig->chip);
	rig_clock(rig, fixed, miso, 4);
	if (!wrong) {
		w5500_sim_deselect(rig->chip);
		w5500_sim_select(rig->chip);
	}
	rig_clock(rig, burst, miso, 9);
	w5500_sim_deselect(rig->chip);
	rig_read(rig, COMMON, 0x09, mac, 6);
	return memcmp(mac, burst + 3, 6) == 0;
}

static bool trust_fixed_lengths_untried(struct rig *rig, bool wrong)
{
	static const uint8_t mosi[] = { 0x00, 0x0f, 0x07, 0,	0,   0,
					0,    0x00, 0x1b, 0x05, 0x03 };
	uint8_t miso[11];

	w5500_sim_options(rig->chip)->fdm_overruns = true;
	if (wrong) {
		rig_transact(rig, mosi, miso, 11);
	} else {
		rig_transact(rig, mosi, miso, 7);
		rig_transact(rig, mosi + 7, miso, 4);
	}
	return rig_read8(rig, COMMON, 0x1b) == 0x03 && rig_read16(rig, COMMON, 0x13) == 0;
}

static bool trust_the_answers_of_a_chain(struct rig *rig, bool wrong)
{
	static const uint8_t mosi[] = { 0x00, 0x1b, 0x05, 0x03, 0x00, 0x16,
					0x0d, 0x55, 0x00, 0x16, 0x09, 0 };
	uint8_t miso[12];

	w5500_sim_options(rig->chip)->fdm_spills = true;
	if (wrong) {
		rig_transact(rig, mosi, miso, 12);
	} else {
		rig_transact(rig, mosi, miso, 4);
		rig_transact(rig, mosi + 4, miso + 4, 8);
	}
	return miso[11] == 0x55 && rig_read8(rig, S0_REGS + 4, 0x16) == 0x80;
}

static bool lift_select_too_early(struct rig *rig, bool wrong)
{
	static const uint8_t mosi[] = { 0x00, 0x1b, 0x04 };
	uint8_t miso[3];

	w5500_sim_select(rig->chip);
	rig_clock(rig, mosi, miso, 3);
	if (wrong)
		(void)w5500_sim_clock_bits(rig->chip, 0x03, 7);
	else
		(void)w5500_sim_clock_byte(rig->chip, 0x03);
	w5500_sim_deselect(rig->chip);
	return rig_read8(rig, COMMON, 0x1b) == 0x03;
}

static bool select_twice(struct rig *rig, bool wrong)
{
	if (wrong)
		w5500_sim_select(rig->chip);
	return rig_read8(rig, COMMON, 0x39) == 0x04;
}

static bool select_a_reserved_block(struct rig *rig, bool wrong)
{
	(void)rig_read8(rig, wrong ? 4 : 5, 0x00);
	return true;
}

static bool clear_the_register_file(struct rig *rig, bool wrong)
{
	static const uint8_t zeroes[0x38];

	/* Fills the common block, over reserved offsets as well. */
	rig_write(rig, COMMON, 0x01, zeroes, wrong ? 0x38 : 0x14);
	return true;
}

static bool read_a_w5100_register(struct rig *rig, bool wrong)
{
	(void)rig_read8(rig, COMMON, wrong ? 0x3c : 0x2e);
	return true;
}

static bool believe_one_read_of_rsr(struct rig *rig, bool wrong)
{
	uint8_t frame[100];
	uint16_t rsr, again;

	rig_bring_up(rig, 0x84);
	rig_arrive(rig, 200, 1);
	rig_frame(frame, 100, 2);
	w5500_sim_options(rig->chip)->tear = W5500_SIM_TEAR_RX;
	assert_int_equal(w5500_sim_deliver(rig->chip, frame, 100, 0), 0);
	rsr = rig_read16(rig, S0_REGS, 0x26);
	while (!wrong) {
		again = rig_read16(rig, S0_REGS, 0x26);
		if (again == rsr)
			break;
		rsr = again;
	}
	return rsr == 202 || rsr == 304;
}

static void catches_these_mistakes(void **state)
{
	static const struct mutation mutations[] = {
		{ 1, "sends the low byte of the offset first", little_endian_offset },
		{ 1, "expects a burst to stay at one offset", assume_no_increment },
		{ 2, "takes the echo of the header for data", mask_the_echo },
		{ 2, "reads back what it writes in the same frame",
		  read_back_during_a_write },
		{ 2, "clocks bytes without chip select", talk_without_select },
		{ 3, "chains variable-length frames under one select",
		  chain_variable_length_frames },
		{ 3, "sends more data than the fixed length says",
		  more_data_than_the_fixed_length },
		{ 3, "ends a chain with a burst", end_a_chain_with_a_burst },
		{ 3, "chains without having tried whether the chip can",
		  trust_fixed_lengths_untried },
		{ 3, "takes right answers in a chain for a proof",
		  trust_the_answers_of_a_chain },
		{ 4, "lifts the chip select before the last bit", lift_select_too_early },
		{ 4, "asserts the chip select twice", select_twice },
		{ 5, "selects a reserved block", select_a_reserved_block },
		{ 5, "writes over reserved offsets", clear_the_register_file },
		{ 5, "reads a register of another chip", read_a_w5100_register },
		{ 6, "believes one read of RX_RSR", believe_one_read_of_rsr },
	};

	(void)state;
	rig_catch(mutations, ARRAY_SIZE(mutations));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(catches_these_mistakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
