// SPDX-License-Identifier: MIT
/* i2c_explain.c — what an error of the I2C bus means, in a sentence */
#include "mqttnode/i2c_explain.h"

#include <errno.h>
#include <string.h>

#include "mqttnode/text.h"

/* There is no node @path: I2C is off, the module is missing, or it is another number. */
static enum cause_id explain_missing(const char *path, const char *other_bus, char *buf,
				     size_t size)
{
	if (other_bus) {
		text_format(buf, size, "There is no %s, but /dev/%s: set oled.i2c to it",
			    path, other_bus);
		return CAUSE_I2C_OTHER_BUS;
	}
	text_format(buf, size,
		    "There is no %s: enable I2C (Raspberry Pi: dtparam=i2c_arm=on in "
		    "/boot/firmware/config.txt) and load i2c-dev, then reboot",
		    path);
	return CAUSE_I2C_ABSENT;
}

static enum cause_id explain_owned(const char *path, uint8_t address, const char *driver,
				   char *buf, size_t size)
{
	if (!driver) {
		text_format(
			buf, size,
			"The bus %s or address 0x%02x on it is busy with something else",
			path, address);
		return CAUSE_I2C_BUSY;
	}
	text_format(
		buf, size,
		"The kernel driver %s owns the display at 0x%02x: remove its dtoverlay= "
		"line from /boot/firmware/config.txt and reboot",
		driver, address);
	return CAUSE_OLED_KERNEL_DRIVER;
}

enum cause_id i2c_explain(const char *path, uint8_t address, int error,
			  const struct i2c_machine *machine, char *buf, size_t size)
{
	if (machine->denied && (error == EACCES || error == EPERM)) {
		text_format(buf, size, "%s", machine->denied);
		return CAUSE_I2C_NOT_PERMITTED;
	}
	switch (error) {
	case ENOENT:
		return explain_missing(path, machine->other_bus, buf, size);
	case EBUSY:
		return explain_owned(path, address, machine->driver, buf, size);
	case ENXIO:
	case EREMOTEIO:
		text_format(
			buf, size,
			"No display answers at 0x%02x on %s: check SDA, SCL, power and the "
			"address (0x3c or 0x3d)",
			address, path);
		return CAUSE_OLED_ABSENT;
	case EIO:
		text_format(
			buf, size,
			"Transfers to the display at 0x%02x on %s break off: check SDA and "
			"SCL, shorten the wires",
			address, path);
		return CAUSE_I2C_BREAKS_OFF;
	case ETIMEDOUT:
	case EAGAIN:
		text_format(
			buf, size,
			"The I2C bus %s is stuck: SDA or SCL is held low or has no pull-up "
			"resistor",
			path);
		return CAUSE_I2C_STUCK;
	case EOPNOTSUPP:
		text_format(
			buf, size,
			"The adapter of %s cannot do plain I2C transfers: use another bus",
			path);
		return CAUSE_I2C_UNSUITABLE;
	case ENOTTY:
	case EISDIR:
		text_format(buf, size,
			    "%s is not an I2C bus: set oled.i2c to a /dev/i2c-N node",
			    path);
		return CAUSE_I2C_UNSUITABLE;
	case ENODEV:
	case ESHUTDOWN:
		text_format(buf, size,
			    "The I2C adapter behind %s is gone: its driver was removed",
			    path);
		return CAUSE_I2C_GONE;
	default:
		text_format(buf, size, "%s: %s", path,
			    strerrordesc_np(error) ?: "unknown error");
		return CAUSE_I2C_ERROR;
	}
}
