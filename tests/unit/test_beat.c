// SPDX-License-Identifier: MIT
/* test_beat.c — beats lie on a grid: no drift, and what is missed is skipped */
#include "../../src/app/beat.h"

#include "unit.h"

#include "mqttnode/clock.h"

#define MS NSEC_PER_MSEC

static uint64_t missed;

static void nothing_is_due_before_the_first_beat(void **state)
{
	struct beat beat = { 0 };

	(void)state;
	assert_false(beat_take(&beat, 10 * MS, 12345 * MS, &missed));
	assert_int_equal(beat_next_ns(&beat), UINT64_MAX);
}

static void beats_do_not_drift(void **state)
{
	uint64_t now = 77 * MS;
	struct beat beat = { 0 };

	(void)state;
	missed = 0;
	beat_start(&beat, now);
	for (unsigned int i = 0; i < 1000; i++) {
		assert_true(beat_take(&beat, 1000 * MS, now, &missed));
		assert_int_equal(beat_next_ns(&beat), (77 + 1000 * (i + 1)) * MS);
		now = beat_next_ns(&beat) + (i % 7) * MS; /* always a bit late */
	}
	assert_int_equal(missed, 0);
}

static void a_second_start_changes_nothing(void **state)
{
	struct beat beat = { 0 };

	(void)state;
	beat_start(&beat, 5 * MS);
	beat_start(&beat, 8 * MS);
	assert_int_equal(beat_next_ns(&beat), 5 * MS);
}

static void too_early_is_nothing(void **state)
{
	struct beat beat = { 0 };

	(void)state;
	beat_start(&beat, 1000 * MS);
	assert_true(beat_take(&beat, 1000 * MS, 1000 * MS, &missed));
	assert_false(beat_take(&beat, 1000 * MS, 2000 * MS - 1, &missed));
	assert_true(beat_take(&beat, 1000 * MS, 2000 * MS, &missed));
}

static void missed_beats_are_skipped_and_counted(void **state)
{
	struct beat beat = { 0 };

	(void)state;
	missed = 0;
	beat_start(&beat, 0);
	assert_true(beat_take(&beat, 1000 * MS, 0, &missed));
	/* due at 1, 2, 3 and 4 s */
	assert_true(beat_take(&beat, 1000 * MS, 4300 * MS, &missed));
	assert_int_equal(missed, 3);
	assert_int_equal(beat_next_ns(&beat), 5000 * MS);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_due_before_the_first_beat),
		cmocka_unit_test(beats_do_not_drift),
		cmocka_unit_test(a_second_start_changes_nothing),
		cmocka_unit_test(too_early_is_nothing),
		cmocka_unit_test(missed_beats_are_skipped_and_counted),
	};

	return cmocka_run_group_tests_name("beat", tests, NULL, NULL);
}
