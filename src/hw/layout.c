// SPDX-License-Identifier: MIT
/*
 * layout.c — text from outside, made into lines of the screen
 *
 * Theory of operation. The bytes become characters (layout_decode.c), the
 * characters paragraphs, and each paragraph lines, all in one array: first the
 * shapes of the letters are settled, since they decide how wide a line gets,
 * then lines are broken in the order of writing, and only then each line is put
 * into the order of the screen (Unicode Standard Annex 9, 3.4).
 */
#include "mqttnode/layout.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bidi.h"
#include "layout_decode.h"

#define ELLIPSIS     0x2026
#define SOFT_HYPHEN  0x00ad
#define FIRST_RTL    0x0590 /* below it nothing is ordered, shaped or a mark... */
#define FIRST_MARK   0x0300 /* ...but for these */
#define LAST_MARK    0x036f
#define SMALLEST     4 /* bytes to begin with */
#define BASELINE_GAP 7 /* rows above a character of 8 rows in a line of 16 */

struct line {
	uint32_t at, n; /* in chars */
	bool tall, rtl;
};

struct layout {
	struct layout_style style;
	uint32_t *chars;
	struct line *lines;
	size_t n_lines, lines_size;
};

/* --- characters ------------------------------------------------------------ */

static bool is_mark(uint32_t c)
{
	return c >= FIRST_RTL ? bidi_is_mark(c) : c >= FIRST_MARK && c <= LAST_MARK;
}

static bool is_undrawn(uint32_t c)
{
	return c == SOFT_HYPHEN || (c >= FIRST_RTL && bidi_is_invisible(c));
}

/* Whether only the font file has a character. */
static bool needs_file(const struct layout *l, uint32_t c)
{
	struct font_glyph glyph;

	return !font_glyph(l->style.face, c, &glyph) &&
	       font_file_glyph(l->style.file, c, &glyph);
}

/* How far a character moves what follows. */
static int advance(const struct layout *l, uint32_t c)
{
	struct font_glyph glyph;

	if (is_mark(c) || is_undrawn(c))
		return 0;
	if (!font_glyph(l->style.face, c, &glyph))
		(void)font_file_glyph(l->style.file, c, &glyph);
	return glyph.width;
}

/* Chinese, Japanese and Korean: lines may be broken anywhere in it. */
static bool is_ideograph(uint32_t c)
{
	return (c >= 0x2e80 && c <= 0xd7ff) || (c >= 0xf900 && c <= 0xfaff) ||
	       (c >= 0xff00 && c <= 0xffef) || c >= 0x1f000;
}

static bool is_one_of(uint32_t c, const uint32_t *set, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (set[i] == c)
			return true;
	return false;
}

/* Whether a line may be broken between two characters that are no spaces. */
static bool may_break(uint32_t before, uint32_t after)
{
	/* opening and closing punctuation: never at the end or the begin of a line */
	static const uint32_t opening[] = { 0x3008, 0x300a, 0x300c, 0x300e,
					    0x3010, 0x3014, 0xff08, 0x201c };
	static const uint32_t closing[] = {
		0x3001, 0x3002, 0x3009, 0x300b, 0x300d, 0x300f, 0x3011, 0x3015,
		0xff01, 0xff09, 0xff0c, 0xff0e, 0xff1a, 0xff1b, 0xff1f, 0x201d,
		'%',	',',	'.',	')',	':',	';',	'!',	'?',
	};

	return (is_ideograph(before) || is_ideograph(after)) &&
	       !is_one_of(before, opening, ARRAY_SIZE(opening)) &&
	       !is_one_of(after, closing, ARRAY_SIZE(closing));
}

/* --- lines ----------------------------------------------------------------- */

static int add_line(struct layout *l, size_t at, size_t n, bool rtl)
{
	struct line *line;

	if (l->n_lines == l->lines_size) {
		size_t size = l->lines_size ? 2 * l->lines_size : SMALLEST;

		line = reallocarray(l->lines, size, sizeof(*line));
		if (!line)
			return -ENOMEM;
		l->lines = line;
		l->lines_size = size;
	}
	line = &l->lines[l->n_lines++];
	*line = (struct line){ .at = (uint32_t)at, .n = (uint32_t)n, .rtl = rtl };
	for (size_t i = 0; i < n && !line->tall; i++)
		line->tall =
			!is_mark(l->chars[at + i]) && needs_file(l, l->chars[at + i]);
	return 0;
}

static size_t skip_spaces(const struct layout *l, size_t at, size_t end)
{
	while (at < end && l->chars[at] == ' ')
		at++;
	return at;
}

/*
 * Finds the end of the line that begins at @at; @next is where the one after it
 * begins. A word that is longer than a line is broken anywhere.
 */
static size_t end_of_line(const struct layout *l, size_t at, size_t end, size_t *next)
{
	size_t good = 0; /* the last place to break, if not 0 */
	int x = 0;

	for (size_t i = at; i < end; i++) {
		uint32_t c = l->chars[i];
		int width = advance(l, c);

		if (c == ' ' && i > at && l->chars[i - 1] != ' ')
			good = i;
		else if (i > at && width > 0 && l->chars[i - 1] != ' ' &&
			 may_break(l->chars[i - 1], c))
			good = i;
		x += width;
		if (x <= l->style.width || i == at)
			continue;
		if (!good)
			good = i;
		*next = skip_spaces(l, good, end);
		return good;
	}
	*next = end;
	return end;
}

static int break_paragraph(struct layout *l, struct bidi *bidi, size_t begin, size_t end)
{
	bool rtl = bidi && bidi_is_rtl(bidi);
	int r = 0;

	for (size_t at = begin, next; at < end && r == 0; at = next) {
		size_t stop = end_of_line(l, at, end, &next);

		/* The order first: it does not change which characters are there. */
		if (bidi)
			r = bidi_reorder(bidi, at - begin, stop - at);
		if (r == 0)
			r = add_line(l, at, stop - at, rtl);
	}
	if (begin == end)
		r = add_line(l, begin, 0, false);
	return r;
}

/* @begin to @end are characters without a newline. */
static int lay_out_paragraph(struct layout *l, size_t begin, size_t end)
{
	struct bidi *bidi = NULL;
	bool plain = true;
	int r = 0;

	for (size_t i = begin; i < end && plain; i++)
		plain = l->chars[i] < FIRST_RTL;
	if (!plain)
		r = bidi_new(&bidi, l->chars + begin, end - begin);
	if (r == 0)
		r = break_paragraph(l, bidi, begin, end);
	bidi_free(bidi);
	return r;
}

static bool is_blank(const struct layout *l, const struct line *line)
{
	return skip_spaces(l, line->at, line->at + line->n) == line->at + line->n;
}

/* Gives back what @n characters do not need. */
static void trim(struct layout *l, size_t n)
{
	uint32_t *less = reallocarray(l->chars, n + 1, sizeof(*less));

	if (less)
		l->chars = less;
}

int layout_new(struct layout **ret, const struct layout_style *style, const char *text,
	       size_t len)
{
	_cleanup_(layout_freep) struct layout *l = NULL;
	size_t n;
	int r = 0;

	assert(style->width >= FONT_WIDTH);
	if (len > LAYOUT_BYTES_MAX)
		len = LAYOUT_BYTES_MAX;
	l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->style = *style;
	/* A byte is at most the four characters of \xHH. */
	l->chars = calloc(4 * len + 1, sizeof(*l->chars));
	if (!l->chars)
		return -ENOMEM;
	n = layout_decode(l->chars, 4 * len, text, len);
	trim(l, n);
	for (size_t at = 0, end; at < n && r == 0; at = end + 1) {
		for (end = at; end < n && l->chars[end] != '\n';)
			end++;
		r = lay_out_paragraph(l, at, end);
	}
	if (r < 0)
		return r;
	/* Blank lines at the end would only make the rest look cut. */
	while (l->n_lines > 0 && is_blank(l, &l->lines[l->n_lines - 1]))
		l->n_lines--;
	*ret = TAKE_PTR(l);
	return 0;
}

struct layout *layout_free(struct layout *l)
{
	if (!l)
		return NULL;
	free(l->chars);
	free(l->lines);
	free(l);
	return NULL;
}

/* --- what it is for -------------------------------------------------------- */

size_t layout_lines(const struct layout *l)
{
	return l->n_lines;
}

bool layout_has_tall_lines(const struct layout *l)
{
	for (size_t i = 0; i < l->n_lines; i++)
		if (l->lines[i].tall)
			return true;
	return false;
}

static int line_height(const struct line *line)
{
	return line->tall ? FONT_TALL_HEIGHT : FONT_HEIGHT;
}

int layout_height(const struct layout *l, size_t first, size_t n)
{
	int height = 0;

	for (size_t i = first; i < first + n && i < l->n_lines; i++)
		height += line_height(&l->lines[i]);
	return height;
}

size_t layout_fit(const struct layout *l, size_t first, int height)
{
	size_t n = 0;

	if (first >= l->n_lines)
		return 0;
	while (first + n < l->n_lines && layout_height(l, first, n + 1) <= height)
		n++;
	return n > 0 ? n : 1;
}

/* The glyph of a character in a line of 8 or 16 rows. */
static void pick(const struct layout *l, uint32_t c, bool tall, struct font_glyph *ret)
{
	bool found = font_glyph(l->style.face, c, ret);
	struct font_glyph other;

	/* In a tall line everything is of the file, so that it looks like one text. */
	if (tall && font_file_glyph(l->style.file, c, &other) &&
	    (!found || other.width == ret->width))
		*ret = other;
}

static void draw_char(const struct layout *l, struct canvas *c, int x, int y, bool tall,
		      uint32_t what)
{
	struct font_glyph glyph;

	pick(l, what, tall, &glyph);
	font_draw_glyph(c, x,
			y + (tall && glyph.height == FONT_HEIGHT ? BASELINE_GAP : 0),
			&glyph);
}

/* A mark goes onto the middle of the character before it, if there is room for it. */
static void draw_mark(const struct layout *l, struct canvas *c, int x, int y, int width,
		      uint32_t what)
{
	struct font_glyph glyph;

	if (font_file_glyph(l->style.file, what, &glyph))
		font_draw_glyph(c, x + (width - glyph.width) / 2, y, &glyph);
}

static int width_of(const struct layout *l, size_t at, size_t n)
{
	int width = 0;

	for (size_t i = 0; i < n; i++)
		width += advance(l, l->chars[at + i]);
	return width;
}

/* Draws a line, with "…" at its end if it is @cut. */
static void draw_line(const struct layout *l, struct canvas *c, int x, int y,
		      const struct line *line, bool cut)
{
	int room = l->style.width - (cut ? font_width(l->style.face) : 0);
	size_t at = line->at, n = line->n;
	int width = 0;

	while (n > 0 && width_of(l, at, n) > room) {
		n--;
		at += line->rtl; /* its end stands at the left */
	}
	if (line->rtl)
		x += room - width_of(l, at, n);
	if (line->rtl && cut) {
		draw_char(l, c, x, y, line->tall, ELLIPSIS);
		x += font_width(l->style.face);
	}
	for (size_t i = at; i < at + n; i++) {
		uint32_t what = l->chars[i];

		if (is_undrawn(what))
			continue;
		if (is_mark(what)) {
			if (line->tall)
				draw_mark(l, c, x - width, y, width, what);
			continue;
		}
		width = advance(l, what);
		draw_char(l, c, x, y, line->tall, what);
		x += width;
	}
	if (cut && !line->rtl)
		draw_char(l, c, x, y, line->tall, ELLIPSIS);
}

size_t layout_draw(const struct layout *l, struct canvas *c, int x, int y, int height,
		   size_t first, bool cut)
{
	size_t n = layout_fit(l, first, height);

	for (size_t i = first; i < first + n; i++) {
		draw_line(l, c, x, y, &l->lines[i],
			  cut && i + 1 == first + n && i + 1 < l->n_lines);
		y += line_height(&l->lines[i]);
	}
	return n;
}
