// SPDX-License-Identifier: MIT
/* test_figures_measure.c — counters become rates */
#include "mqttnode/figures.h"

#include <string.h>

#include "mqttnode/clock.h"
#include "unit.h"

/* Pump and connection as far as they are asked, in place of the real ones. */
static struct pump_status status;
static struct pump_counters counters;
static struct mqtt_counters messages;

void pump_get_status(struct pump *pump, struct pump_status *ret)
{
	(void)pump;
	*ret = status;
}

void pump_get_counters(struct pump *pump, struct pump_counters *ret)
{
	(void)pump;
	*ret = counters;
}

void mqtt_get_counters(struct mqtt *mqtt, struct mqtt_counters *ret)
{
	(void)mqtt;
	*ret = messages;
}

static struct figures_meter meter;
static struct figures figures;

static int set_up(void **state)
{
	(void)state;
	meter = (struct figures_meter){ 0 };
	status = (struct pump_status){ 0 };
	counters = (struct pump_counters){ 0 };
	messages = (struct mqtt_counters){ 0 };
	return 0;
}

static void measure_at(uint64_t ms)
{
	memset(&figures, 0xff, sizeof(figures));
	figures_measure(&meter, NULL, NULL, ms * NSEC_PER_MSEC, &figures);
}

static void the_first_measurement_has_no_rates(void **state)
{
	(void)state;
	counters = (struct pump_counters){ .rx_frames = 1000, .bus_messages = 5000 };
	measure_at(5000);
	assert_int_equal(figures.rx_frames, 0);
	assert_int_equal(figures.bus_messages, 0);
}

static void counters_become_rates_per_second(void **state)
{
	(void)state;
	counters = (struct pump_counters){ .rx_frames = 10,
					   .rx_bytes = 1000,
					   .tx_frames = 20,
					   .tx_bytes = 2000,
					   .bus_messages = 30 };
	measure_at(1000);
	counters = (struct pump_counters){ .rx_frames = 14,
					   .rx_bytes = 1600,
					   .tx_frames = 28,
					   .tx_bytes = 3000,
					   .bus_messages = 40 };
	measure_at(3000);
	assert_int_equal(figures.rx_frames, 2);
	assert_int_equal(figures.rx_bytes, 300);
	assert_int_equal(figures.tx_frames, 4);
	assert_int_equal(figures.tx_bytes, 500);
	assert_int_equal(figures.bus_messages, 5);
	/* each measurement begins where the last one ended */
	measure_at(4000);
	assert_int_equal(figures.rx_frames, 0);
	assert_int_equal(figures.bus_messages, 0);
}

static void rates_are_rounded(void **state)
{
	(void)state;
	measure_at(1000);
	counters.rx_frames = 10;
	counters.tx_frames = 14;
	measure_at(5000);
	assert_int_equal(figures.rx_frames, 3); /* 2.5 */
	assert_int_equal(figures.tx_frames, 4); /* 3.5 */
	counters.rx_frames = 19;
	measure_at(9000);
	assert_int_equal(figures.rx_frames, 2); /* 2.25 */
}

static void no_time_has_no_rate(void **state)
{
	(void)state;
	measure_at(1000);
	counters.rx_frames = 10;
	measure_at(1000);
	assert_int_equal(figures.rx_frames, 0);
}

static void the_rest_is_as_it_stands(void **state)
{
	(void)state;
	status = (struct pump_status){ .link_up = true,
				       .link_mbit = 100,
				       .spi_speed_hz = 31250000 };
	counters.bus_errors = 3;
	messages = (struct mqtt_counters){ .published = 7, .received = 8, .connects = 9 };
	measure_at(1000);
	measure_at(2000);
	assert_true(figures.link_up);
	assert_int_equal(figures.link_mbit, 100);
	assert_int_equal(figures.spi_speed_hz, 31250000);
	assert_int_equal(figures.bus_errors, 3);
	assert_int_equal(figures.published, 7);
	assert_int_equal(figures.received, 8);
	assert_int_equal(figures.connects, 9);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_first_measurement_has_no_rates, set_up),
		cmocka_unit_test_setup(counters_become_rates_per_second, set_up),
		cmocka_unit_test_setup(rates_are_rounded, set_up),
		cmocka_unit_test_setup(no_time_has_no_rate, set_up),
		cmocka_unit_test_setup(the_rest_is_as_it_stands, set_up),
	};

	return cmocka_run_group_tests_name("figures_measure", tests, NULL, NULL);
}
