/* SPDX-License-Identifier: MIT */
/* privileges.h — capabilities that a thread does not need */
#ifndef MQTTNODE_PRIVILEGES_H
#define MQTTNODE_PRIVILEGES_H

/*
 * Puts all capabilities of the calling thread out of effect, also for the threads
 * that it makes later, and the programs that it starts have none at all. A thread of
 * root keeps them: the user wanted that. A failure changes nothing.
 */
void privileges_drop(void);

#endif
