// SPDX-License-Identifier: MIT
/* w5500_window.c — the status window: read, judged, believed */
#include "w5500_internal.h"

#include "mqttnode/bytes.h"

/*
 * A bit error in Sn_CR, or a chip that hung for once, looks like one that is slow
 * with commands. So many commands in a row that were taken when the next chip select
 * looked show that it is not; at first, and at most.
 */
#define PROMPT_COMMANDS_MIN 1000
#define PROMPT_COMMANDS_MAX (PROMPT_COMMANDS_MIN << 10)

bool w5500_window_add(struct w5500_message *m, bool wide, const uint8_t **ret)
{
	if (wide)
		return w5500_message_read(m, W5500_SN_CR(0), W5500_WINDOW_WIDE_SIZE, ret);
	return w5500_message_read(m, W5500_SN_TX_FSR(0), W5500_WINDOW_SIZE, ret);
}

/* The register at @address in an image that begins at the register @first. */
static const uint8_t *at(const uint8_t *image, uint32_t first, uint32_t address)
{
	return image + (address - first);
}

void w5500_window_parse(const uint8_t *data, bool wide, struct w5500_window *ret)
{
	uint32_t first = wide ? W5500_SN_CR(0) : W5500_SN_TX_FSR(0);

	*ret = (struct w5500_window){
		.tx_fsr = get_be16(at(data, first, W5500_SN_TX_FSR(0))),
		.tx_rd = get_be16(at(data, first, W5500_SN_TX_RD(0))),
		.tx_wr = get_be16(at(data, first, W5500_SN_TX_WR(0))),
		.rx_rsr = get_be16(at(data, first, W5500_SN_RX_RSR(0))),
		.rx_rd = get_be16(at(data, first, W5500_SN_RX_RD(0))),
		.rx_wr = get_be16(at(data, first, W5500_SN_RX_WR(0))),
	};
	if (wide) {
		ret->cr = *at(data, first, W5500_SN_CR(0));
		ret->ir = *at(data, first, W5500_SN_IR(0));
		ret->sr = *at(data, first, W5500_SN_SR(0));
	}
}

bool w5500_window_is_open(const struct w5500_window *w, bool wide)
{
	return (!wide || w->sr == W5500_SN_SR_MACRAW) && w->tx_fsr <= W5500_RING_SIZE &&
	       w->tx_fsr >= W5500_RING_SIZE - 2 * W5500_FRAME_MAX;
}

bool w5500_window_rx_agrees(const struct w5500_window *w, uint16_t rx_rd)
{
	return w->rx_rsr == (uint16_t)(w->rx_wr - rx_rd) &&
	       w->rx_rsr <= W5500_RING_SIZE && w->rx_rsr != 1;
}

bool w5500_window_agrees(const struct w5500_window *w, uint16_t rx_rd, uint16_t tx_wr)
{
	return w->rx_rd == rx_rd && w5500_window_rx_agrees(w, rx_rd) && w->tx_wr == tx_wr;
}

uint16_t w5500_window_rx_excess(const struct w5500_window *w, uint16_t rx_rd)
{
	return (uint16_t)(w->rx_rsr - (w->rx_wr - rx_rd));
}

bool w5500_window_rx_is_growing(const struct w5500_window *w, uint16_t rx_rd)
{
	return (uint16_t)(w->rx_wr - rx_rd) <= W5500_RING_SIZE &&
	       w5500_window_rx_excess(w, rx_rd) <= W5500_RECORD_MAX;
}

bool w5500_window_is_ours(const struct w5500_window *w, uint16_t rx_rd, uint16_t tx_wr)
{
	return w->rx_rd == rx_rd && w->tx_wr == tx_wr;
}

void w5500_window_accept(struct w5500 *chip, const struct w5500_window *w, bool wide)
{
	uint16_t arrived = (uint16_t)(w->rx_wr - chip->rx_wr);

	if (wide && w->cr == 0)
		chip->command = 0;
	if (arrived > 0)
		chip->latch_dirty = true;
	/* Counted from what had been committed before this message. */
	chip->rx_was_full =
		(uint16_t)(w->rx_wr - chip->rx_rd) > W5500_RING_SIZE - W5500_RECORD_MAX;
	/* One flood is one event, however many windows it lasts. */
	if (chip->rx_was_full && !chip->rx_overflowing)
		chip->counters.rx_overflow++;
	if (chip->rx_was_full)
		chip->rx_overflowing = true;
	else if ((uint16_t)(w->rx_wr - w->rx_rd) < W5500_RING_SIZE / 2)
		chip->rx_overflowing = false;
	chip->rx_arrived[1] = chip->rx_arrived[0];
	chip->rx_arrived[0] = arrived;
	chip->rx_rd = w->rx_rd;
	chip->rx_wr = w->rx_wr;
	chip->rx_inexact = false;
	w5500_tx_seen(chip, w->tx_rd);
}

void w5500_command_seen(struct w5500 *chip, uint8_t cr)
{
	if (cr == W5500_SN_CR_RECV || cr == W5500_SN_CR_SEND)
		w5500_commands_slow(chip);
}

void w5500_commands_slow(struct w5500 *chip)
{
	chip->prompt_commands = 0;
	if (chip->slow_commands)
		return;
	chip->slow_commands = true;
	if (chip->prompt_enough == 0)
		chip->prompt_enough = PROMPT_COMMANDS_MIN;
	else if (chip->prompt_enough < PROMPT_COMMANDS_MAX)
		chip->prompt_enough *= 2;
}

void w5500_command_prompt(struct w5500 *chip)
{
	if (chip->slow_commands && ++chip->prompt_commands >= chip->prompt_enough)
		chip->slow_commands = false;
}
