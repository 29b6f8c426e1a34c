/* SPDX-License-Identifier: MIT */
/*
 * w5500_sim.h — a strict model of the W5500, byte by byte
 *
 * Written from the description of the chip, never from a driver: what a real
 * chip would punish, or leaves undefined, is a *violation*, recorded with a
 * sentence; tests fail on violations. Where descriptions of the chip disagree
 * there is an option, and a driver has to work with both settings.
 *
 * The model is fed with bytes under a chip select (sim_spi.h does that behind
 * mqttnode/spidev.h) and lives in a board time (board_time.h). All functions
 * are called with the board lock held, or in a program with one thread.
 *
 * Only socket 0 in MACRAW mode moves frames; the hard-wired TCP/IP stack is not
 * modelled, and using it is a violation.
 */
#ifndef MQTTNODE_TESTS_SIM_W5500_SIM_H
#define MQTTNODE_TESTS_SIM_W5500_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board_time.h"
#include "mqttnode/cleanup.h"

/* Frames here are without FCS. Larger ones can be delivered, to be dropped as giants. */
#define W5500_SIM_FRAME_MIN    60
#define W5500_SIM_FRAME_MAX    1514
#define W5500_SIM_FRAME_BUFFER 2048

/* Block select values (BSB) of frames on the bus: see also W5500_SIM_SOCKET(). */
enum w5500_sim_block {
	W5500_SIM_COMMON = 0,
	W5500_SIM_SOCKET_REGS = 1, /* of socket 0; + 4n for socket n */
	W5500_SIM_SOCKET_TX = 2,
	W5500_SIM_SOCKET_RX = 3,
};

/* When a command written to Sn_CR is taken (Sn_CR reads 0) if nothing delays it. */
enum w5500_sim_accept {
	W5500_SIM_ACCEPT_AT_DESELECT,  /* when SCSn rises: the latest the description
					  allows */
	W5500_SIM_ACCEPT_AT_ONCE,      /* before the next byte */
	W5500_SIM_ACCEPT_AT_FRAME_END, /* at the end of an FDM frame, as it must be with
					  SCSn tied low; of a VDM frame when SCSn rises */
};

/* What a SEND during a SEND does; it is a violation in any case. */
enum w5500_sim_send_twice {
	W5500_SIM_SEND_TWICE_IGNORED,
	W5500_SIM_SEND_TWICE_QUEUED,
	W5500_SIM_SEND_TWICE_CORRUPTS,
};

/* Registers that a 16-bit read can see change between its two bytes. */
enum w5500_sim_tear {
	W5500_SIM_TEAR_RX = 1 << 0, /* Sn_RX_RSR and Sn_RX_WR: a frame arrives */
	W5500_SIM_TEAR_TX = 1 << 1, /* Sn_TX_FSR and Sn_TX_RD: a SEND ends */
};

/* A point of the host's work at which the chip can lose its registers, once. */
enum w5500_sim_phase {
	W5500_SIM_PHASE_NONE,
	W5500_SIM_PHASE_RX_STORED,  /* a frame has just come into the ring */
	W5500_SIM_PHASE_RX_BURST,   /* inside a burst from the RX buffer */
	W5500_SIM_PHASE_RX_POINTER, /* Sn_RX_RD is written, RECV is not */
	W5500_SIM_PHASE_RX_RECV,    /* RECV was taken */
	W5500_SIM_PHASE_TX_UPLOAD,  /* inside a burst to the TX buffer */
	W5500_SIM_PHASE_TX_POINTER, /* Sn_TX_WR is written, SEND is not */
	W5500_SIM_PHASE_TX_SEND,    /* SEND was taken, the frame is on the wire */
	W5500_SIM_PHASE_TX_SENT,    /* the frame has left, SEND_OK is set */
};

/*
 * The switches. Members may be changed at any time through
 * w5500_sim_options(). The number is the rule of w5500.md section 12.
 */
struct w5500_sim_options {
	bool write_miso_random; /* 2: MISO is random, not 0, during write data */
	bool hiz_low;		/* 2: MISO reads 0x00, not 0xff, when not selected */
	bool fdm_ends_frame; /* 3: bytes after an FDM frame are ignored, no new header */
	bool fdm_overruns;   /* 3: they are its data, as in VDM: next registers are hit */
	bool fdm_spills; /* 3: one behind another writes to socket 1 what is for socket 0
			  */
	bool fdm_drops_commands;    /* 3: a command in one behind another does nothing */
	bool reserved_reads_random; /* 5: reserved offsets read random, not 0 */
	uint32_t tear; /* 6: enum w5500_sim_tear: what is pending happens between
			  the two bytes of these registers */
	bool soft_reset_drops_link;   /* 7: MR.RST restarts the PHY too */
	uint32_t reset_busy_selects;  /* 8: chip selects that see MR.RST = 1 (1) */
	uint64_t reset_busy_ns;	      /* 8: and at least this long (0) */
	uint32_t versionr_zero_reads; /* 8: VERSIONR reads 0 so often after a reset (0) */
	bool intlevel_delays; /* 10: INTLEVEL acts as documented; else not at all */
	bool oversubscription_harmless; /* 11: buffer sizes above 16 KiB do not corrupt RX
					 */
	uint32_t accept;		/* 12: enum w5500_sim_accept */
	uint32_t command_busy_selects;	/* 12: chip selects after the command that see it
					   in CR */
	uint64_t command_busy_ns;	/* 12: Sn_CR stays non-zero this long */
	bool close_clears_ir;		/* 14: CLOSE clears Sn_IR */
	bool no_padding;		/* 15: short frames leave unpadded */
	bool tx_fsr_at_send;	   /* 15: Sn_TX_FSR counts Sn_TX_WR only from SEND on */
	bool send_ok_without_link; /* 15: SEND_OK also when the link is down */
	uint64_t send_delay_ns;	   /* 15: from SEND to the first bit on the wire (0) */
	uint32_t send_twice;	   /* 15: enum w5500_sim_send_twice */
	bool rsr_follows_rx_rd;	   /* 17: Sn_RX_RSR changes with Sn_RX_RD, before RECV */
	bool recv_raises_ir; /* 17: RECV sets Sn_IR.RECV again if data remain (Q2) */
	bool rsr_grows;	     /* 18: Sn_RX_RSR grows while a frame comes in */
	bool accept_1518;    /* Q12: frames of 1515..1518 bytes are received */
	bool ipv6_multicast_always; /* 20: 33:33 passes MFEN in spite of MIP6B */
	bool other_multicast;	    /* 20: MFEN passes other multicast */
	uint64_t link_delay_ns;	    /* 22: from PHY start or cable to link (1.5 s) */
};

/*
 * Faults of the chip; those of the bus are in sim_spi.h. 0 is healthy; "next n"
 * counts down. The stuck INTn acts at once when set by w5500_sim_set(), else at
 * the end of the next chip select.
 */
struct w5500_sim_faults {
	uint32_t lose_writes;	    /* next n writes of the register below are lost */
	uint32_t lose_writes_block; /* BSB of that register */
	uint32_t lose_writes_offset;
	uint32_t lose_writes_length; /* its bytes (0: 1) */
	uint32_t lose_commands;	     /* next n commands below do nothing, Sn_CR stays 0 */
	uint32_t lose_command;	     /* 0: any command */
	uint32_t reset_at; /* enum w5500_sim_phase: w5500_sim_self_reset() there */
	uint32_t
		hung; /* nothing is answered, taken or received, until n pulses on RSTn */
	bool cr_stuck;		 /* commands are never taken, until cleared */
	uint32_t send_stuck;	 /* next n SENDs never end, nothing leaves */
	uint32_t send_ok_lost;	 /* next n SENDs end without SEND_OK */
	uint32_t bad_rx_headers; /* next n stored records get the length below */
	uint32_t bad_rx_length;
	uint32_t wrong_versionr;  /* VERSIONR reads this, if not 0 */
	uint32_t intn_edges_lost; /* next n falling edges of INTn are not reported */
	bool intn_stuck_high;	  /* INTn never falls */
	bool intn_stuck_low;	  /* INTn never rises */
};

struct w5500_sim_stats {
	uint64_t chip_selects;	      /* SCSn cycles */
	uint64_t bytes;		      /* bytes clocked while selected */
	uint64_t cr_polls, rsr_polls; /* frames on the bus that read Sn_CR, Sn_RX_RSR */
	uint64_t opens, closes, sends, recvs; /* commands taken */
	uint64_t soft_resets, hard_resets, self_resets;
	uint64_t tx_frames, tx_bytes; /* put on the wire */
	uint64_t tx_lost; /* SENDs that came to nothing: no link, closed, reset, fault */
	uint64_t rx_frames, rx_bytes; /* stored in the ring */
	uint64_t rx_dropped_full;     /* did not fit in the ring */
	uint64_t rx_dropped_filter;
	uint64_t rx_dropped_closed; /* socket not open, or no link */
	uint64_t rx_dropped_bad;    /* runt, giant, bad FCS */
	uint64_t violations;
	uint64_t excused; /* would be violations, had the host been able to know better */
};

struct w5500_sim;

/*
 * A chip with power on for long, SCSn and RSTn high, the cable plugged and a
 * partner that can do 100 Mbit/s full duplex; its link comes up link_delay_ns
 * later. @options NULL: the defaults. @time must outlive it. 0 or -ENOMEM.
 */
int w5500_sim_new(struct w5500_sim **ret, struct board_time *time,
		  const struct w5500_sim_options *options);
struct w5500_sim *w5500_sim_free(struct w5500_sim *chip);

struct w5500_sim_options w5500_sim_default_options(void);

/* Live access to switches, faults and counters; owned by @chip. */
struct w5500_sim_options *w5500_sim_options(struct w5500_sim *chip);
struct w5500_sim_faults *w5500_sim_faults(struct w5500_sim *chip);
const struct w5500_sim_stats *w5500_sim_stats(const struct w5500_sim *chip);

/* The board time the chip lives in. */
struct board_time *w5500_sim_time(const struct w5500_sim *chip);

/* Bytes of memory that the model has allocated. */
size_t w5500_sim_allocated(const struct w5500_sim *chip);

/* ---- violations ---- */

/* The first this many keep their text; all are counted in the statistics. */
#define W5500_SIM_VIOLATIONS_KEPT 64

/* The text of violation @i, or NULL. */
const char *w5500_sim_violation(const struct w5500_sim *chip, size_t i);
void w5500_sim_clear_violations(struct w5500_sim *chip);

/* Records a violation seen outside the chip, on its bus or pins. */
void w5500_sim_violate(struct w5500_sim *chip, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Says that an injected fault has just changed data between host and chip, so
 * that the host cannot be blamed: what would be a violation within the next
 * second is only counted as excused. The faults of this file and of sim_spi.h
 * do it themselves.
 */
void w5500_sim_excuse(struct w5500_sim *chip);

/*
 * Rule 12, a command over a command that is not taken: a violation, but for the
 * one that a host could not know of. A bus adapter carries out a list of
 * accesses that was made before any of them; a host may put one RECV and, after
 * at least one other chip select, one SEND into such a list, because every chip
 * that was described takes a command long before that. Without that chip select
 * it is a violation, whether the chip is as fast as that or not. When the chip turns out
 * to be slower, or a fault holds the command, that SEND is ignored and counted
 * as excused, once in the life of the chip. Nor is there an excuse for a host
 * that has read RECV or SEND out of Sn_CR in an earlier message: it knows, and
 * has to bring one command at a time. @answered: what was read got to the host.
 */
/*
 * FDM frames that share a chip select, rule 3: nobody knows what a chip does that
 * does not take them. A host that writes with them has to have seen, in an earlier
 * message, that the chip answers them.
 */
void w5500_sim_message_begins(struct w5500_sim *chip);
void w5500_sim_message_ends(struct w5500_sim *chip, bool answered);

/* ---- SPI: mode 0 or 3, MSB first ---- */

void w5500_sim_select(struct w5500_sim *chip);	 /* SCSn falls */
void w5500_sim_deselect(struct w5500_sim *chip); /* SCSn rises */

/* Clocks eight bits, or the @n (1..7) highest bits of @mosi; returns MISO in the same
 * places. */
uint8_t w5500_sim_clock_byte(struct w5500_sim *chip, uint8_t mosi);
uint8_t w5500_sim_clock_bits(struct w5500_sim *chip, uint8_t mosi, unsigned int n);

/* ---- pins ---- */

/* RSTn: high (true) or low. The chip is held in reset while it is low. */
void w5500_sim_set_rstn(struct w5500_sim *chip, bool level);

/* INTn: true is high, idle. @on_change is called with the new level. */
bool w5500_sim_intn(const struct w5500_sim *chip);
void w5500_sim_set_intn_callback(struct w5500_sim *chip,
				 void (*on_change)(void *ctx, bool level), void *ctx);

/* All registers to their reset values behind the host's back (brown-out, ESD); the PHY
 * restarts. */
void w5500_sim_self_reset(struct w5500_sim *chip);

/* ---- the wire ---- */

/* Plugs or pulls the cable: link after link_delay_ns, or no link at once. */
void w5500_sim_set_cable(struct w5500_sim *chip, bool plugged);
bool w5500_sim_cable(const struct w5500_sim *chip);

/* What the partner can do: 10 or 100 Mbit/s. Restarts negotiation if the cable is in. */
void w5500_sim_set_partner(struct w5500_sim *chip, unsigned int mbit, bool full_duplex);

/* Whether PHYCFGR.LNK is 1, and its speed (10 or 100, 0 without link). */
bool w5500_sim_link(const struct w5500_sim *chip);
unsigned int w5500_sim_link_mbit(const struct w5500_sim *chip);

/* @on_frame is called with each frame that the chip has sent, at the end of its wire
 * time. */
void w5500_sim_set_frame_callback(struct w5500_sim *chip,
				  void (*on_frame)(void *ctx, const uint8_t *frame,
						   size_t len),
				  void *ctx);

/*
 * Puts a frame of @len <= W5500_SIM_FRAME_BUFFER bytes on the wire to the chip.
 * Its first bit comes at @start_ns, or as soon as the frames before it have
 * left the wire free; its last bit comes one wire time later, and then the chip
 * stores or drops it. Any number can wait. The second form spoils the FCS.
 * 0 or -ENOMEM.
 */
int w5500_sim_deliver(struct w5500_sim *chip, const uint8_t *frame, size_t len,
		      uint64_t start_ns);
int w5500_sim_deliver_bad_fcs(struct w5500_sim *chip, const uint8_t *frame, size_t len,
			      uint64_t start_ns);

/* Frames given to w5500_sim_deliver() that have not come to the chip yet. */
size_t w5500_sim_pending(const struct w5500_sim *chip);

/*
 * A sender that is asked for its next frame whenever the wire is free, with no
 * pause but the inter-frame gap ("backlog"): @next writes up to
 * W5500_SIM_FRAME_BUFFER bytes and returns the length, or 0 if there is nothing
 * to send now; w5500_sim_kick_source() makes it be asked again. Delivered
 * frames go first. Asked only while the link is up. NULL takes it away.
 */
void w5500_sim_set_source(struct w5500_sim *chip,
			  size_t (*next)(void *ctx, uint8_t *frame), void *ctx);
void w5500_sim_kick_source(struct w5500_sim *chip);

/* ---- by name: for the board's options, the board socket, and tests over all of them
 * ---- */

/*
 * Sets a member of options or faults by its name ("reset_busy_ns",
 * "send_stuck"); bool takes 0 and 1. 0, -ENOENT (no such name) or -ERANGE.
 */
int w5500_sim_set(struct w5500_sim *chip, const char *name, uint64_t value);

/* Calls @each for every option and fault, or every counter, with its name and value. */
void w5500_sim_each_setting(const struct w5500_sim *chip,
			    void (*each)(void *ctx, const char *name, uint64_t value),
			    void *ctx);
void w5500_sim_each_counter(const struct w5500_sim *chip,
			    void (*each)(void *ctx, const char *name, uint64_t value),
			    void *ctx);

DEFINE_CLEANUP(struct w5500_sim, w5500_sim_free);

#endif
