// SPDX-License-Identifier: MIT
/*
 * w5500_tx.c — frames on their way into and out of the transmit ring
 *
 * Two frames at most: the oldest is on the wire (its SEND not seen to have
 * ended) while the next is uploaded behind it. A frame keeps its place here
 * until its SEND has ended, so that it can be uploaded again when a bus error
 * leaves it unclear what reached the chip.
 */
#include "w5500_internal.h"

#include <assert.h>
#include <string.h>

/* A SEND that takes longer than this is worth a look at the link ... */
#define TX_LATE_NS (5 * NSEC_PER_MSEC)
/* ... and counts as stuck after that; half duplex may back off many times. */
#define TX_STUCK_100_NS (20 * NSEC_PER_MSEC)
#define TX_STUCK_10_NS	(120 * NSEC_PER_MSEC)

/* Between two looks at a frame on the wire, growing from the first to the second. */
#define TX_LOOK_NS    (10 * NSEC_PER_USEC)
#define TX_LOOK_SHIFT 7

struct w5500_tx_frame *w5500_tx_frame(struct w5500 *chip, unsigned int i)
{
	return &chip->tx[(chip->tx_first + i) % 2];
}

/* Whether the oldest frame is, or may be, in the hands of the chip. */
static bool may_be_sent(const struct w5500 *chip)
{
	return chip->tx_in_flight || chip->attempt.tx_old != chip->attempt.tx_new;
}

uint8_t *w5500_tx_buffer(struct w5500 *chip)
{
	if (chip->tx_count == 2)
		return NULL;
	return w5500_tx_frame(chip, chip->tx_count)->wire + W5500_HEADER_SIZE;
}

void w5500_tx_put(struct w5500 *chip, size_t len)
{
	struct w5500_tx_frame *frame = w5500_tx_frame(chip, chip->tx_count);

	assert(chip->tx_count < 2);
	assert(len >= W5500_FRAME_HEADER && len <= W5500_FRAME_MAX);
	if (len < W5500_FRAME_MIN) {
		memset(frame->wire + W5500_HEADER_SIZE + len, 0, W5500_FRAME_MIN - len);
		len = W5500_FRAME_MIN;
	}
	frame->len = len;
	frame->uploaded = 0;
	chip->tx_count++;
}

void w5500_tx_shift(struct w5500 *chip)
{
	chip->tx_first = (chip->tx_first + 1) % 2;
	chip->tx_count--;
	chip->tx_in_flight = false;
	chip->tx_abandoned = false;
	chip->tx_again = false;
}

/* Preamble, FCS and gap are 24 bytes (IEEE 802.3). */
uint64_t w5500_tx_wire_ns(const struct w5500 *chip, size_t len)
{
	return (len + 24) * 8 * 1000 / (chip->link_mbit ? chip->link_mbit : 10);
}

void w5500_tx_sent(struct w5500 *chip, uint64_t now_ns)
{
	chip->tx_in_flight = true;
	chip->tx_after_recv = false;
	chip->tx_doubtful = false;
	chip->tx_again = false;
	chip->tx_looks = 0;
	chip->tx_sent_ns = now_ns;
	chip->tx_due_ns = now_ns + w5500_tx_wire_ns(chip, w5500_tx_frame(chip, 0)->len);
}

/* For how long the frame had been on the wire when the last message began. */
static uint64_t age_ns(const struct w5500 *chip)
{
	return chip->looked_ns > chip->tx_sent_ns ? chip->looked_ns - chip->tx_sent_ns
						  : 0;
}

void w5500_tx_seen(struct w5500 *chip, uint16_t tx_rd)
{
	uint64_t stuck = chip->link_mbit == 10 ? TX_STUCK_10_NS : TX_STUCK_100_NS;
	uint64_t now = clock_now_ns(chip->clock);

	if (!chip->tx_in_flight)
		return;
	if (tx_rd == chip->tx_wr) {
		if (!chip->tx_abandoned) {
			chip->counters.tx_frames++;
			chip->counters.tx_bytes += w5500_tx_frame(chip, 0)->len;
		}
		w5500_chain_sent(chip);
		if (chip->command == W5500_SN_CR_SEND)
			chip->command = 0;
		w5500_tx_shift(chip);
		return;
	}
	if (chip->tx_abandoned)
		return;
	if (chip->tx_doubtful && age_ns(chip) > stuck / 2) {
		/* A SEND would have ended. One that ends just now is not repeated: the
		 * chip finds nothing between Sn_TX_RD and Sn_TX_WR. */
		chip->tx_doubtful = false;
		chip->tx_again = true;
		chip->tx_due_ns = now;
		return;
	}
	if (chip->tx_again) {
		chip->tx_due_ns = now;
		return;
	}
	if (age_ns(chip) > stuck) {
		/* Sn_CR may have been busy with RECV when SEND was written to it. */
		if (chip->tx_after_recv)
			w5500_commands_slow(chip);
		chip->trouble = W5500_TROUBLE_TX_STUCK;
		w5500_chain_stuck(chip);
	} else if (now >= chip->tx_due_ns) {
		chip->tx_due_ns = now + (TX_LOOK_NS << chip->tx_looks);
		if (chip->tx_looks < TX_LOOK_SHIFT)
			chip->tx_looks++;
	}
}

bool w5500_tx_busy(const struct w5500 *chip)
{
	return chip->tx_in_flight;
}

bool w5500_tx_late(const struct w5500 *chip)
{
	return chip->tx_in_flight && !chip->tx_abandoned &&
	       clock_now_ns(chip->clock) - chip->tx_sent_ns > TX_LATE_NS;
}

void w5500_tx_upload_again(struct w5500 *chip)
{
	for (unsigned int i = chip->tx_in_flight ? 1 : 0; i < chip->tx_count; i++)
		w5500_tx_frame(chip, i)->uploaded = 0;
}

void w5500_tx_reset(struct w5500 *chip, uint16_t position)
{
	chip->tx_wr = position;
	if (may_be_sent(chip)) {
		/* Sending it again might deliver it twice. */
		if (!chip->tx_abandoned)
			chip->counters.tx_lost++;
		w5500_tx_shift(chip);
	}
	w5500_tx_upload_again(chip);
}

unsigned int w5500_tx_drop(struct w5500 *chip)
{
	unsigned int dropped = chip->tx_count;

	if (may_be_sent(chip)) {
		/* It keeps its place: the memory it occupies is not free. */
		if (chip->tx_abandoned)
			dropped--;
		chip->tx_abandoned = true;
		chip->tx_count = 1;
	} else {
		chip->tx_count = 0;
	}
	return dropped;
}
