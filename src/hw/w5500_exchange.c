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
 * With the chained plan, short frames are sent in another order (w5500_chain.c): both
 * uploads, TX_WR, CR=SEND, a wait, and the window that shows that the first has left.
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
 * sign of it RECV and SEND do not share a message, and each message looks at Sn_CR,
 * until a long row of commands has been taken at once.
 */
#include "w5500_internal.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/*
 * Read ahead so much when a frame may be there and nothing is known of it: an
 * ARP frame, an acknowledgement, a short MQTT message.
 */
#define EXPECTED_BURST 112

/* All accesses to registers that a message can have, in one chain. */
#define CHAIN_MAX 96

/* Windows in a row that may leave the counters of the chip inexact. */
#define INEXACT_WINDOWS 64

/* What a message carries. */
struct plan {
	struct w5500_attempt attempt;
	bool recv, send;
	bool clears_latch;
	bool wide, chained;
	bool waits;	      /* until the frame given to SEND must have left */
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
	/* Nothing can be committed now: leave as much for the next burst. */
	if (chip->unsettled)
		limit /= 2;
	if (limit > W5500_BURST_MAX)
		limit = W5500_BURST_MAX;
	if (len > limit)
		len = w5500_rx_whole(chip, limit);
	if (len > w5500_message_burst_room(m))
		len = w5500_message_burst_room(m);
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

/* Whether all frames that wait are short ones, none of which is on the wire. */
static bool all_short(const struct w5500 *chip)
{
	if (chip->tx_in_flight || chip->tx_again || chip->tx_count == 0)
		return false;
	for (unsigned int i = 0; i < chip->tx_count; i++)
		if (!w5500_chain_is_short(chip, chip->tx[(chip->tx_first + i) % 2].len))
			return false;
	return true;
}

/* Sends the oldest frame and waits for its end; a second one has come with it. */
static void plan_tx_short(struct w5500 *chip, struct plan *p)
{
	struct w5500_message *m = &chip->message;
	struct w5500_tx_frame *frame = w5500_tx_frame(chip, 0);
	struct w5500_tx_frame *next = w5500_tx_frame(chip, 1);
	uint16_t end = (uint16_t)(chip->tx_wr + frame->len);
	bool was_uploaded = frame->uploaded == frame->len;

	plan_upload(chip, p, 0, chip->tx_wr);
	p->uploaded[1] = next->uploaded;
	if (p->uploaded[0] != frame->len)
		return;
	if (!was_uploaded && chip->tx_count == 2 && next->uploaded == 0 &&
	    w5500_message_upload_more(m, next->wire, next->len))
		p->uploaded[1] = next->len;
	if (!w5500_message_command(m, W5500_SN_TX_WR(0), end, W5500_SN_CR_SEND))
		return;
	p->send = true;
	p->attempt.tx_new = end;
	p->waits = w5500_chain_wait_add(chip, frame->len);
}

static void plan_tx(struct w5500 *chip, struct plan *p, bool may_command)
{
	uint16_t position = chip->tx_wr;

	if (chip->tx_again && may_command)
		p->send = p->attempt.send_again = w5500_message_write8(
			&chip->message, W5500_SN_CR(0), W5500_SN_CR_SEND);
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
	m->chained = p->chained = w5500_chain_usable(chip);
	reserved = p->chained ? CHAIN_MAX : W5500_HEADER_SIZE + W5500_WINDOW_WIDE_SIZE;
	w5500_message_reserve(m, reserved);

	/* A chip that takes its time gets one command a message, of both kinds in turn.
	 */
	if (chip->slow_commands && chip->recv_last && chip->tx_count > 0)
		may_recv = false;
	/* No pointer is written before this SEND, which would keep it away from RECV. */
	if (chip->tx_again)
		may_recv = false;
	if (may_recv)
		plan_known_burst(chip, p);
	if (may_recv && !p->recv && w5500_rx_complete(chip) != chip->rx_rd &&
	    w5500_message_command(m, W5500_SN_RX_RD(0), w5500_rx_complete(chip),
				  W5500_SN_CR_RECV)) {
		p->recv = true;
		p->attempt.rx_new = w5500_rx_complete(chip);
	}
	/* While more is known to be there, a new frame in the latch is no news. */
	if (chip->config.interrupt && p->burst == 0 && w5500_rx_known(chip) == 0 &&
	    ((hints & W5500_HINT_LATCHED) || chip->latch_dirty))
		p->clears_latch =
			w5500_message_write8(m, W5500_SN_IR(0), W5500_SN_IR_RECV);
	if (chip->slow_commands && p->recv)
		may_send = false;
	chip->recv_last = p->recv;
	/* Beside RECV, SEND needs a chip select of its own in any case. */
	if (p->chained && may_send && !p->recv && all_short(chip))
		plan_tx_short(chip, p);
	else
		plan_tx(chip, p, may_send);

	/* Both directions busy: only Sn_CR tells in time that SEND has been taken. Nor
	 * can the positions tell that of a slow RECV: Sn_RX_RSR may follow Sn_RX_RD. */
	receiving = p->recv || p->burst > 0 || w5500_rx_known(chip) > 0 || hints;
	p->wide = p->waits || chip->unsettled || chip->slow_commands ||
		  (receiving && (p->send || chip->command != 0));
	w5500_message_unreserve(m, reserved);
	added = p->chained ? w5500_chain_window_add(m, p->wide, &p->window)
			   : w5500_window_add(m, p->wide, &p->window);
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
	if (p->attempt.send_again)
		chip->counters.tx_repeated++;
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
	if (p->recv || p->send)
		w5500_command_prompt(chip);
	if (p->recv)
		w5500_chain_recv_taken(chip);
	chip->unsettled = false;
	chip->inexact_windows = 0;
	/* A frame between the clearing and the window sets the latch again; INTn will
	 * tell. */
	if (p->clears_latch)
		chip->latch_dirty = false;
	if (p->waits)
		w5500_chain_waited(chip);
	take_burst(chip, p, w5500_rx_known(chip));
}

/*
 * Whether the RECV that is not proven yet, of this message or of the last, has been
 * taken, though the counters in @w do not agree: Sn_CR is 0, and Sn_RX_RSR has not
 * more by exactly what was to be committed, as if RECV had been lost on its way.
 */
static bool recv_is_taken(const struct plan *p, const struct w5500_window *w)
{
	uint16_t committed = (uint16_t)(p->attempt.rx_new - p->attempt.rx_old);

	if (p->wide && w->cr != 0)
		return false;
	return committed == 0 ||
	       (p->wide && w5500_window_rx_is_growing(w, p->attempt.rx_new) &&
		w5500_window_rx_excess(w, p->attempt.rx_new) != committed);
}

/*
 * The counters that the chip moves disagree: a frame came in while the window was
 * read or is coming in, or RECV is not taken yet. The high byte of a counter is
 * read first, so that a torn one is never more than the true value: the lesser
 * of both ways to count is safe. If it is not certain that RECV was taken, the
 * next window, with no command before it, has to confirm that.
 */
static void conclude_inexact(struct w5500 *chip, const struct plan *p,
			     struct w5500_window *w)
{
	uint16_t held = (uint16_t)(w->rx_wr - p->attempt.rx_new);
	uint16_t arrived[2] = { chip->rx_arrived[0], chip->rx_arrived[1] };
	bool growing = w5500_window_rx_is_growing(w, p->attempt.rx_new);
	bool taken = recv_is_taken(p, w);
	uint16_t end;

	if (held > w->rx_rsr)
		held = w->rx_rsr;
	end = (uint16_t)(p->attempt.rx_new + held);
	w->rx_wr = chip->rx_wr;
	if (held <= W5500_RING_SIZE && (int16_t)(end - chip->rx_wr) > 0)
		w->rx_wr = end;
	conclude_tx(chip, p);
	w5500_window_accept(chip, w, p->wide);
	if (!growing) /* how much came will be seen by the next */
		memcpy(chip->rx_arrived, arrived, sizeof(arrived));
	chip->unsettled = !taken;
	chip->unsettled_rx_rd = p->attempt.rx_old;
	chip->rx_inexact = true;
	chip->inexact_windows++;
	chip->latch_dirty = true;
	take_burst(chip, p, w5500_rx_known(chip));
}

/* Whether @w leaves open no more than what conclude_inexact() can live with. */
static bool is_inexact(const struct w5500 *chip, const struct plan *p,
		       const struct w5500_window *w)
{
	return w5500_window_is_ours(w, p->attempt.rx_new, p->attempt.tx_new) &&
	       (!chip->unsettled || recv_is_taken(p, w)) &&
	       chip->inexact_windows < INEXACT_WINDOWS;
}

/* The window of the message that was carried out. False: it was not echoed. */
static bool parse_window(struct w5500 *chip, const struct plan *p,
			 struct w5500_window *ret)
{
	const uint8_t *unechoed;

	if (!p->chained) {
		w5500_window_parse(p->window, p->wide, ret);
		return w5500_echoed(chip, p->window);
	}
	w5500_chain_window_parse(p->window, p->wide, ret);
	unechoed = w5500_chain_window_unechoed(p->window, p->wide);
	return !unechoed || w5500_echoed(chip, unechoed);
}

int w5500_exchange(struct w5500 *chip, unsigned int hints)
{
	struct w5500_window w;
	struct plan plan;
	bool echoed;
	int r;

	assert(chip->step == W5500_STEP_RUNNING && chip->trouble == W5500_TROUBLE_NONE);
	if (chip->unsure)
		return w5500_verify(chip);

	plan_message(chip, &plan, hints);
	r = w5500_run(chip);
	if (r < 0) {
		plan.attempt.bus_failed = true;
		w5500_doubt(chip, &plan.attempt);
		return r;
	}
	plan.sent_ns = clock_now_ns(chip->clock) -
		       (uint64_t)plan.after_send * 8 * NSEC_PER_SEC / chip->speed_hz;
	echoed = parse_window(chip, &plan, &w);
	if (echoed && w5500_window_is_open(&w, plan.wide) && !(plan.wide && w.cr != 0) &&
	    w5500_window_agrees(&w, plan.attempt.rx_new, plan.attempt.tx_new)) {
		conclude(chip, &plan, &w);
		return 0;
	}
	chip->counters.rx_window_bad++;
	if (!echoed) {
		w5500_doubt(chip, &plan.attempt);
		return 0;
	}
	if (plan.wide)
		w5500_command_seen(chip, w.cr);
	if (w5500_window_is_open(&w, plan.wide) && is_inexact(chip, &plan, &w))
		conclude_inexact(chip, &plan, &w);
	else
		w5500_doubt(chip, &plan.attempt);
	return 0;
}

bool w5500_rx_waiting(const struct w5500 *chip)
{
	return chip->rx_read != chip->rx_rd || chip->rx_read != chip->rx_wr ||
	       chip->unsettled || chip->unsure || chip->rx_inexact || chip->rx_suspect;
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
