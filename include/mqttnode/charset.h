/* SPDX-License-Identifier: MIT */
/*
 * charset.h — payloads that are text in another character set than UTF-8
 *
 * The only user of iconv(3). One thread at a time per converter.
 */
#ifndef MQTTNODE_CHARSET_H
#define MQTTNODE_CHARSET_H

#include "mqttnode/cleanup.h"

#include <stddef.h>

/* What to try with a payload that is not UTF-8. */
enum charset {
	CHARSET_NONE,	 /* nothing: it is shown as bytes */
	CHARSET_GB18030, /* Chinese, as desktop programs write it (GB2312, GBK) */
};

/* Longer payloads are not tried. */
#define CHARSET_BYTES_MAX 65536

struct charset_converter;

/*
 * A converter from @charset. Returns 0 with NULL in *ret for CHARSET_NONE, or
 * -ENOTSUP if this system does not know it, or -ENOMEM.
 */
int charset_converter_new(struct charset_converter **ret, enum charset charset);

/* Accepts NULL, returns NULL. */
struct charset_converter *charset_converter_free(struct charset_converter *c);

/*
 * @len bytes as UTF-8: a new string of *@ret_len bytes that the caller frees, if
 * they are not UTF-8 but all of them are text of the converter's set, without
 * control characters other than tabs and ends of lines. Else NULL, as with a
 * converter that is NULL: the bytes are to be taken as they are.
 */
char *charset_to_utf8(struct charset_converter *c, const void *data, size_t len,
		      size_t *ret_len);

DEFINE_CLEANUP(struct charset_converter, charset_converter_free);

#endif
