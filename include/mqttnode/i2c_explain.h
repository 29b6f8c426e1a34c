/* SPDX-License-Identifier: MIT */
/*
 * i2c_explain.h — what an error of the I2C bus means, in a sentence
 *
 * One set of sentences for every adapter behind i2cdev.h: an adapter finds out
 * about its machine, this says what it means and what to do. Any thread.
 */
#ifndef MQTTNODE_I2C_EXPLAIN_H
#define MQTTNODE_I2C_EXPLAIN_H

#include "mqttnode/cause.h"

#include <stddef.h>
#include <stdint.h>

/* What an adapter found out; NULL: nothing. */
struct i2c_machine {
	const char *other_bus; /* for ENOENT: a bus that exists, "i2c-3" */
	const char *driver;    /* for EBUSY: the kernel driver that owns the address */
	const char *denied;    /* for EACCES and EPERM: the sentence */
};

/*
 * Why @error (positive) came from the bus @path or from the display at @address
 * on it, and what to do, into @buf. Returns the cause's name.
 */
enum cause_id i2c_explain(const char *path, uint8_t address, int error,
			  const struct i2c_machine *machine, char *buf, size_t size);

#endif
