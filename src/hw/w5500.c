// SPDX-License-Identifier: MIT
/*
 * w5500.c — the Ethernet chip in MACRAW mode
 *
 * Theory of operation
 *
 * Socket 0 in MACRAW mode is a raw frame port with 16 KiB of memory each way;
 * nothing else of the chip is used (SIPR stays 0, ping replies are off, the
 * other sockets have no memory). It is reached by register and buffer accesses
 * over SPI, and what an access costs is not its bytes but the system call around
 * it. So the driver thinks in messages: many accesses, one call. A message is
 * planned from what is known, carried out, and then its status window is judged.
 *
 *	w5500_message.c   composes a message and runs it
 *	w5500_start.c     from unknown to running: identify, reset, configure, open;
 *	w5500_socket.c    its steps about the socket
 *	w5500_exchange.c  the message of normal operation
 *	w5500_window.c    its status window, and what it proves
 *	w5500_verify.c    doubt after a failure
 *	w5500_chain.c     the chained plan, if it is configured, and its test
 *	w5500_ring.c      the receive ring as a stream of bytes
 *	w5500_tx.c        the two frames on their way out
 *	this file         life of the object, health check, end
 *
 * Positions. The ring pointers are 16-bit counters; the chip wraps them over its
 * memory itself, also in the middle of a burst. Only we move Sn_RX_RD and
 * Sn_TX_WR, so we keep them (rx_rd, tx_wr) and compare instead of believing: a
 * window counts only if Sn_RX_RD and Sn_TX_WR are ours and Sn_RX_RSR is
 * Sn_RX_WR - Sn_RX_RD. That rejects torn 16-bit reads, lost writes (after which
 * the old values agree with each other, but not with us), a chip that has been
 * reset, and noise, all with one rule. When only the counters that the chip moves
 * disagree (a frame came in between their bytes) what they vouch for at least is
 * used, and no command is written before a window agrees.
 *
 * Doubt. After a message that failed, or whose window was rejected, it is not
 * known which of its writes happened. The attempt is remembered; the next
 * message only reads (several windows and Sn_CR) and finds the one history that
 * explains what it sees: RECV happened or not, SEND happened or not. Nothing is
 * lost then, nothing is sent or delivered twice. If no history fits, trouble is
 * reported and the pump chooses a step of recovery.
 *
 * Interrupt. Sn_IMR lets only RECV reach INTn. The end of a SEND needs no
 * interrupt: it is seen in the window of the message that brings the next frame,
 * or at a time computed from the length.
 */
#include "mqttnode/w5500.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mqttnode/bytes.h"
#include "mqttnode/text.h"
#include "w5500_internal.h"

int w5500_new(struct w5500 **ret, const struct w5500_config *config,
	      const struct clock *clock)
{
	struct w5500 *chip = calloc(1, sizeof(*chip));

	if (!chip)
		return -ENOMEM;
	chip->config = *config;
	chip->clock = clock;
	chip->message.max_transfer = config->max_transfer;
	chip->speed_hz = chip->speed_limit_hz = config->speed_hz;
	w5500_rx_reset(chip, 0);
	*ret = chip;
	return 0;
}

struct w5500 *w5500_free(struct w5500 *chip)
{
	free(chip);
	return NULL;
}

void w5500_set_bus(struct w5500 *chip, struct spi_bus *bus)
{
	chip->bus = bus;
	chip->step = W5500_STEP_NONE;
}

uint32_t w5500_speed_hz(const struct w5500 *chip)
{
	return chip->speed_hz;
}

enum w5500_trouble w5500_trouble(const struct w5500 *chip)
{
	return chip->trouble;
}

const struct w5500_counters *w5500_counters(const struct w5500 *chip)
{
	return &chip->counters;
}

int w5500_run(struct w5500 *chip)
{
	int r;

	chip->looked_ns = clock_now_ns(chip->clock);
	r = w5500_message_run(&chip->message, chip->bus);
	chip->counters.messages++;
	if (r < 0)
		chip->counters.bus_errors++;
	switch (r) {
	case -ENODEV: /* these have a meaning of ours */
	case -ENXIO:
		return -ESHUTDOWN;
	case -EPROTO:
	case -ETIME:
	case -ESTALE:
		return -EIO;
	default:
		return r;
	}
}

bool w5500_echoed(struct w5500 *chip, const uint8_t *data)
{
	const uint8_t *echo = data - W5500_HEADER_SIZE;
	bool dead = echo[0] == echo[1] && echo[1] == echo[2] &&
		    (echo[0] == 0x00 || echo[0] == 0xff);

	if (w5500_message_echoed(data))
		return true;
	if (!dead)
		chip->counters.garbled++;
	return false;
}

bool w5500_chain_refused(const struct w5500 *chip)
{
	return chip->chain == W5500_CHAIN_REFUSED || chip->chain == W5500_CHAIN_BROKEN;
}

bool w5500_chain_lacks_room(const struct w5500 *chip)
{
	return chip->chain == W5500_CHAIN_NO_ROOM;
}

bool w5500_is_slowed(const struct w5500 *chip)
{
	return chip->speed_hz < chip->config.speed_hz;
}

void w5500_forget_slowing(struct w5500 *chip)
{
	chip->speed_limit_hz = chip->config.speed_hz;
}

bool w5500_slow_down(struct w5500 *chip)
{
	uint32_t half = chip->speed_hz / 2;

	if (half < W5500_SPEED_MIN_HZ || spidev_set_speed(chip->bus, half) < 0)
		return false;
	chip->speed_hz = chip->speed_limit_hz = half;
	return true;
}

uint8_t w5500_phy_value(enum phy_mode mode)
{
	unsigned int value = W5500_PHYCFGR_RST | W5500_PHYCFGR_OPMD;

	switch (mode) {
	case PHY_MODE_AUTO:
		value |= W5500_PHYCFGR_OPMDC_AUTO;
		break;
	case PHY_MODE_100_FULL:
		value |= W5500_PHYCFGR_OPMDC_100F;
		break;
	case PHY_MODE_100_HALF:
		value |= W5500_PHYCFGR_OPMDC_100H;
		break;
	case PHY_MODE_10_FULL:
		value |= W5500_PHYCFGR_OPMDC_10F;
		break;
	case PHY_MODE_10_HALF:
		value |= W5500_PHYCFGR_OPMDC_10H;
		break;
	}
	return (uint8_t)value;
}

static const uint8_t *reg(const uint8_t *image, uint32_t address)
{
	return image + W5500_REG_OFFSET(address);
}

static bool is_zero(const uint8_t *p, size_t len)
{
	while (len > 0 && p[len - 1] == 0)
		len--;
	return len == 0;
}

uint8_t w5500_socket_mode(const struct w5500_config *config)
{
	if (config->promiscuous)
		return W5500_SN_MR_MACRAW;
	return W5500_SN_MR_MFEN | (config->ipv6 ? 0 : W5500_SN_MR_MIP6B) |
	       W5500_SN_MR_MACRAW;
}

bool w5500_registers_match(const struct w5500 *chip, const uint8_t *common,
			   const uint8_t *socket)
{
	uint8_t phy = *reg(common, W5500_PHYCFGR);
	uint8_t phy_mask = W5500_PHYCFGR_RST;

	/* Without a need for another, the mode stays that of the pins: all capable. */
	if (chip->config.phy != PHY_MODE_AUTO)
		phy_mask |= W5500_PHYCFGR_OPMD | W5500_PHYCFGR_OPMDC_MASK;

	return *reg(common, W5500_MR) == W5500_MR_PB &&
	       is_zero(reg(common, W5500_GAR), 4) &&
	       is_zero(reg(common, W5500_SUBR), 4) &&
	       memcmp(reg(common, W5500_SHAR), chip->config.mac, 6) == 0 &&
	       is_zero(reg(common, W5500_SIPR), 4) && *reg(common, W5500_IMR) == 0 &&
	       get_be16(reg(common, W5500_RTR)) == W5500_RTR_RESET &&
	       (phy & phy_mask) == (w5500_phy_value(chip->config.phy) & phy_mask) &&
	       *reg(common, W5500_VERSIONR) == W5500_VERSIONR_W5500 &&
	       *reg(socket, W5500_SN_MR(0)) == w5500_socket_mode(&chip->config) &&
	       *reg(socket, W5500_SN_RXBUF_SIZE(0)) == W5500_RING_KIB &&
	       *reg(socket, W5500_SN_TXBUF_SIZE(0)) == W5500_RING_KIB &&
	       *reg(socket, W5500_SN_IMR(0)) == W5500_SN_IR_RECV;
}

/* Counts a check that found @trouble; one may be a bit error, two are not. Returns 0. */
static int check_failed(struct w5500 *chip, enum w5500_trouble trouble)
{
	if (chip->check_failed++ > 0)
		chip->trouble = trouble;
	return 0;
}

int w5500_check(struct w5500 *chip, struct w5500_health *ret)
{
	uint8_t simr = chip->config.interrupt ? W5500_SIMR_S0 : 0;
	const uint8_t *common, *socket;
	struct w5500_window w;
	bool added;
	uint8_t phy;
	int r;

	w5500_message_begin(&chip->message, chip->bus);
	added = w5500_message_read(&chip->message, W5500_MR, W5500_COMMON_IMAGE_SIZE,
				   &common) &&
		w5500_message_read(&chip->message, W5500_SN_MR(0),
				   W5500_SOCKET_IMAGE_SIZE, &socket);
	if (!added)
		return -EMSGSIZE;
	r = w5500_run(chip);
	if (r < 0)
		return r;

	if (!w5500_echoed(chip, common) || !w5500_echoed(chip, socket))
		return check_failed(chip, W5500_TROUBLE_SILENT);
	w5500_command_seen(chip, *reg(socket, W5500_SN_CR(0)));
	if (!w5500_registers_match(chip, common, socket) ||
	    *reg(common, W5500_SIMR) != simr ||
	    *reg(socket, W5500_SN_SR(0)) != W5500_SN_SR_MACRAW)
		return check_failed(chip, W5500_TROUBLE_REGISTERS_LOST);
	chip->check_failed = 0;

	phy = *reg(common, W5500_PHYCFGR);
	*ret = (struct w5500_health){
		.link_up = phy & W5500_PHYCFGR_LNK,
		.link_mbit = phy & W5500_PHYCFGR_SPD ? 100 : 10,
		.full_duplex = phy & W5500_PHYCFGR_DPX,
		.recv_latched = *reg(socket, W5500_SN_IR(0)) & W5500_SN_IR_RECV,
	};
	if (ret->link_up)
		chip->link_mbit = ret->link_mbit;

	if (chip->unsure)
		return 1;
	w5500_window_parse(reg(socket, W5500_SN_CR(0)), true, &w);
	if (w.cr != 0 || !w5500_window_agrees(&w, chip->rx_rd, chip->tx_wr)) {
		w5500_doubt(chip, NULL);
		return 1;
	}
	ret->rx_waiting = w.rx_wr != chip->rx_wr;
	w5500_window_accept(chip, &w, true);
	/* The SEND that the loss of the link interrupted: it will not end any more. */
	if (ret->link_up && chip->tx_abandoned)
		chip->trouble = W5500_TROUBLE_TX_STUCK;
	return 1;
}

/* One access of the end of the program, with what it brings, if any. */
static int stop_access(struct w5500 *chip, const uint8_t **window)
{
	w5500_message_begin(&chip->message, chip->bus);
	if (!w5500_window_add(&chip->message, true, window))
		return -EMSGSIZE;
	return w5500_run(chip);
}

void w5500_stop(struct w5500 *chip)
{
	uint64_t limit = clock_now_ns(chip->clock) + 20 * NSEC_PER_MSEC;
	struct w5500_window w;
	const uint8_t *window;
	bool sent;

	if (!chip->bus || chip->step != W5500_STEP_RUNNING)
		return;
	chip->step = W5500_STEP_NONE;
	w5500_message_begin(&chip->message, chip->bus);
	if (!w5500_message_write8(&chip->message, W5500_SIMR, 0) || w5500_run(chip) < 0)
		return;
	do {
		if (stop_access(chip, &window) < 0)
			return;
		w5500_window_parse(window, true, &w);
		sent = w.cr == 0 && (w.tx_rd == chip->tx_wr || chip->tx_abandoned);
		if (!sent)
			clock_sleep_ns(chip->clock, 200 * NSEC_PER_USEC);
	} while (!sent && clock_now_ns(chip->clock) < limit);
	/* A command over one that is not taken is forbidden; the chip keeps its state
	 * then. */
	if (!w5500_message_echoed(window) || w.cr != 0)
		return;
	w5500_message_begin(&chip->message, chip->bus);
	if (w5500_message_write8(&chip->message, W5500_SN_CR(0), W5500_SN_CR_CLOSE))
		(void)w5500_run(chip);
}

enum cause_id w5500_explain(const struct w5500 *chip, int error, const char *path,
			    char *buf, size_t size)
{
	if (error == -ENODEV) {
		switch (chip->answer) {
		case W5500_ANSWER_ZEROS:
			text_format(buf, size,
				    "No answer from the W5500 on %s: MISO is all zeros. "
				    "Check wiring of MISO, CS and power.",
				    path);
			return CAUSE_MISO_ZEROS;
		case W5500_ANSWER_ONES:
			text_format(buf, size,
				    "No answer from the W5500 on %s: MISO is all ones. "
				    "Check wiring of MISO, CS and power.",
				    path);
			return CAUSE_MISO_ONES;
		case W5500_ANSWER_OTHER_VERSION:
			text_format(
				buf, size,
				"The chip on %s is no W5500: its version register reads "
				"0x%02x, not 0x04.",
				path, chip->version);
			return CAUSE_CHIP_VERSION;
		case W5500_ANSWER_SHIFTED:
			text_format(buf, size,
				    "The answer of the W5500 on %s is shifted by a bit. "
				    "Check SCLK, CS and ground, and shorten their wires.",
				    path);
			return CAUSE_MISO_SHIFTED;
		case W5500_ANSWER_NONE:
		case W5500_ANSWER_GARBLED:
		case W5500_ANSWER_GOOD:
			text_format(
				buf, size,
				"The answer of the W5500 on %s is garbled at any clock. "
				"Check SCLK, MOSI, ground and the length of the wires.",
				path);
			return CAUSE_SPI_GARBLED;
		}
	}
	if (error == -EPROTO) {
		text_format(buf, size,
			    "The W5500 on %s does not keep what is written to it. "
			    "Check MOSI, its power supply and the length of the wires.",
			    path);
		return CAUSE_CHIP_WRITES_LOST;
	}
	if (error == -ETIME) {
		text_format(
			buf, size,
			"The W5500 on %s answers but does not finish a reset or command. "
			"Check its power supply and the reset line.",
			path);
		return CAUSE_CHIP_RESET_STUCK;
	}
	if (error == -EMSGSIZE) {
		text_format(
			buf, size,
			"%s takes too little data in one message: add spidev.bufsiz=4096 "
			"or more to the kernel command line",
			path);
		return CAUSE_SPI_TOO_SMALL;
	}
	if (error == -ESTALE) {
		text_format(
			buf, size,
			"The W5500 on %s has lost its registers: it was reset or lost "
			"power.",
			path);
		return CAUSE_CHIP_LOST;
	}
	return spidev_explain(path, -error, buf, size);
}
