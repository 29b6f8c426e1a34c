// SPDX-License-Identifier: MIT
/* charset.c — payloads that are text in another character set than UTF-8 */
#include "mqttnode/charset.h"

#include <errno.h>
#include <iconv.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "mqttnode/text.h"

/* A byte of GB18030 never becomes more bytes of UTF-8 than this. */
#define GROWTH 3

struct charset_converter {
	iconv_t iconv;
};

int charset_converter_new(struct charset_converter **ret, enum charset charset)
{
	struct charset_converter *c;

	*ret = NULL;
	if (charset == CHARSET_NONE)
		return 0;
	c = malloc(sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->iconv = iconv_open("UTF-8", "GB18030");
	/* NOLINTNEXTLINE: that is how iconv.h says it */
	if (c->iconv == (iconv_t)-1) {
		free(c);
		return -ENOTSUP;
	}
	*ret = c;
	return 0;
}

struct charset_converter *charset_converter_free(struct charset_converter *c)
{
	if (!c)
		return NULL;
	(void)iconv_close(c->iconv);
	free(c);
	return NULL;
}

/* Binary data may look like text of many bytes, but rarely without these. */
static bool has_controls(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == 0x7f || (c < 0x20 && c != '\t' && c != '\n' && c != '\r'))
			return true;
	}
	return false;
}

char *charset_to_utf8(struct charset_converter *c, const void *data, size_t len,
		      size_t *ret_len)
{
	size_t in_left = len, out_left = GROWTH * len;
	char *in, *out, *text;

	if (!c || len == 0 || len > CHARSET_BYTES_MAX || text_utf8_valid(data, len))
		return NULL;
	text = malloc(out_left + 1);
	if (!text)
		return NULL;
	in = (char *)(uintptr_t)data; /* iconv() does not write there */
	out = text;
	(void)iconv(c->iconv, NULL, NULL, NULL, NULL);
	if (iconv(c->iconv, &in, &in_left, &out, &out_left) == (size_t)-1 ||
	    has_controls(text, (size_t)(out - text))) {
		free(text);
		return NULL;
	}
	*out = '\0';
	*ret_len = (size_t)(out - text);
	return text;
}
