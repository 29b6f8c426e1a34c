// SPDX-License-Identifier: MIT
/* mqtt_leave_rig.c — a node with a status topic, whose thread is to end */
#include "mqtt_leave_rig.h"

struct rig rig;
struct broker *const broker = &rig.broker;

int leave_rig_set_up(void **state)
{
	(void)state;
	rig_make(&rig);
	rig.settings.status = true;
	return 0;
}

int leave_rig_tear_down(void **state)
{
	(void)state;
	rig_free(&rig);
	return 0;
}

void leave_rig_online(void)
{
	rig_online(&rig);
	broker_puback(broker, broker_expect(broker, PACKET_PUBLISH)->id);
}
