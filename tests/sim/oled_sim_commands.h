/* SPDX-License-Identifier: MIT */
/*
 * oled_sim_commands.h — commands that several display controllers have in common
 *
 * For their tables (ssd1306_sim.c and its like). Arguments are cut to the bits
 * that the chip has; one that does not fit, or that the datasheet calls invalid,
 * is a violation. What changes the picture in a way that the glass does not show
 * (scrolling, fade, zoom) is a warning.
 */
#ifndef MQTTNODE_TESTS_SIM_OLED_SIM_COMMANDS_H
#define MQTTNODE_TESTS_SIM_OLED_SIM_COMMANDS_H

#include "oled_sim.h"

/* The bits of @argument that are in @mask; others are objected to. */
uint8_t oled_command_masked(struct oled_sim *sim, uint8_t opcode, uint8_t argument,
			    uint8_t mask);

/* For any source of the high voltage: objects if it changes while the display is on. */
void oled_sim_switch_pump(struct oled_sim *sim, bool on);

typedef void oled_command_function(struct oled_sim *sim, uint8_t opcode,
				   const uint8_t *arguments);

/* All controllers. */
oled_command_function oled_command_accept; /* no effect that matters here */
oled_command_function oled_command_column_low;
oled_command_function oled_command_start_line;
oled_command_function oled_command_contrast;
oled_command_function oled_command_segment_remap;
oled_command_function oled_command_all_on;
oled_command_function oled_command_inverse;
oled_command_function oled_command_display_on;
oled_command_function oled_command_page_start;
oled_command_function oled_command_com_direction;
oled_command_function oled_command_display_offset;
oled_command_function oled_command_precharge;

/* SSD1306 and SSD1309. */
oled_command_function oled_command_column_high;
oled_command_function oled_command_addressing_mode;
oled_command_function oled_command_column_window;
oled_command_function oled_command_page_window;
oled_command_function oled_command_effect_not_shown;
oled_command_function oled_command_scroll;
oled_command_function oled_command_multiplex;
oled_command_function oled_command_com_pins;

#endif
