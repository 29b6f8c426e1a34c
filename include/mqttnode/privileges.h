/* SPDX-License-Identifier: MIT */
/* privileges.h — capabilities that a thread does not need */
#ifndef MQTTNODE_PRIVILEGES_H
#define MQTTNODE_PRIVILEGES_H

/*
 * Gives up all capabilities of the calling thread, and with them those of the
 * programs that it starts and of the threads that it makes later. A thread of
 * root keeps them: the user wanted that. A failure changes nothing.
 */
void privileges_drop(void);

#endif
