/* SPDX-License-Identifier: MIT */
/*
 * w5500_rig.h — a simulated W5500 on a bench, and mistakes to make with it
 *
 * Frames on the bus are clocked directly, without a bus adapter, and take no
 * time; time passes by rig_wait(). The rig's way to use the chip is the plain
 * one of the description, so that each test can go wrong in one place.
 */
#ifndef MQTTNODE_TESTS_UNIT_W5500_RIG_H
#define MQTTNODE_TESTS_UNIT_W5500_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mqttnode/bytes.h"
#include "sim/w5500_sim.h"

#define COMMON	0u /* block select values */
#define S0_REGS 1u
#define S0_TX	2u
#define S0_RX	3u
#define SN(n)	(4u * (n) + 1u)

#define CR_OPEN	 0x01
#define CR_CLOSE 0x10
#define CR_SEND	 0x20
#define CR_RECV	 0x40

#define IR_RECV	   0x04
#define IR_SEND_OK 0x10

#define MS NSEC_PER_MSEC
#define US NSEC_PER_USEC

struct rig {
	struct board_time *time;
	struct w5500_sim *chip;
	/* what the chip sent */
	unsigned int n_sent;
	uint64_t sent_ns;
	size_t sent_len;
	uint8_t sent[W5500_SIM_FRAME_BUFFER];
	/* INTn as its callback reports it */
	unsigned int n_falls, n_rises;
};

extern const uint8_t rig_mac[6];

/* A chip without link delay, as from power on. */
void rig_init(struct rig *rig);
void rig_fini(struct rig *rig);

/* cmocka setup and teardown for tests whose state is a rig. */
int rig_setup(void **state);
int rig_teardown(void **state);

/* One frame on the bus in variable-length mode. */
void rig_read(struct rig *rig, unsigned int bsb, uint16_t offset, uint8_t *data,
	      size_t n);
void rig_write(struct rig *rig, unsigned int bsb, uint16_t offset, const uint8_t *data,
	       size_t n);
uint8_t rig_read8(struct rig *rig, unsigned int bsb, uint16_t offset);
uint16_t rig_read16(struct rig *rig, unsigned int bsb, uint16_t offset);
void rig_write8(struct rig *rig, unsigned int bsb, uint16_t offset, uint8_t value);
void rig_write16(struct rig *rig, unsigned int bsb, uint16_t offset, uint16_t value);

void rig_wait(struct rig *rig, uint64_t ns);
uint64_t rig_now(struct rig *rig);

/* Writes a command and reads Sn_CR until it is taken; false if it is not. */
bool rig_command(struct rig *rig, uint8_t command);

/* Gives all memory to socket 0, sets the address and opens it with Sn_MR = @mr. */
void rig_bring_up(struct rig *rig, uint8_t mr);

/* A frame for the rig's address, its payload derived from @seed. */
void rig_frame(uint8_t *frame, size_t len, unsigned int seed);

/* Delivers a frame and lets it arrive. */
void rig_arrive(struct rig *rig, size_t len, unsigned int seed);

/* Uploads a frame at TX_WR and sends it, without waiting for its end; the frame as sent.
 */
void rig_send(struct rig *rig, size_t len, unsigned int seed);

/*
 * Takes the oldest record from the ring and commits it. Returns whether it is
 * the frame of @len and @seed.
 */
bool rig_take(struct rig *rig, size_t len, unsigned int seed);

/* Whether the last frame sent is the one of @len and @seed. */
bool rig_was_sent(struct rig *rig, size_t len, unsigned int seed);

uint64_t rig_violations(const struct rig *rig);
/* Fails unless there is exactly one violation, and its text contains @text; clears it. */
void rig_assert_violation(struct rig *rig, const char *text);

/*
 * A mistake of a driver. @run uses the chip and returns whether it got what it
 * wanted; with @wrong it makes the mistake.
 */
struct mutation {
	unsigned int rule; /* of w5500.md section 12 */
	const char *mistake;
	bool (*run)(struct rig *rig, bool wrong);
};

/*
 * Runs each mutation on a fresh rig, right and wrong. The right way must work
 * without a violation, the wrong way must be caught: by a violation, or because
 * it does not work. Prints the list.
 */
void rig_catch(const struct mutation *mutations, size_t n);

/* Clocks @n bytes; the second one as all of a chip select. */
void rig_clock(struct rig *rig, const uint8_t *mosi, uint8_t *miso, size_t n);
void rig_transact(struct rig *rig, const uint8_t *mosi, uint8_t *miso, size_t n);

#endif
