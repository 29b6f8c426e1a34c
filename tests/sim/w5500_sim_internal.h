/* SPDX-License-Identifier: MIT */
/*
 * w5500_sim_internal.h — what the files of the W5500 model share
 *
 *	w5500_sim.c          life, reset, interrupt logic, violations
 *	w5500_sim_spi.c      the SPI engine: bytes to register and memory accesses
 *	w5500_sim_regs.c     the register map
 *	w5500_sim_command.c  Sn_CR and transmission
 *	w5500_sim_receive.c  the wire to the chip, filter, storing
 *	w5500_sim_phy.c      PHYCFGR, cable and link
 *	w5500_sim_faults.c   faults in the middle of something
 */
#ifndef MQTTNODE_TESTS_SIM_W5500_SIM_INTERNAL_H
#define MQTTNODE_TESTS_SIM_W5500_SIM_INTERNAL_H

#include "w5500_sim.h"

#define N_SOCKETS   8
#define MEMORY_SIZE 16384u

/* Common registers, w5500.md 3.1. */
#define COMMON_REGS 0x3a
#define MR	    0x00
#define SHAR	    0x09
#define SIPR	    0x0f
#define INTLEVEL    0x13
#define IR	    0x15
#define IMR	    0x16
#define SIR	    0x17
#define SIMR	    0x18
#define RTR	    0x19
#define RCR	    0x1b
#define PTIMER	    0x1c
#define PMRU	    0x26
#define UIPR	    0x28
#define UPORTR	    0x2c
#define PHYCFGR	    0x2e
#define VERSIONR    0x39

#define MR_RST	    0x80
#define MR_RESERVED 0x45

/* Socket registers, w5500.md 3.2. */
#define SOCKET_REGS 0x30
#define SN_MR	    0x00
#define SN_CR	    0x01
#define SN_IR	    0x02
#define SN_SR	    0x03
#define SN_DHAR	    0x06
#define SN_TTL	    0x16
#define SN_RXBUF    0x1e
#define SN_TXBUF    0x1f
#define SN_TX_FSR   0x20
#define SN_TX_RD    0x22
#define SN_TX_WR    0x24
#define SN_RX_RSR   0x26
#define SN_RX_RD    0x28
#define SN_RX_WR    0x2a
#define SN_IMR	    0x2c
#define SN_FRAG	    0x2d

#define SN_MR_MFEN   0x80
#define SN_MR_BCASTB 0x40
#define SN_MR_MMB    0x20
#define SN_MR_MIP6B  0x10
#define SN_MR_PROTO  0x0f
#define SN_MR_MACRAW 0x04

#define SN_CR_OPEN  0x01
#define SN_CR_CLOSE 0x10
#define SN_CR_SEND  0x20
#define SN_CR_RECV  0x40

#define SN_IR_RECV    0x04
#define SN_IR_SEND_OK 0x10

#define SN_SR_CLOSED 0x00
#define SN_SR_MACRAW 0x42

#define PHYCFGR_RST    0x80
#define PHYCFGR_OPMD   0x40
#define PHYCFGR_OPMDC  0x38
#define PHYCFGR_STATUS 0x07
#define PHYCFGR_DPX    0x04
#define PHYCFGR_SPD    0x02
#define PHYCFGR_LNK    0x01

struct sim_socket {
	struct w5500_sim *chip;
	unsigned int n;
	uint8_t regs[SOCKET_REGS]; /* what the host wrote; the rest is below */
	uint8_t cr, ir, sr;
	uint16_t tx_rd, rx_wr;
	uint16_t rx_committed; /* Sn_RX_RD at the last RECV */
	/* a command that is not taken yet */
	uint32_t cr_selects; /* deselects still to come before it is */
	uint64_t cr_ready_ns;
	struct board_event cr_event;
	uint64_t cr_message;	 /* number of the message that wrote it; 0: none did */
	uint32_t cr_message_age; /* deselects since */
	/* transmission */
	bool sending;
	bool send_dead;	   /* will never end: no link, or a fault */
	bool send_garbled; /* leaves corrupted */
	bool send_queued;
	uint16_t send_end, queued_end;
	struct board_event send_event;
};

struct spi_engine {
	bool selected;
	bool dead;     /* chip held in reset or PLL not locked: this frame goes nowhere */
	bool ignoring; /* the rest of this frame does */
	unsigned int position; /* 0..2 header, 3 data */
	uint16_t offset;
	uint8_t control;
	unsigned int fdm_left; /* data bytes to come in an FDM frame */
	bool behind_fdm;       /* a whole FDM frame was under this chip select */
	bool wrote;	       /* ... or the header of one that writes */
	bool first_data;
	unsigned int n_buffer; /* bytes of buffer memory in this frame so far */
	bool saw_cr, saw_rsr;
	unsigned int bit_n; /* bits of an incomplete byte */
	uint8_t shift_in, shift_out;
};

struct line_frame {
	struct line_frame *next;
	uint64_t start_ns;
	bool bad_fcs;
	size_t len;
	uint8_t data[];
};

struct sim_wire {
	struct line_frame *head, **tail; /* given to w5500_sim_deliver() */
	size_t n;
	size_t (*source)(void *ctx, uint8_t *frame);
	void *source_ctx;
	/* the frame on the wire now */
	bool busy, spoiled;
	uint64_t start_ns, free_ns;
	size_t len;
	uint8_t data[W5500_SIM_FRAME_BUFFER];
	struct board_event event; /* its last bit */
};

struct sim_phy {
	uint8_t mode; /* OPMDC in effect; changed by a PHY reset only */
	bool cable;
	unsigned int partner_mbit;
	bool partner_full;
	bool link;
	unsigned int mbit;
	bool full;
	struct board_event event; /* link comes up */
};

struct w5500_sim {
	struct board_time *time;
	struct w5500_sim_options options;
	struct w5500_sim_faults faults;
	struct w5500_sim_stats stats;
	uint64_t random;
	uint64_t excused_until_ns;
	uint64_t n_messages;
	uint64_t message;    /* number of that under way, or 0 */
	bool slowness_read;  /* ... has read from Sn_CR a command that is not taken */
	bool chain_read;     /* ... has been answered frames that share a chip select */
	bool chain_known;    /* an earlier one has */
	bool slowness_known; /* so did the host, or it was excused for not knowing */
	char *violations[W5500_SIM_VIOLATIONS_KEPT];
	bool losing; /* a fault takes the rest of the register being written */

	struct spi_engine spi;
	uint8_t common[COMMON_REGS];
	struct sim_socket sockets[N_SOCKETS];
	uint8_t tx_memory[MEMORY_SIZE];
	uint8_t rx_memory[MEMORY_SIZE];

	/* resets */
	bool rstn;
	uint64_t rstn_fell_ns, pll_ready_ns;
	bool resetting; /* MR.RST reads 1 */
	uint32_t reset_selects;
	uint64_t reset_ready_ns;
	uint32_t versionr_zero;

	/* INTn */
	bool intn;
	uint64_t intn_hold_ns; /* not low again before */
	struct board_event intn_event;
	void (*on_intn)(void *ctx, bool level);
	void *on_intn_ctx;

	struct sim_wire wire;
	void (*on_frame)(void *ctx, const uint8_t *frame, size_t len);
	void *on_frame_ctx;
	struct sim_phy phy;
};

/* w5500_sim.c */
uint64_t sim_now(const struct w5500_sim *chip);
uint8_t sim_random(struct w5500_sim *chip);
void sim_soft_reset(struct w5500_sim *chip);	   /* MR.RST was written */
void sim_reset_selected(struct w5500_sim *chip);   /* a chip select began ... */
void sim_reset_deselected(struct w5500_sim *chip); /* ... and ended */
bool sim_dead(const struct w5500_sim *chip);	   /* RSTn low, or the PLL not locked */
uint8_t sim_sir(const struct w5500_sim *chip);
void sim_intn_update(struct w5500_sim *chip);
void sim_intn_cleared(struct w5500_sim *chip); /* the host cleared a cause */
void sim_ir_set(struct sim_socket *s, uint8_t bits);
/* Counts what would be a violation, had the host been able to know. */
void sim_excused(struct w5500_sim *chip);
void sim_self_reset(struct w5500_sim *chip); /* loses all registers */

/* w5500_sim_faults.c */
/* Counts down a fault that holds for the next n; whether it holds now. */
bool sim_fault_take(uint32_t *count);
/* Whether a fault takes a byte that the host writes; @first: of its frame on the bus. */
bool sim_write_is_lost(struct w5500_sim *chip, unsigned int bsb, uint16_t offset,
		       bool first);
bool sim_command_is_lost(struct w5500_sim *chip, uint8_t command);
/* The host's work has come to @phase: the chip may lose its registers here. */
void sim_phase(struct w5500_sim *chip, enum w5500_sim_phase phase);
/* The same, for a data byte that has just been read or written. */
void sim_phase_of_byte(struct w5500_sim *chip, unsigned int bsb, bool write);

/* w5500_sim_regs.c */
void sim_regs_reset(struct w5500_sim *chip);
/* One data byte of a frame on the bus; @first: the frame's first data byte. */
uint8_t sim_read(struct w5500_sim *chip, unsigned int bsb, uint16_t offset, bool first);
void sim_write(struct w5500_sim *chip, unsigned int bsb, uint16_t offset, uint8_t value,
	       bool first);
uint16_t sim_socket_word(const struct sim_socket *s, unsigned int offset);
unsigned int sim_rx_size(const struct sim_socket *s); /* bytes */
unsigned int sim_tx_size(const struct sim_socket *s);
bool sim_rx_oversubscribed(const struct w5500_sim *chip);
/* The byte of socket memory that @offset means; NULL if the socket has none. */
uint8_t *sim_rx_byte(struct sim_socket *s, uint16_t offset);
uint8_t *sim_tx_byte(struct sim_socket *s, uint16_t offset);

/* w5500_sim_command.c */
void sim_command_init(struct sim_socket *s);
void sim_command_reset(struct sim_socket *s);
void sim_command_write(struct sim_socket *s, uint8_t command);
void sim_command_deselected(struct sim_socket *s);
void sim_command_frame_ended(struct sim_socket *s); /* an FDM frame, by its count */
void sim_command_read(struct sim_socket *s);	    /* Sn_CR */
void sim_send_finish_now(struct sim_socket *s);
void sim_send_link_lost(struct sim_socket *s);
uint16_t sim_tx_free(const struct sim_socket *s);
/* Whether @offset lies in the frame being sent. */
bool sim_send_covers(const struct sim_socket *s, uint16_t offset);
/* Nanoseconds that one byte takes on the wire. */
uint64_t sim_wire_byte_ns(const struct w5500_sim *chip);

/* w5500_sim_receive.c */
void sim_wire_init(struct w5500_sim *chip);
void sim_wire_free(struct w5500_sim *chip);
void sim_wire_start(
	struct w5500_sim *chip); /* begin the next frame if the wire is free */
void sim_wire_link_lost(struct w5500_sim *chip);
void sim_wire_finish_now(struct w5500_sim *chip);
uint16_t sim_rx_received(const struct sim_socket *s); /* Sn_RX_RSR */

/* w5500_sim_phy.c */
void sim_phy_init(struct w5500_sim *chip);
void sim_phy_free(struct w5500_sim *chip);
void sim_phy_restart(struct w5500_sim *chip);
uint8_t sim_phy_status(const struct w5500_sim *chip);
void sim_phy_write(struct w5500_sim *chip, uint8_t value);

#endif
