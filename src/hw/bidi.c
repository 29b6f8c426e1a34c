// SPDX-License-Identifier: MIT
/* bidi.c — the order and the shapes of right-to-left text */
#include "bidi.h"

#include <errno.h>
#include <stdlib.h>

#include <fribidi.h>

#include "mqttnode/cleanup.h"

struct bidi {
	uint32_t *text; /* borrowed */
	FriBidiParType base;
	FriBidiCharType *types;
	FriBidiLevel *levels;
};

/* Joins Arabic letters and mirrors brackets. 0 or -ENOMEM. */
static int shape(struct bidi *b, size_t len)
{
	FriBidiJoiningType *joining = calloc(len, sizeof(*joining));

	if (!joining)
		return -ENOMEM;
	fribidi_get_joining_types(b->text, (FriBidiStrIndex)len, joining);
	fribidi_join_arabic(b->types, (FriBidiStrIndex)len, b->levels, joining);
	fribidi_shape(FRIBIDI_FLAGS_DEFAULT | FRIBIDI_FLAGS_ARABIC, b->levels,
		      (FriBidiStrIndex)len, joining, b->text);
	free(joining);
	return 0;
}

static int find_levels(struct bidi *b, size_t len)
{
	FriBidiBracketType *brackets = calloc(len, sizeof(*brackets));
	FriBidiLevel highest = 0;

	if (brackets) {
		fribidi_get_bidi_types(b->text, (FriBidiStrIndex)len, b->types);
		fribidi_get_bracket_types(b->text, (FriBidiStrIndex)len, b->types,
					  brackets);
		highest = fribidi_get_par_embedding_levels_ex(
			b->types, brackets, (FriBidiStrIndex)len, &b->base, b->levels);
	}
	free(brackets);
	/* The library returns 0 when it has no memory, else the level plus 1. */
	return highest > 0 ? 0 : -ENOMEM;
}

int bidi_new(struct bidi **ret, uint32_t *text, size_t len)
{
	struct bidi *b = calloc(1, sizeof(*b));
	int r = -ENOMEM;

	if (!b)
		return r;
	b->text = text;
	b->base = FRIBIDI_PAR_ON;
	b->types = calloc(len, sizeof(*b->types));
	b->levels = calloc(len, sizeof(*b->levels));
	if (b->types && b->levels)
		r = find_levels(b, len);
	if (r == 0)
		r = shape(b, len);
	if (r < 0) {
		bidi_free(b);
		return r;
	}
	*ret = b;
	return 0;
}

struct bidi *bidi_free(struct bidi *b)
{
	if (!b)
		return NULL;
	free(b->types);
	free(b->levels);
	free(b);
	return NULL;
}

bool bidi_is_rtl(const struct bidi *b)
{
	return FRIBIDI_IS_RTL(b->base);
}

int bidi_reorder(struct bidi *b, size_t from, size_t len)
{
	FriBidiLevel highest = fribidi_reorder_line(
		FRIBIDI_FLAGS_DEFAULT | FRIBIDI_FLAG_REORDER_NSM, b->types,
		(FriBidiStrIndex)len, (FriBidiStrIndex)from, b->base, b->levels, b->text,
		NULL);

	return highest > 0 ? 0 : -ENOMEM;
}

bool bidi_is_mark(uint32_t c)
{
	return fribidi_get_bidi_type(c) == FRIBIDI_TYPE_NSM;
}

bool bidi_is_invisible(uint32_t c)
{
	FriBidiCharType type = fribidi_get_bidi_type(c);

	return FRIBIDI_IS_EXPLICIT_OR_BN(type) || FRIBIDI_IS_ISOLATE(type) ||
	       c == 0x200e || c == 0x200f || c == 0x061c;
}
