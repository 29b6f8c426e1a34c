/* SPDX-License-Identifier: MIT */
/*
 * rungs.h — what chip, interface and gateway say, as rungs and sentences
 *
 * The lower four rungs; the MQTT thread reports the upper five itself. Main
 * thread.
 */
#ifndef MQTTNODE_RUNGS_H
#define MQTTNODE_RUNGS_H

#include "mqttnode/dhcp.h"
#include "mqttnode/gateway.h"
#include "mqttnode/ladder.h"
#include "mqttnode/pump.h"
#include "mqttnode/settings.h"

#include <stdbool.h>
#include <stdint.h>

#define RUNGS_LOSSES 5

/*
 * Reports chip and link. For the first 3 s after the chip came up a link that
 * was not there yet is "trying": auto-negotiation takes that long. A link that
 * was lost RUNGS_LOSSES times within a minute comes and goes. @now_ns is the pump's
 * clock. @state begins zeroed.
 */
struct rungs_chip {
	uint64_t running_since_ns; /* 0: not running */
	bool settling; /* time alone will change what is reported: call again */
	bool link_up;
	uint64_t lost_ns[RUNGS_LOSSES]; /* when the link was lost, in a ring */
	unsigned int losses;
};
void rungs_report_chip(struct rungs_chip *state, struct ladder *ladder,
		       const struct ethernet_settings *settings,
		       const struct pump_status *status, uint64_t now_ns);

/*
 * The address: one of either family is enough. @state begins zeroed but for the
 * method.
 */
struct rungs_address {
	enum network_method method;
	bool have_lease;
	struct lease lease;
	struct ip ipv6; /* the best one; none: there is none */
	bool failed;
	enum cause_id id;
	char trouble[160]; /* why there is no lease, or none confirmed; "": no news */
};

/* Reports the lease in effect, or with NULL that there is none. */
void rungs_report_lease(struct rungs_address *state, struct ladder *ladder,
			const struct lease *lease);

/*
 * Reports the first of the IPv6 addresses. The link-local one, which comes last and may
 * be usable later than the others, is none that reaches a broker.
 */
void rungs_report_ipv6(struct rungs_address *state, struct ladder *ladder,
		       const struct ip *addresses, size_t n);

/* Reports that @interface has no address as a port of bridge @master; NULL: it is none.
 */
void rungs_report_port(struct ladder *ladder, const char *interface, const char *master);

/* Reports why there is no address; @failed or still trying. */
void rungs_report_trouble(struct rungs_address *state, struct ladder *ladder, bool failed,
			  enum cause_id id, const char *cause);

/* Reports the route by the state of the gateway. */
void rungs_report_gateway(struct ladder *ladder, enum gateway_state state,
			  struct ip gateway);

#endif
