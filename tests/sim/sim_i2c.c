// SPDX-License-Identifier: MIT
/* sim_i2c.c — the simulated I2C bus behind mqttnode/i2cdev.h */
#include "sim_i2c.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "first_open.h"
#include "mqttnode/i2c_explain.h"
#include "mqttnode/i2cdev.h"
#include "mqttnode/text.h"
#include "sim_fields.h"

#define CLOCKS_PER_BYTE 9

struct sim_i2c {
	struct board_time *time;   /* borrowed */
	struct sim_report *report; /* borrowed */
	char *path;
	struct sim_i2c *next;

	struct oled_sim *panel; /* borrowed */
	uint8_t address;
	bool plugged;
	struct sim_i2c_options options;
	struct sim_i2c_faults faults;
	struct sim_i2c_stats stats;
};

struct i2c_bus {
	struct sim_i2c *adapter;
	uint8_t address;
};

/* All buses of the simulated machine. */
static struct sim_i2c *adapters;
static pthread_mutex_t adapters_lock = PTHREAD_MUTEX_INITIALIZER;

static struct sim_i2c *find_adapter(const char *path)
{
	struct sim_i2c *a;

	for (a = adapters; a; a = a->next)
		if (strcmp(a->path, path) == 0)
			break;
	return a;
}

int sim_i2c_new(struct sim_i2c **ret, struct board_time *time, const char *path,
		struct sim_report *report)
{
	struct sim_i2c *a = calloc(1, sizeof(*a));
	int r = 0;

	if (!a)
		return -ENOMEM;
	a->path = strdup(path);
	if (!a->path) {
		free(a);
		return -ENOMEM;
	}
	a->time = time;
	a->report = report;
	a->options.clock_hz = 400000;
	a->options.nak_errno = EREMOTEIO;
	a->options.timeout_ns = NSEC_PER_SEC;

	(void)pthread_mutex_lock(&adapters_lock);
	if (find_adapter(path)) {
		r = -EEXIST;
	} else {
		a->next = adapters;
		adapters = a;
	}
	(void)pthread_mutex_unlock(&adapters_lock);
	if (r < 0) {
		free(a->path);
		free(a);
		return r;
	}
	*ret = a;
	return 0;
}

struct sim_i2c *sim_i2c_free(struct sim_i2c *adapter)
{
	struct sim_i2c **p;

	if (!adapter)
		return NULL;
	(void)pthread_mutex_lock(&adapters_lock);
	for (p = &adapters; *p != adapter; p = &(*p)->next)
		;
	*p = adapter->next;
	(void)pthread_mutex_unlock(&adapters_lock);
	free(adapter->path);
	free(adapter);
	return NULL;
}

void sim_i2c_attach(struct sim_i2c *adapter, uint8_t address, struct oled_sim *panel)
{
	adapter->panel = panel;
	adapter->address = address;
	adapter->plugged = true;
}

void sim_i2c_plug(struct sim_i2c *adapter, bool plugged)
{
	if (plugged && !adapter->plugged)
		oled_sim_lose_power(adapter->panel);
	adapter->plugged = plugged;
}

bool sim_i2c_plugged(const struct sim_i2c *adapter)
{
	return adapter->plugged;
}

struct sim_i2c_options *sim_i2c_options(struct sim_i2c *adapter)
{
	return &adapter->options;
}

struct sim_i2c_faults *sim_i2c_faults(struct sim_i2c *adapter)
{
	return &adapter->faults;
}

const struct sim_i2c_stats *sim_i2c_stats(const struct sim_i2c *adapter)
{
	return &adapter->stats;
}

/* ---- by name ---- */

static const struct sim_field option_fields[] = {
	SIM_FIELD(struct sim_i2c_options, clock_hz),
	SIM_FIELD(struct sim_i2c_options, nak_errno),
	SIM_FIELD(struct sim_i2c_options, timeout_ns),
};

static const struct sim_field fault_fields[] = {
	SIM_FIELD(struct sim_i2c_faults, open_errno),
	SIM_FIELD(struct sim_i2c_faults, held_by_program),
	SIM_FIELD(struct sim_i2c_faults, stuck),
	SIM_FIELD(struct sim_i2c_faults, nak),
	SIM_FIELD(struct sim_i2c_faults, nak_at),
	SIM_FIELD(struct sim_i2c_faults, eagain_next),
	SIM_FIELD(struct sim_i2c_faults, short_next),
};

static const struct sim_field stats_fields[] = {
	SIM_FIELD(struct sim_i2c_stats, opens),
	SIM_FIELD(struct sim_i2c_stats, calls),
	SIM_FIELD(struct sim_i2c_stats, transactions),
	SIM_FIELD(struct sim_i2c_stats, messages),
	SIM_FIELD(struct sim_i2c_stats, wire_bytes),
	SIM_FIELD(struct sim_i2c_stats, failed),
	SIM_FIELD(struct sim_i2c_stats, bus_ns),
};

int sim_i2c_set(struct sim_i2c *adapter, const char *name, uint64_t value)
{
	int r;

	r = sim_fields_set(option_fields, ARRAY_SIZE(option_fields), &adapter->options,
			   name, value);
	if (r == -ENOENT)
		r = sim_fields_set(fault_fields, ARRAY_SIZE(fault_fields),
				   &adapter->faults, name, value);
	return r;
}

void sim_i2c_each_setting(const struct sim_i2c *adapter,
			  void (*each)(void *ctx, const char *name, uint64_t value),
			  void *ctx)
{
	sim_fields_each(option_fields, ARRAY_SIZE(option_fields), &adapter->options, each,
			ctx);
	sim_fields_each(fault_fields, ARRAY_SIZE(fault_fields), &adapter->faults, each,
			ctx);
}

void sim_i2c_each_counter(const struct sim_i2c *adapter,
			  void (*each)(void *ctx, const char *name, uint64_t value),
			  void *ctx)
{
	sim_fields_each(stats_fields, ARRAY_SIZE(stats_fields), &adapter->stats, each,
			ctx);
}

/* ---- the seam ---- */

int i2cdev_open(struct i2c_bus **ret, const char *path, uint8_t address)
{
	_cleanup_free_ struct i2c_bus *bus = NULL;
	struct sim_i2c *a;
	int r;

	first_open();
	bus = calloc(1, sizeof(*bus));
	if (!bus)
		return -ENOMEM;
	bus->address = address;
	(void)pthread_mutex_lock(&adapters_lock);
	bus->adapter = a = find_adapter(path);
	(void)pthread_mutex_unlock(&adapters_lock);
	if (!a)
		return -ENOENT;
	board_lock(a->time);
	r = -(int)a->faults.open_errno;
	if (r == 0)
		a->stats.opens++;
	board_unlock(a->time);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(bus);
	return 0;
}

struct i2c_bus *i2cdev_close(struct i2c_bus *bus)
{
	free(bus);
	return NULL;
}

/* One call on the bus, byte by byte. */
struct call {
	struct sim_i2c *adapter;
	struct oled_sim *panel; /* that acknowledged its address, or NULL */
	uint32_t n_bytes;	/* clocked so far, with addresses */
	uint32_t short_at;	/* breaks off before this byte */
};

/* Clocks the address (@is_address) or a byte of data; @ack: whether somebody takes it. */
static int clock_byte(struct call *call, bool ack, bool is_address)
{
	struct sim_i2c *a = call->adapter;

	if (call->n_bytes == call->short_at)
		return -EIO;
	if (a->faults.nak && call->n_bytes == a->faults.nak_at)
		ack = false;
	call->n_bytes++;
	if (ack)
		return 0;
	/* Adapters that report ENXIO for an address report EIO for data. */
	return is_address || a->options.nak_errno != ENXIO ? -(int)a->options.nak_errno
							   : -EIO;
}

static int run_bytes(struct call *call, const struct i2c_message *m)
{
	for (size_t i = 0; i < m->len; i++) {
		int r = clock_byte(call, true, false);

		if (r < 0)
			return r;
		if (m->read)
			m->buf[i] = oled_sim_read_status(call->panel);
		else
			oled_sim_write(call->panel, m->buf[i]);
	}
	return 0;
}

static int run_message(struct call *call, const struct i2c_message *m, uint8_t address)
{
	struct sim_i2c *a = call->adapter;
	bool present = a->panel && a->plugged && address == a->address;
	int r;

	a->stats.messages++;
	r = clock_byte(call, present, true);
	if (r < 0)
		return r;
	oled_sim_start(a->panel);
	call->panel = a->panel;
	r = run_bytes(call, m);
	oled_sim_end(a->panel, r == 0);
	return r;
}

static int run_call(struct call *call, const struct i2c_message *messages, size_t n,
		    uint8_t address)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = run_message(call, &messages[i], address);
	return r;
}

/* Half of all bytes of a call. */
static uint32_t half_of(const struct i2c_message *messages, size_t n)
{
	uint32_t total = 0;

	for (size_t i = 0; i < n; i++)
		total += 1U + messages[i].len;
	return total / 2;
}

/* Carries out a call, with the lock held. Stores how long it takes. */
static int transfer(struct i2c_bus *bus, const struct i2c_message *messages, size_t n,
		    uint64_t *ret_ns)
{
	struct call call = { .adapter = bus->adapter, .short_at = UINT32_MAX };
	struct sim_i2c *a = bus->adapter;
	int r;

	*ret_ns = 0;
	a->stats.calls++;
	if (n < 1 || n > I2C_MESSAGES_MAX) {
		sim_violation(a->report, "i2c", "A call of %zu messages", n);
		return -EINVAL;
	}
	for (size_t i = 0; i < n; i++)
		if (messages[i].len > I2C_MESSAGE_LEN_MAX) {
			sim_violation(a->report, "i2c", "A message of %u bytes",
				      messages[i].len);
			return -EINVAL;
		}
	if (a->faults.stuck) {
		*ret_ns = a->options.timeout_ns;
		return -ETIMEDOUT;
	}
	if (a->faults.eagain_next > 0) {
		a->faults.eagain_next--;
		return -EAGAIN;
	}
	if (a->faults.short_next > 0) {
		a->faults.short_next--;
		call.short_at = half_of(messages, n);
	}
	r = run_call(&call, messages, n, bus->address);
	a->stats.wire_bytes += call.n_bytes;
	if (r == 0)
		a->stats.transactions++;
	if (a->options.clock_hz > 0)
		*ret_ns = (uint64_t)call.n_bytes * CLOCKS_PER_BYTE * NSEC_PER_SEC /
			  a->options.clock_hz;
	a->stats.bus_ns += *ret_ns;
	return r;
}

int i2cdev_transfer(struct i2c_bus *bus, const struct i2c_message *messages, size_t n)
{
	struct sim_i2c *a = bus->adapter;
	uint64_t takes_ns, end_ns;
	int r;

	board_lock(a->time);
	board_time_catch_up(a->time);
	r = transfer(bus, messages, n, &takes_ns);
	if (r < 0)
		a->stats.failed++;
	end_ns = board_time_now_ns(a->time) + takes_ns;
	if (!board_time_is_real(a->time))
		board_time_advance(a->time, end_ns);
	board_unlock(a->time);
	board_time_wait_real(a->time, end_ns);
	return r;
}

uint32_t i2cdev_clock_hz(const struct i2c_bus *bus)
{
	uint32_t hz;

	board_lock(bus->adapter->time);
	hz = bus->adapter->options.clock_hz;
	board_unlock(bus->adapter->time);
	return hz;
}

enum cause_id i2cdev_explain(const char *path, uint8_t address, int error, char *buf,
			     size_t size)
{
	const struct sim_i2c *adapter;
	char denied[160];
	bool program;

	(void)pthread_mutex_lock(&adapters_lock);
	adapter = find_adapter(path);
	program = adapter && adapter->faults.held_by_program;
	(void)pthread_mutex_unlock(&adapters_lock);
	text_format(denied, sizeof(denied),
		    "%s must not be opened by this user, says the simulated board", path);
	/* Else the driver is who would have the address on this machine. */
	const struct i2c_machine machine = {
		.driver = error == EBUSY && !program ? "ssd130x-i2c" : NULL,
		.denied = error == EACCES ? denied : NULL,
	};

	return i2c_explain(path, address, error, &machine, buf, size);
}
