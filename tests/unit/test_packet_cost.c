// SPDX-License-Identifier: MIT
/*
 * test_packet_cost.c — what a frame may cost at most
 *
 * The bars for the packet path, on the cases that tests/bench prints. What exactly
 * each of them costs is held by the test "figures".
 */
#include "figures/packet_cases.h"

#include <string.h>

#include "mqttnode/cleanup.h"
#include "unit.h"

/* Frames of @len bytes in a second, if that share of the bus carried them. */
#define SHARE(share, len) ((share)*PACKET_BUS_HZ / 8 / (len))

struct bar {
	const char *name;
	double calls;	     /* per frame, at most */
	double overhead;     /* bytes beside the frame's own, at most */
	double frames_per_s; /* at least */
};

static void assert_within(const struct bar *bar)
{
	struct packet_figures f;
	struct packet_case c;

	if (!packet_case_find(bar->name, &c))
		fail_msg("no case %s", bar->name);
	f = packet_case_run(&c, &packet_models[0]);
	print_message("# %s: %.4f calls, L+%.2f bytes, %.0f frames/s\n", bar->name,
		      f.calls, f.bytes - (double)c.size, f.frames_per_s);
	assert_true(f.calls <= bar->calls);
	assert_true(f.bytes <= (double)c.size + bar->overhead);
	assert_true(f.frames_per_s >= bar->frames_per_s);
}

static void a_backlog_in_shares_calls(void **state)
{
	static const struct bar bars[] = {
		{ "rx_1514_backlog_4096_plain", 0.39, 15, SHARE(0.935, 1514) },
		{ "rx_1514_backlog_16384_plain", 0.21, 10, SHARE(0.96, 1514) },
		{ "rx_1514_backlog_65536_plain", 0.21, 10, SHARE(0.96, 1514) },
		{ "rx_60_backlog_4096_plain", 0.017, 3, 58500 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bars); i++)
		assert_within(&bars[i]);
}

static void one_frame_in_takes_two_calls(void **state)
{
	static const struct bar bars[] = {
		{ "rx_60_single_4096_plain", 2, 100, 0 },
		{ "rx_1514_single_4096_plain", 2, 90, 0 },
		{ "rx_576_single_4096_plain", 2, 100, 0 },
		{ "rx_60_singlepoll_4096_plain", 2, 100, 0 },
		{ "rx_1514_singlepoll_4096_plain", 2, 90, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bars); i++)
		assert_within(&bars[i]);
}

static void a_backlog_out_takes_one_call_a_frame(void **state)
{
	static const struct bar bars[] = {
		{ "tx_1514_backlog_4096_plain", 1, 27, SHARE(0.88, 1514) },
		{ "tx_60_backlog_4096_plain", 1, 27, 14500 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bars); i++)
		assert_within(&bars[i]);
}

static void one_frame_out_takes_two_calls(void **state)
{
	static const struct bar bars[] = {
		{ "tx_60_single_4096_plain", 2, 40, 0 },
		{ "tx_60_singlepoll_4096_plain", 2, 40, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bars); i++)
		assert_within(&bars[i]);
}

static void both_ways_share_calls(void **state)
{
	static const struct bar bars[] = {
		{ "mix1to1_1514_backlog_4096_plain", 0.5, 38, SHARE(0.88, 1514) },
		{ "mix1to1_60_backlog_4096_plain", 0.5, 38, 15000 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bars); i++)
		assert_within(&bars[i]);
}

/*
 * The chained plan meets its bars, but for full frames out: 92.5 % of the bus supposes
 * one release of the chip select a message, 25 us with the call. A SEND has to wait until
 * the one before was seen to end, and what a message reads can only decide about the
 * next: so each frame has SEND, then its 123 us on the wire, then the window that shows
 * its end, then the end of a message. In one message only an upload fills 123 us, which
 * makes three chip selects, 35 us; in two there are two calls, and at least one release
 * for the upload, 40 us. 35 us and no byte but the needed ones (header 3, TX_WR 5, CR 4,
 * TX_RD 5) would be 90.8 %. With short frames a few reads fill the time on the wire.
 *
 * What would reach it gives up more than it brings. INTn as the sign of SEND_OK, asked
 * for between two messages, would leave one release; but RECV moves the same line, and
 * one that is stuck low would pass for the end of a frame that is still on the wire. An
 * upload behind fixed frames under one chip select is nothing that the datasheet speaks
 * of. Data of the next frame in fixed frames of four bytes would fill the time, but
 * need 206 bytes for their headers, 53 us to save 10.
 */
static void chained_accesses_save_chip_selects(void **state)
{
	static const struct bar bars[] = {
		{ "rx_1514_backlog_4096_chained", 0.39, 18, SHARE(0.96, 1514) },
		{ "rx_1514_backlog_16384_chained", 0.21, 11, SHARE(0.98, 1514) },
		{ "rx_1514_backlog_65536_chained", 0.21, 11, SHARE(0.98, 1514) },
		{ "rx_60_backlog_4096_chained", 0.017, 3, 60500 },
		{ "tx_1514_backlog_4096_chained", 1, 33, SHARE(0.895, 1514) },
		{ "tx_60_backlog_4096_chained", 1, 43, 21500 },
		{ "tx_60_backlog_16384_chained", 1, 43, 21500 },
		{ "rx_60_single_4096_chained", 2, 110, 0 },
		{ "rx_1514_single_4096_chained", 2, 90, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bars); i++)
		assert_within(&bars[i]);
}

/* The health tick, and nothing else. */
static void idle_costs_four_calls_a_second(void **state)
{
	struct packet_figures f;
	struct packet_case c;

	(void)state;
	assert_true(packet_case_find("idle_int", &c));
	f = packet_case_run(&c, &packet_models[0]);
	assert_true(f.calls <= 4 && f.wakeups <= 4);
}

static void every_case_has_a_name_of_its_own(void **state)
{
	struct packet_case c, found;
	size_t n = 0;

	(void)state;
	for (; packet_case_get(n, &c); n++) {
		assert_true(packet_case_find(c.name, &found));
		assert_memory_equal(&c, &found, sizeof(c));
	}
	assert_true(n > 90);
	assert_false(packet_case_find("rx_61_backlog_4096_plain", &c));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_backlog_in_shares_calls),
		cmocka_unit_test(one_frame_in_takes_two_calls),
		cmocka_unit_test(a_backlog_out_takes_one_call_a_frame),
		cmocka_unit_test(one_frame_out_takes_two_calls),
		cmocka_unit_test(both_ways_share_calls),
		cmocka_unit_test(chained_accesses_save_chip_selects),
		cmocka_unit_test(idle_costs_four_calls_a_second),
		cmocka_unit_test(every_case_has_a_name_of_its_own),
	};

	return cmocka_run_group_tests_name("packet_cost", tests, NULL, NULL);
}
