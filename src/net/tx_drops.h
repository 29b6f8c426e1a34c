/* SPDX-License-Identifier: MIT */
/*
 * tx_drops.h — what the kernel dropped instead of giving it to the pump, and when
 *
 * The kernel counts for each device from 0. What it sends before frames can be sent
 * it drops as well: only the rest says that more was sent than the bus carries.
 * Begins zeroed. Main thread.
 */
#ifndef MQTTNODE_TX_DROPS_H
#define MQTTNODE_TX_DROPS_H

#include <stdbool.h>
#include <stdint.h>

struct tx_drops {
	uint64_t before;  /* by devices that are gone */
	uint64_t device;  /* by this one, as last read */
	bool ready;	  /* frames can be sent */
	uint64_t at_end;  /* all, when that ended; while not ready */
	uint64_t unready; /* of all: while not ready */
};

/* The kernel says @dropped of the device there is. */
void tx_drops_read(struct tx_drops *d, uint64_t dropped);

/* Frames can be sent from now on, or not; to be read just before. */
void tx_drops_ready(struct tx_drops *d, bool ready);

/* The device is gone; the next one counts from 0. */
void tx_drops_device_gone(struct tx_drops *d);

/* Frames dropped since the beginning; and those while frames could be sent. */
uint64_t tx_drops_all(const struct tx_drops *d);
uint64_t tx_drops_overrun(const struct tx_drops *d);

#endif
