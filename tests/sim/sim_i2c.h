/* SPDX-License-Identifier: MIT */
/*
 * sim_i2c.h — the simulated I2C bus behind mqttnode/i2cdev.h
 *
 * A bus of the simulated machine is a path; at most one panel is on it. The
 * program under test opens it with i2cdev_open() and knows no more:
 *
 *	board_time_new_virtual(&time);
 *	sim_i2c_new(&adapter, time, "/dev/i2c-1", &report);
 *	oled_sim_new(&panel, &ssd1306_controller, 1, &report);
 *	sim_i2c_attach(adapter, 0x3c, panel);
 *	... i2cdev_open(&bus, "/dev/i2c-1", 0x3c) ...
 *
 * The functions of i2cdev.h take the board lock, and never hold it while the
 * bus takes its time; those here are called with it held, except new and free,
 * which take a lock of their own: no bus may be open then.
 */
#ifndef MQTTNODE_TESTS_SIM_SIM_I2C_H
#define MQTTNODE_TESTS_SIM_SIM_I2C_H

#include <stdbool.h>
#include <stdint.h>

#include "board_time.h"
#include "mqttnode/cleanup.h"
#include "oled_sim.h"

struct sim_i2c_options {
	uint32_t clock_hz;  /* 400 kHz; 0 takes no time and is what i2cdev_clock_hz() says
			     */
	uint32_t nak_errno; /* for no acknowledge: EREMOTEIO (as a Raspberry Pi), or ENXIO
			     */
	uint64_t timeout_ns; /* how long the adapter waits for a stuck bus (1 s) */
};

/* Faults. 0 is healthy; "next n" counts down. */
struct sim_i2c_faults {
	uint32_t open_errno;  /* i2cdev_open() fails with this: ENOENT, EACCES, EBUSY,
				 EOPNOTSUPP */
	bool held_by_program; /* EBUSY: not for a driver of the kernel */
	bool stuck;	      /* SDA is held low: ETIMEDOUT after timeout_ns */
	bool nak; /* calls get no acknowledge for their byte nak_at: 0 is the first */
	uint32_t nak_at; /* address, and addresses after a repeated START count too */
	uint32_t eagain_next; /* next n calls lose the arbitration: nothing is sent */
	uint32_t short_next;  /* next n calls break off half-way with EIO */
};

struct sim_i2c_stats {
	uint64_t opens;
	uint64_t calls;	       /* all calls of i2cdev_transfer() */
	uint64_t transactions; /* those that went from START to STOP without a fault */
	uint64_t messages;     /* STARTs and repeated STARTs */
	uint64_t wire_bytes;   /* with address bytes; 9 clocks each */
	uint64_t failed;       /* calls that returned an error */
	uint64_t bus_ns;       /* modelled time of all calls */
};

struct sim_i2c;

/* A bus without devices at @path. @time and @report must outlive it. 0, -EEXIST, -ENOMEM.
 */
int sim_i2c_new(struct sim_i2c **ret, struct board_time *time, const char *path,
		struct sim_report *report);

/* Accepts NULL, returns NULL. */
struct sim_i2c *sim_i2c_free(struct sim_i2c *adapter);

/* Wires @panel (borrowed) to the bus, at 0x3c or 0x3d, plugged in and with power. */
void sim_i2c_attach(struct sim_i2c *adapter, uint8_t address, struct oled_sim *panel);

/* Pulls the panel out, or plugs it in again: then it has lost everything it knew. */
void sim_i2c_plug(struct sim_i2c *adapter, bool plugged);
bool sim_i2c_plugged(const struct sim_i2c *adapter);

/* Live access; owned by @adapter. */
struct sim_i2c_options *sim_i2c_options(struct sim_i2c *adapter);
struct sim_i2c_faults *sim_i2c_faults(struct sim_i2c *adapter);
const struct sim_i2c_stats *sim_i2c_stats(const struct sim_i2c *adapter);

/* As w5500_sim_set() and its like. */
int sim_i2c_set(struct sim_i2c *adapter, const char *name, uint64_t value);
void sim_i2c_each_setting(const struct sim_i2c *adapter,
			  void (*each)(void *ctx, const char *name, uint64_t value),
			  void *ctx);
void sim_i2c_each_counter(const struct sim_i2c *adapter,
			  void (*each)(void *ctx, const char *name, uint64_t value),
			  void *ctx);

DEFINE_CLEANUP(struct sim_i2c, sim_i2c_free);

#endif
