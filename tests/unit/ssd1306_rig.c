// SPDX-License-Identifier: MIT
/* ssd1306_rig.c — a simulated panel and the hand of a correct driver, for its tests */
#include "ssd1306_rig.h"

#include <stdlib.h>
#include <string.h>

int rig_setup(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	assert_non_null(rig);
	assert_int_equal(oled_sim_new(&rig->sim, &ssd1306_controller, 1, &rig->report),
			 0);
	*state = rig;
	return 0;
}

int rig_teardown(void **state)
{
	struct rig *rig = *state;

	rig->sim = oled_sim_free(rig->sim);
	free(rig);
	return 0;
}

void send_bytes(struct rig *rig, const uint8_t *bytes, size_t len)
{
	oled_sim_start(rig->sim);
	for (size_t i = 0; i < len; i++)
		oled_sim_write(rig->sim, bytes[i]);
	oled_sim_end(rig->sim, true);
}

const uint8_t rig_init[RIG_INIT_LEN] = {
	0x00, 0xae, 0xd5, 0x80, 0xa8, 0x3f, 0xd3, 0x00, 0x40, 0x8d, 0x14, 0x20, 0x02,
	0xa1, 0xc8, 0xda, 0x12, 0x81, 0xcf, 0xd9, 0xf1, 0xdb, 0x30, 0x2e, 0xa4, 0xa6,
};

void send_run(struct rig *rig, unsigned int page, unsigned int column,
	      const uint8_t *data, size_t len)
{
	uint8_t message[1 + SSD1306_COLUMNS] = { 0x40 };

	send(rig, 0x00, (uint8_t)(0xb0 | page), (uint8_t)(column & 0x0f),
	     (uint8_t)(0x10 | column >> 4));
	memcpy(message + 1, data, len);
	send_bytes(rig, message, 1 + len);
}

void send_picture(struct rig *rig, picture p)
{
	for (unsigned int page = 0; page < OLED_PAGES; page++)
		send_run(rig, page, 0, p[page], SSD1306_COLUMNS);
}

void make_picture(picture p)
{
	uint32_t x = 12345;

	for (size_t page = 0; page < OLED_PAGES; page++)
		for (size_t c = 0; c < SSD1306_COLUMNS; c++) {
			x = x * 1664525 + 1013904223;
			p[page][c] = (uint8_t)(x >> 24);
		}
}

void bring_up(struct rig *rig)
{
	picture dark = { { 0 } };

	send_bytes(rig, rig_init, sizeof(rig_init));
	send_picture(rig, dark);
	send(rig, 0x00, 0xaf);
}

unsigned int count_wrong(const struct rig *rig, picture p)
{
	struct oled_picture seen;
	unsigned int wrong = 0;

	oled_glass_picture(&oled_glass_128x64, oled_sim_state(rig->sim), &seen);
	for (unsigned int y = 0; y < 64; y++)
		for (unsigned int x = 0; x < 128; x++)
			wrong += seen.pixels[y][x] != (p[y / 8][x] >> (y % 8) & 1);
	return wrong;
}

void assert_clean(const struct rig *rig)
{
	if (rig->report.n_violations > 0)
		fail_msg("%s", rig->report.violations[0].text);
}
