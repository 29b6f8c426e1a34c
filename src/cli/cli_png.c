// SPDX-License-Identifier: MIT
/*
 * cli_png.c — a picture of the display as a PNG file: the only user of libpng
 *
 * The library is loaded when it is needed: linked, it and what it brings along
 * would cost the daemon half a megabyte that it never uses.
 */
#include "cli_picture.h"

#include <dlfcn.h>
#include <errno.h>
#include <png.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mqttnode/cleanup.h"
#include "mqttnode/text.h"

/* Dots a pixel: as they are, displays are smaller than a thumbnail. */
#define SCALE 4

#define LIBRARY "libpng16.so.16"

/* What is used of it, by the names of png.h. */
struct library {
	__typeof__(png_image_write_to_file) *write_to_file;
	__typeof__(png_image_write_to_stdio) *write_to_stdio;
	__typeof__(png_image_free) *free;
};

static bool find(void *handle, const char *name, void *ret_function)
{
	void *symbol = dlsym(handle, name);

	memcpy(ret_function, &symbol, sizeof(symbol)); /* POSIX: they are alike */
	return symbol;
}

/* Stays loaded until the program ends, which is soon. 0 or -ENOSYS. */
static int load(struct library *ret)
{
	void *handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

	if (!handle || !find(handle, "png_image_write_to_file", &ret->write_to_file) ||
	    !find(handle, "png_image_write_to_stdio", &ret->write_to_stdio) ||
	    !find(handle, "png_image_free", &ret->free))
		return -ENOSYS;
	return 0;
}

static uint8_t *enlarge(const struct canvas *c)
{
	size_t width = (size_t)c->width * SCALE, height = (size_t)c->height * SCALE;
	uint8_t *dots = malloc(width * height), *dot = dots;

	if (!dots)
		return NULL;
	for (size_t y = 0; y < height; y++)
		for (size_t x = 0; x < width; x++)
			*dot++ = canvas_get_pixel(c, (int)x / SCALE, (int)y / SCALE)
					 ? UINT8_MAX
					 : 0;
	return dots;
}

int cli_picture_png(const struct canvas *c, const char *path, char *error, size_t size)
{
	_cleanup_free_ uint8_t *dots = enlarge(c);
	png_image image = {
		.version = PNG_IMAGE_VERSION,
		.width = (uint32_t)c->width * SCALE,
		.height = (uint32_t)c->height * SCALE,
		.format = PNG_FORMAT_GRAY,
	};
	struct library png;
	int written;

	if (load(&png) < 0) {
		text_format(error, size, "%s is needed (Debian package libpng16-16)",
			    LIBRARY);
		return -EIO;
	}
	if (!dots) {
		text_format(error, size, "out of memory");
		return -EIO;
	}
	if (strcmp(path, "-") == 0)
		written = png.write_to_stdio(&image, stdout, 0, dots, 0, NULL);
	else
		written = png.write_to_file(&image, path, 0, dots, 0, NULL);
	if (!written)
		text_format(error, size, "%s", image.message);
	png.free(&image);
	return written ? 0 : -EIO;
}
