// SPDX-License-Identifier: MIT
/* module_rig.c — a simulated display module and the hand of a correct driver, for its
 * tests */
#include "module_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int set_up(void **state, const char *module)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	assert_non_null(rig);
	rig->module = oled_module_find(module);
	assert_int_equal(
		oled_sim_new(&rig->sim, rig->module->controller, 1, &rig->report), 0);
	*state = rig;
	return 0;
}

int rig_setup(void **state)
{
	return set_up(state, "ssd1306");
}

int rig_setup_ssd1309(void **state)
{
	return set_up(state, "ssd1309");
}

int rig_setup_sh1106(void **state)
{
	return set_up(state, "sh1106");
}

int rig_teardown(void **state)
{
	struct rig *rig = *state;

	rig->sim = oled_sim_free(rig->sim);
	free(rig);
	return 0;
}

void send_bytes(struct rig *rig, const uint8_t *bytes, size_t len)
{
	oled_sim_start(rig->sim);
	for (size_t i = 0; i < len; i++)
		oled_sim_write(rig->sim, bytes[i]);
	oled_sim_end(rig->sim, true);
}

/* As message: control byte, registers. */
static const uint8_t ssd1306_registers[] = {
	0x00, 0xae, 0xd5, 0x80, 0xa8, 0x3f, 0xd3, 0x00, 0x40, 0x8d, 0x14, 0x20, 0x02,
	0xa1, 0xc8, 0xda, 0x12, 0x81, 0xcf, 0xd9, 0xf1, 0xdb, 0x30, 0x2e, 0xa4, 0xa6,
};
static const uint8_t ssd1309_registers[] = {
	0x00, 0xae, 0xd5, 0x70, 0xa8, 0x3f, 0xd3, 0x00, 0x40, 0x20, 0x02, 0xa1,
	0xc8, 0xda, 0x12, 0x81, 0xcf, 0xd9, 0x22, 0xdb, 0x34, 0x2e, 0xa4, 0xa6,
};
static const uint8_t sh1106_registers[] = {
	0x00, 0xae, 0xd5, 0x50, 0xa8, 0x3f, 0xd3, 0x00, 0x40, 0xad, 0x8b, 0x32,
	0xa1, 0xc8, 0xda, 0x12, 0x81, 0x80, 0xd9, 0x22, 0xdb, 0x35, 0xa4, 0xa6,
};

#define REGISTERS_MAX 32

/* Returns the length of the message. */
static size_t registers_of(const struct rig *rig, uint8_t buf[REGISTERS_MAX])
{
	static const struct {
		const char *controller;
		const uint8_t *bytes;
		size_t len;
	} all[] = {
		{ "ssd1306", ssd1306_registers, sizeof(ssd1306_registers) },
		{ "ssd1309", ssd1309_registers, sizeof(ssd1309_registers) },
		{ "sh1106", sh1106_registers, sizeof(sh1106_registers) },
	};
	size_t i = 0;

	while (strcmp(all[i].controller, rig->module->controller->name) != 0)
		i++;
	memcpy(buf, all[i].bytes, all[i].len);
	return all[i].len;
}

void send_registers(struct rig *rig)
{
	uint8_t bytes[REGISTERS_MAX];

	send_bytes(rig, bytes, registers_of(rig, bytes));
}

void send_registers_with(struct rig *rig, uint8_t old, uint8_t replacement, bool argument)
{
	uint8_t bytes[REGISTERS_MAX];
	size_t len = registers_of(rig, bytes), i;

	for (i = 1; bytes[i] != old; i++)
		assert_true(i + 1 < len);
	bytes[argument ? i + 1 : i] = replacement;
	send_bytes(rig, bytes, len);
}

void send_run(struct rig *rig, unsigned int page, unsigned int column,
	      const uint8_t *data, size_t len)
{
	uint8_t message[1 + OLED_COLUMNS_MAX] = { 0x40 };

	send(rig, 0x00, (uint8_t)(0xb0 | page), (uint8_t)(column & 0x0f),
	     (uint8_t)(0x10 | column >> 4));
	memcpy(message + 1, data, len);
	send_bytes(rig, message, 1 + len);
}

/* The column of the RAM that is at the left of the glass, with A1. */
static unsigned int first_column(const struct rig *rig)
{
	int last = rig->module->controller->columns - 1;

	return (unsigned int)(last - rig->module->glass->x_of_segment_0);
}

void send_picture(struct rig *rig, picture p)
{
	for (unsigned int page = 0; page < OLED_PAGES; page++)
		send_run(rig, page, first_column(rig), p[page], OLED_WIDTH_MAX);
}

void make_picture(picture p)
{
	uint32_t x = 12345;

	for (size_t page = 0; page < OLED_PAGES; page++)
		for (size_t c = 0; c < OLED_WIDTH_MAX; c++) {
			x = x * 1664525 + 1013904223;
			p[page][c] = (uint8_t)(x >> 24);
		}
}

void clear(struct rig *rig)
{
	static const uint8_t dark[OLED_COLUMNS_MAX];

	for (unsigned int page = 0; page < OLED_PAGES; page++)
		send_run(rig, page, 0, dark, rig->module->controller->columns);
}

void bring_up(struct rig *rig)
{
	send_registers(rig);
	clear(rig);
	send(rig, 0x00, 0xaf);
}

unsigned int count_wrong(const struct rig *rig, picture p)
{
	struct oled_picture seen;
	unsigned int wrong = 0;

	oled_glass_picture(rig->module->glass, oled_sim_state(rig->sim), &seen);
	for (unsigned int y = 0; y < seen.height; y++)
		for (unsigned int x = 0; x < seen.width; x++)
			wrong += seen.pixels[y][x] != (p[y / 8][x] >> (y % 8) & 1);
	return wrong;
}

void assert_clean(const struct rig *rig)
{
	if (rig->report.n_violations > 0)
		fail_msg("%s", rig->report.violations[0].text);
}

void assert_violation(struct rig *rig, const char *phrase)
{
	assert_int_equal(rig->report.n_violations, 1);
	assert_string_equal(rig->report.violations[0].part,
			    rig->module->controller->name);
	if (!strstr(rig->report.violations[0].text, phrase))
		fail_msg("\"%s\" is not in \"%s\"", phrase,
			 rig->report.violations[0].text);
	rig->report.n_violations = 0;
}

void assert_lengths(struct rig *rig, const struct command_length *commands, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t message[8] = { 0x00, commands[i].opcode };

		/* 0xa7 as an argument: not a valid one everywhere, but consumed. */
		memset(message + 2, 0xa7, commands[i].n);
		send(rig, 0x00, 0xa6);
		send_bytes(rig, message, 2U + commands[i].n);
		assert_int_equal(oled_sim_state(rig->sim)->inverse,
				 commands[i].opcode == 0xa7);
		send(rig, 0x00, 0xa7);
		assert_true(oled_sim_state(rig->sim)->inverse);
	}
}

void assert_objects(struct rig *rig, const struct bad_argument *arguments, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		send(rig, 0x00, arguments[i].opcode, arguments[i].argument);
		assert_violation(rig, arguments[i].phrase);
	}
}

static const char *find_violation(const struct rig *rig, const char *phrase)
{
	for (size_t i = 0; i < rig->report.n_violations && i < SIM_REPORT_KEPT; i++)
		if (strstr(rig->report.violations[i].text, phrase))
			return rig->report.violations[i].text;
	return NULL;
}

/* What caught a driver that was to show make_picture(); NULL: nothing. */
static const char *find_catch(const struct rig *rig, const char *phrase, char *buf,
			      size_t size)
{
	unsigned int wrong;
	picture p;

	if (phrase)
		return find_violation(rig, phrase);
	assert_clean(rig);
	make_picture(p);
	wrong = count_wrong(rig, p);
	(void)snprintf(buf, size, "%u pixels are wrong", wrong);
	return wrong > 0 ? buf : NULL;
}

void assert_caught(int (*setup)(void **state), const struct mutation *mutations, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char buf[SIM_REPORT_TEXT];
		const char *catch;
		struct rig *rig;
		void *fresh;

		setup(&fresh);
		rig = fresh;
		mutations[i].run(rig);
		catch = find_catch(rig, mutations[i].phrase, buf, sizeof(buf));
		if (!catch)
			fail_msg("%s was not caught", mutations[i].name);
		printf("# mutation: %s: %s: %s\n", rig->module->name, mutations[i].name,
		       catch);
		rig_teardown(&fresh);
	}
}
