// SPDX-License-Identifier: MIT
/* test_mqtt_backoff.c — how long to wait before the next attempt */
#include "../../src/app/mqtt_backoff.h"

#include "unit.h"

static void doubles_up_to_the_cap(void **state)
{
	static const uint32_t limits[] = { 1000, 2000, 4000, 8000, 16000, 30000, 30000 };
	struct mqtt_backoff b = { .base_ms = 1000, .cap_ms = 30000 };

	(void)state;
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		assert_int_equal(mqtt_backoff_next(&b, UINT32_MAX), limits[i]);
	for (int i = 0; i < 100; i++)
		assert_int_equal(mqtt_backoff_next(&b, UINT32_MAX), 30000);
	mqtt_backoff_reset(&b);
	assert_int_equal(mqtt_backoff_next(&b, UINT32_MAX), 1000);
}

static void spreads_over_the_whole_range(void **state)
{
	struct mqtt_backoff b = { .base_ms = 1000, .cap_ms = 1000 };

	(void)state;
	assert_int_equal(mqtt_backoff_next(&b, 0), MQTT_BACKOFF_MIN_MS);
	assert_int_equal(mqtt_backoff_next(&b, UINT32_MAX / 2), 550);
	assert_int_equal(mqtt_backoff_next(&b, UINT32_MAX), 1000);
}

static void a_tiny_base_still_waits_the_least_time(void **state)
{
	struct mqtt_backoff b = { .base_ms = 1, .cap_ms = 30000 };

	(void)state;
	assert_int_equal(mqtt_backoff_next(&b, UINT32_MAX), MQTT_BACKOFF_MIN_MS);
}

static void what_cannot_be_mended_goes_straight_to_the_cap(void **state)
{
	struct mqtt_backoff b = { .base_ms = 1000, .cap_ms = 30000 };

	(void)state;
	assert_int_equal(mqtt_backoff_cap(&b, 0), 15000);
	assert_int_equal(mqtt_backoff_cap(&b, UINT32_MAX), 30000);
	/* and counts as a failure */
	assert_int_equal(mqtt_backoff_next(&b, UINT32_MAX), 4000);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(doubles_up_to_the_cap),
		cmocka_unit_test(spreads_over_the_whole_range),
		cmocka_unit_test(a_tiny_base_still_waits_the_least_time),
		cmocka_unit_test(what_cannot_be_mended_goes_straight_to_the_cap),
	};

	return cmocka_run_group_tests_name("mqtt_backoff", tests, NULL, NULL);
}
