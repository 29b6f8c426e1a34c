/* SPDX-License-Identifier: MIT */
/*
 * oled.h — an SSD1306, SSD1309 or SH1106 panel on I2C
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
#include "mqttnode/settings.h"

#include <stdbool.h>
#include <stdint.h>

struct oled;

/*
 * The panel of @settings on @bus (both borrowed, they outlive it). Pictures have
 * the size of the panel; of a rotation only the half turn is done here, by the
 * panel. Sends nothing. Returns 0, -EINVAL (no such panel) or -ENOMEM.
 */
int oled_new(struct oled **ret, struct i2c_bus *bus,
	     const struct oled_settings *settings);

/* Sends nothing. Accepts NULL, returns NULL. */
struct oled *oled_free(struct oled *o);

/*
 * Brings the panel up, or wakes it: all registers, @picture, then on. Returns 0
 * or -errno of the bus; then call it again. A panel that is not there costs one
 * address byte.
 */
int oled_init(struct oled *o, const struct canvas *picture);

/*
 * The controller that the panel seems to have when that is not the configured
 * one ("sh1106"), NULL if nothing speaks for that. Known after oled_init().
 */
const char *oled_suspect(const struct oled *o);

/*
 * Shows @picture: sends what differs from what the panel has. Returns 1, 0 if
 * that was nothing, or -errno; after an error the next call sends again what is
 * in doubt.
 */
int oled_show(struct oled *o, const struct canvas *picture);

/*
 * Asks whether the panel is there. Returns 1 if it is, 0 if it is off when it
 * should be on (it lost its registers: oled_init()) or on when it should be off,
 * or -errno. A panel that does not answer reads only ever gives 1 or -errno.
 */
int oled_check(struct oled *o);

/*
 * Sends all registers and @picture, without switching off: heals what nobody
 * noticed. 0 or -errno.
 */
int oled_reassert(struct oled *o, const struct canvas *picture);

/* How bright, 0 to 255; sends nothing if it is that already. 0 or -errno. */
int oled_set_contrast(struct oled *o, uint8_t contrast);

/* Switches off until the next oled_init(). 0 or -errno. */
int oled_sleep(struct oled *o);

/* Switches off and clears. 0 or -errno. */
int oled_off(struct oled *o);

/* Whether anybody acknowledges a NOP on @bus, which need not have a panel yet. */
bool oled_answers(struct i2c_bus *bus);

DEFINE_CLEANUP(struct oled, oled_free);

#endif
