/* SPDX-License-Identifier: MIT */
/* module_rig.h — a simulated display module and the hand of a correct driver, for its
 * tests */
#ifndef MQTTNODE_TESTS_MODULE_RIG_H
#define MQTTNODE_TESTS_MODULE_RIG_H

#include "sim/oled_module.h"
#include "unit.h"

struct rig {
	const struct oled_module *module;
	struct oled_sim *sim;
	struct sim_report report;
};

/* Set-up and tear-down of a cmocka test: a module just powered up. */
int rig_setup(void **state); /* the usual one, an SSD1306 */
int rig_setup_ssd1309(void **state);
int rig_setup_sh1106(void **state);
int rig_teardown(void **state);

void send_bytes(struct rig *rig, const uint8_t *bytes, size_t len);

/* One message: send(rig, control, byte, ...). */
#define send(rig, ...)                                                                   \
	send_bytes(rig, (const uint8_t[]){ __VA_ARGS__ },                                \
		   sizeof((const uint8_t[]){ __VA_ARGS__ }))

/* A picture in the layout of the RAM: pages of columns, bit 0 on top. */
typedef uint8_t picture[OLED_PAGES][OLED_WIDTH_MAX];

void make_picture(picture p); /* the same random pixels each time */

/* At a column of the RAM, which on an SH1106 is not that of the picture. */
void send_run(struct rig *rig, unsigned int page, unsigned int column,
	      const uint8_t *data, size_t len);
void send_picture(struct rig *rig, picture p);

void send_registers(struct rig *rig); /* all that comes before the RAM is cleared */
/* The same with @replacement for the first @old, or for the byte behind it. */
void send_registers_with(struct rig *rig, uint8_t old, uint8_t replacement,
			 bool argument);
void clear(struct rig *rig);	/* the whole RAM */
void bring_up(struct rig *rig); /* registers, clear, on */

/* How many pixels a person sees otherwise than @p says. */
unsigned int count_wrong(const struct rig *rig, picture p);

/* Fails with the sentence of the first violation, if there is one. */
void assert_clean(const struct rig *rig);

/* Exactly one violation since the last call, with @phrase in its sentence. */
void assert_violation(struct rig *rig, const char *phrase);

/* How many arguments a command has. */
struct command_length {
	uint8_t opcode, n;
};

/* Each command of the @n consumes its arguments, none more. */
void assert_lengths(struct rig *rig, const struct command_length *commands, size_t n);

/* An argument that a command cannot take, and the sentence. */
struct bad_argument {
	uint8_t opcode, argument;
	const char *phrase;
};

/* Each of the @n is a violation. */
void assert_objects(struct rig *rig, const struct bad_argument *arguments, size_t n);

/* A wrong driver, and what catches it: a phrase of the violation; NULL: the picture. */
struct mutation {
	const char *name;
	void (*run)(struct rig *rig);
	const char *phrase;
};

#define MUTATION(function, phrase)                                                       \
	{                                                                                \
#function, function, phrase                                              \
	}

/* Fails unless each of @n is caught on a fresh module; says by what. */
void assert_caught(int (*setup)(void **state), const struct mutation *mutations,
		   size_t n);

#endif
