// SPDX-License-Identifier: MIT
/* incidents.c — what the packet path survived, as sentences for the journal */
#include "mqttnode/incidents.h"

#include "mqttnode/clock.h"
#include "mqttnode/text.h"

#define PAUSE_NS (60 * NSEC_PER_SEC)

/* What has to be counted of each kind, and what it means. */
static const struct {
	size_t first,
		second; /* offsets in struct incident_counts; the same if there is one */
	const char *text; /* before the number */
	const char *advice;
} kinds[] = {
#define AT(a)	  offsetof(struct incident_counts, a)
#define ONE(a)	  AT(pump.a), AT(pump.a)
#define TWO(a, b) AT(pump.a), AT(pump.b)
	{ ONE(bus_errors), "Calls of the SPI bus that failed",
	  "look for the cause in \"dmesg\"" },
	{ TWO(bus_garbled, rx_header_bad), "Answers of the W5500 with bit errors",
	  "use shorter wires, or lower ethernet.spi_speed_hz" },
	{ ONE(chip_lost), "Times that the W5500 had lost its settings",
	  "check its power supply and the wire to RST" },
	{ TWO(recover_resync, recover_reopen),
	  "Times that the W5500 had to be put in step",
	  "if it goes on, use shorter wires and check the power supply" },
	{ TWO(recover_soft_reset, recover_hard_reset),
	  "Times that the W5500 had to be reset",
	  "if it goes on, check its power supply and wires" },
	{ ONE(rx_overflow_suspected),
	  "Times that the receive buffer of the W5500 was full",
	  "frames may be lost when more comes than the bus carries" },
	{ TWO(tx_dropped_chip, rx_ring_lost),
	  "Times that frames were lost with a reset of the W5500",
	  "the protocols above repeat them" },
	{ ONE(tx_dropped_size), "Frames that were too long or too short for the W5500",
	  "set the MTU of the interface to 1500 or less" },
	{ AT(tx_overrun), AT(tx_overrun),
	  "Frames to send that found no place in the queue of the interface",
	  "more is sent than the bus carries" },
	{ ONE(rx_dropped_tap), "Received frames that Linux did not take",
	  "is the interface down?" },
	{ ONE(interrupt_missed), "Times that the interrupt line told nothing of a frame",
	  "check the wire to INT and ethernet.interrupt" },
};

_Static_assert(ARRAY_SIZE(kinds) == INCIDENT_KINDS, "one memory per kind");

static uint64_t counter(const struct incident_counts *counts, size_t offset)
{
	return *(const uint64_t *)(const void *)((const char *)counts + offset);
}

static uint64_t count_of(const struct incident_counts *counts, size_t kind)
{
	uint64_t n = counter(counts, kinds[kind].first);

	if (kinds[kind].second != kinds[kind].first)
		n += counter(counts, kinds[kind].second);
	return n;
}

bool incidents_next(struct incidents *in, const struct incident_counts *counts,
		    uint64_t now_ns, char *buf, size_t size)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		uint64_t n = count_of(counts, i);

		if (n == in->told[i] ||
		    (in->told_ns[i] && now_ns - in->told_ns[i] < PAUSE_NS))
			continue;
		text_format(buf, size, "%s: %llu; %s", kinds[i].text,
			    (unsigned long long)(n - in->told[i]), kinds[i].advice);
		in->told[i] = n;
		in->told_ns[i] = now_ns;
		return true;
	}
	return false;
}
