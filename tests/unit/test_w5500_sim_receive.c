// SPDX-License-Identifier: MIT
/* test_w5500_sim_receive.c — the simulated chip's reception: rules 18 to 20 */
#include <string.h>

#include "unit.h"
#include "w5500_rig.h"

#define RING 16384u

/* ---- rule 18 ---- */

static void a_frame_becomes_a_record(void **state)
{
	struct rig *rig = *state;
	uint8_t frame[61], record[63];

	rig_bring_up(rig, 0x84);
	rig_arrive(rig, 61, 1);
	rig_arrive(rig, 60, 2);
	assert_int_equal(rig_read16(rig, S0_REGS, 0x2a), 63 + 62);
	assert_int_equal(rig_read16(rig, S0_REGS, 0x26), 63 + 62);
	rig_frame(frame, 61, 1);
	rig_read(rig, S0_RX, 0, record, 63);
	assert_int_equal(get_be16(record), 63);
	assert_memory_equal(record + 2, frame, 61);
	rig_read(rig, S0_RX, 63, record, 2); /* no alignment */
	assert_int_equal(get_be16(record), 62);
	assert_int_equal(rig_read8(rig, S0_REGS, 0x02), IR_RECV);
}

static void it_counts_only_when_it_is_complete(void **state)
{
	struct rig *rig = *state;
	uint8_t frame[1514];

	rig_bring_up(rig, 0x84);
	rig_frame(frame, 1514, 1);
	assert_int_equal(w5500_sim_deliver(rig->chip, frame, 1514, 0), 0);
	/* Preamble 8, frame 1514, FCS 4 bytes of 80 ns. */
	rig_wait(rig, 1526 * 80 - 1);
	assert_int_equal(rig_read16(rig, S0_REGS, 0x26), 0);
	assert_int_equal(rig_read16(rig, S0_REGS, 0x2a), 0);
	assert_int_equal(rig_read8(rig, S0_REGS, 0x02), 0);
	rig_wait(rig, 1);
	assert_int_equal(rig_read16(rig, S0_REGS, 0x26), 1516);
	assert_int_equal(rig_read16(rig, S0_REGS, 0x2a), 1516);
	assert_int_equal(rig_read8(rig, S0_REGS, 0x02), IR_RECV);
	assert_true(rig_take(rig, 1514, 1));
}

static void rsr_can_grow_while_a_frame_comes_in(void **state)
{
	struct rig *rig = *state;
	uint8_t frame[1514];

	rig_bring_up(rig, 0x84);
	w5500_sim_options(rig->chip)->rsr_grows = true;
	rig_frame(frame, 1514, 1);
	assert_int_equal(w5500_sim_deliver(rig->chip, frame, 1514, 0), 0);
	rig_wait(rig, 8 * 80);
	assert_int_equal(rig_read16(rig, S0_REGS, 0x26), 0);
	rig_wait(rig, 100 * 80);
	assert_int_equal(rig_read16(rig, S0_REGS, 0x26), 102);
	assert_int_equal(rig_read16(rig, S0_REGS, 0x2a), 0); /* the pointer does not */
	rig_wait(rig, 1416 * 80);
	assert_int_equal(rig_read16(rig, S0_REGS, 0x26), 1516);
	rig_wait(rig, 10 * 80);
	assert_int_equal(rig_read16(rig, S0_REGS, 0x26), 1516);
	assert_true(rig_take(rig, 1514, 1));
	assert_int_equal(rig_read16(rig, S0_REGS, 0x26), 0);
}

static void runts_giants_and_bad_frames_are_dropped(void **state)
{
	struct rig *rig = *state;
	uint8_t frame[60];

	rig_bring_up(rig, 0x84);
	rig_arrive(rig, 59, 1);
	rig_arrive(rig, 20, 1);
	rig_arrive(rig, 1515, 1);
	rig_arrive(rig, W5500_SIM_FRAME_BUFFER, 1);
	rig_frame(frame, 60, 1);
	assert_int_equal(w5500_sim_deliver_bad_fcs(rig->chip, frame, 60, 0), 0);
	rig_wait(rig, MS);
	assert_int_equal(w5500_sim_stats(rig->chip)->rx_dropped_bad, 5);
	assert_int_equal(rig_read16(rig, S0_REGS, 0x26), 0);
	assert_int_equal(rig_read8(rig, S0_REGS, 0x02), 0);
	rig_arrive(rig, 60, 1);
	rig_arrive(rig, 1514, 1);
	assert_int_equal(w5500_sim_stats(rig->chip)->rx_frames, 2);
}

static void tagged_frames_of_1518_are_taken_or_not(void **state)
{
	struct rig *rig = *state;

	rig_bring_up(rig, 0x84);
	w5500_sim_options(rig->chip)->accept_1518 = true;
	rig_arrive(rig, 1518, 1);
	rig_arrive(rig, 1519, 2);
	assert_true(rig_take(rig, 1518, 1));
	assert_int_equal(w5500_sim_stats(rig->chip)->rx_dropped_bad, 1);
	w5500_sim_options(rig->chip)->accept_1518 = false;
	rig_arrive(rig, 1518, 1);
	assert_int_equal(w5500_sim_stats(rig->chip)->rx_dropped_bad, 2);
}

static void nothing_is_received_without_link_or_socket(void **state)
{
	struct rig *rig = *state;

	rig_arrive(rig, 60, 1);
	assert_int_equal(w5500_sim_stats(rig->chip)->rx_dropped_closed, 1);
	rig_bring_up(rig, 0x84);
	w5500_sim_set_cable(rig->chip, false);
	rig_arrive(rig, 60, 1);
	assert_int_equal(w5500_sim_stats(rig->chip)->rx_dropped_closed, 2);
	assert_int_equal(rig_read16(rig, S0_REGS, 0x26), 0);
}

static void a_frame_cut_by_the_cable_is_lost(void **state)
{
	struct rig *rig = *state;
	uint8_t frame[1514];

	rig_bring_up(rig, 0x84);
	rig_frame(frame, 1514, 1);
	assert_int_equal(w5500_sim_deliver(rig->chip, frame, 1514, 0), 0);
	rig_wait(rig, 50 * US);
	w5500_sim_set_cable(rig->chip, false);
	w5500_sim_set_cable(rig->chip, true);
	rig_wait(rig, MS);
	assert_int_equal(rig_read16(rig, S0_REGS, 0x26), 0);
	assert_int_equal(w5500_sim_stats(rig->chip)->rx_dropped_bad, 1);
}

/* ---- the wire ---- */

static void frames_follow_each_other_at_wire_speed(void **state)
{
	struct rig *rig = *state;
	uint64_t start = rig_now(rig);
	uint8_t frame[60];

	rig_bring_up(rig, 0x84);
	rig_frame(frame, 60, 1);
	for (unsigned int i = 0; i < 100; i++)
		assert_int_equal(w5500_sim_deliver(rig->chip, frame, 60, 0), 0);
	rig_wait(rig, 100 * 6720 - 12 * 80 - 1); /* the last gap is not waited for */
	assert_int_equal(w5500_sim_stats(rig->chip)->rx_frames, 99);
	assert_int_equal(w5500_sim_pending(rig->chip), 1);
	rig_wait(rig, 1);
	assert_int_equal(w5500_sim_stats(rig->chip)->rx_frames, 100);
	assert_int_equal(w5500_sim_pending(rig->chip), 0);
	/* A time in the future is kept, one in the past means now. */
	start = rig_now(rig);
	assert_int_equal(w5500_sim_deliver(rig->chip, frame, 60, start + MS), 0);
	rig_wait(rig, MS + 72 * 80 - 1);
	assert_int_equal(w5500_sim_stats(rig->chip)->rx_frames, 100);
	rig_wait(rig, 1);
	assert_int_equal(w5500_sim_stats(rig->chip)->rx_frames, 101);
}

static void at_10_mbit_it_takes_ten_times_as_long(void **state)
{
	struct rig *rig = *state;
	uint8_t frame[60];

	rig_bring_up(rig, 0x84);
	w5500_sim_set_partner(rig->chip, 10, true);
	rig_frame(frame, 60, 1);
	assert_int_equal(w5500_sim_deliver(rig->chip, frame, 60, 0), 0);
	rig_wait(rig, 72 * 800 - 1);
	assert_int_equal(rig_read16(rig, S0_REGS, 0x26), 0);
	rig_wait(rig, 1);
	assert_int_equal(rig_read16(rig, S0_REGS, 0x26), 62);
}

struct sender {
	size_t len;
	unsigned int n, limit;
};

static size_t next_frame(void *ctx, uint8_t *frame)
{
	struct sender *s = ctx;

	if (s->n == s->limit)
		return 0;
	rig_frame(frame, s->len, s->n++);
	return s->len;
}

static void a_source_never_pauses(void **state)
{
	struct rig *rig = *state;
	struct sender sender = { .len = 60, .limit = UINT32_MAX };

	rig_bring_up(rig, 0x84);
	w5500_sim_set_source(rig->chip, next_frame, &sender);
	rig_wait(rig, 10 * MS);
	/* 10 ms / 6.72 us, and the one that is coming in */
	assert_int_equal(sender.n, 1489);
	assert_int_equal(w5500_sim_stats(rig->chip)->rx_frames, RING / 62);
	assert_int_equal(w5500_sim_stats(rig->chip)->rx_dropped_full, 1488 - RING / 62);
	/* What is in the ring is the beginning, complete. */
	for (unsigned int i = 0; i < RING / 62; i++)
		assert_true(rig_take(rig, 60, i));
}

static void a_source_may_have_nothing_for_a_while(void **state)
{
	struct rig *rig = *state;
	struct sender sender = { .len = 100, .limit = 2 };

	rig_bring_up(rig, 0x84);
	w5500_sim_set_source(rig->chip, next_frame, &sender);
	rig_wait(rig, MS);
	assert_int_equal(w5500_sim_stats(rig->chip)->rx_frames, 2);
	sender.limit = 3;
	rig_wait(rig, MS);
	assert_int_equal(sender.n, 2);
	w5500_sim_kick_source(rig->chip);
	rig_wait(rig, MS);
	assert_int_equal(w5500_sim_stats(rig->chip)->rx_frames, 3);
	/* Delivered frames go first. */
	sender.limit = 4;
	rig_arrive(rig, 200, 9);
	rig_wait(rig, MS);
	for (unsigned int i = 0; i < 3; i++)
		assert_true(rig_take(rig, 100, i));
	assert_true(rig_take(rig, 200, 9));
	assert_true(rig_take(rig, 100, 3));
	w5500_sim_set_source(rig->chip, NULL, NULL);
	sender.limit = 5;
	w5500_sim_kick_source(rig->chip);
	assert_int_equal(sender.n, 4);
}

static void a_source_waits_for_the_link(void **state)
{
	struct rig *rig = *state;
	struct sender sender = { .len = 100, .limit = 1 };

	rig_bring_up(rig, 0x84);
	w5500_sim_set_cable(rig->chip, false);
	w5500_sim_set_source(rig->chip, next_frame, &sender);
	rig_wait(rig, MS);
	assert_int_equal(sender.n, 0);
	w5500_sim_set_cable(rig->chip, true);
	rig_wait(rig, MS);
	assert_int_equal(w5500_sim_stats(rig->chip)->rx_frames, 1);
}

/* ---- rule 19 ---- */

static void a_full_ring_drops_whole_frames(void **state)
{
	struct rig *rig = *state;
	unsigned int i;

	rig_bring_up(rig, 0x84);
	for (i = 0; i < 10; i++)
		rig_arrive(rig, 1514, i);
	assert_int_equal(rig_read16(rig, S0_REGS, 0x26), 15160);
	rig_arrive(rig, 1514, 10);
	assert_int_equal(w5500_sim_stats(rig->chip)->rx_dropped_full, 1);
	assert_int_equal(rig_read16(rig, S0_REGS, 0x26), 15160);
	rig_arrive(rig, RING - 15160 - 2, 11); /* fits to the last byte */
	assert_int_equal(rig_read16(rig, S0_REGS, 0x26), RING);
	rig_arrive(rig, 60, 12);
	assert_int_equal(w5500_sim_stats(rig->chip)->rx_dropped_full, 2);
	/* Nothing was overwritten; reception goes on after RECV. */
	for (i = 0; i < 10; i++)
		assert_true(rig_take(rig, 1514, i));
	assert_true(rig_take(rig, RING - 15160 - 2, 11));
	rig_arrive(rig, 60, 13);
	assert_true(rig_take(rig, 60, 13));
	assert_int_equal(rig_violations(rig), 0);
}

static void only_recv_makes_room(void **state)
{
	struct rig *rig = *state;

	w5500_sim_options(rig->chip)->rsr_follows_rx_rd =
		true; /* it does not even then */
	rig_bring_up(rig, 0x84);
	for (unsigned int i = 0; i < 10; i++)
		rig_arrive(rig, 1514, i);
	rig_write16(rig, S0_REGS, 0x28, 1516);
	rig_arrive(rig, 1514, 10);
	assert_int_equal(w5500_sim_stats(rig->chip)->rx_dropped_full, 1);
	assert_true(rig_command(rig, CR_RECV));
	rig_arrive(rig, 1514, 11);
	assert_int_equal(w5500_sim_stats(rig->chip)->rx_frames, 11);
}

/* ---- rule 20 ---- */

enum kind {
	TO_US,
	TO_ANOTHER,
	BROADCAST,
	MULTICAST_4, /* 01:00:5e */
	MULTICAST_6, /* 33:33, not IPv6 inside */
	MULTICAST_OTHER,
	IPV6_TO_US,
	KINDS,
};

static void frame_of(uint8_t frame[60], enum kind kind)
{
	static const uint8_t dst[KINDS][6] = {
		[TO_US] = { 0x02, 0x11, 0x22, 0x33, 0x44, 0x55 },
		[TO_ANOTHER] = { 0x02, 0x11, 0x22, 0x33, 0x44, 0x56 },
		[BROADCAST] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
		[MULTICAST_4] = { 0x01, 0x00, 0x5e, 0, 0, 0xfb },
		[MULTICAST_6] = { 0x33, 0x33, 0, 0, 0, 0x01 },
		[MULTICAST_OTHER] = { 0x01, 0x80, 0xc2, 0, 0, 0x0e },
		[IPV6_TO_US] = { 0x02, 0x11, 0x22, 0x33, 0x44, 0x55 },
	};

	rig_frame(frame, 60, 1);
	memcpy(frame, dst[kind], 6);
	if (kind == IPV6_TO_US)
		put_be16(frame + 12, 0x86dd);
}

/* Which kinds pass with Sn_MR = @mr, as a set of bits. */
static unsigned int passing(struct rig *rig, uint8_t mr)
{
	unsigned int set = 0;
	uint8_t frame[60];

	rig_write8(rig, S0_REGS, 0x00, mr); /* live: the filter bits need no OPEN */
	for (enum kind kind = 0; kind < KINDS; kind++) {
		uint64_t before = w5500_sim_stats(rig->chip)->rx_frames;

		frame_of(frame, kind);
		assert_int_equal(w5500_sim_deliver(rig->chip, frame, 60, 0), 0);
		rig_wait(rig, MS);
		if (w5500_sim_stats(rig->chip)->rx_frames > before)
			set |= 1u << kind;
	}
	return set;
}

static void the_filter_follows_sn_mr(void **state)
{
	enum {
		ALL = (1 << KINDS) - 1,
		MINE = 1 << TO_US | 1 << IPV6_TO_US,
		B = 1 << BROADCAST,
		M4 = 1 << MULTICAST_4,
		M6 = 1 << MULTICAST_6,
		V6 = 1 << IPV6_TO_US,
	};
	static const struct {
		uint8_t mr;
		unsigned int passing;
	} cases[] = {
		{ 0x04, ALL },
		{ 0x44, ALL & ~B },
		{ 0x24, ALL & ~M4 },
		{ 0x14, ALL & ~(M6 | V6) },
		{ 0x84, MINE | B | M4 | M6 },
		{ 0xc4, MINE | M4 | M6 },
		{ 0xa4, MINE | B | M6 },
		{ 0x94, (MINE & ~V6) | B | M4 },
		{ 0xb4, (MINE & ~V6) | B },
		{ 0xf4, MINE & ~V6 },
	};
	struct rig *rig = *state;

	rig_bring_up(rig, 0x04);
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(passing(rig, cases[i].mr), cases[i].passing);
	assert_true(w5500_sim_stats(rig->chip)->rx_dropped_filter > 0);
	assert_int_equal(rig_read8(rig, S0_REGS, 0x03), 0x42);
}

static void the_filter_has_disputed_sides(void **state)
{
	struct rig *rig = *state;

	rig_bring_up(rig, 0x84);
	w5500_sim_options(rig->chip)->other_multicast = true;
	assert_true(passing(rig, 0x84) & 1u << MULTICAST_OTHER);
	w5500_sim_options(rig->chip)->ipv6_multicast_always = true;
	assert_true(passing(rig, 0x94) & 1u << MULTICAST_6);
	assert_false(passing(rig, 0x94) & 1u << IPV6_TO_US);
	w5500_sim_options(rig->chip)->other_multicast = false;
	w5500_sim_options(rig->chip)->ipv6_multicast_always = false;
	assert_false(passing(rig, 0x94) & (1u << MULTICAST_6 | 1u << MULTICAST_OTHER));
}

static void a_new_address_counts_at_once(void **state)
{
	static const uint8_t other[] = { 0x02, 0x11, 0x22, 0x33, 0x44, 0x56 };
	struct rig *rig = *state;

	rig_bring_up(rig, 0x84);
	rig_write(rig, COMMON, 0x09, other, 6);
	assert_int_equal(passing(rig, 0x84) & (1u << TO_US | 1u << TO_ANOTHER),
			 1u << TO_ANOTHER);
}

/* ---- faults ---- */

static void record_headers_can_be_bad(void **state)
{
	struct rig *rig = *state;

	rig_bring_up(rig, 0x84);
	w5500_sim_faults(rig->chip)->bad_rx_headers = 1;
	w5500_sim_faults(rig->chip)->bad_rx_length = 52991;
	rig_arrive(rig, 60, 1);
	assert_int_equal(rig_read16(rig, S0_RX, 0), 52991);
	assert_int_equal(rig_read16(rig, S0_REGS, 0x26), 62); /* the chip still knows */
	rig_arrive(rig, 60, 2);
	assert_int_equal(rig_read16(rig, S0_RX, 62), 62);
}

/* ---- mistakes ---- */

static bool length_without_the_header(struct rig *rig, bool wrong)
{
	uint16_t len;

	rig_bring_up(rig, 0x84);
	rig_arrive(rig, 60, 1);
	rig_arrive(rig, 60, 2);
	len = rig_read16(rig, S0_RX, 0);
	if (wrong)
		len = (uint16_t)(len + 2); /* takes it for the length of the frame */
	rig_write16(rig, S0_REGS, 0x28, len);
	assert_true(rig_command(rig, CR_RECV));
	return rig_take(rig, 60, 2);
}

static bool length_with_an_fcs(struct rig *rig, bool wrong)
{
	uint16_t len;

	rig_bring_up(rig, 0x84);
	rig_arrive(rig, 60, 1);
	len = (uint16_t)(rig_read16(rig, S0_RX, 0) + (wrong ? 4 : 0));
	rig_write16(rig, S0_REGS, 0x28, len);
	assert_true(rig_command(rig, CR_RECV));
	return rig_read16(rig, S0_REGS, 0x26) == 0;
}

static bool round_records_up(struct rig *rig, bool wrong)
{
	rig_bring_up(rig, 0x84);
	rig_arrive(rig, 61, 1);
	rig_arrive(rig, 60, 2);
	rig_write16(rig, S0_REGS, 0x28, wrong ? 64 : 63);
	assert_true(rig_command(rig, CR_RECV));
	return rig_take(rig, 60, 2);
}

static bool little_endian_length(struct rig *rig, bool wrong)
{
	uint8_t header[2];

	rig_bring_up(rig, 0x84);
	rig_arrive(rig, 300, 1);
	rig_read(rig, S0_RX, 0, header, 2);
	return (wrong ? header[1] << 8 | header[0] : get_be16(header)) == 302;
}

/* Takes the growing RSR for whole records. */
static bool read_an_incomplete_record(struct rig *rig, bool wrong)
{
	uint8_t frame[1514];

	rig_bring_up(rig, 0x84);
	w5500_sim_options(rig->chip)->rsr_grows = true;
	rig_frame(frame, 1514, 1);
	assert_int_equal(w5500_sim_deliver(rig->chip, frame, 1514, 0), 0);
	rig_wait(rig, 60 * US);
	while (!wrong && rig_read16(rig, S0_REGS, 0x26) != rig_read16(rig, S0_REGS, 0x2a))
		rig_wait(rig, US);
	rig_write16(rig, S0_REGS, 0x28, rig_read16(rig, S0_REGS, 0x26));
	assert_true(rig_command(rig, CR_RECV));
	rig_wait(rig, MS);
	return rig_read16(rig, S0_REGS, 0x26) == 0;
}

static bool never_commit(struct rig *rig, bool wrong)
{
	bool all = true;
	uint16_t rd = 0;

	rig_bring_up(rig, 0x84);
	for (unsigned int i = 0; i < 20; i++) {
		rig_arrive(rig, 1514, i);
		all &= rig_read16(rig, S0_RX, rd) == 1516;
		rd = (uint16_t)(rd + 1516);
		if (wrong)
			continue;
		rig_write16(rig, S0_REGS, 0x28, rd);
		assert_true(rig_command(rig, CR_RECV));
	}
	return all && w5500_sim_stats(rig->chip)->rx_frames == 20;
}

/* Commits first, reads later, while a sender never pauses. */
static bool commit_before_reading(struct rig *rig, bool wrong)
{
	struct sender sender = { .len = 1514, .limit = UINT32_MAX };
	uint8_t record[1516], want[1514];

	rig_bring_up(rig, 0x84);
	w5500_sim_set_source(rig->chip, next_frame, &sender);
	rig_wait(rig, 5 * MS);
	if (!wrong)
		rig_read(rig, S0_RX, 0, record, 1516);
	rig_write16(rig, S0_REGS, 0x28, 1516);
	assert_true(rig_command(rig, CR_RECV));
	rig_wait(rig, 2 * MS);
	if (wrong)
		rig_read(rig, S0_RX, 0, record, 1516);
	rig_frame(want, 1514, 0);
	return memcmp(record + 2, want, 1514) == 0;
}

static bool forget_the_address(struct rig *rig, bool wrong)
{
	static const uint8_t none[6];

	rig_bring_up(rig, 0x84);
	if (wrong)
		rig_write(rig, COMMON, 0x09, none, 6);
	rig_arrive(rig, 60, 1);
	return rig_read16(rig, S0_REGS, 0x26) == 62;
}

static bool block_broadcast(struct rig *rig, bool wrong)
{
	rig_bring_up(rig, 0x84);
	return passing(rig, wrong ? 0xc4 : 0x84) & 1u << BROADCAST;
}

/* Q20: the bit of another chip. */
static bool filter_bit_of_the_w5100(struct rig *rig, bool wrong)
{
	rig_bring_up(rig, 0x84);
	return !(passing(rig, wrong ? 0x44 : 0x84) & 1u << TO_ANOTHER);
}

static void catches_these_mistakes(void **state)
{
	static const struct mutation mutations[] = {
		{ 18, "takes the record length without its header",
		  length_without_the_header },
		{ 18, "expects an FCS behind the frame", length_with_an_fcs },
		{ 18, "rounds records up to even lengths", round_records_up },
		{ 18, "reads the record length little-endian", little_endian_length },
		{ 18, "commits a record that is still coming in",
		  read_an_incomplete_record },
		{ 19, "never commits what it has read", never_commit },
		{ 19, "commits before it has read", commit_before_reading },
		{ 20, "filters without an address", forget_the_address },
		{ 20, "blocks broadcast", block_broadcast },
		{ 20, "sets the filter bit of the W5100", filter_bit_of_the_w5100 },
	};

	(void)state;
	rig_catch(mutations, ARRAY_SIZE(mutations));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_frame_becomes_a_record),
		TEST(it_counts_only_when_it_is_complete),
		TEST(rsr_can_grow_while_a_frame_comes_in),
		TEST(runts_giants_and_bad_frames_are_dropped),
		TEST(tagged_frames_of_1518_are_taken_or_not),
		TEST(nothing_is_received_without_link_or_socket),
		TEST(a_frame_cut_by_the_cable_is_lost),
		TEST(frames_follow_each_other_at_wire_speed),
		TEST(at_10_mbit_it_takes_ten_times_as_long),
		TEST(a_source_never_pauses),
		TEST(a_source_may_have_nothing_for_a_while),
		TEST(a_source_waits_for_the_link),
		TEST(a_full_ring_drops_whole_frames),
		TEST(only_recv_makes_room),
		TEST(the_filter_follows_sn_mr),
		TEST(the_filter_has_disputed_sides),
		TEST(a_new_address_counts_at_once),
		TEST(record_headers_can_be_bad),
		cmocka_unit_test(catches_these_mistakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
