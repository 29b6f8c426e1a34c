// SPDX-License-Identifier: MIT
/* test_display_thread.c — the display's thread, in real time */
#include "mqttnode/display.h"

#include <poll.h>

#include "display_rig.h"

/* Waits until @condition holds, looked at with the board lock held. */
static void wait_for(struct rig *rig, bool (*condition)(struct rig *rig))
{
	uint64_t deadline = clock_now_ns(&clock_system) + 20 * NSEC_PER_SEC;
	bool met;

	do {
		board_lock(rig->time);
		met = condition(rig);
		board_unlock(rig->time);
		assert_true(clock_now_ns(&clock_system) < deadline);
		(void)poll(NULL, 0, 1);
	} while (!met);
}

static bool sees_hello(struct rig *rig)
{
	return sees(rig, "hello");
}

static bool sees_world(struct rig *rig)
{
	return sees(rig, "world");
}

static bool called_once_more(struct rig *rig)
{
	return sim_i2c_stats(rig->adapter)->calls > rig->before.calls;
}

static void the_thread_shows_pictures_and_leaves_a_dark_panel(void **state)
{
	struct rig *rig = *state;

	assert_true(
		display_joined(rig->display, 0)); /* not started: nothing to wait for */
	post(rig, "hello");
	assert_int_equal(display_start(rig->display), 0);
	wait_for(rig, sees_hello);
	post(rig, "world");
	wait_for(rig, sees_world);
	assert_false(display_joined(rig->display, 0));

	display_stop(rig->display);
	assert_true(display_joined(rig->display, 10000));
	assert_true(display_joined(rig->display, 0));
	assert_false(oled_sim_state(rig->panel)->on);
}

static void the_thread_ends_without_a_panel(void **state)
{
	struct rig *rig = *state;

	sim_i2c_plug(rig->adapter, false);
	assert_int_equal(display_start(rig->display), 0);
	wait_for(rig, called_once_more);
	display_stop(rig->display);
	assert_true(display_joined(rig->display, 10000));
}

static void nobody_waits_for_a_thread_on_a_stuck_bus(void **state)
{
	struct rig *rig = *state;

	sim_i2c_options(rig->adapter)->timeout_ns = 2 * NSEC_PER_SEC;
	sim_i2c_faults(rig->adapter)->stuck = true;
	assert_int_equal(display_start(rig->display), 0);
	wait_for(rig, called_once_more);

	/* The thread is in a call now, for two seconds. */
	for (int i = 0; i < 1000; i++)
		post(rig, "hello");
	assert_false(status(rig).present);
	display_stop(rig->display);
	assert_false(display_joined(rig->display, 10));
	board_lock(rig->time);
	assert_int_equal(sim_i2c_stats(rig->adapter)->calls, 1);
	board_unlock(rig->time);

	assert_true(display_joined(rig->display, 20000));
	/* It did not touch the stuck bus again to say good-bye. */
	assert_int_equal(sim_i2c_stats(rig->adapter)->calls, 1);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up_real, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CASE(the_thread_shows_pictures_and_leaves_a_dark_panel),
		CASE(the_thread_ends_without_a_panel),
		CASE(nobody_waits_for_a_thread_on_a_stuck_bus),
	};

	return cmocka_run_group_tests_name("display_thread", tests, NULL, NULL);
}
