/* SPDX-License-Identifier: MIT */
/* display_picture.h — from the picture that a person sees to the one that the panel gets
 */
#ifndef MQTTNODE_APP_DISPLAY_PICTURE_H
#define MQTTNODE_APP_DISPLAY_PICTURE_H

#include "mqttnode/canvas.h"
#include "mqttnode/settings.h"

/*
 * Moves @seen to its place number @step and turns it as configured. The places
 * spread the wear of what stands still over more pixels: up to 16 columns, then
 * the same a row lower, only within the dark margins of the picture, so that
 * nothing of it is ever lost. Place 0 is where it was drawn.
 */
void display_compose(const struct oled_settings *settings, const struct canvas *seen,
		     unsigned int step, struct canvas *ret);

#endif
