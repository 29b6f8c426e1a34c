// SPDX-License-Identifier: MIT
/*
 * w5500_exchange.c — one message: what is known to be needed, and the status
 *
 * The order of the accesses in a message, each left out when there is no need:
 *
 *	RX_RD, CR=RECV   commit of what earlier bursts brought
 *	IR=RECV          clear the latch, before the window is read
 *	upload           of the oldest frame, if that is not in the chip yet
 *	TX_WR, CR=SEND   if no frame is on the wire
 *	upload           of the next frame, behind the one just given to SEND
 *	window           what is true now
 *	burst            records that are there for certain or, by recent load, likely
 *
 * The burst is read before the window is known to us but after the chip has
 * answered it, so all that the window vouches for is good; bytes beyond are not
 * used. When the only thing in the ring is the rest of a record whose length is
 * known, the burst stands at the very beginning and its commit follows it: a
 * single large frame then takes two messages, not three.
 *
 * A command may be written only when the last one is known to be taken. RECV is
 * proven by the window of its message (it agrees with the committed position),
 * SEND by its end, or by Sn_CR = 0 in a wide window; that is read while both
 * directions are busy. Between RECV and SEND of one message there is always
 * another chip select. That a chip takes longer than that, or does not take a
 * command at all, cannot be known before it has happened once; after the first
 * sign of it RECV and SEND never share a message again.
 */
#include "w5500_internal.h"

#include <assert.h>
#include <errno.h>

#include "mqttnode/bytes.h"

/*
 * Read ahead so much when a frame may be there and nothing is known of it: an
 * ARP frame, an acknowledgement, a short MQTT message.
 */
#define EXPECTED_BURST 112

/* Wait so long before looking again at a command that is not taken. */
#define COMMAND_LOOK_NS (100 * NSEC_PER_USEC)

/*
 * Windows after the first in a verification, and verifications: frames that come in
 * tear some of them, hardly all.
 */
#define VERIFY_WINDOWS 3
#define VERIFY_ROUNDS  8

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

/*
 * Whether @w can be that of an open socket with all of the memory: at most two
 * frames are in the transmit ring. After a reset behind our back it has 2 KiB, and
 * positions that we have just written would agree with us all the same.
 */
static bool is_open(const struct w5500_window *w, bool wide)
{
	return (!wide || w->sr == W5500_SN_SR_MACRAW) && w->tx_fsr <= W5500_RING_SIZE &&
	       w->tx_fsr >= W5500_RING_SIZE - 2 * W5500_FRAME_MAX;
}

/* Whether the receive side of @w is what it must be after RECV at @rx_rd. */
static bool rx_agrees(const struct w5500_window *w, uint16_t rx_rd)
{
	return w->rx_rsr == (uint16_t)(w->rx_wr - rx_rd) &&
	       w->rx_rsr <= W5500_RING_SIZE && w->rx_rsr != 1;
}

bool w5500_window_agrees(const struct w5500_window *w, uint16_t rx_rd, uint16_t tx_wr)
{
	return w->rx_rd == rx_rd && rx_agrees(w, rx_rd) && w->tx_wr == tx_wr;
}

/*
 * Whether what only we move is right in @w. If it does not agree nevertheless, a
 * frame came in while it was read, or a command is still being taken.
 */
static bool is_unsettled(const struct w5500_window *w, uint16_t rx_rd, uint16_t tx_wr)
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
	if (chip->rx_was_full)
		chip->counters.rx_overflow++;
	chip->rx_arrived[1] = chip->rx_arrived[0];
	chip->rx_arrived[0] = arrived;
	chip->rx_rd = w->rx_rd;
	chip->rx_wr = w->rx_wr;
	w5500_tx_seen(chip, w->tx_rd);
}

void w5500_command_seen(struct w5500 *chip, uint8_t cr)
{
	if (cr == W5500_SN_CR_RECV || cr == W5500_SN_CR_SEND)
		chip->slow_commands = true;
}

void w5500_doubt(struct w5500 *chip, const struct w5500_attempt *attempt)
{
	if (attempt)
		chip->attempt = *attempt;
	else
		chip->attempt = (struct w5500_attempt){
			.rx_old = chip->rx_rd,
			.rx_new = chip->rx_rd,
			.tx_old = chip->tx_wr,
			.tx_new = chip->tx_wr,
		};
	chip->unsettled = false;
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

/* Finds out from @w whether the RECV of the attempt happened. False: cannot be. */
static bool settle_rx(struct w5500 *chip, struct w5500_window *w)
{
	const struct w5500_attempt *a = &chip->attempt;

	if (w->rx_rd == a->rx_new && rx_agrees(w, a->rx_new)) {
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
	if (rx_agrees(w, a->rx_old) &&
	    (w->rx_rd == a->rx_old || w->rx_rd == a->rx_new || a->bus_failed)) {
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
	uint64_t now = clock_now_ns(chip->clock);

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
		chip->command_deadline_ns = now + W5500_COMMAND_LIMIT_NS;
	if (now >= chip->command_deadline_ns)
		chip->trouble = W5500_TROUBLE_COMMAND_STUCK;
	chip->verify_due_ns = now + COMMAND_LOOK_NS;
	return false;
}

/*
 * Reads windows until what the failed or doubtful message did is known. Writes
 * nothing.
 */
static int verify(struct w5500 *chip)
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

	if (!w5500_message_echoed(data[0])) {
		if (chip->verified_badly)
			chip->trouble = W5500_TROUBLE_SILENT;
		chip->verified_badly = true;
		return 0;
	}
	w5500_window_parse(data[0], true, &w);
	if (!verify_commands(chip, &w))
		return 0;
	for (unsigned int i = 0; i < n; i++) {
		w5500_window_parse(data[i], i == 0, &w);
		torn &= is_unsettled(&w, chip->attempt.rx_new, chip->attempt.tx_new) ||
			is_unsettled(&w, chip->attempt.rx_old, chip->attempt.tx_old);
		if (!w5500_message_echoed(data[i]) || !settle_rx(chip, &w))
			continue;
		if (!w5500_settle_tx(chip, &w)) {
			chip->trouble = W5500_TROUBLE_TX_STUCK;
			return 0;
		}
		chip->command = 0;
		settle(chip);
		w5500_window_accept(chip, &w, false);
		return 0;
	}
	chip->counters.rx_window_bad++;
	if (!torn || ++chip->verify_rounds == VERIFY_ROUNDS)
		chip->trouble = W5500_TROUBLE_RX_LOST;
	return 0;
}

/* What a message carries. */
struct plan {
	struct w5500_attempt attempt;
	bool recv, send;
	bool clears_latch;
	bool wide;
	size_t burst;	      /* bytes */
	bool burst_committed; /* the burst comes first, and is committed at once */
	const uint8_t *window;
	size_t uploaded[2]; /* of the frames that wait, after the message */
	size_t after_send;  /* bytes that are uploaded or read after SEND */
	uint64_t sent_ns;   /* about the time of SEND */
};

/* Bytes that are likely to have come when the burst is read, beside those known. */
static size_t likely(const struct w5500 *chip)
{
	/* Whoever filled the ring may go on as soon as there is room again. */
	if (chip->rx_was_full)
		return chip->rx_arrived[0] > chip->rx_arrived[1] ? chip->rx_arrived[0]
								 : chip->rx_arrived[1];
	/* The lesser of the last two: one frame says nothing about the next message. */
	return chip->rx_arrived[0] < chip->rx_arrived[1] ? chip->rx_arrived[0]
							 : chip->rx_arrived[1];
}

/* The rest of the only record in the ring, with its commit, if that is all there is. */
static void plan_known_burst(struct w5500 *chip, struct plan *p)
{
	struct w5500_message *m = &chip->message;
	uint16_t known = w5500_rx_known(chip);
	uint16_t end = (uint16_t)(chip->rx_read + known);

	if (known == 0 || known != w5500_rx_missing(chip) || likely(chip) > 0)
		return;
	if (known > w5500_message_burst_room(m) ||
	    !w5500_message_burst(m, W5500_SN_RX_BUFFER(0, chip->rx_read),
				 w5500_rx_place(chip), known))
		return;
	p->burst = known;
	if (!w5500_message_command(m, W5500_SN_RX_RD(0), end, W5500_SN_CR_RECV))
		return;
	p->burst_committed = true;
	p->recv = true;
	p->attempt.rx_new = end;
}

static void plan_burst(struct w5500 *chip, struct plan *p, unsigned int hints)
{
	struct w5500_message *m = &chip->message;
	size_t len = w5500_rx_known(chip) + likely(chip);
	/* What this message commits is free too late to have been filled again. */
	size_t limit = W5500_RING_SIZE - (uint16_t)(chip->rx_read - chip->rx_rd);

	if (len == 0 && hints)
		len = EXPECTED_BURST;
	if (limit > W5500_BURST_MAX)
		limit = W5500_BURST_MAX;
	if (limit > w5500_message_burst_room(m))
		limit = w5500_message_burst_room(m);
	if (len > limit)
		len = limit;
	if (len > 0 && w5500_message_burst(m, W5500_SN_RX_BUFFER(0, chip->rx_read),
					   w5500_rx_place(chip), len))
		p->burst = len;
}

/* Uploads what is missing of the waiting frame @i, to @position, as far as there is room.
 */
static void plan_upload(struct w5500 *chip, struct plan *p, unsigned int i,
			uint16_t position)
{
	struct w5500_tx_frame *frame = w5500_tx_frame(chip, i);
	size_t room = w5500_message_upload_room(&chip->message, frame->uploaded);
	size_t len = frame->len - frame->uploaded;

	p->uploaded[i] = frame->uploaded;
	if (len > room)
		len = room;
	if (len > 0 &&
	    w5500_message_upload(
		    &chip->message,
		    W5500_SN_TX_BUFFER(0, (uint16_t)(position + frame->uploaded)),
		    frame->wire, frame->uploaded, len))
		p->uploaded[i] += len;
}

static void plan_tx(struct w5500 *chip, struct plan *p, bool may_command)
{
	uint16_t position = chip->tx_wr;

	if (!chip->tx_in_flight && chip->tx_count > 0) {
		struct w5500_tx_frame *frame = w5500_tx_frame(chip, 0);

		plan_upload(chip, p, 0, position);
		position = (uint16_t)(position + frame->len);
		if (may_command && p->uploaded[0] == frame->len &&
		    w5500_message_command(&chip->message, W5500_SN_TX_WR(0), position,
					  W5500_SN_CR_SEND)) {
			p->send = true;
			p->attempt.tx_new = position;
		}
	}
	if (chip->tx_count == 2) {
		plan_upload(chip, p, 1, position);
		p->after_send = p->uploaded[1];
	}
}

static void plan_message(struct w5500 *chip, struct plan *p, unsigned int hints)
{
	struct w5500_message *m = &chip->message;
	bool may_command = chip->command == 0 && !chip->unsettled;
	bool may_recv = may_command, may_send = may_command;
	bool receiving, added;
	size_t reserved;

	*p = (struct plan){
		.attempt = {
			.rx_old = chip->unsettled ? chip->unsettled_rx_rd : chip->rx_rd,
			.rx_new = chip->rx_rd,
			.tx_old = chip->tx_wr,
			.tx_new = chip->tx_wr,
		},
	};
	w5500_message_begin(m, chip->bus);
	reserved = W5500_HEADER_SIZE + W5500_WINDOW_WIDE_SIZE;
	w5500_message_reserve(m, reserved);

	/* A chip that takes its time gets one command a message, of both kinds in turn.
	 */
	if (chip->slow_commands && chip->recv_last && chip->tx_count > 0)
		may_recv = false;
	if (may_recv)
		plan_known_burst(chip, p);
	if (may_recv && !p->recv && chip->rx_read != chip->rx_rd &&
	    w5500_message_command(m, W5500_SN_RX_RD(0), chip->rx_read,
				  W5500_SN_CR_RECV)) {
		p->recv = true;
		p->attempt.rx_new = chip->rx_read;
	}
	/* While more is known to be there, a new frame in the latch is no news. */
	if (chip->config.interrupt && p->burst == 0 && w5500_rx_known(chip) == 0 &&
	    ((hints & W5500_HINT_LATCHED) || chip->latch_dirty))
		p->clears_latch =
			w5500_message_write8(m, W5500_SN_IR(0), W5500_SN_IR_RECV);
	if (chip->slow_commands && p->recv)
		may_send = false;
	chip->recv_last = p->recv;
	plan_tx(chip, p, may_send);

	/* Both directions busy: only Sn_CR tells in time that SEND has been taken. */
	receiving = p->recv || p->burst > 0 || w5500_rx_known(chip) > 0 || hints;
	p->wide = chip->unsettled || (receiving && (p->send || chip->command != 0));
	w5500_message_unreserve(m, reserved);
	added = w5500_window_add(m, p->wide, &p->window);
	assert(added);
	if (p->burst == 0) {
		plan_burst(chip, p, hints);
		p->after_send += p->burst;
	}
}

/* What holds for a message that was carried out, whatever its window says of reception.
 */
static void conclude_tx(struct w5500 *chip, const struct plan *p)
{
	for (unsigned int i = chip->tx_in_flight ? 1 : 0; i < chip->tx_count; i++)
		w5500_tx_frame(chip, i)->uploaded = p->uploaded[i];
	if (!p->send)
		return;
	chip->command = W5500_SN_CR_SEND;
	chip->tx_wr = p->attempt.tx_new;
	w5500_tx_sent(chip, p->sent_ns);
	chip->tx_after_recv = p->recv;
}

/* Takes over the part of the burst that is good. */
static void take_burst(struct w5500 *chip, const struct plan *p, size_t good)
{
	w5500_rx_append(chip, good < p->burst ? good : p->burst);
}

/* The window is good. */
static void conclude(struct w5500 *chip, const struct plan *p,
		     const struct w5500_window *w)
{
	conclude_tx(chip, p);
	w5500_window_accept(chip, w, p->wide);
	chip->unsettled = false;
	/* A frame between the clearing and the window sets the latch again; INTn will
	 * tell. */
	if (p->clears_latch)
		chip->latch_dirty = false;
	take_burst(chip, p, w5500_rx_known(chip));
}

/*
 * A frame came in while the window was read, or RECV is not taken yet. The high byte of a
 * counter is read first, so that a torn one is never more than the true value: the lesser
 * of both ways to count is safe. The next window, with no command before it, has to
 * confirm that RECV was taken.
 */
static void conclude_unsettled(struct w5500 *chip, const struct plan *p,
			       const struct w5500_window *w)
{
	uint16_t held = (uint16_t)(w->rx_wr - p->attempt.rx_new);
	uint16_t end, known = w5500_rx_known(chip);

	if (held > w->rx_rsr)
		held = w->rx_rsr;
	end = (uint16_t)(p->attempt.rx_new + held);
	if (held <= W5500_RING_SIZE && (int16_t)(end - chip->rx_wr) > 0) {
		chip->rx_wr = end;
		known = w5500_rx_known(chip);
	}
	chip->unsettled = true;
	chip->unsettled_rx_rd = p->attempt.rx_old;
	conclude_tx(chip, p);
	chip->rx_rd = p->attempt.rx_new;
	chip->latch_dirty = true;
	w5500_tx_seen(chip, w->tx_rd);
	take_burst(chip, p, known);
}

int w5500_exchange(struct w5500 *chip, unsigned int hints)
{
	struct w5500_window w;
	struct plan plan;
	int r;

	assert(chip->step == W5500_STEP_RUNNING && chip->trouble == W5500_TROUBLE_NONE);
	if (chip->unsure)
		return verify(chip);

	plan_message(chip, &plan, hints);
	r = w5500_run(chip);
	if (r < 0) {
		plan.attempt.bus_failed = true;
		w5500_doubt(chip, &plan.attempt);
		return r;
	}
	plan.sent_ns = clock_now_ns(chip->clock) -
		       (uint64_t)plan.after_send * 8 * NSEC_PER_SEC / chip->speed_hz;
	w5500_window_parse(plan.window, plan.wide, &w);
	if (w5500_message_echoed(plan.window) && is_open(&w, plan.wide) &&
	    !(plan.wide && w.cr != 0) &&
	    w5500_window_agrees(&w, plan.attempt.rx_new, plan.attempt.tx_new)) {
		conclude(chip, &plan, &w);
		return 0;
	}
	chip->counters.rx_window_bad++;
	if (plan.wide && w5500_message_echoed(plan.window))
		w5500_command_seen(chip, w.cr);
	if (w5500_message_echoed(plan.window) && is_open(&w, plan.wide) &&
	    !chip->unsettled &&
	    is_unsettled(&w, plan.attempt.rx_new, plan.attempt.tx_new))
		conclude_unsettled(chip, &plan, &w);
	else
		w5500_doubt(chip, &plan.attempt);
	return 0;
}

bool w5500_rx_waiting(const struct w5500 *chip)
{
	return chip->rx_read != chip->rx_rd || chip->rx_read != chip->rx_wr ||
	       chip->unsettled || chip->unsure || chip->rx_suspect;
}

uint64_t w5500_due_ns(const struct w5500 *chip)
{
	unsigned int waiting = chip->tx_count - (chip->tx_in_flight ? 1 : 0);

	if (chip->trouble != W5500_TROUBLE_NONE)
		return UINT64_MAX;
	if (chip->unsure)
		return chip->verify_due_ns;
	if (w5500_rx_waiting(chip))
		return 0;
	if (waiting > 0 &&
	    (!chip->tx_in_flight || chip->tx[(chip->tx_first + 1) % 2].uploaded <
					    chip->tx[(chip->tx_first + 1) % 2].len))
		return 0;
	if (chip->tx_in_flight && !chip->tx_abandoned)
		return chip->tx_due_ns;
	return UINT64_MAX;
}
