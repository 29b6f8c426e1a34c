/* SPDX-License-Identifier: MIT */
/* ssd1306_sim.h — the SSD1306 as a controller for oled_sim.h: 128 x 64, charge pump */
#ifndef MQTTNODE_TESTS_SIM_SSD1306_SIM_H
#define MQTTNODE_TESTS_SIM_SSD1306_SIM_H

#include "oled_sim.h"

#define SSD1306_COLUMNS 128

extern const struct oled_controller ssd1306_controller;

#endif
