/* SPDX-License-Identifier: MIT */
/*
 * identity.h — who this node is: host name, hardware address, names at the broker
 *
 * Found out at start, before the threads; the names again at a reload. Main.
 */
#ifndef MQTTNODE_IDENTITY_H
#define MQTTNODE_IDENTITY_H

#include "mqttnode/facts.h"
#include "mqttnode/settings.h"

#include <stddef.h>

/* Where systemd puts these directories, if it does not say. */
#define IDENTITY_STATE_DIRECTORY   "/var/lib/mqttnode"
#define IDENTITY_RUNTIME_DIRECTORY "/run/mqttnode"

/* The longest base topic that the configuration takes, and its end. */
#define IDENTITY_TOPIC_SIZE 1025

struct identity {
	char base_topic[IDENTITY_TOPIC_SIZE];
};

/*
 * Fills in the parts of @facts that do not change while the daemon runs (all
 * but the address) and @ret. A MAC address that will not be the same after the
 * next start, or was made at random, is told in the log.
 */
void identity_find(const struct settings *settings, struct facts_view *facts,
		   struct identity *ret);

/*
 * The names at the broker alone: of @facts the client id, from what else it holds,
 * and @ret. For another configuration while the daemon runs.
 */
void identity_name(const struct mqtt_settings *mqtt, struct facts_view *facts,
		   struct identity *ret);

/*
 * The first path of the list that systemd passes in the environment @variable
 * (RUNTIME_DIRECTORY, STATE_DIRECTORY), or @fallback. Returns @buf.
 */
char *identity_directory(const char *variable, const char *fallback, char *buf,
			 size_t size);

#endif
