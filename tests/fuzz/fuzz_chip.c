// SPDX-License-Identifier: MIT
/* fuzz_chip.c — a W5500, its bus and its pins that do what the fuzz input says */
#include "fuzz_chip.h"

#include <errno.h>
#include <string.h>

#include "mqttnode/bytes.h"
#include "mqttnode/gpio.h"
#include "mqttnode/spidev.h"
#include "mqttnode/w5500_regs.h"

#define CALL_NS		15000
#define NS_PER_BYTE	256
#define RECV		W5500_SN_IR_RECV
#define AT(address)	W5500_REG_OFFSET(address)
#define MOSI_DATA(t, i) ((t)->tx ? (t)->tx[i] : 0)

struct spi_bus {
	int unused;
};

struct gpio_line {
	int unused;
};

/* Adapters are opened by name: the chip that stands behind all names. */
static struct fuzz_chip *present;
static struct spi_bus the_bus;
static struct gpio_line the_lines[2]; /* interrupt, reset */

/* --- registers --------------------------------------------------------------- */

static uint16_t get_socket(const struct fuzz_chip *c, uint32_t address)
{
	return get_be16(c->socket[0] + AT(address));
}

static void put_socket(struct fuzz_chip *c, uint32_t address, unsigned int value)
{
	put_be16(c->socket[0] + AT(address), (uint16_t)value);
}

static void reset(struct fuzz_chip *c)
{
	memset(c->common, 0, sizeof(c->common));
	memset(c->socket, 0, sizeof(c->socket));
	put_be16(c->common + AT(W5500_RTR), W5500_RTR_RESET);
	c->common[AT(W5500_PHYCFGR)] = 0xbf;
	c->common[AT(W5500_VERSIONR)] = W5500_VERSIONR_W5500;
	for (unsigned int i = 0; i < W5500_SOCKETS; i++) {
		c->socket[i][AT(W5500_SN_RXBUF_SIZE(0))] = 2;
		c->socket[i][AT(W5500_SN_TXBUF_SIZE(0))] = 2;
	}
	c->committed = 0;
}

/* Sn_TX_FSR and Sn_RX_RSR follow from the positions. */
static void derive(struct fuzz_chip *c)
{
	put_socket(c, W5500_SN_TX_FSR(0),
		   FUZZ_RING - (uint16_t)(get_socket(c, W5500_SN_TX_WR(0)) -
					  get_socket(c, W5500_SN_TX_RD(0))));
	put_socket(c, W5500_SN_RX_RSR(0),
		   (uint16_t)(get_socket(c, W5500_SN_RX_WR(0)) - c->committed));
}

static void send(struct fuzz_chip *c)
{
	uint16_t end = get_socket(c, W5500_SN_TX_WR(0));
	uint16_t len = (uint16_t)(end - get_socket(c, W5500_SN_TX_RD(0)));

	if (len >= 60 && len <= 1514)
		c->sent++;
	if (!c->send_hangs)
		put_socket(c, W5500_SN_TX_RD(0), end);
}

static void command(struct fuzz_chip *c, uint8_t value)
{
	uint8_t *s = c->socket[0];

	switch (value) {
	case W5500_SN_CR_OPEN:
		s[AT(W5500_SN_SR(0))] = W5500_SN_SR_MACRAW;
		memset(s + AT(W5500_SN_TX_FSR(0)), 0, 12);
		c->committed = 0;
		break;
	case W5500_SN_CR_CLOSE:
		s[AT(W5500_SN_SR(0))] = W5500_SN_SR_CLOSED;
		break;
	case W5500_SN_CR_SEND:
		send(c);
		break;
	case W5500_SN_CR_RECV:
		c->committed = get_socket(c, W5500_SN_RX_RD(0));
		break;
	default:
		break;
	}
	s[AT(W5500_SN_CR(0))] = c->command_hangs ? value : 0;
}

static void write_common(struct fuzz_chip *c, unsigned int offset, uint8_t value)
{
	if (offset >= sizeof(c->common) || offset == AT(W5500_VERSIONR))
		return;
	if (offset == AT(W5500_MR) && (value & W5500_MR_RST))
		reset(c);
	else if (offset == AT(W5500_PHYCFGR))
		c->common[offset] = (uint8_t)((value & 0xf8) | 7);
	else
		c->common[offset] = value;
}

static void write_socket(struct fuzz_chip *c, unsigned int n, unsigned int offset,
			 uint8_t value)
{
	if (offset >= sizeof(c->socket[0]))
		return;
	if (offset == AT(W5500_SN_IR(0)))
		c->socket[n][offset] &= (uint8_t)~value;
	else if (offset == AT(W5500_SN_CR(0)) && n == 0)
		command(c, value);
	else if (offset != AT(W5500_SN_SR(0)))
		c->socket[n][offset] = value;
}

static uint8_t read_register(struct fuzz_chip *c, uint8_t value)
{
	return c->hostile && c->twist_registers ? value ^ fuzz_byte(c->input) : value;
}

static uint8_t read_data(struct fuzz_chip *c, unsigned int block, unsigned int offset)
{
	if (block == W5500_BLOCK_COMMON)
		return read_register(c,
				     offset < sizeof(c->common) ? c->common[offset] : 0);
	if (block == W5500_BLOCK_SN_TX(0))
		return c->tx[offset % FUZZ_RING];
	if (block == W5500_BLOCK_SN_RX(0))
		return c->rx[offset % FUZZ_RING];
	if (block % 4 != 1 || offset >= sizeof(c->socket[0]))
		return 0;
	if (block == W5500_BLOCK_SN(0))
		derive(c);
	return read_register(c, c->socket[block / 4][offset]);
}

static void write_data(struct fuzz_chip *c, unsigned int block, unsigned int offset,
		       uint8_t value)
{
	if (block == W5500_BLOCK_COMMON)
		write_common(c, offset, value);
	else if (block == W5500_BLOCK_SN_TX(0))
		c->tx[offset % FUZZ_RING] = value;
	else if (block % 4 == 1)
		write_socket(c, block / 4, offset, value);
}

/* --- what the input says -------------------------------------------------------- */

/* A record whose length is what the input says, and which moves Sn_RX_WR by that or not.
 */
static void arrive_anything(struct fuzz_chip *c)
{
	uint16_t at = get_socket(c, W5500_SN_RX_WR(0));
	uint16_t prefix = fuzz_word(c->input), moves = prefix;
	uint8_t kind = fuzz_byte(c->input);

	if (kind & 1)
		moves = fuzz_word(c->input);
	if (kind & 2) /* short lengths are rare otherwise */
		moves = prefix = (uint16_t)(62 + prefix % 1500);
	c->rx[at % FUZZ_RING] = (uint8_t)(prefix >> 8);
	c->rx[(at + 1) % FUZZ_RING] = (uint8_t)prefix;
	if (kind & 4) /* to everybody */
		c->rx[(at + 2) % FUZZ_RING] = 0xff;
	for (unsigned int i = 0; i < kind >> 6; i++)
		c->rx[(at + 3 + i) % FUZZ_RING] = fuzz_byte(c->input);
	if (!(kind & 8)) /* not yet */
		put_socket(c, W5500_SN_RX_WR(0), (uint16_t)(at + moves));
	if (!(kind & 16)) /* the latch may be lost */
		c->socket[0][AT(W5500_SN_IR(0))] |= RECV;
}

/* Instructions for one message. Returns the transfers it carries out before it fails. */
static size_t take_instructions(struct fuzz_chip *c, int *ret_error)
{
	static const int errors[] = { EIO,	ETIMEDOUT, EREMOTEIO, ESHUTDOWN,
				      EMSGSIZE, ENODEV,	   EPROTO,    ETIME };
	uint8_t how = fuzz_byte(c->input), more = fuzz_byte(c->input);
	size_t carried_out = SIZE_MAX;

	c->no_echo = how & 2;
	c->twist_registers = how & 4;
	c->send_hangs = how & 8;
	c->command_hangs = how & 16;
	if (how & 32)
		reset(c);
	if (how & 64)
		c->now_ns += (uint64_t)fuzz_word(c->input) * 10000;
	if (how & 128)
		for (unsigned int n = fuzz_byte(c->input) % 8 + 1; n > 0; n--)
			arrive_anything(c);
	c->line = more & 3;
	c->tap_frames = more >> 2 & 3;
	c->tap_size = more >> 4 & 7;
	c->tap_refuses = more & 128;
	if (how & 1) {
		uint8_t failure = fuzz_byte(c->input);

		*ret_error = -errors[failure % ARRAY_SIZE(errors)];
		carried_out = failure / ARRAY_SIZE(errors);
	}
	return carried_out;
}

/* --- the bus --------------------------------------------------------------------- */

int spidev_open(struct spi_bus **ret, const char *path, uint32_t speed_hz)
{
	(void)path;
	must(speed_hz > 0);
	*ret = &the_bus;
	return 0;
}

struct spi_bus *spidev_close(struct spi_bus *bus)
{
	must(!bus || bus == &the_bus);
	return NULL;
}

int spidev_set_speed(struct spi_bus *bus, uint32_t speed_hz)
{
	must(bus == &the_bus && speed_hz > 0);
	return 0;
}

struct spi_limits spidev_limits(const struct spi_bus *bus)
{
	must(bus == &the_bus);
	return (struct spi_limits){ .bufsiz = present->bufsiz,
				    .alignment = present->alignment };
}

enum cause_id spidev_explain(const char *path, int error, char *buf, size_t size)
{
	(void)snprintf(buf, size, "%s: %d", path, error);
	return CAUSE_SPI_ERROR;
}

/* A message must keep the rules of spidev.h. */
static void check_message(const struct fuzz_chip *c, const struct spi_transfer *t,
			  size_t n)
{
	size_t tx = 0, rx = 0;

	must(n >= 1 && n <= SPI_TRANSFERS_MAX && !t[n - 1].cs_change);
	for (size_t i = 0; i < n; i++) {
		size_t cost = (t[i].len + c->alignment - 1) / c->alignment * c->alignment;

		must(t[i].len > 0 && (t[i].tx || t[i].rx));
		must(c->max_transfer == 0 || t[i].len <= c->max_transfer);
		tx += t[i].tx ? cost : 0;
		rx += t[i].rx ? cost : 0;
	}
	must(tx <= c->bufsiz && rx <= c->bufsiz);
}

/* Where in an access the chip is: its header, then data. */
struct access {
	uint8_t header[W5500_HEADER_SIZE];
	size_t at;
};

/* A frame of fixed length is over after its last byte of data: a header may follow. */
static void end_fixed_length(struct access *a)
{
	static const size_t lengths[] = { SIZE_MAX, 1, 2, 4 };

	if (a->at >= W5500_HEADER_SIZE &&
	    a->at - W5500_HEADER_SIZE == lengths[a->header[2] & 3])
		a->at = 0;
}

static uint8_t clock_byte(struct fuzz_chip *c, struct access *a, uint8_t mosi)
{
	unsigned int block, offset;

	if (a->at < W5500_HEADER_SIZE) {
		a->header[a->at++] = mosi;
		return c->no_echo ? 0xff : (uint8_t)a->at;
	}
	offset = (get_be16(a->header) + (unsigned int)(a->at++ - W5500_HEADER_SIZE)) &
		 0xffff;
	block = a->header[2] >> 3;
	if (a->header[2] & W5500_CONTROL_WRITE) {
		write_data(c, block, offset, mosi);
		return 0;
	}
	return read_data(c, block, offset);
}

int spidev_message(struct spi_bus *bus, const struct spi_transfer *transfers, size_t n)
{
	struct fuzz_chip *c = present;
	struct access access = { .at = 0 };
	size_t carried_out = SIZE_MAX;
	int r = 0;

	must(bus == &the_bus);
	check_message(c, transfers, n);
	c->messages++;
	c->now_ns += CALL_NS;
	if (c->hostile)
		carried_out = take_instructions(c, &r);
	for (size_t i = 0; i < n && i < carried_out; i++) {
		const struct spi_transfer *t = &transfers[i];

		for (uint32_t k = 0; k < t->len; k++) {
			uint8_t miso = clock_byte(c, &access, MOSI_DATA(t, k));

			end_fixed_length(&access);
			if (t->rx)
				t->rx[k] = miso;
		}
		c->now_ns += t->len * NS_PER_BYTE;
		if (t->cs_change)
			access.at = 0;
	}
	return r;
}

/* --- the lines -------------------------------------------------------------------- */

int gpio_open_output(struct gpio_line **ret, const char *spec, bool level)
{
	(void)spec;
	(void)level;
	*ret = &the_lines[1];
	return 0;
}

int gpio_open_interrupt(struct gpio_line **ret, const char *spec)
{
	(void)spec;
	*ret = &the_lines[0];
	return 0;
}

struct gpio_line *gpio_close(struct gpio_line *line)
{
	(void)line;
	return NULL;
}

int gpio_set(struct gpio_line *line, bool level)
{
	must(line == &the_lines[1]);
	if (!level)
		reset(present);
	return 0;
}

int gpio_get(struct gpio_line *line)
{
	static const int levels[] = { 0, 0, 1, -EIO };
	const struct fuzz_chip *c = present;

	must(line == &the_lines[0]);
	if (c->line > 0)
		return levels[c->line];
	return !(c->common[AT(W5500_SIMR)] & W5500_SIMR_S0) ||
	       !(c->socket[0][AT(W5500_SN_IR(0))] & c->socket[0][AT(W5500_SN_IMR(0))]);
}

int gpio_event_fd(const struct gpio_line *line)
{
	must(line == &the_lines[0]);
	return -1;
}

int gpio_drain_events(struct gpio_line *line)
{
	must(line == &the_lines[0]);
	return 0;
}

enum cause_id gpio_explain(const char *spec, int error, char *buf, size_t size)
{
	(void)snprintf(buf, size, "%s: %d", spec, error);
	return CAUSE_GPIO_ERROR;
}

/* --- the chip ---------------------------------------------------------------------- */

static uint64_t now(const struct clock *clock)
{
	must(clock == &present->clock);
	return present->now_ns;
}

static void wait_for(const struct clock *clock, uint64_t ns)
{
	must(clock == &present->clock);
	present->now_ns += ns;
}

void fuzz_chip_init(struct fuzz_chip *chip, struct fuzz_input *input)
{
	memset(chip, 0, sizeof(*chip));
	chip->clock = (struct clock){ .now_ns = now, .sleep_ns = wait_for };
	chip->now_ns = NSEC_PER_SEC;
	chip->input = input;
	chip->bufsiz = 4096;
	chip->alignment = 1;
	present = chip;
	reset(chip);
}

void fuzz_chip_heal(struct fuzz_chip *c)
{
	c->hostile = c->no_echo = c->twist_registers = false;
	c->send_hangs = c->command_hangs = c->tap_refuses = false;
	c->line = 0;
	c->socket[0][AT(W5500_SN_CR(0))] = 0;
}

void fuzz_chip_pass(struct fuzz_chip *c, uint64_t until_ns)
{
	if (until_ns > c->now_ns)
		c->now_ns = until_ns;
}

void fuzz_chip_arrive(struct fuzz_chip *c, const uint8_t *frame, size_t len)
{
	uint16_t at = get_socket(c, W5500_SN_RX_WR(0));
	size_t used = (uint16_t)(at - c->committed);

	if (c->socket[0][AT(W5500_SN_SR(0))] != W5500_SN_SR_MACRAW ||
	    used + 2 + len > FUZZ_RING)
		return;
	c->rx[at % FUZZ_RING] = (uint8_t)((len + 2) >> 8);
	c->rx[(at + 1) % FUZZ_RING] = (uint8_t)(len + 2);
	for (size_t i = 0; i < len; i++)
		c->rx[(at + 2 + i) % FUZZ_RING] = frame[i];
	put_socket(c, W5500_SN_RX_WR(0), (uint16_t)(at + 2 + len));
	c->socket[0][AT(W5500_SN_IR(0))] |= RECV;
}
