// SPDX-License-Identifier: MIT
/* figures.c — how much is moved, over the bus and to the broker */
#include "mqttnode/figures.h"

#include "mqttnode/clock.h"

/* Per second, rounded. */
static uint64_t rate(uint64_t now, uint64_t before, uint64_t elapsed_ns)
{
	uint64_t ms = elapsed_ns / NSEC_PER_MSEC;

	return ms > 0 ? ((now - before) * 1000 + ms / 2) / ms : 0;
}

void figures_measure(struct figures_meter *meter, struct pump *pump, struct mqtt *mqtt,
		     uint64_t now_ns, struct figures *ret)
{
	uint64_t elapsed_ns = meter->last_ns ? now_ns - meter->last_ns : 0;
	struct pump_counters counters, *last = &meter->last;
	struct mqtt_counters messages;
	struct pump_status status;

	pump_get_status(pump, &status);
	pump_get_counters(pump, &counters);
	mqtt_get_counters(mqtt, &messages);
	*ret = (struct figures){
		.link_up = status.link_up,
		.link_mbit = status.link_mbit,
		.spi_speed_hz = status.spi_speed_hz,
		.rx_frames = rate(counters.rx_frames, last->rx_frames, elapsed_ns),
		.rx_bytes = rate(counters.rx_bytes, last->rx_bytes, elapsed_ns),
		.tx_frames = rate(counters.tx_frames, last->tx_frames, elapsed_ns),
		.tx_bytes = rate(counters.tx_bytes, last->tx_bytes, elapsed_ns),
		.bus_messages =
			rate(counters.bus_messages, last->bus_messages, elapsed_ns),
		.bus_errors = counters.bus_errors,
		.published = messages.published,
		.received = messages.received,
		.connects = messages.connects,
	};
	*last = counters;
	meter->last_ns = now_ns;
}
