// SPDX-License-Identifier: MIT
/* display_care.c — sparing a panel that wears out: dim at night, dark when idle */
#include "display_care.h"

#include "mqttnode/clock.h"

#define STEP_NS (60 * NSEC_PER_SEC)

uint8_t display_contrast(const struct oled_settings *settings, time_t now)
{
	struct daily_hours hours = settings->dim;
	bool dim, over_midnight = hours.from_min > hours.to_min;
	struct tm local;
	int minute;

	if (hours.from_min == hours.to_min || !localtime_r(&now, &local))
		return settings->contrast;
	minute = local.tm_hour * 60 + local.tm_min;
	if (over_midnight)
		dim = minute >= hours.from_min || minute < hours.to_min;
	else
		dim = minute >= hours.from_min && minute < hours.to_min;
	return dim ? settings->dim_contrast : settings->contrast;
}

bool display_is_idle(const struct oled_settings *settings, uint64_t idle_ns)
{
	return settings->idle_off_ms > 0 &&
	       idle_ns >= settings->idle_off_ms * NSEC_PER_MSEC;
}

unsigned int display_step(const struct oled_settings *settings, uint64_t ns)
{
	return settings->pixel_shift ? (unsigned int)(ns / STEP_NS) : 0;
}
