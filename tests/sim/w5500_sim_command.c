// SPDX-License-Identifier: MIT
/*
 * w5500_sim_command.c — Sn_CR and transmission
 *
 * Rules 12 to 17 of w5500.md section 12. A command acts when it is taken, which
 * is when Sn_CR returns to 0: at the end of the chip select that wrote it, or
 * as the options and faults have it.
 */
#include <string.h>

#include "w5500_sim_internal.h"

/* On the wire a frame is padded to 60 bytes; around it preamble 8, FCS 4, gap 12. */
#define WIRE_OVERHEAD 24

uint64_t sim_wire_byte_ns(const struct w5500_sim *chip)
{
	return chip->phy.link && chip->phy.mbit == 10 ? 800 : 80;
}

/* ---- transmission ---- */

uint16_t sim_tx_free(const struct sim_socket *s)
{
	uint16_t end = sim_socket_word(s, SN_TX_WR);

	if (s->chip->options.tx_fsr_at_send)
		end = s->sending ? s->send_end : s->tx_rd;
	return (uint16_t)(sim_tx_size(s) - (uint16_t)(end - s->tx_rd));
}

bool sim_send_covers(const struct sim_socket *s, uint16_t offset)
{
	unsigned int mask = sim_tx_size(s) - 1;

	return s->sending && !s->send_dead &&
	       ((unsigned int)(offset - s->tx_rd) & mask) <
		       (uint16_t)(s->send_end - s->tx_rd);
}

static void send_start(struct sim_socket *s, uint16_t end)
{
	struct w5500_sim *chip = s->chip;
	uint16_t len = (uint16_t)(end - s->tx_rd);
	uint64_t wire_len;

	s->send_end = end;
	if (len == 0) {
		sim_ir_set(s, SN_IR_SEND_OK);
		return;
	}
	if (len < 14 || len > W5500_SIM_FRAME_MAX)
		w5500_sim_violate(chip, "SEND of %u bytes: a frame has 14 to 1514", len);
	s->sending = true;
	s->send_garbled = false;
	s->send_dead = sim_fault_take(&chip->faults.send_stuck) ||
		       (!chip->phy.link && !chip->options.send_ok_without_link);
	if (s->send_dead) {
		chip->stats.tx_lost++;
		return;
	}
	wire_len = len > W5500_SIM_FRAME_MAX ? W5500_SIM_FRAME_MAX : len;
	if (wire_len < W5500_SIM_FRAME_MIN && !chip->options.no_padding)
		wire_len = W5500_SIM_FRAME_MIN;
	board_time_schedule(chip->time, &s->send_event,
			    sim_now(chip) + chip->options.send_delay_ns +
				    (wire_len + WIRE_OVERHEAD) * sim_wire_byte_ns(chip));
}

/* Puts [TX_RD, send_end) on the wire as the memory is now, at the end of its wire time.
 */
static void send_to_wire(struct sim_socket *s)
{
	struct w5500_sim *chip = s->chip;
	size_t len = (uint16_t)(s->send_end - s->tx_rd);
	uint8_t frame[W5500_SIM_FRAME_MAX] = { 0 };

	if (!chip->phy.link) {
		chip->stats.tx_lost++;
		return;
	}
	if (len > sizeof(frame))
		len = sizeof(frame);
	for (size_t i = 0; i < len; i++) {
		const uint8_t *byte = sim_tx_byte(s, (uint16_t)(s->tx_rd + i));

		frame[i] = byte ? *byte : 0;
		if (s->send_garbled)
			frame[i] ^= 0xff;
	}
	if (len < W5500_SIM_FRAME_MIN && !chip->options.no_padding)
		len = W5500_SIM_FRAME_MIN;
	chip->stats.tx_frames++;
	chip->stats.tx_bytes += len;
	if (chip->on_frame)
		chip->on_frame(chip->on_frame_ctx, frame, len);
}

static void send_done(struct sim_socket *s)
{
	send_to_wire(s);
	s->tx_rd = s->send_end;
	s->sending = false;
	if (!sim_fault_take(&s->chip->faults.send_ok_lost))
		sim_ir_set(s, SN_IR_SEND_OK);
	if (s->send_queued) {
		s->send_queued = false;
		send_start(s, s->queued_end);
	}
	sim_phase(s->chip, W5500_SIM_PHASE_TX_SENT);
}

static void send_due(struct board_event *event)
{
	send_done(container_of(event, struct sim_socket, send_event));
}

void sim_send_finish_now(struct sim_socket *s)
{
	if (!s->send_event.pending)
		return;
	board_time_cancel(s->chip->time, &s->send_event);
	send_done(s);
}

static void send_abort(struct sim_socket *s)
{
	if (s->sending && !s->send_dead)
		s->chip->stats.tx_lost++;
	s->sending = false;
	s->send_dead = false;
	s->send_queued = false;
	board_time_cancel(s->chip->time, &s->send_event);
}

void sim_send_link_lost(struct sim_socket *s)
{
	if (!s->sending || s->send_dead || s->chip->options.send_ok_without_link)
		return;
	board_time_cancel(s->chip->time, &s->send_event);
	s->send_dead = true;
	s->chip->stats.tx_lost++;
}

static void command_send(struct sim_socket *s)
{
	uint16_t end = sim_socket_word(s, SN_TX_WR);

	if (s->sr != SN_SR_MACRAW) {
		w5500_sim_violate(s->chip, "SEND on socket %u, which is not open", s->n);
		return;
	}
	s->chip->stats.sends++;
	if (!s->sending) {
		send_start(s, end);
		sim_phase(s->chip, W5500_SIM_PHASE_TX_SEND);
		return;
	}
	w5500_sim_violate(s->chip, "SEND during a SEND");
	switch (s->chip->options.send_twice) {
	case W5500_SIM_SEND_TWICE_QUEUED:
		s->send_queued = true;
		s->queued_end = end;
		break;
	case W5500_SIM_SEND_TWICE_CORRUPTS:
		s->send_garbled = true;
		s->send_end = end;
		break;
	default:
		break;
	}
}

/* ---- the other commands ---- */

static void socket_close(struct sim_socket *s)
{
	send_abort(s);
	s->sr = SN_SR_CLOSED;
}

static void command_open(struct sim_socket *s)
{
	struct w5500_sim *chip = s->chip;

	chip->stats.opens++;
	if ((s->regs[SN_MR] & SN_MR_PROTO) != SN_MR_MACRAW) {
		w5500_sim_violate(chip,
				  "OPEN with S%u_MR = 0x%02x: only MACRAW is modelled",
				  s->n, s->regs[SN_MR]);
		return;
	}
	if (s->n != 0) {
		w5500_sim_violate(chip, "OPEN of socket %u in MACRAW mode: socket 0 only",
				  s->n);
		return;
	}
	socket_close(s);
	s->tx_rd = 0;
	s->rx_wr = 0;
	s->rx_committed = 0;
	memset(&s->regs[SN_TX_WR], 0, 2);
	memset(&s->regs[SN_RX_RD], 0, 2);
	s->sr = SN_SR_MACRAW;
}

static void command_close(struct sim_socket *s)
{
	s->chip->stats.closes++;
	socket_close(s);
	if (s->chip->options.close_clears_ir) {
		s->ir = 0;
		sim_intn_cleared(s->chip);
	}
}

/* Rule 17: the record bytes before Sn_RX_RD are released. */
static void command_recv(struct sim_socket *s)
{
	uint16_t held = (uint16_t)(s->rx_wr - s->rx_committed);
	uint16_t rx_rd = sim_socket_word(s, SN_RX_RD);
	uint16_t moved = (uint16_t)(rx_rd - s->rx_committed);

	if (s->sr != SN_SR_MACRAW) {
		w5500_sim_violate(s->chip, "RECV on socket %u, which is not open", s->n);
		return;
	}
	s->chip->stats.recvs++;
	if (moved > held)
		w5500_sim_violate(
			s->chip,
			"RECV with RX_RD = 0x%04x: backwards or beyond RX_WR = 0x%04x "
			"(was 0x%04x)",
			rx_rd, s->rx_wr, s->rx_committed);
	s->rx_committed = rx_rd;
	if (s->chip->options.recv_raises_ir && s->rx_wr != s->rx_committed)
		sim_ir_set(s, SN_IR_RECV);
	sim_phase(s->chip, W5500_SIM_PHASE_RX_RECV);
}

/* ---- Sn_CR, rule 12 ---- */

static void command_take(struct sim_socket *s)
{
	uint8_t command = s->cr;

	if (s->cr == 0 || s->chip->faults.cr_stuck || s->cr_selects > 0 ||
	    sim_now(s->chip) < s->cr_ready_ns)
		return;
	s->cr = 0;
	switch (command) {
	case SN_CR_OPEN:
		command_open(s);
		break;
	case SN_CR_CLOSE:
		command_close(s);
		break;
	case SN_CR_SEND:
		command_send(s);
		break;
	case SN_CR_RECV:
		command_recv(s);
		break;
	default:
		w5500_sim_violate(s->chip,
				  "command 0x%02x on socket %u: not one of MACRAW",
				  command, s->n);
		break;
	}
}

static void command_due(struct board_event *event)
{
	command_take(container_of(event, struct sim_socket, cr_event));
}

/* Whether the host could not know that the command before @command is not taken yet:
 * see w5500_sim.h. */
static bool is_unknowable(const struct sim_socket *s, uint8_t command)
{
	return s->cr == SN_CR_RECV && command == SN_CR_SEND && s->cr_message != 0 &&
	       s->cr_message == s->chip->message && s->cr_message_age > 1 &&
	       !s->chip->slowness_known;
}

/* Whether the last command is in the same message, and no chip select between. */
static bool is_too_close(const struct sim_socket *s)
{
	return s->cr_message != 0 && s->cr_message == s->chip->message &&
	       s->cr_message_age <= 1;
}

void sim_command_write(struct sim_socket *s, uint8_t command)
{
	const struct w5500_sim_options *o = &s->chip->options;

	if (s->cr == 0 && is_too_close(s))
		w5500_sim_violate(s->chip,
				  "command 0x%02x right behind another in one message: "
				  "nobody knows whether that is taken yet",
				  command);
	if (sim_command_is_lost(s->chip, command) ||
	    (o->fdm_drops_commands && s->chip->spi.behind_fdm))
		return;
	if (is_unknowable(s, command)) {
		s->chip->slowness_known = true;
		sim_excused(s->chip);
		return;
	}
	if (s->cr != 0) {
		w5500_sim_violate(s->chip,
				  "command 0x%02x written while S%u_CR is 0x%02x",
				  command, s->n, s->cr);
		return;
	}
	s->cr = command;
	s->cr_message = s->chip->message;
	s->cr_message_age = 0;
	s->cr_selects = 0;
	if (o->command_busy_selects > 0)
		s->cr_selects = o->command_busy_selects + 1;
	else if (o->command_busy_ns == 0 && o->accept != W5500_SIM_ACCEPT_AT_ONCE)
		s->cr_selects = 1;
	s->cr_ready_ns = sim_now(s->chip) + o->command_busy_ns;
	if (o->command_busy_ns > 0)
		board_time_schedule(s->chip->time, &s->cr_event, s->cr_ready_ns);
	command_take(s);
}

void sim_command_deselected(struct sim_socket *s)
{
	if (s->cr_selects > 0)
		s->cr_selects--;
	s->cr_message_age++;
	command_take(s);
}

void sim_command_frame_ended(struct sim_socket *s)
{
	const struct w5500_sim_options *o = &s->chip->options;

	if (o->accept != W5500_SIM_ACCEPT_AT_FRAME_END || o->command_busy_selects > 0)
		return;
	s->cr_selects = 0;
	command_take(s);
}

void sim_command_read(struct sim_socket *s)
{
	if (s->cr == SN_CR_RECV || s->cr == SN_CR_SEND)
		s->chip->slowness_read = true;
}

void sim_command_init(struct sim_socket *s)
{
	s->send_event.on_due = send_due;
	s->cr_event.on_due = command_due;
}

void sim_command_reset(struct sim_socket *s)
{
	send_abort(s);
	board_time_cancel(s->chip->time, &s->cr_event);
	s->cr = 0;
	s->ir = 0;
	s->sr = SN_SR_CLOSED;
	s->tx_rd = 0;
	s->rx_wr = 0;
	s->rx_committed = 0;
}
