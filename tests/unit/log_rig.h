/* SPDX-License-Identifier: MIT */
/*
 * log_rig.h — what a program logs, for tests that look at the words
 *
 * Takes the place of log_write() in a program that is linked so; what log_event() says is
 * not seen. Any thread may log.
 */
#ifndef MQTTNODE_TESTS_UNIT_LOG_RIG_H
#define MQTTNODE_TESTS_UNIT_LOG_RIG_H

#define LOG_RIG_SIZE 512

/* Forgets everything; keeps what is logged from now on and contains @phrase. */
void log_rig_watch(const char *phrase);

/* How often that was. */
unsigned int log_rig_count(void);

/* The last one, "" if there was none; good until the next call. Test's thread only. */
const char *log_rig_last(void);

#endif
