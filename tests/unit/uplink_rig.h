/* SPDX-License-Identifier: MIT */
/* uplink_rig.h — an uplink between faked parts (uplink_fakes.h) and a listener */
#ifndef MQTTNODE_TESTS_UPLINK_RIG_H
#define MQTTNODE_TESTS_UPLINK_RIG_H

#include "mqttnode/uplink.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "uplink_fakes.h"

struct fixture {
	sd_event *event;
	struct uplink *uplink;
	struct network_settings settings;
};

/* Set-up and tear-down of a test; what the listener hears is in the journal too. */
int uplink_rig_set_up(void **state);
int uplink_rig_tear_down(void **state);

/* Makes the uplink of interface mqtt0, with the settings of @f: 0 or -errno, or 0. */
int try_to_start(struct fixture *f);
void start(struct fixture *f);

/* 10.0.0.@n */
struct in_addr host(uint32_t n);

/* A lease of that address, with router 10.0.0.1 and name server 10.0.0.9. */
void lease_arrives(uint32_t address);

/* News of the kernel: the interface exists, is up, has a carrier, is a port of @master.
 */
void tell_link(bool exists, bool up, bool on, unsigned int master);
void tell_address(uint32_t address, bool present);
void carrier(bool on);

#endif
