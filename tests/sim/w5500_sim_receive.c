// SPDX-License-Identifier: MIT
/*
 * w5500_sim_receive.c — the wire to the chip, filter, storing
 *
 * Rules 18 to 20 of w5500.md section 12. One frame is on the wire at a time;
 * with its last bit it is checked, filtered and stored as a whole, or dropped.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "mqttnode/bytes.h"
#include "w5500_sim_internal.h"

#define PREAMBLE	 8
#define FCS		 4
#define FRAME_GAP	 12
#define HEADER		 2 /* of a record in the ring */
#define ETHERTYPE_IPV6	 0x86dd
#define FRAME_MAX_TAGGED 1518

/* ---- filter, rule 20 ---- */

static bool filter_passes(const struct w5500_sim *chip, const uint8_t *frame)
{
	static const uint8_t broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	uint8_t mr = chip->sockets[0].regs[SN_MR];

	if ((mr & SN_MR_MIP6B) && get_be16(&frame[12]) == ETHERTYPE_IPV6)
		return false;
	if (memcmp(frame, broadcast, 6) == 0)
		return !(mr & SN_MR_BCASTB);
	if (memcmp(frame, "\x01\x00\x5e", 3) == 0)
		return !(mr & SN_MR_MMB);
	if (memcmp(frame, "\x33\x33", 2) == 0)
		return !(mr & SN_MR_MIP6B) ||
		       ((mr & SN_MR_MFEN) && chip->options.ipv6_multicast_always);
	if (!(mr & SN_MR_MFEN))
		return true;
	if (frame[0] & 0x01)
		return chip->options.other_multicast;
	return memcmp(frame, &chip->common[SHAR], 6) == 0;
}

/* ---- the ring, rules 18 and 19 ---- */

static uint16_t held(const struct sim_socket *s)
{
	return (uint16_t)(s->rx_wr - s->rx_committed);
}

/* Bytes of the record coming in that are in the ring already, header included. */
static uint16_t partial(const struct w5500_sim *chip)
{
	const struct sim_wire *wire = &chip->wire;
	uint64_t bytes;

	if (!wire->busy || sim_now(chip) <= wire->start_ns)
		return 0;
	bytes = (sim_now(chip) - wire->start_ns) / sim_wire_byte_ns(chip);
	if (bytes <= PREAMBLE)
		return 0;
	bytes = bytes - PREAMBLE + HEADER;
	return (uint16_t)(bytes < wire->len + HEADER ? bytes : wire->len + HEADER);
}

uint16_t sim_rx_received(const struct sim_socket *s)
{
	uint16_t rsr = held(s);

	if (s->chip->options.rsr_follows_rx_rd)
		rsr = (uint16_t)(s->rx_wr - sim_socket_word(s, SN_RX_RD));
	if (s->chip->options.rsr_grows && s->sr == SN_SR_MACRAW)
		rsr = (uint16_t)(rsr + partial(s->chip));
	return rsr;
}

static void store(struct sim_socket *s, const uint8_t *frame, size_t len)
{
	struct w5500_sim *chip = s->chip;
	bool corrupt =
		sim_rx_oversubscribed(chip) && !chip->options.oversubscription_harmless;
	uint8_t header[HEADER];

	put_be16(header, (uint16_t)(len + HEADER));
	if (sim_fault_take(&chip->faults.bad_rx_headers)) {
		put_be16(header, (uint16_t)chip->faults.bad_rx_length);
		w5500_sim_excuse(chip);
	}
	for (size_t i = 0; i < len + HEADER; i++) {
		uint8_t *byte = sim_rx_byte(s, (uint16_t)(s->rx_wr + i));

		*byte = i < HEADER ? header[i] : frame[i - HEADER];
		if (corrupt && i % 32 == 31)
			*byte ^= 0x55;
	}
	s->rx_wr = (uint16_t)(s->rx_wr + len + HEADER);
	chip->stats.rx_frames++;
	chip->stats.rx_bytes += len;
	sim_ir_set(s, SN_IR_RECV);
	sim_phase(chip, W5500_SIM_PHASE_RX_STORED);
}

static void frame_arrived(struct w5500_sim *chip)
{
	struct sim_socket *s = &chip->sockets[0];
	const struct sim_wire *wire = &chip->wire;
	size_t max = chip->options.accept_1518 ? FRAME_MAX_TAGGED : W5500_SIM_FRAME_MAX;

	if (!chip->phy.link || s->sr != SN_SR_MACRAW || chip->faults.hung > 0)
		chip->stats.rx_dropped_closed++;
	else if (wire->spoiled || wire->len < W5500_SIM_FRAME_MIN || wire->len > max)
		chip->stats.rx_dropped_bad++;
	else if (!filter_passes(chip, wire->data))
		chip->stats.rx_dropped_filter++;
	else if (held(s) + HEADER + wire->len > sim_rx_size(s))
		chip->stats.rx_dropped_full++;
	else
		store(s, wire->data, wire->len);
}

/* ---- the wire ---- */

/* Takes the next frame to the wire's buffer; false if there is none. */
static bool next_frame(struct w5500_sim *chip)
{
	struct sim_wire *wire = &chip->wire;
	struct line_frame *f = wire->head;

	wire->spoiled = false;
	if (wire->source && chip->phy.link && !(f && f->start_ns <= sim_now(chip))) {
		wire->len = wire->source(wire->source_ctx, wire->data);
		assert(wire->len <= sizeof(wire->data));
		if (wire->len > 0) {
			wire->start_ns = sim_now(chip);
			return true;
		}
	}
	f = wire->head;
	if (!f)
		return false;
	wire->head = f->next;
	if (!wire->head)
		wire->tail = &wire->head;
	wire->n--;
	wire->spoiled = f->bad_fcs;
	wire->start_ns = f->start_ns;
	wire->len = f->len;
	memcpy(wire->data, f->data, f->len);
	free(f);
	return true;
}

void sim_wire_start(struct w5500_sim *chip)
{
	struct sim_wire *wire = &chip->wire;
	uint64_t byte_ns = sim_wire_byte_ns(chip);
	uint64_t bytes;

	if (wire->busy)
		return;
	/* A source that answers with a frame or a request is not asked again meanwhile.
	 */
	wire->busy = true;
	wire->busy = next_frame(chip);
	if (!wire->busy)
		return;
	if (wire->start_ns < sim_now(chip))
		wire->start_ns = sim_now(chip);
	if (wire->start_ns < wire->free_ns)
		wire->start_ns = wire->free_ns;
	bytes = wire->len > W5500_SIM_FRAME_MIN ? wire->len : W5500_SIM_FRAME_MIN;
	wire->free_ns = wire->start_ns + (PREAMBLE + bytes + FCS + FRAME_GAP) * byte_ns;
	board_time_schedule(chip->time, &wire->event,
			    wire->free_ns - FRAME_GAP * byte_ns);
}

static void frame_done(struct w5500_sim *chip)
{
	frame_arrived(chip);
	chip->wire.busy = false;
	sim_wire_start(chip);
}

static void frame_due(struct board_event *event)
{
	frame_done(container_of(event, struct w5500_sim, wire.event));
}

void sim_wire_finish_now(struct w5500_sim *chip)
{
	if (!chip->wire.busy)
		return;
	board_time_cancel(chip->time, &chip->wire.event);
	frame_done(chip);
}

void sim_wire_link_lost(struct w5500_sim *chip)
{
	chip->wire.spoiled |= chip->wire.busy;
}

static int deliver(struct w5500_sim *chip, const uint8_t *frame, size_t len,
		   uint64_t start_ns, bool bad_fcs)
{
	struct line_frame *f;

	assert(len <= W5500_SIM_FRAME_BUFFER);
	board_time_catch_up(chip->time);
	f = malloc(sizeof(*f) + len);
	if (!f)
		return -ENOMEM;
	f->next = NULL;
	f->start_ns = start_ns;
	f->bad_fcs = bad_fcs;
	f->len = len;
	memcpy(f->data, frame, len);
	*chip->wire.tail = f;
	chip->wire.tail = &f->next;
	chip->wire.n++;
	sim_wire_start(chip);
	return 0;
}

int w5500_sim_deliver(struct w5500_sim *chip, const uint8_t *frame, size_t len,
		      uint64_t start_ns)
{
	return deliver(chip, frame, len, start_ns, false);
}

int w5500_sim_deliver_bad_fcs(struct w5500_sim *chip, const uint8_t *frame, size_t len,
			      uint64_t start_ns)
{
	return deliver(chip, frame, len, start_ns, true);
}

size_t w5500_sim_pending(const struct w5500_sim *chip)
{
	return chip->wire.n + chip->wire.busy;
}

void w5500_sim_set_source(struct w5500_sim *chip,
			  size_t (*next)(void *ctx, uint8_t *frame), void *ctx)
{
	chip->wire.source = next;
	chip->wire.source_ctx = ctx;
	w5500_sim_kick_source(chip);
}

void w5500_sim_kick_source(struct w5500_sim *chip)
{
	board_time_catch_up(chip->time);
	sim_wire_start(chip);
}

size_t w5500_sim_allocated(const struct w5500_sim *chip)
{
	size_t sum = sizeof(*chip);

	for (const struct line_frame *f = chip->wire.head; f; f = f->next)
		sum += sizeof(*f) + f->len;
	return sum;
}

void sim_wire_init(struct w5500_sim *chip)
{
	chip->wire.tail = &chip->wire.head;
	chip->wire.event.on_due = frame_due;
}

void sim_wire_free(struct w5500_sim *chip)
{
	struct line_frame *next;

	board_time_cancel(chip->time, &chip->wire.event);
	for (struct line_frame *f = chip->wire.head; f; f = next) {
		next = f->next;
		free(f);
	}
}
