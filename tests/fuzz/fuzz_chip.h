/* SPDX-License-Identifier: MIT */
/*
 * fuzz_chip.h — a W5500, its bus and its pins that do what the fuzz input says
 *
 * Not a simulator: small and quick, with just enough of the chip that a start
 * succeeds. While it is hostile, each message takes its instructions from the
 * input: registers read as any value, the receive ring holds anything, messages
 * fail or are cut, commands hang, lines and time jump. It implements spidev.h and
 * gpio.h; there is one at a time.
 */
#ifndef MQTTNODE_TESTS_FUZZ_FUZZ_CHIP_H
#define MQTTNODE_TESTS_FUZZ_FUZZ_CHIP_H

#include "fuzz.h"
#include "mqttnode/clock.h"

#define FUZZ_RING 16384u

struct fuzz_chip {
	struct clock clock; /* virtual; moved by messages and by fuzz_chip_pass() */
	uint64_t now_ns;
	struct fuzz_input *input;
	bool hostile;

	uint32_t bufsiz, alignment, max_transfer;
	uint64_t messages;
	uint64_t sent; /* frames that SEND took, of a possible length */

	/* What the input says about the present time; all false is a good chip. */
	bool no_echo;
	bool twist_registers;
	bool send_hangs, command_hangs;
	unsigned int line;	 /* 0 as it is, 1 low, 2 high, 3 -EIO */
	unsigned int tap_frames; /* how many the TAP has */
	unsigned int tap_size;	 /* which sizes: see fuzz_rx.c */
	bool tap_refuses;

	uint8_t common[0x40];
	uint8_t socket[8][0x30];
	uint16_t committed; /* of Sn_RX_RD, by RECV */
	uint8_t tx[FUZZ_RING], rx[FUZZ_RING];
};

/* A good chip after power-up, and the only one from now on. */
void fuzz_chip_init(struct fuzz_chip *chip, struct fuzz_input *input);

/* From now on everything works, with what is in registers and rings. */
void fuzz_chip_heal(struct fuzz_chip *chip);

/* Moves time to @until_ns if that is later than now. */
void fuzz_chip_pass(struct fuzz_chip *chip, uint64_t until_ns);

/* A frame arrives, if there is room for it. */
void fuzz_chip_arrive(struct fuzz_chip *chip, const uint8_t *frame, size_t len);

#endif
