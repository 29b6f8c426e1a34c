// SPDX-License-Identifier: MIT
/*
 * sim_renamed.c — a key that had another name once, for mqttnode-sim
 *
 * Takes the place of the daemon's own table, so that an upgrade over such a key can
 * be tried at any time.
 */
#include "../../src/base/settings_schema.h"

const struct settings_renamed settings_renamed[] = {
	{ "oled.brightness", "oled.contrast", "0.2.0" },
	{ NULL, NULL, NULL },
};
