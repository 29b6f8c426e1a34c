/* SPDX-License-Identifier: MIT */
/* layout_decode.h — bytes into characters to be drawn; for layout.c alone */
#ifndef MQTTNODE_HW_LAYOUT_DECODE_H
#define MQTTNODE_HW_LAYOUT_DECODE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Writes at most @max characters to draw of @len bytes into @chars and returns
 * how many: newlines as '\n', no other control characters, no bidirectional
 * embeddings or overrides, letters with the accents that follow them, one
 * character for a sequence of emoji parts.
 */
size_t layout_decode(uint32_t *chars, size_t max, const char *text, size_t len);

#endif
