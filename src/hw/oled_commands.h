/* SPDX-License-Identifier: MIT */
/*
 * oled_commands.h — the commands of the display controllers, constants only
 *
 * "+1" takes an argument byte. Source: SSD1306 datasheet rev 1.1, section 9;
 * SSD1309 rev 1.1, section 9; SH1106 rev 2.3, section "Commands".
 */
#ifndef MQTTNODE_HW_OLED_COMMANDS_H
#define MQTTNODE_HW_OLED_COMMANDS_H

/* All controllers. */
#define OLED_COLUMN_LOW	   0x00 /* | bits 3..0 of the column */
#define OLED_COLUMN_HIGH   0x10 /* | bits 7..4 */
#define OLED_START_LINE	   0x40 /* | line */
#define OLED_CONTRAST	   0x81 /* +1 */
#define OLED_SEGMENT_REMAP 0xa0 /* | 1: column 0 at the last segment */
#define OLED_SHOW_RAM	   0xa4
#define OLED_INVERSE	   0xa6 /* | 1: inverse */
#define OLED_MULTIPLEX	   0xa8 /* +1: rows - 1 */
#define OLED_DISPLAY_OFF   0xae
#define OLED_DISPLAY_ON	   0xaf
#define OLED_PAGE	   0xb0 /* | page */
#define OLED_COM_DIRECTION 0xc0 /* | 8: from the last COM to COM0 */
#define OLED_OFFSET	   0xd3 /* +1 */
#define OLED_CLOCK	   0xd5 /* +1: bits 7..4 oscillator, 3..0 divide - 1 */
#define OLED_PRECHARGE	   0xd9 /* +1: bits 7..4 phase 2, 3..0 phase 1 */
#define OLED_COM_PINS	   0xda /* +1 */
#define   OLED_COM_PINS_SEQUENTIAL  0x02
#define   OLED_COM_PINS_ALTERNATIVE 0x12
#define OLED_VCOM	   0xdb /* +1 */
#define OLED_NOP	   0xe3

/* SSD1306 and SSD1309; an SH1106 misreads them. */
#define OLED_ADDRESSING	 0x20 /* +1 */
#define   OLED_ADDRESSING_PAGES 2
#define OLED_STOP_SCROLL 0x2e

/* SSD1306 alone. */
#define OLED_CHARGE_PUMP 0x8d /* +1 */
#define   OLED_CHARGE_PUMP_ON 0x14

/* SH1106 alone. */
#define OLED_PUMP_VOLTAGE 0x30 /* | 0..3: 6.4, 7.4, 8.0, 9.0 V */
#define OLED_DC_DC	  0xad /* +1 */
#define   OLED_DC_DC_ON 0x8b

/* The status byte, SSD1306 section 8.1.5. */
#define OLED_STATUS_OFF 0x40
#define OLED_STATUS_ID	0x0f

#endif
