/* SPDX-License-Identifier: MIT */
/* ssd1309_sim.h — the SSD1309 as a controller for oled_sim.h: 128 x 64, no charge pump */
#ifndef MQTTNODE_TESTS_SIM_SSD1309_SIM_H
#define MQTTNODE_TESTS_SIM_SSD1309_SIM_H

#include "oled_sim.h"

#define SSD1309_COLUMNS 128

extern const struct oled_controller ssd1309_controller;

#endif
