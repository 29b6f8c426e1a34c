/* SPDX-License-Identifier: MIT */
/*
 * incidents.h — what the packet path survived, as sentences for the journal
 *
 * Most faults of bus and chip are healed before anybody notices; they are counted
 * by the pump. Once a minute at most and per kind, what was counted becomes a
 * sentence that a person can act on. Main thread.
 */
#ifndef MQTTNODE_INCIDENTS_H
#define MQTTNODE_INCIDENTS_H

#include "mqttnode/pump.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INCIDENT_KINDS 11

/* What incidents are read from. */
struct incident_counts {
	struct pump_counters pump;
	uint64_t tx_overrun; /* uplink_tx_overrun() */
};

/* Begins zeroed. */
struct incidents {
	uint64_t told[INCIDENT_KINDS];	  /* counts that were told, by kind */
	uint64_t told_ns[INCIDENT_KINDS]; /* when; 0: never */
};

/*
 * The next sentence that is due at @now_ns, into @buf; false if there is none. To be
 * called until it returns false, once a second or so.
 */
bool incidents_next(struct incidents *in, const struct incident_counts *counts,
		    uint64_t now_ns, char *buf, size_t size);

#endif
