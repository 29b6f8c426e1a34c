// SPDX-License-Identifier: MIT
/* test_display.c — the latest picture, whatever the bus does, turn by turn */
#include "mqttnode/display.h"

#include "display_rig.h"

static void shows_what_was_posted_last(void **state)
{
	struct rig *rig = *state;

	assert_false(status(rig).present);
	assert_string_equal(status(rig).cause, "Looking for the display");
	turn(rig);
	assert_true(sees(rig, ""));
	assert_true(status(rig).present);
	assert_string_equal(status(rig).cause, "");
	post(rig, "first");
	post(rig, "second");
	post(rig, "third");
	skip_cost(rig);
	turn(rig);
	assert_true(sees(rig, "third"));
	assert_int_equal(status(rig).frames, 2);
	turn(rig);
	assert_int_equal(status(rig).frames, 2);
	assert_int_equal(status(rig).bus_errors, 0);
}

static void shows_what_was_posted_before_it_was_found(void **state)
{
	struct rig *rig = *state;

	post(rig, "early");
	turn(rig);
	assert_true(sees(rig, "early"));
}

static void reads_the_status_once_a_second_and_repaints_once_a_minute(void **state)
{
	struct rig *rig = *state;

	const struct sim_i2c_stats *stats = sim_i2c_stats(rig->adapter);
	uint64_t looks;

	post(rig, "quiet");
	turn(rig);
	skip_cost(rig);
	live(rig, 56);
	looks = stats->calls - rig->before.calls;
	assert_in_range(looks, 55, 56);
	assert_cost(rig, looks, looks * 2);
	live(rig, 4); /* the repaint in the place of one look */
	looks = stats->calls - rig->before.calls - 10;
	assert_in_range(looks, 2, 3);
	assert_cost(rig, 10 + looks, 27 + 1080 + 3 + looks * 2);
	assert_true(sees(rig, "quiet"));
}

static void a_post_between_looks_does_not_move_them(void **state)
{
	struct rig *rig = *state;
	uint64_t next;

	turn(rig);
	next = rig->next_ns;
	board_time_advance(rig->time, board_time_now_ns(rig->time) + NSEC_PER_SEC / 2);
	post(rig, "now");
	turn(rig);
	assert_int_equal(rig->next_ns, next);
	assert_true(sees(rig, "now"));
}

static void nothing_is_left_of_a_display_that_was_never_used(void **state)
{
	struct rig *rig = *state;

	assert_null(display_free(NULL));
	assert_cost(rig, 0, 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CASE(shows_what_was_posted_last),
		CASE(shows_what_was_posted_before_it_was_found),
		CASE(reads_the_status_once_a_second_and_repaints_once_a_minute),
		CASE(a_post_between_looks_does_not_move_them),
		CASE(nothing_is_left_of_a_display_that_was_never_used),
	};

	return cmocka_run_group_tests_name("display", tests, NULL, NULL);
}
