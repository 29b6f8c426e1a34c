/* SPDX-License-Identifier: MIT */
/* oled_setup.h — how the display controllers differ, for oled.c */
#ifndef MQTTNODE_HW_OLED_SETUP_H
#define MQTTNODE_HW_OLED_SETUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mqttnode/settings.h"

#define OLED_COLUMNS_MAX 132 /* of the RAM */
#define OLED_SETUP_MAX	 32

/* Whether there is such a panel; the settings are checked by settings.h before. */
bool oled_setup_is_valid(const struct oled_settings *s);

/* The columns of the RAM, and which of them is at the left of the picture. */
unsigned int oled_setup_columns(const struct oled_settings *s);
unsigned int oled_setup_first_column(const struct oled_settings *s);

/*
 * All registers as commands, in an order that is right while the panel is off
 * and does no harm while it is on. A module may have any values from before.
 * Returns how many bytes.
 */
size_t oled_setup_registers(const struct oled_settings *s, uint8_t contrast,
			    uint8_t ret[OLED_SETUP_MAX]);

/*
 * The controller that the low bits of a status byte speak for, if it is another
 * kind than the one in @s; NULL if it is not, or if they say nothing.
 */
const char *oled_setup_suspect(const struct oled_settings *s, uint8_t status);

#endif
