/* SPDX-License-Identifier: MIT */
/* font_data.h — the glyphs of the built-in fonts; private to font.c */
#ifndef MQTTNODE_HW_FONT_DATA_H
#define MQTTNODE_HW_FONT_DATA_H

#include "mqttnode/font.h"

#define FONT_FIRST ' '
#define FONT_LAST  '~'

/* One byte a column, bit 0 on top. */
extern const uint8_t font_data[FONT_LAST - FONT_FIRST + 1][FONT_WIDTH];

/* The FONT_SMALL_WIDTH columns of a character in the small font, or NULL. */
const uint8_t *font_small_columns(uint32_t c);

#endif
