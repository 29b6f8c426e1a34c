// SPDX-License-Identifier: MIT
/* spi_bench.c — a simulated W5500 behind a simulated SPI bus, for the tests of the bus */
#include "spi_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mqttnode/bytes.h"

#include "unit.h"

struct bench *bench_new(bool real)
{
	struct w5500_sim_options options = w5500_sim_default_options();
	struct bench *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	options.link_delay_ns = 0;
	assert_int_equal(real ? board_time_new_real(&b->time)
			      : board_time_new_virtual(&b->time),
			 0);
	assert_int_equal(w5500_sim_new(&b->chip, b->time, &options), 0);
	assert_int_equal(sim_spi_attach(&b->device, b->chip, NODE), 0);
	assert_int_equal(spidev_open(&b->bus, NODE, 31250000), 0);
	return b;
}

void bench_free(struct bench *b)
{
	b->bus = spidev_close(b->bus);
	b->device = sim_spi_detach(b->device);
	b->chip = w5500_sim_free(b->chip);
	b->time = board_time_free(b->time);
	free(b);
}

int bench_setup(void **state)
{
	*state = bench_new(false);
	return 0;
}

int bench_teardown(void **state)
{
	bench_free(*state);
	return 0;
}

uint64_t bench_now(const struct bench *b)
{
	return clock_now_ns(board_time_clock(b->time));
}

uint64_t bench_violations(const struct bench *b)
{
	return w5500_sim_stats(b->chip)->violations;
}

void bench_assert_caught(struct bench *b, const char *mistake, const char *text)
{
	const char *violation = w5500_sim_violation(b->chip, 0);

	assert_int_equal(bench_violations(b), 1);
	assert_non_null(strstr(violation, text));
	printf("# mutation: spidev: %s -> %s\n", mistake, violation);
	w5500_sim_clear_violations(b->chip);
}

int bench_read_version(struct bench *b, uint8_t rx[4])
{
	static const uint8_t tx[4] = { 0x00, 0x39, 0x00, 0x00 };
	struct spi_transfer t = { .tx = tx, .rx = rx, .len = 4 };

	return spidev_message(b->bus, &t, 1);
}

int bench_write_rtr(struct bench *b, uint16_t value)
{
	uint8_t tx[5] = { 0x00, 0x19, 0x04 };
	struct spi_transfer t = { .tx = tx, .len = 5 };

	put_be16(tx + 3, value);
	return spidev_message(b->bus, &t, 1);
}

uint16_t bench_read_rtr(struct bench *b)
{
	static const uint8_t tx[3] = { 0x00, 0x19, 0x00 };
	uint8_t rx[2];
	struct spi_transfer t[] = { { .tx = tx, .len = 3 }, { .rx = rx, .len = 2 } };

	assert_int_equal(spidev_message(b->bus, t, 2), 0);
	return get_be16(rx);
}
