/* SPDX-License-Identifier: MIT */
/* sh1106_sim.h — the SH1106 as a controller for oled_sim.h: 132 x 64, pages only */
#ifndef MQTTNODE_TESTS_SIM_SH1106_SIM_H
#define MQTTNODE_TESTS_SIM_SH1106_SIM_H

#include "oled_sim.h"

#define SH1106_COLUMNS 132

extern const struct oled_controller sh1106_controller;

#endif
