/* SPDX-License-Identifier: MIT */
/*
 * sim_gpio.h — the simulated GPIO lines behind mqttnode/gpio.h
 *
 * The simulated machine has one controller, as a Raspberry Pi: gpiochip0 with
 * the label pinctrl-bcm2835 and 54 lines named GPIO0 to GPIO53, all with
 * pull-ups. One of them leads to INTn of the chip, one to RSTn. The others lead
 * to the world: sim_gpio_set() with the name "line17" gives an input its level,
 * and the level that the program has driven is a counter of that name.
 *
 * Events have the kernel's semantics (GPIO uAPI version 1): an edge while the
 * line is requested is an event, a level never is; up to 16 wait to be read,
 * further ones are dropped.
 *
 * The functions of gpio.h take the board lock; those here are called with it
 * held, except new and free: no line may be open then.
 */
#ifndef MQTTNODE_TESTS_SIM_SIM_GPIO_H
#define MQTTNODE_TESTS_SIM_SIM_GPIO_H

#include <stdbool.h>
#include <stdint.h>

#include "mqttnode/cleanup.h"
#include "sim_report.h"
#include "w5500_sim.h"

#define SIM_GPIO_LINES	    54
#define SIM_GPIO_EVENTS_MAX 16

/* Faults. 0 is healthy; call sim_gpio_update() after a change. */
struct sim_gpio_faults {
	uint32_t int_open_errno; /* requests fail with this: ENOENT, EBUSY, EACCES, ENXIO
				  */
	uint32_t reset_open_errno;
	bool int_deaf;	     /* falling edges make no events */
	bool int_stuck_low;  /* short to ground */
	bool int_stuck_high; /* short to supply */
	bool int_unwired;    /* nothing but the pull-up */
	bool reset_unwired;  /* RSTn has a pull-up of its own */
};

struct sim_gpio_stats {
	uint64_t int_edges;	     /* falling, at the machine's end of the wire */
	uint64_t int_events;	     /* queued for the program */
	uint64_t int_events_dropped; /* 16 were waiting */
	uint64_t reset_pulses;	     /* the program pulled the line low */
};

struct sim_gpio;

/*
 * The controller, with @int_offset and @reset_offset wired to @chip. @chip and @report
 * must outlive it. One at a time. 0, -EEXIST or -ENOMEM.
 */
int sim_gpio_new(struct sim_gpio **ret, struct w5500_sim *chip, unsigned int int_offset,
		 unsigned int reset_offset, struct sim_report *report);

/* Accepts NULL, returns NULL. */
struct sim_gpio *sim_gpio_free(struct sim_gpio *gpio);

/* The offset that @spec means, in any form of gpio.h; -ENOENT or -EINVAL. */
int sim_gpio_offset(const char *spec);

/* Levels at the machine's end: INT as it is, RST as the program drives it. */
bool sim_gpio_int_level(const struct sim_gpio *gpio);
bool sim_gpio_reset_level(const struct sim_gpio *gpio);

/* Live access; owned by @gpio. */
struct sim_gpio_faults *sim_gpio_faults(struct sim_gpio *gpio);
const struct sim_gpio_stats *sim_gpio_stats(const struct sim_gpio *gpio);

/* Lets faults that were changed take effect: levels change, and edges come of that. */
void sim_gpio_update(struct sim_gpio *gpio);

/* As w5500_sim_set() and its like; sim_gpio_set() lets the change take effect. */
int sim_gpio_set(struct sim_gpio *gpio, const char *name, uint64_t value);
void sim_gpio_each_setting(const struct sim_gpio *gpio,
			   void (*each)(void *ctx, const char *name, uint64_t value),
			   void *ctx);
void sim_gpio_each_counter(const struct sim_gpio *gpio,
			   void (*each)(void *ctx, const char *name, uint64_t value),
			   void *ctx);

DEFINE_CLEANUP(struct sim_gpio, sim_gpio_free);

#endif
