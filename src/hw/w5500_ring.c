// SPDX-License-Identifier: MIT
/*
 * w5500_ring.c — the receive ring of the W5500 as a stream of bytes
 *
 * The ring holds records: a two-byte length, then the frame. The chip lets us
 * read any range of it and commit any position, so bursts need not end where a
 * record ends. What a burst brought of an unfinished record stays in rx_buffer,
 * right before the place of the next burst:
 *
 *	rx_buffer  0 ........ CARRY_MAX ................... CARRY_MAX + BURST_MAX
 *	                 [carry][ burst ....................]
 *	                 ^ rx_head                     ^ rx_tail
 *
 * The end of the buffer is position rx_read of the ring, which never covers a
 * length that has not been found possible: a single byte at the end of a burst is
 * given back, an impossible length is read once more from the ring before
 * synchronisation counts as lost.
 *
 * Whole records are committed, though the chip would take any position: what has
 * not reached the caller as a frame is still in the ring then, and whatever makes
 * us give the ring up costs its content and no more. The place that the beginning
 * of a record takes meanwhile is missing only where a burst is limited by the ring
 * and not by the bus. Such a burst ends where a record does, if records go on as
 * long as the last one was: that is so when somebody sends all he can.
 */
#include "w5500_internal.h"

#include <assert.h>
#include <string.h>

#include "mqttnode/bytes.h"

uint16_t w5500_rx_known(const struct w5500 *chip)
{
	return (uint16_t)(chip->rx_wr - chip->rx_read);
}

static size_t buffered(const struct w5500 *chip)
{
	return chip->rx_tail - chip->rx_head;
}

uint16_t w5500_rx_complete(const struct w5500 *chip)
{
	return (uint16_t)(chip->rx_read - buffered(chip));
}

size_t w5500_rx_whole(const struct w5500 *chip, size_t len)
{
	size_t missing = w5500_rx_missing(chip);

	if (chip->rx_last == 0 || len < missing)
		return len;
	return len - (len - missing) % chip->rx_last;
}

uint16_t w5500_rx_missing(const struct w5500 *chip)
{
	if (buffered(chip) < W5500_RECORD_PREFIX)
		return 0;
	return (uint16_t)(get_be16(chip->rx_buffer + chip->rx_head) - buffered(chip));
}

uint8_t *w5500_rx_place(struct w5500 *chip)
{
	size_t carry = buffered(chip);

	/* Whoever did not take all frames would overwrite them now. */
	assert(carry < W5500_CARRY_MAX);
	memmove(chip->rx_buffer + W5500_CARRY_MAX - carry,
		chip->rx_buffer + chip->rx_head, carry);
	chip->rx_head = W5500_CARRY_MAX - carry;
	chip->rx_tail = W5500_CARRY_MAX;
	return chip->rx_buffer + W5500_CARRY_MAX;
}

void w5500_rx_append(struct w5500 *chip, size_t len)
{
	chip->rx_tail += len;
	chip->rx_read = (uint16_t)(chip->rx_read + len);
}

void w5500_rx_reset(struct w5500 *chip, uint16_t position)
{
	chip->rx_rd = position;
	chip->rx_read = position;
	chip->rx_wr = position;
	chip->rx_head = chip->rx_tail = W5500_CARRY_MAX;
	chip->rx_arrived[0] = chip->rx_arrived[1] = 0;
	chip->rx_suspect = false;
	chip->rx_was_full = chip->rx_overflowing = false;
	chip->unsettled = false;
	chip->rx_inexact = false;
}

/* Gives what is buffered back: it will be read from the ring again. */
static void unread(struct w5500 *chip)
{
	chip->rx_read = (uint16_t)(chip->rx_read - buffered(chip));
	chip->rx_head = chip->rx_tail = W5500_CARRY_MAX;
}

/*
 * The record at rx_head cannot be, or so it seems. A second look shows whether that
 * was a bit error: at its length, read anew if it has not been committed, and at
 * Sn_RX_WR.
 */
static void suspect(struct w5500 *chip, bool length_is_good)
{
	uint16_t head = (uint16_t)(chip->rx_read - buffered(chip));

	chip->counters.rx_header_bad++;
	if (chip->rx_suspect && chip->rx_suspect_at == head)
		chip->trouble = W5500_TROUBLE_RX_LOST;
	chip->rx_suspect = true;
	chip->rx_suspect_at = head;
	if (!length_is_good)
		unread(chip);
}

const uint8_t *w5500_rx_next(struct w5500 *chip, size_t *ret_len)
{
	const uint8_t *record = chip->rx_buffer + chip->rx_head;
	size_t have = buffered(chip);
	size_t len;

	if (have < W5500_RECORD_PREFIX) {
		unread(chip);
		return NULL;
	}
	len = get_be16(record);
	if (len < W5500_RECORD_MIN || len > W5500_RECORD_MAX) {
		suspect(chip, false);
		return NULL;
	}
	/* Sn_RX_WR moves by whole records: one that goes beyond it, if exact, is none. */
	if (len > have + w5500_rx_known(chip) && !chip->unsettled && !chip->unsure &&
	    !chip->rx_inexact) {
		suspect(chip, true);
		return NULL;
	}
	chip->rx_suspect = false;
	if (len > have)
		return NULL;
	chip->rx_head += len;
	chip->rx_last = len;
	*ret_len = len - W5500_RECORD_PREFIX;
	return record + W5500_RECORD_PREFIX;
}
