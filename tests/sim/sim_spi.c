// SPDX-License-Identifier: MIT
/* sim_spi.c — the simulated SPI bus behind mqttnode/spidev.h */
#include "sim_spi.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "first_open.h"
#include "mqttnode/spidev.h"
#include "sim_fields.h"

#define BILLION	    UINT64_C(1000000000)
#define DIVIDER_MAX 65536u

struct sim_spi {
	struct sim_spi *next;
	char *path;
	struct w5500_sim *chip;
	struct spi_bus *owner; /* who has the lock on the node */
	bool left_selected;    /* by cs_change on the last transfer */
	struct sim_spi_options options;
	struct sim_spi_faults faults;
	struct sim_spi_stats stats;
	uint64_t random;
	uint32_t good_bytes; /* still to come after a bit error */
};

struct spi_bus {
	struct sim_spi *device;
	uint32_t hz; /* effective */
	bool dead;   /* the device went away */
};

/* The device nodes of the simulated machine; the lock protects the list only. */
static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static struct sim_spi *registry;

static struct board_time *time_of(const struct sim_spi *device)
{
	return w5500_sim_time(device->chip);
}

static struct sim_spi *find(const char *path)
{
	struct sim_spi *device;

	for (device = registry; device; device = device->next)
		if (strcmp(device->path, path) == 0)
			break;
	return device;
}

int sim_spi_attach(struct sim_spi **ret, struct w5500_sim *chip, const char *path)
{
	struct sim_spi *device;
	int r = 0;

	device = calloc(1, sizeof(*device));
	if (!device)
		return -ENOMEM;
	device->path = strdup(path);
	if (!device->path) {
		free(device);
		return -ENOMEM;
	}
	device->chip = chip;
	device->random = UINT64_C(0xd1b54a32d192ed03);
	device->options = (struct sim_spi_options){
		.bufsiz = 4096,
		.alignment = 128,
		.core_hz = 250000000,
		.max_hz = 31250000,
		.call_ns = 15 * NSEC_PER_USEC,
		.cs_change_ns = 10 * NSEC_PER_USEC,
	};
	(void)pthread_mutex_lock(&registry_lock);
	if (find(path)) {
		r = -EEXIST;
	} else {
		device->next = registry;
		registry = device;
	}
	(void)pthread_mutex_unlock(&registry_lock);
	if (r < 0) {
		free(device->path);
		free(device);
		return r;
	}
	*ret = device;
	return 0;
}

struct sim_spi *sim_spi_detach(struct sim_spi *device)
{
	struct sim_spi **p;

	if (!device)
		return NULL;
	assert(!device->owner);
	(void)pthread_mutex_lock(&registry_lock);
	for (p = &registry; *p != device; p = &(*p)->next)
		;
	*p = device->next;
	(void)pthread_mutex_unlock(&registry_lock);
	free(device->path);
	free(device);
	return NULL;
}

struct sim_spi_options *sim_spi_options(struct sim_spi *device)
{
	return &device->options;
}

struct sim_spi_faults *sim_spi_faults(struct sim_spi *device)
{
	return &device->faults;
}

const struct sim_spi_stats *sim_spi_stats(const struct sim_spi *device)
{
	return &device->stats;
}

void sim_spi_unbind(struct sim_spi *device)
{
	if (device->owner)
		device->owner->dead = true;
	device->owner = NULL;
}

uint32_t sim_spi_effective_hz(const struct sim_spi *device, uint32_t requested_hz)
{
	const struct sim_spi_options *o = &device->options;
	uint32_t hz = requested_hz < o->max_hz ? requested_hz : o->max_hz;
	uint64_t divider;

	if (hz == 0)
		return 0;
	divider = ((uint64_t)o->core_hz + hz - 1) / hz;
	divider += divider & 1;
	if (divider < 2)
		divider = 2;
	return divider > DIVIDER_MAX ? 0 : (uint32_t)(o->core_hz / divider);
}

/* ---- spidev.h ---- */

static int open_locked(struct spi_bus **ret, struct sim_spi *device, uint32_t speed_hz)
{
	uint32_t hz = sim_spi_effective_hz(device, speed_hz);
	struct spi_bus *bus;

	if (device->faults.open_errno != 0)
		return -(int)device->faults.open_errno;
	if (hz == 0)
		return -EINVAL;
	if (device->owner)
		return -EWOULDBLOCK;
	bus = calloc(1, sizeof(*bus));
	if (!bus)
		return -ENOMEM;
	bus->device = device;
	bus->hz = hz;
	device->owner = bus;
	device->stats.opens++;
	*ret = bus;
	return 0;
}

int spidev_open(struct spi_bus **ret, const char *path, uint32_t speed_hz)
{
	struct sim_spi *device;
	int r = -ENOENT;

	first_open();
	(void)pthread_mutex_lock(&registry_lock);
	device = find(path);
	if (device) {
		board_lock(time_of(device));
		r = open_locked(ret, device, speed_hz);
		board_unlock(time_of(device));
	}
	(void)pthread_mutex_unlock(&registry_lock);
	return r;
}

struct spi_bus *spidev_close(struct spi_bus *bus)
{
	struct board_time *time;

	if (!bus)
		return NULL;
	time = time_of(bus->device);
	board_lock(time);
	if (!bus->dead)
		bus->device->owner = NULL;
	w5500_sim_deselect(bus->device->chip);
	bus->device->left_selected = false;
	board_unlock(time);
	free(bus);
	return NULL;
}

int spidev_set_speed(struct spi_bus *bus, uint32_t speed_hz)
{
	struct board_time *time = time_of(bus->device);
	uint32_t hz;
	int r = 0;

	board_lock(time);
	hz = sim_spi_effective_hz(bus->device, speed_hz);
	if (bus->dead)
		r = -ESHUTDOWN;
	else if (hz == 0)
		r = -EINVAL;
	else
		bus->hz = hz;
	board_unlock(time);
	return r;
}

struct spi_limits spidev_limits(const struct spi_bus *bus)
{
	struct board_time *time = time_of(bus->device);
	struct spi_limits limits;

	board_lock(time);
	limits.bufsiz = bus->device->options.bufsiz;
	limits.alignment = bus->device->options.alignment;
	board_unlock(time);
	return limits;
}

enum cause_id spidev_explain(const char *path, int error, char *buf, size_t size)
{
	enum cause_id cause = CAUSE_SPI_ERROR;
	const char *what;

	switch (error) {
	case ENOENT:
		what = "does not exist on the simulated board: connect it";
		cause = CAUSE_SPI_ABSENT;
		break;
	case EACCES:
		what = "must not be opened by this user, says the simulated board";
		cause = CAUSE_SPI_NOT_PERMITTED;
		break;
	case EWOULDBLOCK:
		what = "of the simulated board is in use by another process";
		cause = CAUSE_SPI_BUSY;
		break;
	case ETIMEDOUT:
		what = "of the simulated board does not finish transfers: try "
		       "ethernet.spi_max_transfer = 64";
		cause = CAUSE_SPI_TIMEOUT;
		break;
	default:
		what = strerrordesc_np(error);
		break;
	}
	(void)snprintf(buf, size, "%s: %s", path, what ? what : "unknown error");
	return cause;
}

/* ---- messages ---- */

/* One message under way. */
struct run {
	struct sim_spi *device;
	const struct spi_bus *bus;
	uint64_t base_ns; /* of the first byte, and what toggles added */
	uint64_t bytes;
	uint64_t cut;	/* fail before this byte; UINT64_MAX: do not */
	bool unhealthy; /* the clock is high enough for slip and bit errors */
};

static uint64_t draw(struct sim_spi *device)
{
	device->random ^= device->random >> 12;
	device->random ^= device->random << 25;
	device->random ^= device->random >> 27;
	return device->random * UINT64_C(0x2545f4914f6cdd1d) >> 16;
}

static size_t rounded(const struct sim_spi *device, size_t len)
{
	size_t a = device->options.alignment;

	return a > 1 ? (len + a - 1) / a * a : len;
}

/* 0, or the error that the kernel has for such a message; the driver must not send it. */
static int check_message(struct sim_spi *device, const struct spi_transfer *transfers,
			 size_t n)
{
	size_t tx = 0, rx = 0;

	if (n == 0 || n > SPI_TRANSFERS_MAX) {
		w5500_sim_violate(device->chip, "SPI message of %zu transfers: 1 to %d",
				  n, SPI_TRANSFERS_MAX);
		return -EINVAL;
	}
	if (transfers[n - 1].cs_change)
		w5500_sim_violate(device->chip,
				  "cs_change on the last transfer of a message "
				  "leaves SCSn low");
	for (size_t i = 0; i < n; i++) {
		if (transfers[i].tx)
			tx += rounded(device, transfers[i].len);
		if (transfers[i].rx)
			rx += rounded(device, transfers[i].len);
	}
	if (tx <= device->options.bufsiz && rx <= device->options.bufsiz)
		return 0;
	w5500_sim_violate(device->chip,
			  "SPI message of %zu bytes out and %zu in, rounded up: "
			  "bufsiz is %u",
			  tx, rx, device->options.bufsiz);
	device->stats.refused++;
	return -EMSGSIZE;
}

/* A controller whose DMA does not work: it carries no more than its FIFO holds. */
static bool is_too_long(const struct sim_spi *device,
			const struct spi_transfer *transfers, size_t n)
{
	uint32_t limit = device->options.max_transfer;

	for (size_t i = 0; limit > 0 && i < n; i++)
		if (transfers[i].len > limit)
			return true;
	return false;
}

static bool message_fails(struct sim_spi *device)
{
	struct sim_spi_faults *f = &device->faults;

	if (board_time_now_ns(time_of(device)) < f->fail_until_ns)
		return true;
	if (f->fail_next > 0 && f->fail_after-- == 0) {
		f->fail_after = 0;
		f->fail_next--;
		return true;
	}
	return f->fail_one_in > 0 && draw(device) % f->fail_one_in == 0;
}

static uint8_t with_bit_error(struct sim_spi *device, uint32_t rate, uint8_t byte)
{
	if (rate == 0)
		return byte;
	if (device->good_bytes > 0) {
		device->good_bytes--;
		return byte;
	}
	if (draw(device) % BILLION >= UINT64_C(8) * rate)
		return byte;
	device->good_bytes = device->faults.bit_errors_apart;
	device->stats.bit_errors++;
	w5500_sim_excuse(device->chip);
	return byte ^ (uint8_t)(1u << draw(device) % 8);
}

/* Moves board time to the end of the last byte or toggle. */
static void keep_time(struct run *run)
{
	board_time_advance(time_of(run->device),
			   run->base_ns + run->bytes * 8 * BILLION / run->bus->hz);
}

static uint8_t clock_byte(struct run *run, uint8_t mosi)
{
	struct sim_spi_faults *f = &run->device->faults;
	uint8_t miso;

	if (run->unhealthy)
		mosi = with_bit_error(run->device, f->mosi_bit_errors, mosi);
	miso = w5500_sim_clock_byte(run->device->chip, mosi);
	run->bytes++;
	keep_time(run);
	if (run->unhealthy)
		miso = with_bit_error(run->device, f->miso_bit_errors, miso);
	switch (f->miso) {
	case SIM_SPI_MISO_ALL_00:
		return 0x00;
	case SIM_SPI_MISO_ALL_FF:
		return 0xff;
	default:
		return miso;
	}
}

static void select_chip(struct run *run)
{
	uint32_t slip = run->device->faults.bit_slip & 7;

	w5500_sim_select(run->device->chip);
	if (!run->unhealthy || slip == 0)
		return;
	(void)w5500_sim_clock_bits(run->device->chip, 0, slip);
	w5500_sim_excuse(run->device->chip);
}

/* False if the message was cut. What a failing message read never reaches the caller. */
static bool run_transfer(struct run *run, const struct spi_transfer *t)
{
	for (uint32_t i = 0; i < t->len; i++) {
		uint8_t miso;

		if (run->bytes == run->cut)
			return false;
		miso = clock_byte(run, t->tx ? t->tx[i] : 0);
		if (t->rx && run->cut == UINT64_MAX)
			t->rx[i] = miso;
	}
	return true;
}

static void toggle(struct run *run)
{
	w5500_sim_deselect(run->device->chip);
	run->device->stats.cs_changes++;
	run->base_ns += run->device->options.cs_change_ns;
	keep_time(run);
	select_chip(run);
}

static void run_transfers(struct run *run, const struct spi_transfer *transfers, size_t n)
{
	struct sim_spi *device = run->device;

	if (!device->left_selected)
		select_chip(run);
	device->left_selected = false;
	for (size_t i = 0; i < n; i++) {
		device->stats.transfers++;
		if (!run_transfer(run, &transfers[i]))
			break;
		if (i + 1 == n)
			device->left_selected = transfers[i].cs_change;
		else if (transfers[i].cs_change)
			toggle(run);
	}
	if (!device->left_selected)
		w5500_sim_deselect(device->chip);
}

static uint64_t total_len(const struct spi_transfer *transfers, size_t n)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += transfers[i].len;
	return sum;
}

/* MISO faults that hold for a number of messages. */
static void count_miso_fault(struct sim_spi *device)
{
	struct sim_spi_faults *f = &device->faults;

	if (f->miso == SIM_SPI_MISO_CHIP)
		return;
	w5500_sim_excuse(device->chip);
	if (f->miso_next > 0 && --f->miso_next == 0)
		f->miso = SIM_SPI_MISO_CHIP;
}

static int message_locked(struct spi_bus *bus, const struct spi_transfer *transfers,
			  size_t n)
{
	struct sim_spi *device = bus->device;
	struct board_time *time = time_of(device);
	const struct sim_spi_faults *f = &device->faults;
	uint64_t begin;
	struct run run;
	bool fails;
	int r;

	if (bus->dead)
		return -ESHUTDOWN;
	r = check_message(device, transfers, n);
	if (r < 0)
		return r;
	if (is_too_long(device, transfers, n)) {
		device->stats.failed++;
		return -ETIMEDOUT;
	}
	begin = board_time_now_ns(time);
	board_time_advance(time, begin + device->options.call_ns);
	run = (struct run){
		.device = device,
		.bus = bus,
		.base_ns = board_time_now_ns(time),
		.cut = UINT64_MAX,
		.unhealthy = bus->hz > f->errors_above_hz,
	};
	fails = message_fails(device);
	if (fails)
		run.cut =
			f->fail_before ? 0 : draw(device) % (total_len(transfers, n) + 1);
	w5500_sim_message_begins(device->chip);
	run_transfers(&run, transfers, n);
	w5500_sim_message_ends(device->chip, !fails && f->miso == SIM_SPI_MISO_CHIP);
	count_miso_fault(device);
	device->stats.messages++;
	device->stats.bus_ns += board_time_now_ns(time) - begin;
	if (!fails)
		return 0;
	device->stats.failed++;
	return f->fail_errno != 0 ? -(int)f->fail_errno : -EIO;
}

/* When the caller goes on after a message that has just ended. */
static uint64_t return_ns(struct sim_spi *device)
{
	const struct sim_spi_faults *f = &device->faults;
	struct board_time *time = time_of(device);
	uint64_t ns = board_time_now_ns(time);

	if (f->late_one_in == 0 || draw(device) % f->late_one_in != 0)
		return ns;
	ns += f->late_ns;
	if (!board_time_is_real(time))
		board_time_advance(time, ns);
	return ns;
}

int spidev_message(struct spi_bus *bus, const struct spi_transfer *transfers, size_t n)
{
	struct board_time *time = time_of(bus->device);
	uint64_t end_ns;
	int r;

	board_lock(time);
	board_time_catch_up(time);
	r = message_locked(bus, transfers, n);
	end_ns = return_ns(bus->device);
	board_unlock(time);
	board_time_wait_real(time, end_ns);
	return r;
}

/* ---- by name ---- */

#define OPTION(member)	SIM_FIELD(struct sim_spi_options, member)
#define FAULT(member)	SIM_FIELD(struct sim_spi_faults, member)
#define COUNTER(member) SIM_FIELD(struct sim_spi_stats, member)

static const struct sim_field options[] = {
	OPTION(bufsiz),	 OPTION(alignment),    OPTION(core_hz),	     OPTION(max_hz),
	OPTION(call_ns), OPTION(cs_change_ns), OPTION(max_transfer),
};

static const struct sim_field faults[] = {
	FAULT(open_errno),	 FAULT(fail_errno),
	FAULT(fail_next),	 FAULT(fail_after),
	FAULT(fail_one_in),	 FAULT(fail_until_ns),
	FAULT(fail_before),	 FAULT(miso),
	FAULT(miso_next),	 FAULT(bit_slip),
	FAULT(miso_bit_errors),	 FAULT(mosi_bit_errors),
	FAULT(bit_errors_apart), FAULT(errors_above_hz),
	FAULT(late_one_in),	 FAULT(late_ns),
};

static const struct sim_field counters[] = {
	COUNTER(opens),	  COUNTER(messages), COUNTER(transfers), COUNTER(cs_changes),
	COUNTER(refused), COUNTER(failed),   COUNTER(bus_ns),	 COUNTER(bit_errors),
};

int sim_spi_set(struct sim_spi *device, const char *name, uint64_t value)
{
	int r = sim_fields_set(options, ARRAY_SIZE(options), &device->options, name,
			       value);

	if (r == -ENOENT)
		r = sim_fields_set(faults, ARRAY_SIZE(faults), &device->faults, name,
				   value);
	return r;
}

void sim_spi_each_setting(const struct sim_spi *device,
			  void (*each)(void *ctx, const char *name, uint64_t value),
			  void *ctx)
{
	sim_fields_each(options, ARRAY_SIZE(options), &device->options, each, ctx);
	sim_fields_each(faults, ARRAY_SIZE(faults), &device->faults, each, ctx);
}

void sim_spi_each_counter(const struct sim_spi *device,
			  void (*each)(void *ctx, const char *name, uint64_t value),
			  void *ctx)
{
	sim_fields_each(counters, ARRAY_SIZE(counters), &device->stats, each, ctx);
}
