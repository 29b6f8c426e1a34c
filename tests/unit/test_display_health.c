// SPDX-License-Identifier: MIT
/* test_display_health.c — a panel that is absent, pulled, plugged, glitched, on a bad bus
 */
#include "mqttnode/display.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "display_rig.h"

static void an_absent_panel_costs_an_address_byte_a_second(void **state)
{
	struct rig *rig = *state;

	sim_i2c_plug(rig->adapter, false);
	live(rig, 100);
	/* and once one at the other address */
	assert_cost(rig, 101, 101);
	assert_int_equal(sim_i2c_stats(rig->adapter)->opens, 2);
	assert_false(status(rig).present);
	assert_non_null(
		strstr(status(rig).cause, "No display answers at 0x3c on /dev/i2c-1"));
	assert_int_equal(status(rig).losses, 0);
	assert_int_equal(journal.lines, 1);
	assert_non_null(
		strstr(journal.text, "display-absent: No display: No display answers"));

	post(rig, "there");
	sim_i2c_plug(rig->adapter, true);
	live(rig, 1);
	assert_true(sees(rig, "there"));
	assert_int_equal(journal.lines, 2);
	assert_non_null(strstr(journal.text,
			       "display-found: Display found at 0x3c on /dev/i2c-1, "
			       "bus at 400 kHz\n"));
}

static void a_panel_at_the_other_address_is_found(void **state)
{
	struct rig *rig = *state;

	sim_i2c_attach(rig->adapter, 0x3d, rig->panel);
	live(rig, 3);
	assert_false(status(rig).present);
	assert_int_equal(status(rig).cause_id, CAUSE_OLED_OTHER_ADDRESS);
	assert_string_equal(status(rig).cause,
			    "No display answers at 0x3c on /dev/i2c-1, but one does at "
			    "0x3d: set oled.address to that");
	/* it is not said of one that is not there any more */
	sim_i2c_attach(rig->adapter, 0x3c, rig->panel);
	live(rig, 3);
	assert_true(status(rig).present);
	assert_int_equal(status(rig).cause_id, CAUSE_NONE);
	sim_i2c_plug(rig->adapter, false);
	live(rig, 3);
	assert_int_equal(status(rig).cause_id, CAUSE_OLED_ABSENT);
}

static void says_once_that_it_is_gone_and_once_that_it_is_back(void **state)
{
	struct rig *rig = *state;

	post(rig, "before");
	live(rig, 3);
	memset(&journal, 0, sizeof(journal));
	sim_i2c_plug(rig->adapter, false);
	live(rig, 20);
	post(rig, "after");
	live(rig, 22);
	assert_false(status(rig).present);
	assert_int_equal(status(rig).losses, 1);
	assert_int_equal(journal.lines, 1);
	assert_non_null(strstr(journal.text,
			       "display-gone: The display is gone: No display "
			       "answers"));

	sim_i2c_plug(rig->adapter, true);
	live(rig, 1);
	assert_true(sees(rig, "after"));
	assert_true(status(rig).present);
	assert_int_equal(journal.lines, 2);
	assert_non_null(
		strstr(journal.text, "display-back: Display is back after 42 s\n"));
}

static void a_panel_that_lost_power_is_set_up_again(void **state)
{
	struct rig *rig = *state;

	post(rig, "here");
	live(rig, 3);
	memset(&journal, 0, sizeof(journal));
	oled_sim_lose_power(rig->panel);
	assert_false(sees(rig, "here"));
	live(rig, 1);
	assert_true(sees(rig, "here"));
	assert_true(status(rig).present);
	assert_int_equal(status(rig).losses, 1);
	assert_int_equal(journal.lines, 1);
	assert_non_null(
		strstr(journal.text, "display-reset: The display lost its settings"));
}

static void what_the_status_does_not_tell_is_healed_within_a_minute(void **state)
{
	struct rig *rig = *state;

	quirks.no_reads = true;
	post(rig, "here");
	live(rig, 3);
	oled_sim_lose_power(rig->panel);
	live(rig, 60);
	assert_true(sees(rig, "here"));
	assert_int_equal(status(rig).losses, 0);

	sim_i2c_plug(rig->adapter, false); /* noticed all the same */
	live(rig, 2);
	assert_false(status(rig).present);
}

static void a_disturbance_is_no_loss(void **state)
{
	struct rig *rig = *state;

	live(rig, 2);
	for (int i = 0; i < 10; i++) {
		sim_i2c_faults(rig->adapter)->short_next = 1;
		post(rig, i % 2 ? "odd" : "even");
		live(rig, 1);
		assert_true(sees(rig, i % 2 ? "odd" : "even"));
	}
	assert_true(status(rig).present);
	assert_int_equal(status(rig).losses, 0);
	assert_int_equal(status(rig).bus_errors, 10);
	assert_int_equal(journal.lines, 1); /* found */
}

static void waits_for_a_bus_that_cannot_be_opened(void **state)
{
	static const struct {
		uint32_t error;
		const char *cause;
	} cases[] = {
		{ ENOENT, "/dev/i2c-1" },
		{ EACCES, "/dev/i2c-1" },
		{ EBUSY, "0x3c" },
		{ EOPNOTSUPP, "/dev/i2c-1" },
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		sim_i2c_faults(rig->adapter)->open_errno = cases[i].error;
		live(rig, 10);
		assert_false(status(rig).present);
		assert_non_null(strstr(status(rig).cause, cases[i].cause));
	}
	assert_int_equal(journal.lines, 1);
	assert_cost(rig, 0, 0);
	sim_i2c_faults(rig->adapter)->open_errno = 0;
	post(rig, "open");
	live(rig, 1);
	assert_true(sees(rig, "open"));
}

static void opens_the_bus_again_when_the_adapter_was_gone(void **state)
{
	struct rig *rig = *state;

	post(rig, "again");
	live(rig, 2);
	assert_int_equal(sim_i2c_stats(rig->adapter)->opens, 1);
	quirks.error = -ENODEV;
	sim_i2c_faults(rig->adapter)->open_errno = ENOENT;
	live(rig, 5);
	assert_false(status(rig).present);
	quirks.error = 0;
	sim_i2c_faults(rig->adapter)->open_errno = 0;
	live(rig, 1);
	assert_int_equal(sim_i2c_stats(rig->adapter)->opens, 2);
	assert_true(sees(rig, "again"));
}

static void a_stuck_bus_gets_one_call_at_a_time(void **state)
{
	struct rig *rig = *state;

	post(rig, "moving");
	live(rig, 2);
	skip_cost(rig);
	sim_i2c_faults(rig->adapter)->stuck = true;
	live(rig, 20);
	/* A second in the call, a second of rest. */
	assert_cost(rig, 10, 0);
	assert_non_null(strstr(status(rig).cause, "is stuck"));
	sim_i2c_faults(rig->adapter)->stuck = false;
	live(rig, 2);
	assert_true(sees(rig, "moving"));
}

static void advises_a_faster_bus(void **state)
{
	struct rig *rig = *state;

	sim_i2c_options(rig->adapter)->clock_hz = 100000;
	live(rig, 1);
	assert_non_null(strstr(journal.text, "bus at 100 kHz: 400 kHz is better"));
	assert_non_null(strstr(journal.text, "i2c_arm_baudrate=400000"));
}

static void says_nothing_of_a_clock_it_does_not_know(void **state)
{
	struct rig *rig = *state;

	sim_i2c_options(rig->adapter)->clock_hz = 0;
	turn(rig);
	assert_string_equal(journal.text,
			    "display-found: Display found at 0x3c on /dev/i2c-1\n");
}

static void a_loose_wire_does_not_fill_the_journal(void **state)
{
	struct rig *rig = *state;

	for (int i = 0; i < 100; i++) {
		sim_i2c_plug(rig->adapter, i % 2);
		live(rig, 2);
	}
	assert_int_equal(status(rig).losses, 49);
	assert_in_range(journal.lines, 2, 20);
}

static void hints_at_the_right_controller(void **state)
{
	struct rig *rig = *state;

	oled_sim_options(rig->panel)->status_id = 8;
	live(rig, 5);
	assert_int_equal(journal.lines, 2);
	assert_non_null(strstr(journal.text,
			       "display-controller: The display says that it is an "
			       "sh1106: if its picture is not right, set "
			       "oled.controller = \"sh1106\"\n"));
}

/* ---- a thousand events ---- */

static void lose_power(struct rig *rig)
{
	oled_sim_lose_power(rig->panel);
}

static void pull(struct rig *rig)
{
	sim_i2c_plug(rig->adapter, false);
}

static void plug(struct rig *rig)
{
	sim_i2c_plug(rig->adapter, true);
}

static void pull_and_plug(struct rig *rig)
{
	pull(rig);
	plug(rig);
}

static void disturb(struct rig *rig)
{
	sim_i2c_faults(rig->adapter)->short_next = (uint32_t)rand() % 3;
}

static void (*const events[])(struct rig *rig) = { lose_power, pull, plug, pull_and_plug,
						   disturb };

/*
 * A panel on which events rain, whether the program has noticed the last one or
 * not. @limit_s after any, the picture is right if the panel is in; at any time
 * 2 s after it was plugged in again if its absence was noticed.
 */
static void storm(const char *module, unsigned int n_events, bool no_reads,
		  unsigned int limit_s)
{
	const struct oled_settings settings = module_settings(module);
	struct rig *rig = rig_new(module, &settings, false);
	void *state = rig;
	bool plugged, noticed;
	char s[16];

	quirks.no_reads = no_reads;
	for (unsigned int i = 0; i < n_events; i++) {
		noticed = !status(rig).present;
		events[rand() % (int)ARRAY_SIZE(events)](rig);
		snprintf(s, sizeof(s), "picture %u", i);
		post(rig, s);
		plugged = sim_i2c_plugged(rig->adapter);
		if (rand() % 3 == 0)
			live(rig, (unsigned int)rand() % 3);
		else
			live(rig, plugged && noticed ? 2 : limit_s);
		if (rand() % 3 == 0)
			continue;
		sim_i2c_faults(rig->adapter)->short_next = 0;
		if (plugged) {
			live(rig, noticed ? 2 : limit_s);
			assert_true(sees(rig, s));
		} else {
			live(rig, 2);
			assert_false(status(rig).present);
		}
	}
	tear_down(&state);
}

static void the_right_picture_stands_within_2_s_of_any_of_1000_events(void **state)
{
	(void)state;
	srand(5);
	for (size_t i = 0; i < oled_n_modules; i++)
		storm(oled_modules[i].name, 1000, false, 2);
}

static void or_within_60_s_if_the_panel_does_not_tell(void **state)
{
	(void)state;
	srand(6);
	for (size_t i = 0; i < oled_n_modules; i++)
		storm(oled_modules[i].name, 1000, true, 60);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CASE(an_absent_panel_costs_an_address_byte_a_second),
		CASE(a_panel_at_the_other_address_is_found),
		CASE(says_once_that_it_is_gone_and_once_that_it_is_back),
		CASE(a_panel_that_lost_power_is_set_up_again),
		CASE(what_the_status_does_not_tell_is_healed_within_a_minute),
		CASE(a_disturbance_is_no_loss),
		CASE(waits_for_a_bus_that_cannot_be_opened),
		CASE(opens_the_bus_again_when_the_adapter_was_gone),
		CASE(a_stuck_bus_gets_one_call_at_a_time),
		CASE(advises_a_faster_bus),
		CASE(says_nothing_of_a_clock_it_does_not_know),
		CASE(a_loose_wire_does_not_fill_the_journal),
		CASE(hints_at_the_right_controller),
		cmocka_unit_test(
			the_right_picture_stands_within_2_s_of_any_of_1000_events),
		cmocka_unit_test(or_within_60_s_if_the_panel_does_not_tell),
	};

	return cmocka_run_group_tests_name("display_health", tests, NULL, NULL);
}
