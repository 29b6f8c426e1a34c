/* SPDX-License-Identifier: MIT */
/* display_care.h — sparing a panel that wears out: dim at night, dark when idle */
#ifndef MQTTNODE_APP_DISPLAY_CARE_H
#define MQTTNODE_APP_DISPLAY_CARE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "mqttnode/settings.h"

/* How bright the panel is at @now: the hours of oled.dim are in local time. */
uint8_t display_contrast(const struct oled_settings *settings, time_t now);

/* Whether it is dark after @idle_ns without an event. */
bool display_is_idle(const struct oled_settings *settings, uint64_t idle_ns);

/* In which place a picture stands (display_compose()) after @ns of running. */
unsigned int display_step(const struct oled_settings *settings, uint64_t ns);

#endif
