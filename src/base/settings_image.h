/* SPDX-License-Identifier: MIT */
/*
 * settings_image.h — every key of a configuration with its value, as texts
 *
 * For the settings module alone: what settings_compare() compares.
 */
#ifndef MQTTNODE_SETTINGS_IMAGE_H
#define MQTTNODE_SETTINGS_IMAGE_H

#include "settings_file.h"

struct settings_image;

/* 0 or -ENOMEM; release with settings_image_free(), which accepts NULL. */
int settings_image_new(struct settings_image **ret);
struct settings_image *settings_image_free(struct settings_image *image);

/*
 * Adds the key @name of the group @group ("" for the root) with its value @v; a
 * group as a value only says that it is there. 0 or -ENOMEM.
 */
int settings_image_add(struct settings_image *image, const char *group, const char *name,
		       const struct conf_node *v);

/* Complete: it can be compared now. */
void settings_image_finish(struct settings_image *image);

/* See settings_compare(). */
void settings_image_compare(const struct settings_image *a,
			    const struct settings_image *b,
			    void (*on_key)(void *ctx, const char *path), void *ctx);

DEFINE_CLEANUP(struct settings_image, settings_image_free);

#endif
