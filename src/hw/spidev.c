// SPDX-License-Identifier: MIT
/*
 * spidev.c — one SPI device over /dev/spidev
 *
 * The only user of the spidev ioctls. Each message is one SPI_IOC_MESSAGE; the
 * kernel carries it out with the bus locked. Mode, word size and default clock
 * belong to the device and are shared by all who open it, hence the lock and
 * the clock in each transfer.
 */
#include "mqttnode/spidev.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/spi/spidev.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>

#include "devnode.h"
#include "mqttnode/fd.h"
#include "mqttnode/text.h"

#define BUFSIZ_PATH    "/sys/module/spidev/parameters/bufsiz"
#define BUFSIZ_DEFAULT 4096

struct spi_bus {
	int fd;
	uint32_t speed_hz;
	struct spi_limits limits;
	struct spi_ioc_transfer transfers[SPI_TRANSFERS_MAX]; /* of the current message */
};

static size_t read_bufsiz(void)
{
	unsigned long value;
	char text[32], *end;

	if (fd_read_file(BUFSIZ_PATH, text, sizeof(text)) <= 0)
		return BUFSIZ_DEFAULT;
	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno != 0 || end == text || value == 0 || value > INT32_MAX)
		return BUFSIZ_DEFAULT;
	return value;
}

/*
 * spidev rounds each transfer up to the kernel's ARCH_DMA_MINALIGN before it
 * counts it against bufsiz. The kernel does not tell the value; it follows from
 * the machine, which on a 32-bit system may be a 64-bit kernel ("armv8l"). An
 * unknown machine is taken to be the worst: too much only costs a few calls.
 */
static size_t dma_alignment(void)
{
	static const struct {
		const char *machine;
		size_t alignment;
	} known[] = {
		{ "x86_64", 8 }, { "i686", 8 },	  { "i586", 8 },
		{ "armv6", 32 }, { "armv7", 64 }, { "riscv", 64 },
	};
	struct utsname name;

	if (uname(&name) == 0)
		for (size_t i = 0; i < ARRAY_SIZE(known); i++)
			if (strncmp(name.machine, known[i].machine,
				    strlen(known[i].machine)) == 0)
				return known[i].alignment;
	return 128;
}

static int bus_setup(struct spi_bus *bus, uint32_t speed_hz)
{
	uint8_t mode = SPI_MODE_0, bits = 8;

	if (ioctl(bus->fd, SPI_IOC_WR_MODE, &mode) < 0 ||
	    ioctl(bus->fd, SPI_IOC_WR_BITS_PER_WORD, &bits) < 0)
		return -errno;
	return spidev_set_speed(bus, speed_hz);
}

int spidev_open(struct spi_bus **ret, const char *path, uint32_t speed_hz)
{
	_cleanup_(spidev_closep) struct spi_bus *bus = NULL;
	int r;

	bus = calloc(1, sizeof(*bus));
	if (!bus)
		return -ENOMEM;
	/* Non-blocking matters only for what is not a spidev: a FIFO, a terminal. */
	bus->fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (bus->fd < 0)
		return -errno;
	if (flock(bus->fd, LOCK_EX | LOCK_NB) < 0)
		return -errno;
	r = bus_setup(bus, speed_hz);
	if (r < 0)
		return r;
	bus->limits.bufsiz = read_bufsiz();
	bus->limits.alignment = dma_alignment();
	*ret = TAKE_PTR(bus);
	return 0;
}

struct spi_bus *spidev_close(struct spi_bus *bus)
{
	if (!bus)
		return NULL;
	bus->fd = fd_close(bus->fd);
	free(bus);
	return NULL;
}

int spidev_set_speed(struct spi_bus *bus, uint32_t speed_hz)
{
	if (ioctl(bus->fd, SPI_IOC_WR_MAX_SPEED_HZ, &speed_hz) < 0)
		return -errno;
	bus->speed_hz = speed_hz;
	return 0;
}

/* SPI_IOC_MESSAGE(n), whose macro wants a constant. */
static unsigned long message_request(size_t n)
{
	return _IOC(_IOC_WRITE, SPI_IOC_MAGIC, 0, n * sizeof(struct spi_ioc_transfer));
}

int spidev_message(struct spi_bus *bus, const struct spi_transfer *transfers, size_t n)
{
	uint64_t expected = 0;
	int sent;

	assert(n >= 1 && n <= SPI_TRANSFERS_MAX);
	/* On the last transfer it would keep the chip selected after the message. */
	assert(!transfers[n - 1].cs_change);

	for (size_t i = 0; i < n; i++) {
		bus->transfers[i] = (struct spi_ioc_transfer){
			.tx_buf = (uintptr_t)transfers[i].tx,
			.rx_buf = (uintptr_t)transfers[i].rx,
			.len = transfers[i].len,
			.speed_hz = bus->speed_hz,
			.cs_change = transfers[i].cs_change,
		};
		expected += transfers[i].len;
	}
	sent = ioctl(bus->fd, message_request(n), bus->transfers);
	if (sent < 0)
		return -errno;
	return (uint64_t)sent == expected ? 0 : -EIO;
}

struct spi_limits spidev_limits(const struct spi_bus *bus)
{
	return bus->limits;
}

/* No node @path: another driver has the device, SPI is off, or the number is wrong. */
static enum cause_id explain_missing(const char *path, char *buf, size_t size)
{
	char device[64], sysfs[128], driver[32];
	unsigned int bus, select;
	char **names;
	int n, r;

	if (sscanf(path, "/dev/spidev%u.%u", &bus, &select) == 2) {
		text_format(device, sizeof(device), "spi%u.%u", bus, select);
		text_format(sysfs, sizeof(sysfs), "/sys/bus/spi/devices/%s", device);
		r = devnode_driver(sysfs, driver, sizeof(driver));
		if (r == 0 && strcmp(driver, "spidev") != 0) {
			text_format(
				buf, size,
				"The kernel driver %s holds %s: remove its dtoverlay= line "
				"from /boot/firmware/config.txt and reboot",
				driver, device);
			return CAUSE_SPI_KERNEL_DRIVER;
		}
		if (r == -ENOENT) {
			text_format(
				buf, size,
				"There is no %s because no driver serves %s: run \"modprobe "
				"spidev\" as root",
				path, device);
			return CAUSE_SPI_NO_DRIVER;
		}
	}
	n = devnode_list("spidev", &names);
	if (n > 0) {
		text_format(buf, size,
			    "There is no %s, but /dev/%s: set ethernet.spi to it", path,
			    names[0]);
		devnode_list_free(names, n);
		return CAUSE_SPI_OTHER_SELECT;
	}
	if (n == 0)
		devnode_list_free(names, n);
	text_format(buf, size,
		    "There is no %s: enable SPI (Raspberry Pi: dtparam=spi=on in "
		    "/boot/firmware/config.txt, then reboot)",
		    path);
	return CAUSE_SPI_ABSENT;
}

enum cause_id spidev_explain(const char *path, int error, char *buf, size_t size)
{
	switch (error) {
	case ENOENT:
		return explain_missing(path, buf, size);
	case EACCES:
	case EPERM:
		devnode_explain_denied(path, "spi", error, buf, size);
		return CAUSE_SPI_NOT_PERMITTED;
	case EWOULDBLOCK:
		text_format(buf, size,
			    "%s is locked by another program, perhaps a second mqttnode: "
			    "\"fuser -v %s\" names it",
			    path, path);
		return CAUSE_SPI_BUSY;
	case ENOTTY:
	case EISDIR:
		text_format(
			buf, size,
			"%s is not an SPI device: set ethernet.spi to a /dev/spidev node",
			path);
		return CAUSE_SPI_UNSUITABLE;
	case EINVAL:
		text_format(
			buf, size,
			"The SPI controller of %s refuses SPI mode 0 or the clock: check "
			"ethernet.spi_speed_hz",
			path);
		return CAUSE_SPI_REFUSES;
	case ENXIO:
	case ENODEV:
	case ESHUTDOWN:
		text_format(
			buf, size,
			"The SPI controller behind %s is gone: its driver was removed",
			path);
		return CAUSE_SPI_GONE;
	case EMSGSIZE:
		text_format(buf, size,
			    "%s takes less data in one message than it said: check the "
			    "spidev.bufsiz parameter of the kernel",
			    path);
		return CAUSE_SPI_TOO_SMALL;
	case ETIMEDOUT:
		text_format(buf, size,
			    "The SPI controller of %s does not finish transfers: try "
			    "ethernet.spi_max_transfer = 64, or a newer kernel",
			    path);
		return CAUSE_SPI_TIMEOUT;
	default:
		text_format(buf, size, "%s: %s", path,
			    strerrordesc_np(error) ?: "unknown error");
		return CAUSE_SPI_ERROR;
	}
}
