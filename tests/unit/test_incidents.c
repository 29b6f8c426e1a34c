// SPDX-License-Identifier: MIT
/* test_incidents.c — what the packet path survived, told once a minute and kind */
#include "mqttnode/incidents.h"

#include <stdio.h>
#include <string.h>

#include "mqttnode/clock.h"
#include "unit.h"

#define NOW (1000 * NSEC_PER_SEC)

static char text[200];

static void nothing_happened_nothing_is_told(void **state)
{
	struct incident_counts counts = { .pump = { .rx_frames = 5,
						    .bus_messages = 99 } };
	struct incidents in = { 0 };

	(void)state;
	assert_false(incidents_next(&in, &counts, NOW, text, sizeof(text)));
}

static void each_kind_is_told_once_with_its_number(void **state)
{
	struct incident_counts counts = { .pump = { .bus_errors = 3, .chip_lost = 1 } };
	struct incidents in = { 0 };

	(void)state;
	assert_true(incidents_next(&in, &counts, NOW, text, sizeof(text)));
	assert_string_equal(text, "Calls of the SPI bus that failed: 3; "
				  "look for the cause in \"dmesg\"");
	assert_true(incidents_next(&in, &counts, NOW, text, sizeof(text)));
	assert_string_equal(text, "Times that the W5500 had lost its settings: 1; "
				  "check its power supply and the wire to RST");
	assert_false(incidents_next(&in, &counts, NOW, text, sizeof(text)));
}

static void what_comes_within_a_minute_is_summed_up(void **state)
{
	struct incident_counts counts = { .pump = { .bus_garbled = 1,
						    .rx_header_bad = 1 } };
	struct incidents in = { 0 };

	(void)state;
	assert_true(incidents_next(&in, &counts, NOW, text, sizeof(text)));
	assert_non_null(strstr(text, ": 2; use shorter wires"));
	for (unsigned int s = 1; s < 60; s++) {
		counts.pump.bus_garbled++;
		assert_false(incidents_next(&in, &counts, NOW + s * NSEC_PER_SEC, text,
					    sizeof(text)));
	}
	assert_true(incidents_next(&in, &counts, NOW + 60 * NSEC_PER_SEC, text,
				   sizeof(text)));
	assert_non_null(strstr(text, ": 59; "));
	/* Another kind does not wait for it. */
	counts.pump.tx_dropped_size = 1;
	assert_true(incidents_next(&in, &counts, NOW + 61 * NSEC_PER_SEC, text,
				   sizeof(text)));
	assert_non_null(strstr(text, "MTU"));
}

static void a_queue_that_was_full_is_told(void **state)
{
	struct incident_counts counts = { .tx_overrun = 1 };
	struct incidents in = { 0 };

	(void)state;
	assert_true(incidents_next(&in, &counts, NOW, text, sizeof(text)));
	assert_string_equal(text,
			    "Frames to send that found no place in the queue of the "
			    "interface: 1; more is sent than the bus carries");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_happened_nothing_is_told),
		cmocka_unit_test(each_kind_is_told_once_with_its_number),
		cmocka_unit_test(what_comes_within_a_minute_is_summed_up),
		cmocka_unit_test(a_queue_that_was_full_is_told),
	};

	return cmocka_run_group_tests_name("incidents", tests, NULL, NULL);
}
