// SPDX-License-Identifier: MIT
/*
 * fuzz_text.c — payloads of any bytes, on the way to journal and screen
 *
 * Escaped text is valid, printable and no longer than its buffer. On the screen, all
 * lines of a layout can be drawn, one after the other, within the picture.
 *
 * The first byte of the input chooses buffer, face and width.
 */
#include <string.h>

#include "fuzz.h"
#include "mqttnode/canvas.h"
#include "mqttnode/font.h"
#include "mqttnode/layout.h"
#include "mqttnode/text.h"

#define WIDTH  128
#define HEIGHT 64

static void try_escape(const uint8_t *data, size_t len, size_t size)
{
	char *buf = malloc(size);
	uint32_t c;
	int n;

	must(buf);
	must(text_escape(buf, size, data, len) == buf);
	must(strlen(buf) < size);
	for (const char *s = buf; *s; s += n) {
		n = text_utf8_decode(s, strlen(s), &c);
		must(n > 0 && !text_is_control(c));
	}
	free(buf);
}

static void try_layout(const uint8_t *data, size_t len, const struct layout_style *style)
{
	struct canvas canvas;
	struct layout *l = NULL;
	size_t line = 0;

	must(layout_new(&l, style, (const char *)data, len) == 0);
	canvas_init(&canvas, WIDTH, HEIGHT);
	must(layout_height(l, 0, layout_lines(l)) <= (int)(16 * layout_lines(l)));
	while (line < layout_lines(l)) {
		size_t drawn = layout_draw(l, &canvas, 0, 0, HEIGHT, line, true);

		must(drawn >= 1 && drawn <= HEIGHT / 8);
		line += drawn;
	}
	must(line == layout_lines(l));
	l = layout_free(l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { .data = data, .size = size };
	uint8_t how = fuzz_byte(&in);
	struct layout_style style = {
		.face = how & 1 ? FONT_SMALL : FONT_BOLD,
		.width = how & 2 ? 8 : WIDTH,
	};

	try_escape(in.data, in.size, 1 + (how >> 2) * 4u);
	try_layout(in.data, in.size, &style);
	return 0;
}
