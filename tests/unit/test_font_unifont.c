// SPDX-License-Identifier: MIT
/* test_font_unifont.c — the real font file, where it is installed */
#include "mqttnode/font_file.h"

#include <stdio.h>

#include "unit.h"

static const char *unifont;

static void glyphs_of_the_whole_plane_are_read(void **state)
{
	struct font_glyph glyph;
	struct font_file *f;
	unsigned int found = 0;
	char error[128];

	(void)state;
	assert_int_equal(font_file_open(&f, unifont, error, sizeof(error)), 0);
	for (uint32_t c = 0; c < 0x10000; c++)
		found += font_file_glyph(f, c, &glyph);
	assert_true(found > 50000);
	assert_true(font_file_glyph(f, 0x6e29, &glyph));
	assert_int_equal(glyph.width, 16);
	assert_true(font_file_glyph(f, 'A', &glyph));
	assert_int_equal(glyph.width, 8);
	font_file_close(f);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(glyphs_of_the_whole_plane_are_read),
	};

	unifont = font_file_find();
	if (!unifont) {
		/* As a whole: what skip() says in cmocka 1.1.5 is a failure in TAP. */
		puts("1..0 # SKIP unifont is not installed");
		return 0;
	}
	return cmocka_run_group_tests_name("font_unifont", tests, NULL, NULL);
}
