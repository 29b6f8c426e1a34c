/* SPDX-License-Identifier: MIT */
/*
 * w5500_message.h — one bus message made of many chip accesses
 *
 * Plain: every access is a frame of its own on the bus, header and data under one
 * chip select, which ends it (datasheet 2.2, variable length mode). Between accesses
 * the chip select is released, after the last one never by us.
 *
 * Chained: accesses to registers of 1, 2 or 4 bytes use the fixed length mode, in
 * which a frame ends by its count, and those next to each other share one chip
 * select and one transfer; see w5500_chain.c. Everything else is as it was.
 *
 * Small writes are copied into the message, answers of register reads lie in it;
 * buffers of frames are the caller's and must live until the message has run. A
 * controller may be unable to carry long transfers: what is longer goes in pieces
 * under the same chip select.
 *
 * Adding fails, and changes nothing, when the limits of the bus or of the
 * message do not allow it: the caller sends what he has and goes on.
 */
#ifndef MQTTNODE_W5500_MESSAGE_H
#define MQTTNODE_W5500_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mqttnode/spidev.h"
#include "mqttnode/w5500_regs.h"

/* Enough for the longest burst and two frames in pieces of W5500_TRANSFER_MIN. */
#define W5500_MESSAGE_TRANSFERS 224
#define W5500_MESSAGE_ARENA	1024

struct w5500_message {
	struct spi_limits limits;
	size_t max_transfer; /* bytes; 0: no limit. Not changed by w5500_message_begin()
			      */
	bool chained;	     /* set after w5500_message_begin(), for this message */
	bool chain_open; /* the last transfer is one that registers can be put behind */
	bool commanded;	 /* has a command: the next keeps its distance */
	size_t reserved; /* transfers that are kept free */
	size_t tx_used, rx_used; /* of limits.bufsiz, rounded as the bus counts */
	size_t n_transfers;
	size_t arena_used;
	struct spi_transfer transfers[W5500_MESSAGE_TRANSFERS];
	uint8_t out[W5500_MESSAGE_ARENA]; /* what is clocked out by small accesses */
	uint8_t in[W5500_MESSAGE_ARENA];  /* what comes in, at the same places */
};

/* Empties @m, which was all zeroes before the first time, and gives it the limits of
 * @bus. */
void w5500_message_begin(struct w5500_message *m, const struct spi_bus *bus);

/* Writes @len bytes of @data to @address on. Copies them. */
bool w5500_message_write(struct w5500_message *m, uint32_t address, const void *data,
			 size_t len);
bool w5500_message_write8(struct w5500_message *m, uint32_t address, unsigned int value);
bool w5500_message_write16(struct w5500_message *m, uint32_t address, unsigned int value);

/*
 * Writes @len bytes of the data that begins W5500_HEADER_SIZE bytes after @wire,
 * from its byte @from on. From 0 the header is put into the free bytes before
 * the data and all is one transfer.
 */
bool w5500_message_upload(struct w5500_message *m, uint32_t address, uint8_t *wire,
			  size_t from, size_t len);

/*
 * Goes on with the upload that was just added and went to the end of its data: under
 * the same chip select, @len bytes of the data that begins W5500_HEADER_SIZE bytes
 * after @wire.
 */
bool w5500_message_upload_more(struct w5500_message *m, const uint8_t *wire, size_t len);

/*
 * Reads @len registers from @address on; *ret is where they will be once the
 * message has run, with the echo of the header before them.
 */
bool w5500_message_read(struct w5500_message *m, uint32_t address, size_t len,
			const uint8_t **ret);

/* Reads @len bytes into @buf. */
bool w5500_message_burst(struct w5500_message *m, uint32_t address, uint8_t *buf,
			 size_t len);

/* What is added next does not share the chip select of what there is. */
void w5500_message_release(struct w5500_message *m);

/*
 * Writes @value to the 16-bit pointer at @pointer and then @command to Sn_CR of
 * socket 0: both or none. If the message has another command already, at least one
 * other chip select is between them.
 */
bool w5500_message_command(struct w5500_message *m, uint32_t pointer, unsigned int value,
			   unsigned int command);

/* The longest upload (beginning at @from) and burst that can still be added, 0 if none.
 */
size_t w5500_message_upload_room(const struct w5500_message *m, size_t from);
size_t w5500_message_burst_room(const struct w5500_message *m);

/*
 * Takes @len bytes per direction and their transfers out of what may be used, or
 * gives them back: for an access that must find its place after others.
 */
void w5500_message_reserve(struct w5500_message *m, size_t len);
void w5500_message_unreserve(struct w5500_message *m, size_t len);

/* Whether the chip echoed the header of the read whose answer is at @data. */
bool w5500_message_echoed(const uint8_t *data);

/* Carries the message out. 0 or what the bus returned. */
int w5500_message_run(struct w5500_message *m, struct spi_bus *bus);

#endif
