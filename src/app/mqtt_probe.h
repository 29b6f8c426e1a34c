/* SPDX-License-Identifier: MIT */
/*
 * mqtt_probe.h — whether a port speaks TLS
 *
 * A port for TLS hangs up at the first word of MQTT, and so do ports for something
 * else, balancers without a broker behind them and firewalls; some with a reset, some
 * without. What ended tells nothing. So the port is greeted in TLS: who answers that,
 * if only to refuse, speaks it. MQTT thread only.
 */
#ifndef MQTTNODE_MQTT_PROBE_H
#define MQTTNODE_MQTT_PROBE_H

#include "mqttnode/ip.h"

#include <poll.h>
#include <stdint.h>

struct mqtt_probe;

enum mqtt_probe_answer {
	MQTT_PROBE_WAITING,
	MQTT_PROBE_TLS,
	MQTT_PROBE_NO_TLS, /* it closed, reset the connection or said something else */
	MQTT_PROBE_MUTE,   /* the network ended it before there was an answer */
};

/*
 * Begins to connect from @local (none: what the routes say) to @broker, which is called
 * @host; never blocks. 0 or -errno. Release with mqtt_probe_free(), which closes.
 */
int mqtt_probe_new(struct mqtt_probe **ret, const char *host, const struct ip *broker,
		   uint16_t port, const struct ip *local);

/* Accepts NULL, returns NULL. */
struct mqtt_probe *mqtt_probe_free(struct mqtt_probe *p);

/* Does what is possible now; waits until the caller loses patience. */
enum mqtt_probe_answer mqtt_probe_turn(struct mqtt_probe *p);

/* What to wait for between turns. */
void mqtt_probe_poll(const struct mqtt_probe *p, struct pollfd *ret);

#endif
