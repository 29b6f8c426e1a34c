/* SPDX-License-Identifier: MIT */
/*
 * chip_switches.h — where descriptions of the W5500 disagree
 *
 * Each is a switch of the simulated chip (w5500_sim.h), and whatever a real one is like,
 * frames have to pass it.
 */
#ifndef MQTTNODE_TESTS_UNIT_CHIP_SWITCHES_H
#define MQTTNODE_TESTS_UNIT_CHIP_SWITCHES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/w5500_sim.h"

#define CHIP_SWITCHES 22

struct chip_switch {
	const char *name;
	bool unfit; /* for the chained plan, with any value but the first */
	uint32_t n; /* of the values; the first is how the simulated chip begins */
	uint64_t values[4];
};

extern const struct chip_switch chip_switches[CHIP_SWITCHES];

/* Sets it to its value number @which; fails the test if there is no such switch. */
void chip_switch_set(struct w5500_sim *chip, const struct chip_switch *s, uint32_t which);

#endif
