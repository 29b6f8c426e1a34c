/* SPDX-License-Identifier: MIT */
/*
 * figures.h — how much is moved, over the bus and to the broker
 *
 * Counters of pump and connection, turned into rates. Main thread.
 */
#ifndef MQTTNODE_FIGURES_H
#define MQTTNODE_FIGURES_H

#include "mqttnode/mqtt.h"
#include "mqttnode/pump.h"

#include <stdbool.h>
#include <stdint.h>

/* Per second since the measurement before; 0 with the first one. */
struct figures {
	bool link_up;
	uint16_t link_mbit;
	uint32_t spi_speed_hz;
	uint64_t rx_frames, rx_bytes; /* chip to Linux */
	uint64_t tx_frames, tx_bytes; /* Linux to chip */
	uint64_t bus_messages;
	uint64_t bus_errors;	      /* since the start, as those below */
	uint64_t published, received; /* MQTT messages */
	uint64_t connects;
};

struct figures_meter {
	struct pump_counters last;
	uint64_t last_ns; /* 0: never */
};

/* Measures at @now_ns, CLOCK_MONOTONIC. @meter begins zeroed. */
void figures_measure(struct figures_meter *meter, struct pump *pump, struct mqtt *mqtt,
		     uint64_t now_ns, struct figures *ret);

#endif
