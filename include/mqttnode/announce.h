/* SPDX-License-Identifier: MIT */
/*
 * announce.h — tells the journal and systemd when a rung changes
 *
 * One line when a rung breaks, one when it is mended or a fact changed (another
 * address); nothing for a retry that fails as the one before did. STATUS= of systemd follows the first rung that
 * is not all right. Main thread.
 */
#ifndef MQTTNODE_ANNOUNCE_H
#define MQTTNODE_ANNOUNCE_H

#include "mqttnode/ladder.h"
#include "mqttnode/notify.h"

struct announcer {
	struct {
		bool told; /* something was logged about this rung */
		bool bad;  /* and it was a failure */
		char text[LADDER_TEXT_SIZE];
	} rungs[RUNGS];
	char status[2 * LADDER_TEXT_SIZE + 32];
	bool was_online;
};

/* Logs and notifies what is new in @view. @a begins zeroed. */
void announce(struct announcer *a, struct notifier *notifier,
	      const struct ladder_view *view);

#endif
