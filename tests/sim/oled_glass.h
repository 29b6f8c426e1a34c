/* SPDX-License-Identifier: MIT */
/*
 * oled_glass.h — the glass on a display controller: what a person sees
 *
 * The controller drives COM pads and segments; how the glass is wired to them
 * decides where a bit of the RAM appears, and whether it does. Source: SSD1306
 * datasheet sections 8.6, 8.9 and 10.1.13 to 10.1.18.
 */
#ifndef MQTTNODE_TESTS_SIM_OLED_GLASS_H
#define MQTTNODE_TESTS_SIM_OLED_GLASS_H

#include "oled_sim.h"

#define OLED_WIDTH_MAX	128
#define OLED_HEIGHT_MAX 64

/* A module: the viewer's x is x_of_segment_0 - segment. */
struct oled_glass {
	uint8_t width, height;
	uint8_t com_pins; /* bits 5:4 of DA that suit its wiring */
	int x_of_segment_0;
};

/* SSD1306 and SSD1309: the common modules of 0.96" and 2.42", and of 0.91". */
extern const struct oled_glass oled_glass_128x64;
extern const struct oled_glass oled_glass_128x32;
/* SH1106, 1.3": in the middle of the 132 columns; rare ones begin at column 0. */
extern const struct oled_glass oled_glass_sh1106;
extern const struct oled_glass oled_glass_sh1106_at_0;

struct oled_picture {
	uint8_t width, height;
	bool lit; /* the panel gives light: on, and the charge pump too */
	uint8_t contrast;
	bool pixels[OLED_HEIGHT_MAX][OLED_WIDTH_MAX];
};

/* What a person sees; all dark if the panel is off. */
void oled_glass_picture(const struct oled_glass *glass, const struct oled_state *state,
			struct oled_picture *ret);

/* Row @y as text: '#' lit, '.' dark; @row has room for width + 1 bytes. Returns @row. */
char *oled_picture_row(const struct oled_picture *picture, unsigned int y, char *row);

/* Enough for any plain PBM (P1) of a picture. */
#define OLED_PBM_SIZE (16 + OLED_HEIGHT_MAX * (OLED_WIDTH_MAX * 2 + 1))

/* The picture as a plain PBM file of at most 70 characters a line. Returns @buf. */
char *oled_picture_pbm(const struct oled_picture *picture, char buf[OLED_PBM_SIZE]);

#endif
