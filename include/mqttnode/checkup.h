/* SPDX-License-Identifier: MIT */
/*
 * checkup.h — what can be looked at before a node is started
 *
 * For "mqttnode doctor" without a daemon: opens interface, bus and lines itself,
 * and closes them again.
 */
#ifndef MQTTNODE_CHECKUP_H
#define MQTTNODE_CHECKUP_H

#include "mqttnode/diagnosis.h"
#include "mqttnode/settings.h"

/* Why @path cannot be read at all, or is not there. Returns whether that is so. */
bool checkup_file(struct diagnosis *d, const char *path);

/*
 * Whether the files that the configuration names for the broker, of secrets and of
 * certificates, are there and hold what they should.
 */
void checkup_mqtt_files(struct diagnosis *d, const struct mqtt_settings *settings);

/* Whether the network interface can be made. Returns whether it can. */
bool checkup_interface(struct diagnosis *d, const struct settings *settings);

/* Whether the lines for INT and RST can be had. */
void checkup_lines(struct diagnosis *d, const struct ethernet_settings *settings);

/* Whether RSTn resets the chip; says nothing if no chip answers. Some 10 ms. */
void checkup_reset(struct diagnosis *d, const struct ethernet_settings *settings);

#endif
