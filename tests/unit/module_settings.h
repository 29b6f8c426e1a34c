/* SPDX-License-Identifier: MIT */
/* module_settings.h — the settings that suit a simulated display module */
#ifndef MQTTNODE_TESTS_MODULE_SETTINGS_H
#define MQTTNODE_TESTS_MODULE_SETTINGS_H

#include "mqttnode/settings.h"

/*
 * For the module @name (oled_module.h) at 0x3c on /dev/i2c-1: upright, and with
 * nothing that spares the panel.
 */
struct oled_settings module_settings(const char *name);

#endif
