/* SPDX-License-Identifier: MIT */
/*
 * spidev.h — one SPI device of the machine
 *
 * The seam to the bus: implemented over /dev/spidev in src/hw/spidev.c and by
 * the simulated board in tests/sim. No kernel type passes it. One thread at a
 * time per bus. Source: linux/spi/spidev.h, Documentation/spi/spidev.rst.
 */
#ifndef MQTTNODE_SPIDEV_H
#define MQTTNODE_SPIDEV_H

#include "mqttnode/cause.h"
#include "mqttnode/cleanup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* SPI_IOC_MESSAGE carries its size in 14 bits: 511 transfers of 32 bytes. */
#define SPI_TRANSFERS_MAX 511

struct spi_bus;

/*
 * One transfer of a message. Zeroes are clocked out if @tx is NULL; what comes
 * in is dropped if @rx is NULL. @cs_change releases the chip select between
 * this transfer and the next; never set on the last one.
 */
struct spi_transfer {
	const uint8_t *tx;
	uint8_t *rx;
	uint32_t len;
	bool cs_change;
};

/* What one message may carry: see spidev_limits(). */
struct spi_limits {
	size_t bufsiz;	  /* bytes per direction, each transfer rounded up to ... */
	size_t alignment; /* ... a multiple of this (DMA alignment; 1 = not rounded) */
};

/*
 * Opens @path in SPI mode 0, MSB first, 8 bits, at no more than @speed_hz, and
 * takes an advisory lock on it. Returns 0 or -errno: -ENOENT (no such node),
 * -EACCES, -ENOTTY (not a spidev), -EWOULDBLOCK (another process has the
 * lock), -EINVAL (mode or speed refused). Undo with spidev_close().
 */
int spidev_open(struct spi_bus **ret, const char *path, uint32_t speed_hz);

/* Closes. Accepts NULL, returns NULL. */
struct spi_bus *spidev_close(struct spi_bus *bus);

/* Changes the clock asked for. Returns 0 or -errno. */
int spidev_set_speed(struct spi_bus *bus, uint32_t speed_hz);

/*
 * Carries out @n transfers (1..SPI_TRANSFERS_MAX) as one message: one system
 * call, nobody else on the bus in between. Returns 0 or -errno: -EMSGSIZE
 * (over the limits, nothing was sent), -EIO, -ETIMEDOUT, -EREMOTEIO (state of
 * the chip unknown), -ESHUTDOWN (device gone: close and open again).
 */
int spidev_message(struct spi_bus *bus, const struct spi_transfer *transfers, size_t n);

/* The limits of a message on this machine. */
struct spi_limits spidev_limits(const struct spi_bus *bus);

/*
 * A sentence for people: why @path could not be opened or used (@error is a
 * positive errno) and what to do about it, into @buf. Returns the cause's name.
 */
enum cause_id spidev_explain(const char *path, int error, char *buf, size_t size);

DEFINE_CLEANUP(struct spi_bus, spidev_close);

#endif
