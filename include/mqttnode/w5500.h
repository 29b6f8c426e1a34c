/* SPDX-License-Identifier: MIT */
/*
 * w5500.h — the Ethernet chip in MACRAW mode: frames in, frames out, link
 *
 * The driver knows the chip and how to talk to it in few, full bus messages. It
 * does not know GPIO lines, the TAP or policy: when to look, and which step of
 * recovery to take, is the pump's business. No call carries out more than one
 * bus message (but w5500_stop()), none sleeps; what has to be waited for comes
 * back as a time. One thread at a time. Theory of operation: src/hw/w5500.c.
 */
#ifndef MQTTNODE_W5500_H
#define MQTTNODE_W5500_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mqttnode/cause.h"
#include "mqttnode/cleanup.h"
#include "mqttnode/clock.h"
#include "mqttnode/settings.h"
#include "mqttnode/spidev.h"

/* Frames without FCS; shorter ones are padded by the driver (datasheet 5.2.1, IEEE
 * 802.3 4.2.3). */
#define W5500_FRAME_HEADER 14
#define W5500_FRAME_MIN	   60
#define W5500_FRAME_MAX	   1514

/* Below this clock identification is not tried any more. */
#define W5500_SPEED_MIN_HZ 4000000

/* The least that can be demanded as the longest transfer. */
#define W5500_TRANSFER_MIN 64

struct w5500;

struct w5500_config {
	uint8_t mac[6];
	enum phy_mode phy;
	bool interrupt;	       /* INTn is wired: let reception pull it low */
	bool ipv6;	       /* receive IPv6 */
	bool promiscuous;      /* receive what is for other addresses too */
	uint32_t speed_hz;     /* the highest SPI clock to ask for */
	bool chained;	       /* use the chained plan, if the chip is fit for it */
	uint32_t max_transfer; /* bytes of a transfer, from W5500_TRANSFER_MIN; 0: any */
};

/* What went wrong, as far as one can tell from the chip; the answer is in the pump. */
enum w5500_trouble {
	W5500_TROUBLE_NONE,
	W5500_TROUBLE_SILENT,	/* the echo of the header is missing: no chip there */
	W5500_TROUBLE_RX_LOST,	/* read position lost: resynchronise */
	W5500_TROUBLE_TX_STUCK, /* a SEND does not end, with link */
	W5500_TROUBLE_COMMAND_STUCK, /* Sn_CR does not return to 0 */
	W5500_TROUBLE_PLAN, /* commands of the chained plan are not taken: reset, plainly
			     */
	W5500_TROUBLE_REGISTERS_LOST, /* registers are not as written: reset behind our
					 back */
};

/* Where a start begins; each includes those that follow it in this list. */
enum w5500_start {
	W5500_START_PROBE, /* identification at the configured clock, halved if that fails
			    */
	W5500_START_RESET, /* soft reset and configuration at the present clock */
	W5500_START_REOPEN, /* CLOSE and OPEN of the socket: both rings are emptied */
	W5500_START_RESYNC, /* drop what is in the receive ring */
};

/* Counted since w5500_new(). */
struct w5500_counters {
	uint64_t messages;	/* bus messages that were tried */
	uint64_t bus_errors;	/* of these, refused or failed by the bus */
	uint64_t rx_header_bad; /* impossible record lengths */
	uint64_t rx_window_bad; /* status windows that were not consistent */
	uint64_t rx_overflow;	/* times the ring became so full that frames may have been
				   dropped, having been half empty before */
	uint64_t garbled; /* answers with a wrong echo that is not that of a dead wire */
	uint64_t
		tx_repeated; /* SENDs given again, since the message that had them was cut
			      */
	uint64_t rx_lost; /* times that what was in the ring, or part of it, was given up
			   */
	uint64_t tx_frames; /* SEND completed */
	uint64_t tx_bytes;
	uint64_t tx_lost; /* frames given up: SEND never ended, or the rings were emptied
			   */
};

/* What the health check found. */
struct w5500_health {
	bool link_up;
	uint16_t link_mbit; /* 10 or 100, valid with link_up */
	bool full_duplex;   /* valid with link_up */
	bool recv_latched;  /* Sn_IR.RECV was set: INTn should be low */
	bool rx_waiting;    /* frames in the ring that had not been noticed before */
};

/* A chip without a bus. @clock must outlive it. 0 or -ENOMEM; release with w5500_free().
 */
int w5500_new(struct w5500 **ret, const struct w5500_config *config,
	      const struct clock *clock);
struct w5500 *w5500_free(struct w5500 *chip);

/* The bus to use from now on, or NULL; borrowed. Start with W5500_START_PROBE afterwards.
 */
void w5500_set_bus(struct w5500 *chip, struct spi_bus *bus);

/* Begins a start; then call w5500_start_step() until it does not return 0. */
void w5500_start(struct w5500 *chip, enum w5500_start from);

/*
 * One step: at most one message. Returns 1 when the chip runs; 0 when there is
 * more to do, not before clock time *ret_due_ns; or an error, after which
 * w5500_start() has to be called again: -ENODEV (nothing or nobody known
 * answers), -EPROTO (it answers, but registers or memory do not keep what is
 * written), -ETIME (reset or a command does not end), -ESTALE (for REOPEN
 * and RESYNC: this is not the chip we configured), or what the bus returned.
 */
int w5500_start_step(struct w5500 *chip, uint64_t *ret_due_ns);

/*
 * Why the last start failed with @error (negative errno), as a sentence that
 * names the device @path, into @buf. Returns the cause's name.
 */
enum cause_id w5500_explain(const struct w5500 *chip, int error, const char *path,
			    char *buf, size_t size);

/* The clock in use; lower than configured after a fallback. */
uint32_t w5500_speed_hz(const struct w5500 *chip);

/*
 * Whether the chained plan is configured and cannot be used: the chip failed its test,
 * or when it ran; or the bus takes too few bytes in one message.
 */
bool w5500_chain_refused(const struct w5500 *chip);
bool w5500_chain_lacks_room(const struct w5500 *chip);

/*
 * Halves the clock of a running chip, and that of each start from now on: it errs too
 * often at the present one. False if it is as low as it may be.
 */
bool w5500_slow_down(struct w5500 *chip);

/* Whether the clock in use is lower than the configured one. */
bool w5500_is_slowed(const struct w5500 *chip);

/* Lets the next W5500_START_PROBE begin at the configured clock again. */
void w5500_forget_slowing(struct w5500 *chip);

/* ---- running ---- */

/*
 * Room for the next frame to send: W5500_FRAME_MAX bytes, or NULL while two
 * frames are waiting or on their way. w5500_tx_put() hands it over with @len
 * bytes in it (W5500_FRAME_HEADER..W5500_FRAME_MAX).
 */
uint8_t *w5500_tx_buffer(struct w5500 *chip);
void w5500_tx_put(struct w5500 *chip, size_t len);

/* What the pump knows that the chip has not told yet. */
enum w5500_hint {
	W5500_HINT_LATCHED = 1 << 0, /* INTn is low: clear the latch, expect a frame */
	W5500_HINT_EXPECT = 1 << 1,  /* a frame may well be there: read ahead a little */
};

/*
 * One bus message with all that is known to be needed: commit of what was read,
 * status window, a burst of received records, SEND, upload of the next frame.
 * @hints: enum w5500_hint, or'ed. Returns 0, or what the bus returned; the
 * positions are then verified by the next call. Look at w5500_trouble() after it.
 * All frames of the call before must have been taken with w5500_rx_next().
 */
int w5500_exchange(struct w5500 *chip, unsigned int hints);

/*
 * The next frame that the last exchange brought, or NULL. Valid until the next
 * exchange.
 */
const uint8_t *w5500_rx_next(struct w5500 *chip, size_t *ret_len);

/*
 * When w5500_exchange() should be called again for what the driver knows: 0 at
 * once, UINT64_MAX not on its account (nothing waits in either direction).
 */
uint64_t w5500_due_ns(const struct w5500 *chip);

/*
 * Whether frames are known to wait in the ring, were read and are not committed
 * yet, or the positions are in doubt: the next exchange looks without being told.
 */
bool w5500_rx_waiting(const struct w5500 *chip);

/* Whether a frame is on the wire, or should be. */
bool w5500_tx_busy(const struct w5500 *chip);

enum w5500_trouble w5500_trouble(const struct w5500 *chip);

/*
 * Whether a SEND has taken so long that the link should be looked at before
 * the SEND is declared stuck.
 */
bool w5500_tx_late(const struct w5500 *chip);

/*
 * The link is gone: forgets the frames that wait, returns their number, the
 * one on the wire included. That SEND may hang; the first SEND after the link is
 * back is preceded by a check, and W5500_TROUBLE_TX_STUCK is reported if it does.
 */
unsigned int w5500_tx_drop(struct w5500 *chip);

/*
 * Reads and compares all that was written, in one message. Returns 1 if the
 * chip is as it should be, 0 if not (call again: a second time in a row sets
 * w5500_trouble()), or what the bus returned. *ret is valid with 1.
 */
int w5500_check(struct w5500 *chip, struct w5500_health *ret);

/*
 * Closes the socket in bounded time (some 20 ms at most), letting a SEND end.
 * Sleeps on the clock. For the end of the program.
 */
void w5500_stop(struct w5500 *chip);

const struct w5500_counters *w5500_counters(const struct w5500 *chip);

DEFINE_CLEANUP(struct w5500, w5500_free);

#endif
