/* SPDX-License-Identifier: MIT */
/*
 * text.h — text from outside: decoded strictly, shown safely
 *
 * Payloads, leases and names come from the network. They reach the journal,
 * the terminal and the display only through these functions. Any thread.
 */
#ifndef MQTTNODE_TEXT_H
#define MQTTNODE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Decodes the first character of @len > 0 bytes at @s as UTF-8 (RFC 3629:
 * no overlong forms, no surrogates, nothing above U+10FFFF). Returns its
 * length, 1..4, and stores the code point; or -EILSEQ when the first byte
 * does not begin a valid character: skip one byte then.
 */
int text_utf8_decode(const void *s, size_t len, uint32_t *ret);

/* Whether all of @len bytes at @s are valid UTF-8. Zero bytes are valid characters. */
bool text_utf8_valid(const void *s, size_t len);

/* Whether a code point is a C0 or C1 control character or DEL. */
bool text_is_control(uint32_t c);

/*
 * Writes @len bytes at @data as printable text into @buf of @size > 0 bytes,
 * always terminated: newline, return and tab as \n \r \t, backslash doubled,
 * other control characters, invalid bytes and characters that reorder text
 * (bidirectional controls, U+2028, U+2029) as \xHH for each byte. What does
 * not fit is cut at a character and replaced by "…" (U+2026). Returns @buf.
 */
char *text_escape(char *buf, size_t size, const void *data, size_t len);

/* text_escape() of a string. */
char *text_escape_str(char *buf, size_t size, const char *s);

/*
 * text_escape_str() of text whose parts from outside are escaped already: a
 * backslash stays a single one.
 */
char *text_escape_rest(char *buf, size_t size, const char *s);

/* snprintf that always terminates and returns @buf. */
char *text_format(char *buf, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
