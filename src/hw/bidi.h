/* SPDX-License-Identifier: MIT */
/*
 * bidi.h — the order and the shapes of right-to-left text
 *
 * The only user of libfribidi (Unicode Standard Annex 9, Arabic joining); for
 * layout.c alone.
 */
#ifndef MQTTNODE_HW_BIDI_H
#define MQTTNODE_HW_BIDI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bidi;

/*
 * Looks at a paragraph of @len > 0 characters, which stay the caller's and are
 * replaced by the shapes to draw: Arabic letters joined, brackets mirrored.
 * 0 or -ENOMEM; release with bidi_free().
 */
int bidi_new(struct bidi **ret, uint32_t *text, size_t len);
struct bidi *bidi_free(struct bidi *b);

/* Whether the paragraph as a whole runs from right to left. */
bool bidi_is_rtl(const struct bidi *b);

/*
 * Puts the @len characters from @from on, a line of the paragraph, into the
 * order in which they stand on the screen. Marks stay behind what they mark.
 * 0 or -ENOMEM.
 */
int bidi_reorder(struct bidi *b, size_t from, size_t len);

/* Whether a character is drawn onto the one before it. */
bool bidi_is_mark(uint32_t c);

/* Whether a character guides order or shape and is not drawn at all. */
bool bidi_is_invisible(uint32_t c);

#endif
