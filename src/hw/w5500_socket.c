// SPDX-License-Identifier: MIT
/* w5500_socket.c — the steps that open and close socket 0, or empty its receive ring */
#include "w5500_internal.h"

#include <errno.h>

/* Between two looks at what a command has done. */
#define COMMAND_POLL_NS (200 * NSEC_PER_USEC)

void w5500_forget(struct w5500 *chip, uint16_t rx_rd, uint16_t tx_wr)
{
	w5500_rx_reset(chip, rx_rd);
	w5500_tx_reset(chip, tx_wr);
	chip->unsure = false;
	chip->attempt = (struct w5500_attempt){ 0 };
	chip->command = 0;
	chip->tx_outlasts = 0;
}

/* Reads a wide window, and a second one after it. */
static int read_windows(struct w5500 *chip, struct w5500_window *first,
			struct w5500_window *second, bool *ret_echoed)
{
	const uint8_t *data[2];
	int r;

	w5500_message_begin(&chip->message, chip->bus);
	if (!w5500_window_add(&chip->message, true, &data[0]) ||
	    !w5500_window_add(&chip->message, false, &data[1]))
		return -EMSGSIZE;
	r = w5500_run(chip);
	if (r < 0)
		return r;
	w5500_window_parse(data[0], true, first);
	w5500_window_parse(data[1], false, second);
	*ret_echoed = w5500_message_echoed(data[0]) && w5500_message_echoed(data[1]);
	if (*ret_echoed)
		w5500_command_seen(chip, first->cr);
	return 0;
}

static int command(struct w5500 *chip, unsigned int value, enum w5500_step next,
		   uint64_t *ret_due_ns)
{
	int r;

	w5500_message_begin(&chip->message, chip->bus);
	if (!w5500_message_write8(&chip->message, W5500_SN_IR(0), W5500_SN_IR_ALL) ||
	    !w5500_message_write8(&chip->message, W5500_SN_CR(0), value))
		return -EMSGSIZE;
	r = w5500_run(chip);
	if (r < 0)
		return r;
	w5500_step_enter(chip, next, W5500_COMMAND_LIMIT_NS);
	return w5500_step_later(chip, ret_due_ns, 0);
}

int w5500_step_open(struct w5500 *chip, uint64_t *ret_due_ns)
{
	return command(chip, W5500_SN_CR_OPEN, W5500_STEP_OPEN_WAIT, ret_due_ns);
}

int w5500_step_close(struct w5500 *chip, uint64_t *ret_due_ns)
{
	struct w5500_window w, again;
	bool echoed;
	int r;

	r = read_windows(chip, &w, &again, &echoed);
	if (r < 0)
		return r;
	if (echoed && w.cr == 0 &&
	    (w.sr == W5500_SN_SR_MACRAW || w.sr == W5500_SN_SR_CLOSED)) {
		chip->step = W5500_STEP_CLOSE_WRITE;
		return w5500_step_later(chip, ret_due_ns, 0);
	}
	if (w5500_step_expired(chip))
		return echoed && w.cr != 0 ? -ETIME : -ESTALE;
	return w5500_step_later(chip, ret_due_ns, COMMAND_POLL_NS);
}

int w5500_step_close_write(struct w5500 *chip, uint64_t *ret_due_ns)
{
	return command(chip, W5500_SN_CR_CLOSE, W5500_STEP_CLOSE_WAIT, ret_due_ns);
}

int w5500_step_close_wait(struct w5500 *chip, uint64_t *ret_due_ns)
{
	struct w5500_window w, again;
	bool echoed;
	int r;

	r = read_windows(chip, &w, &again, &echoed);
	if (r < 0)
		return r;
	if (echoed && w.cr == 0 && w.sr == W5500_SN_SR_CLOSED) {
		w5500_step_enter(chip, W5500_STEP_OPEN, 0);
		return w5500_step_later(chip, ret_due_ns, 0);
	}
	if (w5500_step_expired(chip))
		return -ETIME;
	return w5500_step_later(chip, ret_due_ns, COMMAND_POLL_NS);
}

int w5500_step_open_wait(struct w5500 *chip, uint64_t *ret_due_ns)
{
	struct w5500_window w, again;
	bool echoed;
	int r;

	r = read_windows(chip, &w, &again, &echoed);
	if (r < 0)
		return r;
	/* Both pointers are ours to move: two equal reads are not torn. */
	if (echoed && w.cr == 0 && w.sr == W5500_SN_SR_MACRAW && w.rx_rd == again.rx_rd &&
	    w.tx_wr == again.tx_wr && again.tx_rd == again.tx_wr) {
		/* The rings are empty: from here on the positions are ours. */
		if (chip->was_open)
			chip->counters.rx_lost++;
		chip->was_open = true;
		w5500_forget(chip, w.rx_rd, w.tx_wr);
		w5500_step_enter(chip, W5500_STEP_INTERRUPT, 0);
		return w5500_step_later(chip, ret_due_ns, 0);
	}
	if (w5500_step_expired(chip))
		return -ETIME;
	return w5500_step_later(chip, ret_due_ns, COMMAND_POLL_NS);
}

int w5500_step_interrupt(struct w5500 *chip)
{
	int r;

	w5500_message_begin(&chip->message, chip->bus);
	if (!w5500_message_write8(&chip->message, W5500_SIMR,
				  chip->config.interrupt ? W5500_SIMR_S0 : 0))
		return -EMSGSIZE;
	r = w5500_run(chip);
	if (r < 0)
		return r;
	chip->latch_dirty = true;
	chip->step = W5500_STEP_RUNNING;
	return 1;
}

int w5500_step_resync(struct w5500 *chip, uint64_t *ret_due_ns)
{
	struct w5500_window w, again;
	bool echoed;
	int r;

	r = read_windows(chip, &w, &again, &echoed);
	if (r < 0)
		return r;
	if (echoed && w.cr == 0 && w.sr == W5500_SN_SR_MACRAW && w.rx_wr == again.rx_wr &&
	    w.tx_wr == again.tx_wr) {
		/* Of what was tried before only the SEND has to be known. */
		if (chip->unsure && !w5500_settle_tx(chip, &w))
			return -EPROTO;
		chip->attempt = (struct w5500_attempt){ 0 };
		chip->unsure = false;
		chip->command = 0;
		chip->resync_to = w.rx_wr;
		chip->step = W5500_STEP_RESYNC_WRITE;
		return w5500_step_later(chip, ret_due_ns, 0);
	}
	if (w5500_step_expired(chip))
		return echoed && w.sr != W5500_SN_SR_MACRAW ? -ESTALE : -ETIME;
	return w5500_step_later(chip, ret_due_ns, COMMAND_POLL_NS);
}

int w5500_step_resync_write(struct w5500 *chip, uint64_t *ret_due_ns)
{
	struct w5500_window w;
	const uint8_t *window;
	int r;

	w5500_message_begin(&chip->message, chip->bus);
	if (!w5500_message_command(&chip->message, W5500_SN_RX_RD(0), chip->resync_to,
				   W5500_SN_CR_RECV) ||
	    !w5500_window_add(&chip->message, true, &window))
		return -EMSGSIZE;
	r = w5500_run(chip);
	if (r < 0)
		return r;
	w5500_window_parse(window, true, &w);
	w5500_command_seen(chip, w.cr);
	if (w5500_message_echoed(window) && w.cr == 0 &&
	    w5500_window_agrees(&w, chip->resync_to, chip->tx_wr)) {
		chip->counters.rx_lost++;
		w5500_rx_reset(chip, chip->resync_to);
		w5500_window_accept(chip, &w, true);
		chip->latch_dirty = true;
		chip->step = W5500_STEP_RUNNING;
		return 1;
	}
	if (w5500_step_expired(chip))
		return -EPROTO;
	/* Not taken yet, torn, or lost: look again before anything else is written. */
	chip->step = W5500_STEP_RESYNC;
	return w5500_step_later(chip, ret_due_ns, COMMAND_POLL_NS);
}
