/* SPDX-License-Identifier: MIT */
/*
 * chip_rig.h — the W5500 driver on a simulated board
 *
 * The rig does what the pump does, in the plainest way: it looks at INTn, calls
 * the driver when that is due, and takes a step of recovery when told of trouble.
 */
#ifndef MQTTNODE_TESTS_UNIT_CHIP_RIG_H
#define MQTTNODE_TESTS_UNIT_CHIP_RIG_H

#include "mqttnode/w5500.h"
#include "packet_rig.h"

struct chip_rig {
	struct packet_rig board;
	struct w5500_config config;
	struct spi_bus *bus;
	struct w5500 *chip;
	struct frame_check received; /* what the driver delivered */
	unsigned int troubles[7];    /* by enum w5500_trouble */
	unsigned int bus_failures;   /* exchanges that returned an error */
	uint32_t tx_next, tx_end;    /* frames to send: numbers */
	size_t tx_len;		     /* 0: frame_length() */
	uint32_t rx_next, rx_end;    /* frames to receive: numbers not yet on the wire */
	unsigned int rx_outstanding; /* at most so many on the wire or in the ring */
};

/* Board, bus and chip; not started. cmocka setup and teardown; the state is the rig. */
int chip_rig_setup(void **state);
int chip_rig_teardown(void **state);

/* Starts from @from; what w5500_start_step() ended with. */
int chip_rig_start(struct chip_rig *rig, enum w5500_start from);

/* Starts from the beginning, and lets the driver see that there is a link. */
void chip_rig_run(struct chip_rig *rig);

/* One exchange, frames taken and judged, trouble answered. */
void chip_rig_turn(struct chip_rig *rig, unsigned int hints);

/*
 * Carries @n_rx frames to us and @n_tx away, then waits until nothing is on its
 * way any more. Fails if that takes more than @limit_ns of board time.
 */
void chip_rig_traffic(struct chip_rig *rig, uint32_t n_rx, uint32_t n_tx,
		      uint64_t limit_ns);

/* Sends frame number tx_next with @len bytes. */
void chip_rig_send(struct chip_rig *rig, size_t len);

/* Delivers frame number rx_next with @len bytes and lets it arrive. */
void chip_rig_arrive(struct chip_rig *rig, size_t len);

/* Turns while the driver or INTn has something to do. */
void chip_rig_settle(struct chip_rig *rig);

/* All frames arrived and left as they were made, in order, none lost. */
void chip_rig_assert_all_arrived(struct chip_rig *rig);

/* The driver never reported trouble. */
void chip_rig_assert_no_trouble(struct chip_rig *rig);

#endif
