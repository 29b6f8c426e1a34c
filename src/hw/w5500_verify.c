// SPDX-License-Identifier: MIT
/*
 * w5500_verify.c — what a message did of which nobody knows
 *
 * It failed, or its window was rejected. What it tried is remembered; from here on
 * only windows and Sn_CR are read, until they leave one history: RECV happened or
 * not, SEND happened or not.
 */
#include "w5500_internal.h"

#include <errno.h>

/* Wait so long before looking again at a command that is not taken. */
#define COMMAND_LOOK_NS (100 * NSEC_PER_USEC)

/*
 * Windows after the first in a verification, and verifications: frames that come in
 * tear some of them, hardly all.
 */
#define VERIFY_WINDOWS 3
#define VERIFY_ROUNDS  8

void w5500_doubt(struct w5500 *chip, const struct w5500_attempt *attempt)
{
	if (attempt)
		chip->attempt = *attempt;
	else
		chip->attempt = (struct w5500_attempt){
			.rx_old = chip->unsettled ? chip->unsettled_rx_rd : chip->rx_rd,
			.rx_new = chip->rx_rd,
			.tx_old = chip->tx_wr,
			.tx_new = chip->tx_wr,
		};
	chip->unsettled = false;
	chip->inexact_windows = 0;
	chip->unsure = true;
	chip->verified_badly = false;
	chip->verify_rounds = 0;
	chip->verify_due_ns = 0;
	chip->command_deadline_ns = 0;
	w5500_tx_upload_again(chip);
}

/* Positions are certain again. */
static void settle(struct w5500 *chip)
{
	chip->unsure = false;
	chip->attempt = (struct w5500_attempt){ 0 };
	chip->command_deadline_ns = 0;
}

/*
 * Whether @w is that of a RECV that happened, while another record comes in. Without
 * RECV, Sn_RX_RSR would be more by what it was to commit. Not asked in the first
 * round, since at most moments nothing comes in.
 */
static bool is_taken_and_growing(const struct w5500 *chip, const struct w5500_window *w)
{
	const struct w5500_attempt *a = &chip->attempt;

	return chip->verify_rounds > 0 && w5500_window_rx_is_growing(w, a->rx_new) &&
	       (a->rx_new == a->rx_old || w5500_window_rx_excess(w, a->rx_new) !=
						  (uint16_t)(a->rx_new - a->rx_old)) &&
	       (uint16_t)(w->rx_wr - a->rx_old) >= (uint16_t)(chip->rx_wr - a->rx_old);
}

/* Finds out from @w whether the RECV of the attempt happened. False: cannot be. */
static bool settle_rx(struct w5500 *chip, struct w5500_window *w)
{
	const struct w5500_attempt *a = &chip->attempt;

	if (w->rx_rd == a->rx_new &&
	    (w5500_window_rx_agrees(w, a->rx_new) || is_taken_and_growing(chip, w))) {
		if (a->rx_new != a->rx_old)
			w5500_chain_recv_taken(chip);
		/* What was committed without having reached us is gone. */
		if ((uint16_t)(a->rx_new - a->rx_old) >
		    (uint16_t)(chip->rx_read - a->rx_old)) {
			w5500_rx_reset(chip, a->rx_new);
			chip->counters.rx_lost++;
		}
		return true;
	}
	/* Sn_RX_RD counts only with RECV; a message that was cut may have left half of
	 * it. */
	if (w5500_window_rx_agrees(w, a->rx_old) &&
	    (w->rx_rd == a->rx_old || w->rx_rd == a->rx_new || a->bus_failed)) {
		if (a->rx_new != a->rx_old && !a->bus_failed)
			w5500_chain_recv_missed(chip);
		w->rx_rd = a->rx_old;
		return true;
	}
	return false;
}

bool w5500_settle_tx(struct w5500 *chip, const struct w5500_window *w)
{
	const struct w5500_attempt *a = &chip->attempt;

	if (w->tx_wr == a->tx_new) {
		if (a->tx_new != a->tx_old) {
			chip->tx_wr = a->tx_new;
			w5500_tx_sent(chip, clock_now_ns(chip->clock));
			chip->tx_after_recv = a->rx_new != a->rx_old && !a->bus_failed;
			/* The message may have been cut right before SEND. */
			chip->tx_doubtful = a->bus_failed;
		} else if (a->send_again) {
			chip->tx_doubtful = true;
		}
		return true;
	}
	/* SEND comes after the whole of Sn_TX_WR: nothing was sent. */
	if (w->tx_rd == a->tx_old && (w->tx_wr == a->tx_old || a->bus_failed)) {
		if (chip->tx_abandoned)
			w5500_tx_shift(chip);
		return true;
	}
	return false;
}

/* The wide window of a verification. Returns whether positions may be judged. */
static bool verify_commands(struct w5500 *chip, const struct w5500_window *w)
{
	w5500_command_seen(chip, w->cr);
	if (w->sr != W5500_SN_SR_MACRAW) {
		if (chip->verified_badly)
			chip->trouble = W5500_TROUBLE_REGISTERS_LOST;
		chip->verified_badly = true;
		return false;
	}
	if (w->cr == 0)
		return true;
	if (chip->command_deadline_ns == 0)
		chip->command_deadline_ns = chip->looked_ns + W5500_COMMAND_LIMIT_NS;
	if (chip->looked_ns >= chip->command_deadline_ns) {
		chip->trouble = W5500_TROUBLE_COMMAND_STUCK;
		w5500_chain_stuck(chip);
	}
	chip->verify_due_ns = clock_now_ns(chip->clock) + COMMAND_LOOK_NS;
	return false;
}

/*
 * Reads windows until what the failed or doubtful message did is known. Writes
 * nothing.
 */
int w5500_verify(struct w5500 *chip)
{
	const uint8_t *data[1 + VERIFY_WINDOWS];
	struct w5500_window w;
	unsigned int n = 1;
	bool torn = true;
	int r;

	w5500_message_begin(&chip->message, chip->bus);
	if (!w5500_window_add(&chip->message, true, &data[0]))
		return -EMSGSIZE;
	while (n < ARRAY_SIZE(data) && w5500_window_add(&chip->message, false, &data[n]))
		n++;
	r = w5500_run(chip);
	if (r < 0)
		return r;

	if (!w5500_echoed(chip, data[0])) {
		if (chip->verified_badly)
			chip->trouble = W5500_TROUBLE_SILENT;
		chip->verified_badly = true;
		return 0;
	}
	w5500_window_parse(data[0], true, &w);
	if (!verify_commands(chip, &w))
		return 0;
	for (unsigned int i = 0; i < n; i++) {
		if (!w5500_echoed(chip, data[i]))
			continue;
		w5500_window_parse(data[i], i == 0, &w);
		torn &= w5500_window_is_ours(&w, chip->attempt.rx_new,
					     chip->attempt.tx_new) ||
			w5500_window_is_ours(&w, chip->attempt.rx_old,
					     chip->attempt.tx_old);
		if (!settle_rx(chip, &w))
			continue;
		if (!w5500_settle_tx(chip, &w)) {
			chip->trouble = W5500_TROUBLE_TX_STUCK;
			return 0;
		}
		chip->command = 0;
		settle(chip);
		w5500_window_accept(chip, &w, false);
		chip->rx_inexact = !w5500_window_rx_agrees(&w, chip->rx_rd);
		return 0;
	}
	chip->counters.rx_window_bad++;
	if (!torn || ++chip->verify_rounds == VERIFY_ROUNDS)
		chip->trouble = W5500_TROUBLE_RX_LOST;
	return 0;
}
