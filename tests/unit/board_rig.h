/* SPDX-License-Identifier: MIT */
/*
 * board_rig.h — a whole simulated board, a client of its socket, a hand on its chip
 *
 * In real time, as under mqttnode-sim; what takes time is waited for, never
 * slept for. The wire ends in a socket pair instead of a TAP.
 */
#ifndef MQTTNODE_TESTS_BOARD_RIG_H
#define MQTTNODE_TESTS_BOARD_RIG_H

#include <json-c/json_object.h>

#include "sim/board.h"
#include "unit.h"

#include "mqttnode/spidev.h"

struct rig {
	struct board *board;
	int wire;	     /* the far end */
	int client;	     /* of the board socket */
	struct spi_bus *spi; /* open after bring_up_chip() */
};

/* Set-up and tear-down of a cmocka test: a board without link delay. */
int rig_setup(void **state);
int rig_teardown(void **state);

/* Takes the board down and builds one from @description. */
void rebuild(struct rig *rig, const char *description);

/* Sends @command to @fd and returns the answer, whatever it is; the caller puts it. */
json_object *ask_at(int fd, const char *command);
bool is_ok(json_object *answer);

/* Sends @command, which must succeed; or must fail with @phrase in the sentence. */
void tell(struct rig *rig, const char *command);
void assert_refused(struct rig *rig, const char *command, const char *phrase);

/* The number (or bool) at @path ("/wire/link") of the answer to @command. */
int64_t number(struct rig *rig, const char *command, const char *path);

/* Asks for the statistics until the number at @path is @expected. */
void wait_for_number(struct rig *rig, const char *path, int64_t expected);

/* One frame on the SPI bus in variable-length mode; 0 or -errno of the bus. */
int bus_write(struct rig *rig, uint16_t offset, uint8_t control, const void *data,
	      uint32_t len);
int bus_read(struct rig *rig, uint16_t offset, uint8_t control, void *data, uint32_t len);
void write8(struct rig *rig, uint16_t offset, uint8_t control, uint8_t value);
uint8_t read8(struct rig *rig, uint16_t offset, uint8_t control);

#define COMMON_READ 0x00
#define S0_READ	    0x08
#define S0_WRITE    0x0c
#define S0_TX_WRITE 0x14
#define S0_RX_READ  0x18

/* Socket 0 in MACRAW mode, promiscuous, with all of the memory. */
void bring_up_chip(struct rig *rig);

/* A broadcast frame of @len bytes with this EtherType. */
void make_frame(uint8_t *frame, size_t len, uint16_t type);

#endif
