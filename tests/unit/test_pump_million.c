// SPDX-License-Identifier: MIT
/*
 * test_pump_million.c — one million random frames, through whatever chip there may be
 *
 * Half of them each way, half of those through chips that are slow with commands,
 * of random sizes, in lumps of random size with random pauses between them. Every
 * few hundred frames the chip changes into another of those that its descriptions
 * allow. What comes out has to be identical and in order; missing may be only what
 * the chip dropped because its ring was full, and it is counted. The sequence is
 * random, but always the same.
 */
#include "mqttnode/pump.h"

#include "chip_switches.h"
#include "pump_rig.h"
#include "short.h"

#define FRAMES_PER_CHIP 500

/* Each way, twice. */
static uint32_t frames = 250000;

/* xorshift64*, from a fixed seed. */
static uint64_t draw(void)
{
	static uint64_t state = UINT64_C(0x9e3779b97f4a7c15);

	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * UINT64_C(0x2545f4914f6cdd1d) >> 16;
}

static uint32_t draw_below(uint32_t limit)
{
	return (uint32_t)(draw() % limit);
}

/*
 * The chip stays as slow as can be seen: one that takes a thousand commands at once is
 * believed to be prompt, and when it ignores a SEND then, that is a new discovery, which
 * costs a frame.
 */
static void make_slow(struct w5500_sim_options *options, bool slow)
{
	uint32_t selects = slow ? draw_below(4) : 0;
	uint32_t steps = selects < 2 ? 2 + draw_below(2) : draw_below(4);

	options->command_busy_selects = selects;
	options->command_busy_ns = slow ? steps * 30 * US : 0;
}

/* Each switch where the descriptions disagree, one way or the other. */
static void change_chip(struct pump_rig *rig, bool slow)
{
	for (size_t i = 0; i < CHIP_SWITCHES; i++)
		chip_switch_set(rig->board.chip, &chip_switches[i],
				draw_below(chip_switches[i].n));
	make_slow(w5500_sim_options(rig->board.chip), slow);
}

/* Frames that were on their way and are not any more were dropped. */
static void count_missing(struct pump_rig *rig)
{
	rig->received.missing += rig->wire_next - rig->received.next;
	rig->received.next = rig->wire_next;
}

/* Moves as long as anything does: what is on the wire may need all of 5 ms for it. */
static uint32_t progress(const struct pump_rig *rig)
{
	return rig->wire_next + rig->received.next + rig->board.sent.next;
}

/* Some frames each way, then time to end. */
static void lump(struct pump_rig *rig, uint32_t from_wire, uint32_t from_tap)
{
	/* Seldom more than the ring can hold. */
	rig->wire_outstanding = draw_below(16) ? 1 + draw_below(8) : 40;
	rig->tap_outstanding = 1 + draw_below(32);
	pump_rig_traffic(rig, from_wire, from_tap);
	while (rig->wire_next != rig->wire_end || rig->board.sent.next != rig->tap_end) {
		uint32_t before = progress(rig);

		pump_rig_for(rig, 5 * MS);
		if (progress(rig) == before)
			count_missing(rig);
	}
	pump_rig_for(rig, 8 * MS);
	count_missing(rig);
	pump_rig_for(rig, draw_below(8) ? draw_below(50) * US : draw_below(300) * MS);
}

static void carry_random_frames(struct pump_rig *rig, bool slow)
{
	uint32_t wire = 0, tap = 0;

	while (wire < frames || tap < frames) {
		uint32_t n_wire = draw_below(2 * FRAMES_PER_CHIP + 1);
		uint32_t n_tap = draw_below(2 * FRAMES_PER_CHIP + 1);

		n_wire = n_wire < frames - wire ? n_wire : frames - wire;
		n_tap = n_tap < frames - tap ? n_tap : frames - tap;
		change_chip(rig, slow);
		lump(rig, n_wire, n_tap);
		wire += n_wire;
		tap += n_tap;
	}
	print_message("# %u frames each way, %u dropped by the chip\n", frames,
		      rig->received.missing);
}

/* Nothing but what the chip dropped is missing, and that is counted. */
static void assert_only_dropped_by_the_chip(struct pump_rig *rig, uint64_t dropped_before)
{
	struct pump_counters counters = pump_rig_counters(rig);

	assert_int_equal(rig->received.bad, 0);
	assert_int_equal(rig->received.repeated, 0);
	assert_int_equal(rig->received.missing,
			 w5500_sim_stats(rig->board.chip)->rx_dropped_full -
				 dropped_before);
	assert_int_equal(counters.rx_frames, rig->received.good);
	assert_true(rig->received.missing == 0 || counters.rx_overflow_suspected > 0);
	assert_int_equal(rig->board.sent.bad, 0);
	assert_int_equal(rig->board.sent.repeated, 0);
	assert_int_equal(rig->board.sent.missing, 0);
	assert_int_equal(counters.rx_header_bad, 0);
	assert_clean(rig);
}

static void random_frames_pass_any_chip(void **state)
{
	struct pump_rig *rig = *state;

	pump_rig_up(rig);
	carry_random_frames(rig, false);
	assert_only_dropped_by_the_chip(rig, 0);
	assert_int_equal(rig->received.good + rig->received.missing, frames);
	assert_int_equal(rig->board.sent.good, frames);
	assert_int_equal(pump_rig_steps(rig), 0);
}

static void random_frames_pass_any_chip_that_is_slow_with_commands(void **state)
{
	struct pump_rig *rig = *state;
	uint64_t learnt, dropped;

	pump_rig_up(rig);
	/* The one SEND that such a chip ignores before it is known. */
	w5500_sim_options(rig->board.chip)->command_busy_ns = 500 * US;
	pump_rig_traffic(rig, 100, 100);
	pump_rig_for(rig, 300 * MS);
	learnt = pump_rig_steps(rig);
	assert_true(learnt <= 1);
	assert_works(rig);
	rig->received.missing = rig->board.sent.missing = 0;
	dropped = w5500_sim_stats(rig->board.chip)->rx_dropped_full;
	carry_random_frames(rig, true);
	assert_only_dropped_by_the_chip(rig, dropped);
	assert_int_equal(pump_rig_steps(rig), learnt);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, pump_rig_setup, pump_rig_teardown)
		TEST(random_frames_pass_any_chip),
		TEST(random_frames_pass_any_chip_that_is_slow_with_commands),
	};

	if (is_short())
		frames = 5000;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
