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

/*
 * A panel of 128 x 64, the only size so far, on @bus (borrowed, outlives it).
 * Sends nothing. Returns 0, -EINVAL (another size) or -ENOMEM.
 */
int oled_new(struct oled **ret, struct i2c_bus *bus, uint8_t width, uint8_t height);

/* Sends nothing. Accepts NULL, returns NULL. */
struct oled *oled_free(struct oled *o);

/*
 * Brings the panel up: all registers, dark RAM, then on. Returns 0 or -errno
 * of the bus; then call it again. A panel that is not there costs one address
 * byte.
 */
int oled_init(struct oled *o);

/*
 * Shows @picture, which has the panel's size: sends what differs from what the
 * panel has, nothing if that is all. Returns 0 or -errno; after an error the
 * next call sends again what is in doubt.
 */
int oled_show(struct oled *o, const struct canvas *picture);

/*
 * Asks whether the panel is there. Returns 1 if it is, 0 if it says that it is
 * off (it lost its registers: oled_init()), or -errno. A panel that does not
 * answer reads only ever gives 1 or -errno.
 */
int oled_check(struct oled *o);

/*
 * Sends all registers and the picture shown last again, without switching off:
 * heals what nobody noticed. 0 or -errno.
 */
int oled_reassert(struct oled *o);

/* Switches off and clears. 0 or -errno. */
int oled_off(struct oled *o);

DEFINE_CLEANUP(struct oled, oled_free);

#endif
