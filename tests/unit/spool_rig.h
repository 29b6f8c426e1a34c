/* SPDX-License-Identifier: MIT */
/*
 * spool_rig.h — a spool in two directories, and messages that are numbers
 *
 * A crash is a fork that ends with _exit() in the middle of things; it leaves
 * in the two directories what a daemon that was killed leaves there.
 */
#ifndef MQTTNODE_TESTS_SPOOL_RIG_H
#define MQTTNODE_TESTS_SPOOL_RIG_H

#include "mqttnode/spool.h"

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "mqttnode/clock.h"

#define SECOND NSEC_PER_SEC

extern struct spool_settings settings;
extern struct spool *spool;
extern uint64_t now; /* of turn() */
extern time_t wall;  /* what time() says: link with --wrap=time */

/* An empty "state" and an empty "runtime", settings, no spool yet. */
int spool_rig_set_up(void **state);
int spool_rig_tear_down(void **state);

/* Opens it in these directories. */
void open_spool(void);

/* Adds the message @number, or those from @first to @last: QoS 1, to be stored. */
void put(unsigned int number);
void put_as(unsigned int number, int qos, bool store);
void put_range(unsigned int first, unsigned int last);

void turn(bool online);

struct spool_status status(void);

/* The next message must be this; it is sent under its number. */
void expect(unsigned int number);
void expect_none(void);

/* Sends and acknowledges all from @first to @last, which must be all that wait. */
void deliver(unsigned int first, unsigned int last);

/* Opens it and puts 15 messages offline, of which a batch has taken 10 to the disk. */
void fifteen_offline(void);

/* Runs @part as a daemon that is killed at its end. */
void crash(void (*part)(void));

/* Empties the runtime directory. */
void reboot_machine(void);

#endif
