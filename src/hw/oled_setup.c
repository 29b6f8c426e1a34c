// SPDX-License-Identifier: MIT
/*
 * oled_setup.c — how the display controllers differ
 *
 * SSD1306 and SSD1309 understand each other but for their high voltage: the
 * SSD1306 makes it in a charge pump, the SSD1309 gets it from its module. The
 * SH1106 has a RAM of 132 columns, knows page addressing only, and takes
 * commands that it does not know for one byte, so that their arguments become
 * commands: none of those may ever be sent to it.
 *
 * Source: SSD1306 datasheet rev 1.1, SSD1309 rev 1.1, SH1106 rev 2.3.
 */
#include "oled_setup.h"

#include <assert.h>
#include <string.h>

#include "mqttnode/cleanup.h"
#include "oled_commands.h"

struct controller {
	unsigned int columns;	 /* of the RAM */
	const uint8_t *commands; /* beside those that all have */
	size_t n_commands;
};

/* clang-format off */
static const uint8_t ssd1306_commands[] = {
	OLED_CHARGE_PUMP, OLED_CHARGE_PUMP_ON,	/* nothing else gives 7 V; before "on" */
	OLED_ADDRESSING, OLED_ADDRESSING_PAGES,
	OLED_CLOCK, 0x80,			/* nominal oscillator, divide by 1 */
	OLED_PRECHARGE, 0xf1,			/* as recommended with the charge pump */
	OLED_VCOM, 0x30,			/* 0.83 Vcc, the highest documented */
	OLED_STOP_SCROLL,			/* writing while it scrolls corrupts the RAM */
};

static const uint8_t ssd1309_commands[] = {
	OLED_ADDRESSING, OLED_ADDRESSING_PAGES,
	OLED_CLOCK, 0x70,			/* these three as after a reset */
	OLED_PRECHARGE, 0x22,
	OLED_VCOM, 0x34,
	OLED_STOP_SCROLL,
};

static const uint8_t sh1106_commands[] = {
	OLED_DC_DC, OLED_DC_DC_ON,		/* another program may have switched it off */
	OLED_PUMP_VOLTAGE | 2,
	OLED_CLOCK, 0x50,			/* these three as after a reset */
	OLED_PRECHARGE, 0x22,
	OLED_VCOM, 0x35,
};
/* clang-format on */

#define CONTROLLER(n, name)                                                              \
	{                                                                                \
		.columns = (n), .commands = name##_commands,                             \
		.n_commands = ARRAY_SIZE(name##_commands)                                \
	}

static const struct controller controllers[] = {
	[OLED_SSD1306] = CONTROLLER(128, ssd1306),
	[OLED_SSD1309] = CONTROLLER(128, ssd1309),
	[OLED_SH1106] = CONTROLLER(132, sh1106),
};

/* Upside down by the panel itself; 270 degrees are that and a quarter by us. */
static bool is_upside_down(const struct oled_settings *s)
{
	return s->rotate == 180 || s->rotate == 270;
}

bool oled_setup_is_valid(const struct oled_settings *s)
{
	if (s->width != 128 || s->controller < OLED_SSD1306 ||
	    s->max_write < OLED_MAX_WRITE_MIN)
		return false;
	if (s->controller == OLED_SH1106)
		return s->height == 64 && s->column_offset <= 4;
	return s->height == 64 || s->height == 32;
}

unsigned int oled_setup_columns(const struct oled_settings *s)
{
	return controllers[s->controller].columns;
}

unsigned int oled_setup_first_column(const struct oled_settings *s)
{
	if (s->controller != OLED_SH1106)
		return 0;
	/* Turned, the columns count from the other end of the RAM. */
	return is_upside_down(s) ? oled_setup_columns(s) - s->width - s->column_offset
				 : s->column_offset;
}

size_t oled_setup_registers(const struct oled_settings *s, uint8_t contrast,
			    uint8_t ret[OLED_SETUP_MAX])
{
	const struct controller *c = &controllers[s->controller];
	uint8_t upright = !is_upside_down(s);
	/* clang-format off */
	const uint8_t common[] = {
		OLED_MULTIPLEX, (uint8_t)(s->height - 1),
		OLED_OFFSET, 0,
		OLED_START_LINE | 0,		/* another program may have scrolled */
		(uint8_t)(OLED_SEGMENT_REMAP | upright), /* with the next one: upright on the */
		(uint8_t)(OLED_COM_DIRECTION | upright << 3), /* usual module */
		OLED_COM_PINS,			/* wired as all glass of that height is */
		s->height == 64 ? OLED_COM_PINS_ALTERNATIVE : OLED_COM_PINS_SEQUENTIAL,
		OLED_CONTRAST, contrast,
		OLED_SHOW_RAM,
		(uint8_t)(OLED_INVERSE | s->invert),
	};
	/* clang-format on */

	static_assert(sizeof(ssd1306_commands) + sizeof(common) <= OLED_SETUP_MAX,
		      "the longest set-up fits");
	memcpy(ret, c->commands, c->n_commands);
	memcpy(ret + c->n_commands, common, sizeof(common));
	return c->n_commands + sizeof(common);
}

const char *oled_setup_suspect(const struct oled_settings *s, uint8_t status)
{
	switch (status & OLED_STATUS_ID) {
	case 3:
	case 6:
		return s->controller == OLED_SH1106 ? "ssd1306" : NULL;
	case 8:
		return s->controller == OLED_SH1106 ? NULL : "sh1106";
	default: /* clones, and panels that do not answer with their status */
		return NULL;
	}
}
