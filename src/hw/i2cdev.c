// SPDX-License-Identifier: MIT
/*
 * i2cdev.c — one I2C device over /dev/i2c-N
 *
 * The only user of the i2c-dev ioctls. Transfers are I2C_RDWR calls, which
 * check nothing: whether a kernel driver owns the address is asked once, with
 * I2C_SLAVE, when the bus is opened.
 */
#include "mqttnode/i2cdev.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "devnode.h"
#include "mqttnode/bytes.h"
#include "mqttnode/fd.h"
#include "mqttnode/text.h"

struct i2c_bus {
	int fd;
	uint8_t address;
	uint32_t clock_hz;
};

/* The N of /dev/i2c-N, also if @path is a symbolic link to it; -1 for other names. */
static int bus_number(const char *path)
{
	char resolved[PATH_MAX];
	int number, end = 0;

	if (realpath(path, resolved))
		path = resolved;
	if (sscanf(path, "/dev/i2c-%d%n", &number, &end) != 1 || path[end] != '\0')
		return -1;
	return number;
}

/* From the device tree: the property clock-frequency of the bus, 32 bits big-endian. */
static uint32_t read_clock_hz(const char *path)
{
	int number = bus_number(path);
	char file[96], cell[8];

	if (number < 0)
		return 0;
	text_format(file, sizeof(file),
		    "/sys/bus/i2c/devices/i2c-%d/of_node/clock-frequency", number);
	if (fd_read_file(file, cell, sizeof(cell)) != 4)
		return 0;
	return get_be32((const uint8_t *)cell);
}

int i2cdev_open(struct i2c_bus **ret, const char *path, uint8_t address)
{
	_cleanup_(i2cdev_closep) struct i2c_bus *bus = NULL;
	unsigned long functions = 0;

	bus = calloc(1, sizeof(*bus));
	if (!bus)
		return -ENOMEM;
	bus->address = address;
	/* Non-blocking matters only for what is not an I2C bus: a FIFO, a terminal. */
	bus->fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (bus->fd < 0)
		return -errno;
	if (ioctl(bus->fd, I2C_FUNCS, &functions) < 0)
		return -errno;
	if (!(functions & I2C_FUNC_I2C))
		return -EOPNOTSUPP;
	if (ioctl(bus->fd, I2C_SLAVE, (unsigned long)address) < 0)
		return -errno;
	bus->clock_hz = read_clock_hz(path);
	*ret = TAKE_PTR(bus);
	return 0;
}

struct i2c_bus *i2cdev_close(struct i2c_bus *bus)
{
	if (!bus)
		return NULL;
	bus->fd = fd_close(bus->fd);
	free(bus);
	return NULL;
}

int i2cdev_transfer(struct i2c_bus *bus, const struct i2c_message *messages, size_t n)
{
	struct i2c_msg msgs[I2C_MESSAGES_MAX];
	struct i2c_rdwr_ioctl_data data = { .msgs = msgs, .nmsgs = (uint32_t)n };
	int done;

	assert(n >= 1 && n <= I2C_MESSAGES_MAX);
	for (size_t i = 0; i < n; i++) {
		assert(messages[i].len <= I2C_MESSAGE_LEN_MAX);
		msgs[i] = (struct i2c_msg){
			.addr = bus->address,
			.flags = messages[i].read ? I2C_M_RD : 0,
			.len = messages[i].len,
			.buf = messages[i].buf,
		};
	}
	done = ioctl(bus->fd, I2C_RDWR, &data);
	if (done < 0)
		return -errno;
	return (size_t)done == n ? 0 : -EIO;
}

uint32_t i2cdev_clock_hz(const struct i2c_bus *bus)
{
	return bus->clock_hz;
}

/* There is no node @path: I2C is off, the module is missing, or it is another number. */
static char *explain_missing(const char *path, char *buf, size_t size)
{
	char **names;
	int n = devnode_list("i2c-", &names);

	if (n > 0)
		text_format(buf, size, "There is no %s, but /dev/%s: set oled.i2c to it",
			    path, names[0]);
	else
		text_format(
			buf, size,
			"There is no %s: enable I2C (Raspberry Pi: dtparam=i2c_arm=on in "
			"/boot/firmware/config.txt) and load i2c-dev, then reboot",
			path);
	if (n >= 0)
		devnode_list_free(names, n);
	return buf;
}

static char *explain_owned(const char *path, uint8_t address, char *buf, size_t size)
{
	char sysfs[64], driver[32];

	text_format(sysfs, sizeof(sysfs), "/sys/bus/i2c/devices/%d-%04x",
		    bus_number(path), address);
	if (devnode_driver(sysfs, driver, sizeof(driver)) < 0)
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

char *i2cdev_explain(const char *path, uint8_t address, int error, char *buf, size_t size)
{
	switch (error) {
	case ENOENT:
		return explain_missing(path, buf, size);
	case EACCES:
	case EPERM:
		return devnode_explain_denied(path, "i2c", error, buf, size);
	case EBUSY:
		return explain_owned(path, address, buf, size);
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
