// SPDX-License-Identifier: MIT
/* display_picture.c — from the picture that a person sees to the one that the panel gets
 */
#include "display_picture.h"

#include "mqttnode/display.h"

/* How far a picture moves: by two cells of text, so that strokes meet gaps. */
#define SHIFT_COLUMNS 15
#define SHIFT_ROWS    1

static bool is_on_its_side(const struct oled_settings *settings)
{
	return settings->rotate == 90 || settings->rotate == 270;
}

void display_canvas(const struct oled_settings *settings, struct canvas *ret)
{
	if (is_on_its_side(settings))
		canvas_init(ret, settings->height, settings->width);
	else
		canvas_init(ret, settings->width, settings->height);
}

static int min(int a, int b)
{
	return a < b ? a : b;
}

/* The places along one axis: as many forwards as are free, then backwards. */
struct places {
	int forwards, backwards;
};

static struct places find_places(int free_after, int free_before, int most)
{
	int forwards = min(free_after, most);

	return (struct places){ forwards, min(free_before, most - forwards) };
}

static int count_places(struct places p)
{
	return p.forwards + p.backwards + 1;
}

/* The distance to place @step: 0, 1, ... forwards, then -backwards ... -1. */
static int distance(struct places p, unsigned int step)
{
	int at = (int)(step % (unsigned int)count_places(p));

	return at <= p.forwards ? at : at - count_places(p);
}

static void shift(const struct canvas *seen, unsigned int step, struct canvas *ret)
{
	struct canvas_margins m = canvas_margins(seen);
	struct places columns = find_places(m.right, m.left, SHIFT_COLUMNS);
	struct places rows = find_places(m.bottom, m.top, SHIFT_ROWS);

	canvas_shift(ret, seen, distance(columns, step),
		     distance(rows, step / (unsigned int)count_places(columns)));
}

void display_compose(const struct oled_settings *settings, const struct canvas *seen,
		     unsigned int step, struct canvas *ret)
{
	struct canvas shifted;

	if (!is_on_its_side(settings)) {
		shift(seen, step, ret);
		return;
	}
	shift(seen, step, &shifted);
	canvas_turn_right(ret, &shifted); /* the half turn is done by the panel */
}
