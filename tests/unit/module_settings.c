// SPDX-License-Identifier: MIT
/* module_settings.c — the settings that suit a simulated display module */
#include "module_settings.h"

#include <string.h>

#include "mqttnode/i2cdev.h"
#include "sim/oled_module.h"
#include "unit.h"

static enum oled_chip chip_of(const struct oled_module *module)
{
	const char *name = module->controller->name;

	if (strcmp(name, "sh1106") == 0)
		return OLED_SH1106;
	return strcmp(name, "ssd1309") == 0 ? OLED_SSD1309 : OLED_SSD1306;
}

struct oled_settings module_settings(const char *name)
{
	static char path[] = "/dev/i2c-1";
	const struct oled_module *module = oled_module_find(name);

	assert_non_null(module);
	return (struct oled_settings){
		.i2c = path,
		.address = 0x3c,
		.controller = chip_of(module),
		.width = module->glass->width,
		.height = module->glass->height,
		.column_offset = module->glass == &oled_glass_sh1106_at_0 ? 0 : 2,
		.contrast = 127,
		.max_write = I2C_MESSAGE_LEN_MAX,
	};
}
