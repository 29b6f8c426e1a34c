/* SPDX-License-Identifier: MIT */
/* mqtt_leave_rig.h — a node with a status topic, whose thread is to end */
#ifndef MQTTNODE_TESTS_MQTT_LEAVE_RIG_H
#define MQTTNODE_TESTS_MQTT_LEAVE_RIG_H

#include "mqtt_rig.h"

/* Generous: what is checked is that it ends at all, long before any other deadline. */
#define SOON_MS	 5000
#define LIMIT_MS 10000

extern struct rig rig;
extern struct broker *const broker; /* its broker */

int leave_rig_set_up(void **state);
int leave_rig_tear_down(void **state);

/* A session whose "online" is acknowledged. */
void leave_rig_online(void);

#endif
