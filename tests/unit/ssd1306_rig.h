/* SPDX-License-Identifier: MIT */
/* ssd1306_rig.h — a simulated panel and the hand of a correct driver, for its tests */
#ifndef MQTTNODE_TESTS_SSD1306_RIG_H
#define MQTTNODE_TESTS_SSD1306_RIG_H

#include "sim/oled_glass.h"
#include "sim/ssd1306_sim.h"
#include "unit.h"

struct rig {
	struct oled_sim *sim;
	struct sim_report report;
};

/* Set-up and tear-down of a cmocka test: a panel just powered up. */
int rig_setup(void **state);
int rig_teardown(void **state);

void send_bytes(struct rig *rig, const uint8_t *bytes, size_t len);

/* One message: send(rig, control, byte, ...). */
#define send(rig, ...)                                                                   \
	send_bytes(rig, (const uint8_t[]){ __VA_ARGS__ },                                \
		   sizeof((const uint8_t[]){ __VA_ARGS__ }))

/* All that a driver of a 128 x 64 panel sets before it clears, as one message. */
#define RIG_INIT_LEN 26
extern const uint8_t rig_init[RIG_INIT_LEN];

/* A picture in the layout of the RAM: pages of columns, bit 0 on top. */
typedef uint8_t picture[OLED_PAGES][SSD1306_COLUMNS];

void make_picture(picture p); /* the same random pixels each time */
void send_run(struct rig *rig, unsigned int page, unsigned int column,
	      const uint8_t *data, size_t len);
void send_picture(struct rig *rig, picture p);
void bring_up(struct rig *rig); /* initialise, clear, switch on */

/* How many pixels a person sees otherwise than @p says. */
unsigned int count_wrong(const struct rig *rig, picture p);

/* Fails with the sentence of the first violation, if there is one. */
void assert_clean(const struct rig *rig);

#endif
