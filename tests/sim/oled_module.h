/* SPDX-License-Identifier: MIT */
/* oled_module.h — display modules as they are sold: a controller behind a glass */
#ifndef MQTTNODE_TESTS_SIM_OLED_MODULE_H
#define MQTTNODE_TESTS_SIM_OLED_MODULE_H

#include "oled_glass.h"
#include "oled_sim.h"

struct oled_module {
	const char *name;
	const struct oled_controller *controller;
	const struct oled_glass *glass;
};

/*
 * ssd1306, ssd1306-32 (128 x 32), ssd1309, ssd1309-32, sh1106, sh1106-at-0 (the
 * glass begins at column 0). The first is the usual one.
 */
extern const struct oled_module oled_modules[];
extern const size_t oled_n_modules;

/* NULL if there is none of that name. */
const struct oled_module *oled_module_find(const char *name);

#endif
