// SPDX-License-Identifier: MIT
/* oled_module.c — display modules as they are sold: a controller behind a glass */
#include "oled_module.h"

#include <string.h>

#include "sh1106_sim.h"
#include "ssd1306_sim.h"
#include "ssd1309_sim.h"

const struct oled_module oled_modules[] = {
	{ "ssd1306", &ssd1306_controller, &oled_glass_128x64 },
	{ "ssd1306-32", &ssd1306_controller, &oled_glass_128x32 },
	{ "ssd1309", &ssd1309_controller, &oled_glass_128x64 },
	{ "ssd1309-32", &ssd1309_controller, &oled_glass_128x32 },
	{ "sh1106", &sh1106_controller, &oled_glass_sh1106 },
	{ "sh1106-at-0", &sh1106_controller, &oled_glass_sh1106_at_0 },
};

const size_t oled_n_modules = ARRAY_SIZE(oled_modules);

const struct oled_module *oled_module_find(const char *name)
{
	for (size_t i = 0; i < oled_n_modules; i++)
		if (strcmp(oled_modules[i].name, name) == 0)
			return &oled_modules[i];
	return NULL;
}
