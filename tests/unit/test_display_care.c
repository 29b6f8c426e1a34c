// SPDX-License-Identifier: MIT
/* test_display_care.c — dim at night, dark when idle, moved once a minute */
#include "../../src/app/display_care.h"

#include <stdlib.h>

#include "mqttnode/clock.h"
#include "unit.h"

#define DAY  86400
#define HOUR 3600

static int set_up(void **state)
{
	(void)state;
	setenv("TZ", "UTC0", 1);
	tzset();
	return 0;
}

static uint8_t at(uint16_t from_min, uint16_t to_min, time_t seconds_of_day)
{
	const struct oled_settings settings = {
		.contrast = 200,
		.dim = { from_min, to_min },
		.dim_contrast = 5,
	};

	return display_contrast(&settings, 20000 * (time_t)DAY + seconds_of_day);
}

static void is_dim_between_the_hours(void **state)
{
	(void)state;
	assert_int_equal(at(60, 120, 0), 200);
	assert_int_equal(at(60, 120, HOUR - 1), 200);
	assert_int_equal(at(60, 120, HOUR), 5);
	assert_int_equal(at(60, 120, 2 * HOUR - 1), 5);
	assert_int_equal(at(60, 120, 2 * HOUR), 200);
}

static void is_dim_over_midnight(void **state)
{
	(void)state;
	assert_int_equal(at(1320, 360, 22 * HOUR - 1), 200);
	assert_int_equal(at(1320, 360, 22 * HOUR), 5);
	assert_int_equal(at(1320, 360, DAY - 1), 5);
	assert_int_equal(at(1320, 360, 0), 5);
	assert_int_equal(at(1320, 360, 6 * HOUR - 1), 5);
	assert_int_equal(at(1320, 360, 6 * HOUR), 200);
	assert_int_equal(at(1320, 0, DAY - 1), 5);
	assert_int_equal(at(1320, 0, 0), 200);
}

static void is_never_dim_without_hours(void **state)
{
	(void)state;
	for (time_t s = 0; s < DAY; s += 600)
		assert_int_equal(at(0, 0, s), 200);
}

static void the_hours_are_local(void **state)
{
	(void)state;
	setenv("TZ", "XYZ-8", 1); /* eight hours ahead */
	tzset();
	assert_int_equal(at(60, 120, 17 * HOUR), 5);
	assert_int_equal(at(60, 120, HOUR), 200);
}

static void is_idle_after_the_time_and_never_with_0(void **state)
{
	struct oled_settings settings = { .idle_off_ms = 1500 };

	(void)state;
	assert_false(display_is_idle(&settings, 1500 * NSEC_PER_MSEC - 1));
	assert_true(display_is_idle(&settings, 1500 * NSEC_PER_MSEC));
	settings.idle_off_ms = 0;
	assert_false(display_is_idle(&settings, UINT64_MAX));
}

static void moves_once_a_minute_or_never(void **state)
{
	struct oled_settings settings = { .pixel_shift = true };

	(void)state;
	assert_int_equal(display_step(&settings, 60 * NSEC_PER_SEC - 1), 0);
	assert_int_equal(display_step(&settings, 60 * NSEC_PER_SEC), 1);
	assert_int_equal(display_step(&settings, 3600 * NSEC_PER_SEC), 60);
	settings.pixel_shift = false;
	assert_int_equal(display_step(&settings, 3600 * NSEC_PER_SEC), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(is_dim_between_the_hours, set_up),
		cmocka_unit_test_setup(is_dim_over_midnight, set_up),
		cmocka_unit_test_setup(is_never_dim_without_hours, set_up),
		cmocka_unit_test_setup(the_hours_are_local, set_up),
		cmocka_unit_test_setup(is_idle_after_the_time_and_never_with_0, set_up),
		cmocka_unit_test_setup(moves_once_a_minute_or_never, set_up),
	};

	return cmocka_run_group_tests_name("display_care", tests, NULL, NULL);
}
