// SPDX-License-Identifier: MIT
/* glyphs.c — prints the daemon's font, so that the tests can read its screen */
#include <stdio.h>

#include "mqttnode/font.h"

int main(void)
{
	for (uint32_t c = ' '; c <= '~'; c++) {
		const uint8_t *columns = font_glyph(c);

		printf("%u", c);
		for (int x = 0; x < FONT_WIDTH; x++)
			printf(" %u", columns[x]);
		putchar('\n');
	}
	return 0;
}
