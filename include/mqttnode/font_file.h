/* SPDX-License-Identifier: MIT */
/*
 * font_file.h — glyphs from a font file in the .hex format of GNU Unifont
 *
 * The file is not loaded: a line of text a glyph, sorted by code point, looked up
 * where it is by binary search. "HHHH:" and 32 hexadecimal digits are 8 columns,
 * 64 are 16 columns, always 16 rows from top to bottom (unifoundry.com). Nothing
 * in the file is trusted. Main thread.
 */
#ifndef MQTTNODE_FONT_FILE_H
#define MQTTNODE_FONT_FILE_H

#include "mqttnode/cleanup.h"
#include "mqttnode/font.h"

#include <stddef.h>

struct font_file;

/*
 * Opens @path. Returns 0, or -errno with a sentence in @error; -EINVAL if it is
 * no such file, is cut off or not sorted. Release with font_file_close().
 */
int font_file_open(struct font_file **ret, const char *path, char *error, size_t size);

/* Where the font file of a Debian package lies if it is installed, or NULL. */
const char *font_file_find(void);

/* Accepts NULL, returns NULL. */
struct font_file *font_file_close(struct font_file *f);

/* Whether @f, which may be NULL, has a character; if so, @ret is its glyph. */
bool font_file_glyph(struct font_file *f, uint32_t c, struct font_glyph *ret);

DEFINE_CLEANUP(struct font_file, font_file_close);

#endif
