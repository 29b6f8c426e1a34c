// SPDX-License-Identifier: MIT
/* oled_glass.c — the glass on a display controller: what a person sees */
#include "oled_glass.h"

#include <stdio.h>
#include <string.h>

#define COM_ALTERNATIVE 0x10
#define COM_SWAPPED	0x20
#define PADS		64
#define PBM_LINE	64 /* digits; a plain PBM has at most 70 characters a line */

const struct oled_glass oled_glass_128x64 = {
	.width = 128,
	.height = 64,
	.com_pins = COM_ALTERNATIVE,
	.x_of_segment_0 = 127,
};

const struct oled_glass oled_glass_128x32 = {
	.width = 128,
	.height = 32,
	.com_pins = 0,
	.x_of_segment_0 = 127,
};

const struct oled_glass oled_glass_sh1106 = {
	.width = 128,
	.height = 64,
	.com_pins = COM_ALTERNATIVE,
	.x_of_segment_0 = 129,
};

const struct oled_glass oled_glass_sh1106_at_0 = {
	.width = 128,
	.height = 64,
	.com_pins = COM_ALTERNATIVE,
	.x_of_segment_0 = 131,
};

/* The pad at which COM signal @com leaves the chip (or enters a glass wired for it). */
static unsigned int pad_of_com(uint8_t com_pins, unsigned int com)
{
	unsigned int swapped = com_pins & COM_SWAPPED ? PADS / 2 : 0;

	if (com_pins & COM_ALTERNATIVE)
		return com / 2 + ((com % 2 ? PADS / 2 : 0) ^ swapped);
	return (com + swapped) % PADS;
}

/* The row of the RAM that COM signal @com shows, or -1 if it is not driven. */
static int ram_row(const struct oled_state *s, unsigned int com)
{
	unsigned int rows = s->mux + 1U;
	unsigned int row = s->com_reverse ? rows - 1 - com + s->offset : com + s->offset;

	row %= PADS;
	return row < rows ? (int)((row + s->start_line) % PADS) : -1;
}

/* The RAM row that line @line of the glass shows, or -1. */
static int row_of_line(const struct oled_glass *glass, const struct oled_state *s,
		       unsigned int line)
{
	unsigned int pad = pad_of_com(glass->com_pins, line);

	for (unsigned int com = 0; com < PADS; com++)
		if (pad_of_com(s->com_pins, com) == pad)
			return ram_row(s, com);
	return -1;
}

void oled_glass_picture(const struct oled_glass *glass, const struct oled_state *s,
			struct oled_picture *ret)
{
	*ret = (struct oled_picture){
		.width = glass->width,
		.height = glass->height,
		.lit = s->on && s->pump_on,
		.contrast = s->contrast,
	};
	if (!ret->lit)
		return;
	for (unsigned int line = 0; line < glass->height; line++) {
		bool *pixels = ret->pixels[glass->height - 1U - line];
		int row = row_of_line(glass, s, line);

		if (row < 0)
			continue;
		for (int x = 0; x < glass->width; x++) {
			int segment = glass->x_of_segment_0 - x;
			bool bit = s->ram[row / 8][segment] >> (row % 8) & 1;

			pixels[x] = (bit || s->all_on) != s->inverse;
		}
	}
}

char *oled_picture_row(const struct oled_picture *picture, unsigned int y, char *row)
{
	for (unsigned int x = 0; x < picture->width; x++)
		row[x] = picture->pixels[y][x] ? '#' : '.';
	row[picture->width] = '\0';
	return row;
}

char *oled_picture_pbm(const struct oled_picture *picture, char buf[OLED_PBM_SIZE])
{
	char *p = buf + sprintf(buf, "P1\n%u %u\n", picture->width, picture->height);

	for (unsigned int y = 0; y < picture->height; y++)
		for (unsigned int x = 0; x < picture->width; x++) {
			*p++ = picture->pixels[y][x] ? '1' : '0';
			if (x % PBM_LINE == PBM_LINE - 1 || x == picture->width - 1U)
				*p++ = '\n';
		}
	*p = '\0';
	return buf;
}
