/* SPDX-License-Identifier: MIT */
/* w5500_internal.h — what the files of the W5500 driver share */
#ifndef MQTTNODE_W5500_INTERNAL_H
#define MQTTNODE_W5500_INTERNAL_H

#include "mqttnode/w5500.h"
#include "w5500_message.h"

/* Memory of socket 0, each way: all there is. */
#define W5500_RING_KIB	16u
#define W5500_RING_SIZE (W5500_RING_KIB * 1024u)

/* Receive records: a big-endian length that includes its own two bytes, then the frame.
 */
#define W5500_RECORD_PREFIX 2
#define W5500_RECORD_MIN    (W5500_RECORD_PREFIX + W5500_FRAME_MIN)
#define W5500_RECORD_MAX    (W5500_RECORD_PREFIX + 1518)

/*
 * The longest burst. Half of the whole records that the ring can hold, if they are
 * of full length: while it is read, a busy wire refills the other half, so that the
 * next burst is as long again and none asks for more than there is.
 */
#define W5500_BURST_MAX 7680
/* Place before a burst for the record that the last one began. */
#define W5500_CARRY_MAX 1536

/* How long a command may take to be taken, and a reset to end. */
#define W5500_COMMAND_LIMIT_NS (100 * NSEC_PER_MSEC)

/* The status window: Sn_TX_FSR..Sn_RX_WR; the wide one begins at Sn_CR. */
#define W5500_WINDOW_SIZE      12
#define W5500_WINDOW_WIDE_SIZE 43

struct w5500_window {
	uint8_t cr, ir, sr; /* of a wide window */
	uint16_t tx_fsr, tx_rd, tx_wr, rx_rsr, rx_rd, rx_wr;
};

/* A frame to send, as it goes over the bus: room for the header, then the data. */
struct w5500_tx_frame {
	uint8_t wire[W5500_HEADER_SIZE + W5500_FRAME_MAX];
	size_t len;
	size_t uploaded; /* bytes that are in the memory of the chip */
};

/* What a message tried to change; needed when it is not certain that it did. */
struct w5500_attempt {
	uint16_t rx_old, rx_new; /* Sn_RX_RD and RECV; equal if not tried */
	uint16_t tx_old, tx_new; /* Sn_TX_WR and SEND; equal if not tried */
	bool send_again;	 /* SEND alone, for what the last one may not have sent */
	bool bus_failed;	 /* the message may have been cut anywhere */
};

enum w5500_step {
	W5500_STEP_NONE, /* not started, or failed */
	W5500_STEP_IDENTIFY,
	W5500_STEP_RESET,
	W5500_STEP_RESET_WAIT,
	W5500_STEP_PATTERN,
	W5500_STEP_CHAIN_BEFORE,
	W5500_STEP_CHAIN_LOOK,
	W5500_STEP_CHAIN_TRY,
	W5500_STEP_CHAIN_AFTER,
	W5500_STEP_CONFIGURE,
	W5500_STEP_COMPARE,
	W5500_STEP_COMPARE_SIZES,
	W5500_STEP_PHY_RELEASE,
	W5500_STEP_CLOSE,
	W5500_STEP_CLOSE_WRITE,
	W5500_STEP_CLOSE_WAIT,
	W5500_STEP_OPEN,
	W5500_STEP_OPEN_WAIT,
	W5500_STEP_INTERRUPT,
	W5500_STEP_RESYNC,
	W5500_STEP_RESYNC_WRITE,
	W5500_STEP_RUNNING,
};

/* What the chip answered when a start failed. */
enum w5500_answer {
	W5500_ANSWER_NONE,
	W5500_ANSWER_ZEROS,
	W5500_ANSWER_ONES,
	W5500_ANSWER_SHIFTED, /* right, but some bits early or late */
	W5500_ANSWER_GARBLED,
	W5500_ANSWER_OTHER_VERSION,
	W5500_ANSWER_GOOD,
};

/* Whether this chip takes chained accesses. */
enum w5500_chain {
	W5500_CHAIN_UNTRIED, /* since it was last identified */
	W5500_CHAIN_PROVEN,
	W5500_CHAIN_REFUSED,
	W5500_CHAIN_NO_ROOM, /* the bus is too small for it */
	W5500_CHAIN_BROKEN, /* passed the test, and failed when it ran: not tried again */
};

/* Registers that the test of that compares. */
#define W5500_CHAIN_IMAGE_SIZE 287

struct w5500 {
	struct w5500_config config;
	const struct clock *clock; /* borrowed */
	struct spi_bus *bus;	   /* borrowed, or NULL */
	uint32_t speed_hz;
	uint32_t speed_limit_hz; /* found at run time */
	uint64_t looked_ns; /* when the last message began: what it read is not older */
	struct w5500_counters counters;
	enum w5500_trouble trouble;

	/* Start. */
	enum w5500_step step;
	uint64_t step_deadline_ns; /* of the present step */
	unsigned int step_round;   /* writes done, patterns passed, attempts made */
	enum w5500_answer answer;
	uint8_t version; /* with W5500_ANSWER_OTHER_VERSION */
	uint16_t resync_to;
	bool phy_manual; /* the PHY has to be given its mode */
	enum w5500_chain chain;
	uint8_t chain_image[W5500_CHAIN_IMAGE_SIZE];
	unsigned int chain_tries;  /* tests since the chip was identified */
	unsigned int chain_missed; /* RECVs in a row that did not happen */
	unsigned int chain_stuck;  /* SENDs and commands in a row that did not end */
	bool was_open;		   /* since the last reset that we made */

	/* Commands, and what is not certain. */
	uint8_t command;    /* written, and not yet seen to be taken; else 0 */
	bool slow_commands; /* one was seen not to be taken at once: no more RECV and SEND
			       in one message, until ... */
	unsigned int prompt_commands; /* ... so many in a row were taken at once, ... */
	unsigned int prompt_enough;   /* ... and this is enough; grows each time */
	bool recv_last;		      /* the last message had RECV */
	bool unsettled; /* RECV, from the position below on, is not proven yet */
	uint16_t unsettled_rx_rd;
	bool unsure;		    /* positions have to be verified by a wide window */
	bool verified_badly;	    /* ... which was tried once */
	unsigned int verify_rounds; /* that found torn windows only */
	uint64_t verify_due_ns;
	uint64_t command_deadline_ns; /* Sn_CR must be 0 by then; 0: it is */
	unsigned int check_failed;    /* times in a row */
	struct w5500_attempt attempt;

	/* Receive ring; 16-bit positions as in the chip. */
	uint16_t rx_rd;		 /* committed: the chip may overwrite what is before */
	uint16_t rx_read;	 /* read from the ring up to here */
	uint16_t rx_wr;		 /* records are complete up to here, as far as we know */
	uint16_t rx_arrived[2];	 /* bytes that came between the last windows, latest first
				  */
	size_t rx_head, rx_tail; /* bytes read and not yet taken, in rx_buffer */
	size_t rx_last;	 /* length of the last record that was whole; 0: none yet */
	bool rx_suspect; /* an impossible length was read at rx_suspect_at, once */
	uint16_t rx_suspect_at;
	bool rx_was_full;	      /* at the last window */
	bool rx_overflowing;	      /* was full, and not half empty since */
	unsigned int inexact_windows; /* in a row */
	bool rx_inexact;  /* rx_wr is what the last window vouches for, maybe less than
			     there is */
	bool latch_dirty; /* frames came since Sn_IR.RECV was cleared */

	/* Transmit ring. */
	uint16_t tx_wr;			 /* end of the last frame given to SEND */
	unsigned int tx_first, tx_count; /* of tx: the oldest, and how many */
	bool tx_in_flight;		 /* the oldest is on the wire */
	bool tx_after_recv;		 /* its SEND was in one message with RECV */
	bool tx_doubtful;	  /* its message was cut, perhaps before SEND ... */
	bool tx_again;		  /* ... which must be so by now */
	unsigned int tx_outlasts; /* waits for a SEND in a row that were in vain */
	unsigned int tx_unwaited; /* frames sent since there were too many of them */
	unsigned int tx_enough;	  /* of these, until a wait is tried again; grows */
	bool tx_abandoned; /* ... or was when the link went; counted as dropped already */
	uint64_t tx_sent_ns, tx_due_ns;
	unsigned int tx_looks; /* windows that found it still in flight */
	uint16_t link_mbit;    /* 10 or 100; what the wire time is computed with */
	struct w5500_tx_frame tx[2];

	struct w5500_message message;
	uint8_t rx_buffer[W5500_CARRY_MAX + W5500_BURST_MAX];
};

/* w5500.c */

/*
 * Runs the message and counts. What it read may be old when it comes to be judged: the
 * processor is not ours alone. Only what was looked at after its time is late.
 */
int w5500_run(struct w5500 *chip);

/* Whether the chip echoed the header of the read whose answer is at @data; counts. */
bool w5500_echoed(struct w5500 *chip, const uint8_t *data);

/* Sn_MR of socket 0: MACRAW, and what the chip keeps from us (quirk Q13). */
uint8_t w5500_socket_mode(const struct w5500_config *config);

/* What socket 0 and common registers must read; see w5500_check(). */
bool w5500_registers_match(const struct w5500 *chip, const uint8_t *common,
			   const uint8_t *socket);

/* The value of PHYCFGR that makes the mode, with the PHY running. Not for PHY_MODE_AUTO.
 */
uint8_t w5500_phy_value(enum phy_mode mode);

#define W5500_COMMON_IMAGE_SIZE (W5500_REG_OFFSET(W5500_VERSIONR) + 1)
#define W5500_SOCKET_REGISTERS	0x30 /* all of a socket */
#define W5500_SOCKET_IMAGE_SIZE (W5500_REG_OFFSET(W5500_SN_IMR(0)) + 1)

/* w5500_start.c */

/* Goes to @step, which has @limit_ns of time. */
void w5500_step_enter(struct w5500 *chip, enum w5500_step step, uint64_t limit_ns);

/* Whether the time of the present step was over when the last message began. */
bool w5500_step_expired(const struct w5500 *chip);

/* Returns 0: there is more to do, not before @ns from now. */
int w5500_step_later(const struct w5500 *chip, uint64_t *ret_due_ns, uint64_t ns);

/* w5500_socket.c: one step each, with the results of w5500_start_step() */
int w5500_step_close(struct w5500 *chip, uint64_t *ret_due_ns);
int w5500_step_close_write(struct w5500 *chip, uint64_t *ret_due_ns);
int w5500_step_close_wait(struct w5500 *chip, uint64_t *ret_due_ns);
int w5500_step_open(struct w5500 *chip, uint64_t *ret_due_ns);
int w5500_step_open_wait(struct w5500 *chip, uint64_t *ret_due_ns);
int w5500_step_interrupt(struct w5500 *chip);
int w5500_step_resync(struct w5500 *chip, uint64_t *ret_due_ns);
int w5500_step_resync_write(struct w5500 *chip, uint64_t *ret_due_ns);

/* Both rings are empty and begin at these positions; nothing is doubtful any more. */
void w5500_forget(struct w5500 *chip, uint16_t rx_rd, uint16_t tx_wr);

/* w5500_chain.c */

/* Whether messages may be chained. */
bool w5500_chain_usable(const struct w5500 *chip);

/* Like those of w5500_window.c. */
bool w5500_chain_window_add(struct w5500_message *m, bool wide, const uint8_t **ret);
void w5500_chain_window_parse(const uint8_t *data, bool wide, struct w5500_window *ret);

/* The first answer in such a window whose header was not echoed, or NULL. */
const uint8_t *w5500_chain_window_unechoed(const uint8_t *data, bool wide);

/*
 * Whether frames of @len bytes leave so soon that waiting for it inside of a message is
 * cheaper than another chip select.
 */
bool w5500_chain_is_short(const struct w5500 *chip, size_t len);

/* Adds that wait, for a frame of @len bytes, between its SEND and a wide window. */
bool w5500_chain_wait_add(struct w5500 *chip, size_t len);

/* A message with that wait is over, and its window was seen. */
void w5500_chain_waited(struct w5500 *chip);

/* One step each, with the results of w5500_start_step(). */
int w5500_step_chain_before(struct w5500 *chip, uint64_t *ret_due_ns);
int w5500_step_chain_look(struct w5500 *chip, uint64_t *ret_due_ns);
int w5500_step_chain_try(struct w5500 *chip, uint64_t *ret_due_ns);
int w5500_step_chain_after(struct w5500 *chip, uint64_t *ret_due_ns);

/*
 * What became of commands: a RECV did nothing, or was taken; a SEND or a command stuck
 * (call after setting the trouble), or a frame has left. Too many in a row that failed
 * with the chained plan make that the trouble: W5500_TROUBLE_PLAN.
 */
void w5500_chain_recv_missed(struct w5500 *chip);
void w5500_chain_recv_taken(struct w5500 *chip);
void w5500_chain_stuck(struct w5500 *chip);
void w5500_chain_sent(struct w5500 *chip);

/* w5500_window.c */

/* Adds the reading of a status window to the message; *ret for w5500_window_parse(). */
bool w5500_window_add(struct w5500_message *m, bool wide, const uint8_t **ret);
void w5500_window_parse(const uint8_t *data, bool wide, struct w5500_window *ret);

/*
 * Whether @w can be that of an open socket with all of the memory: at most two
 * frames are in the transmit ring. After a reset behind our back it has 2 KiB, and
 * positions that we have just written would agree with us all the same.
 */
bool w5500_window_is_open(const struct w5500_window *w, bool wide);

/* Whether the receive side of @w is what it must be after RECV at @rx_rd. */
bool w5500_window_rx_agrees(const struct w5500_window *w, uint16_t rx_rd);

/* Whether @w is consistent in itself and with these positions of ours. */
bool w5500_window_agrees(const struct w5500_window *w, uint16_t rx_rd, uint16_t tx_wr);

/*
 * Whether what only we move is right in @w. If it does not agree nevertheless, a
 * frame came in while it was read, or a command is still being taken.
 */
bool w5500_window_is_ours(const struct w5500_window *w, uint16_t rx_rd, uint16_t tx_wr);

/* How much more Sn_RX_RSR says than Sn_RX_WR does. */
uint16_t w5500_window_rx_excess(const struct w5500_window *w, uint16_t rx_rd);

/*
 * Whether @w shows nothing worse than a record that is coming in: it is not
 * documented that Sn_RX_RSR counts complete records only.
 */
bool w5500_window_rx_is_growing(const struct w5500_window *w, uint16_t rx_rd);

/* Draws the conclusions from a window that agrees. */
void w5500_window_accept(struct w5500 *chip, const struct w5500_window *w, bool wide);

/* A wide window showed @cr in Sn_CR: learns from it how fast commands are taken. */
void w5500_command_seen(struct w5500 *chip, uint8_t cr);

/* The chip is slow with commands. */
void w5500_commands_slow(struct w5500 *chip);

/* A command was taken when the chip was next looked at. */
void w5500_command_prompt(struct w5500 *chip);

/* w5500_verify.c */

/* Positions are not certain any more: nothing was tried but what @attempt says (NULL:
 * nothing). */
void w5500_doubt(struct w5500 *chip, const struct w5500_attempt *attempt);

/* Reads windows until what the failed or doubtful message did is known. Writes nothing.
 */
int w5500_verify(struct w5500 *chip);

/* Finds out from @w whether the SEND of the attempt happened. False: cannot be. */
bool w5500_settle_tx(struct w5500 *chip, const struct w5500_window *w);

/* w5500_ring.c */

/* Bytes that are in the ring for certain, and not read yet. */
uint16_t w5500_rx_known(const struct w5500 *chip);

/* The ring up to here has reached the caller as whole frames: this may be committed. */
uint16_t w5500_rx_complete(const struct w5500 *chip);

/* @len, or less: so that the burst ends where a record does, if all are like the last. */
size_t w5500_rx_whole(const struct w5500 *chip, size_t len);

/* Bytes missing from the record that the last burst began, 0 if none or its length is not
 * known. */
uint16_t w5500_rx_missing(const struct w5500 *chip);

/* Moves that beginning in front of the place of the next burst, which is returned. */
uint8_t *w5500_rx_place(struct w5500 *chip);

/* @len bytes of the burst are good. */
void w5500_rx_append(struct w5500 *chip, size_t len);

/* Forgets all that was read and not taken; the ring begins anew at @position. */
void w5500_rx_reset(struct w5500 *chip, uint16_t position);

/* w5500_tx.c */

struct w5500_tx_frame *w5500_tx_frame(struct w5500 *chip, unsigned int i);

/* The oldest frame has left, or is given up; the next begins. */
void w5500_tx_shift(struct w5500 *chip);

/* What a frame of @len bytes takes on the wire, with all around it. */
uint64_t w5500_tx_wire_ns(const struct w5500 *chip, size_t len);

/* SEND was issued at @now_ns for the oldest frame. */
void w5500_tx_sent(struct w5500 *chip, uint64_t now_ns);

/* A window showed Sn_TX_RD. */
void w5500_tx_seen(struct w5500 *chip, uint16_t tx_rd);

/* Uploads have to be made again; what is on the wire stays. */
void w5500_tx_upload_again(struct w5500 *chip);

/* The transmit ring is empty and begins at @position; what was on the wire is lost. */
void w5500_tx_reset(struct w5500 *chip, uint16_t position);

#endif
