// SPDX-License-Identifier: MIT
/* display_picture.c — the picture that a person sees and the one that the panel gets */
#include "mqttnode/display.h"

void display_canvas(const struct oled_settings *settings, struct canvas *ret)
{
	canvas_init(ret, settings->width, settings->height);
}
