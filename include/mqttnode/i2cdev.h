/* SPDX-License-Identifier: MIT */
/*
 * i2cdev.h — one I2C device of the machine
 *
 * The seam to the bus: implemented over /dev/i2c-N in src/hw/i2cdev.c and by
 * the simulated board in tests/sim. A call can block for the adapter's time
 * limit (1 s by default) when the bus is stuck: only the display thread calls.
 * Source: linux/i2c-dev.h, Documentation/i2c/dev-interface.rst.
 */
#ifndef MQTTNODE_I2CDEV_H
#define MQTTNODE_I2CDEV_H

#include "mqttnode/cause.h"
#include "mqttnode/cleanup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* At most this many messages per call and bytes per message (i2c-dev). */
#define I2C_MESSAGES_MAX     42
#define I2C_MESSAGE_LEN_MAX  8192

struct i2c_bus;

/* One message of a combined transfer: written from @buf, or read into it. */
struct i2c_message {
	uint8_t *buf;
	uint16_t len;
	bool read;
};

/*
 * Opens bus @path for the device at the 7-bit @address. Returns 0 or -errno:
 * -ENOENT, -EACCES, -ENOTTY (not an I2C bus), -EBUSY (a kernel driver owns the
 * address), -EOPNOTSUPP (the adapter cannot do plain I2C). Does not touch the
 * device. Undo with i2cdev_close().
 */
int i2cdev_open(struct i2c_bus **ret, const char *path, uint8_t address);

/* Closes. Accepts NULL, returns NULL. */
struct i2c_bus *i2cdev_close(struct i2c_bus *bus);

/*
 * Carries out @n messages (1..I2C_MESSAGES_MAX) joined by repeated START, in one
 * call. Returns 0 or -errno: -ENXIO or -EREMOTEIO (no acknowledge), -EIO (broken
 * in the middle), -ETIMEDOUT (bus stuck), -EAGAIN (arbitration lost),
 * -EOPNOTSUPP (adapter cannot combine or length limit), -ENODEV, -ESHUTDOWN.
 */
int i2cdev_transfer(struct i2c_bus *bus, const struct i2c_message *messages, size_t n);

/* The configured bus clock in Hz, 0 if the machine does not say. */
uint32_t i2cdev_clock_hz(const struct i2c_bus *bus);

/* As spidev_explain(), for an I2C bus and address. */
enum cause_id i2cdev_explain(const char *path, uint8_t address, int error, char *buf, size_t size);

DEFINE_CLEANUP(struct i2c_bus, i2cdev_close);

#endif
