/* SPDX-License-Identifier: MIT */
/*
 * w5500_probe.h — what can be asked of the wires while the chip does not run
 *
 * For "mqttnode doctor", which has the bus for itself: facts, no sentences. What
 * is asked leaves the chip as after a reset, or with a register that every start
 * resets. Sleeps on the clock, a few milliseconds.
 */
#ifndef MQTTNODE_W5500_PROBE_H
#define MQTTNODE_W5500_PROBE_H

#include "mqttnode/clock.h"
#include "mqttnode/gpio.h"
#include "mqttnode/spidev.h"

/*
 * Whether a pulse on @reset resets the chip on @bus: a register is set, RSTn is
 * pulled low (datasheet 5.5.1) and the register read again. Returns 1 if it was
 * reset, 0 if it was not, -ENODEV if no W5500 answers rightly, or what bus or
 * line returned. Low clocks are enough.
 */
int w5500_probe_reset(struct spi_bus *bus, struct gpio_line *reset,
		      const struct clock *clock);

#endif
