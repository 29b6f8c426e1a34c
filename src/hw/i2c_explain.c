// SPDX-License-Identifier: MIT
/* i2c_explain.c — what an error of the I2C bus means, in a sentence */
#include "mqttnode/i2c_explain.h"

#include <errno.h>
#include <string.h>

#include "mqttnode/text.h"

/* There is no node @path: I2C is off, the module is missing, or it is another number. */
static char *explain_missing(const char *path, const char *other_bus, char *buf,
			     size_t size)
{
	if (other_bus)
		return text_format(buf, size,
				   "There is no %s, but /dev/%s: set oled.i2c to it",
				   path, other_bus);
	return text_format(
		buf, size,
		"There is no %s: enable I2C (Raspberry Pi: dtparam=i2c_arm=on in "
		"/boot/firmware/config.txt) and load i2c-dev, then reboot",
		path);
}

static char *explain_owned(const char *path, uint8_t address, const char *driver,
			   char *buf, size_t size)
{
	if (!driver)
		return text_format(
			buf, size,
			"The bus %s or address 0x%02x on it is busy with something else",
			path, address);
	return text_format(
		buf, size,
		"The kernel driver %s owns the display at 0x%02x: remove its dtoverlay= "
		"line from /boot/firmware/config.txt and reboot",
		driver, address);
}

char *i2c_explain(const char *path, uint8_t address, int error,
		  const struct i2c_machine *machine, char *buf, size_t size)
{
	if (machine->denied && (error == EACCES || error == EPERM))
		return text_format(buf, size, "%s", machine->denied);
	switch (error) {
	case ENOENT:
		return explain_missing(path, machine->other_bus, buf, size);
	case EBUSY:
		return explain_owned(path, address, machine->driver, buf, size);
	case ENXIO:
	case EREMOTEIO:
		return text_format(
			buf, size,
			"No display answers at 0x%02x on %s: check SDA, SCL, power and the "
			"address (0x3c or 0x3d)",
			address, path);
	case EIO:
		return text_format(
			buf, size,
			"Transfers to the display at 0x%02x on %s break off: check SDA and "
			"SCL, shorten the wires",
			address, path);
	case ETIMEDOUT:
	case EAGAIN:
		return text_format(
			buf, size,
			"The I2C bus %s is stuck: SDA or SCL is held low or has no pull-up "
			"resistor",
			path);
	case EOPNOTSUPP:
		return text_format(
			buf, size,
			"The adapter of %s cannot do plain I2C transfers: use another bus",
			path);
	case ENOTTY:
	case EISDIR:
		return text_format(
			buf, size,
			"%s is not an I2C bus: set oled.i2c to a /dev/i2c-N node", path);
	case ENODEV:
	case ESHUTDOWN:
		return text_format(
			buf, size,
			"The I2C adapter behind %s is gone: its driver was removed",
			path);
	default:
		return text_format(buf, size, "%s: %s", path,
				   strerrordesc_np(error) ?: "unknown error");
	}
}
