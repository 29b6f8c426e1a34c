/* SPDX-License-Identifier: MIT */
/*
 * oled.h — an SSD1306 panel on I2C
 *
 * Page addressing, two frame buffers, only changed columns are sent. Knows
 * nothing of text or meaning. Every call may block on the bus: display thread
 * only. Source: SSD1306 datasheet sections 8 to 10.
 */
#ifndef MQTTNODE_OLED_H
#define MQTTNODE_OLED_H

#include "mqttnode/canvas.h"
#include "mqttnode/cleanup.h"
#include "mqttnode/i2cdev.h"

#include <stdbool.h>
#include <stdint.h>

struct oled;

/* A panel of 128 x 64 on @bus (borrowed, outlives it). 0 or -errno. */
int oled_new(struct oled **ret, struct i2c_bus *bus, uint8_t width, uint8_t height);
struct oled *oled_free(struct oled *o);

/*
 * Brings the panel up: all registers, dark RAM, then on. Returns 0 or -errno
 * of the bus; nothing is known of the panel then.
 */
int oled_init(struct oled *o);

/* Shows @picture: sends what differs from what the panel has. 0 or -errno. */
int oled_show(struct oled *o, const struct canvas *picture);

/*
 * Reads the status byte. Returns 1 if the display is on, 0 if it says off
 * (it lost its registers: oled_init()), or -errno.
 */
int oled_check(struct oled *o);

/* Sends all registers and the whole picture again without switching off. 0 or -errno. */
int oled_reassert(struct oled *o);

/* Clears and switches off. 0 or -errno. */
int oled_off(struct oled *o);

DEFINE_CLEANUP(struct oled, oled_free);

#endif
