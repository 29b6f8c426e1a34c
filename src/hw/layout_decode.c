// SPDX-License-Identifier: MIT
/* layout_decode.c — bytes into characters to be drawn */
#include "layout_decode.h"

#include <stdbool.h>
#include <string.h>

#include "mqttnode/cleanup.h"
#include "mqttnode/text.h"

#define JOINER 0x200d /* zero width joiner */

struct output {
	uint32_t *chars;
	size_t n, max;
};

static void put(struct output *out, uint32_t c)
{
	if (out->n < out->max)
		out->chars[out->n++] = c;
}

/* Bytes that must not or cannot be drawn, as \xHH each. */
static void put_escaped(struct output *out, const char *bytes, size_t n)
{
	char shown[17];

	if (out->max - out->n < 4 * n) {
		out->max = out->n; /* not the half of one */
		return;
	}
	for (size_t i = 0; i < n; i++) {
		text_format(shown, sizeof(shown), "\\x%02x", (unsigned char)bytes[i]);
		for (const char *p = shown; *p; p++)
			put(out, (uint32_t)*p);
	}
}

/* Letters with an accent as one character: a mark, then letter and result in turn. */
static const char *const compositions[] = {
	"\u0300AÀEÈIÌNǸOÒUÙWẀYỲaàeèiìnǹoòuùwẁyỳ",
	"\u0301AÁCĆEÉIÍLĹNŃOÓRŔSŚUÚWẂYÝZŹaácćeéiílĺnńoórŕsśuúwẃyýzźΑΆΕΈΗΉΙΊΟΌΥΎΩΏαάεέηήιίοόυύωώ",
	"\u0302AÂCĈEÊGĜHĤIÎJĴOÔSŜUÛWŴYŶaâcĉeêgĝhĥiîjĵoôsŝuûwŵyŷ",
	"\u0303AÃIĨNÑOÕUŨaãiĩnñoõuũ",
	"\u0304AĀEĒIĪOŌUŪaāeēiīoōuū",
	"\u0306AĂEĔGĞIĬOŎUŬaăeĕgğiĭoŏuŭИЙий",
	"\u0307CĊEĖGĠIİZŻcċeėgġzż",
	"\u0308AÄEËIÏOÖUÜYŸaäeëiïoöuüyÿΙΪΥΫιϊυϋЕЁІЇеёії",
	"\u030aAÅUŮaåuů",
	"\u030bOŐUŰoőuű",
	"\u030cCČDĎEĚLĽNŇRŘSŠTŤZŽcčdďeělľnňrřsštťzž",
	"\u0327CÇGĢKĶLĻNŅRŖSŞTŢcçkķlļnņrŗsştţ",
	"\u0328AĄEĘIĮUŲaąeęiįuų",
};

/* One of our own characters, and on. */
static uint32_t take(const char **text)
{
	uint32_t c = 0;

	*text += text_utf8_decode(*text, strlen(*text), &c);
	return c;
}

/* Puts the accent @mark onto the last letter. Returns whether there is such a letter. */
static bool compose(struct output *out, uint32_t mark)
{
	if (out->n == 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(compositions); i++) {
		const char *p = compositions[i];

		if (take(&p) != mark)
			continue;
		while (*p) {
			uint32_t letter = take(&p), composed = take(&p);

			if (letter != out->chars[out->n - 1])
				continue;
			out->chars[out->n - 1] = composed;
			return true;
		}
	}
	return false;
}

static bool is_emoji(uint32_t c)
{
	return (c >= 0x1f000 && c <= 0x1faff) || (c >= 0x2600 && c <= 0x27bf) ||
	       (c >= 0x2b00 && c <= 0x2bff);
}

static bool is_flag_letter(uint32_t c)
{
	return c >= 0x1f1e6 && c <= 0x1f1ff;
}

/* Whether @c only changes the emoji before it, or is joined to it. */
static bool is_emoji_part(const struct output *out, uint32_t c, bool *half_flag)
{
	uint32_t last = out->n > 0 ? out->chars[out->n - 1] : 0;
	bool joined = out->n > 1 && last == JOINER && is_emoji(out->chars[out->n - 2]);
	bool second = *half_flag && is_flag_letter(c);

	*half_flag = is_flag_letter(c) && !second;
	return (c >= 0xfe00 && c <= 0xfe0f) || (c >= 0x1f3fb && c <= 0x1f3ff) ||
	       (c >= 0xe0000 && c <= 0xe0fff) || (joined && is_emoji(c)) ||
	       (c == JOINER && last == JOINER) || second;
}

/* Spaces of other widths, and those that hold words together. */
static bool is_space(uint32_t c)
{
	return c == 0xa0 || (c >= 0x2000 && c <= 0x200a) || c == 0x202f || c == 0x205f ||
	       c == 0x3000;
}

/* Embeddings, overrides and isolates: they would order what stands after them. */
static bool is_order(uint32_t c)
{
	return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

size_t layout_decode(uint32_t *chars, size_t max, const char *text, size_t len)
{
	struct output out = { .chars = chars, .max = max };
	bool half_flag = false;
	uint32_t c;

	for (size_t at = 0; at < len && out.n < out.max;) {
		int n = text_utf8_decode(text + at, len - at, &c);
		size_t used = n < 0 ? 1 : (size_t)n;

		if (n > 0 && c == '\r' && at + 1 < len && text[at + 1] == '\n')
			;
		else if (n > 0 && (c == '\n' || c == '\r' || c == 0x2028 || c == 0x2029))
			put(&out, '\n');
		else if (n > 0 && (c == '\t' || is_space(c)))
			put(&out, ' ');
		else if (n < 0 || text_is_control(c))
			put_escaped(&out, text + at, used);
		else if (!is_order(c) && !is_emoji_part(&out, c, &half_flag) &&
			 !compose(&out, c))
			put(&out, c);
		at += used;
	}
	return out.n;
}
