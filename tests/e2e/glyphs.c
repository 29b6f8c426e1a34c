// SPDX-License-Identifier: MIT
/* glyphs.c — prints the daemon's font, so that the tests can read its screen */
#include <stdio.h>

#include "mqttnode/font.h"

int main(void)
{
	for (uint32_t c = ' '; c <= '~'; c++) {
		struct font_glyph glyph;

		(void)font_glyph(FONT_BOLD, c, &glyph);
		printf("%u", c);
		for (int x = 0; x < FONT_WIDTH; x++)
			printf(" %u", glyph.columns[0][x]);
		putchar('\n');
	}
	return 0;
}
