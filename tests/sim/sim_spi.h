/* SPDX-License-Identifier: MIT */
/*
 * sim_spi.h — the simulated SPI bus behind mqttnode/spidev.h
 *
 * A device node of the simulated machine is a path attached to a chip; the
 * program under test opens it with spidev_open() and knows no more:
 *
 *	board_time_new_virtual(&time);
 *	w5500_sim_new(&chip, time, NULL);
 *	sim_spi_attach(&device, chip, "/dev/spidev0.0");
 *	... spidev_open(&bus, "/dev/spidev0.0", 31250000) ...
 *	sim_spi_detach(device);
 *
 * The functions of spidev.h take the board lock of the chip they reach; those
 * here are called with it held, except attach and detach, which take a lock of
 * their own: any thread, but no bus may be open when a device is detached.
 *
 * A message is worth a violation (of the chip) if it has no transfer or more
 * than 511, sets cs_change on its last transfer, or exceeds the limits.
 */
#ifndef MQTTNODE_TESTS_SIM_SIM_SPI_H
#define MQTTNODE_TESTS_SIM_SIM_SPI_H

#include <stdbool.h>
#include <stdint.h>

#include "w5500_sim.h"

/* What MISO carries instead of what the chip says. */
enum sim_spi_miso {
	SIM_SPI_MISO_CHIP,
	SIM_SPI_MISO_ALL_00, /* not connected, pulled down */
	SIM_SPI_MISO_ALL_FF, /* not connected, pulled up */
};

/*
 * The machine and its cost model. The clock is divided down from core_hz by
 * the next even divider, as on a BCM2835, and never above max_hz: with the
 * defaults 31.25 MHz for any request from 31.25 MHz on.
 */
struct sim_spi_options {
	uint32_t bufsiz;       /* of the spidev module (4096) */
	uint32_t alignment;    /* each transfer is rounded up to this (128) */
	uint32_t core_hz;      /* 250 MHz */
	uint32_t max_hz;       /* 31.25 MHz */
	uint32_t max_transfer; /* longer ones end with ETIMEDOUT (0: none is too long) */
	uint64_t call_ns;      /* of one call, before its first byte (15 us) */
	uint64_t cs_change_ns; /* of one chip select toggle inside a message (10 us) */
};

/* Faults. 0 is healthy; "next n" counts down. */
struct sim_spi_faults {
	uint32_t open_errno; /* spidev_open() fails with this: ENOENT, EACCES, EWOULDBLOCK
			      */
	uint32_t fail_errno; /* what failing messages return (EIO if 0): EIO, ETIMEDOUT */
	uint32_t fail_next;  /* next n messages fail, ... */
	uint32_t fail_after; /* ... once so many have passed */
	uint32_t fail_one_in;	/* a message fails with probability 1/n */
	uint64_t fail_until_ns; /* all messages fail until this board time */
	bool fail_before;   /* a failing message does nothing; else it is cut somewhere */
	uint32_t miso;	    /* enum sim_spi_miso */
	uint32_t miso_next; /* miso holds for the next n messages; 0: until changed */
	uint32_t bit_slip;  /* extra clock edges (0..7) after each select */
	uint32_t miso_bit_errors; /* flipped bits in 1 000 000 000, each way */
	uint32_t mosi_bit_errors;
	uint32_t bit_errors_apart; /* so many bytes are good after one with a flipped bit
				    */
	uint32_t errors_above_hz;  /* slip and bit errors only above this clock */
	uint32_t late_one_in; /* a call returns late with probability 1/n: others have the
				 processor, and what was read has become old meanwhile */
	uint64_t late_ns;     /* so much */
};

struct sim_spi_stats {
	uint64_t opens;
	uint64_t messages; /* bus calls that reached the bus */
	uint64_t transfers;
	uint64_t cs_changes; /* toggles inside messages */
	uint64_t refused;    /* over the limits: nothing was sent */
	uint64_t failed;     /* by a fault */
	uint64_t bus_ns;     /* modelled time of all messages */
	uint64_t bit_errors; /* bits flipped */
};

struct sim_spi;

/* Makes @chip reachable at @path. @chip must outlive it. 0, -EEXIST or -ENOMEM. */
int sim_spi_attach(struct sim_spi **ret, struct w5500_sim *chip, const char *path);

/* Takes the node away. Accepts NULL, returns NULL. */
struct sim_spi *sim_spi_detach(struct sim_spi *device);

/* Live access; owned by @device. */
struct sim_spi_options *sim_spi_options(struct sim_spi *device);
struct sim_spi_faults *sim_spi_faults(struct sim_spi *device);
const struct sim_spi_stats *sim_spi_stats(const struct sim_spi *device);

/*
 * The controller or the device goes away: whoever has it open gets -ESHUTDOWN
 * until he closes it and opens it again (which set open_errno may prevent).
 */
void sim_spi_unbind(struct sim_spi *device);

/* The clock for a request, by the model above; 0 if it is below what the divider can do.
 */
uint32_t sim_spi_effective_hz(const struct sim_spi *device, uint32_t requested_hz);

/* As for the chip: see w5500_sim.h. */
int sim_spi_set(struct sim_spi *device, const char *name, uint64_t value);
void sim_spi_each_setting(const struct sim_spi *device,
			  void (*each)(void *ctx, const char *name, uint64_t value),
			  void *ctx);
void sim_spi_each_counter(const struct sim_spi *device,
			  void (*each)(void *ctx, const char *name, uint64_t value),
			  void *ctx);

DEFINE_CLEANUP(struct sim_spi, sim_spi_detach);

#endif
