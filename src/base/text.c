// SPDX-License-Identifier: MIT
/* text.c — text from outside: decoded strictly, shown safely */
#include "mqttnode/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ELLIPSIS "\xe2\x80\xa6"

int text_utf8_decode(const void *s, size_t len, uint32_t *ret)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const uint8_t *p = s;
	uint32_t c;
	int n;

	if (p[0] < 0x80) {
		*ret = p[0];
		return 1;
	}
	if ((p[0] & 0xe0) == 0xc0) {
		n = 2;
		c = p[0] & 0x1f;
	} else if ((p[0] & 0xf0) == 0xe0) {
		n = 3;
		c = p[0] & 0x0f;
	} else if ((p[0] & 0xf8) == 0xf0) {
		n = 4;
		c = p[0] & 0x07;
	} else {
		return -EILSEQ;
	}
	if (len < (size_t)n)
		return -EILSEQ;
	for (int i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return -EILSEQ;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return -EILSEQ;
	*ret = c;
	return n;
}

bool text_utf8_valid(const void *s, size_t len)
{
	const uint8_t *p = s;
	uint32_t c;

	for (size_t i = 0; i < len;) {
		int n = text_utf8_decode(p + i, len - i, &c);

		if (n < 0)
			return false;
		i += (size_t)n;
	}
	return true;
}

bool text_is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f);
}

/* Characters that change the order or the lines of what stands around them. */
static bool is_reordering(uint32_t c)
{
	return c == 0x061c || c == 0x200e || c == 0x200f || c == 0x2028 || c == 0x2029 ||
	       (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

/* Escapes the @n bytes of one character (or invalid byte) into @out; returns the length.
 */
static size_t escape_one(char out[17], const uint8_t *p, size_t n, bool valid, uint32_t c,
			 bool backslash)
{
	static const char hex[] = "0123456789abcdef";
	size_t used = 0;

	if (valid && (c == '\n' || c == '\r' || c == '\t' || (c == '\\' && backslash))) {
		out[0] = '\\';
		out[1] = c == '\n' ? 'n' : c == '\r' ? 'r' : c == '\t' ? 't' : '\\';
		return 2;
	}
	if (valid && !text_is_control(c) && !is_reordering(c)) {
		memcpy(out, p, n);
		return n;
	}
	for (size_t i = 0; i < n; i++) {
		out[used++] = '\\';
		out[used++] = 'x';
		out[used++] = hex[p[i] >> 4];
		out[used++] = hex[p[i] & 15];
	}
	return used;
}

/* text_escape(); a backslash is doubled only if @backslash. */
static char *escape(char *buf, size_t size, const void *data, size_t len, bool backslash)
{
	const uint8_t *p = data;
	size_t fits = 0; /* length up to which an ellipsis can still follow */
	size_t used = 0;

	for (size_t i = 0; i < len;) {
		uint32_t c = 0;
		int n = text_utf8_decode(p + i, len - i, &c);
		size_t width = n < 0 ? 1 : (size_t)n;
		char one[17];
		size_t k = escape_one(one, p + i, width, n > 0, c, backslash);

		if (used + k >= size) {
			used = fits;
			if (size > strlen(ELLIPSIS)) {
				memcpy(buf + used, ELLIPSIS, strlen(ELLIPSIS));
				used += strlen(ELLIPSIS);
			}
			break;
		}
		memcpy(buf + used, one, k);
		used += k;
		if (used + strlen(ELLIPSIS) < size)
			fits = used;
		i += width;
	}
	buf[used] = '\0';
	return buf;
}

char *text_escape(char *buf, size_t size, const void *data, size_t len)
{
	return escape(buf, size, data, len, true);
}

char *text_escape_rest(char *buf, size_t size, const char *s)
{
	return escape(buf, size, s, strlen(s), false);
}

char *text_escape_str(char *buf, size_t size, const char *s)
{
	return text_escape(buf, size, s, strlen(s));
}

char *text_format(char *buf, size_t size, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	if (vsnprintf(buf, size, format, ap) < 0)
		buf[0] = '\0';
	va_end(ap);
	return buf;
}
