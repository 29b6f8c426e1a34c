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
	m->chained = m->chain_open = m->commanded = false;
	m->tx_used = 0;
	m->rx_used = 0;
	m->reserved = 0;
	m->n_transfers = 0;
	m->arena_used = 0;
}

/* The longest transfer, in bytes. */
static size_t longest(const struct w5500_message *m)
{
	return m->max_transfer > 0 ? m->max_transfer : UINT16_MAX;
}

static size_t rounded(const struct w5500_message *m, size_t len)
{
	return (len + m->limits.alignment - 1) / m->limits.alignment *
	       m->limits.alignment;
}

/* Transfers that carry @len bytes. */
static size_t pieces(const struct w5500_message *m, size_t len)
{
	return (len + longest(m) - 1) / longest(m);
}

/* What @len bytes take of the limit: each transfer is rounded up. */
static size_t cost(const struct w5500_message *m, size_t len)
{
	return len / longest(m) * rounded(m, longest(m)) + rounded(m, len % longest(m));
}

/* Of the limit of one direction, what is not taken yet. */
static size_t left(const struct w5500_message *m, size_t used)
{
	return m->limits.bufsiz > used ? m->limits.bufsiz - used : 0;
}

/* The most bytes that cost no more than @budget, in no more than @transfers. */
static size_t room(const struct w5500_message *m, size_t budget, size_t transfers)
{
	size_t whole = budget / rounded(m, longest(m));
	size_t rest = budget - whole * rounded(m, longest(m));
	size_t len =
		whole * longest(m) + rest / m->limits.alignment * m->limits.alignment;

	return len < transfers * longest(m) ? len : transfers * longest(m);
}

static size_t transfers_left(const struct w5500_message *m)
{
	size_t used = m->n_transfers + m->reserved;

	return used < W5500_MESSAGE_TRANSFERS ? W5500_MESSAGE_TRANSFERS - used : 0;
}

static bool fits(const struct w5500_message *m, size_t tx_cost, size_t rx_cost,
		 size_t transfers, size_t arena)
{
	return transfers <= transfers_left(m) &&
	       m->arena_used + arena <= W5500_MESSAGE_ARENA &&
	       tx_cost <= left(m, m->tx_used) && rx_cost <= left(m, m->rx_used);
}

static void put_header(uint8_t *p, uint32_t address, unsigned int flags)
{
	p[0] = (uint8_t)(W5500_REG_OFFSET(address) >> 8);
	p[1] = (uint8_t)W5500_REG_OFFSET(address);
	p[2] = (uint8_t)(W5500_CONTROL_BLOCK(W5500_REG_BLOCK(address)) | flags);
}

/* In pieces that the controller can carry, under one chip select. */
static void add_transfer(struct w5500_message *m, const uint8_t *tx, uint8_t *rx,
			 size_t len, bool last_of_access)
{
	if (tx)
		m->tx_used += cost(m, len);
	if (rx)
		m->rx_used += cost(m, len);
	for (size_t at = 0; at < len; at += longest(m)) {
		bool last = len - at <= longest(m);

		m->transfers[m->n_transfers++] = (struct spi_transfer){
			.tx = tx ? tx + at : NULL,
			.rx = rx ? rx + at : NULL,
			.len = (uint32_t)(last ? len - at : longest(m)),
			.cs_change = last && last_of_access,
		};
	}
	m->chain_open = false;
}

/* ---- registers ---- */

/* The control bits of a frame that ends after @len bytes; 0 if there is no such. */
static unsigned int fixed_length(size_t len)
{
	switch (len) {
	case 1:
		return W5500_CONTROL_FDM_1;
	case 2:
		return W5500_CONTROL_FDM_2;
	case 4:
		return W5500_CONTROL_FDM_4;
	default:
		return 0;
	}
}

/* Whether an access of @total bytes goes behind the chain that is the last transfer. */
static bool extends_chain(const struct w5500_message *m, size_t total, bool fixed)
{
	return fixed && m->chain_open &&
	       m->transfers[m->n_transfers - 1].len + total <= longest(m);
}

/* What an access costs in either direction; all of a chain is received if any of it is.
 */
static void cost_of_access(const struct w5500_message *m, size_t total, bool reads,
			   bool fixed, size_t *ret_tx, size_t *ret_rx)
{
	const struct spi_transfer *t;

	*ret_tx = cost(m, total);
	*ret_rx = reads ? cost(m, total) : 0;
	if (!extends_chain(m, total, fixed))
		return;
	t = &m->transfers[m->n_transfers - 1];
	*ret_tx = cost(m, t->len + total) - cost(m, t->len);
	if (t->rx)
		*ret_rx = *ret_tx;
	else if (reads)
		*ret_rx = cost(m, t->len + total);
}

/* Adds the access that lies in the next @total bytes of the arena. */
static void add_registers(struct w5500_message *m, size_t total, bool reads, bool fixed)
{
	size_t tx, rx;

	cost_of_access(m, total, reads, fixed, &tx, &rx);
	if (extends_chain(m, total, fixed)) {
		struct spi_transfer *t = &m->transfers[m->n_transfers - 1];

		t->len += (uint32_t)total;
		if (reads && !t->rx)
			t->rx = m->in + (t->tx - m->out);
		m->tx_used += tx;
		m->rx_used += rx;
	} else {
		if (fixed && m->chain_open) /* goes on in another transfer */
			m->transfers[m->n_transfers - 1].cs_change = false;
		add_transfer(m, m->out + m->arena_used,
			     reads ? m->in + m->arena_used : NULL, total, true);
	}
	m->chain_open = fixed;
	m->arena_used += total;
}

static bool registers_fit(const struct w5500_message *m, size_t total, bool reads,
			  bool fixed)
{
	size_t tx, rx;

	cost_of_access(m, total, reads, fixed, &tx, &rx);
	return fits(m, tx, rx, extends_chain(m, total, fixed) ? 0 : pieces(m, total),
		    total);
}

bool w5500_message_write(struct w5500_message *m, uint32_t address, const void *data,
			 size_t len)
{
	unsigned int fixed = m->chained ? fixed_length(len) : 0;
	uint8_t *out = m->out + m->arena_used;

	if (!registers_fit(m, W5500_HEADER_SIZE + len, false, fixed != 0))
		return false;
	put_header(out, address, W5500_CONTROL_WRITE | fixed);
	memcpy(out + W5500_HEADER_SIZE, data, len);
	add_registers(m, W5500_HEADER_SIZE + len, false, fixed != 0);
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

bool w5500_message_read(struct w5500_message *m, uint32_t address, size_t len,
			const uint8_t **ret)
{
	unsigned int fixed = m->chained ? fixed_length(len) : 0;
	size_t total = W5500_HEADER_SIZE + len;
	uint8_t *out = m->out + m->arena_used;

	if (!registers_fit(m, total, true, fixed != 0))
		return false;
	*ret = m->in + m->arena_used + W5500_HEADER_SIZE;
	memset(out, 0, total);
	put_header(out, address, fixed);
	add_registers(m, total, true, fixed != 0);
	return true;
}

void w5500_message_release(struct w5500_message *m)
{
	m->chain_open = false;
}

bool w5500_message_command(struct w5500_message *m, uint32_t pointer, unsigned int value,
			   unsigned int command)
{
	size_t first = W5500_HEADER_SIZE + 2, second = W5500_HEADER_SIZE + 1;
	bool added;

	if (!fits(m, cost(m, first) + cost(m, second), 0,
		  pieces(m, first) + pieces(m, second), first + second))
		return false;
	if (m->commanded)
		w5500_message_release(m);
	/* Behind a chain they take less than was asked for, never more. */
	added = w5500_message_write16(m, pointer, value);
	assert(added);
	if (m->commanded)
		w5500_message_release(m);
	added = w5500_message_write8(m, W5500_SN_CR(0), command);
	assert(added);
	m->commanded = true;
	return true;
}

/* ---- buffers ---- */

bool w5500_message_upload(struct w5500_message *m, uint32_t address, uint8_t *wire,
			  size_t from, size_t len)
{
	size_t header = W5500_HEADER_SIZE;
	uint8_t *out = m->out + m->arena_used;

	if (from > 0) {
		if (!fits(m, cost(m, header) + cost(m, len), 0,
			  pieces(m, header) + pieces(m, len), header))
			return false;
		put_header(out, address, W5500_CONTROL_WRITE);
		m->arena_used += header;
		add_transfer(m, out, NULL, header, false);
		add_transfer(m, wire + header + from, NULL, len, true);
		return true;
	}
	if (!fits(m, cost(m, header + len), 0, pieces(m, header + len), 0))
		return false;
	put_header(wire, address, W5500_CONTROL_WRITE);
	add_transfer(m, wire, NULL, header + len, true);
	return true;
}

bool w5500_message_upload_more(struct w5500_message *m, const uint8_t *wire, size_t len)
{
	if (!fits(m, cost(m, len), 0, pieces(m, len), 0))
		return false;
	assert(m->n_transfers > 0);
	m->transfers[m->n_transfers - 1].cs_change = false;
	add_transfer(m, wire + W5500_HEADER_SIZE, NULL, len, true);
	return true;
}

bool w5500_message_burst(struct w5500_message *m, uint32_t address, uint8_t *buf,
			 size_t len)
{
	size_t header = W5500_HEADER_SIZE;
	uint8_t *out = m->out + m->arena_used;

	if (!fits(m, cost(m, header), cost(m, len), pieces(m, header) + pieces(m, len),
		  header))
		return false;
	put_header(out, address, 0);
	m->arena_used += header;
	/* Two transfers under one chip select: no zeroes have to be sent for the data. */
	add_transfer(m, out, NULL, header, false);
	add_transfer(m, NULL, buf, len, true);
	return true;
}

size_t w5500_message_upload_room(const struct w5500_message *m, size_t from)
{
	size_t header = W5500_HEADER_SIZE, len;

	if (!fits(m, cost(m, header), 0, pieces(m, header) + 1, header))
		return 0;
	if (from > 0)
		return room(m, left(m, m->tx_used) - cost(m, header),
			    transfers_left(m) - pieces(m, header));
	len = room(m, left(m, m->tx_used), transfers_left(m));
	return len > header ? len - header : 0;
}

size_t w5500_message_burst_room(const struct w5500_message *m)
{
	size_t header = W5500_HEADER_SIZE;

	if (!fits(m, cost(m, header), 0, pieces(m, header) + 1, header))
		return 0;
	return room(m, left(m, m->rx_used), transfers_left(m) - pieces(m, header));
}

void w5500_message_reserve(struct w5500_message *m, size_t len)
{
	m->tx_used += cost(m, len);
	m->rx_used += cost(m, len);
	m->reserved += pieces(m, len);
}

void w5500_message_unreserve(struct w5500_message *m, size_t len)
{
	m->tx_used -= cost(m, len);
	m->rx_used -= cost(m, len);
	m->reserved -= pieces(m, len);
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
