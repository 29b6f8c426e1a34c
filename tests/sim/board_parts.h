/* SPDX-License-Identifier: MIT */
/* board_parts.h — what the simulated board is made of, for the files board*.c */
#ifndef MQTTNODE_TESTS_SIM_BOARD_PARTS_H
#define MQTTNODE_TESTS_SIM_BOARD_PARTS_H

#include "board_wire.h"
#include "oled_module.h"
#include "sim_gpio.h"
#include "sim_i2c.h"
#include "sim_spi.h"

struct board_parts {
	struct board_time *time;
	struct w5500_sim *chip;
	struct sim_spi *spi;
	struct sim_gpio *gpio;
	struct oled_sim *panel;
	const struct oled_glass *glass; /* before it */
	struct sim_i2c *i2c;
	struct board_wire *wire;
	struct sim_report report; /* of all but the chip, which has its own */
};

/* The bytes that the models have allocated. */
size_t board_parts_memory(const struct board_parts *parts);

#endif
