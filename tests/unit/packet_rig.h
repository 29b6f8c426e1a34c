/* SPDX-License-Identifier: MIT */
/*
 * packet_rig.h — a simulated board in virtual time for tests of the packet path
 *
 * A W5500 on /dev/spidev0.0, its wire in the hands of the test: frames are made
 * from a number, so that each can be recognised, and what the chip sends is
 * checked against the numbers as it comes.
 */
#ifndef MQTTNODE_TESTS_UNIT_PACKET_RIG_H
#define MQTTNODE_TESTS_UNIT_PACKET_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/sim_spi.h"
#include "sim/w5500_sim.h"

#define RIG_SPI "/dev/spidev0.0"
#define MS	NSEC_PER_MSEC
#define US	NSEC_PER_USEC

/* Receives numbered frames and judges them. */
struct frame_check {
	uint32_t next; /* number expected */
	uint32_t good; /* frames that were the expected one or, with gaps allowed, a later
			  one */
	uint32_t missing;  /* numbers passed over */
	uint32_t repeated; /* or out of order */
	uint32_t bad;	   /* not as made */
	bool any_length;   /* lengths are not those of frame_length() */
};

struct packet_rig {
	struct board_time *time;
	struct w5500_sim *chip;
	struct sim_spi *spi;
	struct frame_check sent; /* what the chip put on the wire */
	size_t last_len;	 /* the last frame that it sent */
	uint8_t last[W5500_SIM_FRAME_MAX];
};

extern const uint8_t rig_mac[6];

/* A board with a chip without link delay. */
void packet_rig_init(struct packet_rig *rig);
void packet_rig_fini(struct packet_rig *rig);

uint64_t packet_rig_now(const struct packet_rig *rig);

/* Prints violations and fails if there are any. */
void packet_rig_assert_clean(struct packet_rig *rig);

/* A number that looks random, from @n. */
uint32_t scramble(uint32_t n);

/* The length of frame @number in a random sequence: 60..1514, small and full ones often.
 */
size_t frame_length(uint32_t number);

/* Makes frame @number with @len bytes, from the other station to ours or back. */
void frame_make(uint8_t *frame, uint32_t number, size_t len, bool to_us);

/* Judges one. */
void frame_judge(struct frame_check *check, const uint8_t *frame, size_t len, bool to_us);

#endif
