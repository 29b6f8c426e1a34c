/* SPDX-License-Identifier: MIT */
/* spi_bench.h — a simulated W5500 behind a simulated SPI bus, for the tests of the bus */
#ifndef MQTTNODE_TESTS_UNIT_SPI_BENCH_H
#define MQTTNODE_TESTS_UNIT_SPI_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include "mqttnode/spidev.h"
#include "sim/sim_spi.h"

#define NODE "/dev/spidev0.0"

struct bench {
	struct board_time *time;
	struct w5500_sim *chip;
	struct sim_spi *device;
	struct spi_bus *bus;
};

/* A chip without link delay, attached as NODE and opened at 31.25 MHz. */
struct bench *bench_new(bool real);
void bench_free(struct bench *b);

/* cmocka setup and teardown for tests whose state is a bench in virtual time. */
int bench_setup(void **state);
int bench_teardown(void **state);

uint64_t bench_now(const struct bench *b);
uint64_t bench_violations(const struct bench *b);

/* Fails unless there is one violation, and it contains @text; prints and clears it. */
void bench_assert_caught(struct bench *b, const char *mistake, const char *text);

/* One message of one transfer: 01 02 03 and VERSIONR to @rx. 0 or -errno. */
int bench_read_version(struct bench *b, uint8_t rx[4]);

/* RTR, a register that nothing depends on: two bytes in one message. */
int bench_write_rtr(struct bench *b, uint16_t value);
uint16_t bench_read_rtr(struct bench *b);

#endif
