// SPDX-License-Identifier: MIT
/*
 * cli_screen.c — "mqttnode screen": the display of the running daemon
 *
 * What the daemon sends is looked at as closely as anything from outside: a
 * socket may belong to another program.
 */
#include "mqttnode/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <json-c/json_object.h>

#include "cli_picture.h"
#include "mqttnode/cleanup.h"
#include "mqttnode/clock.h"

#define INTERVAL_NS (NSEC_PER_SEC / 2)

/* Top left, and nothing left of the last picture below. */
static const char home[] = "\033[H\033[J";

struct answer {
	struct canvas picture;
	bool present, dark;
};

DEFINE_CLEANUP(json_object, json_object_put);

static bool get_bool(json_object *o, const char *key)
{
	json_object *value;

	return json_object_object_get_ex(o, key, &value) &&
	       json_object_get_boolean(value);
}

/* The side @key of a picture, a multiple of 8; -EBADMSG. */
static int get_side(json_object *o, const char *key)
{
	json_object *value;
	int n;

	if (!json_object_object_get_ex(o, key, &value))
		return -EBADMSG;
	n = json_object_get_int(value);
	return n > 0 && n <= CANVAS_SIDE_MAX && n % 8 == 0 ? n : -EBADMSG;
}

static int read_row(struct canvas *c, int y, json_object *row)
{
	const char *text = json_object_is_type(row, json_type_string)
				   ? json_object_get_string(row)
				   : "";

	if (strlen(text) != c->width)
		return -EBADMSG;
	for (int x = 0; x < c->width; x++)
		canvas_set_pixel(c, x, y, text[x] == '#');
	return 0;
}

/* Reads the answer to the verb "screen". 0 or -EBADMSG. */
static int read_answer(json_object *o, struct answer *ret)
{
	int width = get_side(o, "width"), height = get_side(o, "height");
	json_object *rows;

	if (width < 0 || height < 0 || width * height / 8 > CANVAS_BYTES_MAX ||
	    !json_object_object_get_ex(o, "rows", &rows) ||
	    !json_object_is_type(rows, json_type_array) ||
	    json_object_array_length(rows) != (size_t)height)
		return -EBADMSG;
	canvas_init(&ret->picture, (uint8_t)width, (uint8_t)height);
	for (int y = 0; y < height; y++)
		if (read_row(&ret->picture, y,
			     json_object_array_get_idx(rows, (size_t)y)) < 0)
			return -EBADMSG;
	ret->present = get_bool(o, "present");
	ret->dark = get_bool(o, "dark");
	return 0;
}

/* Asks the daemon. 0 or -EBADMSG, told. */
static int ask(const struct cli_arguments *args, struct answer *ret)
{
	_cleanup_(json_object_putp) json_object *o =
		cli_ask_object(args, "{\"verb\":\"screen\"}");

	if (!o)
		return -EBADMSG;
	if (read_answer(o, ret) == 0)
		return 0;
	fputs("mqttnode: the daemon's answer is not a picture\n", stderr);
	return -EBADMSG;
}

/* A picture that is wider than the terminal is drawn in half the width. */
static const struct cli_blocks *choose_blocks(const struct canvas *c)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col < c->width)
		return &cli_quarter_blocks;
	return &cli_half_blocks;
}

static void print(const struct answer *a)
{
	const struct cli_blocks *blocks = choose_blocks(&a->picture);
	char line[CLI_PICTURE_LINE];

	for (int i = 0; cli_picture_line(&a->picture, blocks, i, line); i++)
		puts(line);
	if (!a->present)
		puts("(the display is not there; this is what it would show)");
	else if (a->dark)
		puts("(the display is dark because nothing happened for long)");
	(void)fflush(stdout);
}

static enum cli_exit watch(const struct cli_arguments *args)
{
	bool terminal = isatty(STDOUT_FILENO);
	struct answer before = { 0 }, now = { 0 };

	while (ask(args, &now) == 0) {
		if (memcmp(&now, &before, sizeof(now)) != 0) {
			if (terminal)
				fputs(home, stdout);
			print(&now);
			before = now;
		}
		clock_sleep_ns(&clock_system, INTERVAL_NS);
	}
	return CLI_FAILURE;
}

enum cli_exit cli_screen(const struct cli_arguments *args)
{
	struct answer answer = { 0 };
	char error[128];

	if (args->watch && args->png) {
		fprintf(stderr, "mqttnode: --watch and --png do not go together\n");
		return CLI_USAGE;
	}
	if (args->watch)
		return watch(args);
	if (ask(args, &answer) < 0)
		return CLI_FAILURE;
	if (!args->png) {
		print(&answer);
		return CLI_OK;
	}
	if (cli_picture_png(&answer.picture, args->png, error, sizeof(error)) < 0) {
		fprintf(stderr, "mqttnode: cannot write %s: %s\n", args->png, error);
		return CLI_FAILURE;
	}
	return CLI_OK;
}
