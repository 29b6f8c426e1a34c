// SPDX-License-Identifier: MIT
/*
 * fuzz_output.c — what a program or a file gives, made into what is published
 *
 * What comes out lies within what came in, or is a number that can be printed;
 * a number that is not one is refused.
 *
 * The first bytes of the input choose the settings.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "fuzz.h"
#include "shaping.h"

static double some_double(struct fuzz_input *in)
{
	static const double values[] = { 0, 1, -1, 0.001, 1e300, -1e300, 1e-300, 12.5 };

	return values[fuzz_byte(in) % 8];
}

static void must_be_within(const struct shaped *shaped, const char *data, size_t size)
{
	if (shaped->is_number) {
		must(isfinite(shaped->value));
		must(shaped->data >= shaped->number && shaped->len > 0);
		must(shaped->data[shaped->len] == '\0');
		must(shaped->data + shaped->len <
		     shaped->number + sizeof(shaped->number));
		return;
	}
	must(shaped->data >= data && shaped->data + shaped->len <= data + size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { .data = data, .size = size };
	struct last_value last = { 0 };
	struct shaping_settings s = { 0 };
	struct shaped shaped;
	uint8_t how = fuzz_byte(&in);
	const char *text;
	int r;

	s.whole = how & 1;
	s.rounded = how & 2;
	s.decimals = how >> 2 & 15;
	s.scale = some_double(&in);
	s.offset = some_double(&in);
	s.dead_band = fabs(some_double(&in));
	text = (const char *)in.data;
	r = shape(&s, text, in.size, &shaped);
	if (r < 0) {
		must(r == -EINVAL);
		return 0;
	}
	must_be_within(&shaped, text, in.size);
	must(last_value_differs(&last, &s, &shaped));
	last_value_set(&last, &shaped);
	must(!last.known || !last_value_differs(&last, &s, &shaped));
	last_value_clear(&last);
	return 0;
}
