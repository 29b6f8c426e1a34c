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
#include "mqttnode/i2c_explain.h"
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

/* Another bus of the machine than the one asked for: "i2c-3"; NULL if there is none. */
static const char *find_other_bus(char *buf, size_t size)
{
	const char *found = NULL;
	char **names;
	int n = devnode_list("i2c-", &names);

	if (n > 0)
		found = text_format(buf, size, "%s", names[0]);
	if (n >= 0)
		devnode_list_free(names, n);
	return found;
}

/* The kernel driver that owns @address; NULL if none does. */
static const char *find_owner(const char *path, uint8_t address, char *buf, size_t size)
{
	char sysfs[64];

	text_format(sysfs, sizeof(sysfs), "/sys/bus/i2c/devices/%d-%04x",
		    bus_number(path), address);
	return devnode_driver(sysfs, buf, size) < 0 ? NULL : buf;
}

enum cause_id i2cdev_explain(const char *path, uint8_t address, int error, char *buf,
			     size_t size)
{
	struct i2c_machine machine = { 0 };
	char found[64], denied[256];

	if (error == ENOENT)
		machine.other_bus = find_other_bus(found, sizeof(found));
	if (error == EBUSY)
		machine.driver = find_owner(path, address, found, sizeof(found));
	if (error == EACCES || error == EPERM)
		machine.denied = devnode_explain_denied(path, "i2c", error, denied,
							sizeof(denied));
	return i2c_explain(path, address, error, &machine, buf, size);
}
