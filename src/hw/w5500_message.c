// SPDX-License-Identifier: MIT
/* w5500_message.c — one bus message made of many chip accesses */
#include "w5500_message.h"

#include <assert.h>
#include <string.h>

void w5500_message_begin(struct w5500_message *m, const struct spi_bus *bus)
{
	m->limits = spidev_limits(bus);
	if (m->limits.alignment == 0)
		m->limits.alignment = 1;
	m->tx_used = 0;
	m->rx_used = 0;
	m->n_transfers = 0;
	m->arena_used = 0;
}

/* What a transfer of @len bytes takes of the limit. */
static size_t cost(const struct w5500_message *m, size_t len)
{
	return (len + m->limits.alignment - 1) / m->limits.alignment *
	       m->limits.alignment;
}

/* The longest transfer that costs no more than what is left of @used. */
static size_t room(const struct w5500_message *m, size_t used)
{
	size_t left = m->limits.bufsiz > used ? m->limits.bufsiz - used : 0;

	return left / m->limits.alignment * m->limits.alignment;
}

static void put_header(uint8_t *p, uint32_t address, unsigned int flags)
{
	p[0] = (uint8_t)(W5500_REG_OFFSET(address) >> 8);
	p[1] = (uint8_t)W5500_REG_OFFSET(address);
	p[2] = (uint8_t)(W5500_CONTROL_BLOCK(W5500_REG_BLOCK(address)) | flags);
}

static void add_transfer(struct w5500_message *m, const uint8_t *tx, uint8_t *rx,
			 size_t len, bool last_of_access)
{
	m->transfers[m->n_transfers++] = (struct spi_transfer){
		.tx = tx,
		.rx = rx,
		.len = (uint32_t)len,
		.cs_change = last_of_access,
	};
	if (tx)
		m->tx_used += cost(m, len);
	if (rx)
		m->rx_used += cost(m, len);
}

static bool fits(const struct w5500_message *m, size_t tx, size_t rx, size_t transfers,
		 size_t arena)
{
	return m->n_transfers + transfers <= W5500_MESSAGE_TRANSFERS &&
	       m->arena_used + arena <= W5500_MESSAGE_ARENA &&
	       tx <= room(m, m->tx_used) && rx <= room(m, m->rx_used);
}

bool w5500_message_write(struct w5500_message *m, uint32_t address, const void *data,
			 size_t len)
{
	uint8_t *out = m->out + m->arena_used;

	if (!fits(m, W5500_HEADER_SIZE + len, 0, 1, W5500_HEADER_SIZE + len))
		return false;
	put_header(out, address, W5500_CONTROL_WRITE);
	memcpy(out + W5500_HEADER_SIZE, data, len);
	m->arena_used += W5500_HEADER_SIZE + len;
	add_transfer(m, out, NULL, W5500_HEADER_SIZE + len, true);
	return true;
}

bool w5500_message_write8(struct w5500_message *m, uint32_t address, unsigned int value)
{
	uint8_t data = (uint8_t)value;

	return w5500_message_write(m, address, &data, sizeof(data));
}

bool w5500_message_write16(struct w5500_message *m, uint32_t address, unsigned int value)
{
	uint8_t data[2] = { (uint8_t)(value >> 8), (uint8_t)value };

	return w5500_message_write(m, address, data, sizeof(data));
}

bool w5500_message_upload(struct w5500_message *m, uint32_t address, uint8_t *wire,
			  size_t from, size_t len)
{
	uint8_t *out = m->out + m->arena_used;

	if (from > 0) {
		if (!fits(m, cost(m, W5500_HEADER_SIZE) + len, 0, 2, W5500_HEADER_SIZE))
			return false;
		put_header(out, address, W5500_CONTROL_WRITE);
		m->arena_used += W5500_HEADER_SIZE;
		add_transfer(m, out, NULL, W5500_HEADER_SIZE, false);
		add_transfer(m, wire + W5500_HEADER_SIZE + from, NULL, len, true);
		return true;
	}
	if (!fits(m, W5500_HEADER_SIZE + len, 0, 1, 0))
		return false;
	put_header(wire, address, W5500_CONTROL_WRITE);
	add_transfer(m, wire, NULL, W5500_HEADER_SIZE + len, true);
	return true;
}

bool w5500_message_read(struct w5500_message *m, uint32_t address, size_t len,
			const uint8_t **ret)
{
	size_t total = W5500_HEADER_SIZE + len;
	uint8_t *out = m->out + m->arena_used;
	uint8_t *in = m->in + m->arena_used;

	if (!fits(m, total, total, 1, total))
		return false;
	memset(out, 0, total);
	put_header(out, address, 0);
	m->arena_used += total;
	add_transfer(m, out, in, total, true);
	*ret = in + W5500_HEADER_SIZE;
	return true;
}

bool w5500_message_burst(struct w5500_message *m, uint32_t address, uint8_t *buf,
			 size_t len)
{
	uint8_t *out = m->out + m->arena_used;

	if (!fits(m, W5500_HEADER_SIZE, len, 2, W5500_HEADER_SIZE))
		return false;
	put_header(out, address, 0);
	m->arena_used += W5500_HEADER_SIZE;
	/* Two transfers under one chip select: no zeroes have to be sent for the data. */
	add_transfer(m, out, NULL, W5500_HEADER_SIZE, false);
	add_transfer(m, NULL, buf, len, true);
	return true;
}

bool w5500_message_command(struct w5500_message *m, uint32_t pointer, unsigned int value,
			   unsigned int command)
{
	size_t first = W5500_HEADER_SIZE + 2, second = W5500_HEADER_SIZE + 1;

	if (!fits(m, cost(m, first) + cost(m, second), 0, 2, first + second))
		return false;
	(void)w5500_message_write16(m, pointer, value);
	(void)w5500_message_write8(m, W5500_SN_CR(0), command);
	return true;
}

size_t w5500_message_upload_room(const struct w5500_message *m, size_t from)
{
	size_t header = from > 0 ? cost(m, W5500_HEADER_SIZE) : W5500_HEADER_SIZE;
	size_t left = room(m, m->tx_used);

	if (!fits(m, header, 0, 2, W5500_HEADER_SIZE))
		return 0;
	return left - header;
}

size_t w5500_message_burst_room(const struct w5500_message *m)
{
	if (!fits(m, W5500_HEADER_SIZE, 0, 2, W5500_HEADER_SIZE))
		return 0;
	return room(m, m->rx_used);
}

void w5500_message_reserve(struct w5500_message *m, size_t len)
{
	m->tx_used += cost(m, len);
	m->rx_used += cost(m, len);
}

void w5500_message_unreserve(struct w5500_message *m, size_t len)
{
	m->tx_used -= cost(m, len);
	m->rx_used -= cost(m, len);
}

bool w5500_message_echoed(const uint8_t *data)
{
	const uint8_t *echo = data - W5500_HEADER_SIZE;

	return echo[0] == W5500_ECHO_0 && echo[1] == W5500_ECHO_1 &&
	       echo[2] == W5500_ECHO_2;
}

int w5500_message_run(struct w5500_message *m, struct spi_bus *bus)
{
	assert(m->n_transfers > 0);
	m->transfers[m->n_transfers - 1].cs_change = false;
	return spidev_message(bus, m->transfers, m->n_transfers);
}
