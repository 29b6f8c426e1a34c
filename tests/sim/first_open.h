/* SPDX-License-Identifier: MIT */
/*
 * first_open.h — the moment when a program first reaches for its hardware
 *
 * The adapters of the simulated board announce here that they are about to be
 * opened; mqttnode-sim builds its board then. In unit tests, which build their
 * own, nothing is set and nothing happens. Any thread.
 */
#ifndef MQTTNODE_TESTS_SIM_FIRST_OPEN_H
#define MQTTNODE_TESTS_SIM_FIRST_OPEN_H

/* @function is called once, by the first first_open(). Before other threads. */
void first_open_set(void (*function)(void));

/* To be called by each open function; returns when @function has. */
void first_open(void);

#endif
