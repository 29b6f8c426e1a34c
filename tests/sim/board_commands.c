// SPDX-License-Identifier: MIT
/* board_commands.c — what the lines of the board socket mean; described in board.h */
#include "board_commands.h"

#include <errno.h>
#include <json-c/json_object.h>
#include <string.h>

#include "board_faults.h"
#include "mqttnode/text.h"

#define WORDS_MAX 6

/* A line taken apart, and where the answer goes. */
struct request {
	struct board_parts *board;
	char *words[WORDS_MAX];
	int n; /* words, the command included */
	json_object *answer;
	char error[160];
};

/* ---- JSON ---- */

static void add_number(void *object, const char *name, uint64_t value)
{
	json_object_object_add(object, name, json_object_new_uint64(value));
}

static void add_bool(json_object *object, const char *name, bool value)
{
	json_object_object_add(object, name, json_object_new_boolean(value));
}

static void add_string(json_object *object, const char *name, const char *value)
{
	json_object_object_add(object, name, json_object_new_string(value));
}

/* A new object in @parent; owned by it. */
static json_object *add_object(json_object *parent, const char *name)
{
	json_object *object = json_object_new_object();

	json_object_object_add(parent, name, object);
	return object;
}

static json_object *add_array(json_object *parent, const char *name)
{
	json_object *array = json_object_new_array();

	json_object_object_add(parent, name, array);
	return array;
}

/* ---- stats, violations, settings ---- */

static uint64_t count_violations(const struct board_parts *b)
{
	return w5500_sim_stats(b->chip)->violations + b->report.n_violations;
}

static void look_at_panel(const struct board_parts *b, struct oled_picture *ret)
{
	*ret = (struct oled_picture){ .width = b->glass->width,
				      .height = b->glass->height };
	if (sim_i2c_plugged(b->i2c))
		oled_glass_picture(b->glass, oled_sim_state(b->panel), ret);
}

static int run_stats(struct request *q)
{
	struct board_parts *b = q->board;
	json_object *o = q->answer, *wire, *oled, *gpio;
	struct oled_picture picture;

	board_time_catch_up(b->time);
	add_number(o, "time_ns", clock_now_ns(&clock_system));
	add_number(o, "memory", board_parts_memory(b));
	add_number(o, "violations", count_violations(b));
	add_number(o, "warnings", b->report.n_warnings);
	add_number(o, "bus_waits", board_time_waits(b->time));
	sim_spi_each_counter(b->spi, add_number, add_object(o, "spi"));
	w5500_sim_each_counter(b->chip, add_number, add_object(o, "chip"));

	wire = add_object(o, "wire");
	add_bool(wire, "cable", w5500_sim_cable(b->chip));
	add_bool(wire, "link", w5500_sim_link(b->chip));
	add_number(wire, "mbit", w5500_sim_link_mbit(b->chip));
	board_wire_each(board_wire_to_node(b->wire), add_number,
			add_object(wire, "to_node"));
	board_wire_each(board_wire_from_node(b->wire), add_number,
			add_object(wire, "from_node"));

	sim_i2c_each_counter(b->i2c, add_number, add_object(o, "i2c"));
	look_at_panel(b, &picture);
	oled = add_object(o, "oled");
	add_bool(oled, "plugged", sim_i2c_plugged(b->i2c));
	add_bool(oled, "lit", picture.lit);
	add_number(oled, "power_losses", oled_sim_power_losses(b->panel));

	gpio = add_object(o, "gpio");
	sim_gpio_each_counter(b->gpio, add_number, gpio);
	add_number(gpio, "int", sim_gpio_int_level(b->gpio));
	add_number(gpio, "reset", sim_gpio_reset_level(b->gpio));
	return 0;
}

static void add_note(json_object *array, const char *part, const char *text)
{
	json_object *note = json_object_new_object();

	add_string(note, "part", part);
	add_string(note, "text", text);
	json_object_array_add(array, note);
}

static void add_notes(json_object *array, const struct sim_note *notes, uint64_t n)
{
	for (size_t i = 0; i < n && i < SIM_REPORT_KEPT; i++)
		add_note(array, notes[i].part, notes[i].text);
}

static int run_violations(struct request *q)
{
	const struct board_parts *b = q->board;
	json_object *violations = add_array(q->answer, "violations");
	const char *text;

	for (size_t i = 0; (text = w5500_sim_violation(b->chip, i)); i++)
		add_note(violations, "w5500", text);
	add_notes(violations, b->report.violations, b->report.n_violations);
	add_notes(add_array(q->answer, "warnings"), b->report.warnings,
		  b->report.n_warnings);
	return 0;
}

static int run_settings(struct request *q)
{
	const struct board_parts *b = q->board;

	w5500_sim_each_setting(b->chip, add_number, add_object(q->answer, "chip"));
	sim_spi_each_setting(b->spi, add_number, add_object(q->answer, "spi"));
	sim_i2c_each_setting(b->i2c, add_number, add_object(q->answer, "i2c"));
	sim_gpio_each_setting(b->gpio, add_number, add_object(q->answer, "gpio"));
	return 0;
}

/* ---- the picture ---- */

static int run_screen(struct request *q)
{
	struct oled_picture picture;
	char row[OLED_WIDTH_MAX + 1];
	json_object *rows;

	look_at_panel(q->board, &picture);
	add_number(q->answer, "width", picture.width);
	add_number(q->answer, "height", picture.height);
	add_bool(q->answer, "lit", picture.lit);
	add_number(q->answer, "contrast", picture.contrast);
	rows = add_array(q->answer, "rows");
	for (unsigned int y = 0; y < picture.height; y++)
		json_object_array_add(
			rows, json_object_new_string(oled_picture_row(&picture, y, row)));
	return 0;
}

static int run_pbm(struct request *q)
{
	_cleanup_free_ char *pbm = malloc(OLED_PBM_SIZE);
	struct oled_picture picture;

	if (!pbm)
		return -ENOMEM;
	look_at_panel(q->board, &picture);
	add_string(q->answer, "pbm", oled_picture_pbm(&picture, pbm));
	return 0;
}

/* ---- plugs and faults ---- */

static int refuse(struct request *q, const char *valid)
{
	text_format(q->error, sizeof(q->error), "%s takes: %s", q->words[0], valid);
	return -EINVAL;
}

static int run_cable(struct request *q)
{
	bool in = strcmp(q->words[1], "in") == 0;

	if (!in && strcmp(q->words[1], "out") != 0)
		return refuse(q, "in, out");
	w5500_sim_set_cable(q->board->chip, in);
	return 0;
}

static int run_partner(struct request *q)
{
	bool fast = strcmp(q->words[1], "100") == 0,
	     full = strcmp(q->words[2], "full") == 0;

	if ((!fast && strcmp(q->words[1], "10") != 0) ||
	    (!full && strcmp(q->words[2], "half") != 0))
		return refuse(q, "10 or 100, and half or full");
	w5500_sim_set_partner(q->board->chip, fast ? 100 : 10, full);
	return 0;
}

static int run_flood(struct request *q)
{
	unsigned long len = 0;
	char *end;

	if (strcmp(q->words[1], "off") != 0) {
		len = strtoul(q->words[1], &end, 10);
		if (*end || len < W5500_SIM_FRAME_MIN || len > W5500_SIM_FRAME_MAX)
			return refuse(q, "60 to 1514, off");
	}
	board_wire_flood(q->board->wire, len);
	return 0;
}

static int run_oled(struct request *q)
{
	bool in = strcmp(q->words[1], "in") == 0;

	if (strcmp(q->words[1], "glitch") == 0) {
		oled_sim_lose_power(q->board->panel);
		return 0;
	}
	if (!in && strcmp(q->words[1], "out") != 0)
		return refuse(q, "in, out, glitch");
	sim_i2c_plug(q->board->i2c, in);
	return 0;
}

static int run_chip(struct request *q)
{
	if (strcmp(q->words[1], "lost") != 0)
		return refuse(q, "lost");
	w5500_sim_self_reset(q->board->chip);
	return 0;
}

static int run_spi(struct request *q)
{
	if (strcmp(q->words[1], "unbind") != 0)
		return refuse(q, "unbind");
	sim_spi_unbind(q->board->spi);
	return 0;
}

static int run_fault(struct request *q)
{
	if (q->n == 2) {
		if (strcmp(q->words[1], "clear") != 0)
			return refuse(q, "clear, or a name and a value");
		board_fault_clear(q->board);
		return 0;
	}
	return board_fault(q->board, q->words[1], q->words + 2, q->n - 2, q->error,
			   sizeof(q->error));
}

static int run_set(struct request *q)
{
	return board_set(q->board, q->words[1], q->words[2], q->words[3], q->error,
			 sizeof(q->error));
}

/* ---- dispatch ---- */

static int run_help(struct request *q);

static const struct command {
	const char *name;
	const char *arguments;
	int min, max; /* number of arguments */
	int (*run)(struct request *q);
} commands[] = {
	{ "help", "", 0, 0, run_help },
	{ "stats", "", 0, 0, run_stats },
	{ "violations", "", 0, 0, run_violations },
	{ "screen", "", 0, 0, run_screen },
	{ "pbm", "", 0, 0, run_pbm },
	{ "cable", " in|out", 1, 1, run_cable },
	{ "partner", " 10|100 half|full", 2, 2, run_partner },
	{ "flood", " BYTES|off", 1, 1, run_flood },
	{ "oled", " in|out|glitch", 1, 1, run_oled },
	{ "chip", " lost", 1, 1, run_chip },
	{ "spi", " unbind", 1, 1, run_spi },
	{ "fault", " clear|NAME VALUE", 1, 3, run_fault },
	{ "settings", "", 0, 0, run_settings },
	{ "set", " PART NAME VALUE", 3, 3, run_set },
};

static int run_help(struct request *q)
{
	json_object *list = add_array(q->answer, "help");
	char line[64];

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		json_object_array_add(
			list, json_object_new_string(text_format(line, sizeof(line),
								 "%s%s", commands[i].name,
								 commands[i].arguments)));
	return 0;
}

static int dispatch(struct request *q)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		const struct command *c = &commands[i];

		if (q->n < 1 || strcmp(c->name, q->words[0]) != 0)
			continue;
		if (q->n - 1 < c->min || q->n - 1 > c->max) {
			text_format(q->error, sizeof(q->error), "Usage: %s%s", c->name,
				    c->arguments);
			return -EINVAL;
		}
		return c->run(q);
	}
	text_format(q->error, sizeof(q->error), "No such command: see help");
	return -EINVAL;
}

/* The words of @line; -E2BIG if no command has that many. */
static int split(struct request *q, char *line)
{
	char *save = NULL;

	for (char *word = strtok_r(line, " ", &save); word;
	     word = strtok_r(NULL, " ", &save)) {
		if (q->n == WORDS_MAX)
			return -E2BIG;
		q->words[q->n++] = word;
	}
	return 0;
}

/* @o as a new string; takes @o. */
static char *take_text(json_object *o)
{
	char *text = strdup(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));

	(void)json_object_put(o);
	return text;
}

char *board_command(struct board_parts *board, char *line)
{
	struct request q = { .board = board, .answer = json_object_new_object() };
	int r;

	if (!q.answer)
		return NULL;
	add_bool(q.answer, "ok", true);
	r = split(&q, line);
	if (r < 0) {
		text_format(q.error, sizeof(q.error), "Too many words");
	} else {
		board_lock(board->time);
		r = dispatch(&q);
		board_unlock(board->time);
	}
	if (r < 0) {
		add_bool(q.answer, "ok", false);
		add_string(q.answer, "error", q.error);
	}
	return take_text(q.answer);
}

char *board_last_word(struct board_parts *board)
{
	struct request q = { .board = board, .answer = json_object_new_object() };
	struct request stats = { .board = board };

	if (!q.answer)
		return NULL;
	add_bool(q.answer, "ended", true);
	stats.answer = add_object(q.answer, "stats");
	board_lock(board->time);
	(void)run_stats(&stats);
	(void)run_violations(&q);
	board_unlock(board->time);
	return take_text(q.answer);
}
